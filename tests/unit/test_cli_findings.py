"""How findings look: folded on a terminal, whole in a pipe, and nothing in them does anything there."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from feedsvc.cli import findings
from feedsvc.cli.findings import Checked, as_json, print_report, sum_up
from feedsvc.cli.screen import safe
from feedsvc.model import Finding

CHECKED = Checked(
    name="feed.xml",
    format="rss",
    entries=1,
    titles={"1": "水厂换上新滤池，全镇的水压今天起恢复正常"},
    findings=(
        Finding(
            rule="date.rfc822",
            message="it is not a date and time as RSS wants them",
            format="rss",
            entry_id="1",
            found="二〇二六年三月五日上午十点三十分整",
            place="line 32, channel/item[2]/pubDate",
        ),
    ),
)


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    def terminal(**_options: bool) -> Console:
        return Console(file=StringIO(), force_terminal=True, width=width)

    monkeypatch.setattr(findings, "terminal", terminal)


def test_a_narrow_terminal_folds_lines_and_keeps_their_indentation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_a_terminal(monkeypatch, 40)
    print_report([CHECKED])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(cell_len, lines)) <= 40
    assert "found:二〇二六年三月五日上午十点三十分整" in "".join(line.strip() for line in lines)
    assert {len(line) - len(line.lstrip()) for line in lines} == {0, 2, 4, 6}


def test_a_terminal_of_no_width_to_speak_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_a_terminal(monkeypatch, 1)
    print_report([CHECKED])
    assert "feed.xml: RSS 2.0, 1" in capsys.readouterr().out


def test_a_pipe_gets_whole_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_report([CHECKED])
    assert capsys.readouterr().out == (
        "feed.xml: RSS 2.0, 1 entry\n"
        "  “水厂换上新滤池，全镇的水压今天起恢复正常” (1)\n"
        "    error: date.rfc822 (line 32, channel/item[2]/pubDate)\n"
        "      it is not a date and time as RSS wants them\n"
        "      found: 二〇二六年三月五日上午十点三十分整\n"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("中文，👨\u200d👩\u200d👧 é", "中文，👨\u200d👩\u200d👧 é"),
        ("\x1b]0;x\x07", "‹U+001B›]0;x‹U+0007›"),
        ("a\r\nb\tc\x7f", "a‹U+000D›‹U+000A›b‹U+0009›c‹U+007F›"),
        ("\x9b2J\x85", "‹U+009B›2J‹U+0085›"),
        ("\u202egpj\u2066\u200f\u061c", "‹U+202E›gpj‹U+2066›‹U+200F›‹U+061C›"),
        ("\u2028\u2029\ufeff", "‹U+2028›‹U+2029›‹U+FEFF›"),
        ("\ud83d", "‹U+D83D›"),
    ],
)
def test_what_a_terminal_would_obey_is_spelt_out(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_a_rule_that_is_broken_often_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    many = tuple(
        Finding(
            rule="r", message="m", format="rss", entry_id=str(number), place=f"line {number}", found="x" * (number % 5)
        )
        for number in range(1, 9)
    )
    rest = Finding(rule="document.many", message="", format="rss", severity="warning", place="r", found="199992")
    once = Finding(rule="s", message="n", format="rss", severity="warning", entry_id="3")
    checked = Checked(name="feed.xml", format="rss", entries=200_000, findings=(*many, once, rest))
    print_report([checked])
    assert capsys.readouterr().out == (
        "feed.xml: RSS 2.0, 200000 entries\n"
        "  entry 3\n"
        "    warning: s\n"
        "      n\n"
        "  the same in many places\n"
        "    error: r, 200000 times (line 1; line 2; line 3; …)\n"
        "      m\n"
        "      found: x; xx; xxx; …\n"
    )
    assert sum_up([checked]) == "1 document verified: 200000 errors, 1 warning."
    assert (as_json([checked])["errors"], as_json([checked])["warnings"]) == (200_000, 1)


def test_the_sum() -> None:
    assert sum_up([]) == "0 documents verified: no errors, no warnings."
    assert sum_up([CHECKED, CHECKED]) == "2 documents verified: 2 errors, no warnings."
