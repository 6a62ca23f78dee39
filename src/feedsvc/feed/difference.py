"""Where two readings part, and what stands there, as an editor can read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feedsvc.text import reveal

_BEFORE, _BEHIND = 16, 48
"""Characters that are shown around the place where two texts part."""

_FIELDS = {
    "content": "content_html",
    "categories": "tags",
    "media": "image",
    "thumbnails": "image",
    "source_url": "source.url",
}
"""What an article's fields are called where it is edited, if not as in a reading."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`place` is a field and, in a text, the character where the two part; `expected`, `found` are snippets there."""

    place: str
    expected: str
    found: str


def find_difference(name: str, expected: Any, found: Any) -> Difference:
    """The first difference between two unequal values of one field of a reading."""
    return _descend(_FIELDS.get(name, name), expected, found)


def around(text: str, position: int) -> str:
    """What stands around a character (counted from 0), what does not show made visible, cut ends marked."""
    start, end = max(0, position - _BEFORE), position + _BEHIND
    cut_before, cut_behind = "…" if start else "", "…" if end < len(text) else ""
    return f"{cut_before}{reveal(text[start:end])}{cut_behind}"


def _descend(place: str, expected: Any, found: Any) -> Difference:
    if isinstance(expected, str) and isinstance(found, str):
        shared = zip(expected, found, strict=False)
        length = min(len(expected), len(found))
        position = next((index for index, (wanted, read) in enumerate(shared) if wanted != read), length)
        return Difference(f"{place}, character {position + 1}", around(expected, position), around(found, position))
    if isinstance(expected, tuple) and isinstance(found, tuple) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        index, (wanted, read) = next((index, pair) for index, pair in pairs if pair[0] != pair[1])
        is_list = len(expected) > 1 and isinstance(wanted, tuple)
        return _descend(f"{place}[{index}]" if is_list else place, wanted, read)
    return Difference(place, _show(expected), _show(found))


def _show(value: Any) -> str:
    if value is None or value == ():
        return "nothing"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, tuple):
        value = ", ".join(_show(each) for each in value)
    return around(str(value), 0)
