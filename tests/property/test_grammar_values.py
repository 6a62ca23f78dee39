"""The checks of values take any text whatever, and their time grows with its length, not with its square."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.feed.grammar.markup import check_html
from feedsvc.feed.grammar.rules import Fault
from feedsvc.feed.grammar.values import (
    WEB,
    check_email,
    check_iri,
    check_language,
    check_media_type,
    check_rfc822,
    check_rfc3339,
)


def check_web_address(text: str) -> Iterable[Fault]:
    return check_iri(text, schemes=WEB)


def check_html_with_frames(text: str) -> Iterable[Fault]:
    return check_html(text, ("player.example",))


CHECKS: tuple[Callable[[str], Iterable[Fault]], ...] = (
    *(check_rfc3339, check_rfc822, check_iri, check_web_address, check_language, check_media_type, check_email),
    *(check_html, check_html_with_frames),
)
PIECES = (
    *("<", ">", "<!--", "-->", "--!>", "<!", "<?", "</", "/>", "<p ", "<p>", "</p>", "<plaintext>", "<svg>"),
    *("<script>", "</script>", "<iframe src=", "'", '"', "=", "a=", "on", "onx=", "style=url(", "srcset=", "href="),
    *("javascript:", "data:", ",", " ", "\t", "\x00", "&", "&#", "&#0", "&#x", "9", ";", "&amp", "(", ")", "\\"),
    *("[", "]", "%", "#", "?", "@", ".", ":", "//", "https://", "http:", "-", "a", "A", "0", "2026-", "T", "Z"),
    *("+08:00", "Mar ", "Mon, ", "é", "中", "𠮷", "\ud800", "\u202e", "\u2028", "xn--", "x-", "zh-"),
)
SETTINGS = (("", ""), ("<p ", ">"), ("https://a.example/", ""), ("<a href='", "'>"), ('<p srcset="', '">'))
TEXT = st.one_of(st.text(), st.lists(st.one_of(st.sampled_from(PIECES), st.characters()), max_size=30).map("".join))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@given(text=TEXT)
def test_no_text_makes_a_check_fail(check: Callable[[str], Iterable[Fault]], text: str) -> None:
    for fault in check(text):
        assert fault.rule.message


def measure(check: Callable[[str], Iterable[Fault]], text: str, runs: int = 1) -> float:
    """Processor time, and the least of some runs: others share the machine."""
    times = []
    for _ in range(runs):
        begun = time.thread_time()
        list(check(text))
        times.append(time.thread_time() - begun)
    return min(times)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_hostile_repetitions_cost_their_length(check: Callable[[str], Iterable[Fault]]) -> None:
    """Four times as many pieces take four times as long; at the square of their number it would be sixteen times.

    What takes less than a 16th of a second at a quarter of the length stays below one second even at the square, and
    is not tried at full length.
    """
    for piece, (before, after) in product(PIECES, SETTINGS):
        quarter, whole = (before + piece * number + after for number in (16_000, 64_000))
        if measure(check, quarter) > 1 / 16:
            assert measure(check, whole, runs=5) < 8 * measure(check, quarter, runs=5), (piece, before)


def test_a_character_reference_of_any_length() -> None:
    for digits in ("0" * 5_000 + "65", "9" * 5_000, "0" * 5_000):
        assert [fault.rule.name for fault in check_html(f"<a href='&#{digits};'>x</a>")] == ["html.relative"]
