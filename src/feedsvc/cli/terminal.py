"""Results on standard output, as text, table or JSON; progress on standard error."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Never, TypeVar

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from feedsvc.cli.screen import safe_json, safe_lines

_Item = TypeVar("_Item")

_FILE_WIDTH = 240
"""Columns of a table that goes into a file or a pipe: nothing is folded there."""

_WORTH_A_BAR = 3
"""Fewer steps than this are over before a bar is read."""

_LINE_SECONDS = 10.0


class _Terminal(Console):
    def on_broken_pipe(self) -> Never:
        """rich would leave with exit code 1 here; the caller decides (`feedsvc.cli.commands`)."""
        raise BrokenPipeError


def terminal(*, stderr: bool = False) -> Console:
    """Standard output, or error, as it is now: a test, or a shell, may have put another stream in its place."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _FILE_WIDTH
    return _Terminal(file=stream, width=width, markup=False, highlight=False, emoji=False)


def print_line(text: str) -> None:
    """A result on a line of its own, as it is but for what a terminal would obey."""
    sys.stdout.write(f"{safe_lines(text)}\n")
    sys.stdout.flush()


def print_json(value: Any) -> None:
    """JSON alone on standard output, readable and in the order given; Chinese stays Chinese, times are RFC 3339."""
    sys.stdout.write(safe_json(json.dumps(value, ensure_ascii=False, indent=2, default=_say)) + "\n")


def told(moment: datetime | None) -> str:
    """A time for a table: RFC 3339 in UTC, or nothing."""
    return "" if moment is None else moment.isoformat().replace("+00:00", "Z")


def _say(value: object) -> str:
    if isinstance(value, datetime):
        return told(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table of which only the last column is folded; None is an empty cell."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=column != columns[-1], overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else safe_lines(str(cell)) for cell in row))
    terminal().print(table)


def progress(items: Iterable[_Item], doing: str, total: int | None = None) -> Iterator[_Item]:
    """Go through the items, saying on standard error how far it is: a bar on a terminal, else a line now and then.

    `total` is how many there are, where they don't know it. Few are not worth a word.
    """
    if total is None:
        assert isinstance(items, Sized)
        total = len(items)
    began = told = time.monotonic()
    with _bar(total) as bar:
        task = bar.add_task(doing, total=total)
        for done, item in enumerate(items, 1):
            yield item
            bar.advance(task)
            now = time.monotonic()
            if done == 1:
                began = now  # the first may have waited for processes to start, and tells nothing of the others
            if bar.disable and now >= told + _LINE_SECONDS:
                told = now
                left = f", about {said_seconds((now - began) / (done - 1) * (total - done))} left" if done > 1 else ""
                sys.stderr.write(f"{doing}: {done:,} of {total:,}{left}\n")
                sys.stderr.flush()


def said_seconds(seconds: float) -> str:
    """Roughly, as one says it: 40 s, 3 min, 2 h."""
    for unit, name in ((3600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"


@contextmanager
def _bar(total: int) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = terminal(stderr=True)
    is_shown = console.is_terminal and total >= _WORTH_A_BAR
    with Progress(*columns, console=console, transient=True, disable=not is_shown) as bar:
        yield bar
