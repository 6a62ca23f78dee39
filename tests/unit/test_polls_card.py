"""The report card counts each poll once, in bounded memory, whatever a User-Agent holds."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from feedsvc.manners import report, usual_gap
from feedsvc.model.polling import OTHERS, Counts, add_up
from feedsvc.web.polls import Answer, ReportCard, environ_of
from feedsvc.web.polls.card import LONGEST_AGENT, name_agent

AGE = ("Cache-Control", "public, max-age=100, stale-while-revalidate=100")
UNCHANGED = Answer(304, [("ETag", '"x"'), AGE])
WHOLE = Answer(200, [("Content-Type", "t"), ("Content-Length", "7"), ("Content-Encoding", "br"), AGE], b"x" * 7)
PLAIN = Answer(200, [("Content-Type", "t"), ("Content-Length", "9"), ("ETag", '"x"'), AGE], b"x" * 9)
HEAD = PLAIN._replace(body=b"")
DELTA = Answer(
    226, [("Content-Type", "t"), ("Content-Length", "5"), ("IM", "feed"), ("Cache-Control", "no-store")], b"12345"
)


class Seconds:
    """A monotonic clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def poll(
    path: str = "/feeds/macro.rss", address: str = "203.0.113.7", agent: str = "Reader/1", tag: str | None = None
) -> Mapping[str, Any]:
    headers = {"User-Agent": agent} | ({"If-None-Match": tag} if tag else {})
    return {**environ_of("GET", path, headers), "REMOTE_ADDR": address}


def test_each_answer_is_counted_as_what_it_is() -> None:
    card = ReportCard()
    card.note(poll(), WHOLE)
    card.note(poll(tag='"old"'), PLAIN)
    card.note(poll(), HEAD)
    card.note(poll(tag='"x"'), UNCHANGED)
    card.note(poll(tag='"old"'), DELTA)
    card.note(poll("/feeds/none.rss"), Answer(404, []))
    card.note(poll("/feeds/gone.rss"), Answer(410, []))
    card.note(poll("/feed/"), Answer(301, []))
    card.note(poll(), Answer(429, []))
    card.note(poll(), Answer(503, []))
    card.note(poll(), Answer(303, []))
    (row,) = card.take().values()
    assert row == Counts(
        polls=11, unchanged=1, deltas=1, bodies=2, plain=1, brotli=1, body_bytes=21, conditional=3, missed=2, failed=1,
        moved=1, refused=1, gaps=row.gaps,
    )  # fmt: skip


def test_what_was_told_is_not_told_again() -> None:
    card = ReportCard()
    card.note(poll(), WHOLE)
    assert len(card.take()) == 1
    assert card.take() == {}
    card.note(poll(), WHOLE)
    assert [counts.polls for counts in card.take().values()] == [1]


@pytest.mark.parametrize(("every_seconds", "of_max_age"), [(100, 1), (8, 1 / 12.5), (350, 3.5), (86_400, 864)])
def test_the_usual_gap_is_told_in_max_ages(every_seconds: float, of_max_age: float) -> None:
    seconds = Seconds()
    card = ReportCard(monotonic=seconds)
    for _ in range(9):
        card.note(poll(tag='"x"'), UNCHANGED)
        seconds.now += every_seconds
    seconds.now += 10_000  # one holiday does not change what is usual
    card.note(poll(tag='"x"'), UNCHANGED)
    (counts,) = card.take().values()
    assert usual_gap(counts) == pytest.approx(of_max_age, rel=0.1)


def test_gaps_are_those_of_one_document_and_one_address() -> None:
    seconds = Seconds()
    card = ReportCard(monotonic=seconds)
    for address in ("203.0.113.7", "203.0.113.8"):
        for path in ("/feeds/macro.rss", "/feeds/macro.atom"):
            card.note(poll(path, address), WHOLE)
            seconds.now += 1
    ((poller, counts),) = card.take().items()
    assert poller == ("203.0.113.0/24", "Reader/1")
    assert counts.polls == 4
    assert counts.gaps == {}


def test_a_delta_whose_max_age_nobody_told_is_no_gap() -> None:
    card = ReportCard()
    card.note(poll(tag='"a"'), DELTA)
    card.note(poll(tag='"a"'), DELTA)
    (counts,) = card.take().values()
    assert (counts.polls, counts.gaps) == (2, {})


def test_a_new_max_age_is_taken_over() -> None:
    seconds = Seconds()
    card = ReportCard(monotonic=seconds)
    shorter = Answer(304, [("Cache-Control", "public, max-age=10")])
    for answer in (UNCHANGED, UNCHANGED):
        card.note(poll(tag='"x"'), answer)
        seconds.now += 100
    (first,) = card.take().values()
    card.note(poll(tag='"x"'), shorter)
    (second,) = card.take().values()
    assert (list(first.gaps), list(second.gaps)) == ([1], [14])


@pytest.mark.parametrize(
    ("agent", "name", "subscribers"),
    [
        ("NewsBlur Feed Fetcher - 120 subscribers - x", "NewsBlur Feed Fetcher - N subscribers - x", 120),
        ("Feedly/1.0 (+http://feedly.com/f; 1 subscriber; x)", "Feedly/1.0 (+http://feedly.com/f; N subscriber; x)", 1),
        ("Feedbin feed-id:1373711 - 5 subscribers", "Feedbin feed-id:N - N subscribers", 5),
        ("newsboat/2.30 (Linux 6.1)", "newsboat/2.30 (Linux 6.1)", None),
        ("a\x1b[2J\r\nb", "a‹U+001B›[2J b", None),
        ("读者/1".encode().decode("latin-1"), "读者/1", None),
        ("abc\u202edef".encode().decode("latin-1"), "abc‹U+202E›def", None),
        ("\xff\xfe", "ÿþ", None),
        ("", "", None),
    ],
)  # fmt: skip
def test_a_name_is_plain_and_holds_no_number_of_subscribers(agent: str, name: str, subscribers: int | None) -> None:
    assert name_agent(agent) == (name, subscribers)


def test_an_aggregator_is_one_poller_however_many_subscribe_to_each_feed() -> None:
    card = ReportCard()
    for path, count in (("/feeds/macro.rss", 120), ("/feeds/finance.rss", 7), ("/feeds/macro.atom", 3)):
        card.note(poll(path, agent=f"NewsBlur - {count} subscribers"), WHOLE)
    card.note(poll(agent="NewsBlur - 121 subscribers"), WHOLE)
    (one,) = report(card.take())
    assert one.counts.subscribers == {"/feeds/macro.rss": 121, "/feeds/finance.rss": 7, "/feeds/macro.atom": 3}
    assert (one.counts.polls, one.subscribers) == (4, 131)


def test_an_aggregator_of_hundreds_of_feeds_tells_of_each() -> None:
    card = ReportCard()
    for number in range(300):
        card.note(poll(f"/feeds/s{number}.rss", agent="Feedly; 2 subscribers"), WHOLE)
    (one,) = report(card.take())
    assert one.subscribers == 600


def test_strangers_who_call_themselves_aggregators_take_bounded_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feedsvc.web.polls.card._WATCHED_IN_ALL", 500)
    card = ReportCard(limit=100)
    for number in range(400):
        for path in range(10):
            card.note(poll(f"/feeds/s{path}.rss", agent=f"{number} subscribers, {number}"), WHOLE)
        assert sum(len(asker.seen) for asker in (*card._young.values(), *card._old.values())) <= 500
    card.note(poll("/feeds/s1.rss", agent="Feedly; 2 subscribers"), WHOLE)
    assert report(card.take())


def test_who_came_last_is_remembered_and_nobody_goes_uncounted() -> None:
    seconds = Seconds()
    card = ReportCard(limit=20, monotonic=seconds)
    for number in range(200):
        card.note(poll(address=f"198.51.{number}.1", agent=f"Bot/{number}"), WHOLE)
        seconds.now += 1
        card.note(poll(agent="Faithful", tag='"x"'), UNCHANGED)
    assert len(card._young) + len(card._old) <= 20
    rows = card.take()
    assert sum(counts.polls for counts in rows.values()) == 400
    faithful = rows["203.0.113.0/24", "Faithful"]
    assert (faithful.polls, sum(faithful.gaps.values())) == (200, 199)


@pytest.mark.uncounted
def test_strangers_without_end_take_no_room() -> None:
    card = ReportCard(limit=100)
    for number in range(20_000):
        card.note(poll(agent=f"{number}"), WHOLE)
    for number in range(70):
        card.note(poll(agent=f"{number}{'x' * 65_536}"), WHOLE)
    assert {len(agent) for _, agent in card._young} == {LONGEST_AGENT}
    rows = card.take()
    assert len(rows) <= 2_000 + 200
    assert sum(counts.polls for counts in rows.values()) == 20_070
    assert rows[OTHERS].bodies > 10_000


def test_many_threads_lose_no_poll() -> None:
    card = ReportCard(limit=40)
    rows: list[dict[tuple[str, str], Counts]] = []

    def ask(number: int) -> None:
        for _ in range(3_000):
            card.note(poll(agent=f"Reader/{number % 5}", tag='"x"'), UNCHANGED)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        rows.append(card.take())
    rows.append(card.take())
    total = add_up(*rows, limit=100)
    assert sum(counts.polls for counts in total.values()) == 30_000
    assert len(total) == 5
