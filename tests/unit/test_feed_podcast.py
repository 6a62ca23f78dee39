"""A section marked as a podcast: what directories want to know stands there, and nothing else reads differently."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from examples import MACRO, SITE, article, errors, feed_of, full_article
from feedsvc.feed.formats import FORMATS
from feedsvc.feed.namespaces import ITUNES, PREFIXES
from feedsvc.model import Author, Enclosure, Image, Podcast, Site

PODCAST = Podcast(
    author="江畔电台",
    category="Society & Culture",
    subcategory="Documentary",
    explicit=False,
    type="episodic",
    owner=Author(name="节目组", email="radio@example.org"),
)
COVER = Image(url="https://img.example/cover.png", type="image/png", width=1400, height=1400)
SECTION = replace(MACRO, image=COVER, podcast=PODCAST)
MP3 = Enclosure(url="https://cdn.example/e.mp3", type="audio/mpeg", length_bytes=9, duration_seconds=312)
FEED = feed_of(
    full_article(1),
    article(2, enclosures=(MP3,), image=replace(COVER, url="https://img.example/e.png")),
    article(3),
    article(4, image=COVER),
    section=SECTION,
)
DOCUMENT = FORMATS["rss"].render(FEED)


def itunes_of(element: etree._Element) -> list[tuple[str, dict[Any, Any], str | None]]:
    found = element.iterchildren(f"{{{ITUNES}}}*")
    return [(etree.QName(each).localname, dict(each.attrib.items()), each.text) for each in found]


def test_the_channel_says_what_directories_require_and_recommend() -> None:
    channel = etree.fromstring(DOCUMENT)[0]

    assert itunes_of(channel) == [
        ("owner", {}, None),
        ("category", {"text": "Society & Culture"}, None),
        ("image", {"href": "https://img.example/cover.png"}, None),
        ("explicit", {}, "false"),
        ("type", {}, "episodic"),
        ("author", {}, "江畔电台"),
    ]
    assert itunes_of(channel[0]) == [("name", {}, "节目组"), ("email", {}, "radio@example.org")]
    assert itunes_of(channel[1]) == [("category", {"text": "Documentary"}, None)]
    assert b'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"' in DOCUMENT
    assert DOCUMENT.count(b"xmlns:itunes") == 1


def test_an_item_with_a_file_is_an_episode_and_another_is_not() -> None:
    items = [itunes_of(item) for item in etree.fromstring(DOCUMENT).iterfind("channel/item")]

    assert items == [
        [("duration", {}, "312"), ("explicit", {}, "false")],  # its picture is 800 by 600 pixels
        [("duration", {}, "312"), ("explicit", {}, "false"), ("image", {"href": "https://img.example/e.png"}, None)],
        [],
        [],
    ]


@pytest.mark.parametrize(
    ("changes", "is_cover"),
    [
        ({}, True),
        ({"width": None, "height": None, "type": None}, True),
        ({"type": "image/jpeg", "height": None}, True),
        ({"width": 3000, "height": 3000}, True),
        ({"width": 1399, "height": 1399}, False),
        ({"width": 3001, "height": None}, False),
        ({"width": 2000}, False),
        ({"type": "image/webp"}, False),
    ],
)
def test_a_picture_that_directories_would_refuse_is_no_cover(changes: dict[str, Any], *, is_cover: bool) -> None:
    feed = feed_of(article(1, enclosures=(MP3,), image=replace(COVER, **changes)), section=SECTION)

    item = etree.fromstring(FORMATS["rss"].render(feed)).find("channel/item")

    assert item is not None
    assert (("image", {"href": COVER.url}, None) in itunes_of(item)) == is_cover
    assert errors(FORMATS["rss"].verify(FORMATS["rss"].render(feed), feed)) == []


def test_an_episode_of_unknown_length_says_nothing_of_it() -> None:
    feed = feed_of(article(1, enclosures=(replace(MP3, duration_seconds=None),)), section=SECTION)

    assert b"itunes:duration" not in FORMATS["rss"].render(feed)


def test_what_is_explicit_is_marked_as_such_in_channel_and_items() -> None:
    section = replace(SECTION, podcast=replace(PODCAST, explicit=True, type="serial", subcategory=None, owner=None))
    feed = feed_of(article(1, enclosures=(MP3,)), section=section)
    content = FORMATS["rss"].render(feed)

    assert content.count(b"<itunes:explicit>true</itunes:explicit>") == 2
    assert b"<itunes:type>serial</itunes:type>" in content
    assert b"itunes:owner" not in content
    assert errors(FORMATS["rss"].verify(content, feed)) == []


def test_the_rest_reads_as_if_it_were_no_podcast() -> None:
    plain = replace(FEED, podcast=None)
    with_it, without = feedparser.parse(DOCUMENT), feedparser.parse(FORMATS["rss"].render(plain))

    for name in ("title", "subtitle", "link", "image", "language", "rights", "ttl", "updated"):
        assert with_it.feed[name] == without.feed[name], name
    assert with_it.feed.image.title == "宏观"
    assert with_it.feed.author == "江畔电台"
    assert with_it.feed.authors[1:] == [*without.feed.authors, {"name": "江畔电台"}]
    assert with_it.feed.publisher_detail == {"name": "节目组", "email": "radio@example.org"}
    for episode, item in zip(with_it.entries, without.entries, strict=True):
        for name in ("title", "summary", "authors", "links", "tags"):
            assert episode.get(name) == item.get(name), name


@pytest.mark.parametrize("name", ["atom", "json"])
def test_only_rss_is_for_directories(name: str) -> None:
    assert FORMATS[name].render(FEED) == FORMATS[name].render(replace(FEED, podcast=None))


def test_a_feed_that_is_no_podcast_has_none_of_it() -> None:
    assert b"itunes" not in FORMATS["rss"].render(replace(FEED, podcast=None))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("江畔电台</itunes:author>", "江畔</itunes:author>"),
        ("<itunes:author>江畔电台</itunes:author>", ""),
        ("<itunes:name>节目组", "<itunes:name>节目"),
        ("radio@example.org", "audio@example.org"),
        ("<itunes:email>radio@example.org</itunes:email>", ""),
        ('text="Society &amp; Culture"', 'text="Society and Culture"'),
        ('<itunes:category text="Documentary"/>', ""),
        ('text="Documentary"', 'text="Philosophy"'),
        ("<itunes:explicit>false", "<itunes:explicit>true"),
        ("<itunes:explicit>false", "<itunes:explicit>no"),
        ('<itunes:image href="https://img.example/cover.png"/>', ""),
        ('<itunes:image href="https://img.example/cover.png"', '<itunes:image href="https://img.example/c.png"'),
        ("<itunes:type>episodic", "<itunes:type>serial"),
        ("<itunes:type>episodic</itunes:type>", ""),
        ("<itunes:duration>312", "<itunes:duration>5:12"),
        ("<itunes:duration>312</itunes:duration>", ""),
        ("</itunes:duration><itunes:explicit>false", "</itunes:duration><itunes:explicit>true"),
        ('<itunes:image href="https://img.example/e.png"/>', ""),
        ('<itunes:image href="https://img.example/e.png"', '<itunes:image href="https://img.example/f.png"'),
        ("</item>", "<itunes:summary>别的</itunes:summary></item>"),
        ("</item>", "<itunes:block>Yes</itunes:block></item>"),
        ("</channel>", "<itunes:complete>Yes</itunes:complete></channel>"),
        ("http://www.itunes.com/dtds/podcast-1.0.dtd", "http://www.itunes.com/DTDs/PodCast-1.0.dtd"),
    ],
)
def test_a_changed_podcast_is_caught(old: str, new: str) -> None:
    changed = DOCUMENT.replace(old.encode(), new.encode(), 1)

    assert changed != DOCUMENT
    assert FORMATS["rss"].verify(changed, FEED)


def test_a_right_podcast_has_no_findings() -> None:
    assert errors(FORMATS["rss"].verify(DOCUMENT, FEED)) == []


def test_a_section_that_is_no_podcast_may_not_look_like_one() -> None:
    assert FORMATS["rss"].verify(DOCUMENT, replace(FEED, podcast=None))


NAMES = st.sampled_from(["江畔电台", "R&D <b>", "𠮷 👨‍👩‍👧", "J. O'Kafor (Desk)"])
PODCASTS = st.builds(
    Podcast,
    author=NAMES,
    category=st.sampled_from(["Technology", "TV & Film"]),
    subcategory=st.sampled_from([None, "Daily News", "Home & Garden"]),
    explicit=st.booleans(),
    type=st.sampled_from(["episodic", "serial"]),
    owner=st.none() | st.builds(Author, name=NAMES, email=st.sampled_from([None, "radio@example.org"])),
)
SITES = st.sampled_from([SITE, replace(SITE, author=None), replace(SITE, author=Author(name="报社"), copyright=None)])


@given(PODCASTS, SITES, st.sampled_from([None, COVER]))
@settings(max_examples=60)
def test_any_podcast_reads_back(podcast: Podcast, site: Site, image: Image | None) -> None:
    section = replace(MACRO, podcast=podcast, image=image)
    feed = feed_of(full_article(1), article(2), section=section, site=replace(site, image=None))

    assert errors(FORMATS["rss"].verify(FORMATS["rss"].render(feed), feed)) == []


def test_the_prefix_is_known_to_the_reader_of_letters() -> None:
    assert etree.fromstring(DOCUMENT).xpath("count(//itunes:*)", namespaces=PREFIXES) == 14
