"""What counts come to in words, and in which order."""

from __future__ import annotations

import pytest

from feedsvc.manners import report, say_bytes, subscribers_by_section
from feedsvc.model.polling import OTHERS, Counts, add_up

GOOD = Counts(polls=100, unchanged=95, bodies=5, body_bytes=210_000, conditional=99, gaps={1: 90})


@pytest.mark.parametrize(
    ("counts", "verdicts"),
    [
        (GOOD, ("polls well",)),
        (Counts(polls=9, bodies=9, body_bytes=378_000, gaps={6: 8}), ("sends no validators: every poll costs 42 KB",)),
        (
            Counts(polls=100, bodies=60, unchanged=40, conditional=41, body_bytes=60 * 1_500, gaps={6: 40}),
            ("sends validators in 41 of 100 polls only: each of the others costs 1.5 KB",),
        ),
        (Counts(polls=100, unchanged=90, bodies=10, plain=9, body_bytes=10, conditional=99), ("takes no compression",)),
        (Counts(polls=90, unchanged=90, conditional=90, gaps={-14: 80, 30: 9}), ("asks 12 times as often as max-age",)),
        (Counts(polls=100, unchanged=100, conditional=100, gaps={-14: 2}), ("polls well",)),
        (Counts(polls=100, missed=100), ("asks for what is not there (100 of 100 polls)",)),
        (Counts(polls=7, moved=7), ("asks at an old address (7 of 7 polls): it does not heed 301",)),
        (
            Counts(polls=9, bodies=5, refused=4, body_bytes=5_000_000_000),
            ("was refused 4 times for fetching too much (429)", "sends no validators: every poll costs 1.0 GB"),
        ),
        (Counts(polls=2, bodies=2, body_bytes=9), ("too few polls to judge",)),
    ],
)  # fmt: skip
def test_the_verdict(counts: Counts, verdicts: tuple[str, ...]) -> None:
    (one,) = report({("203.0.113.0/24", "Reader"): counts})
    assert one.verdicts == verdicts


def test_the_dearest_comes_first_and_others_are_judged_by_nobody() -> None:
    tally = {
        ("a", "cheap"): Counts(polls=900, unchanged=900),
        OTHERS: Counts(polls=5, bodies=5, body_bytes=50),
        ("b", "dear"): Counts(polls=1, bodies=1, body_bytes=1_000),
        ("", ""): Counts(polls=3),
    }
    found = report(tally)
    assert [each.agent for each in found] == ["dear", "(others)", "cheap", "(without a name)"]
    assert found[1].verdicts == ()
    assert [each.share_unchanged for each in found] == [0, 0, 1, 0]


def test_beyond_the_limit_the_cheapest_become_others() -> None:
    tally = {("n", f"{number}"): Counts(polls=1, body_bytes=number) for number in range(100)}
    found = add_up(tally, tally, limit=10)
    assert len(found) == 10
    assert found["n", "99"] == Counts(polls=2, body_bytes=198)
    assert found[OTHERS] == Counts(polls=182, body_bytes=2 * sum(range(91)))
    again = add_up(found, tally, limit=10)
    assert sum(counts.polls for counts in again.values()) == 300
    assert len(again) == 10


def test_what_is_told_of_subscribers_is_bounded_too() -> None:
    paths = {f"/feeds/s{number}.rss": 2 for number in range(4_000)}
    tally = {("n", f"{number}"): Counts(polls=1, body_bytes=number, subscribers=paths) for number in range(4)}
    found = add_up(tally, limit=10)
    assert [len(found["n", f"{number}"].subscribers) for number in range(4)] == [0, 0, 4_000, 4_000]
    assert sum(counts.polls for counts in found.values()) == 4


def test_subscribers_are_told_by_section() -> None:
    tally = {
        ("a", "NewsBlur"): Counts(subscribers={"/feeds/macro.rss": 100, "/feeds/all.json": 3}),
        ("c", "Inoreader"): Counts(subscribers={"/feeds/macro/archive/1.atom": 9}),
        ("b", "Feedly"): Counts(subscribers={"/feeds/macro.atom": 20, "/feeds.opml": 1}),
    }  # fmt: skip
    assert subscribers_by_section(tally) == {"macro": 120, "all": 3}


@pytest.mark.parametrize(
    ("length_bytes", "said"),
    [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 KB"), (42_400, "42 KB"), (3e6, "3.0 MB")],
)
def test_bytes_are_said_briefly(length_bytes: float, said: str) -> None:
    assert say_bytes(length_bytes) == said
