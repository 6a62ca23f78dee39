"""The values that walk through the house: frozen, canonical, free of any library's types.

    outside shape --ingest--> ArticleInput --publish--> Article --compose--> Entry in a Feed --render--> Document
                                                                                    bytes --verify--> Finding

Every text in here survives the way through XML, JSON and feedparser unchanged (see text.py); every
datetime is aware, in UTC, whole seconds. URLs are absolute and percent-encoded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Literal
from urllib.parse import quote

ALL_SLUG = "all"
"""The feed of everything: a combination of every plain section."""

INDEX_SLUG = "index"
"""Under this name the OPML list of all sections lies in the feeds folder."""

FormatName = Literal["rss", "atom", "json"]

ARCHIVE_FORMAT: FormatName = "atom"
"""The one format archives come in: RFC 5005 defines them for Atom."""

ContentMode = Literal["full", "summary"]
WithdrawalMode = Literal["tombstone", "notice"]
Severity = Literal["error", "warning"]


def archive_name(slug: str, number: int) -> str:
    """What stands where a feed's slug does, for one of its archives: in the feeds folder, in addresses, in the log."""
    return f"{slug}/archive/{number}"


class State(StrEnum):
    """Where an article stands. Only live articles are in documents."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    LIVE = "live"
    WITHDRAWN = "withdrawn"


class MemberState(StrEnum):
    """How an article stands in one of its sections: as its State says, a withdrawal told apart by what shows of it.

    A `notice` keeps the article's place, a `tombstone` says that it is gone; `withdrawn` was never live: nothing shows.
    """

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    LIVE = "live"
    NOTICE = "notice"
    TOMBSTONE = "tombstone"
    WITHDRAWN = "withdrawn"


IN_PLACE = (MemberState.LIVE, MemberState.NOTICE)
"""Those who stand in a section's documents, each in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    name: str
    email: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The credit of the paper or agency an article came from."""

    name: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """`width` and `height` are pixels; `alt` is plain text."""

    url: str
    type: str | None = None
    width: int | None = None
    height: int | None = None
    alt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file that comes with an article (RSS 2.0 `enclosure`; RFC 4287 §4.2.7.2 link rel="enclosure").

    `length_bytes` 0 means that it is not known; `duration_seconds` is that of sound and film.
    """

    url: str
    type: str
    length_bytes: int
    title: str | None = None
    duration_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What an editor said about a change, in plain text, and when it was made."""

    note: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A live article taken back, as it stands since `at`. `notice` is the editor's word on it, in plain text.

    In the sections `shown_in` a notice stands in the article's place; in the others a tombstone says that it is gone.
    """

    at: datetime
    notice: str | None = None
    shown_in: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ArticleFields:
    """What a newsroom says of an article. `sections` are slugs of plain sections, in the sender's order."""

    external_id: str | None = None
    title: str
    link: str | None = None
    summary: str | None = None
    content_html: str | None = None
    sections: tuple[str, ...]
    authors: tuple[Author, ...] = ()
    editor: str | None = None
    source: Source | None = None
    breadcrumb: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    language: str | None = None
    image: Image | None = None
    enclosures: tuple[Enclosure, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ArticleInput(ArticleFields):
    """A canonical article on its way in, before it has an id.

    `published` None means: when it goes live. `draft` keeps it back. `minor` mends without moving
    `updated`. `correction` is the editor's note on what this change corrects. `entry_id` carries a foreign id to the
    letter when an old feed is moved here.
    """

    published: datetime | None = None
    updated: datetime | None = None
    draft: bool = False
    minor: bool = False
    correction: str | None = None
    entry_id: str | None = None
    is_permalink: bool = False


@dataclass(frozen=True, kw_only=True)
class Article(ArticleFields):
    """A stored article.

    `seq` counts arrivals and never changes; `id` names it in URLs and API; `entry_id` stands in the feeds.
    `revision` counts changes of what shows from 1. `published` is None only in a draft that names no time.
    `corrections` are in the order they were made. `withdrawal` is there while an article that was live is withdrawn,
    and `updated` is its `at` then.
    """

    seq: int
    id: str
    entry_id: str
    is_permalink: bool = False
    state: State
    published: datetime | None
    updated: datetime | None
    created: datetime
    revision: int = 1
    corrections: tuple[Correction, ...] = ()
    withdrawal: Withdrawal | None = None

    def state_in(self, section: str) -> MemberState:
        """How it stands in one of its sections."""
        if self.state is not State.WITHDRAWN or self.withdrawal is None:
            return MemberState(self.state.value)
        return MemberState.NOTICE if section in self.withdrawal.shown_in else MemberState.TOMBSTONE

    def is_notice_in(self, sections: Iterable[str]) -> bool:
        """Does a notice stand in its place in any of these sections?"""
        return any(self.state_in(section) is MemberState.NOTICE for section in sections)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that was changed or looks damaged, told to the sender: `place` is a field or a position in the text."""

    place: str
    message: str
    severity: Literal["info", "warning"] = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a section is looked at anew whatever happened: every so many seconds, or by a five-field cron line."""

    every_seconds: int | None = None
    cron: str | None = None


@dataclass(frozen=True, kw_only=True)
class Site:
    """The publication as a whole. `base_url` has no slash at its end; `timezone` is an IANA name.

    `embeds` are the hosts whose frames (players, maps) may stand in an article's body.
    """

    title: str
    base_url: str
    language: str
    timezone: str
    author: Author | None = None
    copyright: str | None = None
    image: Image | None = None
    embeds: tuple[str, ...] = ()

    def feed_url(self, slug: str, suffix: str) -> str:
        return f"{self.base_url}/feeds/{slug}.{suffix}"

    def archive_url(self, slug: str, number: int) -> str:
        return self.feed_url(archive_name(slug, number), ARCHIVE_FORMAT)

    def section_url(self, slug: str) -> str:
        return f"{self.base_url}/sections/{slug}/"

    def article_url(self, article_id: str) -> str:
        return f"{self.base_url}/articles/{quote(article_id, safe='')}"

    @property
    def opml_url(self) -> str:
        return f"{self.base_url}/feeds.opml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Podcast:
    """What directories want to know of a section whose articles are episodes (Apple's requirements for RSS feeds).

    `category` and `subcategory` are Apple's; `type` says whether the newest or the first episode comes first.
    """

    author: str
    category: str
    subcategory: str | None = None
    explicit: bool = False
    type: Literal["episodic", "serial"] = "episodic"
    owner: Author | None = None


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section with the defaults filled in. `include` makes it a combination, which no article names itself.

    `max_age_seconds` is what Cache-Control says; `aliases` are the names under which articles arrive. `max_bytes`
    bounds the bodies in one document together. `old_urls` are paths of this site that now lead to the section's feeds.
    """

    slug: str
    title: str
    description: str
    language: str
    limit: int = 50
    content: ContentMode = "full"
    formats: tuple[FormatName, ...] = ("rss", "atom", "json")
    categories: tuple[str, ...] = ()
    image: Image | None = None
    aliases: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    schedule: Schedule = Schedule(every_seconds=900)
    on_change: bool = True
    max_age_seconds: int = 60
    max_bytes: int = 2_000_000
    withdrawals: WithdrawalMode = "tombstone"
    podcast: Podcast | None = None
    old_urls: tuple[str, ...] = ()

    @property
    def is_archived(self) -> bool:
        """Plain sections keep their whole history, as Atom; a combination would only repeat that of its members."""
        return not self.include and ARCHIVE_FORMAT in self.formats

    @property
    def members(self) -> tuple[str, ...]:
        """The plain sections whose articles appear here."""
        return self.include or (self.slug,)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """An entry that was in the feed and is gone (RFC 6721 §3). `notice` is the editor's word on it, in `language`."""

    entry_id: str
    when: datetime
    notice: str | None = None
    language: str | None = None


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


@dataclass(frozen=True)
class Document:
    """The bytes of one feed in one format. `format` names a row of feed.formats (or "opml")."""

    slug: str
    format: str
    content: bytes

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the bytes in hex: the ETag's source and the test for "nothing changed"."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing wrong with a document: a difference from what it should say, or a breach of its format's standard.

    `rule` is a short stable name (`entry.title`), `entry_id` the entry it hangs on or None for the document, `expected`
    and `found` are shortened for reading. `standard` names document and section (`RFC 4287 §4.2.6`), `mend` what to
    do about it, `place` where it stands (`line 12`, `content_html, character 40`); each may be empty.
    """

    rule: str
    message: str
    format: str
    entry_id: str | None = None
    expected: str = ""
    found: str = ""
    severity: Severity = "error"
    standard: str = ""
    mend: str = ""
    place: str = ""

    def __str__(self) -> str:
        whose = f" in entry {self.entry_id}" if self.entry_id else ""
        return f"{self.format}: {self.rule}{whose}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRecord:
    """What a folder's file was when it went live. `mtime` (whole seconds, UTC) is its Last-Modified."""

    format: str
    digest: str
    length_bytes: int
    mtime: datetime


@dataclass(frozen=True, kw_only=True)
class Publication:
    """What one feeds folder knows of one section: made from what, when, holding what.

    `made_from` fingerprints generations, settings, renderer and formats (see regenerate.py); `generation` is the sum
    over the section's members. `entries` maps article id to revision, in the feed's order. `error` is why the newest
    attempt did not go live, or None; `attempted` is when that was, `published` when the files last changed.
    `archived_from` fingerprints what all of the section's archives in the folder are made from, None while some wait;
    `archive_error` is why one of them could not be made.
    """

    slug: str
    made_from: str
    generation: int
    entries: Mapping[str, int]
    documents: tuple[DocumentRecord, ...]
    findings: tuple[Finding, ...]
    error: str | None
    attempted: datetime
    published: datetime | None
    archived_from: str | None = None
    archive_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """An article kept out of the feeds since `since`, until its revision changes or it is released.

    `reason` is a sentence for an editor, `findings` is all that was found.
    """

    article_id: str
    revision: int
    reason: str
    renderer: str
    since: datetime
    findings: tuple[Finding, ...] = ()

    def keeps_out(self, article: Article, renderer: str) -> bool:
        """Was it this revision that was found guilty, and by the renderer that is in use?"""
        return (self.revision, self.renderer) == (article.revision, renderer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """Articles of a section that were closed off together, the oldest to arrive first (RFC 5005 §4).

    `number` counts from 1. `generation` rises with every change of one of them.
    """

    section: str
    number: int
    generation: int

    @property
    def name(self) -> str:
        return archive_name(self.section, self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionState:
    """What the store knows of a section that config.yaml names or once named.

    `generation` rises with every change to its articles that shows; `urgent_generation` is its value at the newest
    withdrawal, which is published at once whatever the schedule. `feed_id` is minted once. `archives` is the number of
    its newest archive, 0 while there is none; `archive_generation` rises with every change of any of them.
    """

    slug: str
    feed_id: str
    created: datetime
    generation: int
    urgent_generation: int
    archives: int = 0
    archive_generation: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An API token as stored: its hash only. `sections` empty means every section."""

    id: int
    name: str
    sections: tuple[str, ...]
    created: datetime
    last_used: datetime | None
    revoked: datetime | None
