"""Documents lead to what is older, archives say what they are (RFC 5005 §4), and a false lead is caught."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from lxml import etree

from examples import MACRO, SECTIONS, SITE, article, errors, section_state
from feedsvc.feed.compose import compose
from feedsvc.feed.formats import FORMATS
from feedsvc.feed.namespaces import PREFIXES
from feedsvc.model import Feed, Holdings

ARTICLES = (article(1), article(2))
LIVE = Holdings(articles=ARTICLES, prev_archive=7)
ARCHIVE = Holdings(articles=ARTICLES, archive=7, prev_archive=6)
FIRST = Holdings(articles=(), archive=1)


def feed_of(holdings: Holdings) -> Feed:
    return compose(SITE, replace(MACRO, formats=("atom",)), section_state(), holdings, SECTIONS)


def links(content: bytes, path: str) -> dict[str, tuple[str, str | None]]:
    found = etree.fromstring(content).xpath(path, namespaces=PREFIXES)
    assert isinstance(found, list)
    return {link.get("rel"): (link.get("href"), link.get("type")) for link in found}  # type: ignore[union-attr,misc]


def test_a_live_document_leads_to_the_newest_archive() -> None:
    feed = compose(SITE, MACRO, section_state(), LIVE, SECTIONS)
    atom, rss = FORMATS["atom"].render(feed), FORMATS["rss"].render(feed)
    newest = ("https://news.example.org/feeds/macro/archive/7.atom", "application/atom+xml")
    assert links(atom, "/atom:feed/atom:link")["prev-archive"] == newest
    assert links(rss, "/rss/channel/atom:link")["prev-archive"] == newest
    assert "current" not in links(atom, "/atom:feed/atom:link")
    for name, content in (("atom", atom), ("rss", rss)):
        assert b"syndication/history" not in content
        assert errors(FORMATS[name].verify(content, feed)) == []


def test_an_archive_says_so_and_leads_on_and_back() -> None:
    feed = feed_of(ARCHIVE)
    content = FORMATS["atom"].render(feed)
    assert {rel: href for rel, (href, _) in links(content, "/atom:feed/atom:link").items()} == {
        "self": "https://news.example.org/feeds/macro/archive/7.atom",
        "alternate": "https://news.example.org/sections/macro/",
        "current": "https://news.example.org/feeds/macro.atom",
        "prev-archive": "https://news.example.org/feeds/macro/archive/6.atom",
    }
    root = etree.fromstring(content)
    assert len(root.findall("fh:archive", PREFIXES)) == 1
    assert root.findtext("atom:id", namespaces=PREFIXES) == section_state().feed_id
    assert errors(FORMATS["atom"].verify(content, feed)) == []


def test_the_first_archive_may_be_empty_and_leads_no_further() -> None:
    feed = feed_of(FIRST)
    content = FORMATS["atom"].render(feed)
    assert "prev-archive" not in links(content, "/atom:feed/atom:link")
    assert errors(FORMATS["atom"].verify(content, feed)) == []


@pytest.mark.parametrize(
    ("pattern", "instead"),
    [
        ('<link [^>]*rel="prev-archive"[^>]*>', ""),
        ('<link [^>]*rel="current"[^>]*>', ""),
        ("archive/6.atom", "archive/5.atom"),
        ("archive/7.atom", "archive/8.atom"),
        ('rel="current"', 'rel="next-archive"'),
        ("<fh:archive[^>]*>", ""),
    ],
)
def test_a_false_lead_is_found(pattern: str, instead: str) -> None:
    feed = feed_of(ARCHIVE)
    content = FORMATS["atom"].render(feed)
    changed = re.sub(pattern.encode(), instead.encode(), content, count=1)
    assert changed != content
    assert FORMATS["atom"].verify(changed, feed)


@pytest.mark.parametrize("name", ["atom", "rss"])
def test_a_lead_too_many_is_found(name: str) -> None:
    leading = compose(SITE, MACRO, section_state(), LIVE, SECTIONS)
    plain = replace(leading, prev_archive_url=None)
    assert FORMATS[name].verify(FORMATS[name].render(leading), plain)
    assert FORMATS[name].verify(FORMATS[name].render(plain), leading)
    archive = replace(plain, current_url="https://news.example.org/feeds/macro.atom")
    assert FORMATS[name].verify(FORMATS[name].render(archive), plain)
