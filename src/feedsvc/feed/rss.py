"""Feed -> RSS 2.0 (https://www.rssboard.org/rss-specification, with the RSS Advisory Board's profile), by feedgen."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from feedsvc.feed import grammar
from feedsvc.feed.extensions import NO_DATE, add_entry, category_of, extended_generator, render_document, rfc822
from feedsvc.feed.history import expect_history_in_rss
from feedsvc.feed.media import expect_media, media_letters
from feedsvc.feed.podcast import (
    episode_letters,
    expect_podcast,
    mark_as_episode,
    mark_as_podcast,
    podcast_letters,
)
from feedsvc.feed.rhythm import expect_rhythm, expect_rhythm_read
from feedsvc.feed.verify import Expectation, expect_entry, expect_feed, verify_xml
from feedsvc.model import Entry, Feed, Finding
from feedsvc.parse import Reading

NAME = "rss"
SUFFIX = "rss"
DOCS = "https://www.rssboard.org/rss-specification"
MEDIA_TYPE = "application/rss+xml; charset=utf-8"

_PLAIN_TEXT = re.compile(
    rb"<(?:title|category|copyright|managingEditor|(?:dc|itunes|media):\w+)(?: [^<>]*)?>[^<&]*&[^<]*"
)
_PLAIN_DESCRIPTION = re.compile(b"<description>[^<&]*&[^<]*")
_SPELLINGS = ((b"&amp;", b"&#x26;"), (b"&lt;", b"&#x3C;"), (b"&gt;", b"&#x3E;"))


def render(feed: Feed) -> bytes:
    """The document's bytes, the same for the same feed. RenderError names the guilty entry."""
    generator = extended_generator(feed)
    mark_as_podcast(generator, feed)
    generator.title(feed.title)
    generator.description(feed.description)
    generator.language(feed.language)
    generator.link(href=feed.self_urls[NAME], rel="self", type="application/rss+xml")
    generator.link(href=feed.home_url, rel="alternate")  # the last one becomes the channel's <link>
    generator.generator("feedsvc")
    generator.docs(DOCS)
    generator.lastBuildDate(NO_DATE)
    generator.ttl(ttl_minutes(feed))
    if feed.copyright:
        generator.copyright(feed.copyright)
    for editor in _managing_editor(feed):
        generator.managingEditor(editor)
    if feed.image:
        generator.image(url=feed.image.url, title=feed.title, link=feed.home_url)
    for category in feed.categories:
        generator.category(**category_of(category))
    for entry in feed.entries:
        _add_item(generator, entry, feed)
    return _spell_by_number(render_document(NAME, generator, feed))


def _spell_by_number(content: bytes) -> bytes:
    """Write & < > in plain text as the RSS Profile recommends ("Character Data").

    To an XML parser it is the same; a reader that takes the text for HTML is less likely to see markup in it.
    """
    head, tag, items = content.partition(b"<item>")
    head = _PLAIN_DESCRIPTION.sub(_respell, head)  # the channel's is plain text, an item's is HTML
    return _PLAIN_TEXT.sub(_respell, head + tag + items)


def _respell(found: re.Match[bytes]) -> bytes:
    text = found[0]
    for usual, by_number in _SPELLINGS:
        text = text.replace(usual, by_number)
    return text


def verify(content: bytes, feed: Feed) -> list[Finding]:
    """Every place where the document does not say what the feed says, or not as the standard wants it said."""
    return [
        *verify_xml(content, _expect(feed)),
        *grammar.check(content, NAME, self_url=feed.self_urls[NAME], embeds=feed.embeds),
    ]


def _expect(feed: Feed) -> Expectation:
    return Expectation(
        format=NAME,
        media_type=MEDIA_TYPE,
        version="rss20",
        channel=expect_podcast(feed, _expect_channel(feed)),
        entries=tuple(_expect_item(entry) for entry in feed.entries),
        channel_path="/rss/channel",
        entry_path="/rss/channel/item",
        channel_letters={
            "title": (feed.title,),
            "link": (feed.home_url,),
            "language": (feed.language,),
            "copyright": (feed.copyright,) if feed.copyright else (),
            "ttl": (str(ttl_minutes(feed)),),
            "generator": ("feedsvc",),
            "docs": (DOCS,),
            "category": tuple(category.term for category in feed.categories),
            "../@version": ("2.0",),
            "atom:link[@rel='self']/@href": (feed.self_urls[NAME],),
            "atom:link[@rel='self']/@type": ("application/rss+xml",),
            "description": (feed.description,),
            "lastBuildDate": (rfc822(feed.updated),),
            "managingEditor": _managing_editor(feed),
            "image/url": (feed.image.url,) if feed.image else (),
            "image/title": (feed.title,) if feed.image else (),
            "image/link": (feed.home_url,) if feed.image else (),
            **podcast_letters(feed),
            **expect_history_in_rss(feed),
            **expect_rhythm(feed),
        },
        entry_letters=tuple(_expect_letters(entry) | episode_letters(entry, feed) for entry in feed.entries),
    )


def _expect_channel(feed: Feed) -> Reading:
    return expect_feed(feed, NAME) | {
        "id": None,  # RSS 2.0 has no word for it
        "ttl": str(ttl_minutes(feed)),
        **expect_rhythm_read(feed),
        "authors": ((feed.author.name, None),) if feed.author.email else (),
        "generator": "feedsvc",
    }


def _expect_item(entry: Entry) -> Reading:
    has_both = entry.summary and entry.content_html is not None
    return expect_entry(entry) | {
        "authors": tuple((author.name, None) for author in entry.authors),
        "summary": description_html(entry) or entry.content_html,
        "content": (("text/html", entry.content_html),) if has_both else (),
        "enclosures": tuple((each.url, each.type, str(each.length_bytes), None) for each in entry.enclosures[:1]),
        **expect_media(entry.image, entry.enclosures[1:]),
    }


def _expect_letters(entry: Entry) -> dict[str, tuple[str, ...]]:
    has_both = entry.summary and entry.content_html is not None
    return {
        "title": (entry.title,),
        "description": (description_html(entry) or entry.content_html or "",),
        "content:encoded": (entry.content_html or "",) if has_both else (),
        "guid": (entry.entry_id,),
        "link": (entry.link,),
        "category": tuple(category.term for category in entry.categories),
        "category/@domain": tuple(category.scheme for category in entry.categories if category.scheme),
        "enclosure/@url": tuple(enclosure.url for enclosure in entry.enclosures[:1]),
        "dcterms:modified": (entry.updated.isoformat(),),
        "dc:contributor": (entry.editor,) if entry.editor else (),
        "dc:language": (entry.language,) if entry.language else (),
        "dc:source": (entry.source.name,) if entry.source else (),
        "atom:link[@rel='via']/@title": (entry.source.name,) if entry.source and entry.source.url else (),
        "guid/@isPermaLink": (str(entry.is_permalink).lower(),),
        "pubDate": (rfc822(entry.published),),
        "dc:creator": tuple(author.name for author in entry.authors),
        **media_letters(entry.image, entry.enclosures[1:]),
    }


def _managing_editor(feed: Feed) -> tuple[str, ...]:
    """RSS Profile, "managingEditor": an address is what it holds, so there is none without."""
    return (f"{feed.author.email} ({feed.author.name})",) if feed.author.email else ()


def ttl_minutes(feed: Feed) -> int:
    """RSS 2.0 `ttl`: minutes a channel can be cached, at least one."""
    return max(1, feed.ttl_seconds // 60)


def description_html(entry: Entry) -> str:
    """What `description` holds: HTML (RSS Profile, "description"), so a plain summary's `<` and `&` are escaped."""
    return escape(entry.summary, quote=False)


def _add_item(generator: Any, entry: Entry, feed: Feed) -> None:
    item = add_entry(generator, entry)
    mark_as_episode(item, entry, feed)
    item.title(entry.title)
    item.link(href=entry.link)
    item.guid(entry.entry_id, permalink=entry.is_permalink)
    item.description(description_html(entry))
    if entry.content_html is not None:
        # Without a description feedgen puts the content there, which is right: RSS 2.0 `description` may hold it all.
        item.content(entry.content_html)
    for category in entry.categories:
        item.category(**category_of(category))
    if entry.enclosures:
        primary = entry.enclosures[0]
        item.enclosure(primary.url, str(primary.length_bytes), primary.type)
