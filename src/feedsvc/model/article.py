"""Articles: as a newsroom sends them, and as they are stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal


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
