"""Question: do the documents in the feeds folder say what the store says, and are they the ones that were published?

Reads, changes nothing. Each feed is read under its lock, so that a service at work beside it is never caught half-way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from feedsvc.choice import Choice, choose, choose_archived
from feedsvc.config import Settings
from feedsvc.errors import OutputError
from feedsvc.feed import opml
from feedsvc.feed.compose import compose
from feedsvc.feed.formats import FORMATS, RENDERER
from feedsvc.model import (
    ARCHIVE_FORMAT,
    INDEX_SLUG,
    STORED,
    Coding,
    DocumentRecord,
    Feed,
    Finding,
    Holdings,
    Publication,
    Section,
    SectionState,
    Severity,
    archive_name,
)
from feedsvc.output import CODINGS, SUFFIXES, FeedsFolder, StoredDocument, unpack
from feedsvc.proof import guard
from feedsvc.store import Store


class Instance(Protocol):
    """A database, and the feeds folder that is made from it."""

    @property
    def store(self) -> Store: ...

    @property
    def folder(self) -> FeedsFolder: ...

    @property
    def folder_id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Exhibit:
    """What lies on disk of one feed, and what the store says of it, read at one moment.

    `documents` and `twins` are by format: what lies there, or why it can't be read; what is wrong with its compressed
    forms. `feed` is what it should say, None where that can't be composed; `stored` is what is wrong with its rows.
    """

    slug: str
    publication: Publication | None
    documents: Mapping[str, StoredDocument | Finding]
    twins: Mapping[str, tuple[Finding, ...]]
    feed: Feed | None
    stored: tuple[Finding, ...]

    @property
    def records(self) -> tuple[DocumentRecord, ...]:
        return self.publication.documents if self.publication else ()

    def find_damage(self, name: str) -> tuple[Finding, ...]:
        """What is wrong with the bytes in one format: are they the published ones, and their twins these?"""
        document = self.documents[name]
        altered = [document] if isinstance(document, Finding) else _find_alteration(document, self.records)
        return (*altered, *self.twins[name])

    def find_differences(self, name: str, settings: Settings) -> tuple[Finding, ...]:
        """What the document in one format says otherwise than the store, parsed back whole; nothing of none."""
        document = self.documents[name]
        if isinstance(document, Finding) or (self.feed is None and self.stored):
            return ()
        return guard(name, partial(_compare, document, settings, self.feed))


def audit(instance: Instance, settings: Settings, slug: str, *, formats: tuple[str, ...] = ()) -> tuple[Finding, ...]:
    """Everything wrong with one feed (or `index`) on disk, in these formats or in all that it is published in.

    What is wrong with rows of the database, which the feed has to do without, stands under the format STORED.

    Raises OutputError where the folder as a whole can't be used, StoreError where the store doesn't answer.
    """
    with instance.folder.lock(slug):
        exhibit = read_feed(instance, settings, slug, formats=formats)
    findings = list(exhibit.stored)
    for name in exhibit.documents:
        findings += [*exhibit.find_damage(name), *exhibit.find_differences(name, settings)]
    return tuple(findings)


def read_feed(instance: Instance, settings: Settings, slug: str, *, formats: tuple[str, ...] = ()) -> Exhibit:
    """Of one feed (or `index`), under its lock. Raises as `audit`."""
    store, folder = instance.store, instance.folder
    publication = store.publication(instance.folder_id, slug)
    lying = {name: _read(folder, slug, name) for name in formats or formats_of(settings, slug)}
    records = publication.documents if publication else ()
    twins = {name: tuple(_audit_twins(folder, settings, slug, lying[name], records)) for name in lying}
    feed, bad = (None, ()) if slug == INDEX_SLUG else _compose_now(store, settings, settings.feeds[slug])
    return Exhibit(slug, publication, lying, twins, feed, bad)


def audit_archives(instance: Instance, settings: Settings, slug: str) -> Mapping[str, tuple[Finding, ...]]:
    """Everything wrong with each archive of one feed on disk, by its name; nothing where it has none."""
    state = instance.store.section_states().get(slug)
    section = settings.feeds.get(slug)
    if section is None or not section.is_archived or state is None:
        return {}
    return {
        archive_name(slug, number): audit_archive(instance, settings, slug, number=number, state=state)
        for number in range(1, state.archives + 1)
    }


def audit_archive(
    instance: Instance, settings: Settings, slug: str, *, number: int, state: SectionState
) -> tuple[Finding, ...]:
    """Everything wrong with one archive of a section whose `state` this is."""
    name = archive_name(slug, number)
    with instance.folder.lock_archives(slug):
        found = read_archive(instance, settings, slug, number=number, state=state)
        twins = _audit_twins(instance.folder, settings, name, found.document, found.records)
    lying = found.document
    if isinstance(lying, Finding):
        message = f"it is not there; `feedsvc regenerate {slug}` or a running service makes it"
        return (replace(lying, message=message) if lying.rule == "file.missing" else lying, *twins)
    bad = found.stored
    if found.feed is not None:
        bad += guard(ARCHIVE_FORMAT, partial(FORMATS[ARCHIVE_FORMAT].verify, lying.content, found.feed))
    return (*_find_alteration(lying, found.records), *bad, *twins)


@dataclass(frozen=True, slots=True)
class ArchiveExhibit:
    """Of one archive: what lies there, or why it can't be read; as for an Exhibit, what it should say."""

    document: StoredDocument | Finding
    records: tuple[DocumentRecord, ...]
    feed: Feed | None
    stored: tuple[Finding, ...]


def read_archive(
    instance: Instance, settings: Settings, slug: str, *, number: int, state: SectionState
) -> ArchiveExhibit:
    """Of one archive of a section whose `state` this is."""
    section = settings.feeds[slug]
    with instance.store.reading() as reading:
        records = tuple(reading.archive_records(instance.folder_id, slug, number).values())
        choice = choose_archived(reading, section, number, RENDERER)
    feed, bad = _compose(settings, section, state, choice.holdings, _list_bad(choice))
    return ArchiveExhibit(_read(instance.folder, archive_name(slug, number), ARCHIVE_FORMAT), records, feed, bad)


def formats_of(settings: Settings, slug: str) -> tuple[str, ...]:
    """The formats in which a feed (or `index`) lies in the folder."""
    return (opml.NAME,) if slug == INDEX_SLUG else settings.feeds[slug].formats


def find_strangers(instance: Instance, settings: Settings) -> Mapping[str, tuple[Finding, ...]]:
    """Documents, or twins left by them, that config.yaml does not name (any more), by slug: nobody keeps them right."""
    known = {*instance.store.section_states(), INDEX_SLUG}
    configured = {slug: formats_of(settings, slug) for slug in (*settings.feeds, INDEX_SLUG)}
    found = {}
    documents, orphans = instance.folder.slugs(), instance.folder.orphans()
    for slug in sorted({*documents, *orphans}):
        names = (*documents.get(slug, ()), *orphans.get(slug, ()))
        surplus = [name for name in names if slug in known and name not in configured.get(slug, ())]
        message = "config.yaml does not name it; `feedsvc regenerate --all` or a running service removes it"
        if surplus:
            found[slug] = tuple(Finding(rule="file.surplus", message=message, format=name) for name in surplus)
    return found


def _compose_now(store: Store, settings: Settings, section: Section) -> tuple[Feed | None, tuple[Finding, ...]]:
    """The feed as it should be, and what is wrong with rows that it has to do without.

    None where it can't be composed, or where the section was never registered and nothing can be.
    """
    with store.reading() as reading:
        state = reading.section_states([section.slug]).get(section.slug)
        if state is None:
            return None, ()
        choice = choose(reading, section, RENDERER)
    newest = state.archives if section.is_archived else 0
    return _compose(settings, section, state, replace(choice.holdings, prev_archive=newest or None), _list_bad(choice))


def _compose(
    settings: Settings, section: Section, state: SectionState, holdings: Holdings, bad: tuple[Finding, ...]
) -> tuple[Feed | None, tuple[Finding, ...]]:
    composed: list[Feed] = []

    def examine() -> tuple[Finding, ...]:
        composed.append(compose(settings.site, section, state, holdings, settings.sections))
        return ()

    faults = guard(STORED, examine)
    return next(iter(composed), None), (*bad, *faults)


def _list_bad(choice: Choice) -> tuple[Finding, ...]:
    """What is wrong with rows of the database, whatever lies on disk."""
    return (*choice.unreadable, *(finding for _, found in choice.excessive for finding in found))


def _read(folder: FeedsFolder, slug: str, name: str) -> StoredDocument | Finding:
    try:
        document = folder.read(slug, name)
    except OutputError as error:
        return Finding(rule="file.unreadable", message=error.reason, format=name)
    message = f"it is not there; `feedsvc regenerate {slug}` makes it"
    return document or Finding(rule="file.missing", message=message, format=name)


def _find_alteration(document: StoredDocument, records: Sequence[DocumentRecord]) -> list[Finding]:
    published = next((record for record in records if record.format == document.format), None)
    if published is None:
        message = "it was not published by this service from this database"
        return [Finding(rule="file.unknown", message=message, format=document.format)]
    if document.digest != published.digest:
        return [
            Finding(
                rule="file.altered",
                message="its bytes are not the published ones: something else wrote the file",
                format=document.format,
                expected=published.digest,
                found=document.digest,
            )
        ]
    return []


def _audit_twins(
    folder: FeedsFolder,
    settings: Settings,
    slug: str,
    document: StoredDocument | Finding,
    records: Sequence[DocumentRecord],
) -> list[Finding]:
    """What is wrong with the compressed forms of one document: read under its lock, as the document was."""
    record = next((each for each in records if each.format == document.format), None)
    found = []
    for coding in CODINGS:
        level = settings.compression.levels[coding]
        is_left_out = not level or (record is not None and record.twins.get(coding) == 0)
        try:
            fault = _find_twin_fault(folder, slug, document, coding, is_left_out=is_left_out)
        except OutputError as error:
            fault = ("unreadable", error.reason, "error")
        if fault is not None:
            rule, message, severity = fault
            name = f"{slug.rpartition('/')[2]}.{document.format}.{SUFFIXES[coding]}"
            found.append(
                Finding(rule=f"twin.{rule}", message=f"{name} {message}", format=document.format, severity=severity)
            )
    return found


def _find_twin_fault(
    folder: FeedsFolder, slug: str, document: StoredDocument | Finding, coding: Coding, *, is_left_out: bool
) -> tuple[str, str, Severity] | None:
    """Rule, message and severity. A server that goes by names alone (nginx) serves whatever lies there."""
    lying = folder.stat_twin(slug, document.format, coding)
    if isinstance(document, Finding):
        told = "lies there without its document; `feedsvc regenerate` or a running service removes it"
        return ("orphan", told, "error") if lying and document.rule == "file.missing" else None
    if lying is None:
        told = "is not there; `feedsvc regenerate` or a running service makes it"
        return None if is_left_out else ("missing", told, "warning")
    twin = folder.read_twin(slug, document.format, coding, lying[1])
    if twin is None or unpack(coding, twin, len(document.content)) != document.content:
        return ("altered", "does not unpack to its document; `feedsvc regenerate` makes it anew", "error")
    if lying[1] != document.mtime:
        return ("dated", "has another time than its document; `feedsvc regenerate` makes it anew", "error")
    told = "is compressed as config.yaml says no more; `feedsvc regenerate` or a running service removes it"
    return ("surplus", told, "warning") if is_left_out else None


def _compare(document: StoredDocument, settings: Settings, feed: Feed | None) -> list[Finding]:
    if document.slug == INDEX_SLUG:
        return opml.verify(document.content, settings.site, tuple(settings.sections.values()))
    if feed is None:
        message = "the section is not known to the database"
        return [Finding(rule="section.unknown", message=message, format=document.format)]
    return FORMATS[document.format].verify(document.content, feed)
