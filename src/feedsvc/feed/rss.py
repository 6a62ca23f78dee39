"""Feed -> RSS 2.0 (https://www.rssboard.org/rss-specification, with the RSS Advisory Board's profile), by feedgen."""

from __future__ import annotations

from html import escape
from typing import Any

from feedsvc.feed.extensions import NO_DATE, add_entry, extended_generator, render_document
from feedsvc.model import Category, Entry, Feed

NAME = "rss"
SUFFIX = "rss"
MEDIA_TYPE = "application/rss+xml; charset=utf-8"


def render(feed: Feed) -> bytes:
    """The document's bytes, the same for the same feed. RenderError names the guilty entry."""
    generator = extended_generator(feed)
    generator.title(feed.title)
    generator.description(feed.description)
    generator.language(feed.language)
    generator.link(href=feed.self_urls[NAME], rel="self", type="application/rss+xml")
    generator.link(href=feed.home_url, rel="alternate")  # the last one becomes the channel's <link>
    generator.generator("feedsvc")
    generator.docs("https://www.rssboard.org/rss-specification")
    generator.lastBuildDate(NO_DATE)
    generator.ttl(ttl_minutes(feed))
    if feed.copyright:
        generator.copyright(feed.copyright)
    if feed.author.email:
        generator.managingEditor(f"{feed.author.email} ({feed.author.name})")
    if feed.image:
        generator.image(url=feed.image.url, title=feed.title, link=feed.home_url)
    for category in feed.categories:
        generator.category(**_category(category))
    for entry in feed.entries:
        _add_item(generator, entry)
    return render_document(NAME, generator, feed)


def ttl_minutes(feed: Feed) -> int:
    """RSS 2.0 `ttl`: minutes a channel can be cached, at least one."""
    return max(1, feed.ttl_seconds // 60)


def description_html(entry: Entry) -> str:
    """What `description` holds: HTML (RSS Profile, "description"), so the plain summary with its `<` and `&` escaped."""
    return escape(entry.summary, quote=False)


def _add_item(generator: Any, entry: Entry) -> None:
    item = add_entry(generator, entry)
    item.title(entry.title)
    item.link(href=entry.link)
    item.guid(entry.entry_id, permalink=entry.is_permalink)
    item.description(description_html(entry))
    if entry.content_html is not None:
        # Without a description feedgen puts the content there, which is right: RSS 2.0 `description` may hold it all.
        item.content(entry.content_html)
    for category in entry.categories:
        item.category(**_category(category))
    if entry.enclosures:
        primary = entry.enclosures[0]
        item.enclosure(primary.url, str(primary.length_bytes), primary.type)


def _category(category: Category) -> dict[str, str]:
    return {"term": category.term} | ({"scheme": category.scheme} if category.scheme else {})
