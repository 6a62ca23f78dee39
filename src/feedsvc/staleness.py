"""Pure: are the files of a feed made from what is now?

Whatever shows in a document is in its fingerprint: generations, settings, formats, the renderer. The quarantine, too:
every change of it raises the generations of the article's sections (regenerate.py).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from feedsvc.config import Settings
from feedsvc.feed import opml
from feedsvc.model import (
    ALL_SLUG,
    INDEX_SLUG,
    Coding,
    DocumentRecord,
    Mark,
    Publication,
    Section,
    SectionsReading,
    SectionState,
)
from feedsvc.output import CODINGS, DOCUMENT_FORMATS, SUFFIXES, FileStats

_UNSEEN = frozenset(
    {"limit", "max_bytes", "formats", "aliases", "schedule", "on_change", "max_age_seconds", "withdrawals", "old_urls"}
)
"""What an archive does not show of its section's settings: 10,000 need not be made anew for another schedule."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a document is made from. `generation` sums those of the section's members, for `all` those of all sections.

    `made_from` ends in the number of the members' withdrawals, so that one that waits can be told from other changes.
    `moment` sums all generations there are: of two readings of one store the later has the higher.
    """

    made_from: str
    generation: int
    moment: int


@dataclass(frozen=True, slots=True)
class ArchiveBasis:
    """What a section's archives are made from: `shown` digests the settings that show in them.

    `made_from` fingerprints all of them together: it moves whenever any of them is cut or changed, or is to have other
    twins.
    """

    shown: str
    made_from: str


@dataclass(frozen=True, slots=True)
class Amiss:
    """The formats of a feed that lie otherwise in the folder than they were published, as a stat tells.

    Another hand did it, or a folder came out of a backup, or what published it was killed before it could note it.
    """

    altered: tuple[str, ...]
    missing: tuple[str, ...]
    surplus: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.altered or self.missing or self.surplus)


@dataclass(frozen=True, slots=True)
class Stale:
    """A feed whose files are not made from what is now.

    `made_from` fingerprints what is now, so that a try that failed need not be repeated while nothing moved.
    `is_urgent`: a withdrawal waits. `is_missing`: a file is not there, or not the one that was published.
    `lacks_twins`: the documents that were published are there, and a compressed form of one is missing, wrong or one
    too many. `lacks_twins_alone`: and they are made from what is now.
    """

    slug: str
    made_from: str
    is_urgent: bool
    is_missing: bool
    lacks_twins: bool = False
    lacks_twins_alone: bool = False


class Fingerprints:
    """What the feeds of some settings would be made from now; the settings' part is kept while they are in force."""

    def __init__(self, renderer: str) -> None:
        self._renderer = renderer
        self._shown: tuple[Settings, Mapping[str, str]] | None = None
        self._archived: tuple[Settings, Mapping[str, str]] | None = None

    def prepare(self, settings: Settings) -> None:
        """Compute the settings' part now."""
        self._shown_of(settings)
        self._shown_in_archives_of(settings)

    def of(self, settings: Settings, slug: str, reading: SectionsReading) -> Basis:
        """Of one feed or `index`, from a reading that has the states of those that `sections_of` names."""
        own = reading.states.get(slug)
        identity = own and (own.feed_id, own.created.isoformat())
        # The newest archive is led to. A combination has none.
        newest = own.archives if own and slug in settings.plain and settings.plain[slug].is_archived else 0
        if slug == ALL_SLUG:
            # Ten thousand members in each look would cost more than the look: counters that only rise tell by their
            # sum whether any of them moved. Those of sections that are no members any more cost a look in vain.
            generations: object = reading.sums.generation
            urgent = reading.sums.urgent_generation
        else:
            known = [reading.states[each] for each in _members(settings, slug) if each in reading.states]
            generations = [(each.slug, each.generation) for each in known]
            urgent = sum(each.urgent_generation for each in known)
        generation = generation_of(settings.feeds[slug], reading) if slug in settings.feeds else 0
        digest = _digest((self._shown_of(settings)[slug], identity, newest, generations))
        return Basis(made_from=f"{digest}:{urgent}", generation=generation, moment=reading.sums.generation)

    def of_archives(self, settings: Settings, slug: str, state: SectionState) -> ArchiveBasis:
        """Of the archives of one section."""
        shown = _digest((self._shown_in_archives_of(settings)[slug], state.feed_id, state.created.isoformat()))
        codings = ",".join(coding for coding in CODINGS if settings.compression.levels[coding])
        return ArchiveBasis(shown, f"{shown}:{state.archive_generation}:{codings}")

    def stale(
        self,
        settings: Settings,
        slugs: Iterable[str],
        reading: SectionsReading,
        publications: Mapping[str, Publication | Mark],
        files: FileStats | None,
    ) -> list[Stale]:
        """Those of these feeds (and `index`) that are not made from what is now; without `files` they all lie there."""
        found = []
        for slug in slugs:
            basis = self.of(settings, slug, reading)
            known = publications.get(slug)
            if known is None:
                found.append(Stale(slug, basis.made_from, is_urgent=False, is_missing=True))
                continue
            is_missing = files is not None and not _lies_there(known, formats_of(settings, slug), files)
            lacks_twins = (
                files is not None and not is_missing and not have_twins(known, settings.compression.levels, files)
            )
            is_older = not _is_made_from(known, basis)
            if is_missing or lacks_twins or is_older:
                is_urgent = _withdrawals(known.made_from) < _withdrawals(basis.made_from)
                is_alone = lacks_twins and not is_older
                found.append(Stale(slug, basis.made_from, is_urgent, is_missing, lacks_twins, is_alone))
        return found

    def _shown_in_archives_of(self, settings: Settings) -> Mapping[str, str]:
        """Per archived section a digest of the settings that can show: not of how many entries it holds, or when."""
        if self._archived is None or self._archived[0] is not settings:
            titles = {slug: section.title for slug, section in settings.sections.items()}
            shared = _digest((self._renderer, asdict(settings.site), titles))
            shown = {
                slug: _digest((shared, {name: value for name, value in asdict(section).items() if name not in _UNSEEN}))
                for slug, section in settings.plain.items()
                if section.is_archived
            }
            self._archived = (settings, shown)
        return self._archived[1]

    def _shown_of(self, settings: Settings) -> Mapping[str, str]:
        """Per feed a digest of the settings that can show in it, and of the renderer."""
        if self._shown is None or self._shown[0] is not settings:
            site = asdict(settings.site)
            titles = {slug: section.title for slug, section in settings.sections.items()}
            shared = _digest((self._renderer, site, titles))
            sections = {slug: asdict(section) for slug, section in settings.feeds.items()}
            shown = {slug: _digest((shared, section)) for slug, section in sections.items()}
            shown[INDEX_SLUG] = _digest((self._renderer, site, [sections[slug] for slug in settings.sections]))
            self._shown = (settings, shown)
        return self._shown[1]


def sections_of(settings: Settings, slugs: Iterable[str]) -> set[str]:
    """The sections whose states tell what these feeds are made from."""
    found: set[str] = set()
    for slug in slugs:
        found.add(slug)
        if slug != ALL_SLUG:
            found.update(_members(settings, slug))
    return found


def generation_of(section: Section, reading: SectionsReading) -> int:
    """How far its members have come, added up; for `all` how far all sections have."""
    if section.slug == ALL_SLUG:
        return reading.sums.generation
    return sum(reading.states[member].generation for member in section.members if member in reading.states)


def is_current(known: Publication | None, basis: Basis, formats: Sequence[str], files: FileStats) -> bool:
    """Is what was published made from this, did the newest attempt succeed, and do the files still lie there?"""
    return known is not None and _is_made_from(known, basis) and _lies_there(known, formats, files)


def find_amiss(known: Publication, formats: Sequence[str], files: FileStats) -> Amiss:
    """What lies there of a feed against what was published of it in these formats."""
    recorded = {record.format: (record.length_bytes, record.mtime) for record in known.documents}
    lying = {name: files[known.slug, name] for name in DOCUMENT_FORMATS if (known.slug, name) in files}
    wanted = [name for name in formats if name in recorded]
    return Amiss(
        altered=tuple(name for name in wanted if name in lying and lying[name] != recorded[name]),
        missing=tuple(name for name in wanted if name not in lying),
        surplus=tuple(name for name in lying if name not in recorded),
    )


def have_twins(known: Publication | Mark, levels: Mapping[Coding, int], files: FileStats) -> bool:
    """Does each document have exactly the twins that it is to have, each as it was made?"""
    return all(
        has_twins(
            record,
            levels,
            {coding: files.get((known.slug, f"{record.format}.{SUFFIXES[coding]}")) for coding in CODINGS},
        )
        for record in known.documents
    )


def has_twins(
    record: DocumentRecord, levels: Mapping[Coding, int], lying: Mapping[Coding, tuple[int, datetime] | None]
) -> bool:
    """Of one document: `lying` is length and mtime of what lies where each twin would."""
    for coding in CODINGS:
        if levels[coding] and coding not in record.twins:
            return False
        length_bytes = record.twins.get(coding, 0) if levels[coding] else 0
        if lying.get(coding) != ((length_bytes, record.mtime) if length_bytes else None):
            return False
    return True


def formats_of(settings: Settings, slug: str) -> tuple[str, ...]:
    """The formats in which a feed (or `index`) is published; none where it is not configured."""
    if slug == INDEX_SLUG:
        return (opml.NAME,)
    return settings.feeds[slug].formats if slug in settings.feeds else ()


def _members(settings: Settings, slug: str) -> Sequence[str]:
    return settings.feeds[slug].members if slug in settings.feeds else ()


def _is_made_from(known: Publication | Mark, basis: Basis) -> bool:
    return known.error is None and known.made_from == basis.made_from


def _lies_there(known: Publication | Mark, formats: Sequence[str], files: FileStats) -> bool:
    """Do exactly these formats lie in the folder, each as it was published?"""
    recorded = {record.format: (record.length_bytes, record.mtime) for record in known.documents}
    lying = {name: files[known.slug, name] for name in DOCUMENT_FORMATS if (known.slug, name) in files}
    return lying == {name: recorded.get(name) for name in formats}


def _withdrawals(made_from: str) -> int:
    return int(made_from.rpartition(":")[2] or 0)


def _digest(parts: object) -> str:
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()
