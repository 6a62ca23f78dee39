"""Who may write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An API token as stored: its hash only. `sections` empty means every section."""

    id: int
    name: str
    sections: tuple[str, ...]
    created: datetime
    last_used: datetime | None
    revoked: datetime | None
