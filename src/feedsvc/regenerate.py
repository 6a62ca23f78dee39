"""Use case: one section, from stale to live.

    lock(folder, slug)
      what is missing and would be the same comes back, and that is all (retrieval)     output
      read generations and the newest live articles           store, all of one moment
      put what they leave out into archives (archive)         store
      compose -> Feed                                         pure
      render each format -> bytes, prove each                 pure; less what was proved before (reuse), and again
                                                              where a guilty entry is quarantined (trial)
      the archive that is led to lies there (archive)         store, output
      allot Last-Modified                                     store
      write what differs from what lies there, compressed too (delivery), and
      what is new in it since the last versions (delta)       store, output
      note the publication and what was proved                store

No transaction is open while something is rendered or written; a crash between any two steps leaves a section that is
stale, judged against the files themselves.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from feedsvc.archive import Archivist
from feedsvc.config import Settings
from feedsvc.delivery import SLOW, deliver, find_twin_error, finish, mend_twins
from feedsvc.delta import Tracker
from feedsvc.drafting import Draft, Drafter
from feedsvc.errors import OutputError, StoreError, UnknownSectionError
from feedsvc.feed.formats import FORMATS, RENDERER, Format
from feedsvc.log import get_logger
from feedsvc.model import INDEX_SLUG, Document, Finding, Publication
from feedsvc.output import DOCUMENT_FORMATS, FeedsFolder, FileStats
from feedsvc.retrieval import bring_back, bring_back_all, find_lost
from feedsvc.staleness import Fingerprints, find_amiss, formats_of, have_twins, is_current, sections_of
from feedsvc.store import Store
from feedsvc.surplus import remove_surplus
from feedsvc.survey import Survey, Surveyor
from feedsvc.text import canonical_text
from feedsvc.trial import Court, catch_up

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Result:
    """What regenerating one section came to. `error` is why the last good documents stay, or None; `twin_error` why one
    that is live lacks a compressed form.

    `quarantined` are the ids of articles left out that would be among the newest otherwise.
    """

    slug: str
    # "published", "unchanged" (same bytes), "compressed" (twins alone), "fresh" (not stale, or brought back), "blocked"
    outcome: str
    entries: int
    length_bytes: int
    findings: tuple[Finding, ...]
    quarantined: tuple[str, ...]
    error: str | None
    seconds: float
    twin_error: str | None = None


@dataclass(frozen=True, slots=True)
class _Order:
    """As `regenerate` is told."""

    force: bool
    renew: Collection[str]
    when_live: Callable[[], None] | None
    may_lag: bool = True


class Regenerator:
    """Bound to one store, one feeds folder and a clock; the settings come with each call since they may change.

    `formats` and `renderer` are the seam at which tests put a broken renderer, or a newer one.
    """

    def __init__(
        self,
        store: Store,
        folder: FeedsFolder,
        folder_id: str,
        clock: Callable[[], datetime],
        *,
        formats: Mapping[str, Format] = FORMATS,
        renderer: str = RENDERER,
    ) -> None:
        self._store = store
        self._folder = folder
        self._folder_id = folder_id
        self._clock = clock
        self._tell_tried: Callable[[str, str, float], None] = _tell_nobody
        self._fingerprints = Fingerprints(renderer)
        self.surveyor = Surveyor(store, folder, folder_id, self._fingerprints)
        self._tracker = Tracker(store, folder, formats=formats)
        court = Court(store, clock, renderer)
        self.archivist = Archivist(
            store,
            folder,
            folder_id,
            clock,
            court=court,
            fingerprints=self._fingerprints,
            formats=formats,
            renderer=renderer,
        )
        self._drafter = Drafter(
            store,
            folder,
            court=court,
            archivist=self.archivist,
            fingerprints=self._fingerprints,
            formats=formats,
            renderer=renderer,
        )

    def when_tried(self, tell: Callable[[str, str, float], None]) -> None:
        """Call this after each attempt with slug, outcome (as in Result, or "failed") and seconds."""
        self._tell_tried = tell

    def regenerate(
        self,
        settings: Settings,
        slug: str,
        *,
        force: bool = False,
        renew: Collection[str] = (),
        when_live: Callable[[], None] | None = None,
    ) -> Result:
        """Bring one feed (or `index`, the OPML) up to date. `force` renders and verifies even when it is not stale.

        The documents in the formats of `renew` get a new Last-Modified in any case: others were read under the old one.
        With `when_live` documents go live before they are compressed as small as they are to be, which takes as long
        as all the rest, and it is called in between; a crash there leaves a twin missing, as a survey finds.

        Raises UnknownSectionError; StoreError and OutputError when the world outside fails (noted if that can be).
        """
        if slug != INDEX_SLUG and slug not in settings.feeds:
            raise UnknownSectionError(slug, (*settings.feeds, INDEX_SLUG))
        began = time.monotonic()
        try:
            with self._noting_failure(slug), self._folder.lock(slug):
                order = _Order(force, renew, when_live)
                result = catch_up(lambda may_lag: self._bring_up(settings, slug, replace(order, may_lag=may_lag)))
        except Exception:
            self._tell_tried(slug, "failed", time.monotonic() - began)
            raise
        result = replace(result, seconds=time.monotonic() - began)
        self._tell_tried(slug, result.outcome, result.seconds)
        if result.outcome == "published":
            log.info(
                "section_published",
                slug=slug,
                entries=result.entries,
                length_bytes=result.length_bytes,
                seconds=round(result.seconds, 3),
            )
        return result

    def mend_twins(self, settings: Settings, slug: str) -> str | None:
        """Make compressed forms that are missing beside the documents that are live, stale or not; why one still is.

        Raises StoreError and OutputError when the world outside fails (noted if that can be).
        """
        with self._noting_failure(slug), self._folder.lock(slug):
            known = self._store.publication(self._folder_id, slug)
            mended = self._mend(settings, known, self._folder.stats_of(slug)) if known else None
        return mended.twin_error if mended else None

    def note_failure(self, slug: str, error: str) -> None:
        """The newest attempt did not go live, since whoever made it is no more. Raises StoreError."""
        self._note(slug, error, ())

    def survey(self, settings: Settings) -> Survey:
        """How all feeds stand."""
        return self.surveyor.survey(settings)

    def bring_back(self, settings: Settings, survey: Survey) -> tuple[str, ...]:
        """What this survey found missing, though nothing else has changed, as it was; the slugs that had something."""
        lost = find_lost(survey.publications, survey.stale)
        return bring_back_all(self._folder, settings.compression.levels, lost)

    def stale(self, settings: Settings) -> list[str]:
        """Slugs (feeds and `index`) whose files are not made from what is now, one cheap look: no article is read."""
        return list(self.survey(settings).stale)

    def urgent(self, settings: Settings) -> list[str]:
        """The stale ones in which a withdrawal waits."""
        return [each.slug for each in self.survey(settings).stale.values() if each.is_urgent]

    def remove_unconfigured(self, settings: Settings) -> list[str]:
        """Delete files of sections (and formats) that config.yaml no longer names, and note those sections. The slugs.

        Only names that were once a section are touched: a file that someone else put there stays.
        """
        removed = remove_surplus(self._store, self._folder, self._folder_id, settings)
        self._tracker.remove_unconfigured(settings)
        self.archivist.remove_unconfigured(settings)
        return removed

    @contextlib.contextmanager
    def _noting_failure(self, slug: str) -> Iterator[None]:
        try:
            yield
        except (OutputError, StoreError) as error:
            with contextlib.suppress(StoreError):
                self._note(slug, str(error), ())
            raise
        except Exception as error:
            # A fault of ours, or a row that can't be read: health and status must not call this section well.
            with contextlib.suppress(StoreError):
                self._note(slug, f"{type(error).__name__}: {error}", ())
            raise

    def _bring_up(self, settings: Settings, slug: str, order: _Order) -> Result:
        """Under the section's lock: from what is stored now to what lies in the folder."""
        formats = formats_of(settings, slug)
        files = self._folder.stats_of(slug)
        if not order.force and any((slug, name) not in files for name in formats):
            files = self._retrieve(settings, slug, files)
        is_full = order.force or settings.proof == "full"
        drafter = self._drafter
        with self._store.reading() as reading:
            known = reading.publication(self._folder_id, slug)
            sections = reading.read_sections(sections_of(settings, [slug]))
            basis = self._fingerprints.of(settings, slug, sections)
            # What was unreadable may have been mended in the database, which makes nothing stale.
            is_right = not (order.force or (known and known.findings)) and is_current(known, basis, formats, files)
            needs_stock = not is_right and slug != INDEX_SLUG
            stock = (
                self._drafter.take_stock(reading, sections, settings, slug, is_full=is_full) if needs_stock else None
            )
        mended = self._mend(settings, known, files) if known and is_right else None
        if mended is not None:
            return mended
        self._folder.remove_orphans(slug, files)
        draft = (
            drafter.draft_index(settings, basis)
            if slug == INDEX_SLUG
            else drafter.draft(settings, slug, stock, is_full=is_full)
        )
        if draft.error is not None:
            blocked = self._note(slug, draft.error, draft.findings)
            self._mend(settings, blocked, files)
            return _result(blocked, "blocked", draft.quarantined)
        if draft.prev_archive is not None:
            self.archivist.ensure(settings, slug, draft.prev_archive)
        surplus = [name for _, name in files if name in DOCUMENT_FORMATS and name not in formats]
        result = self._publish(settings, draft, known, surplus, order)
        # Told when it is right again: what fails is tried over and over.
        if known and (amiss := find_amiss(known, formats, files)):
            told = {how: list(names) for how, names in asdict(amiss).items() if names}
            log.warning("documents_not_as_published", slug=slug, **told)
        return result

    def _retrieve(self, settings: Settings, slug: str, files: FileStats) -> FileStats:
        """What lies there when whatever could be brought back has been."""
        look = self.surveyor.look(settings, [slug], at_files=True)
        for known in find_lost(look.marks, look.stale):
            files = bring_back(self._folder, slug, known.documents, settings.compression.levels, files)
        return files

    def _mend(self, settings: Settings, known: Publication, files: FileStats) -> Result | None:
        """Make the twins that are missing or wrong; None where a document turns out to be another one."""
        levels = settings.compression.levels
        if have_twins(known, levels, files):
            return _result(known, "fresh", ())
        files = bring_back(self._folder, known.slug, known.documents, levels, files, twins_alone=True)
        if have_twins(known, levels, files):
            return _result(known, "fresh", ())
        delivery = mend_twins(self._folder, known.slug, known.documents, levels)
        if delivery is None:
            return None
        publication = replace(known, documents=delivery.records)
        with self._store.write() as tx:
            tx.note_documents(self._folder_id, known.slug, publication.documents)
        self._tell_of_twins(publication, known)
        return _result(publication, "compressed", ())

    def _tell_of_twins(self, publication: Publication, known: Publication | None) -> None:
        error, before = find_twin_error(publication.documents), find_twin_error(known.documents if known else ())
        if error is not None and error != before:
            log.error("twins_missing", slug=publication.slug, error=error)
        elif error is None and before is not None:
            log.info("twins_made", slug=publication.slug)

    def _publish(
        self,
        settings: Settings,
        draft: Draft,
        known: Publication | None,
        surplus: Sequence[str],
        order: _Order,
    ) -> Result:
        """Put into the folder what differs from what lies there, and note it."""
        now, slug = self._clock(), draft.slug
        digests = {each.format: each.digest for each in draft.documents}
        with self._store.write() as tx:
            moment, may_lag = draft.basis.moment, order.may_lag
            times = tx.allot_last_modified(slug, digests, moment, now, anew=order.renew, may_lag=may_lag)

        def lay_trails(fresh: Sequence[Document]) -> None:
            if draft.feed is not None:
                self._tracker.follow(settings.feeds[slug], draft.feed, fresh, times, proof=settings.proof)

        levels = settings.compression.levels
        puts_off = order.when_live is not None and bool(levels[SLOW])
        delivery = deliver(self._folder, draft.documents, times, levels, puts_off=puts_off, before=lay_trails)
        is_changed = self._folder.remove(slug, surplus) or bool(delivery.new)
        publication = Publication(
            slug=slug,
            made_from=draft.basis.made_from,
            generation=draft.basis.generation,
            entries=draft.entries,
            documents=delivery.records,
            findings=draft.findings,
            error=None,
            attempted=now,
            published=now if is_changed or known is None else known.published,
        )
        with self._store.write() as tx:
            tx.save_publication(self._folder_id, publication)
            if draft.proofs:
                tx.save_proofs(slug, draft.proofs)
        if order.when_live is not None:
            order.when_live()
        if puts_off and delivery.new:
            publication = replace(
                publication, documents=finish(self._folder, delivery.new, publication.documents, levels)
            )
            with self._store.write() as tx:
                tx.note_documents(self._folder_id, slug, publication.documents)
        for finding in draft.findings:
            if known is None or finding not in known.findings:
                log.error("article_unreadable", slug=slug, reason=finding.message)
        self._tell_of_twins(publication, known)
        outcome = "published" if is_changed else "compressed" if delivery.are_twins_new else "unchanged"
        return _result(publication, outcome, draft.quarantined)

    def _note(self, slug: str, error: str, findings: tuple[Finding, ...]) -> Publication:
        """Record that the newest attempt did not go live; what lies in the folder stays as it is."""
        now = self._clock()
        before = self._store.publication(self._folder_id, slug)
        known = before or Publication(
            slug=slug,
            made_from="",
            generation=0,
            entries={},
            documents=(),
            findings=(),
            error=None,
            attempted=now,
            published=None,
        )
        noted = replace(known, error=canonical_text(error), findings=findings, attempted=now)
        with self._store.write() as tx:
            tx.save_publication(self._folder_id, noted)
        if before is None or before.error != noted.error:
            log.error("section_blocked", slug=slug, error=noted.error, findings=len(findings))
        return noted


def _tell_nobody(_slug: str, _outcome: str, _seconds: float) -> None:
    pass


def _result(publication: Publication, outcome: str, quarantined: tuple[str, ...]) -> Result:
    return Result(
        slug=publication.slug,
        outcome=outcome,
        entries=len(publication.entries),
        length_bytes=sum(record.length_bytes for record in publication.documents),
        findings=publication.findings,
        quarantined=quarantined,
        error=publication.error,
        seconds=0.0,
        twin_error=find_twin_error(publication.documents),
    )
