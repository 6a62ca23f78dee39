"""What hung, or brought its process down, is made apart: in a process of its own, until it is live again.

    hung        feeds/.hung names it, so that the next worker knows it
    told        as a failure of that feed, in the store: so status, health and alerts say so
    made        one after the other, each by a pool of one, which ends what takes too long; nobody waits for it
    live        forgotten; it is made as all others again

The pauses grow with each time that it hung. Names are slugs, those of a section's archives with ARCHIVES behind.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from threading import Lock

from feedsvc.backlog import Backlog
from feedsvc.bulk import OpenPool, open_pool
from feedsvc.errors import FeedsvcError, OutputError
from feedsvc.jobs import Answer, Job, Task
from feedsvc.log import get_logger
from feedsvc.model import INDEX_SLUG
from feedsvc.output import read_hung, write_hung
from feedsvc.pool import GONE, Pool
from feedsvc.runtime import Runtime
from feedsvc.staleness import Stale

log = get_logger(__name__)

ARCHIVES = ".archive"
"""Stands behind a slug (none has a dot) for the archives of that section."""

LONGEST_PAUSE_SECONDS = 3600.0


class HungError(FeedsvcError):
    """The making of a feed did not end in time, or its process died of it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What is to be made; of archives `stale` says nothing."""

    name: str
    made_from: str
    stale: Stale | None


class Apart:
    """Belongs to the worker's watch, but for `do`, which a hand calls."""

    def __init__(self, runtime: Runtime, open_one: OpenPool | None, suspects: Collection[str]) -> None:
        """`suspects` are what the worker before this one was at when it hung as a whole, or crashed."""
        self._runtime = runtime
        self._open_pool = open_one or open_pool
        self._hung = read_hung(runtime.folder.path)
        self._untold = set(self._hung)
        self._at_work: frozenset[str] = frozenset()
        self._lock = Lock()
        self._pool: Pool | None = None
        self._is_closed = False
        self._is_refused = False
        if suspects:
            self.note_hung(suspects)

    @property
    def at_work(self) -> frozenset[str]:
        """What is being made here, one at most."""
        return self._at_work

    @property
    def names(self) -> Collection[str]:
        """What is to be made here."""
        return self._hung.keys()

    def note_hung(self, names: Collection[str]) -> None:
        """These have hung, once more."""
        for name in names:
            self._hung[name] = self._hung.get(name, 0) + 1
        self._untold.update(names)
        self._remember()

    def note_live(self, name: str) -> None:
        """It was made."""
        if self._hung.pop(name, None) is not None:
            self._untold.discard(name)
            self._remember()

    def pause_seconds_of(self, name: str) -> float:
        """How long it is left alone at least, unless something moves."""
        return min(self._hung.get(name, 0) * self._runtime.settings.limits.feed, LONGEST_PAUSE_SECONDS)

    def tell(self) -> bool:
        """Note what hung as a failure of these feeds. False where there is nothing to tell. Raises StoreError."""
        if not self._untold:
            return False
        for name in sorted(self._untold):
            slug = name.removesuffix(ARCHIVES)
            settings = self._runtime.settings
            if slug in settings.feeds or slug == INDEX_SLUG:
                error = (
                    "Its making did not end in time, or brought its process down. It is tried again after growing "
                    f"pauses, in a process of its own; `feedsvc regenerate {slug}` tries it at once."
                )
                regenerator = self._runtime.regenerator
                note = regenerator.note_failure if slug == name else regenerator.archivist.note_failure
                note(slug, error)
            self._untold.discard(name)
        return True

    def take(self, waiting: Backlog, archives: dict[str, str], busy: Collection[str], now: float) -> Taken | None:
        """The next one that may be made, if none is at work here; it waits no longer, and `do` will be called for it.

        `archives` are the sections whose archives wait, and what those would be made from.
        """
        if self._at_work:
            return None
        for name in sorted(self._hung):
            slug = name.removesuffix(ARCHIVES)
            taken = None
            if slug == name:
                stale = waiting.take_one(name, busy, now)
                taken = Taken(name, stale.made_from, stale) if stale else None
            elif slug in archives and name not in busy and not waiting.keeps_back(name, archives[slug], now):
                taken = Taken(name, archives.pop(slug), None)
            if taken is not None:
                self._at_work = frozenset({name})
                return taken
        return None

    def note_done(self, name: str) -> None:
        """It was, if it was given here."""
        self._at_work -= {name}

    def do(self, name: str, task: Task) -> Answer:
        """Have it done, and wait for it."""
        settings = self._runtime.settings
        settings = replace(settings, bulk=replace(settings.bulk, processes=1))
        try:
            pool = self._open_pool(settings)
        except OSError as error:
            return Answer(error=str(error))
        with contextlib.ExitStack() as stack:
            stack.callback(pool.stop)
            with self._lock:
                self._pool = pool
                if self._is_closed:
                    return Answer(error=GONE)
            return pool.work(Job(name.removesuffix(ARCHIVES), task))

    def close(self) -> None:
        """Abandon what is at work."""
        with self._lock:
            self._is_closed = True
            if self._pool is not None:
                self._pool.stop()

    def _remember(self) -> None:
        try:
            write_hung(self._runtime.folder.path, self._hung)
        except OutputError as error:
            if not self._is_refused:
                log.warning("hung_not_kept", path=str(error.path), reason=error.reason)
            self._is_refused = True
        else:
            self._is_refused = False
