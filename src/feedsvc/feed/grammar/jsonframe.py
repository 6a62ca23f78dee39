"""The frame of a JSON document: bytes -> values, within bounds; every key that stands twice is kept in mind."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NoReturn, TypeAlias

from feedsvc.feed.grammar import jsonrules as rules
from feedsvc.feed.grammar.rules import Fault
from feedsvc.parse import MAX_BYTES

MAX_DEPTH = 100
"""Objects and arrays in each other. A feed needs five; parsers stop somewhere between 100 and 1,000."""

MAX_MARKS = 2_000_000
"""Commas and brackets, outside of texts and in them: what parses into more values than that takes gigabytes."""

Path: TypeAlias = tuple[str | int, ...]
"""Keys and numbers from the top to a value."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_PLAIN_KEY = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_MARK = "\ufeff"
_SHOWN = 40


class Object(dict[str, Any]):
    """A JSON object; `twice` are the keys that stand in it more than once."""

    twice: tuple[str, ...] = ()


class _ConstantError(ValueError):
    """Python's parser would take NaN and Infinity, JSON has neither."""


def read_json(content: bytes) -> tuple[Any, list[Fault]]:
    """The value (None where there is none to be had), and what is wrong with the JSON as such."""
    if len(content) > MAX_BYTES:
        return None, [Fault(rules.SIZE, f"{len(content)} bytes", expected=f"at most {MAX_BYTES}")]
    if len(content) > MAX_MARKS and sum(map(content.count, (b",", b"{", b"["))) > MAX_MARKS:
        return None, [Fault(rules.SIZE, f"more than {MAX_MARKS} values")]
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return None, [Fault(rules.ENCODING, f"byte {content[error.start]:#04x}", f"byte {error.start + 1}")]
    faults = [Fault(rules.MARK, "U+FEFF", "byte 1")] if text.startswith(_MARK) else []
    try:
        return json.loads(text.removeprefix(_MARK), object_pairs_hook=_build, parse_constant=_refuse), faults
    except (ValueError, RecursionError) as error:
        return None, [*faults, _explain(error)]


def _explain(error: ValueError | RecursionError) -> Fault:
    if isinstance(error, json.JSONDecodeError):
        excerpt = error.doc[error.pos : error.pos + _SHOWN]
        found = f"{error.msg}: {excerpt}" if excerpt else f"{error.msg}: the end"
        return Fault(rules.SYNTAX, found, f"line {error.lineno}, column {error.colno}")
    if isinstance(error, RecursionError):
        return Fault(rules.NESTING, expected=f"at most {MAX_DEPTH} levels")
    # The one thing else that Python says no to is a whole number of thousands of digits.
    return Fault(rules.SYNTAX, str(error) if isinstance(error, _ConstantError) else "a number of thousands of digits")


def check_everywhere(value: Any, path: Path = ()) -> Iterator[tuple[Path, Fault]]:
    """What is asked of every object and text, with the place where it stands; nothing is read below MAX_DEPTH."""
    if len(path) > MAX_DEPTH:
        yield path, Fault(rules.NESTING, expected=f"at most {MAX_DEPTH} levels")
    elif isinstance(value, str):
        yield from _check_characters(value, path)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from check_everywhere(each, (*path, number))
    elif isinstance(value, Object):
        for key in value.twice:
            yield (*path, key), Fault(rules.TWICE, key)
        for key, each in value.items():
            yield from _check_characters(key, path)
            yield from check_everywhere(each, (*path, key))


def write_path(path: Path) -> str:
    """Where a value stands: `items[3].url`, `items[3]["my key"]`."""
    written = ""
    for step in path:
        if isinstance(step, int):
            written += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step) and len(step) <= _SHOWN:
            written += f".{step}" if written else step
        else:
            written += f"[{json.dumps(step[:_SHOWN], ensure_ascii=False)}]"
    return written


def _check_characters(text: str, path: Path) -> Iterator[tuple[Path, Fault]]:
    for rule, pattern in ((rules.SURROGATE, _SURROGATE), (rules.CONTROL, _CONTROL)):
        if found := pattern.search(text):
            place = f"character {found.start() + 1}"
            yield path, Fault(rule, f"U+{ord(found[0]):04X}", place)


def _build(pairs: list[tuple[str, Any]]) -> Object:
    built = Object(pairs)
    if len(built) < len(pairs):
        built.twice = tuple(key for key, number in Counter(key for key, _ in pairs).items() if number > 1)
    return built


def _refuse(name: str) -> NoReturn:
    raise _ConstantError(name)
