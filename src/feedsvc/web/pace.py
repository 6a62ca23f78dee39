"""Things done often, but not at every request."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Monotonic = Callable[[], float]
"""Seconds that never run backwards."""

T = TypeVar("T")


class Pace:
    """Lets one caller through, then nobody for `seconds`: the others go on without waiting."""

    def __init__(self, seconds: float, monotonic: Monotonic = time.monotonic) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._next = float("-inf")
        self._lock = Lock()

    def is_due(self) -> bool:
        if self._monotonic() < self._next:  # without the lock: polls ask at each request
            return False
        with self._lock:
            now = self._monotonic()
            if now < self._next:
                return False
            self._next = now + self._seconds
            return True


class Remembered(Generic[T]):
    """A value that is computed anew once it is `seconds` old; many callers at once compute it once."""

    def __init__(self, seconds: float, compute: Callable[[], T], monotonic: Monotonic = time.monotonic) -> None:
        self._seconds = seconds
        self._compute = compute
        self._monotonic = monotonic
        self._lock = Lock()
        self._kept: tuple[float, T] | None = None

    def get(self) -> T:
        with self._lock:
            if self._kept is None or self._monotonic() - self._kept[0] >= self._seconds:
                value = self._compute()
                self._kept = (self._monotonic(), value)
            return self._kept[1]
