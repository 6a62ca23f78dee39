"""Results on standard output, as text, table or JSON; progress on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Never, TypeVar

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

_Item = TypeVar("_Item")

_FILE_WIDTH = 240
"""Columns of a table that goes into a file or a pipe: nothing is folded there."""

_WORTH_A_BAR = 3
"""Fewer steps than this are over before a bar is read."""


class _Terminal(Console):
    def on_broken_pipe(self) -> Never:
        """rich would leave with exit code 1 here; the caller decides (`feedsvc.cli.commands`)."""
        raise BrokenPipeError


out = _Terminal(markup=False, highlight=False, emoji=False)
err = _Terminal(stderr=True, markup=False, highlight=False, emoji=False)


def print_line(text: str) -> None:
    """A result on a line of its own, exactly as it is."""
    out.print(text, soft_wrap=True)


def print_json(value: Any) -> None:
    """JSON alone on standard output, readable and in the order given; Chinese stays Chinese, times are RFC 3339."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=_say) + "\n")


def told(moment: datetime | None) -> str:
    """A time for a table: RFC 3339 in UTC, or nothing."""
    return "" if moment is None else moment.isoformat().replace("+00:00", "Z")


def _say(value: object) -> str:
    if isinstance(value, datetime):
        return told(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table whose first column is never folded; None is an empty cell."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for position, column in enumerate(columns):
        table.add_column(column, no_wrap=position == 0, overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    out.print(table, width=None if out.is_terminal else _FILE_WIDTH)


def progress(items: Sequence[_Item], doing: str) -> Iterator[_Item]:
    """Go through the items, with a bar on standard error where that is a terminal and there are enough of them."""
    with _bar(len(items)) as bar:
        task = bar.add_task(doing, total=len(items))
        for item in items:
            yield item
            bar.advance(task)


@contextmanager
def _bar(total: int) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal or total < _WORTH_A_BAR) as bar:
        yield bar
