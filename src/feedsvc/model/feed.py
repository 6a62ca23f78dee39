"""A section's feed, neutral of format, and what it is composed of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from feedsvc.model.article import Article, Author, Correction, Enclosure, Image, Source
from feedsvc.model.section import Podcast

_KEY_DIGITS = 24


@dataclass(frozen=True, kw_only=True)
class Holdings:
    """The stored things that one document is made of, in its order.

    `articles` are live, or withdrawn with a notice that shows here. `archive` is the number of this archive,
    None for the live document; `prev_archive` that of the next older one, None where there is none.
    """

    articles: tuple[Article, ...]
    tombstones: tuple[Tombstone, ...] = ()
    archive: int | None = None
    prev_archive: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """RFC 4287 §4.2.2; in RSS `term` is the text and `scheme` the domain.

    `is_path`: the term is a breadcrumb, its crumbs apart by slashes.
    """

    term: str
    scheme: str | None = None
    is_path: bool = False


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One article as it stands in a feed, the same for every format.

    `link` is the article's own or its page here. `summary` is plain text; `content_html` is None where the
    section publishes summaries only or the article has no body. The text ends in the `corrections`, told in words.
    """

    article_id: str
    revision: int
    entry_id: str
    is_permalink: bool
    link: str
    title: str
    summary: str
    content_html: str | None
    published: datetime
    updated: datetime
    authors: tuple[Author, ...]
    editor: str | None
    source: Source | None
    breadcrumb: tuple[str, ...]
    categories: tuple[Category, ...]
    language: str | None
    image: Image | None
    enclosures: tuple[Enclosure, ...]
    corrections: tuple[Correction, ...] = ()

    @cached_property
    def key(self) -> str:
        """All that it says, digested."""
        return hashlib.sha256(repr(self).encode(errors="surrogatepass")).hexdigest()[:_KEY_DIGITS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """An entry that was in the feed and is gone (RFC 6721 §3). `notice` is the editor's word on it, in `language`."""

    entry_id: str
    when: datetime
    notice: str | None = None
    language: str | None = None


@dataclass(frozen=True, kw_only=True)
class Feed:
    """One section, neutral of format. `home_url` is its page; `self_urls` its address per format.

    `tombstones` are newest first. `prev_archive_url` leads to older entries; `current_url` is there in an archive only,
    and leads to the live document (RFC 5005 §4).
    """

    slug: str
    feed_id: str
    title: str
    description: str
    language: str
    home_url: str
    self_urls: Mapping[str, str]
    author: Author
    copyright: str | None
    image: Image | None
    categories: tuple[Category, ...]
    ttl_seconds: int
    created: datetime
    updated: datetime
    entries: tuple[Entry, ...]
    tombstones: tuple[Tombstone, ...] = ()
    prev_archive_url: str | None = None
    current_url: str | None = None
    podcast: Podcast | None = None
    embeds: tuple[str, ...] = ()
