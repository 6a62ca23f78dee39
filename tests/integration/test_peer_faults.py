"""What other publishing systems get wrong when they are polled, each fault by its name, and that it isn't here.

WordPress 6.1, Ghost 5.130 and Django 5.2 showed them; one test each.
"""

from __future__ import annotations

import http.client
import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import TestResponse

from newsroom import Newsroom, open_newsroom
from service import DEADLINE_SECONDS, Answer, Service, feedsvc, free_port, serving, wait_until

if TYPE_CHECKING:
    from integration.conftest import SettableClock

CONFIG = """\
site: {title: 江畔新闻, base_url: "https://news.example.org", language: zh-Hans}
sections:
  macro: {title: 宏观}
  finance: {title: 财经, formats: [rss, atom]}
  economy: {title: 经济, include: [macro, finance]}
"""
FEEDS = [f"/feeds/{slug}.{suffix}" for slug in ("macro", "economy", "all") for suffix in ("rss", "atom", "json")]
FEEDS += ["/feeds/finance.rss", "/feeds/finance.atom", "/feeds.opml"]
CODINGS = ("identity", "gzip", "br")
SUFFIXES = {"gzip": "gz", "br": "br"}


class Desk:
    """A running service, and who writes for it."""

    def __init__(self, service: Service, token: str) -> None:
        self.service = service
        self.token = token

    def send(self, method: str, key: str, article: Mapping[str, Any] | None = None) -> None:
        address = self.service.url.removeprefix("http://")
        connection = http.client.HTTPConnection(address, timeout=DEADLINE_SECONDS)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection.request(method, f"/api/v1/articles/{key}", json.dumps(article) if article else None, headers)
        assert connection.getresponse().status < 300
        connection.close()

    def put(self, key: str, **fields: Any) -> None:
        body = "<p>清晨六点，江畔的老码头已经热闹起来。</p>" * 20
        self.send("PUT", key, {"title": "雾中码头", "sections": ["macro"], "content_html": body, **fields})

    def change_config(self, old: str, new: str) -> None:
        text = self.service.config.read_text("utf-8")
        assert old in text
        self.service.config.write_text(text.replace(old, new), "utf-8")

    def is_shown(self, path: str, text: str) -> bool:
        return text in self.service.get(path).body.decode()

    def is_gone(self, path: str, text: str) -> bool:
        return not self.is_shown(path, text)

    def poll_all(self) -> dict[tuple[str, str], Answer]:
        """Every document in every coding."""
        return {
            (path, coding): self.service.get(path, {"Accept-Encoding": coding}) for path in FEEDS for coding in CODINGS
        }

    def settle(self) -> None:
        """Wait until every feed is as it should be, and served in each coding in which it lies there."""
        wait_until(self.service.is_current, "every feed to be live")
        wait_until(self.is_served_in_all_codings, "the compressed forms to be seen")

    def is_served_in_all_codings(self) -> bool:
        """A process that looked just before a twin came looks for it again in a second."""
        folder = self.service.config.parent / "feeds"
        for (path, coding), answer in self.poll_all().items():
            name = "index.opml" if path == "/feeds.opml" else path.removeprefix("/feeds/")
            is_there = coding in SUFFIXES and (folder / f"{name}.{SUFFIXES[coding]}").exists()
            if is_there != (answer.headers.get("content-encoding") == coding):
                return False
        return True


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    config = tmp_path_factory.mktemp("peers") / "config.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    token = feedsvc("--config", config, "token", "create", "--name", "desk").stdout.strip()
    with serving(config, free_port()) as service:
        desk = Desk(service, token)
        desk.put("a", authors=[{"name": "周文渡"}])
        desk.put("b", sections=["finance"])
        feeds = ("/feeds/economy.rss", "/feeds/all.rss")
        wait_until(lambda: {service.get(each).body.count(b"<item>") for each in feeds} == {2}, "the first articles")
        desk.settle()
        yield desk


@pytest.fixture
def newsroom(tmp_path: Path, clock: SettableClock, sqlite_url: str) -> Iterator[Newsroom]:
    with open_newsroom(tmp_path, clock) as newsroom:
        yield newsroom


def conditions(answer: Answer | TestResponse) -> list[dict[str, str]]:
    """What a client says that has this."""
    tag, date = answer.headers["etag"], answer.headers["last-modified"]
    return [
        {"If-None-Match": tag},
        {"If-Modified-Since": date},
        {"If-None-Match": tag, "If-Modified-Since": date},
    ]


def assert_replaced(get: Callable[..., Any], path: str, old: Answer | TestResponse) -> None:
    """Whatever of the old state a client shows, it gets the new one."""
    for shown in conditions(old):
        for coding in CODINGS:
            answer = get(path, headers=shown | {"Accept-Encoding": coding})
            status = answer.status_code if isinstance(answer, TestResponse) else answer.status
            assert status == 200, (path, shown, coding)
            for name in ("etag", "last-modified"):
                assert answer.headers[name].removeprefix("W/") != old.headers[name].removeprefix("W/")


@pytest.mark.parametrize("seconds", [0, -3600], ids=["two edits in one second", "a clock set back"])
def test_wordpress_304_after_an_edit_whose_time_is_not_later(
    newsroom: Newsroom, clock: SettableClock, seconds: int
) -> None:
    newsroom.put(external_id="a")
    newsroom.regenerate()
    before = newsroom.client.get("/feeds/macro.rss")
    for title in ("改了一次", "又改一次"):
        clock.set(clock() + timedelta(seconds=seconds))
        newsroom.put(external_id="a", title=title)
        newsroom.regenerate()
        assert_replaced(newsroom.client.get, "/feeds/macro.rss", before)
        after = newsroom.client.get("/feeds/macro.rss")
        assert title in after.get_data(as_text=True)
        assert after.last_modified is not None
        assert before.last_modified is not None
        assert after.last_modified > before.last_modified
        before = after


@pytest.mark.parametrize(
    ("what", "old", "new"),
    [("the site's title", "江畔新闻", "江边新闻"), ("a section's title", "宏观", "宏观经济")],
)
def test_wordpress_304_after_a_change_of(desk: Desk, what: str, old: str, new: str) -> None:
    before = {path: desk.service.get(path) for path in FEEDS}
    showing = [path for path, answer in before.items() if old in answer.body.decode()]
    assert len(showing) >= 4, what
    desk.change_config(f"title: {old}", f"title: {new}")
    for path in showing:
        wait_until(partial(desk.is_shown, path, new), f"{path} to show it")
        assert_replaced(desk.service.get, path, before[path])
    desk.settle()


def test_wordpress_304_after_an_author_is_renamed(desk: Desk) -> None:
    before = {path: desk.service.get(path) for path in FEEDS}
    showing = [path for path, answer in before.items() if "周文渡" in answer.body.decode()]
    assert {path.rpartition(".")[2] for path in showing} == {"rss", "atom", "json"}
    desk.put("a", authors=[{"name": "周文舟"}])
    for path in showing:
        wait_until(partial(desk.is_shown, path, "周文舟"), f"{path} to show it")
        assert_replaced(desk.service.get, path, before[path])
    desk.put("a", authors=[{"name": "周文渡"}])
    wait_until(lambda: "周文渡" in desk.service.get(showing[0]).body.decode(), "the name to be back")
    desk.settle()


def test_wordpress_304_after_the_newest_article_is_withdrawn(desk: Desk) -> None:
    desk.put("newest", title="不该发的")
    paths = [path for path in FEEDS if not path.startswith(("/feeds/finance", "/feeds.opml"))]
    for path in paths:
        wait_until(partial(desk.is_shown, path, "不该发的"), f"{path} to show it")
    desk.settle()
    before = {path: desk.service.get(path) for path in paths}
    desk.send("DELETE", "newest")
    for path in paths:
        wait_until(partial(desk.is_gone, path, "不该发的"), f"{path} without it")
        assert_replaced(desk.service.get, path, before[path])
    desk.settle()


def test_ghost_200_after_a_restart(desk: Desk, tmp_path: Path) -> None:
    """Nor after everything is made anew, and not from a second process or another copy of the site."""
    before = desk.poll_all()
    feedsvc("--config", desk.service.config, "regenerate", "--all")
    assert_same(desk, before)
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(desk.service.config, copy)
    with ExitStack() as databases:
        old, new = (
            databases.enter_context(closing(sqlite3.connect(folder / "feedsvc.db")))
            for folder in (desk.service.config.parent, copy)
        )
        old.backup(new)  # whole, though the worker writes
    with ExitStack() as stack:
        beside = stack.enter_context(serving(desk.service.config, free_port(), "--no-scheduler"))
        assert_same(Desk(beside, desk.token), before)
    with serving(copy / "config.yaml", free_port(), "--workers", "2") as elsewhere:
        other = Desk(elsewhere, desk.token)
        other.settle()
        assert_same(other, before)


def assert_same(desk: Desk, before: Mapping[tuple[str, str], Answer]) -> None:
    """The same bytes under the same names, for whoever asks in whatever way."""
    for (path, coding), old in before.items():
        new = desk.service.get(path, {"Accept-Encoding": coding})
        assert (new.status, new.body) == (200, old.body), (path, coding)
        for name in ("etag", "last-modified", "content-length", "cache-control"):
            assert new.headers[name] == old.headers[name], (path, coding)
        for shown in conditions(old):
            answer = desk.service.get(path, shown | {"Accept-Encoding": coding})
            assert (answer.status, answer.body) == (304, b""), (path, coding, shown)


def test_wordpress_200_to_a_tag_that_a_proxy_made_weak(desk: Desk) -> None:
    for path in FEEDS:
        digest = desk.service.get(path).headers["etag"]
        assert re.fullmatch(r'"[0-9a-f]{32}"', digest)
        for accepted in ({}, {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "gzip, deflate, br, zstd"}):
            for shown in (digest, f"W/{digest}"):
                answer = desk.service.get(path, accepted | {"If-None-Match": shown})
                assert (answer.status, answer.body) == (304, b""), (path, accepted, shown)


def test_wordpress_200_to_the_list_that_a_cache_sends(desk: Desk) -> None:
    digest = desk.service.get("/feeds/macro.rss").headers["etag"]
    for shown in (f'W/"0123", {digest}, "x"', f'"a,b",W/{digest}', f'{digest} , "x"', "*"):
        assert desk.service.get("/feeds/macro.rss", {"If-None-Match": shown}).status == 304, shown
    for shown in ('W/"0123", "x"', digest.strip('"'), f'"x{digest[1:]}', ""):
        assert desk.service.get("/feeds/macro.rss", {"If-None-Match": shown}).status == 200, shown


def test_django_compressed_bytes_that_differ_between_two_polls(desk: Desk) -> None:
    assert {path: answer.body for path, answer in desk.poll_all().items()} == {
        path: answer.body for path, answer in desk.poll_all().items()
    }
    coded = {coding: desk.service.get("/feeds/macro.rss", {"Accept-Encoding": coding}).headers for coding in CODINGS}
    assert [headers.get("content-encoding") for headers in coded.values()] == [None, "gzip", "br"]
    assert len({headers["content-length"] for headers in coded.values()}) == 3
