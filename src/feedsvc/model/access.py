"""Who may write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An API token as stored: its hash only. `sections` empty means every section.

    `revoked` is since when it is refused, or from when on: one that was replaced may be good for a while yet.
    """

    id: int
    name: str
    sections: tuple[str, ...]
    created: datetime
    last_used: datetime | None
    revoked: datetime | None

    def is_in_force(self, now: datetime) -> bool:
        return self.revoked is None or now < self.revoked
