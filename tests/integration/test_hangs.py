"""Whatever hangs in a real service, or crashes it, is ended, told of, and made apart; the others go on."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine import newsroom_on
from feedsvc.runtime import now
from hanging import serving_what_hangs
from newsroom import CONFIG, Newsroom
from service import Service, free_port, wait_until

pytestmark = pytest.mark.uncounted


class Site:
    def __init__(self, newsroom: Newsroom, service: Service, faults: Path) -> None:
        self.newsroom = newsroom
        self.service = service
        self.faults = faults
        self._told = service.config.parent / "told.jsonl"

    def shows(self, text: str, slug: str) -> bool:
        return text in self.service.get(f"/feeds/{slug}.atom").body.decode()

    def events(self, event: str, **of: Any) -> list[dict[str, Any]]:
        lines = [line for line in self.service.log.read_text("utf-8").splitlines() if line.startswith("{")]
        return [each for each in map(json.loads, lines) if each["event"] == event and of.items() <= each.items()]

    def has_tried(self, times: int) -> bool:
        return len(self.events("pool_started")) >= times

    def told(self, slug: str, state: str) -> list[str]:
        """What the hook was told of this feed."""
        calls = self._told.read_text("utf-8").splitlines() if self._told.exists() else []
        changes = [change for call in calls for change in json.loads(call)["changes"]]
        return [each["error"] for each in changes if (each["feed"], each["state"]) == (slug, state)]

    def trouble(self, slug: str) -> str:
        found = {each.name: each.detail for each in self.newsroom.runtime.checks() if not each.ok}
        return found.get(f"section {slug}", "")


@contextmanager
def site_at(url: str, folder: Path) -> Iterator[Site]:
    notify = folder / "notify"
    notify.write_text(f"#!/bin/sh\ncat >> {folder}/site/told.jsonl\necho >> {folder}/site/told.jsonl\n")
    notify.chmod(0o700)
    config = f"{CONFIG}alerts:\n  command: [{notify}]\n".replace("wait: 120s", "wait: 120s, feed: 2s")
    with newsroom_on(url, folder / "site", now, config) as newsroom:
        faults = folder / "faults"
        with serving_what_hangs(newsroom.runtime.settings.path, free_port(), faults) as service:
            wait_until(service.is_current, "all to be live")
            yield Site(newsroom, service, faults)
            assert "Traceback" not in service.log.read_text("utf-8")


def test_a_section_that_keeps_pythons_lock_and_one_that_crashes(sqlite_url: str, tmp_path: Path) -> None:
    """The worker is ended and started anew once; from then on what hangs is made apart, and harms nobody."""
    with site_at(sqlite_url, tmp_path) as site:
        for slug, fault, code in (("macro", "lock", -signal.SIGKILL), ("finance", "crash", -signal.SIGABRT)):
            (site.faults / slug).write_text(fault)
            site.newsroom.put(title="不行", sections=(slug,))
            wait_until(partial(site.events, "child_died", child="worker", exit_code=code), "it to be ended")
            died = len(site.events("child_died", child="worker"))
            wait_until(partial(site.told, slug, "failed"), "the hook to be told")
            wait_until(partial(site.trouble, slug), "health to tell")
            tried = len(site.events("pool_started"))
            wait_until(partial(site.has_tried, tried + 1), "it to be tried again, in a process of its own")
            site.newsroom.put(title=f"照常{slug}", sections=("science",))
            wait_until(partial(site.shows, f"照常{slug}", "science"), "another section")
            assert not site.shows("不行", slug)
            assert "blocked" in site.trouble(slug)
            assert len(site.events("child_died", child="worker")) == died
            (site.faults / slug).unlink()
            wait_until(partial(site.shows, "不行", slug), "it to be live")
            wait_until(partial(site.told, slug, "recovered"), "the hook to be told")
            wait_until(site.service.is_current, "all to be well")
        (hung,) = site.events("child_hung")
        assert (hung["child"], "macro" in hung["at_work"]) == ("worker", True)
        assert not (site.service.config.parent / "feeds" / ".hung").exists()


def test_a_web_process_that_keeps_pythons_lock_is_replaced(sqlite_url: str, tmp_path: Path) -> None:
    with site_at(sqlite_url, tmp_path) as site:
        feed = site.service.get("/feeds/science.rss").body
        with socket.create_connection(("127.0.0.1", int(site.service.url.rpartition(":")[2]))) as client:
            client.sendall(b"GET /hang HTTP/1.1\r\nHost: news.example.org\r\n\r\n")
            wait_until(lambda: site.events("web_process_died", exit_code=-signal.SIGPROF), "it to be ended")
        wait_until(site.service.is_up, "another one to answer")
        assert site.service.get("/feeds/science.rss").body == feed
        assert not site.events("child_died")
