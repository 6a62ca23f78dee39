"""Same feed, same bytes; what can't be written is named; every field in every format that has a place for it."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from examples import FINANCE, MACRO, SITE, article, errors, example_feed, feed_of, full_article
from feedsvc.errors import RenderError
from feedsvc.feed import opml
from feedsvc.feed.formats import FORMATS
from feedsvc.feed.namespaces import PREFIXES
from feedsvc.model import Author, Enclosure

GOLDEN = Path(__file__).parent.parent / "golden"


@pytest.mark.parametrize("name", FORMATS)
def test_the_document_is_the_golden_one(name: str) -> None:
    """To take over an intended change: FEEDSVC_WRITE_GOLDEN=1 make test, then read the difference."""
    content = FORMATS[name].render(example_feed())
    golden = GOLDEN / f"example.{name}"
    if os.environ.get("FEEDSVC_WRITE_GOLDEN"):
        golden.write_bytes(content)

    assert content == golden.read_bytes()


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_a_golden_document(name: str) -> None:
    assert (GOLDEN / f"example.{name}").is_file()


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_feed_gives_the_same_bytes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = FORMATS[name].render(example_feed())
    monkeypatch.setenv("TZ", "America/New_York")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")

    assert FORMATS[name].render(example_feed()) == first


@pytest.mark.parametrize("name", ["rss", "atom"])
@pytest.mark.parametrize("broken", ["\x00", "\x0b", "\ufffe", "\ud800"])
def test_an_entry_that_xml_cannot_carry_is_named(name: str, broken: str) -> None:
    feed = feed_of(article(1), article(2, title=f"坏{broken}了"), article(3))

    with pytest.raises(RenderError) as caught:
        FORMATS[name].render(feed)

    assert caught.value.entry_id == feed.entries[1].entry_id
    assert caught.value.format == name
    code = f"U+{ord(broken):04X}"
    assert caught.value.reason == (
        f"title holds {code} at character 2 (“坏‹{code}›了”), which no feed can carry; remove it"
    )


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_a_place_deep_in_an_entry_is_named(name: str) -> None:
    feed = feed_of(article(1, authors=(Author(name="钟艺"), Author(name="吴\x01"))))

    with pytest.raises(RenderError, match=r"authors\[1\].name holds U\+0001 at character 2"):
        FORMATS[name].render(feed)


def test_an_empty_title_is_named() -> None:
    with pytest.raises(RenderError, match="the title is empty"):
        FORMATS["atom"].render(feed_of(article(1, title="")))


def test_what_nobody_foresaw_is_told_as_it_was_raised() -> None:
    broken = replace(feed_of(article(1)).entries[0], editor=17)  # type: ignore[arg-type]

    with pytest.raises(RenderError, match="int"):
        FORMATS["rss"].render(replace(feed_of(article(1)), entries=(broken,)))


@pytest.mark.parametrize("name", FORMATS)
def test_a_lone_surrogate_in_an_entry_names_it(name: str) -> None:
    feed = feed_of(article(1), article(2, content_html="<p>\ud800</p>"))

    with pytest.raises(RenderError) as caught:
        FORMATS[name].render(feed)

    assert caught.value.entry_id == feed.entries[1].entry_id


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_a_head_that_cannot_be_written_is_the_feed_s_own_fault(name: str) -> None:
    feed = replace(feed_of(article(1)), title="\x00")

    with pytest.raises(RenderError) as caught:
        FORMATS[name].render(feed)

    assert caught.value.entry_id is None


def test_a_head_with_a_lone_surrogate_is_the_json_feed_s_own_fault() -> None:
    with pytest.raises(RenderError) as caught:
        FORMATS["json"].render(replace(feed_of(article(1)), title="\ud800"))

    assert caught.value.entry_id is None


def children(element: etree._Element) -> set[str]:
    return {etree.QName(child).localname for child in element}


def test_an_rss_item_has_exactly_these_elements() -> None:
    root = etree.fromstring(FORMATS["rss"].render(feed_of(full_article(1), article(2))))
    full, plain = root.findall("channel/item")

    assert children(plain) == {
        "title", "link", "description", "encoded", "guid", "category", "pubDate", "modified"
    }  # fmt: skip
    assert children(full) - children(plain) == {
        "enclosure", "creator", "contributor", "language", "source", "content", "thumbnail"
    }  # fmt: skip


def test_an_atom_entry_has_exactly_these_elements() -> None:
    root = etree.fromstring(FORMATS["atom"].render(feed_of(full_article(1), article(2))))
    full, plain = root.findall("atom:entry", PREFIXES)

    assert children(plain) == {"id", "title", "updated", "published", "summary", "content", "link", "category"}
    # "content" is media:content here
    assert children(full) - children(plain) == {"author", "contributor", "source", "thumbnail"}


def test_an_atom_enclosure_is_not_taken_for_the_page() -> None:
    root = etree.fromstring(FORMATS["atom"].render(feed_of(full_article(1))))

    links = [dict(link.attrib) for link in root.findall("atom:entry/atom:link", PREFIXES)]

    assert [link["rel"] for link in links] == ["alternate", "enclosure", "enclosure", "enclosure", "via"]
    assert links[1] == {
        "href": "https://cdn.example/a.mp3?s=1&t=2",
        "rel": "enclosure",
        "type": "audio/mpeg",
        "length": "123456",
        "title": "朗读 <1>",
    }
    assert links[3] == {"href": "https://cdn.example/c.mp4", "rel": "enclosure", "type": "video/mp4"}


def test_the_links_of_a_feed_keep_what_they_say() -> None:
    """feedgen writes those of a feed whole; those of its entries it does not, which extensions.py mends."""
    atom = etree.fromstring(FORMATS["atom"].render(feed_of(article(1))))
    rss = etree.fromstring(FORMATS["rss"].render(feed_of(article(1))))

    assert [dict(link.attrib) for link in atom.findall("atom:link", PREFIXES)] == [
        {"href": "https://news.example.org/feeds/macro.atom", "rel": "self", "type": "application/atom+xml"},
        {"href": "https://news.example.org/sections/macro/", "rel": "alternate", "type": "text/html"},
    ]
    assert [dict(link.attrib) for link in rss.findall("channel/atom:link", PREFIXES)] == [
        {"href": "https://news.example.org/feeds/macro.rss", "rel": "self", "type": "application/rss+xml"}
    ]


def media_of(item: etree._Element) -> list[tuple[str, dict[Any, Any], str | None]]:
    return [
        (etree.QName(each).localname, dict(each.attrib.items()), each.findtext("media:title", namespaces=PREFIXES))
        for each in item.iterchildren(f"{{{PREFIXES['media']}}}*")
    ]


PICTURE = {"url": "https://img.example/a.png", "medium": "image", "type": "image/png", "width": "800", "height": "600"}
THUMBNAIL = {"url": "https://img.example/a.png", "width": "800", "height": "600"}


def test_an_rss_item_has_its_first_file_as_enclosure_and_the_others_as_media() -> None:
    item = etree.fromstring(FORMATS["rss"].render(feed_of(full_article(1)))).find("channel/item")
    assert item is not None

    assert [dict(each.attrib) for each in item.findall("enclosure")] == [
        {"url": "https://cdn.example/a.mp3?s=1&t=2", "length": "123456", "type": "audio/mpeg"}
    ]
    assert media_of(item) == [
        ("content", PICTURE, "图：<晶圆>"),
        ("content", {"url": "https://cdn.example/b.pdf", "type": "application/pdf", "fileSize": "7"}, "附表 & 数据"),
        ("content", {"url": "https://cdn.example/c.mp4", "type": "video/mp4", "duration": "61"}, None),
        ("thumbnail", THUMBNAIL, None),
    ]


def test_an_atom_entry_has_its_picture_only_as_media() -> None:
    entry = etree.fromstring(FORMATS["atom"].render(feed_of(full_article(1)))).find("atom:entry", PREFIXES)
    assert entry is not None

    assert media_of(entry) == [("content", PICTURE, "图：<晶圆>"), ("thumbnail", THUMBNAIL, None)]


def test_an_rss_enclosure_of_unknown_length_says_0_and_the_others_nothing() -> None:
    """RSS 2.0 requires `length`; Atom and JSON Feed don't, and 0 would be a lie."""
    feed = feed_of(
        article(1, enclosures=(Enclosure(url="https://a.example/a.mp3", type="audio/mpeg", length_bytes=0),))
    )

    assert b'length="0"' in FORMATS["rss"].render(feed)
    assert b"length=" not in FORMATS["atom"].render(feed)
    assert json.loads(FORMATS["json"].render(feed))["items"][0]["attachments"] == [
        {"url": "https://a.example/a.mp3", "mime_type": "audio/mpeg"}
    ]
    assert all(errors(row.verify(row.render(feed), feed)) == [] for row in FORMATS.values())


def test_json_attachments_say_all_that_is_known() -> None:
    (item,) = json.loads(FORMATS["json"].render(feed_of(full_article(1))))["items"]

    assert item["attachments"][0] == {
        "url": "https://cdn.example/a.mp3?s=1&t=2",
        "mime_type": "audio/mpeg",
        "title": "朗读 <1>",
        "size_in_bytes": 123456,
        "duration_in_seconds": 312,
    }


def test_an_author_s_address_stands_in_for_a_page_in_json() -> None:
    feed = feed_of(article(1, authors=(Author(name="钟艺", email="z@example.org"),)))

    content = FORMATS["json"].render(feed)

    assert json.loads(content)["items"][0]["authors"][0]["url"] == "mailto:z@example.org"
    assert errors(FORMATS["json"].verify(content, feed)) == []


def test_a_site_without_an_address_has_no_managing_editor() -> None:
    feed = feed_of(article(1), site=replace(SITE, author=None, copyright=None, image=None))

    for row in FORMATS.values():
        content = row.render(feed)
        assert errors(row.verify(content, feed)) == []
        assert b"managingEditor" not in content


SECTIONS = [MACRO, FINANCE, replace(MACRO, slug="data", title="数据", formats=("json",))]


def test_the_list_of_sections_names_each_that_opml_can() -> None:
    root = etree.fromstring(opml.render(SITE, SECTIONS))

    assert root.findtext("head/title") == "江畔新闻"
    assert [dict(outline.attrib) for outline in root.iterfind("body/outline")] == [
        {
            "text": "宏观",
            "title": "宏观",
            "type": "rss",
            "xmlUrl": "https://news.example.org/feeds/macro.atom",
            "htmlUrl": "https://news.example.org/sections/macro/",
            "description": "宏观经济与政策",
            "language": "zh-Hans",
        },
        {
            "text": "財經",
            "title": "財經",
            "type": "rss",
            "xmlUrl": "https://news.example.org/feeds/finance.atom",
            "htmlUrl": "https://news.example.org/sections/finance/",
            "description": "財經消息",
            "language": "zh-Hant",
        },
    ]


def test_a_right_list_has_no_findings() -> None:
    assert opml.verify(opml.render(SITE, SECTIONS), SITE, SECTIONS) == []
    assert opml.verify(opml.render(replace(SITE, author=None), []), SITE, []) == []


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("<title>江畔新闻</title>", "<title>别的</title>", "opml.head"),
        ("macro.atom", "macro.rss", "opml.outlines"),
        ("</opml>", "", "document.wellformed"),
    ],
)
def test_a_wrong_list_is_caught(old: str, new: str, rule: str) -> None:
    content = opml.render(SITE, SECTIONS).replace(old.encode(), new.encode())

    assert [finding.rule for finding in opml.verify(content, SITE, SECTIONS)] == [rule]


def test_plain_text_in_rss_is_spelt_by_number_and_html_is_not() -> None:
    """RSS Profile, "Character Data"; the W3C's validator warns of any other spelling."""
    section = replace(MACRO, title="R&D <宏观>", description="A & B")
    feed = feed_of(
        article(1, title="a < b & c > d", tags=("Q&A",), summary="x & y", content_html="<p>1 &amp; 2</p>"),
        section=section,
        site=replace(SITE, copyright="© A & B"),
    )

    head, _, item = FORMATS["rss"].render(feed).decode().partition("<item>")

    assert "<title>R&#x26;D &#x3C;宏观&#x3E;</title>" in head
    assert "<description>A &#x26; B</description>" in head
    assert "<copyright>© A &#x26; B</copyright>" in head
    assert "<title>a &#x3C; b &#x26; c &#x3E; d</title>" in item
    assert "<category>Q&#x26;A</category>" in item
    assert "<description>x &amp;amp; y</description>" in item
    assert "<content:encoded>&lt;p&gt;1 &amp;amp; 2&lt;/p&gt;</content:encoded>" in item
