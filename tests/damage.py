"""What another hand may write into the table of articles, past the gate and past every type."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

_DEEP = "[" * 5000 + "]" * 5000
_NO_LISTS = [
    "[[]]",
    "[1]",
    "[null]",
    "{}",
    '"x"',
    "7",
    "nonsense",
    "[",
    _DEEP,
    "[1e999]",
    '["a\\u0000b"]',
    '["\\ud800"]',
]
_NO_OBJECTS = ["{}", "[]", "7", "true", "{", '{"x": 1}', '{"a\\u0000b": 1}', _DEEP]
_TIMES = [-(10**17), 10**17, 253402300799, -62135596800, "never", 1.5, b"\xff"]
_TEXTS = ["\x01", "a\tb\n", "\ufffe", "", " ", "<b>", "x" * 300_000, b"\xff\xfe", b"abc", 5, -1.5]
_URLS = ["http://[", "javascript:alert(1)", "/relative", "http://x/\x01"]
_BODIES = ["<!--" * 200_000, "<div>" * 50_000, "<p>x" * 50_000, "&amp;" * 60_000, "<b>" * 50_000 + "x", "<p>\x01</p>"]
_BODIES += ['<?xml version="1.0" encoding="utf-8"?><p>x</p>', "<p>\r\ufffe", "<!-- -->"]


def _record(good: Mapping[str, Any]) -> list[str]:
    """JSON objects of which one member is wrong or missing."""
    wrong: list[Any] = [None, 1, -1, "", [], {}, True, 10**30, "a\0b", "\ud800", "\x01"]
    broken = [{**good, name: value} for name in good for value in wrong]
    broken += [{key: value for key, value in good.items() if key != name} for name in good]
    return [json.dumps(each) for each in broken]


_FILE = {
    "url": "https://x.example/a.mp3",
    "type": "audio/mpeg",
    "length_bytes": 1,
    "title": None,
    "duration_seconds": 1,
}
_FILES = [f"[{each}]" for each in _record(_FILE)]
_GONE = {"at": 0, "notice": None, "shown_in": ["macro"]}
_NOTES = [f"[{each}]" for each in _record({"note": "更正", "at": 0})]
_EVER = [json.dumps({**_GONE, "at": at}) for at in (10**17, -(10**17), 253402300799, -62135596800, "0", 1.5)]

WRONG: Mapping[str, Sequence[Any]] = {
    "id": [b"\xff", "\x01", "a/b", ""],
    "entry_id": [b"\xff", "\x01", "", "x" * 9000],
    "external_id": [b"\xff", "\x01"],
    "published": _TIMES,
    "updated": _TIMES,
    "created": _TIMES,
    "revision": [-1, 0, 2**31 - 1, 2**40, "x", b"\xff"],
    **dict.fromkeys(("title", "summary", "language", "editor"), _TEXTS),
    "link": [*_TEXTS, *_URLS],
    "content_html": [*_TEXTS, *_BODIES],
    "sections": [*_NO_LISTS, json.dumps(["macro"] * 5000), '["nowhere"]', "[]"],
    "authors": [*_NO_LISTS, *(f"[{each}]" for each in _record({"name": "周", "email": None, "url": None}))],
    "breadcrumb": _NO_LISTS,
    "tags": [*_NO_LISTS, json.dumps(["x"] * 900)],
    "source": [*_NO_OBJECTS, *_record({"name": "报", "url": None})],
    "image": [*_NO_OBJECTS, *_record({"url": "https://x.example/a.png", "width": 1, "alt": "图"})],
    "enclosures": [*_NO_LISTS, *_FILES, *(json.dumps([{**_FILE, "url": url}]) for url in _URLS)],
    "corrections": [*_NO_LISTS, *_NOTES],
    "withdrawal": [*_NO_OBJECTS, *_NO_LISTS, *_record(_GONE), *_EVER],
    "state": ["draft", "withdrawn", "scheduled"],
}
"""Column -> what is no value of it, or none that a feed can carry."""


def open_database(url: str) -> Engine:
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://"))


def write_cell(engine: Engine, article_id: str, column: str, value: Any) -> bool:
    """Write it past the store; False where the database refuses it, or would make something else of it."""
    if engine.dialect.name == "postgresql" and isinstance(value, bytes | float):
        return False
    is_json = isinstance(value, str) and engine.dialect.name == "postgresql" and column in _JSON
    place = "CAST(:value AS JSON)" if is_json else ":value"
    statement = text(f"UPDATE article SET {column} = {place} WHERE id = :id")
    try:
        with engine.begin() as connection:
            connection.execute(statement, {"value": value, "id": article_id})
    except (DBAPIError, OverflowError):
        return False
    return True


_JSON = frozenset(
    ["sections", "authors", "breadcrumb", "tags", "source", "image", "enclosures", "corrections", "withdrawal"]
)


def draw(chance: Random) -> tuple[str, Any]:
    """A column, and something wrong for it."""
    column = chance.choice(sorted(WRONG))
    return column, chance.choice(WRONG[column])
