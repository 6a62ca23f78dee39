"""Many feeds at once: a pool of processes while there is enough for it to do, and how far it has come.

What waits stays in the backlog; the pool takes from its old end, the worker's own hands take what is new and urgent.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from feedsvc.backlog import Backlog
from feedsvc.config import Settings
from feedsvc.jobs import Answer, Job, Task
from feedsvc.log import get_logger
from feedsvc.model import BulkProgress
from feedsvc.output import note_bulk_progress
from feedsvc.pool import GONE, Pool, StartForeman, processes_of, start_foreman

log = get_logger(__name__)

ENOUGH = 24
"""So many feeds that could be made are worth a pool, if they still wait after a moment: about as many as the worker
makes in a second by itself. Processes that start take the processor away from it."""

_MOMENT_SECONDS = 0.5
_IDLE_SECONDS = 5.0
"""A pool that had nothing to do for so long is ended, and its memory given back."""

_TELL_SECONDS = 1.0
_PAUSE_SECONDS = 30.0
"""After a pool was lost the worker goes on alone for so long."""

OpenPool = Callable[[Settings], Pool]


def open_pool(settings: Settings, *, start: StartForeman = start_foreman, is_quiet: bool = False) -> Pool:
    """As config.yaml says. Raises OSError."""
    return Pool(settings.path, settings.bulk, start=start, deadline_seconds=settings.limits.feed, is_quiet=is_quiet)


class BulkWork:
    """Belongs to the worker's watch, but for `do`, which its hands call. Without `open_pool` there never is a pool."""

    def __init__(self, folder: Path, open_pool: OpenPool | None) -> None:
        self._folder = folder
        self._open_pool = open_pool
        self._pool: Pool | None = None
        self._settings: Settings | None = None
        self._at_work: set[str] = set()
        self._crowded_since: float | None = None
        self._busy_at = self._told_at = self._began_at = self._lost_at = float("-inf")
        self._done = 0

    @property
    def is_open(self) -> bool:
        """Is there a pool at work, which leaves to the worker's own hands what is new?"""
        return self._pool is not None

    @property
    def at_work(self) -> frozenset[str]:
        """The slugs that the pool has been given."""
        return frozenset(self._at_work)

    def look(self, settings: Settings, waiting: Backlog) -> None:
        """Start a pool, end it, and note how far it has come."""
        now = time.monotonic()
        if self._pool is None:
            if self._open_pool is not None and processes_of(settings.bulk) and self._is_crowded(waiting, now):
                self._open(self._open_pool, settings, now)
            return
        if self._at_work:
            self._busy_at = now
        if self._pool.is_lost():
            log.error("pool_lost", reason="its first process ended")
            self._lost_at = now
            self.close()
        elif now >= self._busy_at + _IDLE_SECONDS or (settings is not self._settings and not self._at_work):
            self.close()
        elif now >= self._told_at + _TELL_SECONDS:
            self._told_at = now
            note_bulk_progress(
                self._folder, BulkProgress(self._done, len(waiting) + len(self._at_work), now - self._began_at)
            )

    def next_at(self) -> float:
        """When it wants to be looked at again."""
        if self._pool is not None:
            return time.monotonic() + _TELL_SECONDS
        return float("inf") if self._crowded_since is None else self._crowded_since + _MOMENT_SECONDS

    def has_room(self, settings: Settings) -> bool:
        """Could the pool do more? It finishes what it is at when settings have changed, and gives way to a new one."""
        return self._pool is not None and len(self._at_work) < self._pool.size and settings is self._settings

    def give(self, slug: str) -> None:
        """`do` will be called for it."""
        self._at_work.add(slug)

    def note_done(self, slug: str) -> None:
        """The pool is done with it."""
        if slug in self._at_work:
            self._at_work.remove(slug)
            self._done += 1

    def do(self, slug: str, task: Task) -> Answer:
        """Have it done, and wait for it."""
        pool = self._pool
        return Answer(error=GONE) if pool is None else pool.work(Job(slug, task))

    def close(self) -> None:
        """End the pool if there is one."""
        if self._pool is not None:
            self._pool.stop()
            self._pool = None
            note_bulk_progress(self._folder, None)

    def _is_crowded(self, waiting: Backlog, now: float) -> bool:
        """Do so many wait for a while already?"""
        if waiting.count_ready(ENOUGH, now) < ENOUGH or now < self._lost_at + _PAUSE_SECONDS:
            self._crowded_since = None
            return False
        if self._crowded_since is None:
            self._crowded_since = now
        return now >= self._crowded_since + _MOMENT_SECONDS

    def _open(self, open_pool: OpenPool, settings: Settings, now: float) -> None:
        self._crowded_since = None
        self._settings = settings
        self._done = 0
        self._began_at = self._busy_at = now
        try:
            self._pool = open_pool(settings)
        except OSError as error:
            log.error("pool_lost", reason=str(error))  # noqa: TRY400  # the system refused; no fault of ours
            self._lost_at = now
