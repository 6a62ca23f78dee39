"""Requests that the database keeps from being answered: told once, not for each of them, and when they are again."""

from __future__ import annotations

import time
from threading import Lock

from feedsvc.errors import StoreUnavailableError
from feedsvc.log import get_logger
from feedsvc.web.pace import Monotonic, Pace

log = get_logger(__name__)

_TOLD_EVERY_SECONDS = 600
"""Where some requests are answered and others not (SQLite that is read and can't be written), both would be told on."""


class Outage:
    """Of one process. Safe to share between threads."""

    def __init__(self, monotonic: Monotonic = time.monotonic) -> None:
        self._telling = Pace(_TOLD_EVERY_SECONDS, monotonic)
        self._lock = Lock()
        self._is_told = False

    def complain(self, error: StoreUnavailableError) -> None:
        """A request is answered 503 for it."""
        with self._lock:
            if not self._is_told and self._telling.is_due():
                self._is_told = True
                log.error("requests_put_off", error=str(error))

    def recover(self) -> None:
        """A request was answered out of the database."""
        if not self._is_told:  # without the lock: it is so nearly always
            return
        with self._lock:
            if self._is_told:
                self._is_told = False
                log.info("requests_answered_again")
