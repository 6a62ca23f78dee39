"""What is to be audited next: what has gone live since its last audit, then round everything that lies there.

A name is a feed's (or `index`) or an archive's. What is new comes first, and once, however often it went live in the
meantime; who waited longest comes before the others. After a few of these the round has its turn, so that news without
end does not keep it from what lies still.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import TypeVar

from feedsvc.config import Settings
from feedsvc.model import INDEX_SLUG, AuditState, Publication, SectionState, Standing, archive_name
from feedsvc.output import Marks, is_audited

ROUND = timedelta(hours=1)
"""A round takes so long at least: a small site need not be read every few seconds."""

_NEW_IN_A_ROW = 3

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Survey:
    publications: Mapping[str, Standing]
    states: Mapping[str, SectionState]


class Rota:
    """Belongs to the audit's thread; any other may call what begins with `note_`."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._made: SimpleQueue[str] = SimpleQueue()
        self._survey = self._noted = _Survey({}, {})
        self._slugs: list[str] = []
        self._new: dict[str, None] = {}
        self._new_in_a_row = 0
        self._later: dict[str, float] = {}
        self._seen: dict[str, object] = {}
        self._right: set[str] = set()

    def note_survey(self, publications: Mapping[str, Standing], states: Mapping[str, SectionState]) -> None:
        """What has gone live, as the worker saw it last."""
        self._noted = _Survey(publications, states)

    def note_made(self, name: str) -> None:
        """It has just gone live."""
        self._made.put(name)

    def count_new(self) -> int:
        """How many have gone live and wait for their first audit."""
        return len(self._new) + self._made.qsize()

    def put_off(self, name: str, seconds: float) -> None:
        """It is to be audited again, but not before."""
        self._later[name] = time.monotonic() + seconds

    def note_taken(self, publication: Publication | Standing) -> None:
        """Whatever comes of it, in this form the feed is not new any more."""
        self._seen[publication.slug] = _form_of(publication)

    def note_right(self, name: str) -> None:
        """It was found right: this round has nothing more to do with it."""
        self._right.add(name)

    def next(self, settings: Settings, marks: Marks, state: AuditState) -> tuple[str | None, AuditState]:
        """A name, None where nothing is to be done now; and how far the round has come with it."""
        self._take_notes(settings, marks)
        is_round_due = bool(self._slugs) and self._is_round_due(state)
        if is_round_due and (state.began is None or state.ended is not None):
            state = replace(state, began=self._now(), ended=None, last="", done=0)
            self._right.clear()
        if self._new and not (is_round_due and self._new_in_a_row >= _NEW_IN_A_ROW):
            self._new_in_a_row += 1
            name = next(iter(self._new))
            del self._new[name]
            return name, state
        if not is_round_due:
            return None, state
        self._new_in_a_row = 0
        for name in self._names_after(state.last, settings):
            known = self._survey.publications.get(name)
            state = replace(state, last=name, done=state.done + (len(known.documents) if known else 1))
            if name not in self._right:
                return name, state
        return None, replace(state, ended=self._now())

    def _take_notes(self, settings: Settings, marks: Marks) -> None:
        for name in _drain(self._made):
            self._new[name] = None
        now = time.monotonic()
        for name in [name for name, at in self._later.items() if at <= now]:
            del self._later[name]
            self._new[name] = None
        survey = self._noted
        if survey is self._survey:
            return
        self._survey = survey
        self._slugs = sorted(slug for slug in survey.publications if slug in settings.feeds or slug == INDEX_SLUG)
        found = [each for each in map(survey.publications.__getitem__, self._slugs) if not is_audited(each, marks)]
        for each in sorted(found, key=lambda each: (each.published or each.attempted, each.slug)):
            if self._seen.get(each.slug) != _form_of(each):
                self._new.setdefault(each.slug)

    def _is_round_due(self, state: AuditState) -> bool:
        if state.began is None or state.ended is None:
            return True
        return not timedelta(0) <= self._now() - state.began < ROUND  # it may have been set back

    def _now(self) -> datetime:
        return self._clock().replace(microsecond=0)

    def _names_after(self, last: str, settings: Settings) -> Iterator[str]:
        """In the order of their slugs, each feed before its archives."""
        slug, _, number = last.partition("/archive/")
        if slug in self._slugs:
            yield from self._archives_after(slug, int(number or 0), settings)
        for each in self._slugs[bisect_right(self._slugs, slug) :] if slug else self._slugs:
            yield each
            yield from self._archives_after(each, 0, settings)

    def _archives_after(self, slug: str, number: int, settings: Settings) -> Iterator[str]:
        section, state = settings.plain.get(slug), self._survey.states.get(slug)
        if section is not None and section.is_archived and state is not None:
            yield from (archive_name(slug, each) for each in range(number + 1, state.archives + 1))


def _form_of(publication: Publication | Standing) -> object:
    return publication.made_from, tuple((each.format, each.digest) for each in publication.documents)


def _drain(queue: SimpleQueue[_T]) -> Iterator[_T]:
    while True:
        try:
            yield queue.get_nowait()
        except Empty:
            return
