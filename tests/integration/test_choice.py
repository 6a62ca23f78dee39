"""Which articles a feed holds when some of them can't be had."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from structlog.testing import capture_logs

from engine import run, settings_with, texts
from feedsvc.choice import MAX_TOMBSTONES, choose
from feedsvc.feed.formats import RENDERER
from feedsvc.model import Article, Holdings, Tombstone
from feedsvc.presence import presence
from feedsvc.publish import withdraw
from feedsvc.store import Questions
from newsroom import Newsroom


def break_row(url: str, article_id: str, change: str) -> None:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE article SET {change} WHERE id = :id").bindparams(id=article_id))
    engine.dispose()


@pytest.mark.parametrize(
    "change", ["authors = '[7]'", """enclosures = '[{"uri"\\: 1}]'""", """source = '{"x"\\: 1}'"""]
)
def test_a_row_that_is_no_article_is_left_out_and_told_of(newsroom: Newsroom, store_url: str, change: str) -> None:
    runtime = newsroom.runtime
    good, bad = newsroom.put(), newsroom.put()
    break_row(store_url, bad.id, change)

    with capture_logs() as events:
        results = [run(runtime, "macro"), run(runtime, "macro", force=True)]

    assert [(result.outcome, result.entries, result.error) for result in results] == [
        ("published", 1, None),
        ("unchanged", 1, None),
    ]
    told = [event for event in events if event["event"] == "article_unreadable"]
    assert [event["slug"] for event in told] == ["macro/archive/1", "macro"]
    assert bad.id in told[0]["reason"]
    check = next(check for check in runtime.checks() if check.name == "section macro")
    assert not check.ok
    assert bad.id in check.detail
    assert [article.id for article in runtime.store.list_articles()] == [good.id]
    assert newsroom.client.get("/sections/macro/").status_code == 200


def test_a_feed_holds_what_fits(newsroom: Newsroom, clock: Any) -> None:
    runtime = newsroom.runtime
    oldest = newsroom.put(content_html="<p>" + "甲" * 20 + "</p>")
    clock.advance(60)
    newest = newsroom.put(content_html="<p>" + "乙" * 20 + "</p>")

    settings = settings_with(runtime, "macro", max_bytes=100)

    with runtime.store.reading() as reading:
        chosen = choose(reading, settings.feeds["macro"], RENDERER)

    assert [article.id for article in chosen.holdings.articles] == [newest.id]
    assert runtime.regenerator.regenerate(settings, "macro").outcome == "published"
    (standing, *_) = presence(runtime.store, settings, runtime.folder_id, oldest)
    assert standing.standing == "beyond_limit"


def test_one_article_is_held_however_long(newsroom: Newsroom) -> None:
    article = newsroom.put()

    section = replace(newsroom.runtime.settings.feeds["macro"], max_bytes=1)
    with newsroom.runtime.store.reading() as reading:
        chosen = choose(reading, section, RENDERER)

    assert [each.id for each in chosen.holdings.articles] == [article.id]


def test_a_fault_of_ours_shows_in_health(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = newsroom.runtime
    newsroom.put()

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("the reader broke")

    monkeypatch.setattr(Questions, "newest", fail)
    with pytest.raises(ZeroDivisionError):
        run(runtime, "macro")

    check = next(check for check in runtime.checks() if check.name == "section macro")
    assert (check.ok, "the reader broke" in check.detail) == (False, True)


def test_a_minor_mend_moves_neither_its_date_nor_its_place(newsroom: Newsroom, clock: Any) -> None:
    times = [clock() - timedelta(days=days) for days in range(3)]
    for number, time in enumerate(times):
        newsroom.put(external_id=f"a{number}", published=time)
    newsroom.regenerate()
    before = texts(newsroom.runtime)
    clock.advance(60)
    newsroom.put(external_id="a1", published=times[1], title="雾中的码头", minor=True)
    newsroom.regenerate()

    after = texts(newsroom.runtime)

    assert len(after) == 3
    for name, document in after.items():
        head, middle, last = before[name].partition("雾中码头")[0], *before[name].split("雾中码头")[2:]
        first = before[name].split("雾中码头")[1]
        assert document == f"{head}雾中码头{first}雾中的码头{middle}雾中码头{last}"


# notices and tombstones


def holdings_of(newsroom: Newsroom, slug: str) -> Holdings:
    with newsroom.runtime.store.reading() as reading:
        return choose(reading, newsroom.runtime.settings.feeds[slug], RENDERER).holdings


def take_back(newsroom: Newsroom, article: Article, **said: Any) -> Article:
    return withdraw(newsroom.runtime.store, newsroom.runtime.clock, article.id, **said).article


def test_a_notice_stands_in_its_place_and_counts_as_one_of_the_newest(newsroom: Newsroom, clock: Any) -> None:
    articles = [newsroom.put(published=clock() - timedelta(hours=hours)) for hours in range(4)]
    gone = take_back(newsroom, articles[1], mode="notice")

    held = holdings_of(newsroom, "macro")

    assert held.articles == (articles[0], gone, articles[2])
    assert held.tombstones == ()


def test_a_tombstone_leaves_its_place_to_the_next(newsroom: Newsroom, clock: Any) -> None:
    articles = [newsroom.put(published=clock() - timedelta(hours=hours)) for hours in range(4)]
    gone = take_back(newsroom, articles[1], notice="未经核实。")

    held = holdings_of(newsroom, "macro")

    assert held.articles == (articles[0], articles[2], articles[3])
    assert held.tombstones == (Tombstone(entry_id=gone.entry_id, when=clock(), notice="未经核实。"),)


def test_the_newest_tombstones_are_kept_in_the_order_of_withdrawal(newsroom: Newsroom, clock: Any) -> None:
    articles = [newsroom.put(published=clock() - timedelta(hours=number)) for number in range(MAX_TOMBSTONES + 2)]
    for article in articles:
        clock.advance(60)
        take_back(newsroom, article)

    for slug in ("macro", "economy", "all"):
        buried = [tombstone.entry_id for tombstone in holdings_of(newsroom, slug).tombstones]
        assert buried == [article.entry_id for article in reversed(articles)][:MAX_TOMBSTONES]


def test_a_combination_shows_what_any_of_its_sections_shows(newsroom: Newsroom, clock: Any) -> None:
    both = [newsroom.put(sections=("macro", "finance")) for _ in range(MAX_TOMBSTONES + 1)]
    alone = newsroom.put(sections=("macro",))
    take_back(newsroom, alone)
    for article in both:
        clock.advance(60)
        take_back(newsroom, article, notice_sections=("finance",))

    assert len(holdings_of(newsroom, "macro").tombstones) == MAX_TOMBSTONES
    assert len(holdings_of(newsroom, "finance").articles) == len(both)
    combined = holdings_of(newsroom, "economy")
    assert len(combined.articles) == len(both)
    assert [tombstone.entry_id for tombstone in combined.tombstones] == [alone.entry_id]


def test_an_article_that_comes_back_has_no_tombstone(newsroom: Newsroom) -> None:
    gone = take_back(newsroom, newsroom.put(external_id="a1"))
    assert len(holdings_of(newsroom, "macro").tombstones) == 1

    back = newsroom.put(external_id="a1")

    assert back.id == gone.id
    assert holdings_of(newsroom, "macro") == Holdings(articles=(back,))


def test_what_is_chosen_is_of_one_moment(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several questions are asked for it: whatever happens in between, no entry stands beside its tombstone."""
    article = newsroom.put()
    real = Questions.newest

    def withdraw_in_between(self: Questions, *args: Any, **options: Any) -> list[Article]:
        if options.get("by") == "updated":
            take_back(newsroom, article)
        return real(self, *args, **options)

    monkeypatch.setattr(Questions, "newest", withdraw_in_between)

    assert holdings_of(newsroom, "macro") == Holdings(articles=(article,))
    monkeypatch.undo()
    assert [each.entry_id for each in holdings_of(newsroom, "macro").tombstones] == [article.entry_id]


def test_a_tombstone_that_nobody_can_write_stops_nothing(newsroom: Newsroom, store_url: str) -> None:
    runtime = newsroom.runtime
    good, bad = newsroom.put(), newsroom.put()
    take_back(newsroom, bad)
    other = take_back(newsroom, newsroom.put())
    break_row(store_url, bad.id, "entry_id = 'x\x01'")

    result = run(runtime, "macro")

    assert (result.outcome, result.entries) == ("published", 1)
    assert [finding.rule for finding in result.findings] == ["article.unreadable"]
    assert f"Article {bad.id} leaves no tombstone" in result.findings[0].message
    assert "U+0001 at character 2" in result.findings[0].message
    lying = runtime.folder.read("macro", "atom")
    assert lying is not None
    assert other.entry_id.encode() in lying.content
    assert good.entry_id.encode() in lying.content
