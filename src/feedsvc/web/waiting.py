"""`Prefer: wait=5` (RFC 7240 §4.3): answer when it is known what became of an article."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from threading import BoundedSemaphore

from feedsvc.presence import Presence, Standing
from feedsvc.web.pace import Monotonic
from feedsvc.web.places import WAITING

_WAIT = re.compile(r'(?:^|,)\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=[,;]|$)', re.IGNORECASE | re.ASCII)
_LONGEST_SECONDS = 30
_LOOK_EVERY_SECONDS = 0.025

Look = Callable[[], tuple[Presence, ...]]


def preferred_seconds(prefer: str | None) -> int | None:
    """How long the client would wait, at most 30 s; None where it doesn't say."""
    match = _WAIT.search(prefer or "")
    return min(int(match[1]), _LONGEST_SECONDS) if match else None


def is_decided(standings: tuple[Presence, ...], wanted: tuple[Standing, ...]) -> bool:
    """True if it stands everywhere as wanted, or somewhere it won't for a reason that waiting doesn't remove."""
    return all(one.standing in wanted for one in standings) or any(
        one.is_settled and one.standing not in wanted for one in standings
    )


class Waits:
    """A few threads of a process may wait; whoever comes after them is not made to, so that polls keep theirs."""

    def __init__(self, at_once: int = WAITING, monotonic: Monotonic = time.monotonic) -> None:
        self._places = BoundedSemaphore(at_once)
        self._monotonic = monotonic

    def until_decided(
        self, look: Look, wanted: tuple[Standing, ...], seconds: float
    ) -> tuple[tuple[Presence, ...], bool]:
        """The standings once they are decided, else those when the time is up; False if there was no place to wait."""
        standings = look()
        if is_decided(standings, wanted):
            return standings, True
        if not self._places.acquire(blocking=False):
            return standings, False
        try:
            deadline = self._monotonic() + seconds
            while not is_decided(standings, wanted) and (left := deadline - self._monotonic()) > 0:
                time.sleep(min(_LOOK_EVERY_SECONDS, left))
                standings = look()
        finally:
            self._places.release()
        return standings, True
