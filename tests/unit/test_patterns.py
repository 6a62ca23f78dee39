"""No pattern takes longer than its text is long: all are found, and tried with texts that are made from themselves.

For each repetition of a pattern there is a text that leads up to it, goes round it very often and then doesn't match.
Of many patterns the cost of one text says nothing; so a text that takes long is made four times as long.
"""

from __future__ import annotations

import ast
import pkgutil
import re
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest

import feedsvc

# How CPython reads a pattern; what stands in it is compared by name, since only these names are documented (re.DEBUG).
_PARSER: Any = import_module("re._parser")

_METHODS = frozenset({"search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"})
_LENGTH = 8_000
_LONGER = 4
_QUICK_SECONDS = 0.001
_STEEP = 9.0
"""Linear is 4, quadratic 16."""

_LIMIT_SECONDS = 0.5
_MANY = 50
"""A repetition that can't go on longer than this costs no more than a constant."""

BOUNDED = {
    "feedsvc.htmltags.TAG": "matched at one place, or in markup that is canonical already: no tag is without its end",
    "feedsvc.htmltags._ATTRIBUTE": "the attributes that TAG found",
    "feedsvc.parse.taming._DOCTYPE": "16 KiB before the first element",
}
"""Those that are not linear, and what they are given."""

_PUMPS = (
    " ",
    "\t",
    "a",
    "0",
    "<",
    "<a",
    "<a ",
    "&",
    "&#0",
    "://",
    "(",
    '"',
    "'",
    "=",
    "a=",
    "/",
    "-",
    "a.",
    "a@",
    "@",
    ":",
    ",",
    "图",
    "年",
    "\n",
)
_ENDS = ("", "\x00\n!")


@dataclass(slots=True)
class Use:
    pattern: re.Pattern[Any]
    names: set[str] = field(default_factory=set)
    methods: set[str] = field(default_factory=set)


def modules() -> Iterator[tuple[ModuleType, ast.Module]]:
    for found in pkgutil.walk_packages(feedsvc.__path__, "feedsvc."):
        if not found.name.startswith("feedsvc.store.migrations.") and not found.name.endswith("__main__"):
            module = import_module(found.name)
            assert module.__file__ is not None
            yield module, ast.parse(Path(module.__file__).read_text("utf-8"))


def collect() -> dict[tuple[Any, int], Use]:
    """Every pattern that a module holds, or hands to a function of `re`, and what is done with it."""
    found: dict[tuple[Any, int], Use] = {}
    for module, tree in modules():
        methods = defaultdict(set)
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(ast.Name(name), method) if method in _METHODS and name != "re":
                    methods[name].add(method)
                case ast.Call(ast.Attribute(ast.Name("re"), method), [ast.Constant(written), *_]) if method in _METHODS:
                    add(found, re.compile(written), f"{module.__name__}:{node.lineno}", {method})
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                add(found, value, f"{module.__name__}.{name}", methods[name])
    return found


def add(found: dict[tuple[Any, int], Use], pattern: re.Pattern[Any], name: str, methods: set[str]) -> None:
    use = found.setdefault((pattern.pattern, pattern.flags), Use(pattern))
    use.names.add(name)
    use.methods |= methods


def shortest(items: Iterable[tuple[Any, Any]]) -> str:
    """A text that these parts match, or nearly."""
    return "".join(map(_shortest_of, items))


def _shortest_of(item: tuple[Any, Any]) -> str:
    match str(item[0]), item[1]:
        case "LITERAL", character:
            return chr(character)
        case "IN", [first, *_]:
            return _member(str(first[0]), first[1])
        case ("BRANCH", (_, [inner, *_])) | ("SUBPATTERN", (_, _, _, inner)) | ("ATOMIC_GROUP", inner):
            return shortest(inner)
        case (("MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT"), (least, _, inner)):
            return shortest(inner) * int(least)
        case (("ANY" | "NOT_LITERAL"), _):
            return "a"
    return ""


def _member(kind: str, value: Any) -> str:
    """One of a class of characters, by what stands first in it."""
    if kind == "CATEGORY":
        return {"CATEGORY_DIGIT": "0", "CATEGORY_SPACE": " "}.get(str(value), "a")
    return "a" if kind == "NEGATE" else chr(value[0] if kind == "RANGE" else value)


def repetitions(items: Iterable[tuple[Any, Any]], before: str = "") -> Iterator[tuple[str, str]]:
    """What leads up to each repetition that may go on for long, and what it repeats."""
    for item in items:
        kind, value = str(item[0]), item[1]
        if kind.endswith("REPEAT"):
            if value[1] > _MANY:
                yield before, shortest(value[2]) or "a"
            yield from repetitions(value[2], before)
        elif kind == "SUBPATTERN":
            yield from repetitions(value[3], before)
        elif kind == "ATOMIC_GROUP":
            yield from repetitions(value, before)
        elif kind == "BRANCH":
            for branch in value[1]:
                yield from repetitions(branch, before)
        elif kind in {"ASSERT", "ASSERT_NOT"}:
            yield from repetitions(value[1], before)
        before += _shortest_of(item)


def texts(pattern: re.Pattern[Any], length: int) -> Iterator[Any]:
    parsed = _PARSER.parse(pattern.pattern, pattern.flags)
    whole = shortest(parsed)
    pairs = {("", pump) for pump in _PUMPS} | {("", whole), (whole, whole[:1])}
    for before, pump in repetitions(parsed):
        pairs |= {(before, pump), ("", pump), ("", before + pump), ("", before), (before, " "), (before, "a")}
    for before, pump in sorted(pair for pair in pairs if pair[1]):
        for end in _ENDS:
            text = before + pump * (length // len(pump)) + end
            yield text if isinstance(pattern.pattern, str) else text.encode("latin-1", "replace")


class TookTooLongError(Exception):
    pass


def give_up(*_: object) -> NoReturn:
    raise TookTooLongError


def seconds_of(act: Callable[[], object]) -> float:
    """Of the processor, the better of two if it takes long; patterns heed signals while they search."""
    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, _LIMIT_SECONDS)
    try:
        seconds = _seconds_once(act)
        return seconds if seconds < _QUICK_SECONDS else min(seconds, _seconds_once(act))
    except TookTooLongError:
        return float("inf")
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _seconds_once(act: Callable[[], object]) -> float:
    began = time.thread_time()
    act()
    return time.thread_time() - began


def act_on(use: Use, method: str, text: Any) -> Callable[[], object]:
    found = getattr(use.pattern, method)
    if method in {"sub", "subn"}:
        return lambda: found(text[:0], text)
    return (lambda: sum(1 for _ in found(text))) if method == "finditer" else (lambda: found(text))


def find_steep(use: Use) -> str | None:
    """The text for which the time of this pattern grows faster than the text, told in short."""
    for method in sorted(use.methods or {"search"}):
        for text, longer in zip(texts(use.pattern, _LENGTH), texts(use.pattern, _LONGER * _LENGTH), strict=True):
            first = seconds_of(act_on(use, method, text))
            if first > _QUICK_SECONDS and seconds_of(act_on(use, method, longer)) >= min(
                _STEEP * first, _LIMIT_SECONDS
            ):
                return f"{method} in {text[:40]!r}..{text[-4:]!r}"
    return None


@pytest.mark.uncounted
def test_every_pattern_is_linear() -> None:
    uses = collect().values()
    assert len(uses) > 130
    named = {name for use in uses for name in use.names}
    assert set(BOUNDED) <= named
    steep = {min(use.names): found for use in uses if not use.names & set(BOUNDED) and (found := find_steep(use))}
    assert steep == {}


@pytest.mark.parametrize("pattern", [r"<link [^>]*>", r"\(\s*(.*?)\s*\)"])
def test_one_that_is_not_is_found(pattern: str) -> None:
    assert find_steep(Use(re.compile(pattern), methods={"search"}))
