"""What is wrong with how a feed's address is answered, told one fault at a time."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from feedsvc.web.polls import Answer
from feedsvc.web.proving import RULES, check_answers

TYPE = "application/atom+xml; charset=utf-8"
RIGHT = {
    "Content-Type": TYPE,
    "Content-Length": "7",
    "ETag": '"a"',
    "Last-Modified": "Sun, 01 Mar 2026 12:00:00 GMT",
    "Cache-Control": "public, max-age=60",
    "X-Content-Type-Options": "nosniff",
}


def broken(headers: Mapping[str, str], *, conditional: Answer | None = None, head: Answer | None = None) -> list[str]:
    """The rules that an answer of these headers breaks; what follows is answered rightly where not given."""
    answer = Answer(200, list(headers.items()), b"<feed/>")

    def ask(method: str, condition: Mapping[str, str]) -> Answer:
        if method == "HEAD":
            return head or Answer(200, answer.headers)
        assert set(condition.values()) <= set(headers.values())
        return conditional or Answer(304, [])

    return [fault.rule.name for fault in check_answers(ask, answer, TYPE)]


def test_a_right_answer_is_right() -> None:
    assert broken(RIGHT) == []


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("Content-Type", "text/xml", "http.content-type"),
        ("Content-Length", "8", "http.content-length"),
        ("ETag", "", "http.etag"),
        ("Last-Modified", "2026-03-01T12:00:00Z", "http.last-modified"),
        ("Cache-Control", "public", "http.cache-control"),
        ("X-Content-Type-Options", "", "http.nosniff"),
    ],
)
def test_each_header_is_looked_at(name: str, value: str, rule: str) -> None:
    assert broken(RIGHT | {name: value}) == [rule]
    assert broken({other: kept for other, kept in RIGHT.items() if other != name}) == [rule]


@pytest.mark.parametrize("conditional", [Answer(200, [], b"<feed/>"), Answer(304, [], b"<feed/>")])
def test_a_conditional_request_wants_304_and_no_body(conditional: Answer) -> None:
    assert broken(RIGHT, conditional=conditional) == ["http.not-modified", "http.not-modified"]


@pytest.mark.parametrize("head", [Answer(405, []), Answer(200, []), Answer(200, list(RIGHT.items()), b"<feed/>")])
def test_head_is_get_without_its_body(head: Answer) -> None:
    assert broken(RIGHT, head=head) == ["http.head"]


def test_what_is_no_feed_is_told_in_its_own_words() -> None:
    answer = Answer(503, [], "还没有。\n请再问。\n".encode())
    (fault,) = check_answers(lambda _method, _headers: answer, answer, TYPE)
    assert (fault.rule.name, fault.found) == ("http.status", "503: 还没有。")


def test_every_rule_says_how_to_mend() -> None:
    assert all(rule.standard and rule.message and rule.mend for rule in RULES)
