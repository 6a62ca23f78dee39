"""Who may write to a bucket, by clocks that are never compared: each of these replicas has one of its own."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from feedsvc.carrying.tenure import Tenure
from feedsvc.freight import FreightReader
from feedsvc.model import BucketPlace
from feedsvc.store import Store

PLACE = BucketPlace(name="news-example-org", prefix="feeds")
LASTS_SECONDS = 30


@dataclass
class Replica:
    """Its clock stands at whatever it is set to."""

    store: Store
    name: str
    at: float
    own: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        ledger = self.store.ledger(PLACE.url)
        self.tenure = Tenure(ledger, self.name, LASTS_SECONDS, lambda holder: holder in self.own, lambda: self.at)

    def keep(self, seconds: float = 0) -> bool:
        self.at += seconds
        return self.tenure.keep({"documents": 3})


@pytest.fixture
def one(store: Store) -> Replica:
    return Replica(store, "one", 1000.0)


@pytest.fixture
def two(store: Store) -> Replica:
    return Replica(store, "two", -5.0)


def test_the_first_has_it_for_as_long_as_it_beats(one: Replica, two: Replica) -> None:
    assert one.keep()
    for _ in range(20):
        assert not two.keep(10)
        assert one.keep(10)
        assert 20 <= one.tenure.seconds_left() <= LASTS_SECONDS
    assert two.tenure.seconds_left() < 0


def test_who_says_nothing_for_too_long_loses_it_and_finds_out(one: Replica, two: Replica) -> None:
    assert one.keep()
    assert not two.keep()
    assert not two.keep(LASTS_SECONDS + 1)  # no two clocks go at quite the same pace
    with capture_logs() as events:
        assert two.keep(LASTS_SECONDS / 4)
        # It slept, and its own clock tells it before it asks.
        one.at += LASTS_SECONDS + 1
        assert one.tenure.seconds_left() < 0
        assert not one.keep()
    assert [each["event"] for each in events] == ["bucket_lease_taken", "bucket_lease_lost"]
    assert two.tenure.lease is not None
    assert two.tenure.lease.epoch == 2
    assert not one.keep(LASTS_SECONDS)
    assert two.keep(LASTS_SECONDS - 1)


def test_a_beat_seen_late_counts_from_when_it_was_seen(one: Replica, two: Replica) -> None:
    assert one.keep()
    assert not two.keep(500), "whatever the clock said before"
    assert not two.keep(LASTS_SECONDS)
    assert one.keep(LASTS_SECONDS - 1)
    assert not two.keep(LASTS_SECONDS / 4 + 1), "it beat in between"
    assert not two.keep(LASTS_SECONDS)


def test_what_is_given_back_is_taken_at_once(one: Replica, two: Replica) -> None:
    assert one.keep()
    assert not two.keep()
    one.tenure.give_back({})
    assert one.tenure.seconds_left() < 0
    assert two.keep(two.tenure.beat_seconds)
    one.tenure.step_aside(60)
    assert one.tenure.rest_seconds() == 60


def test_who_is_started_again_on_the_same_folder_goes_on_at_once(store: Store, one: Replica) -> None:
    assert one.keep()
    again = Replica(store, "one, again", 7.0, own={"one"})
    assert again.keep()
    assert again.tenure.lease is not None
    assert again.tenure.lease.epoch == 2


def test_the_store_is_asked_now_and_then_or_at_once(one: Replica, two: Replica) -> None:
    assert one.keep()
    assert one.tenure.lease is not None
    beat = one.tenure.lease.beat
    assert one.keep(one.tenure.beat_seconds / 2)
    assert one.tenure.lease.beat == beat
    assert one.tenure.rest_seconds() == one.tenure.beat_seconds / 2
    assert one.tenure.keep({}, at_once=True)
    assert one.tenure.lease.beat == beat + 1


def test_health_sees_a_writer_that_is_silent(store: Store, one: Replica) -> None:
    at = [0.0]
    reader = FreightReader(store, lambda: at[0])
    assert reader.read(None) is None
    nobody = reader.read(PLACE)
    assert nobody is not None
    assert nobody.detail == "No worker has carried anything there yet."
    one.keep()
    one.keep(one.tenure.beat_seconds)
    well = reader.read(PLACE)
    assert well is not None
    assert (well.trouble, well.holder, well.documents) == (None, "one", 3)
    at[0] += 2 * LASTS_SECONDS
    one.keep(one.tenure.beat_seconds)
    assert reader.read(PLACE) == well
    at[0] += 2 * LASTS_SECONDS + 1
    silent = reader.read(PLACE)
    assert silent is not None
    assert silent.detail == "The worker that carried there (one) is silent, and no other one has taken over."
    one.tenure.give_back({"trouble": "s3://x: can't", "since": "2026-03-02T08:00:00Z"})
    left = reader.read(PLACE)
    assert left is not None
    assert left.detail == "s3://x: can't (since 2026-03-02T08:00:00Z)"
