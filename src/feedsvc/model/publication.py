"""What is remembered of what went live, what was kept out and what was closed off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from feedsvc.model.article import Article
from feedsvc.model.document import Finding
from feedsvc.model.names import archive_name


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRecord:
    """What a folder's file was when it went live. `mtime` (whole seconds, UTC) is its Last-Modified.

    `twins` is the length of its compressed form in each coding for which one was made, 0 where it was not worth
    keeping. `twin_error` is why one is missing, or None.
    """

    format: str
    digest: str
    length_bytes: int
    mtime: datetime
    twins: Mapping[str, int] = field(default_factory=dict)
    twin_error: str | None = None


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


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """How far the making of many feeds has come."""

    done: int
    waiting: int
    seconds: float

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far; None before there is one."""
        return self.seconds / self.done * self.waiting if self.done else None


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


class Sums(NamedTuple):
    """The counters of all sections there are, added up. Each counter only rises, so what moved anywhere shows here."""

    generation: int = 0
    urgent_generation: int = 0
    archives: int = 0
    archive_generation: int = 0

    @classmethod
    def of(cls, states: Iterable[SectionState]) -> Sums:
        """Those of these states."""
        counters = [
            (each.generation, each.urgent_generation, each.archives, each.archive_generation) for each in states
        ]
        return cls(*map(sum, zip(*counters, strict=True)))

    def moved(self, before: SectionState | None, now: SectionState) -> Sums:
        """With this one as it is now in the place of what it was."""
        old = (0, 0, 0, 0) if before is None else Sums.of([before])
        return Sums(*(total - was + is_now for total, was, is_now in zip(self, old, Sums.of([now]), strict=True)))


@dataclass(frozen=True, slots=True)
class SectionsReading:
    """One reading of the sections: `states` of those that were asked for, by slug, and the sums over all."""

    states: Mapping[str, SectionState]
    sums: Sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What tells of a publication whether it is stale: as there, without what the documents hold."""

    slug: str
    made_from: str
    documents: tuple[DocumentRecord, ...]
    error: str | None
    archived_from: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing(Mark):
    """What is told of a publication among all others: as there, with how many entries the documents hold, not which.

    All publications together hold tens of thousands of entries, and whoever looks at all of them keeps what is found.
    """

    holds: int
    findings: tuple[Finding, ...]
    attempted: datetime
    published: datetime | None
    archive_error: str | None = None
