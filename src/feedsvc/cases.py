"""Question: is one feed, or one archive, wrong as it lies there, in a way that nobody else would see?

What the worker sees by itself, it mends by itself: a file that is gone, of another length or time, one too many. Here
is what only bytes tell. A feed that is stale is held against what was published; the store says something newer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from feedsvc.audit import Exhibit, Instance, audit_archive, read_feed
from feedsvc.config import Settings
from feedsvc.errors import OutputError
from feedsvc.feed.formats import RENDERER
from feedsvc.model import ARCHIVE_FORMAT, INDEX_SLUG, STORED, DocumentRecord, Finding, Publication
from feedsvc.output import CODINGS, SUFFIXES, FileStats, StoredDocument
from feedsvc.staleness import Basis, Fingerprints, formats_of, has_twins, is_current, sections_of

_FILE_DAMAGE = frozenset({"file.altered", "file.unreadable"})
_DAMAGE = _FILE_DAMAGE | {"twin.altered", "twin.unreadable"}
_NOT_THERE = frozenset({"file.missing", "file.unknown"})


@dataclass(slots=True)
class Case:
    """One feed, read at one moment. `left` are the formats that were not looked at yet, `errors` what was found.

    `is_current`: what lies there should say what the store says. `bare` are the formats whose twins are yet to be made,
    or made anew, as a stat tells.
    """

    settings: Settings
    exhibit: Exhibit
    is_current: bool
    left: list[str]
    bare: frozenset[str]
    errors: dict[str, tuple[Finding, ...]] = field(default_factory=dict)

    @property
    def publication(self) -> Publication:
        assert self.exhibit.publication is not None, "there is no case without one"
        return self.exhibit.publication

    @property
    def failed(self) -> Mapping[str, str]:
        """The digests of what was found wrong, by format; '' of what can't be read."""
        lying = {name: self.exhibit.documents[name] for name in self.errors}
        return {name: each.digest if isinstance(each, StoredDocument) else "" for name, each in lying.items()}

    def is_of_this_second(self, now: datetime) -> bool:
        """Did one that was found wrong go live within a second before `now`? Last-Modified counts seconds."""
        times = [each.mtime for each in self.exhibit.records if each.format in self.errors]
        return any(timedelta(0) <= now - mtime < timedelta(seconds=1) for mtime in times)

    def examine_next(self) -> None:
        """Look at one document, whole. Raises nothing: what its reader raises is an error of it."""
        name = self.left.pop(0)
        wanted = _FILE_DAMAGE if name in self.bare else _DAMAGE
        errors = tuple(each for each in self.exhibit.find_damage(name) if each.rule in wanted)
        if not errors and self.is_current:
            errors = _errors_of(self.exhibit.find_differences(name, self.settings))
        if errors:
            self.errors[name] = errors


class Examiner:
    """Bound to one store and one feeds folder."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._store = instance.store
        self._folder = instance.folder
        self._fingerprints = Fingerprints(RENDERER)

    def publication(self, slug: str) -> Publication | None:
        return self._store.publication(self._instance.folder_id, slug)

    def open(self, settings: Settings, slug: str) -> Case | None:
        """None where nothing is published, or nothing lies there as it was. Raises StoreError, OutputError."""
        with self._folder.lock(slug):
            basis = self._basis(settings, slug)
            files = self._folder.stats_of(slug)
            exhibit = read_feed(self._instance, settings, slug)
        known = exhibit.publication
        if known is None:
            return None
        records = [each for each in known.documents if each.format in exhibit.documents]
        lying = [each.format for each in records if files.get((slug, each.format)) == (each.length_bytes, each.mtime)]
        bare = frozenset(each.format for each in records if not _has_twins(settings, slug, each, files))
        is_composed = exhibit.feed is not None or slug == INDEX_SLUG
        is_whole = is_composed and is_current(known, basis, formats_of(settings, slug), files)
        return Case(settings, exhibit, is_whole, lying, bare) if lying else None

    def stands(self, case: Case) -> bool:
        """Is it as it was when the case was opened, so that its errors count? Raises as `open`."""
        slug, settings = case.exhibit.slug, case.settings
        with self._folder.lock(slug):
            basis = self._basis(settings, slug)
            known = self._store.publication(self._instance.folder_id, slug)
            digests = {name: self._digest(slug, name) for name in case.errors}
        is_same = known == case.publication and digests == case.failed
        return is_same and (not case.is_current or basis.made_from == case.publication.made_from)

    def examine_archive(self, settings: Settings, slug: str, number: int) -> tuple[Finding, ...]:
        """The errors of one archive; none of one that is not made yet, or is to be made anew. Raises as `open`."""
        state = self._store.section_states([slug]).get(slug)
        if state is None or number > state.archives:
            return ()
        found = audit_archive(self._instance, settings, slug, number=number, state=state)
        errors = _errors_of(each for each in found if each.format == ARCHIVE_FORMAT and each.rule not in _NOT_THERE)
        if errors and not any(each.rule in _DAMAGE for each in errors):
            shown = self._fingerprints.of_archives(settings, slug, state).shown
            stale = self._store.stale_archives(self._instance.folder_id, slug, shown)
            errors = () if any(each.number == number for each in stale) else errors
        return errors

    def _basis(self, settings: Settings, slug: str) -> Basis:
        return self._fingerprints.of(settings, slug, self._store.read_sections(sections_of(settings, [slug])))

    def _digest(self, slug: str, name: str) -> str:
        try:
            document = self._folder.read(slug, name)
        except OutputError:
            return ""
        return document.digest if document else ""


def _errors_of(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(each for each in findings if each.severity == "error" and each.format != STORED)


def _has_twins(settings: Settings, slug: str, record: DocumentRecord, files: FileStats) -> bool:
    """Have its twins the length and the time that they were published with?"""
    twins = {coding: files.get((slug, f"{record.format}.{SUFFIXES[coding]}")) for coding in CODINGS}
    return has_twins(record, settings.compression.levels, twins)
