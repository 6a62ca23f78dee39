"""Wrong tokens, by address: who sends one after the other is not listened to any more, for a while.

None of 2^256 can be guessed; but guesses cost a question to the database each, and somebody should hear of them. A
token that is in force passes from any address: one who guesses behind the same proxy as the CMS must not lock it out,
not even after a restart. So once a second at most all of these are asked for. Guesses count in each process by itself,
and a restart begins anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from feedsvc.log import get_logger
from feedsvc.web.pace import Monotonic, Pace, Remembered
from feedsvc.web.polls import Budget
from feedsvc.web.polls.addresses import home_of, network_of

log = get_logger(__name__)

_KEPT_SECONDS = 1
_TOLD_EVERY_SECONDS = 600


class Guesses:
    """Safe to share between threads."""

    def __init__(
        self, find_right: Callable[[], Collection[str]], an_hour: int, monotonic: Monotonic = time.monotonic
    ) -> None:
        """`find_right` gives the hashes of all tokens that are in force.

        `an_hour`: wrong tokens that one address (IPv6: one /64) may send in an hour, at once or spread.
        """
        self._budget = Budget(an_hour, monotonic=monotonic)
        self._right = Remembered(_KEPT_SECONDS, find_right, monotonic)
        self._telling = Pace(_TOLD_EVERY_SECONDS, monotonic)

    def wait_seconds(self, address: str, token_hash: str) -> int:
        """0 if this token may be looked up; else after how long it may be. Raises what `find_right` raises."""
        wait_seconds = self._budget.left_in(home_of(address))
        return 0 if wait_seconds and token_hash in self._right.get() else wait_seconds

    def note_wrong(self, address: str) -> None:
        """A token from there is none, or none any more."""
        home = home_of(address)
        self._budget.spend(home)
        if self._budget.left_in(home) and self._telling.is_due():
            log.warning("tokens_guessed", network=network_of(address), wrong_an_hour=self._budget.an_hour)
