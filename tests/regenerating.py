"""Processes that regenerate stale feeds as fast as they can, to be killed or raced by tests.

usage: python tests/regenerating.py CONFIG

Each line on standard input is a number of rounds (0: for ever): a process is forked that does them, and its pid
printed. Forking spares each the second or two that the imports take. The end of the input waits for all.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from feedsvc.runtime import Runtime
from service import DEADLINE_SECONDS


def regenerate(config: Path, rounds: int) -> None:
    runtime = Runtime.open(config, environ={})
    for _ in range(rounds) if rounds else count():
        for slug in runtime.regenerator.stale(runtime.settings):
            runtime.regenerator.regenerate(runtime.settings, slug)
    runtime.close()


def main(config: Path) -> int:
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            regenerate(config, int(line))
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
    codes = []
    while True:
        try:
            codes.append(os.waitstatus_to_exitcode(os.wait()[1]))
        except ChildProcessError:
            return max(codes, default=0)


class Nursery:
    """What forks them, as a test sees it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def fork(self, rounds: int = 0) -> int:
        """Start one; its pid."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{rounds}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def wait(self) -> tuple[int, str]:
        """Wait until all have ended: the worst exit code, and what was said on standard error."""
        _, complaint = self._process.communicate(timeout=DEADLINE_SECONDS)
        return self._process.returncode, complaint


@contextmanager
def nursery(config: Path) -> Iterator[Nursery]:
    pipe = subprocess.PIPE
    command = [sys.executable, __file__, str(config)]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, encoding="utf-8") as process:
        try:
            yield Nursery(process)
        finally:
            process.kill()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
