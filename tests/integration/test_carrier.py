"""A worker brings what is live to the bucket of a real S3 server, and keeps it right whatever happens to either."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from atwork import working
from engine import newsroom_on
from feedsvc import archive, scheduler
from feedsvc.carrying import carrier, load
from feedsvc.carrying.carrier import _UNFENCED, Carrier
from feedsvc.carrying.haul import is_there
from feedsvc.carrying.parcels import Parcels
from feedsvc.carrying.porter import LateError, Porter
from feedsvc.errors import StoreUnavailableError
from feedsvc.model import BucketPlace, Parcel
from feedsvc.output import Bucket
from feedsvc.runtime import Check, now
from feedsvc.store import Ledger
from integration.conftest import SettableClock
from newsroom import CONFIG, Newsroom
from s3 import NAME, Hand, S3Server, cable_to
from service import DEADLINE_SECONDS, wait_until
from watching import watching

SCIENCE = "  science:\n    title: Science & Sea\n    language: en\n"


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "_STOP_SECONDS", DEADLINE_SECONDS)


def with_bucket(url: str, endpoint: str, config: str = CONFIG, timeout_seconds: int = 5) -> str:
    place = {"url": url, "endpoint": endpoint, "timeout": timeout_seconds}
    return f"{config}bucket: {json.dumps(place)}\n"


def live(newsroom: Newsroom) -> dict[str, bytes]:
    """By key, the documents in the folder."""
    path = newsroom.runtime.folder.path
    patterns = ("[!.]*.rss", "[!.]*.atom", "[!.]*.json", "[!.]*.opml", "[!.]*/archive/[!.]*.atom")
    return {str(each.relative_to(path)): each.read_bytes() for pattern in patterns for each in path.glob(pattern)}


def is_the_same(newsroom: Newsroom, hand: Hand) -> bool:
    return not newsroom.runtime.regenerator.stale(newsroom.runtime.settings) and hand.documents() == live(newsroom)


@pytest.fixture
def site(tmp_path: Path, server: S3Server, hand: Hand, sqlite_url: str) -> Iterator[Newsroom]:
    """One on SQLite with an article, and a bucket."""
    config = with_bucket(hand.url, server.endpoint)
    with newsroom_on(sqlite_url, tmp_path / "site", SettableClock(), config) as newsroom:
        newsroom.put(external_id="a")
        yield newsroom


def configure(newsroom: Newsroom, old: str, new: str) -> None:
    path = newsroom.runtime.settings.path
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def count(events: list[Any], event: str) -> int:
    return sum(each["event"] == event for each in events)


def test_what_is_live_is_carried_in_full_and_then_each_change(
    sqlite_url: str, tmp_path: Path, server: S3Server, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "ARCHIVE_ENTRIES", 2)
    config = with_bucket(hand.url, server.endpoint)
    with newsroom_on(sqlite_url, tmp_path / "site", SettableClock(), config) as newsroom:
        for number in range(7):
            newsroom.put(external_id=f"a{number}", title=f"第{number}篇")
        newsroom.regenerate()
        assert hand.list_keys() == set()
        with working(newsroom) as events:
            wait_until(lambda: is_the_same(newsroom, hand), "the first fill")
            assert {"macro.rss", "finance.atom", "science.json", "all.rss", "index.opml"} <= hand.list_keys()
            newsroom.put(title="潮水")
            wait_until(lambda: "潮水".encode() in (hand.read("macro.rss") or b""), "the news")
            wait_until(lambda: is_the_same(newsroom, hand), "all to be the same")
            assert {"macro/archive/1.atom", "macro/archive/2.atom"} <= hand.list_keys()
            newsroom.put(external_id="a0", title="更正")
            wait_until(lambda: "更正".encode() in (hand.read("macro/archive/1.atom") or b""), "an old archive")
            wait_until(lambda: is_the_same(newsroom, hand), "all to be the same again")
            number = len(live(newsroom))
            wait_until(lambda: newsroom.runtime.status()["bucket"]["documents"] == number, "the next beat")
            assert health(newsroom).ok
            metrics = newsroom.client.get("/metrics").text
            assert "feedsvc_bucket_up 1.0\n" in metrics
            assert f"feedsvc_bucket_documents {float(number)}\n" in metrics
        assert holder(newsroom, hand) is None, "it was given back"
        assert count(events, "bucket_lease_taken") == count(events, "bucket_current") == 1
        assert [each for each in events if each["log_level"] in {"warning", "error"}] == []
        for key in hand.list_keys():
            answer = newsroom.client.get(f"/feeds/{key}")
            sent = hand.headers(key)
            assert answer.data == hand.read(key)
            assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == (
                sent["Content-Type"],
                sent["Cache-Control"],
            )


def test_what_config_yaml_takes_out_goes_and_what_it_changes_is_sent_anew(site: Newsroom, hand: Hand) -> None:
    with working(site) as events:
        wait_until(lambda: is_the_same(site, hand), "the first fill")
        assert "max-age=90," in hand.headers("macro.rss")["Cache-Control"]
        before = hand.read("macro.json")
        configure(site, "max_age: 90s", "max_age: 75s")
        wait_until(lambda: "max-age=75," in hand.headers("macro.json")["Cache-Control"], "the new headers")
        assert hand.read("macro.json") == before
        configure(site, SCIENCE, "")
        configure(site, "formats: [rss, atom]", "formats: [atom]")
        gone = {"science.rss", "science.atom", "science.json", "finance.rss"}
        wait_until(lambda: not gone & hand.list_keys(), "the documents to go")
        wait_until(lambda: is_the_same(site, hand), "the rest to stay")
        assert {"finance.atom", "macro.rss"} <= hand.list_keys()
        left = hand.documents()
        assert holder(site, hand) is not None
        configure(site, "bucket: ", "# bucket: ")
        wait_until(lambda: holder(site, hand) is None, "the bucket to be left alone")
        assert hand.documents() == left
        assert site.runtime.status()["bucket"] is None
        assert [each for each in events if each["log_level"] in {"warning", "error"}] == []


def test_what_others_did_in_the_bucket_is_mended(site: Newsroom, hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrier, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(carrier, "_LOOK_SHARE", 0)
    hand.put("logo.png", b"theirs")
    hand.put("other.rss", b"theirs, too")
    with working(site) as events:
        wait_until(lambda: is_the_same_but_for(site, hand, "logo.png", "other.rss"), "the first fill")
        wait_until(lambda: count(events, "bucket_current"), "all of it to be noted")
        assert count(events, "bucket_amiss") == 1, "a file that could be ours is looked at once"

        hand.delete(*hand.list_keys() - {"logo.png", "other.rss"})
        wait_until(lambda: is_the_same_but_for(site, hand, "logo.png", "other.rss"), "what was deleted")

        attributes = hand.headers("macro.rss")
        hand.put("macro.rss", b"altered, and says that it is ours", attributes)
        hand.put("all.atom", b"altered")
        hand.put("gone.rss", b"of a section that there was", attributes)
        wait_until(lambda: is_the_same_but_for(site, hand, "logo.png", "other.rss"), "what was altered")

        wait_until_the_next_second(hand)
        hand.put("macro.rss", hand.read("macro.rss") or b"", {"Content-Type": "text/html"})
        wait_until(lambda: hand.headers("macro.rss") == attributes, "the headers")
        amiss = [each for each in events if each["event"] == "bucket_amiss"]
        found = [sum(each[name] for each in amiss) for name in ("missing", "altered", "surplus")]
        assert found == [len(live(site)), 3, 2]
        assert count(events, "bucket_trouble") == 0
    assert (hand.read("logo.png"), hand.read("other.rss")) == (b"theirs", b"theirs, too")


def is_the_same_but_for(newsroom: Newsroom, hand: Hand, *keys: str) -> bool:
    found = hand.documents()
    found = {key: content for key, content in found.items() if key not in keys}
    return not newsroom.runtime.regenerator.stale(newsroom.runtime.settings) and found == live(newsroom)


def wait_until_the_next_second(hand: Hand) -> None:
    """By the store's clock, in which it says when an object came."""
    before = hand.now()
    wait_until(lambda: hand.now() > before, "the next second")


def test_a_store_that_is_away_is_told_once_and_nothing_is_lost(
    tmp_path: Path, sqlite_url: str, server: S3Server, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "LONGEST_PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(load, "FIRST_PAUSE_SECONDS", 0.1)
    with cable_to(server) as cable, ExitStack() as stack:
        config = with_bucket(hand.url, cable.endpoint)
        site = stack.enter_context(newsroom_on(sqlite_url, tmp_path / "site", SettableClock(), config))
        site.put(external_id="a")
        with working(site) as events:
            wait_until(lambda: is_the_same(site, hand), "the first fill")
            cable.pull()
            for number in range(3):
                site.put(title=f"第{number}篇", sections=("macro", "finance"))
                wait_until(lambda: not site.runtime.regenerator.stale(site.runtime.settings), "all to be live")
            wait_until(lambda: count(events, "bucket_trouble"), "the trouble to be told")
            tries = cable.refused
            wait_until(lambda: cable.refused > tries + 4, "more tries")
            assert count(events, "bucket_trouble") == 1
            assert not health(site).ok
            assert "it can't be reached" in health(site).detail
            (trouble,) = [each["error"] for each in events if each["event"] == "bucket_trouble"]
            assert "it can't be reached. Look at the network" in trouble
            cable.plug()
            wait_until(lambda: is_the_same(site, hand), "all that came meanwhile")
            wait_until(lambda: count(events, "bucket_recovered") and health(site).ok, "it to be told")
        assert count(events, "bucket_trouble") == count(events, "bucket_recovered") == 1


def test_trouble_with_one_place_is_not_that_of_the_next(site: Newsroom, server: S3Server, hand: Hand) -> None:
    with working(site) as events:
        configure(site, server.endpoint, "http://127.0.0.1:1")
        wait_until(lambda: count(events, "bucket_trouble") == 1, "the trouble")
        configure(site, "127.0.0.1:1", "127.0.0.1:2")
        wait_until(lambda: count(events, "bucket_trouble") == 2, "the next one's")
        configure(site, "http://127.0.0.1:2", server.endpoint)
        wait_until(lambda: is_the_same(site, hand) and health(site).ok, "all to be well")
    assert count(events, "bucket_recovered") == 0


@pytest.mark.parametrize("question", ["held", "note"])
def test_a_database_that_is_away_in_the_midst_of_it_costs_nothing(
    site: Newsroom, hand: Hand, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    monkeypatch.setattr(carrier, "_STORE_SECONDS", 0.1)
    right, fails = getattr(Ledger, question), list[str]()

    def ask(*arguments: Any) -> Any:
        if fails:
            raise StoreUnavailableError(fails.pop())
        return right(*arguments)

    monkeypatch.setattr(Ledger, question, ask)
    with working(site) as events:
        wait_until(lambda: is_the_same(site, hand), "the first fill")
        fails += ["away", "away"]
        site.put(title="潮水")
        wait_until(lambda: is_the_same(site, hand) and not fails, "the news")
        fails += ["away", "away"]
        configure(site, SCIENCE, "")
        wait_until(lambda: "science.rss" not in hand.list_keys() and not fails, "the documents to go")
        wait_until(lambda: is_the_same(site, hand), "all to be the same")
        assert count(events, "bucket_trouble") == 0


def test_who_can_not_reach_the_store_leaves_it_to_others_for_a_while(
    tmp_path: Path, sqlite_url: str, server: S3Server, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "LONGEST_PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(load, "FIRST_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(carrier, "ASIDE_SECONDS", 0.3)
    with cable_to(server) as cable, ExitStack() as stack:
        cable.pull()
        config = with_bucket(hand.url, cable.endpoint)
        site = stack.enter_context(newsroom_on(sqlite_url, tmp_path / "site", SettableClock(), config))
        site.put(external_id="a")
        with working(site) as events:
            wait_until(lambda: holder(site, hand) is not None, "it to begin")
            wait_until(lambda: holder(site, hand) is None, "it to give up")
            assert "it can't be reached" in health(site).detail
            cable.plug()
            wait_until(lambda: is_the_same(site, hand), "it to begin again")
        assert count(events, "bucket_trouble") == count(events, "bucket_recovered") == 1


def holder(newsroom: Newsroom, hand: Hand) -> str | None:
    lease = newsroom.runtime.store.ledger(hand.url).lease()
    return None if lease is None else lease.holder


def health(newsroom: Newsroom) -> Check:
    (check,) = [each for each in newsroom.runtime.checks() if each.name == "bucket"]
    return check


class Careless(Bucket):
    """As a store that writes whatever it is asked to."""

    def put(self, parcel: Parcel, content: bytes, _etag: str | None) -> str:
        lying = self.look(parcel.key)
        return super().put(parcel, content, None if lying is None else lying.etag)


def test_a_store_that_heeds_no_condition_is_told_of(site: Newsroom, hand: Hand) -> None:
    site.regenerate()
    carrier = Carrier(site.runtime, Careless)
    with capture_logs() as events:
        carrier.note_settings()
        wait_until(lambda: count(events, "bucket_current"), "all to be carried")
        carrier.stop(DEADLINE_SECONDS)
    assert hand.documents() == live(site)
    assert [each["error"] for each in events if each["event"] == "bucket_trouble"] == [_UNFENCED]
    assert count(events, "bucket_recovered") == 0


def test_a_worker_that_was_killed_is_followed_at_once_by_the_next_on_its_folder(
    tmp_path: Path, sqlite_url: str, server: S3Server, hand: Hand
) -> None:
    """Long before the lease has run out; and its first look finds what was done to the bucket meanwhile."""
    config = with_bucket(hand.url, server.endpoint, timeout_seconds=60)
    with newsroom_on(sqlite_url, tmp_path / "site", now, config) as site:
        site.put(external_id="a")
        with watching(site.runtime.settings.path, net_seconds=1):  # killed at the end
            wait_until(lambda: is_the_same(site, hand), "the first fill")
        site.put(title="潮水")
        hand.delete("science.rss", "index.opml")
        hand.put("science.atom", b"altered")
        with working(site) as events:
            wait_until(lambda: "潮水".encode() in (hand.read("macro.rss") or b""), "the news")
            wait_until(lambda: is_the_same(site, hand), "all to be the same")
        (taken,) = [each for each in events if each["event"] == "bucket_lease_taken"]
        assert taken["epoch"] == 2
        assert site.runtime.folder_id in taken["before"]


def test_a_replica_that_lags_behind_puts_nothing_older_in_its_place(
    site: Newsroom, server: S3Server, hand: Hand
) -> None:
    """Neither where it knows who put it there, nor where nobody does, as after a crash."""
    place, runtime = BucketPlace(name=NAME, prefix=hand.prefix, endpoint=server.endpoint), site.runtime
    bucket, ledger = Bucket(place), runtime.store.ledger(place.url)
    porter = Porter(bucket, ledger, runtime.folder, lambda: 60.0)
    site.regenerate()
    parcels = Parcels(runtime.settings, runtime.store, runtime.folder_id)
    (old,) = [each for each in parcels.of("macro") if each.key == "macro.rss"]
    content = porter.read(old)
    assert content is not None
    site.put(title="潮水")
    site.regenerate()
    (new,) = [each for each in parcels.of("macro") if each.key == "macro.rss"]
    assert porter.read(old) is None, "other bytes lie in the folder by now"
    news = porter.read(new)
    assert news is not None
    bucket.put(new, news, None)
    held = porter.settle(old, content)
    assert (held.digest, held.mtime) == (new.digest, new.mtime)
    assert hand.read("macro.rss") == news
    assert is_there(old, held)


def test_what_lies_there_right_is_not_put_again_though_nothing_is_known_of_it(site: Newsroom, hand: Hand) -> None:
    """As after a restore."""
    with working(site):
        wait_until(lambda: is_the_same(site, hand), "the first fill")
    before = hand.times()
    ledger = site.runtime.store.ledger(hand.url)
    lease = ledger.take("nobody", ledger.lease(), 1)
    assert lease is not None
    assert ledger.note(lease, [], list(ledger.held()))
    ledger.give_back(lease, {})
    wait_until_the_next_second(hand)
    with working(site) as events:
        wait_until(lambda: count(events, "bucket_current"), "all to be known")
        assert ledger.held().keys() == before.keys()
    assert {key: each for key, each in hand.times().items() if each != before[key]} == {}


def test_nothing_is_begun_that_may_outlast_the_lease(site: Newsroom, server: S3Server, hand: Hand) -> None:
    place = BucketPlace(name=NAME, prefix=hand.prefix, endpoint=server.endpoint)
    bucket, ledger = Bucket(place), site.runtime.store.ledger(place.url)
    site.regenerate()
    parcel = Parcels(site.runtime.settings, site.runtime.store, site.runtime.folder_id).of("macro")[0]
    porter = Porter(bucket, ledger, site.runtime.folder, lambda: bucket.most_seconds - 0.1)
    with pytest.raises(LateError):
        porter.put(parcel, b"", None)
    with pytest.raises(LateError):
        porter.settle(parcel, b"")
    hand.put("macro.rss", b"")
    with pytest.raises(LateError):
        porter.delete("macro.rss", is_known=True)
    assert hand.documents() == {"macro.rss": b""}
