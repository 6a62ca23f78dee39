"""Why an entry can't be written, as an editor understands it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from feedsvc.feed.difference import around
from feedsvc.model import Entry
from feedsvc.text import find_illegal


def explain(entry: Entry, error: Exception) -> str:
    """The field, the place with what stands around it, and the mend; what was raised where nothing better is known."""
    if not entry.title:
        return "the title is empty; give the article one"
    for field, text in _texts(asdict(entry), ""):
        if illegal := find_illegal(text):
            position, character = illegal
            where = f"{field} holds {character} at character {position} (“{around(text, position - 1)}”)"
            return f"{where}, which no feed can carry; remove it"
    return str(error)


def _texts(value: Any, field: str) -> Iterator[tuple[str, str]]:
    """Every text in there with the field that it stands in: `title`, `authors[0].name`."""
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _texts(each, f"{field}.{name}" if field else name)
    elif isinstance(value, tuple):
        for number, each in enumerate(value):
            yield from _texts(each, f"{field}[{number}]")
