"""Processes that are killed just before their n-th step, each time before the next one, for tests.

usage: python tests/dying.py

Each line on standard input is JSON: [use case, arguments, step, kinds]. A process is forked that does it, and kills
itself before that step. What it was about to do is answered, what it had acknowledged by then, and why it failed if it
did so by itself. Steps are what lasts: a file opened for writing, synced, renamed, linked, deleted; a statement that
writes, its commit. Forking spares each the second or two that the imports take.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from alembic import command  # noqa: F401  # imported once, not in each of them
from sqlalchemy import Engine, event

from feedsvc.cli import import_ as importing
from feedsvc.cli import main as cli
from feedsvc.model import ArticleInput
from feedsvc.publish import put
from feedsvc.runtime import Runtime
from feedsvc.store import Store

BATCH = 2
"""So many articles does an import store in one transaction here."""

ALL, STATEMENTS = "all", "statements"
"""Kinds of steps; statements are those of the database."""

_READS = frozenset({"SELECT", "PRAGMA", "BEGIN", "SHOW"})
_FILES = {"os.rename": "rename", "os.remove": "delete", "os.link": "link", "os.mkdir": "make a folder"}


@dataclass(frozen=True)
class Death:
    """`step` is what it was about to do; none if it came to its end. `said` is what it acknowledged before."""

    step: str | None
    said: str


class Reaper:
    """What forks them, as a test sees it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def kill(self, case: str, arguments: list[Any], step: int, kinds: str = ALL) -> Death:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([case, arguments, step, kinds]) + "\n")
        self._process.stdin.flush()
        told = json.loads(self._process.stdout.readline())
        assert told["code"] in (0, -signal.SIGKILL), told["trouble"]
        return Death(told["step"] or None, told["said"])

    def walk(
        self, case: str, arguments: Callable[[int], list[Any]], *, kinds: str = ALL, stride: int = 1
    ) -> Iterator[tuple[int, Death]]:
        """Kill it before its first step of these kinds, before its second, and so on until it has no more."""
        for step in count(1, stride):
            death = self.kill(case, arguments(step), step, kinds)
            yield step, death
            if death.step is None:
                return


@contextmanager
def reaper() -> Iterator[Reaper]:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, __file__], stdin=pipe, stdout=pipe, encoding="utf-8") as process:
        try:
            yield Reaper(process)
        finally:
            process.kill()


def publish(say: Callable[[str], None], config: str, external_id: str, title: str) -> None:
    """Store an article, then make its section's feed and archives."""
    runtime = Runtime.open(Path(config), environ={})
    article = ArticleInput(title=title, sections=("macro",), content_html=f"<p>{title}</p>", external_id=external_id)
    say(put(runtime.store, runtime.clock, article).article.id)
    runtime.regenerator.regenerate(runtime.settings, "macro")
    runtime.regenerator.archivist.bring_up(runtime.settings, "macro")


def take_in(say: Callable[[str], None], config: str, file: str) -> None:
    """`feedsvc import`, a few articles in a transaction."""
    importing._AT_ONCE = BATCH
    cli(["--config", config, "import", file], standalone_mode=False)
    say("done")


def migrate(say: Callable[[str], None], url: str) -> None:
    store = Store.open(url)
    store.migrate()
    say("done")


CASES: dict[str, Callable[..., None]] = {"publish": publish, "import": take_in, "migrate": migrate}


class _Life:
    """From now on this process has so many steps to live; what it was at is written where it is read."""

    def __init__(self, left: int, kinds: str, word: int) -> None:
        self._left = left
        self._word = word
        self._writers: set[int] = set()
        event.listen(Engine, "before_cursor_execute", self._see_statement)
        event.listen(Engine, "commit", self._see_commit)
        if kinds == ALL:
            self._sync = os.fsync
            os.fsync = self._see_sync
            sys.addaudithook(self._see)

    def _step(self, name: str) -> None:
        self._left -= 1
        if self._left == 0:
            os.write(self._word, f"S{name}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)

    def _see(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name in _FILES:
            self._step(_FILES[name])
        elif name == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR):
            self._step("open")

    def _see_sync(self, fd: Any) -> None:
        self._step("sync")
        self._sync(fd)

    def _see_statement(self, connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        words = statement.split()
        if words[0].upper() not in _READS:
            self._writers.add(id(connection))
            self._step(" ".join(words[:2]))

    def _see_commit(self, connection: Any) -> None:
        if id(connection) in self._writers:
            self._writers.discard(id(connection))
            self._step("commit")


def _live(case: str, arguments: list[Any], left: int, kinds: str, word: int) -> int:
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, sys.stdout.fileno())
    os.dup2(quiet, sys.stderr.fileno())
    try:
        _Life(left, kinds, word)
        CASES[case](lambda said: os.write(word, f"A{said}\n".encode()), *arguments)
    except BaseException:  # noqa: BLE001  # it is told to who asked
        os.write(word, f"T{traceback.format_exc()!r}\n".encode())
        return 1
    return 0


def main() -> None:
    for line in sys.stdin:
        case, arguments, left, kinds = json.loads(line)
        ear, word = os.pipe()
        pid = os.fork()
        if pid == 0:
            os._exit(_live(case, arguments, left, kinds, word))
        os.close(word)
        with os.fdopen(ear, encoding="utf-8") as words:
            told = {each[0]: each[1:].rstrip("\n") for each in words}
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        answer = {"code": code, "step": told.get("S"), "said": told.get("A", ""), "trouble": told.get("T")}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
