"""docs/operations.md names every event that is logged, with its level, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import feedsvc

SOURCE = Path(feedsvc.__file__).parent
DOCUMENT = (SOURCE.parents[1] / "docs" / "operations.md").read_text("utf-8")
LEVELS = {"debug": "debug", "info": "info", "warning": "warning", "error": "error", "exception": "error"}


def documented() -> dict[str, str]:
    """Event -> its level, out of the table."""
    _, _, rest = DOCUMENT.partition("\n## Logs\n")
    table = rest.partition("\n## ")[0]
    found: dict[str, str] = {}
    for names, level in re.findall(r"^\| (`[^|]*`) \| (\w+) \| .+ \|$", table, re.MULTILINE):
        for name in re.findall(r"`(\w+)`", names):
            assert name not in found, f"{name} stands in the table twice"
            found[name] = level
    return found


def logged() -> dict[str, set[str]]:
    """Event -> the levels at which the code logs it."""
    found: dict[str, set[str]] = {}
    for path in SOURCE.rglob("*.py"):
        for event, level in _events_of(ast.parse(path.read_text("utf-8")), path):
            found.setdefault(event, set()).add(level)
    return found


def _events_of(module: ast.Module, path: Path) -> Iterator[tuple[str, str]]:
    """Those of `log.error("name", ...)`, and of functions that are given the name as their `event`."""
    for function in (each for each in ast.walk(module) if isinstance(each, ast.FunctionDef)):
        for call in _log_calls(function):
            level = LEVELS[call.func.attr]  # type: ignore[attr-defined]  # _log_calls has looked
            event = call.args[0]
            if isinstance(event, ast.Constant):
                yield str(event.value), level
                continue
            assert isinstance(event, ast.Name), f"{path}:{call.lineno}: an event whose name nobody can find"
            names = [each.arg for each in function.args.args if each.arg != "self"]
            yield from ((name, level) for name in _given(module, function.name, names.index(event.id)))


def _log_calls(function: ast.FunctionDef) -> Iterator[ast.Call]:
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in LEVELS
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "log"
        ):
            yield node


def _given(module: ast.Module, function: str, position: int) -> Iterator[str]:
    """What calls of this function give at this position."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == function:
            event = node.args[position]
            assert isinstance(event, ast.Constant), f"{function} is called with a name that nobody can find"
            yield str(event.value)


def test_the_table_has_every_event_that_is_logged_and_no_other() -> None:
    in_code, in_table = logged(), documented()
    assert len(in_code) > 40  # the search finds them
    assert {"store_unavailable", "worker_trouble", "section_published"} <= in_code.keys()
    assert in_code.keys() - in_table.keys() == set(), "logged, and not in docs/operations.md"
    assert in_table.keys() - in_code.keys() == set(), "in docs/operations.md, and never logged"


def test_the_table_tells_the_level() -> None:
    in_code, in_table = logged(), documented()
    assert {event: {level} for event, level in in_table.items()} == {event: in_code[event] for event in in_table}


def test_a_name_is_a_word_that_does_not_change() -> None:
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", event) for event in logged())
