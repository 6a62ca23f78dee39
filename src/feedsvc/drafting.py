"""A feed, or the list of sections, from what is stored now to proved documents; nothing is put anywhere.

cut       what the live document lets go, into archives       store
prove     compose, render, verify                             pure; again where a guilty entry is quarantined (trial)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from feedsvc.archive import Archivist
from feedsvc.config import Settings
from feedsvc.feed.formats import Format
from feedsvc.model import INDEX_SLUG, Document, Feed, Finding, Proofs
from feedsvc.output import FeedsFolder
from feedsvc.proof import prove, prove_index
from feedsvc.staleness import Basis, Fingerprints, sections_of
from feedsvc.stock import Stock, take_stock
from feedsvc.store import Store
from feedsvc.tray import Trays
from feedsvc.trial import Attempt, Court


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Documents on their way; with an `error` they don't go live. `entries` maps article id to revision.

    `feed` is what they say, None for the list of sections.
    """

    slug: str
    basis: Basis
    feed: Feed | None = None
    documents: tuple[Document, ...] = ()
    proofs: Mapping[str, Proofs] = field(default_factory=dict)
    entries: Mapping[str, int]
    findings: tuple[Finding, ...] = ()
    quarantined: tuple[str, ...] = ()
    prev_archive: int | None = None
    error: str | None = None


class Drafter:
    """Bound to one store and one feeds folder; `take_stock` reads what a feed is to be made from."""

    def __init__(
        self,
        store: Store,
        folder: FeedsFolder,
        *,
        court: Court,
        archivist: Archivist,
        fingerprints: Fingerprints,
        formats: Mapping[str, Format],
        renderer: str,
    ) -> None:
        self._store = store
        self._court = court
        self._archivist = archivist
        self._fingerprints = fingerprints
        self._formats = formats
        self._renderer = renderer
        self._trays = Trays()
        self.take_stock = partial(take_stock, folder=folder, formats=formats, renderer=renderer, trays=self._trays)

    def draft_index(self, settings: Settings, basis: Basis) -> Draft:
        proof = prove_index(settings.site, tuple(settings.sections.values()))
        error = f"The list of sections can't be proved: {proof.findings[0]}" if proof.findings else None
        return Draft(
            slug=INDEX_SLUG,
            basis=basis,
            documents=proof.documents,
            entries={},
            findings=proof.findings,
            error=error,
        )

    def draft(self, settings: Settings, slug: str, stock: Stock | None, *, is_full: bool) -> Draft:
        """From this stock, and from what is there then each time that it has to be tried again."""
        stocks = [stock] if stock else []

        def try_it() -> Attempt[Basis]:
            if not stocks:
                with self._store.reading() as reading:
                    sections = reading.read_sections(sections_of(settings, [slug]))
                    stocks.append(self.take_stock(reading, sections, settings, slug, is_full=is_full))
            taken = stocks.pop()
            made = self._try(settings, slug, taken)
            self._trays.put_back(slug, taken.tray)
            return made

        verdict = self._court.settle(slug, try_it)
        attempt = verdict.attempt
        return Draft(
            slug=slug,
            basis=attempt.basis,
            feed=attempt.proof.feed,
            documents=attempt.proof.documents,
            proofs=attempt.proof.proofs,
            entries=verdict.entries,
            findings=attempt.proof.findings or attempt.choice.unreadable,
            quarantined=attempt.choice.held,
            prev_archive=attempt.choice.holdings.prev_archive,
            error=verdict.error,
        )

    def _try(self, settings: Settings, slug: str, stock: Stock) -> Attempt[Basis]:
        section, states, choice = settings.feeds[slug], stock.sections.states, stock.choice
        if section.is_archived:
            newest = self._archivist.cut(section, choice) if stock.has_loose_end else states[slug].archives
            states = {**states, slug: replace(states[slug], archives=newest)}
            choice = replace(choice, holdings=replace(choice.holdings, prev_archive=newest or None))
        proof = prove(
            settings.site,
            section,
            states[slug],
            choice.holdings,
            settings.sections,
            formats=self._formats,
            renderer=self._renderer,
            kept=stock.kept,
            before=stock.tray.entries,
        )
        reading = replace(stock.sections, states=states)
        return Attempt(self._fingerprints.of(settings, slug, reading), choice, proof)
