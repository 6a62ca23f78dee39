"""What waits to be carried to a bucket, in which order, and what could not be yet."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from feedsvc.carrying.parcels import Name
from feedsvc.model import Standing

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0

_NEVER = float("inf")


class Load:
    """Names of feeds and archives: news before all else, then what was found to be missing or wrong.

    What begins with `note_` may be called from any thread; all else belongs to the one that carries. Times are those of
    its clock.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._news: dict[Name, None] = {}
        self._sections: set[str] = set()
        self._published: dict[str, int] = {}
        self._backlog: dict[Name, None] = {}
        self._failed: dict[Name, None] = {}
        self._retry_at = _NEVER
        self._pause_seconds = FIRST_PAUSE_SECONDS
        self.hold_until = -_NEVER

    def __len__(self) -> int:
        return len(self._news) + len(self._backlog) + len(self._failed)

    def note_made(self, slug: str) -> None:
        """It has just gone live."""
        with self._lock:
            self._news[slug] = None

    def note_archives(self, slug: str) -> None:
        """Some of its archives were made."""
        with self._lock:
            self._sections.add(slug)

    def note_survey(self, publications: Mapping[str, Standing]) -> bool:
        """How all feeds stand, whoever made them; is there news in it?"""
        published = {
            slug: hash((each.archived_from, *((one.format, one.digest) for one in each.documents)))
            for slug, each in publications.items()
        }
        with self._lock:
            changed = [slug for slug, each in published.items() if self._published.get(slug, each) != each]
            self._published = published
            self._news |= dict.fromkeys(changed)
            self._sections |= set(changed)
        return bool(changed)

    def add(self, names: Iterable[Name]) -> None:
        """These are to be carried when there is no news."""
        self._backlog |= dict.fromkeys(names)

    def clear(self) -> None:
        """Whatever there was, all will be looked at."""
        with self._lock:
            self._news.clear()
            self._sections.clear()
        self._backlog.clear()
        self._failed.clear()

    def take(self, most: int, now: float) -> list[Name]:
        """What is to be carried next. What failed is tried again after its pause, before what else there is."""
        if now < self.hold_until:
            return []
        if self._failed and now >= self._retry_at:
            self._backlog = self._failed | self._backlog
            self._failed = {}
        with self._lock:
            taken = _take_from(self._news, most)
        return taken + _take_from(self._backlog, most - len(taken))

    def take_section(self) -> str | None:
        """One of which archives were made."""
        with self._lock:
            return self._sections.pop() if self._sections else None

    def put_off(self, names: Iterable[Name], now: float, *, is_all: bool) -> None:
        """They failed; where nothing else got through either, nothing is tried before the pause is over."""
        self._failed |= dict.fromkeys(names)
        self._retry_at = now + self._pause_seconds
        if is_all:
            self.hold_until = self._retry_at
        self._pause_seconds = min(2 * self._pause_seconds, LONGEST_PAUSE_SECONDS)

    def forget_pause(self) -> None:
        """It was that of another bucket."""
        self.hold_until = -_NEVER
        self._pause_seconds = FIRST_PAUSE_SECONDS

    def note_success(self) -> bool:
        """Something worked; is nothing left that failed?"""
        if not self._failed:
            self._pause_seconds = FIRST_PAUSE_SECONDS
        return not self._failed

    def next_at(self) -> float:
        """When there is something to carry: the past where it is now."""
        if self._news or self._backlog:
            return self.hold_until
        return self._retry_at if self._failed else _NEVER

    @property
    def has_sections(self) -> bool:
        """Were archives made?"""
        return bool(self._sections)


def _take_from(waiting: dict[Name, None], most: int) -> list[Name]:
    taken = list(waiting)[:most]
    for name in taken:
        del waiting[name]
    return taken
