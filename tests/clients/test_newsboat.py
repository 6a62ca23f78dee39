"""newsboat, a feed reader for terminals, sees what the store holds, and asks no more than it must."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from pathlib import Path

import pytest

from feedsvc.model import Feed
from newsboat import Newsboat
from readers import Proxy, words
from service import Service, feedsvc, wait_until

SLUGS = ("macro", "finance", "tech", "culture", "world", "briefing", "economy", "all")


@pytest.fixture
def subscribe(newsboat: str, home: Path) -> Callable[..., Newsboat]:
    """newsboat with these subscriptions."""
    return lambda *urls: Newsboat(newsboat, home, list(urls))


@pytest.mark.parametrize("name", [f"{slug}.{suffix}" for slug in SLUGS for suffix in ("rss", "atom")])
def test_shows_what_the_store_holds(
    subscribe: Callable[..., Newsboat], service: Service, stored: Callable[[str], Feed], name: str
) -> None:
    """One feed each time: an article of several subscribed feeds is kept in one of them only."""
    url = f"{service.url}/feeds/{name}"
    reader = subscribe(url)
    unread = reader.reload()
    feed = stored(name.partition(".")[0])
    assert feed.entries
    assert unread == f"{len(feed.entries)} unread articles"
    assert reader.title(url) == feed.title
    shown = {item.guid: item for item in reader.items(url)}
    assert set(shown) == {entry.entry_id for entry in feed.entries}
    for entry in feed.entries:
        item = shown[entry.entry_id]
        assert item.title == entry.title
        assert item.link == entry.link
        assert item.published == entry.published.timestamp()
        assert words(item.content) == words(entry.content_html or entry.summary)
        assert item.enclosure == next(((each.url, each.type) for each in entry.enclosures), ("", ""))


def test_the_enclosure_answers(subscribe: Callable[..., Newsboat], service: Service) -> None:
    url = f"{service.url}/feeds/briefing.rss"
    reader = subscribe(url)
    reader.reload()
    (item,) = reader.items(url)
    address, media_type = item.enclosure
    answer = service.get(address.removeprefix(service.url))
    assert (answer.status, answer.headers["content-type"]) == (http.client.OK, media_type)
    assert answer.body.startswith(b"\xff")


@pytest.mark.parametrize("suffix", ["rss", "atom"])
def test_gets_304_from_its_third_reload(subscribe: Callable[..., Newsboat], front_proxy: Proxy, suffix: str) -> None:
    proxy = front_proxy
    paths = [f"/feeds/{slug}.{suffix}" for slug in SLUGS]
    reader = subscribe(*(proxy.url + path for path in paths))
    for _ in range(2):
        reader.reload()
        for exchange in proxy.take():
            assert exchange.status == (http.client.NOT_MODIFIED if exchange.is_conditional else http.client.OK)
    reader.reload()
    third = proxy.take()
    assert sorted(exchange.path for exchange in third) == sorted(paths)
    assert {(exchange.is_conditional, exchange.status) for exchange in third} == {(True, http.client.NOT_MODIFIED)}


def test_a_corrected_article_is_no_second_one(
    subscribe: Callable[..., Newsboat], service: Service, proxy: Proxy
) -> None:
    article_id = feedsvc(
        *("--config", service.config, "article", "add", "--section", "world"),
        *("--title", "The bridge opens on Munday", "--summary", "Four lanes."),
    ).stdout.strip()
    path = "/feeds/world.atom"
    wait_until(lambda: b"on Munday" in service.get(path).body, "the new article to be live")
    reader = subscribe(proxy.url + path)
    for _ in range(3):
        reader.reload()
    count = len(reader.items(proxy.url + path))
    assert proxy.take()[-1].status == http.client.NOT_MODIFIED

    feedsvc("--config", service.config, "article", "edit", article_id, "--set", "title=The bridge opens on Monday")
    wait_until(lambda: b"on Monday" in service.get(path).body, "the correction to be live")
    reader.reload()
    assert [(exchange.is_conditional, exchange.status) for exchange in proxy.take()] == [(True, http.client.IM_USED)]
    titles = [item.title for item in reader.items(proxy.url + path)]
    assert len(titles) == count
    assert "The bridge opens on Monday" in titles
    assert "The bridge opens on Munday" not in titles


@pytest.mark.parametrize("suffix", ["rss", "atom"])
def test_is_sent_the_new_article_alone_and_keeps_the_others(
    subscribe: Callable[..., Newsboat], service: Service, front_proxy: Proxy, suffix: str
) -> None:
    """It asks with `A-IM: feed`, merges what a 226 brings, and shows the new ETag the next time (RFC 3229)."""
    proxy = front_proxy
    path, title = f"/feeds/culture.{suffix}", f"A lantern fair, as {suffix} from {proxy.url}"
    reader = subscribe(proxy.url + path)
    for _ in range(3):
        reader.reload()
    before = reader.items(proxy.url + path)
    assert proxy.take()[-1].status == http.client.NOT_MODIFIED
    feedsvc(
        *("--config", service.config, "article", "add", "--section", "culture"),
        *("--title", title, "--summary", "Along the river."),
    )
    wait_until(lambda: title.encode() in service.get(path).body, "the new article to be live")
    reader.reload()
    reader.reload()
    assert [exchange.status for exchange in proxy.take()] == [http.client.IM_USED, http.client.NOT_MODIFIED]
    after = reader.items(proxy.url + path)
    assert {item.guid for item in before} < {item.guid for item in after}
    assert [item.title for item in after if item not in before] == [title]
