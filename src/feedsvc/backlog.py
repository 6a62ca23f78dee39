"""Pure: the feeds that wait to be made, and which comes first.

    urgent    a withdrawal waits: before all others, the longest first
    news      an article has changed: as it came; where more wait than are made at once, the newest change first
    rest      what a survey found (a setting, an upgrade, files that are gone): as it was found
    twins     a compressed form is missing: after all others

Each fourth time whoever has waited longest comes first. So the newest change is made at once however many wait, of few
none waits for those that come after it, and one section that changes all the time keeps none behind it waiting for
ever: of n none waits for more than 4n others.

What failed waits out a pause that grows from try to try, unless something moves. Times are monotonic seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from feedsvc.staleness import Stale

OLDEST_EACH = 4

AT_ONCE = 8
"""News of so many feeds are made within a quarter of a second. Of more, some have to wait in any case."""

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Failure:
    """`made_from` is what it failed with: as soon as that changes, it is tried again without waiting."""

    made_from: str
    error: str
    pause_seconds: float
    retry_at: float


@dataclass(slots=True)
class _Item:
    stale: Stale
    ready_at: float
    number: int


class Backlog:
    """By slug, each once: whatever happens meanwhile, what waits is no more than there are feeds."""

    def __init__(self) -> None:
        self.failures: dict[str, Failure] = {}
        self._items: dict[str, _Item] = {}  # in the order in which they came
        self._urgent: dict[str, None] = {}
        self._news: dict[str, None] = {}  # the newest last
        self._rest: dict[str, None] = {}
        self._twins: dict[str, None] = {}
        self._resting: dict[str, float] = {}
        self._taken = 0
        self._number = 0

    def __contains__(self, slug: object) -> bool:
        return slug in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def note(self, stale: Stale, *, is_news: bool, ready_at: float = -math.inf) -> None:
        """It waits, and may be made from `ready_at` on. What waits already keeps its turn."""
        slug = stale.slug
        self._number += 1
        number = self._items[slug].number if slug in self._items else self._number
        self._items[slug] = _Item(stale, ready_at, number)
        if ready_at > -math.inf:
            self._resting[slug] = ready_at
        else:
            self._resting.pop(slug, None)
        if stale.is_urgent:
            self._urgent.setdefault(slug)
        self._twins.pop(slug, None)
        if is_news:
            self._rest.pop(slug, None)
            self._news.pop(slug, None)
            self._news[slug] = None
        elif stale.lacks_twins_alone:
            self._rest.pop(slug, None)
            self._twins[slug] = None
        elif slug not in self._news:
            self._rest.setdefault(slug)

    def hangs_on_files(self, slug: str) -> bool:
        """Does it wait for what only a look at its files can tell?"""
        item = self._items.get(slug)
        return item is not None and (item.stale.is_missing or item.stale.lacks_twins)

    def prefer(self, slug: str) -> None:
        """Its news comes before all other as the newest, if it waits for any; its age stays what it is."""
        if slug in self._news:
            del self._news[slug]
            self._news[slug] = None

    def hold(self, slug: str) -> None:
        """Let it wait until it is noted again."""
        if slug in self._items:
            self._items[slug].ready_at = math.inf
            self._resting.pop(slug, None)

    def drop(self, slug: str) -> None:
        """It waits no longer."""
        self._items.pop(slug, None)
        self._resting.pop(slug, None)
        for lane in (self._urgent, self._news, self._rest, self._twins):
            lane.pop(slug, None)

    def keep(self, is_kept: Callable[[str], bool]) -> None:
        """Drop all others."""
        for slug in [slug for slug in self._items if not is_kept(slug)]:
            self.drop(slug)

    def take(self, busy: Collection[str], now: float) -> Stale | None:
        """Whose turn it is, of those that are free; it waits no longer."""
        is_for_oldest = (self._taken + 1) % OLDEST_EACH == 0
        taken = self._take(self._in_turn(is_for_oldest=is_for_oldest), busy, now)
        self._taken += taken is not None
        return taken

    def _take(self, order: Iterable[str], busy: Collection[str], now: float) -> Stale | None:
        for slug in order:
            item = self._items[slug]
            if slug not in busy and self._is_ready(slug, item, now):
                self.drop(slug)
                return item.stale
        return None

    def _is_ready(self, slug: str, item: _Item, now: float) -> bool:
        return item.ready_at <= now and not self.keeps_back(slug, item.stale.made_from, now)

    def take_oldest(self, busy: Collection[str], now: float) -> Stale | None:
        """Who has waited longest, of those that are free; it waits no longer."""
        return self._take(self._in_turn(is_for_oldest=True), busy, now)

    def take_one(self, slug: str, busy: Collection[str], now: float) -> Stale | None:
        """This one, if it waits and may be made; it waits no longer."""
        return self._take([slug] if slug in self._items else (), busy, now)

    def take_news(self, busy: Collection[str], now: float) -> Stale | None:
        """Whose turn it is, of withdrawals and changed articles alone."""
        return self._take(chain(self._urgent, self._news_in_turn()), busy, now)

    def count_ready(self, most: int, now: float) -> int:
        """How many could be made now, counted up to so many; what lacks a twin alone is no great work."""
        items = ((slug, item) for slug, item in self._items.items() if slug not in self._twins)
        ready = (1 for slug, item in items if self._is_ready(slug, item, now))
        return sum(islice(ready, most))

    def _in_turn(self, *, is_for_oldest: bool) -> Iterator[str]:
        yield from self._urgent
        if is_for_oldest:
            yield from (slug for slug in self._items if slug not in self._twins)
        else:
            yield from self._news_in_turn()
            yield from self._rest
        yield from self._twins

    def _news_in_turn(self) -> Iterable[str]:
        if len(self._news) > AT_ONCE:
            return reversed(self._news)
        return sorted(self._news, key=lambda slug: self._items[slug].number)

    def next_at(self, now: float) -> float:
        """When the next pause or rest of something that waits is over."""
        retries = (failure.retry_at for slug, failure in self.failures.items() if slug in self._items)
        return min((at for at in (*retries, *self._resting.values()) if at > now), default=math.inf)

    def has_ready(self, now: float) -> bool:
        """Could one be made now?"""
        return any(item.ready_at <= now for item in list(self._items.values()))

    def keeps_back(self, name: str, made_from: str, now: float) -> bool:
        """Did it fail with just this, and is the pause not over?"""
        failure = self.failures.get(name)
        return failure is not None and failure.made_from == made_from and now < failure.retry_at

    def note_failure(self, name: str, made_from: str, error: str, now: float, *, least_seconds: float = 0.0) -> bool:
        """It is tried again after a pause, longer than the last one, and at least so long. Is that news?"""
        before = self.failures.get(name)
        pause_seconds = FIRST_PAUSE_SECONDS
        if before is not None and before.made_from == made_from:
            pause_seconds = min(before.pause_seconds * 2, LONGEST_PAUSE_SECONDS)
        pause_seconds = max(pause_seconds, least_seconds)
        self.failures[name] = Failure(made_from, error, pause_seconds, now + pause_seconds)
        return before is None or before.error != error
