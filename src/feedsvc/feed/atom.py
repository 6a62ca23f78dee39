"""Feed -> Atom 1.0 (RFC 4287), by feedgen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from feedsvc.feed import grammar
from feedsvc.feed.extensions import add_entry, category_of, extended_generator, render_document
from feedsvc.feed.grammar.atomrules import ID_IRI, TOMBSTONE_IRI
from feedsvc.feed.history import expect_history
from feedsvc.feed.media import media_letters
from feedsvc.feed.rhythm import expect_rhythm, expect_rhythm_read
from feedsvc.feed.tombstones import expect_tombstones
from feedsvc.feed.verify import Expectation, Letters, expect_entry, expect_feed, verify_xml
from feedsvc.model import Author, Entry, Feed, Finding
from feedsvc.parse import Reading

NAME = "atom"
SUFFIX = "atom"
MEDIA_TYPE = "application/atom+xml; charset=utf-8"

_KEPT = {ID_IRI.name, TOMBSTONE_IRI.name}


def render(feed: Feed) -> bytes:
    """The document's bytes, the same for the same feed. RenderError names the guilty entry."""
    generator = extended_generator(feed)
    generator.id(feed.feed_id)
    generator.title(feed.title)
    generator.subtitle(feed.description)
    generator.language(feed.language)
    generator.updated(feed.updated)
    # RFC 4287 §4.1.1: a feed needs an author unless every entry has one.
    generator.author(_author(feed.author))
    generator.link(href=feed.self_urls[NAME], rel="self", type="application/atom+xml")
    generator.link(href=feed.home_url, rel="alternate", type="text/html")
    generator.generator("feedsvc")
    if feed.copyright:
        generator.rights(feed.copyright)
    if feed.image:
        generator.logo(feed.image.url)
    for category in feed.categories:
        generator.category(**category_of(category))
    for entry in feed.entries:
        _add_entry(generator, entry)
    return render_document(NAME, generator, feed)


def verify(content: bytes, feed: Feed) -> list[Finding]:
    """Every place where the document does not say what the feed says, or not as the standard wants it said."""
    breaches = grammar.check(content, NAME, self_url=feed.self_urls[NAME], embeds=feed.embeds)
    return [*verify_xml(content, _expect(feed)), *map(_tolerate, breaches)]


def _tolerate(finding: Finding) -> Finding:
    """An id kept from an old feed may be no IRI: readers know the entry by it, so it is told and keeps nothing back."""
    return replace(finding, severity="warning") if finding.rule in _KEPT else finding


def _expect(feed: Feed) -> Expectation:
    return Expectation(
        format=NAME,
        media_type=MEDIA_TYPE,
        version="atom10",
        channel=expect_feed(feed, NAME) | {"generator": "feedsvc", **expect_rhythm_read(feed)},
        entries=tuple(_expect_entry(entry, feed) for entry in feed.entries),
        channel_path="/atom:feed",
        entry_path="/atom:feed/atom:entry",
        channel_letters={
            "atom:id": (feed.feed_id,),
            "atom:title": (feed.title,),
            "atom:updated": (feed.updated.isoformat(),),
            "atom:rights": (feed.copyright,) if feed.copyright else (),
            "atom:logo": (feed.image.url,) if feed.image else (),
            "atom:generator": ("feedsvc",),
            "atom:author/atom:name": (feed.author.name,),
            "atom:author/atom:uri": (feed.author.url,) if feed.author.url else (),
            "atom:category/@term": tuple(category.term for category in feed.categories),
            "atom:link[@rel='alternate']/@href": (feed.home_url,),
            "atom:link[@rel='alternate']/@type": ("text/html",),
            "atom:link[@rel='self']/@href": (feed.self_urls[NAME],),
            "atom:link[@rel='self']/@type": ("application/atom+xml",),
            "atom:subtitle": (feed.description,),
            "atom:author/atom:email": (feed.author.email,) if feed.author.email else (),
            **expect_history(feed),
            **expect_rhythm(feed),
            **expect_tombstones(feed),
        },
        entry_letters=tuple(_expect_letters(entry) for entry in feed.entries),
    )


def _expect_entry(entry: Entry, feed: Feed) -> Reading:
    return expect_entry(entry) | {
        "language": entry.language or feed.language,  # xml:lang is inherited
        "summary": entry.summary or entry.content_html,  # feedparser shows the content where there is no summary
    }


def _expect_letters(entry: Entry) -> Letters:
    source = entry.source
    links = [("alternate", entry.link), *(("enclosure", enclosure.url) for enclosure in entry.enclosures)]
    titles = [enclosure.title for enclosure in entry.enclosures if enclosure.title]
    if source and source.url:
        links.append(("via", source.url))
        titles.append(source.name)
    return {
        "atom:id": (entry.entry_id,),
        "atom:published": (entry.published.isoformat(),),
        "atom:updated": (entry.updated.isoformat(),),
        "atom:title": (entry.title,),
        "atom:title/@type": (),  # plain text, RFC 4287 §3.1.1
        "atom:summary": (entry.summary,) if entry.summary else (),
        "atom:summary/@type": ("text",) if entry.summary else (),
        "atom:content": (entry.content_html,) if entry.content_html is not None else (),
        "atom:content/@type": ("html",) if entry.content_html is not None else (),
        "atom:link/@rel": tuple(rel for rel, _ in links),
        "atom:link/@type": ("text/html", *(enclosure.type for enclosure in entry.enclosures)),
        "atom:link/@title": tuple(titles),
        "atom:link/@href": tuple(url for _, url in links),
        "atom:author/atom:name": tuple(author.name for author in entry.authors),
        "atom:author/atom:email": tuple(author.email for author in entry.authors if author.email),
        "atom:author/atom:uri": tuple(author.url for author in entry.authors if author.url),
        "atom:contributor/atom:name": (entry.editor,) if entry.editor else (),
        "atom:category/@term": tuple(category.term for category in entry.categories),
        "atom:category/@scheme": tuple(category.scheme for category in entry.categories if category.scheme),
        "dc:source": (source.name,) if source else (),
        **media_letters(entry.image, ()),
    }


def _add_entry(generator: Any, entry: Entry) -> None:
    element = add_entry(generator, entry)
    element.id(entry.entry_id)
    element.title(entry.title)
    element.published(entry.published)
    element.updated(entry.updated)
    element.link(href=entry.link, rel="alternate")  # feedgen insists; extensions.py writes the real ones
    if entry.summary:
        element.summary(entry.summary, type="text")
    if entry.content_html is not None:
        element.content(entry.content_html, type="html")
    for author in entry.authors:
        element.author(_author(author))
    if entry.editor:
        element.contributor(name=entry.editor)
    for category in entry.categories:
        element.category(**category_of(category))


def _author(author: Author) -> dict[str, str]:
    return {
        "name": author.name,
        **({"email": author.email} if author.email else {}),
        **({"uri": author.url} if author.url else {}),
    }
