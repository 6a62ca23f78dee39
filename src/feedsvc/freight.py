"""How the bucket gets on, by what its writer says of it in the store."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from feedsvc.model import BucketPlace, Lease
from feedsvc.store import Store

_SILENCE = 2
"""A writer that has said nothing for so many times as long as its lease lasts is gone, and nobody has followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Freight:
    """`documents` lie there, `waiting` feeds and archives are to be carried, by the replica that is the `holder`.

    `trouble` is why not all is well, or None; `since` when it began, if the writer said so.
    """

    url: str
    holder: str | None = None
    epoch: int = 0
    documents: int = 0
    waiting: int = 0
    trouble: str | None = None
    since: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As `feedsvc status --json` tells it."""
        return asdict(self)

    @property
    def detail(self) -> str:
        """A line of health."""
        if self.trouble is None:
            return f"{self.url}: {self.documents} documents lie there, {self.waiting} feeds and archives wait"
        return self.trouble if self.since is None else f"{self.trouble} (since {self.since})"


class FreightReader:
    """Of one process. Raises StoreError.

    No clock is compared with another's: whether its writer lives shows in a counter that goes on.
    """

    def __init__(self, store: Store, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._monotonic = monotonic
        self._seen: tuple[int, int] | None = None
        self._seen_at = 0.0

    def read(self, place: BucketPlace | None) -> Freight | None:
        """None where there is no bucket."""
        if place is None:
            return None
        lease = self._store.ledger(place.url).lease()
        if lease is None:
            return Freight(url=place.url, trouble="No worker has carried anything there yet.")
        told = lease.told
        trouble, since = told.get("trouble"), told.get("since")
        return Freight(
            url=place.url,
            holder=lease.holder,
            epoch=lease.epoch,
            documents=_number(told.get("documents")),
            waiting=_number(told.get("waiting")),
            trouble=str(trouble) if trouble else self._find_silence(lease),
            since=str(since) if since else None,
        )

    def _find_silence(self, lease: Lease) -> str | None:
        now, beat = self._monotonic(), (lease.epoch, lease.beat)
        if lease.holder is None:
            return "Nobody carries anything there: no worker is running, or one is about to begin."
        if beat != self._seen:
            self._seen, self._seen_at = beat, now
        if now - self._seen_at > _SILENCE * lease.lasts_seconds:
            return f"The worker that carried there ({lease.holder}) is silent, and no other one has taken over."
        return None


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
