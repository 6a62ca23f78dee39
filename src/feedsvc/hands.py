"""The worker's hands: threads that do one thing each, named by the slug that it is for, and tell when it is done.

Belongs to the worker's watch, but for `end_turn`, which a hand calls, and what the threads do themselves.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")

HANDS = 8
"""Sections at work at once. Rendering holds Python's one lock, so two would keep a core busy; the others are for
sections that wait: for another process's lock, a slow disk, the database. So only eight slow ones at once keep back a
ninth. Each has a database connection at times, of which the store keeps fifteen."""

TURN_SECONDS = 0.1
"""For so long, or until it is live, a section that has begun has the interpreter to itself: two that share it would
both be late. After that it waits for something, most likely, and the next one begins."""

Job = Callable[[str], str | None]
"""What to do for a slug; why it did not come off."""


@dataclass(frozen=True, slots=True)
class Done:
    """`made_from` as it was given with the job; `error` is why it did not come off, or what it raised."""

    slug: str
    made_from: str
    error: Exception | str | None


class Hands:
    """`wake` is called from the hands, when something has to be taken notice of.

    `tell` is called with what is timed, the longest first, before another begins and when one is done.
    """

    def __init__(self, wake: Callable[[], None], tell: Callable[[Sequence[str]], None] | None = None) -> None:
        self.busy: set[str] = set()
        self._wake = wake
        self._tell = tell
        self._turns: dict[str, float] = {}
        self._since: dict[str, float] = {}
        self._live: SimpleQueue[str] = SimpleQueue()
        self._done: SimpleQueue[Done] = SimpleQueue()

    def employ(self, slug: str, made_from: str, job: Job, *, has_turn: bool = False, is_timed: bool = False) -> None:
        """Have it done. With `has_turn` no other turn begins before its own is over; `at_work_since` says how long
        what is timed takes, as whatever has a turn is.
        """
        self.busy.add(slug)
        if has_turn or is_timed:
            self._since[slug] = time.monotonic()
            self._say()
        if has_turn:
            self._turns[slug] = self._since[slug] + TURN_SECONDS

        def work() -> None:
            error: Exception | str | None
            try:
                error = job(slug)
            except Exception as raised:  # noqa: BLE001  # it is told, and tried again, by whoever takes what is done
                error = raised
            self._done.put(Done(slug, made_from, error))
            self._wake()

        # A daemon, so that one that hangs can't keep the process from ending.
        threading.Thread(target=work, name=f"feedsvc-hand-{slug}", daemon=True).start()

    def end_turn(self, slug: str) -> None:
        """It is live; what is left to do for it needs the interpreter only now and then."""
        self._live.put(slug)
        self._wake()

    def take_done(self) -> Iterator[Done]:
        """What was done since the last time; it is free again. Turns that were ended are over."""
        # In this order: so no word of a turn outlives what was done in it.
        done = list(drain(self._done))
        for slug in drain(self._live):
            self._turns.pop(slug, None)
        for each in done:
            self._free(each.slug)
            yield each

    def is_anyones_turn(self, now: float) -> bool:
        return any(now < over for over in self._turns.values())

    def turn_over_at(self, now: float) -> float:
        """When the next turn is over that is not yet."""
        return min((over for over in self._turns.values() if over > now), default=math.inf)

    def at_work_since(self, before: float) -> list[str]:
        """Those of the ones that are timed which began before this and are not done."""
        return [slug for slug, since in self._since.items() if since < before]

    def wait(self, until: float) -> None:
        """For all that is at work, so long."""
        with contextlib.suppress(Empty):
            while self.busy:
                self._free(self._done.get(timeout=max(0.0, until - time.monotonic())).slug)

    def _free(self, slug: str) -> None:
        self.busy.discard(slug)
        self._turns.pop(slug, None)
        if self._since.pop(slug, None) is not None:
            self._say()

    def _say(self) -> None:
        if self._tell is not None:
            self._tell(list(self._since))


def drain(queue: SimpleQueue[T]) -> Iterator[T]:
    """What is in it by now."""
    with contextlib.suppress(Empty):
        while True:
            yield queue.get_nowait()
