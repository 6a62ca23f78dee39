"""What moved, and what waits to be made for it.

    called      the feeds in which a change shows are looked at, and no others
    net         so often the sums over all sections' counters are compared with what was seen: who was killed before
                calling, or calls from another machine, is found so; articles whose time has come go live
    survey      now and then all feeds are held against their files

Belongs to one thread, the worker's watch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from feedsvc.backlog import Backlog
from feedsvc.config import Settings
from feedsvc.log import get_logger
from feedsvc.model import INDEX_SLUG, Mark, SectionState, Sums
from feedsvc.publish import promote_due
from feedsvc.runtime import Runtime
from feedsvc.staleness import Stale
from feedsvc.survey import Survey
from feedsvc.wake import Call

log = get_logger(__name__)

SURVEY_SECONDS = 5.0
SURVEY_SHARE = 300
"""All is surveyed so often although nothing moved, since a file may be gone; but after a survey it rests so many times
as long as it kept a core busy. Ten thousand sections may take a second."""

_FEW = 100
"""So many feeds are looked at with their files one by one; for more a survey costs less."""

_SECOND = timedelta(seconds=1)
"""What Last-Modified counts in."""


@dataclass(frozen=True, slots=True)
class SurveyOrder:
    """A survey that is due: what it is to be made with."""

    settings: Settings
    ticked: frozenset[str]


class Watch:
    """Of one runtime. `net_seconds`: how often it looks although nobody called."""

    def __init__(self, runtime: Runtime, net_seconds: float) -> None:
        self.waiting = Backlog()
        self.waiting_archives: dict[str, str] = {}
        self.surveyed_at = self.survey_at = -math.inf
        self._runtime = runtime
        self._net_seconds = net_seconds
        self._net_at = -math.inf
        self._due_at: datetime | None = None
        self._unreadable: frozenset[str] = frozenset()
        self._states: dict[str, SectionState] = {}
        self._sums = Sums()
        self._ticked: set[str] = set()
        self._moved: set[str] = set()
        self._suspects: set[str] = set()
        self._suspect_files: set[str] = set()
        self._seen_off: set[str] = set()

    def next_at(self, now: float) -> float:
        """When something is to be done although nobody calls; `now` and the answer are monotonic."""
        due_at = math.inf
        if self._due_at is not None:
            due_at = now + (self._due_at - self._runtime.clock()).total_seconds()
        return min(self._net_at, due_at, self.waiting.next_at(now))

    # what others say

    def note_call(self, call: Call) -> None:
        self._moved |= call.names
        if call.is_anything:
            self._net_at = -math.inf

    def note_ticks(self, slugs: Collection[str]) -> None:
        """The schedules of these have come round; with none of them everything is to be looked at."""
        for slug in slugs:
            self._ticked.add(slug)
            self.waiting.failures.pop(slug, None)
        self._net_at = -math.inf
        if slugs and len(slugs) <= _FEW:
            self._suspect_files.update(slugs)
        else:
            self.survey_at = -math.inf

    def note_taken(self, slug: str) -> None:
        """It is at work now."""
        self._ticked.discard(slug)

    def note_made(self, slug: str) -> None:
        """It is live; what came while it was at work may be in it already, or has to wait for the next second."""
        if slug in self.waiting:
            self.suspect(slug, at_files=self.waiting.hangs_on_files(slug))
            self.waiting.hold(slug)
        elif slug in self._runtime.settings.plain:
            self._seen_off.add(slug)  # archives of it may have been cut; there is no hurry

    def suspect(self, slug: str, *, at_files: bool) -> None:
        """Something happened to this feed or its archives: it is to be looked at."""
        (self._suspect_files if at_files else self._suspects).add(slug)

    # what is seen

    def look_at_changes(self) -> bool:
        """See what became stale where something moved, and only there."""
        settings = self._runtime.settings
        news = dict.fromkeys(settings.feeds_of(tuple(self._moved)))
        self._look_at(settings, [*news, *self._suspects.difference(news)], news.keys(), at_files=False)
        for slug in reversed(news):  # the article's own section before combinations, these before `all`
            self.waiting.prefer(slug)
        self._moved.clear()
        self._suspects.clear()
        self._look_at(settings, self._suspect_files, (), at_files=True)
        self._suspect_files.clear()
        return True

    def promote(self) -> bool:
        """Let articles go live whose time has come. False where it was not the time to ask."""
        now = self._runtime.clock()
        if time.monotonic() < self._net_at and (self._due_at is None or now < self._due_at):
            return False
        self._due_at = None
        due = self._runtime.store.next_due()
        if due is None or due > now:
            self._due_at = due
            return True
        broken: list[str] = []
        for article in promote_due(self._runtime.store, self._runtime.clock, broken=broken):
            log.info("article_went_live", article_id=article.id, sections=list(article.sections))
        for reason in sorted(set(broken) - self._unreadable):
            log.error("article_unreadable", slug=None, reason=reason)
        self._unreadable = frozenset(broken)
        return True

    def cast_net(self) -> bool:
        """See whether anything moved of which nobody told, and what. False where it was not the time to."""
        now = time.monotonic()
        if now < self._net_at:
            return False
        self._net_at = now + self._net_seconds
        self._suspects |= self._seen_off
        self._seen_off.clear()
        if self.surveyed_at > -math.inf and self._runtime.store.read_sections(()).sums != self._sums:
            states = self._runtime.store.section_states()
            self._moved |= {slug for slug, state in states.items() if state != self._states.get(slug)}
            self._states, self._sums = dict(states), Sums.of(states.values())
        return self.look_at_changes()

    def order_survey(self) -> SurveyOrder | None:
        """One that is due now."""
        if time.monotonic() < self.survey_at:
            return None
        self.survey_at = math.inf
        return SurveyOrder(self._runtime.settings, frozenset(self._ticked))

    def note_survey(self, order: SurveyOrder, survey: Survey, cpu_seconds: float) -> None:
        """What was found, and the processor time that it took."""
        self.surveyed_at = time.monotonic()
        if order.settings is not self._runtime.settings:
            self.survey_at = -math.inf
            return
        if self.survey_at == math.inf:  # nobody has asked for another one since
            self.survey_at = self.surveyed_at + max(SURVEY_SECONDS, cpu_seconds * SURVEY_SHARE)
        for slug, state in survey.states.items():
            seen = self._states.get(slug)
            if seen is None or seen.generation <= state.generation:
                self._states[slug] = state
        self._sums = Sums.of(self._states.values())
        self._ticked -= order.ticked - survey.stale.keys()
        self.waiting.keep(lambda slug: slug in order.settings.feeds or slug == INDEX_SLUG)
        for slug, stale in survey.stale.items():
            self._note_stale(stale, survey.publications.get(slug), is_news=False)
        self.waiting_archives = dict(survey.archives)

    def is_due(self, stale: Stale) -> bool:
        """Now, or only when its schedule comes round?"""
        feeds = self._runtime.settings.feeds
        return (
            stale.slug not in feeds  # the index; or taken out of config.yaml since it was found
            or feeds[stale.slug].on_change
            or stale.is_urgent
            or stale.is_missing
            or stale.slug in self._ticked
        )

    def _look_at(self, settings: Settings, slugs: Collection[str], news: Collection[str], *, at_files: bool) -> None:
        if not slugs:
            return
        look = self._runtime.regenerator.surveyor.look(settings, slugs, at_files=at_files, add_up=self._add_up)
        for slug in slugs:
            if slug in look.stale:
                self._note_stale(look.stale[slug], look.marks.get(slug), is_news=slug in news)
            elif at_files or not self.waiting.hangs_on_files(slug):
                self.waiting.drop(slug)
                self._ticked.discard(slug)
            if slug in look.archives:
                self.waiting_archives[slug] = look.archives[slug]
            else:
                self.waiting_archives.pop(slug, None)

    def _add_up(self, states: Mapping[str, SectionState]) -> Sums:
        """The sums, with what these have come to. What moved besides makes `all` look stale, or is found by the net."""
        for slug, state in states.items():
            self._sums = self._sums.moved(self._states.get(slug), state)
            self._states[slug] = state
        return self._sums

    def _note_stale(self, stale: Stale, known: Mark | None, *, is_news: bool) -> None:
        """It waits, unless only its schedule brings it round."""
        if stale.lacks_twins or self.is_due(stale):
            # Files may look amiss for a moment, while they are written: what is made anew then is dated as well.
            rest_seconds = 0.0 if stale.lacks_twins_alone or known is None else self._rest_of(known)
            ready_at = time.monotonic() + rest_seconds if rest_seconds else -math.inf
            self.waiting.note(stale, is_news=is_news, ready_at=ready_at)
        else:
            self.waiting.drop(stale.slug)

    def _rest_of(self, known: Mark) -> float:
        """For so many seconds more it is the second in which it went live: its next Last-Modified would lie in the
        future (RFC 9110 §8.8.2.1).

        So changes that come thick and fast go live together, once a second. A clock that was set back waits for nobody.
        """
        last = max((record.mtime for record in known.documents), default=None)
        if last is None:
            return 0.0
        left = last + _SECOND - self._runtime.clock()
        return left.total_seconds() if timedelta(0) < left <= _SECOND else 0.0
