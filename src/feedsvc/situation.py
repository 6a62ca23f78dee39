"""How the worker stands, told every few seconds to whoever asks for metrics: what waits, since when, what fails.

The worker knows it anyway; to find it out again would cost a web process a look at all feeds. Should the worker die,
what it said last stays, and since it is a moment that is told, the age of what waited then goes on growing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from datetime import datetime

from feedsvc.counting import Tally

TELL_SECONDS = 5.0

WAITING, WAITING_SINCE = "feeds_waiting", "feeds_waiting_since"
FAILING, AUDIT_WAITING = "feeds_failing", "audit_waiting"


class Situation:
    """Belongs to the worker's watch."""

    def __init__(self, tally: Tally, clock: Callable[[], datetime]) -> None:
        self._tally = tally
        self._clock = clock
        self._since: dict[str, datetime] = {}
        self._told_at = float("-inf")

    def note_made(self, slug: str) -> None:
        """What waits of it from now on is something new."""
        self._since.pop(slug, None)

    def is_due(self) -> bool:
        """Is it time to tell?"""
        return time.monotonic() >= self._told_at + TELL_SECONDS

    def tell(self, waiting: Collection[str], *, failing: int, audit_waiting: int) -> None:
        """`waiting` are the feeds that are to be made now, and those that are being made."""
        now = self._clock()
        self._since = {slug: self._since.get(slug, now) for slug in waiting}
        oldest = min(self._since.values(), default=None)
        self._tally.show(WAITING, value=len(self._since))
        self._tally.show(WAITING_SINCE, value=oldest.timestamp() if oldest else 0)
        self._tally.show(FAILING, value=failing)
        self._tally.show(AUDIT_WAITING, value=audit_waiting)
        self._tally.write()
        self._told_at = time.monotonic()
