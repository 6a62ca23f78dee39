"""Nothing that a stranger wrote does anything on a terminal, whichever way a command writes it; words stay readable."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from feedsvc.cli.messages import complain, say, warn
from feedsvc.cli.screen import safe, safe_json, safe_lines
from feedsvc.cli.terminal import print_json, print_line, print_table

EVIL = "\x1b]0;x\x07\x1b[2J\x9b1m\u202egpj\u2066\u200f\u061c\u2028\ufeff\x7f\r\x08\ud83d"
WORDS = "中文，é 👨\u200d👩\u200d👧 ไทย\u200b می\u200cخواهم"
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
WRITERS: dict[str, Callable[[str], None]] = {
    "say": say,
    "warn": warn,
    "complain": complain,
    "print_line": print_line,
    "print_json": lambda text: print_json({text: text}),
    "print_table": lambda text: print_table(("a", "b"), [(text, text)]),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_way_of_writing_is_safe(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    WRITERS[name](WORDS + EVIL)
    captured = capsys.readouterr()
    written = captured.out + captured.err
    assert HARMFUL.findall(written) == []
    assert "中文，é 👨\u200d👩\u200d👧 ไทย\u200b می\u200cخواهم" in written


def test_lines_and_tabs_stay_where_they_are_layout() -> None:
    assert safe_lines("a\n\tb\r") == "a\n\tb‹U+000D›"
    assert safe("a\n\tb") == "a‹U+000A›‹U+0009›b"


def test_json_says_the_same() -> None:
    written = safe_json(json.dumps({"a": EVIL + WORDS}, ensure_ascii=False, indent=2))
    assert json.loads(written) == {"a": EVIL + WORDS}
    assert HARMFUL.search(written) is None


def test_no_command_writes_past_them() -> None:
    """click's and Python's own ways of writing stand in these modules alone."""
    source = Path(__file__).parents[2] / "src" / "feedsvc" / "cli"
    writes = re.compile(r"\bclick\.s?echo\(|\bstdout\.write\(|\bstderr\.write\(|(?<![\w.])print\(")
    found = {path.name for path in source.glob("*.py") if writes.search(path.read_text("utf-8"))}
    assert found == {"messages.py", "terminal.py", "findings.py"}
