"""How many whole documents an address may fetch: a token bucket each, in the memory of one process."""

from __future__ import annotations

import math
import time
from threading import Lock

from feedsvc.web.pace import Monotonic

KEPT_ADDRESSES = 50_000
_HOUR_SECONDS = 3_600.0


class Budget:
    """`an_hour` at once, and as many again in the course of each hour.

    Of addresses two generations are kept, as the report card keeps pollers; one that is forgotten begins anew.
    """

    def __init__(self, an_hour: int, limit: int = KEPT_ADDRESSES, monotonic: Monotonic = time.monotonic) -> None:
        self.an_hour = an_hour
        self._rate = an_hour / _HOUR_SECONDS
        self._half = limit // 2
        self._monotonic = monotonic
        self._lock = Lock()
        self._young: dict[str, tuple[float, float]] = {}
        self._old: dict[str, tuple[float, float]] = {}

    def left_in(self, whose: str) -> int:
        """The seconds after which there is one to take, 0 if there is one now; takes none."""
        with self._lock:
            left, since = self._young.get(whose) or self._old.get(whose) or (1.0, 0.0)
            left += (self._monotonic() - since) * self._rate
            return 0 if left >= 1 else math.ceil((1 - left) / self._rate)

    def spend(self, whose: str) -> int:
        """Take one; 0 if there was one, else the seconds after which there is one again."""
        with self._lock:
            now = self._monotonic()
            left, since = self._young.get(whose) or self._old.pop(whose, None) or (float(self.an_hour), now)
            left = min(self.an_hour, left + (now - since) * self._rate)
            wait_seconds = 0 if left >= 1 else math.ceil((1 - left) / self._rate)
            if len(self._young) >= self._half and whose not in self._young:
                self._old, self._young = self._young, {}
            self._young[whose] = (left if wait_seconds else left - 1, now)
            return wait_seconds
