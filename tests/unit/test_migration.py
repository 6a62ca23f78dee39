"""What a subscriber of the old feed would see: judged by ids, and told why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from examples import article, feed_of
from feedsvc.migration import Fate, Kind, OldEntry, compare, is_flooding
from feedsvc.model import Article, ArticleInput


def old(number: int, **changes: Any) -> OldEntry:
    """The example article of that number as the old feed had it."""
    one = article(number)
    fields: dict[str, Any] = {
        "entry_id": one.entry_id,
        "title": one.title,
        "summary": one.summary,
        "content_html": one.content_html,
        "published": one.published,
        "sections": one.sections,
    }
    return OldEntry(place=f"entry {number}", article=ArticleInput(**fields | changes))


def judge(before: list[OldEntry], *articles: Article, **whereabouts: str) -> tuple[Fate, ...]:
    return compare(before, feed_of(*articles), whereabouts)


def kinds(fates: tuple[Fate, ...]) -> list[Kind]:
    return [fate.kind for fate in fates]


def test_the_same_ids_that_say_the_same() -> None:
    fates = judge([old(1), old(2)], article(1), article(2))
    assert kinds(fates) == ["same", "same"]
    assert not is_flooding(fates)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"title": "另一个"}, "its title was '另一个'"),
        ({"link": "https://old.example/1"}, "its link was https://old.example/1"),
        ({"published": article(2).published}, "its time was 2026-03-01T10:00:00+00:00"),
        ({"content_html": "<p>另</p>"}, "its text differs"),
        ({"content_html": None}, "its text differs"),
        ({"summary": "另"}, "its text differs"),
    ],
)
def test_what_changed_under_the_same_id_is_named(changes: dict[str, Any], reason: str) -> None:
    (fate,) = judge([old(1, **changes)], article(1))
    assert (fate.kind, fate.reason) == ("changed", reason)
    assert not is_flooding((fate,))


def test_a_summary_in_the_place_of_the_text_is_named() -> None:
    (fate,) = judge([old(1)], article(1, content_html=None))
    assert fate.reason == "it had its whole text, and has a summary only"


def test_what_an_old_feed_did_not_say_is_no_change() -> None:
    (fate,) = judge([old(1, published=None, link=None, summary=None)], article(1, link="https://new.example/1"))
    assert fate.kind == "same"


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({"link": "http://Old.example/%e4%b8%ad/"}, {"link": "https://old.example/中", "title": "改了"}),
        ({"title": "第 1  篇文章"}, {}),
        ({"title": "第 1 篇文章", "published": None}, {}),
    ],
)
def test_the_same_story_under_another_id_would_come_twice(before: dict[str, Any], now: dict[str, Any]) -> None:
    fates = judge([old(1, entry_id="urn:old:1", **before)], article(1, **now))
    assert kinds(fates) == ["twice", "gone"]
    assert (fates[0].old_id, fates[0].article_id) == ("urn:old:1", "article1")
    assert fates[1].reason == "is not stored; article article1 is the same story under another id"
    assert is_flooding(fates)


def test_a_second_copy_of_what_was_imported_would_come_twice() -> None:
    copy = article(2, title=article(1).title, published=article(1).published)
    fates = judge([old(1)], article(1), copy)
    assert kinds(fates) == ["same", "twice"]


def test_a_column_of_the_same_name_is_a_new_story() -> None:
    weekly = article(60, title="早报")
    (fate, gone) = judge([old(1, entry_id="urn:old:1", title="早报")], weekly)
    assert (fate.kind, gone.kind) == ("new", "gone")
    assert not is_flooding((fate, gone))


def test_what_is_gone_is_told_with_the_reason() -> None:
    before = [old(1), old(2, entry_id="draft"), OldEntry(place="entry 3", refusal="entry_id: is too long")]
    fates = compare(before, feed_of(article(1)), {"draft": "is a draft"})
    assert [(fate.kind, fate.reason, fate.place) for fate in fates[1:]] == [
        ("gone", "is a draft", "entry 2"),
        ("refused", "entry_id: is too long", "entry 3"),
    ]


def test_an_old_entry_without_id_is_no_ones() -> None:
    nameless = replace(old(1), article=replace(old(1).article or ArticleInput(title="", sections=()), entry_id=None))
    assert kinds(judge([nameless])) == ["gone"]
