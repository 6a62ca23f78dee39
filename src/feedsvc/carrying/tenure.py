"""Who writes to a bucket: one replica, for as long as it says that it lives.

    holder     beats often; writes only while its last beat is young enough that nobody can have taken the lease
    others     look now and then; whoever has seen the same beat stand still for longer than the lease lasts takes it

Each goes by a clock of its own, which is neither set nor compared with another's. A holder that was stopped, or its
machine, finds out when it wakes: that clock goes on in its sleep (CLOCK_BOOTTIME). Whatever it had begun before is
refused by the bucket, where another one has written meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from feedsvc.log import get_logger
from feedsvc.model import Lease
from feedsvc.store import Ledger

log = get_logger(__name__)

_BEATS = 8
"""So many in the time that the lease lasts."""

_PATIENCE = 1.25
"""So many times as long as it lasts the same beat has to be seen: no two clocks go at quite the same pace."""

Clock = Callable[[], float]


def awake_or_not() -> float:
    """Seconds since some moment, those in which this machine slept included."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Tenure:
    """One replica's hold on the lease of a bucket; belongs to one thread, but for `seconds_left`.

    `is_own` says of another holder whether it was a process of this replica that is dead.
    """

    def __init__(
        self,
        ledger: Ledger,
        holder: str,
        lasts_seconds: int,
        is_own: Callable[[str], bool],
        clock: Clock = awake_or_not,
    ) -> None:
        self._ledger = ledger
        self._holder = holder
        self._lasts_seconds = lasts_seconds
        self._is_own = is_own
        self._clock = clock
        self._beat_at = self._until = float("-inf")
        self._seen: Lease | None = None
        self._seen_at = float("-inf")
        self.lease: Lease | None = None

    @property
    def beat_seconds(self) -> float:
        """So often its holder beats, and the others look."""
        return self._lasts_seconds / _BEATS

    def seconds_left(self) -> float:
        """How long nobody else can hold it, at least."""
        return self._until - self._clock()

    def rest_seconds(self) -> float:
        """Until it is to be kept again."""
        return max(0.0, self._beat_at + self.beat_seconds - self._clock())

    def keep(self, told: Mapping[str, object], *, at_once: bool = False) -> bool:
        """Hold it, if nobody else does; is it held now? Asks the store now and then, or `at_once`. Raises StoreError.

        `told` is how the holder gets on, for all to read.
        """
        now = self._clock()
        if not at_once and now < self._beat_at + self.beat_seconds:
            return self.lease is not None
        if self.lease is None:
            self._look(now)
        else:
            self._beat(self.lease, told, now)
        self._beat_at = now
        return self.lease is not None

    def lose(self) -> None:
        """Somebody else has taken it."""
        if self.lease is not None:
            log.warning("bucket_lease_lost", bucket=self.lease.bucket, epoch=self.lease.epoch)
        self.lease = None
        self._until = self._beat_at = float("-inf")

    def give_back(self, told: Mapping[str, object]) -> None:
        """So that another one may take it at once. Raises StoreError."""
        lease, self.lease = self.lease, None
        self._until = float("-inf")
        if lease is not None:
            self._ledger.give_back(lease, told)

    def step_aside(self, seconds: float) -> None:
        """Leave it to others for so long."""
        self._beat_at = self._clock() + seconds - self.beat_seconds

    def _beat(self, lease: Lease, told: Mapping[str, object], now: float) -> None:
        kept = self._ledger.beat(lease, told)
        if kept is None:
            self.lose()
            return
        self.lease = kept
        self._until = now + self._lasts_seconds

    def _look(self, now: float) -> None:
        seen = self._ledger.lease()
        if not self._is_free(seen, now):
            return
        taken = self._ledger.take(self._holder, seen, self._lasts_seconds)
        if taken is not None:
            self.lease = taken
            self._until = now + self._lasts_seconds
            before = None if seen is None else seen.holder
            log.info("bucket_lease_taken", bucket=taken.bucket, epoch=taken.epoch, before=before)

    def _is_free(self, seen: Lease | None, now: float) -> bool:
        if seen is None or seen.holder is None or self._is_own(seen.holder):
            return True
        if self._seen is None or (seen.epoch, seen.beat) != (self._seen.epoch, self._seen.beat):
            self._seen, self._seen_at = seen, self._clock()
            return False
        return now - self._seen_at > seen.lasts_seconds * _PATIENCE
