"""Feed -> Atom 1.0 (RFC 4287), by feedgen."""

from __future__ import annotations

from typing import Any

from feedsvc.feed.extensions import add_entry, extended_generator, render_document
from feedsvc.model import Author, Category, Entry, Feed

NAME = "atom"
SUFFIX = "atom"
MEDIA_TYPE = "application/atom+xml; charset=utf-8"


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
        generator.category(**_category(category))
    for entry in feed.entries:
        _add_entry(generator, entry)
    return render_document(NAME, generator, feed)


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
        element.category(**_category(category))


def _author(author: Author) -> dict[str, str]:
    return {
        "name": author.name,
        **({"email": author.email} if author.email else {}),
        **({"uri": author.url} if author.url else {}),
    }


def _category(category: Category) -> dict[str, str]:
    return {"term": category.term} | ({"scheme": category.scheme} if category.scheme else {})
