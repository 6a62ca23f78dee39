"""A worker brings what is live to the bucket of a real S3 server, and keeps it right whatever happens to either."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from engine import newsroom_on
from feedsvc import scheduler
from feedsvc.scheduler import Worker
from integration.conftest import SettableClock
from newsroom import CONFIG, Newsroom
from s3 import ENVIRONMENT, Hand, S3Server, s3_server
from service import DEADLINE_SECONDS, wait_until


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(scheduler, "_STOP_SECONDS", DEADLINE_SECONDS)


@pytest.fixture
def hand(server: S3Server, request: pytest.FixtureRequest) -> Hand:
    return Hand(server, re.sub(r"\W", "-", request.node.name))


def with_bucket(url: str, endpoint: str, config: str = CONFIG, timeout_seconds: int = 30) -> str:
    place = {"url": url, "endpoint": endpoint, "timeout": timeout_seconds}
    return f"{config}bucket: {json.dumps(place)}\n"


@contextmanager
def working(newsroom: Newsroom) -> Iterator[list[Any]]:
    """A worker at work, and the events it logs."""
    worker = Worker(newsroom.runtime)
    with capture_logs() as events:
        worker.start()
        try:
            yield events
        except BaseException as error:
            error.add_note("\n".join(map(str, events)))
            raise
        finally:
            worker.stop()


def live(newsroom: Newsroom) -> dict[str, bytes]:
    """By key, the documents in the folder."""
    path = newsroom.runtime.folder.path
    files = [
        *path.glob("*.rss"),
        *path.glob("*.atom"),
        *path.glob("*.json"),
        *path.glob("*.opml"),
        *path.glob("*/archive/*.atom"),
    ]
    return {str(each.relative_to(path)): each.read_bytes() for each in files}


def is_the_same(newsroom: Newsroom, hand: Hand) -> bool:
    return not newsroom.runtime.regenerator.stale(newsroom.runtime.settings) and hand.documents() == live(newsroom)


def count(events: list[Any], event: str) -> int:
    return sum(each["event"] == event for each in events)


def test_what_is_live_is_carried_in_full_and_then_each_change(
    store_url: str, tmp_path: Path, server: S3Server, hand: Hand
) -> None:
    config = with_bucket(hand.url, server.endpoint)
    with newsroom_on(store_url, tmp_path / "site", SettableClock(), config) as newsroom:
        for number in range(5):
            newsroom.put(title=f"第{number}篇")
        newsroom.regenerate()
        assert hand.list_keys() == set()
        with working(newsroom) as events:
            wait_until(lambda: is_the_same(newsroom, hand), "the first fill")
            assert {"macro.rss", "finance.atom", "science.json", "all.rss", "index.opml"} <= hand.list_keys()
            newsroom.put(title="潮水")
            wait_until(lambda: "潮水".encode() in (hand.read("macro.rss") or b""), "the news")
            wait_until(lambda: is_the_same(newsroom, hand), "all to be the same")
            assert "macro/archive/1.atom" in hand.list_keys()
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
