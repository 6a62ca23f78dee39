"""What a feed says of withdrawn articles: a notice in their place, or a tombstone; a false one is caught."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from lxml import etree

from examples import NOON, TOMBSTONES, errors, feed_of, full_article, history_feed, withdrawn_article
from feedsvc.feed.formats import FORMATS
from feedsvc.feed.namespaces import PREFIXES, XML_LANG
from feedsvc.model import Feed


@pytest.mark.parametrize(
    ("notice", "told"),
    [("内容未经核实 <详见声明>", "内容未经核实 <详见声明>"), (None, "编辑部已撤回本文，内容不再提供。")],
)
def test_a_notice_says_nothing_of_the_article(notice: str | None, told: str) -> None:
    before = full_article(1)
    (entry,) = feed_of(withdrawn_article(1, notice=notice)).entries
    assert (entry.entry_id, entry.published, entry.summary) == (before.entry_id, before.published, told)
    assert entry.updated > NOON
    assert entry.link == f"https://news.example.org/articles/{before.id}"
    kept = (entry.authors, entry.editor, entry.source, entry.image, entry.enclosures, entry.corrections)
    assert kept == ((), None, None, None, (), ())
    assert [each.term for each in entry.categories] == ["宏观"]
    assert not any(word in f"{entry.title}{entry.content_html}" for word in ("突破", "正文"))


@pytest.mark.parametrize("name", FORMATS)
def test_notices_and_tombstones_are_proved(name: str) -> None:
    feed = history_feed()
    assert errors(FORMATS[name].verify(FORMATS[name].render(feed), feed)) == []


def test_tombstones_stand_in_atom() -> None:
    root = etree.fromstring(FORMATS["atom"].render(history_feed()))
    written = [
        (gone.get("ref"), gone.findtext("at:comment", None, PREFIXES), [each.get(XML_LANG) for each in gone])
        for gone in root.iterfind("at:deleted-entry", PREFIXES)
    ]
    assert written == [
        ("urn:uuid:gone-1", "失实 <b> & 撤回", ["zh-Hant"]),
        ("https://old.example/?p=5&q=1", None, []),
        ("urn:uuid:gone-3", "一稿两投", [None]),
    ]


@pytest.mark.parametrize(
    ("pattern", "instead"),
    [
        ("gone-1", "gone-2"),
        ('when="[^"]*"', 'when="2026-03-01T00:00:00+00:00"'),
        ("失实", "属实"),
        ("zh-Hant", "zh-Hans"),
        ("<at:comment>.*?</at:comment>", ""),
        ("<at:deleted-entry .*?</at:deleted-entry>", ""),
    ],
)
def test_a_changed_tombstone_is_found(pattern: str, instead: str) -> None:
    feed = replace(history_feed(), entries=())
    content = FORMATS["atom"].render(feed).decode()
    assert errors(FORMATS["atom"].verify(content.encode(), feed)) == []
    changed = re.sub(pattern, instead, content, count=1)
    assert changed != content
    assert errors(FORMATS["atom"].verify(changed.encode(), feed))


@pytest.mark.parametrize("shown", [TOMBSTONES[:2], (*TOMBSTONES, replace(TOMBSTONES[0], entry_id="urn:uuid:gone-4"))])
def test_a_tombstone_too_few_or_too_many_is_found(shown: tuple[object, ...]) -> None:
    feed: Feed = history_feed()
    other = replace(feed, tombstones=shown)  # type: ignore[arg-type]
    assert FORMATS["atom"].verify(FORMATS["atom"].render(other), feed)
