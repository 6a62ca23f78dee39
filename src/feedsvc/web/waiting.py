"""`Prefer: wait=5` (RFC 7240 §4.3): answer when it is known what became of an article."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import closing, suppress
from threading import BoundedSemaphore

from feedsvc.presence import Presence, Standing
from feedsvc.wake import Sleeper, Sleepers, sleep_alone
from feedsvc.web.pace import Monotonic
from feedsvc.web.places import WAITING

_WAIT = re.compile(r'(?:^|,)\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=[,;]|$)', re.IGNORECASE | re.ASCII)
_LOOK_EVERY_SECONDS = 0.5
"""Whoever waits is woken by what is published; this is for what was called out while nobody could hear."""

_LOOK_DEAF_SECONDS = 0.05
"""Where nobody can be woken."""

Look = Callable[[], tuple[Presence, ...]]


def preferred_seconds(prefer: str | None, longest_seconds: int) -> int | None:
    """How long the client would wait, at most so long; None where it doesn't say."""
    match = _WAIT.search(prefer or "")
    return min(int(match[1]), longest_seconds) if match else None


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
        self, look: Look, wanted: tuple[Standing, ...], seconds: float, sleepers: Sleepers | None = None
    ) -> tuple[tuple[Presence, ...], bool]:
        """The standings once they are decided, else those when the time is up; False if there was no place to wait.

        `sleepers` are those who are woken by what is published.
        """
        standings = look()
        if is_decided(standings, wanted):
            return standings, True
        if not self._places.acquire(blocking=False):
            return standings, False
        try:
            deadline = self._monotonic() + seconds
            sleeper, every_seconds = _sleeper(sleepers)
            with closing(sleeper):
                standings = look()  # nobody heard what was published before there was a sleeper
                while not is_decided(standings, wanted) and (left := deadline - self._monotonic()) > 0:
                    self._sleep(sleeper, standings, min(left, every_seconds))
                    standings = look()
        finally:
            self._places.release()
        return standings, True

    def _sleep(self, sleeper: Sleeper, standings: tuple[Presence, ...], seconds: float) -> None:
        """Until a feed is published in which something is pending, or so long."""
        pending = {one.slug for one in standings if not one.is_settled}
        until = self._monotonic() + seconds
        while (left := until - self._monotonic()) > 0:
            call = sleeper.sleep(left)
            if call.is_anything or not pending.isdisjoint(call.names):
                return


def _sleeper(sleepers: Sleepers | None) -> tuple[Sleeper, float]:
    """And how often to look in any case."""
    if sleepers is not None:
        with suppress(OSError):
            return sleepers.join(), _LOOK_EVERY_SECONDS
    return sleep_alone(), _LOOK_DEAF_SECONDS
