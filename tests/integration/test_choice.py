"""Which articles a feed holds when some of them can't be had."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import create_engine, text
from structlog.testing import capture_logs

from engine import run
from feedsvc import choice
from feedsvc.choice import choose
from feedsvc.feed.formats import RENDERER
from feedsvc.presence import presence
from feedsvc.store import Store
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
    assert [event["slug"] for event in told] == ["macro"]
    assert bad.id in told[0]["reason"]
    check = next(check for check in runtime.checks() if check.name == "section macro")
    assert not check.ok
    assert bad.id in check.detail
    assert [article.id for article in runtime.store.list_articles()] == [good.id]
    assert newsroom.client.get("/sections/macro/").status_code == 200


def test_a_feed_holds_what_fits(newsroom: Newsroom, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = newsroom.runtime
    monkeypatch.setattr(choice, "MAX_TEXT_BYTES", 100)
    oldest = newsroom.put(content_html="<p>" + "甲" * 20 + "</p>")
    clock.advance(60)
    newest = newsroom.put(content_html="<p>" + "乙" * 20 + "</p>")

    chosen = choose(runtime.store, runtime.settings.feeds["macro"], RENDERER)

    assert [article.id for article in chosen.holdings.articles] == [newest.id]
    assert run(runtime, "macro").outcome == "published"
    (standing, *_) = presence(runtime.store, runtime.settings, runtime.folder_id, oldest)
    assert standing.standing == "beyond_limit"


def test_one_article_is_held_however_long(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "MAX_TEXT_BYTES", 1)
    article = newsroom.put()

    chosen = choose(newsroom.runtime.store, newsroom.runtime.settings.feeds["macro"], RENDERER)

    assert [each.id for each in chosen.holdings.articles] == [article.id]


def test_a_fault_of_ours_shows_in_health(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = newsroom.runtime
    newsroom.put()

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("the reader broke")

    monkeypatch.setattr(Store, "newest_live", fail)
    with pytest.raises(ZeroDivisionError):
        run(runtime, "macro")

    check = next(check for check in runtime.checks() if check.name == "section macro")
    assert (check.ok, "the reader broke" in check.detail) == (False, True)
