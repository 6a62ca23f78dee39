"""Signals of the main thread, as words in a queue."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from queue import SimpleQueue
from types import FrameType


@contextlib.contextmanager
def signals_into(words: SimpleQueue[int]) -> Iterator[None]:
    """SIGTERM, SIGINT and SIGHUP, within the block; in another thread than the main one, none.

    A SimpleQueue, since its put alone may be called from a signal handler in the midst of a get.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def put(number: int, _frame: FrameType | None) -> None:
        words.put(number)

    before = {number: signal.signal(number, put) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
