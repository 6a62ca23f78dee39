"""What the last publication left at hand counts only as long as what it was made from is as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from damage import open_database, write_cell
from engine import regenerator, run, texts
from feedsvc import publish
from feedsvc.feed.formats import RENDERER
from feedsvc.model import IN_PLACE, Article, Image, Quarantined
from feedsvc.store import KnownRows, Store
from feedsvc.tray import Tray, Trays

if TYPE_CHECKING:
    from newsroom import Newsroom

SECTIONS = ("macro",)


@pytest.fixture
def write(store_url: str) -> Iterator[Callable[[Article, str, Any], bool]]:
    """Write a cell past the store, without a word to anybody: no revision, no generation."""
    engine = open_database(store_url)
    yield lambda article, column, value: write_cell(engine, article.id, column, value)
    engine.dispose()


def newest(store: Store, rows: KnownRows) -> list[Article]:
    found = store.newest(SECTIONS, 10, IN_PLACE, rows=rows)
    rows.settle()
    return found


def test_of_the_same_row_the_very_same_article_is_taken(newsroom: Newsroom) -> None:
    store, rows = newsroom.runtime.store, KnownRows()
    put = [newsroom.put(title=title) for title in ("一", "二")]
    before = newest(store, rows)
    again = newest(store, rows)
    assert [each.id for each in again] == [each.id for each in reversed(put)]
    assert all(one is other for one, other in zip(before, again, strict=True))


CHANGES = [
    ("title", "另一个题目"),
    ("content_html", "<p>别的</p>"),
    ("authors", '[{"name": "别人"}]'),
    ("tags", '["新"]'),
    ("image", '{"url": "https://x.example/a.png", "width": 2}'),
    ("is_permalink", True),
    ("updated", 1_800_000_000),
    ("revision", 7),
]


@pytest.mark.parametrize(("column", "value"), CHANGES)
def test_a_row_that_another_hand_changed_is_read_anew(newsroom: Newsroom, write: Any, column: str, value: Any) -> None:
    store, rows = newsroom.runtime.store, KnownRows()
    article = newsroom.put(image=Image(url="https://x.example/a.png", width=1))
    [before] = newest(store, rows)
    assert write(article, column, value)
    [now] = newest(store, rows)
    assert getattr(now, column) != getattr(before, column)
    assert now == store.article(article.id)


def test_a_row_that_reads_alike_and_is_none_is_told(newsroom: Newsroom, write: Any) -> None:
    """In Python `true` equals 1; in a database it is no number of pixels."""
    rows = KnownRows()
    article = newsroom.put(image=Image(url="https://x.example/a.png", width=1))
    newest(newsroom.runtime.store, rows)
    assert write(article, "image", '{"url": "https://x.example/a.png", "width": true}')
    broken: list[str] = []
    assert newsroom.runtime.store.newest(SECTIONS, 10, IN_PLACE, rows=rows, broken=broken) == []
    assert "image.width" in broken[0]


def test_what_another_hand_changed_shows_with_the_next_news(newsroom: Newsroom, write: Any, clock: Any) -> None:
    runtime = newsroom.runtime
    article = newsroom.put(title="原来的题目")
    run(runtime)
    assert write(article, "title", "改了的题目")
    clock.advance(60)
    newsroom.put(title="新闻")
    assert run(runtime).outcome == "published"
    for text in texts(runtime).values():
        assert "改了的题目" in text
        assert "原来的题目" not in text


def test_what_is_at_hand_and_goes_beyond_bounds_now_is_not_parsed(newsroom: Newsroom, write: Any, clock: Any) -> None:
    runtime = newsroom.runtime
    article = newsroom.put(title="好的")
    run(runtime)
    assert write(article, "content_html", "<div>" * 50_000)
    clock.advance(60)
    newsroom.put(title="新闻")
    result = run(runtime)
    assert (result.outcome, result.entries, result.quarantined) == ("published", 1, (article.id,))


def test_what_is_at_hand_and_in_quarantine_is_left_out(newsroom: Newsroom, clock: Any) -> None:
    runtime = newsroom.runtime
    article = newsroom.put(title="好的")
    run(runtime)
    item = Quarantined(article_id=article.id, revision=1, reason="坏", renderer=RENDERER, since=clock())
    with runtime.store.write() as tx:
        tx.quarantine(item)
    clock.advance(60)
    newsroom.put(title="新闻")
    assert run(runtime).quarantined == (article.id,)
    assert "好的" not in texts(runtime)["rss"]


def test_withdrawn_by_another_process_it_is_gone(newsroom: Newsroom, clock: Any) -> None:
    runtime = newsroom.runtime
    article = newsroom.put(title="好的")
    run(runtime)
    clock.advance(60)
    other = Store.open(runtime.settings.database_url)
    publish.withdraw(other, clock, article.id)
    other.close()
    assert run(runtime).entries == 0
    assert "好的" not in texts(runtime)["rss"]


def test_another_setting_shows_in_what_is_at_hand(newsroom: Newsroom, clock: Any) -> None:
    """A section's title is a category of its articles, the address of the site is in their links."""
    runtime = newsroom.runtime
    newsroom.put(title="好的")
    run(runtime)
    settings = runtime.settings
    macro = replace(settings.sections["macro"], title="大局")
    changed = replace(settings, sections={**settings.sections, "macro": macro})
    clock.advance(60)
    runtime.regenerator.regenerate(changed, "macro")
    assert '<category domain="https://news.example.org/sections/">大局</category>' in texts(runtime)["rss"]
    moved = replace(settings, site=replace(settings.site, base_url="https://new.example.org"))
    clock.advance(60)
    runtime.regenerator.regenerate(moved, "macro")
    assert "https://news.example.org/articles/" not in texts(runtime)["rss"]


def test_each_feed_has_its_own_view_of_an_article(newsroom: Newsroom, clock: Any) -> None:
    runtime = newsroom.runtime
    newsroom.put(title="好的", sections=("macro", "finance"))
    for _ in range(2):
        for slug in ("macro", "finance", "economy", "all"):
            run(runtime, slug)
        clock.advance(60)
        newsroom.put(title="新闻", sections=("macro", "finance"))
    fresh = regenerator(runtime)
    for slug in ("macro", "finance", "economy", "all"):
        run(runtime, slug)
        before = texts(runtime, slug)
        assert fresh.regenerate(runtime.settings, slug, force=True).outcome == "unchanged"
        assert texts(runtime, slug) == before


def test_trays_go_in_the_order_in_which_they_were_put_back(newsroom: Newsroom) -> None:
    newsroom.put(title="字" * 1000)
    trays = Trays(most_bytes=15_000)
    filled = {}
    for slug in ("a", "b", "c"):
        tray = filled[slug] = trays.take(slug)
        newsroom.runtime.store.newest(SECTIONS, 10, IN_PLACE, rows=tray.rows)
        trays.put_back(slug, tray)
    assert trays.take("a") is not filled["a"]
    assert trays.take("c") is filled["c"]
    assert trays.take("c") is not filled["c"], "who has it has it alone"
    trays.put_back("c", filled["c"])
    assert trays.take("b") is filled["b"]


def test_one_that_is_too_large_is_not_kept(newsroom: Newsroom) -> None:
    newsroom.put()
    trays, tray = Trays(most_bytes=100), Tray()
    newsroom.runtime.store.newest(SECTIONS, 10, IN_PLACE, rows=tray.rows)
    trays.put_back("a", tray)
    assert trays.take("a") is not tray
