"""Corrected articles come back into the live document, and can't push the news out of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from examples import MACRO, NOON, article
from feedsvc import choice
from feedsvc.choice import choose
from feedsvc.feed.formats import RENDERER
from feedsvc.model import Article, Quarantined
from newsroom import Newsroom

if TYPE_CHECKING:
    from integration.conftest import SettableClock


def titles(newsroom: Newsroom, **changes: object) -> list[str]:
    section = replace(newsroom.runtime.settings.feeds["macro"], **changes)  # type: ignore[arg-type]
    with newsroom.runtime.store.reading() as reading:
        return [each.title for each in choose(reading, section, RENDERER).holdings.articles]


def test_a_corrected_article_comes_back_to_its_place(newsroom: Newsroom, clock: SettableClock) -> None:
    for number in range(12):
        newsroom.put(external_id=f"a{number}", title=f"第{number}篇")
        clock.advance(60)
    assert titles(newsroom, limit=5) == ["第11篇", "第10篇", "第9篇", "第8篇", "第7篇"]
    newsroom.put(external_id="a2", title="更正")
    assert titles(newsroom, limit=5) == ["第11篇", "第10篇", "第9篇", "第8篇", "更正"]
    assert titles(newsroom, limit=1) == ["第11篇"]
    newsroom.put(external_id="a4", title="小改", minor=True)
    assert titles(newsroom, limit=5) == ["第11篇", "第10篇", "第9篇", "第8篇", "更正"]
    for number in range(12, 15):
        clock.advance(60)
        newsroom.put(external_id=f"a{number}", title=f"第{number}篇")
    clock.advance(60)
    newsroom.put(external_id="a15", title="第15篇")
    assert titles(newsroom, limit=5) == ["第15篇", "第14篇", "第13篇", "第12篇", "更正"], "it is newer than the 11th"
    clock.advance(60)
    newsroom.put(external_id="a16", title="第16篇")
    assert titles(newsroom, limit=5) == ["第16篇", "第15篇", "第14篇", "第13篇", "第12篇"]


def test_a_mass_of_old_articles_sent_anew_takes_a_fifth(newsroom: Newsroom, clock: SettableClock) -> None:
    for number in range(30):
        newsroom.put(external_id=f"a{number}", title=f"第{number}篇")
        clock.advance(60)
    for number in range(15):
        newsroom.put(external_id=f"a{number}", title=f"重发{number}")
        clock.advance(1)
    assert titles(newsroom, limit=10) == [*(f"第{number}篇" for number in range(29, 21, -1)), "重发14", "重发13"]


def test_one_in_quarantine_gives_its_seat_to_the_next(newsroom: Newsroom, clock: SettableClock) -> None:
    for number in range(9):
        newsroom.put(external_id=f"a{number}", title=f"第{number}篇")
        clock.advance(60)
    newsroom.put(external_id="a1", title="更正一")
    clock.advance(60)
    bad = newsroom.put(external_id="a2", title="更正二")
    assert titles(newsroom, limit=3) == ["第8篇", "第7篇", "更正二"]
    item = Quarantined(article_id=bad.id, revision=bad.revision, reason="坏", renderer=RENDERER, since=clock())
    with newsroom.runtime.store.write() as tx:
        tx.quarantine(item)
    assert titles(newsroom, limit=3) == ["第8篇", "第7篇", "更正一"]


def test_who_does_not_fit_is_the_older_news_before_the_correction(newsroom: Newsroom, clock: SettableClock) -> None:
    for number in range(9):
        newsroom.put(external_id=f"a{number}", title=f"第{number}篇", content_html="<p>文</p>")
        clock.advance(60)
    newsroom.put(external_id="a1", title="更正", content_html="<p>文</p>")
    assert titles(newsroom, limit=5, max_bytes=50) == ["第8篇", "第7篇", "第6篇", "第5篇", "更正"]
    assert titles(newsroom, limit=5, max_bytes=39) == ["第8篇", "第7篇", "第6篇"]


minutes = st.integers(0, 40).map(lambda minute: NOON + timedelta(minutes=minute))


@given(st.lists(st.tuples(minutes, minutes), max_size=25), st.integers(1, 12))
def test_the_newest_always_keep_four_fifths(times: list[tuple[datetime, datetime]], limit: int) -> None:
    """The rule itself, on plain values: whoever was corrected last and is not among the newest has a seat."""
    section = replace(MACRO, limit=limit)
    stored = [
        article(number, published=published, updated=max(published, updated))
        for number, (published, updated) in enumerate(times, 1)
    ]

    def newest(by: str, more: int = 0) -> list[Article]:
        return sorted(stored, key=lambda each: (getattr(each, by), each.seq), reverse=True)[: limit + more]

    seats = choice._seats(section)
    chosen = choice._seat(section, newest("published"), newest("updated", seats))

    assert len(chosen) == len({each.id for each in chosen}) == min(limit, len(stored))
    assert newest("published")[: limit - seats] == chosen[: limit - seats]
    oldest = min((each.published for each in newest("published") if each.published), default=NOON)
    late = [
        each
        for each in sorted(stored, key=lambda each: (each.updated, each.seq), reverse=True)
        if each.updated and each.published and each.updated > max(each.published, oldest)
    ]
    outside = [each for each in late if each not in newest("published")[: limit - seats]]
    assert {each.id for each in outside[:seats]} <= {each.id for each in chosen}


def test_each_correction_has_its_seat_whatever_news_came_since(newsroom: Newsroom, clock: SettableClock) -> None:
    def put(number: int, title: str) -> None:
        newsroom.put(external_id=f"a{number}", title=title)
        clock.advance(60)

    for number in range(3):
        put(number, f"第{number}篇")
    put(0, "更正零")
    put(1, "更正一")
    for number in range(3, 12):
        put(number, f"第{number}篇")
    assert titles(newsroom, limit=10) == [*(f"第{number}篇" for number in range(11, 3, -1)), "更正一", "更正零"]
