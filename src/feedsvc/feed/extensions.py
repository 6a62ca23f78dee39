"""What feedgen cannot write by itself, as one extension of it: exact dates, several creators, credits, media.

feedgen holds its Atom tree without a namespace in memory and writes every element bare; Atom's own elements are
therefore made bare here as well. Elements of other vocabularies carry theirs:

    dc:creator, dc:contributor, dc:language, dc:source    Dublin Core Elements 1.1
    dcterms:modified                                       DCMI Terms; RSS 2.0 has no date of change of its own
    media:content, media:thumbnail                         Media RSS 1.5, in media.py
    sy:updatePeriod, sy:updateFrequency                    RSS 1.0 syndication module, in rhythm.py
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from feedsvc.errors import RenderError
from feedsvc.feed.blame import explain
from feedsvc.feed.history import add_history, add_history_to_rss
from feedsvc.feed.media import add_media
from feedsvc.feed.namespaces import ATOM, DC, DCTERMS, MEDIA, XML_LANG
from feedsvc.feed.rhythm import add_rhythm, rhythm_namespace
from feedsvc.feed.tombstones import add_tombstones
from feedsvc.model import Category, Entry, Feed

Element = Any
"""An lxml element; lxml's stubs leave the type of feedgen's trees open."""


class _NoDate(datetime):
    """A date that feedgen takes but does not write.

    It would write it by way of the process-wide locale, which is not safe between threads (feedgen.util.formatRFC2822).
    """

    def __bool__(self) -> bool:
        return False


NO_DATE = _NoDate(1970, 1, 1, tzinfo=UTC)


def rfc822(instant: datetime) -> str:
    """RFC 822 date with a four-digit year and a numeric zone (RSS Profile, "pubDate")."""
    return format_datetime(instant)


class FeedExtension(BaseExtension):  # type: ignore[misc]  # feedgen carries no types
    """The channel's or feed's own additions."""

    feed: Feed

    def extend_ns(self) -> dict[str, str]:
        return {"dc": DC, "dcterms": DCTERMS, "media": MEDIA, **rhythm_namespace(self.feed)}

    def extend_rss(self, rss: Element) -> Element:
        channel = rss[0]
        etree.SubElement(channel, "lastBuildDate").text = rfc822(self.feed.updated)
        add_rhythm(channel, self.feed)
        add_history_to_rss(channel, self.feed)
        return rss

    def extend_atom(self, feed: Element) -> Element:
        add_rhythm(feed, self.feed)
        add_history(feed, self.feed)
        add_tombstones(feed, self.feed)
        return feed


class EntryExtension(BaseEntryExtension):  # type: ignore[misc]  # feedgen carries no types
    """One item's or entry's additions."""

    entry: Entry

    def extend_rss(self, item: Element) -> Element:
        entry = self.entry
        etree.SubElement(item, "pubDate").text = rfc822(entry.published)
        etree.SubElement(item, f"{{{DCTERMS}}}modified").text = entry.updated.isoformat()
        # RSS Profile, "author": several, or one without an e-mail address, are dc:creator's.
        for author in entry.authors:
            etree.SubElement(item, f"{{{DC}}}creator").text = author.name
        if entry.editor:
            etree.SubElement(item, f"{{{DC}}}contributor").text = entry.editor
        if entry.language:
            etree.SubElement(item, f"{{{DC}}}language").text = entry.language
        self._credit(item, f"{{{ATOM}}}link")
        add_media(item, entry.image, entry.enclosures[1:])
        return item

    def extend_atom(self, element: Element) -> Element:
        if self.entry.language:
            element.set(XML_LANG, self.entry.language)
        for link in list(element.iterchildren("link")):
            element.remove(link)  # feedgen drops rel, type and length here (its issues 135 and 143)
        etree.SubElement(element, "link", href=self.entry.link, rel="alternate", type="text/html")
        for enclosure in self.entry.enclosures:
            link = etree.SubElement(element, "link", href=enclosure.url, rel="enclosure", type=enclosure.type)
            if enclosure.length_bytes:  # RFC 4287 §4.2.7.6: a hint, left out where it is not known
                link.set("length", str(enclosure.length_bytes))
            if enclosure.title:
                link.set("title", enclosure.title)
        self._credit(element, "link")
        add_media(element, self.entry.image, ())
        return element

    def _credit(self, parent: Element, link_tag: str) -> None:
        """Where it came from: dc:source names it, rel="via" leads there (RFC 4287 §4.2.7.2)."""
        source = self.entry.source
        if source is None:
            return
        etree.SubElement(parent, f"{{{DC}}}source").text = source.name
        if source.url:
            etree.SubElement(parent, link_tag, href=source.url, rel="via", title=source.name)


def extended_generator(feed: Feed) -> FeedGenerator:
    """A feedgen generator that writes our additions of `feed` too."""
    generator = FeedGenerator()
    generator.register_extension("feedsvc", FeedExtension, EntryExtension)
    generator.feedsvc.feed = feed
    return generator


def add_entry(generator: FeedGenerator, entry: Entry) -> FeedEntry:
    """Append an entry in feedgen that carries our additions."""
    element = generator.add_entry(order="append")
    element.feedsvc.entry = entry
    return element


def category_of(category: Category) -> dict[str, str]:
    """A category in feedgen's words."""
    return {"term": category.term} | ({"scheme": category.scheme} if category.scheme else {})


def render_document(format: str, generator: FeedGenerator, feed: Feed) -> bytes:
    """The whole document; RenderError names the entry that can't be written, which feedgen itself does not say."""
    write = generator.rss_str if format == "rss" else generator.atom_str
    try:
        content: bytes = write()
    except (ValueError, TypeError, UnicodeError) as error:
        for element, entry in zip(generator.entry(), feed.entries, strict=True):
            build = element.rss_entry if format == "rss" else element.atom_entry
            try:
                etree.tostring(build(), encoding="UTF-8")
            except (ValueError, TypeError, UnicodeError) as guilty:
                raise RenderError(format, entry.entry_id, explain(entry, guilty)) from guilty
        raise RenderError(format, None, str(error)) from error
    return content
