"""A worker in a process of its own that hardly ever looks by itself.

usage: python tests/watching.py CONFIG NET_SECONDS

Says `working` once everything is live.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from feedsvc import log, watch
from feedsvc.runtime import Runtime
from feedsvc.scheduler import Worker
from service import wait_until

NEVER = 3600.0


def main(config: Path, net_seconds: float) -> None:
    watch.SURVEY_SECONDS = NEVER
    log.configure()
    runtime = Runtime.open(config, environ={})
    worker = Worker(runtime, net_seconds=net_seconds)

    failed = Event()

    def tell() -> None:
        try:
            wait_until(lambda: not runtime.regenerator.stale(runtime.settings), "all to be live")
        except AssertionError:
            failed.set()  # so that nobody waits for ever
            raise
        sys.stdout.write("working\n")
        sys.stdout.flush()

    Thread(target=tell, daemon=True).start()
    worker.run_forever(failed)


@contextmanager
def watching(config: Path, net_seconds: float = NEVER) -> Iterator[subprocess.Popen[str]]:
    """One at work; ended at the end."""
    command = [sys.executable, __file__, str(config), str(net_seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "working\n"
            yield process
        finally:
            process.kill()


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
