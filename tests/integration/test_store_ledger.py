"""One at a time writes to a bucket, and who was overtaken changes nothing in what is known of it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event

import pytest
from sqlalchemy import text

from feedsvc.errors import StoreUnavailableError
from feedsvc.model import Held
from feedsvc.store import Ledger, Store
from feedsvc.store import ledger as ledgers
from service import DEADLINE_SECONDS

URL = "s3://news-example-org/feeds"
HELD = Held(
    key="macro.rss",
    digest="d1",
    headers="h1",
    mtime=datetime(2026, 3, 2, 8, tzinfo=UTC),
    etag='"e1"',
)


def test_a_lease_is_taken_kept_and_given_back(store: Store) -> None:
    ledger = store.ledger(URL)
    assert ledger.lease() is None
    mine = ledger.take("a", None, 30)
    assert mine is not None
    assert (mine.holder, mine.epoch, mine.lasts_seconds) == ("a", 1, 30)
    assert ledger.lease() == mine
    kept = ledger.beat(mine, {"waiting": 3})
    assert kept is not None
    assert ledger.lease() == kept == replace(mine, beat=mine.beat + 1, told={"waiting": 3})
    ledger.give_back(kept, {"waiting": 0})
    free = ledger.lease()
    assert free == replace(kept, holder=None, told={"waiting": 0})
    following = ledger.take("b", free, 10)
    assert following is not None
    assert (following.holder, following.epoch, following.lasts_seconds) == ("b", 2, 10)
    assert store.ledger("s3://another").lease() is None


def test_whoever_saw_something_else_takes_nothing(store: Store) -> None:
    ledger = store.ledger(URL)
    seen = ledger.take("a", None, 30)
    assert seen is not None
    assert ledger.take("b", None, 30) is None, "somebody was there first"
    ledger.beat(seen, {})
    assert ledger.take("b", seen, 30) is None, "its holder lives"


def test_a_beat_whose_answer_was_lost_costs_nothing(store: Store) -> None:
    ledger = store.ledger(URL)
    lease = ledger.take("a", None, 30)
    assert lease is not None
    ledger.beat(lease, {})
    kept = ledger.beat(lease, {})
    assert kept is not None
    assert kept == ledger.lease()
    assert kept.beat == lease.beat + 2


def test_of_many_who_want_it_at_once_one_gets_it(store: Store) -> None:
    ledger = store.ledger(URL)
    for _ in range(3):
        seen = ledger.lease()
        with ThreadPoolExecutor(8) as threads:
            taken = [
                each for each in threads.map(partial(ledger.take, seen=seen, lasts_seconds=30), "abcdefgh") if each
            ]
        assert len(taken) == 1
        assert ledger.lease() == taken[0]


def test_who_was_overtaken_notes_nothing_and_gives_nothing_back(store: Store) -> None:
    ledger = store.ledger(URL)
    old = ledger.take("a", None, 30)
    assert old is not None
    assert ledger.note(old, [HELD])
    new = ledger.take("b", old, 30)
    assert new is not None
    assert ledger.beat(old, {}) is None
    assert not ledger.note(old, [replace(HELD, etag='"stale"')])
    assert not ledger.note(old, [], [HELD.key])
    ledger.give_back(old, {})
    assert ledger.lease() == new
    assert ledger.held() == {HELD.key: HELD}


class Sleepy(list[Held]):
    """Whoever goes through it falls asleep until they are woken."""

    def __init__(self) -> None:
        super().__init__([HELD])
        self.sleeps, self.wakes = Event(), Event()

    def __iter__(self) -> Iterator[Held]:
        self.sleeps.set()
        assert self.wakes.wait(DEADLINE_SECONDS)
        return super().__iter__()


def test_who_falls_asleep_in_the_midst_of_a_change_keeps_nobody_waiting(
    postgres_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's processes share a machine, and wait for each other anyway."""
    monkeypatch.setattr(ledgers, "_WAKEFUL", text("SET LOCAL idle_in_transaction_session_timeout = '100ms'"))
    ledger, sleepy = postgres_store.ledger(URL), Sleepy()
    mine = ledger.take("a", None, 30)
    assert mine is not None
    with ThreadPoolExecutor(1) as thread:
        asleep = thread.submit(ledger.note, mine, sleepy)
        assert sleepy.sleeps.wait(DEADLINE_SECONDS)
        assert ledger.take("b", mine, 30) is not None
        sleepy.wakes.set()
        with pytest.raises(StoreUnavailableError):
            asleep.result(DEADLINE_SECONDS)
    assert ledger.held() == {}


def test_what_lies_there_is_noted_and_forgotten(store: Store) -> None:
    ledger = store.ledger(URL)
    lease = ledger.take("a", None, 30)
    assert lease is not None
    other = replace(HELD, key="macro/archive/1.atom", stored=HELD.mtime + timedelta(seconds=2))
    assert ledger.note(lease, [HELD, other])
    changed = replace(HELD, digest="d2", etag='"e2"', mtime=HELD.mtime + timedelta(seconds=1))
    assert ledger.note(lease, [changed])
    assert ledger.held() == {HELD.key: changed, other.key: other}
    assert ledger.held([other.key, "nowhere.rss"]) == {other.key: other}
    assert store.ledger("s3://another").held() == {}
    assert ledger.note(lease, [], [HELD.key, "nowhere.rss"])
    assert ledger.held() == {other.key: other}


def test_the_newest_bytes_of_a_document_are_known_whoever_published_them(store: Store) -> None:
    ledger: Ledger = store.ledger(URL)
    assert ledger.newest("macro", "rss") is None
    with store.write() as tx:
        first = tx.allot_last_modified("macro", {"rss": "d1"}, 1, HELD.mtime)["rss"]
    assert ledger.newest("macro", "rss") == ("d1", first)
    with store.write() as tx:
        second = tx.allot_last_modified("macro", {"rss": "d2"}, 2, HELD.mtime)["rss"]
    assert ledger.newest("macro", "rss") == ("d2", second)
