"""What an editor says of a withdrawal passes the gate canonical, or is refused field by field."""

from __future__ import annotations

from typing import Any

import pytest

from feedsvc.errors import RefusedError
from feedsvc.ingest.bounds import MAX_NOTE_BYTES, MAX_PROBLEMS
from feedsvc.ingest.withdrawal import WithdrawalInput, read_withdrawal


def problems_in(data: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(RefusedError) as caught:
        read_withdrawal(data)
    return [(problem.field, problem.reason) for problem in caught.value.problems]


def test_nothing_need_be_said() -> None:
    assert read_withdrawal({}) == WithdrawalInput()


def test_both_may_be_said() -> None:
    said = read_withdrawal({"notice": "內容未經核實。\n謹致歉意。", "mode": "notice"})
    assert said == WithdrawalInput("內容未經核實。\n謹致歉意。", "notice")


@pytest.mark.parametrize("nothing", [None, "", " \u3000"])
def test_an_empty_notice_is_one_that_takes_the_former_away(nothing: str | None) -> None:
    assert read_withdrawal({"notice": nothing}).notice == ""


def test_no_mode_is_said_by_null() -> None:
    assert read_withdrawal({"mode": None}) == WithdrawalInput()


def test_a_notice_becomes_canonical_and_the_sender_hears_of_it() -> None:
    said = read_withdrawal({"notice": "\u3000未經\x01核實\r\n"})
    assert said.notice == "未經核實"
    assert [note.place for note in said.notes] == ["notice"]


@pytest.mark.parametrize(
    ("data", "field", "reason"),
    [
        ({"notice": 7}, "notice", "must be a string"),
        ({"notice": "a\0"}, "notice", "NUL"),
        ({"notice": "\udfff"}, "notice", "half of a surrogate pair"),
        ({"notice": "字" * MAX_NOTE_BYTES}, "notice", "is longer than 4096"),
        ({"notice": "字" * (MAX_NOTE_BYTES // 3 + 1)}, "notice", "is longer than 4096 bytes"),
        ({"mode": "grave"}, "mode", "must be tombstone or notice"),
        ({"mode": ["notice"]}, "mode", "must be tombstone or notice"),
        ({"mod": "notice"}, "mod", "did you mean mode?"),
        ({"state": "withdrawn"}, "state", "there is no such field. Fields: notice, mode"),
    ],
)
def test_what_it_cannot_be_is_refused(data: dict[str, Any], field: str, reason: str) -> None:
    ((found, told),) = problems_in(data)
    assert found == field
    assert reason in told


def test_all_problems_are_told_at_once_within_bounds() -> None:
    assert [field for field, _ in problems_in({"x": 1, "notice": 1, "mode": 1})] == ["x", "notice", "mode"]
    many = problems_in({f"x{number}": 1 for number in range(MAX_PROBLEMS + 5)})
    assert len(many) == MAX_PROBLEMS + 1
    assert many[-1][1] == "and 5 more problems"
