"""What lies in a database's cell -> the value that belongs there, or CellError, whoever wrote it.

Each reader takes a value and where it stands (`enclosures[0].type`), and trusts neither type nor range.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from reprlib import repr as shortened
from typing import Any, TypeVar

from feedsvc.store.schema import Damaged, instant_of, is_storable

T = TypeVar("T")
Read = Callable[[Any, str], T]

LONGEST_LIST = 1000
"""No article holds as many of anything: the gate lets in a tenth of it. Each section costs a write."""

GREATEST = 2**31 - 1
"""Of numbers that PostgreSQL keeps in an INTEGER."""

GREATEST_EXACT = 2**53 - 1
"""Of numbers in JSON (RFC 8259 §6)."""


class CellError(ValueError):
    """What lies at `where` is no such value; `why` says what is wrong with it."""

    def __init__(self, where: str, why: str) -> None:
        self.where = where
        self.why = why
        super().__init__(f"{where} {why}")


def text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _mistaken(value, where, "text")
    if not is_storable(value):
        raise CellError(where, "holds NUL or half a surrogate pair")
    return value


def flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise _mistaken(value, where, "yes or no")
    return value


def whole(least: int, most: int) -> Read[int]:
    """A whole number from `least` to `most`."""

    def read(value: Any, where: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise _mistaken(value, where, "whole number")
        if not least <= value <= most:
            raise CellError(where, f"is {shortened(value)}, which is not from {least} to {most}")
        return value

    return read


def instant(value: Any, where: str) -> datetime:
    """A datetime, or the seconds since 1970 as which JSON holds one."""
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            value = instant_of(value)
        except OverflowError:
            raise CellError(where, f"lies outside of the years 1 to 9999 (found {shortened(value)})") from None
    if not isinstance(value, datetime):
        raise _mistaken(value, where, "time")
    return value


def word(words: type[T]) -> Read[T]:
    """A member of an Enum, which the column's type found already."""
    assert issubclass(words, Enum)

    def read(value: Any, where: str) -> T:
        if not isinstance(value, words):
            raise _mistaken(value, where, "state")
        return value

    return read


def optional(read: Read[T]) -> Read[T | None]:
    """The same, or None for NULL, or for null in JSON."""
    return lambda value, where: None if value is None else read(value, where)


def items(read: Read[T]) -> Read[tuple[T, ...]]:
    """A list of these, in its order; NULL is an empty one."""

    def read_all(value: Any, where: str) -> tuple[T, ...]:
        if value is None:
            return ()
        if not isinstance(value, list):
            raise _mistaken(value, where, "list")
        if len(value) > LONGEST_LIST:
            raise CellError(where, f"holds {len(value)} items, of which no article has more than {LONGEST_LIST}")
        return tuple(read(one, f"{where}[{number}]") for number, one in enumerate(value))

    return read_all


def record(make: Callable[..., T], members: Mapping[str, Read[Any]], required: frozenset[str]) -> Read[T]:
    """An object with these members and no others; those that are not `required` may be missing."""

    def read(value: Any, where: str) -> T:
        if not isinstance(value, dict):
            raise _mistaken(value, where, "object")
        if missing := sorted(required - value.keys()):
            raise CellError(where, f"lacks {', '.join(missing)}")
        if unknown := value.keys() - members.keys():
            raise CellError(where, f"has a member that is not known, {shortened(min(unknown))}")
        return make(**{name: members[name](one, f"{where}.{name}") for name, one in value.items()})

    return read


def _mistaken(value: Any, where: str, wanted: str) -> CellError:
    if isinstance(value, Damaged):
        return CellError(where, value.why)
    return CellError(where, f"is no {wanted} (found {shortened(value)})")
