"""Use case: a section's archives (RFC 5005 §4), from stale to live.

    cut         what the live document lets go is put into new archives      store, short transactions
    ensure      the newest lie in the folder before a document leads to them
    bring_up    the others follow, a few at a time: missing ones, then        under the lock of the section's archives
                stale ones, the newest first of either; what is missing and would be the same comes back (retrieval)

Which archive holds an article is the store's word, so replicas make the same bytes. A crash between any two steps
leaves archives that are stale, judged against what is noted of them and against the files themselves.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from feedsvc.choice import Choice, choose_archived
from feedsvc.config import Settings
from feedsvc.delivery import Delivery, Levels, deliver, find_twin_error, mend_twins
from feedsvc.errors import OutputError, StoreError
from feedsvc.feed.assembly import Kept
from feedsvc.feed.formats import Format
from feedsvc.log import get_logger
from feedsvc.model import ARCHIVE_FORMAT, Archive, Section, SectionState, archive_name
from feedsvc.output import CODINGS, SUFFIXES, FeedsFolder, Shelf, slugs_with_archives
from feedsvc.proof import prove
from feedsvc.retrieval import bring_back
from feedsvc.reuse import gather
from feedsvc.staleness import ArchiveBasis, Fingerprints, has_twins
from feedsvc.store import Reading, Store
from feedsvc.text import canonical_text
from feedsvc.trial import Attempt, Court, catch_up

log = get_logger(__name__)

ARCHIVE_ENTRIES = 100
"""An archive holds at most so many articles when it is cut: some 300 KB, and a tenth of a second to prove."""

_LED_TO = 2
"""So many of the newest archives lie in the folder before a document leads to them."""

_MANY_ERRORS = 3
"""After so many archives that can't be made the others are left for the next time."""


def _always(_made: int) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Progress:
    """`made` are the numbers of archives brought up to date, `waiting` is how many are still stale or missing.

    `error` is why one of them could not be made, or None.
    """

    made: tuple[int, ...]
    waiting: int
    error: str | None


@dataclass(frozen=True, slots=True)
class _Basis:
    archive: Archive
    shown: str
    moment: int


class Archivist:
    """Bound to one store, one feeds folder and a clock, as the Regenerator, which shares its court and fingerprints."""

    def __init__(
        self,
        store: Store,
        folder: FeedsFolder,
        folder_id: str,
        clock: Callable[[], datetime],
        *,
        court: Court,
        fingerprints: Fingerprints,
        formats: Mapping[str, Format],
        renderer: str,
    ) -> None:
        self._store = store
        self._folder = folder
        self._folder_id = folder_id
        self._clock = clock
        self._court = court
        self._fingerprints = fingerprints
        self._formats = formats
        self._renderer = renderer
        self._told: dict[str, set[str]] = {}

    def cut(self, section: Section, choice: Choice) -> int:
        """See to it that each article is in the live document that was chosen or in an archive; the newest's number."""
        held = {article.seq for article in choice.holdings.articles}
        while self._store.has_loose_end(section.slug, held):
            with self._store.write() as tx:
                tx.cut_archives(section.slug, held, ARCHIVE_ENTRIES, section.max_bytes)
        return self._store.section_states([section.slug])[section.slug].archives

    def ensure(self, settings: Settings, slug: str, number: int) -> None:
        """Make this archive and those just before it unless they lie in the folder, stale or not.

        Two are cut at once where much was published since the last look. One that can't be made keeps no news back.
        """
        for each in range(number, max(0, number - _LED_TO), -1):
            error = self._ensure(settings, slug, each)
            if error is not None:
                self._note_error(slug, error)
                return

    def bring_up(self, settings: Settings, slug: str, *, go_on: Callable[[int], bool] = _always) -> Progress:
        """Bring the archives of one section up to date, missing ones first, while `go_on` (asked with the number made).

        Each is held against its file, too. Without `go_on` all of them are made. Nothing happens where the section has
        no archives. Raises StoreError and OutputError when the world outside fails (noted if that can be).
        """
        state = self._store.section_states([slug]).get(slug)
        if state is None or not state.archives or slug not in settings.feeds or not settings.feeds[slug].is_archived:
            return Progress((), 0, None)
        try:
            return self._bring_up(settings, slug, state, go_on)
        except (OutputError, StoreError) as error:
            with contextlib.suppress(StoreError):
                self._note_error(slug, str(error))
            raise

    def renew(self, settings: Settings, slug: str, number: int) -> str | None:
        """Make one archive anew, under a new Last-Modified, whatever lies there; why it can't be, or None."""
        with self._folder.lock_archives(slug):
            error = self._make(settings, slug, number, is_anew=True)
        if error is not None:
            self._note_error(slug, error)
        return error

    def note_failure(self, slug: str, error: str) -> None:
        """They could not be made, since whoever made them is no more. Raises StoreError."""
        self._note_error(slug, error)

    def count_waiting(self, settings: Settings, slug: str, state: SectionState) -> int:
        """How many are not noted as made from what is now. It reads a row for each archive of the section."""
        basis = self._fingerprints.of_archives(settings, slug, state)
        stale = {each.number for each in self._store.stale_archives(self._folder_id, slug, basis.shown)}
        wanted = {coding for coding, level in settings.compression.levels.items() if level}
        records = self._store.archive_records(self._folder_id, slug)
        return len(stale | {number for number, record in records.items() if not wanted <= record.twins.keys()})

    def break_seals(self) -> None:
        """Let all archives be looked at anew, in case that one was altered in its place."""
        for slug in slugs_with_archives(self._folder):
            Shelf(self._folder, slug).break_seal()

    def remove_unconfigured(self, settings: Settings) -> list[str]:
        """Delete archives of sections that have none (any more). The slugs."""
        states = self._store.section_states()
        removed = []
        for slug in slugs_with_archives(self._folder):
            is_kept = slug in settings.feeds and settings.feeds[slug].is_archived
            if slug in states and not (is_kept and states[slug].archives):
                with self._folder.lock_archives(slug):
                    Shelf(self._folder, slug).clear()
                with self._store.write() as tx:
                    tx.forget_archives(self._folder_id, slug)
                removed.append(slug)
                log.info("archives_removed", slug=slug)
        return removed

    def _ensure(self, settings: Settings, slug: str, number: int) -> str | None:
        try:
            if self._folder.stat(archive_name(slug, number), ARCHIVE_FORMAT) is not None:
                return None
            with self._folder.lock_archives(slug):
                return self._make(settings, slug, number)
        except OutputError as refused:
            return str(refused)

    def _bring_up(self, settings: Settings, slug: str, state: SectionState, go_on: Callable[[int], bool]) -> Progress:
        basis = self._fingerprints.of_archives(settings, slug, state)
        with self._folder.lock_archives(slug):
            waiting = self._look(slug, state, basis, settings.compression.levels)
        made: list[int] = []
        errors: list[str] = []
        for number in waiting:
            if (made or errors) and not go_on(len(made) + len(errors)):
                break
            with self._folder.lock_archives(slug):
                is_mended, error = (False, None) if waiting[number] else self._mend(settings, slug, number)
                if not is_mended:
                    error = self._make(settings, slug, number)
            if error is None:
                made.append(number)
            else:
                errors.append(error)
                if len(errors) == _MANY_ERRORS:
                    break
        if errors:
            self._note_error(slug, errors[0])
        elif not waiting:
            self._told.pop(slug, None)
            with self._store.write() as tx:
                tx.note_archives(self._folder_id, slug, basis.made_from, None)
        return Progress(tuple(made), len(waiting) - len(made), errors[0] if errors else None)

    def _look(self, slug: str, state: SectionState, basis: ArchiveBasis, levels: Levels) -> Mapping[int, bool]:
        """The numbers of those that are stale (True), or missing, altered or without a twin (False).

        Those that are missing come before the others, the newest first of either.

        The seal comes before the look, so that what is done to them during the look breaks it again.
        """
        shelf = Shelf(self._folder, slug)
        shelf.sweep()
        shelf.seal()
        stale = {archive.number for archive in self._store.stale_archives(self._folder_id, slug, basis.shown)}
        records = self._store.archive_records(self._folder_id, slug)
        lying = shelf.stats()
        shelf.remove([number for number in lying if number > state.archives])
        right = {number: (record.length_bytes, record.mtime) for number, record in records.items()}
        altered = {number for number in range(1, state.archives + 1) if lying.get(number) != right.get(number)}
        twins = shelf.twin_stats()
        bare = {
            number
            for number, record in records.items()
            if number <= state.archives
            and not has_twins(record, levels, {coding: twins.get((number, coding)) for coding in CODINGS})
        }
        # What is not there at all comes first: a reader is led to it, and gets 503 until it is.
        order = sorted(stale | altered | bare, key=lambda number: (number in lying, -number))
        return {number: number in stale for number in order}

    def _mend(self, settings: Settings, slug: str, number: int) -> tuple[bool, str | None]:
        """Bring back what is missing of an archive that is not stale, or make the twins of one that is right itself.

        Whether it is as it should be, and why a twin is missing. Under the lock.
        """
        name, levels = archive_name(slug, number), settings.compression.levels
        archive = self._store.archive(slug, number)
        records = self._store.archive_records(self._folder_id, slug, number)
        if archive is None or number not in records:
            return False, None
        record = records[number]
        files = bring_back(self._folder, name, [record], levels, self._folder.stats_of(name))
        if files.get((name, ARCHIVE_FORMAT)) == (record.length_bytes, record.mtime) and has_twins(
            record, levels, {coding: files.get((name, f"{ARCHIVE_FORMAT}.{SUFFIXES[coding]}")) for coding in CODINGS}
        ):
            return True, None
        delivery = mend_twins(self._folder, name, [record], levels)
        if delivery is None:
            return False, None
        with self._store.write() as tx:
            tx.note_twins(self._folder_id, archive, delivery.records[0])
        return True, _uncompressed(number, delivery)

    def _make(self, settings: Settings, slug: str, number: int, *, is_anew: bool = False) -> str | None:
        """Prove one archive and put it into the folder; why it can't be, or None. Under the lock."""
        return catch_up(partial(self._make_of_now, settings, slug, number, is_anew))

    def _make_of_now(self, settings: Settings, slug: str, number: int, is_anew: bool, may_lag: bool) -> str | None:  # noqa: FBT001  # as catch_up tells
        name = archive_name(slug, number)
        is_full = is_anew or settings.proof == "full"
        verdict = self._court.settle(name, lambda: self._try(settings, slug, number, is_full=is_full))
        if verdict.error is not None:
            return f"Archive {number}: {verdict.error}"
        attempt = verdict.attempt
        basis, now = attempt.basis, self._clock()
        document = replace(attempt.proof.documents[0], slug=name)
        with self._store.write() as tx:
            anew = [ARCHIVE_FORMAT] if is_anew else []
            times = tx.allot_last_modified(
                name, {ARCHIVE_FORMAT: document.digest}, basis.moment, now, anew=anew, may_lag=may_lag
            )
        delivery = deliver(self._folder, [document], times, settings.compression.levels)
        if delivery.new:
            log.info("archive_published", slug=slug, number=number, entries=len(verdict.entries))
        with self._store.write() as tx:
            tx.save_archive(self._folder_id, basis.archive, basis.shown, delivery.records[0])
            tx.save_proofs(name, attempt.proof.proofs)
        for finding in attempt.choice.unreadable:
            log.error("article_unreadable", slug=name, reason=finding.message)
        return _uncompressed(number, delivery)

    def _try(self, settings: Settings, slug: str, number: int, *, is_full: bool) -> Attempt[_Basis]:
        section = replace(settings.feeds[slug], formats=(ARCHIVE_FORMAT,))
        # Of one moment: what changes later makes the archive stale again, never silently fresh.
        with self._store.reading() as reading:
            sections = reading.read_sections([slug])
            archive = reading.archive(slug, number)
            choice = choose_archived(reading, section, number, self._renderer)
            name = archive_name(slug, number)
            kept = {} if is_full else self._gather(reading, slug, name)
        if archive is None:
            raise StoreError(f"archive {number} of section {slug} is not in the database (any more)")
        proof = prove(
            settings.site,
            section,
            sections.states[slug],
            choice.holdings,
            settings.sections,
            formats=self._formats,
            renderer=self._renderer,
            kept=kept,
        )
        shown = self._fingerprints.of_archives(settings, slug, sections.states[slug]).shown
        return Attempt(_Basis(archive, shown, sections.sums.generation), choice, proof)

    def _gather(self, reading: Reading, slug: str, name: str) -> Mapping[str, Kept]:
        """What was proved of it; of one that is new most has just been, in the live document."""
        formats = (ARCHIVE_FORMAT,)
        return gather(reading, self._folder, name, formats) or gather(reading, self._folder, slug, formats)

    def _note_error(self, slug: str, error: str) -> None:
        before = self._store.publication(self._folder_id, slug)
        noted = canonical_text(error)
        with self._store.write() as tx:
            tx.note_archives(self._folder_id, slug, None, noted)
        told = self._told.setdefault(slug, set())  # one obstacle may be met at several files by turns
        if noted not in told and (before is None or before.archive_error != noted):
            log.error("archive_blocked", slug=slug, error=noted)
        told.add(noted)


def _uncompressed(number: int, delivery: Delivery) -> str | None:
    error = find_twin_error(delivery.records)
    return f"Archive {number} is there without a compressed form: {error}" if error else None
