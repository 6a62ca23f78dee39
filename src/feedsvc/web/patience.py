"""A question whose answer may never come, asked so that nobody waits for it longer than a while."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Question(Generic[T]):
    """Asked in a thread of its own, by one at a time; an answer that comes too late is the next one's."""

    def __init__(self, ask: Callable[[], T], seconds: float) -> None:
        self._ask = ask
        self._seconds = seconds
        self._lock = Lock()
        self._threads: ThreadPoolExecutor | None = None
        self._asked: Future[T] | None = None

    def answer(self) -> T:
        """Raises TimeoutError if it takes too long, and what asking raises."""
        with self._lock:
            if self._threads is None:  # not before: a server may fork after it has loaded the application
                self._threads = ThreadPoolExecutor(1, thread_name_prefix="feedsvc-question")
            if self._asked is None:
                self._asked = self._threads.submit(self._ask)
            asked = self._asked
        try:
            return asked.result(self._seconds)
        finally:
            with self._lock:
                if asked.done() and self._asked is asked:
                    self._asked = None
