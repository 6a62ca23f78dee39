"""A Chinese news article as structure: where it stands, who wrote it, in which script; the same in every format."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import feedparser
import pytest

from examples import FINANCE, MACRO, article, errors, feed_of
from feedsvc.feed.formats import FORMATS
from feedsvc.model import Author, Feed, Source

SECTIONS_URL, SITE_URL = "https://news.example.org/sections/", "https://news.example.org/"
BODY = (
    "<p>記者昨天從<ruby>松江<rt>Songjiang</rt></ruby>港了解到，第一期泊位「下月」通水。"
    + "貨輪每天三班，每班載 3.5 萬噸。" * 20
    + "</p>"
)
NEWS = article(
    1,
    title="松江港一期通水",
    summary=None,
    content_html=BODY,
    sections=("finance",),
    breadcrumb=("首頁", "財經", "航運/港口", "正文"),
    tags=("港口", "財經"),
    authors=(Author(name="單曉寧"), Author(name="鐘藝")),
    editor="hnmd003",
    source=Source(name="江畔報", url="https://paper.example/"),
)
FEED = feed_of(NEWS, section=replace(MACRO, include=("macro", "finance")))


def as_readers_see(name: str, feed: Feed = FEED) -> dict[str, Any]:
    content = FORMATS[name].render(feed)
    assert errors(FORMATS[name].verify(content, feed)) == []
    if name == "json":
        (item,) = json.loads(content)["items"]
        own = item["_feedsvc"]
        return {
            "categories": [(each["term"], each.get("scheme")) for each in own["categories"]],
            "authors": [each["name"] for each in item["authors"]],
            "editor": own["editor"],
            "source": (own["source"]["name"], own["source"]["url"]),
            "languages": (json.loads(content)["language"], item["language"]),
            "summary": item["summary"],
        }
    parsed = feedparser.parse(content)
    (entry,) = parsed.entries
    return {
        "categories": [(tag.term, tag.scheme) for tag in entry.tags],
        "authors": [each.name for each in entry.authors],
        "editor": entry.contributors[0].name,
        "source": (entry.dc_source, next(link.href for link in entry.links if link.rel == "via")),
        "languages": (parsed.feed.language, entry.get("language") or entry.title_detail.language),
        "summary": entry.summary,
    }


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_the_same(name: str) -> None:
    seen = as_readers_see(name)

    assert seen == {
        "categories": [
            ("財經", SECTIONS_URL),
            ("首頁/財經/航運／港口/正文", SITE_URL),
            ("港口", None),
            ("財經", None),
        ],
        "authors": ["單曉寧", "鐘藝"],
        "editor": "hnmd003",
        "source": ("江畔報", "https://paper.example/"),
        "languages": ("zh-Hans", "zh-Hant"),
        "summary": FEED.entries[0].summary,
    }
    assert seen["summary"].startswith("記者昨天從松江港了解到，第一期泊位「下月」通水。")
    assert seen["summary"].endswith("3.5 萬噸。")


@pytest.mark.parametrize("name", FORMATS)
def test_in_its_own_section_the_feed_says_the_language(name: str) -> None:
    feed = feed_of(NEWS, section=FINANCE)
    content = FORMATS[name].render(feed)

    assert content.count(b"zh-Hant") == 1
    assert errors(FORMATS[name].verify(content, feed)) == []


def test_json_tags_are_words_each_once_and_the_breadcrumb_is_a_list() -> None:
    (item,) = json.loads(FORMATS["json"].render(FEED))["items"]

    assert item["tags"] == ["財經", "港口"]
    assert item["_feedsvc"]["breadcrumb"] == ["首頁", "財經", "航運/港口", "正文"]
