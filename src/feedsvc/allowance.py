"""How much of a core a thread may take, over time: what it took is measured, and rest follows from it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

FULL_SECONDS = 1.0
"""So much processor time can be saved up, and no more."""

_WINDOW_SECONDS = 60.0
"""What was taken lately is what was taken in so long."""

Seconds = Callable[[], float]


class Allowance:
    """One thread's, which alone may call it: `cpu` is the processor time of whoever asks."""

    def __init__(self, monotonic: Seconds = time.monotonic, cpu: Seconds = time.thread_time) -> None:
        self._monotonic = monotonic
        self._cpu = cpu
        self._at: float | None = None
        self._taken = 0.0
        self._saved = 0.0
        self._taken_by: deque[tuple[float, float]] = deque()

    def settle(self, percent: float) -> None:
        """Take account of the time since the last call, in which so much of a core was allowed."""
        now, taken = self._monotonic(), self._cpu()
        if self._at is not None:
            saved = self._saved + (now - self._at) * percent / 100 - (taken - self._taken)
            self._saved = min(saved, FULL_SECONDS)
        self._at, self._taken = now, taken
        self._taken_by.append((now, taken))
        while len(self._taken_by) > 1 and self._taken_by[1][0] <= now - _WINDOW_SECONDS:
            self._taken_by.popleft()

    def rest_seconds(self, percent: float, *, is_full: bool = False) -> float:
        """How long to rest before the next piece of work; with `is_full` until nothing more can be saved up."""
        missing = (FULL_SECONDS if is_full else 0.0) - self._saved
        return max(0.0, missing) * 100 / percent

    @property
    def taken_percent(self) -> float:
        """The share of a core that was taken lately."""
        (began, before), (now, taken) = self._taken_by[0], self._taken_by[-1]
        return 100 * (taken - before) / (now - began) if now > began else 0.0
