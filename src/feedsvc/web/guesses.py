"""Wrong tokens, by address: who sends one after the other is not listened to any more, for a while.

None of 2^256 can be guessed; but guesses cost a question to the database each, and somebody should hear of them. A
token that was right lately passes from any address: one who guesses behind the same proxy as the CMS must not lock it
out. It counts in each process by itself, and a restart begins anew.
"""

from __future__ import annotations

import time
from threading import Lock

from feedsvc.log import get_logger
from feedsvc.web.pace import Monotonic, Pace
from feedsvc.web.polls import Budget
from feedsvc.web.polls.addresses import home_of, network_of

log = get_logger(__name__)

AN_HOUR = 30
"""Wrong tokens that one address (IPv6: one /64) may send in an hour, at once or spread."""

_KEPT_TOKENS = 1_000
_TOLD_EVERY_SECONDS = 600


class Guesses:
    """Safe to share between threads."""

    def __init__(self, an_hour: int = AN_HOUR, monotonic: Monotonic = time.monotonic) -> None:
        self._budget = Budget(an_hour, monotonic=monotonic)
        self._right: dict[str, None] = {}
        self._lock = Lock()
        self._telling = Pace(_TOLD_EVERY_SECONDS, monotonic)

    def wait_seconds(self, address: str, token_hash: str) -> int:
        """0 if this token may be looked up; else after how long it may be."""
        return 0 if token_hash in self._right else self._budget.left_in(home_of(address))

    def note_right(self, token_hash: str) -> None:
        """It is a token in force."""
        if token_hash not in self._right:
            with self._lock:
                self._right[token_hash] = None
                if len(self._right) > _KEPT_TOKENS:
                    del self._right[next(iter(self._right))]

    def note_wrong(self, address: str, token_hash: str) -> None:
        """It is none, or none any more."""
        with self._lock:
            self._right.pop(token_hash, None)
        home = home_of(address)
        self._budget.spend(home)
        if self._budget.left_in(home) and self._telling.is_due():
            log.warning("tokens_guessed", network=network_of(address), wrong_an_hour=self._budget.an_hour)
