"""What the audit says of itself, what it raised the alarm about, and what fails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A live document was found wrong. `name` is its feed's or archive's, `finding` the first thing that was found.

    `done` says what was done about it. It stays open until the document that lies there is found right.
    """

    at: datetime
    name: str
    format: str
    finding: str
    done: str = ""
    is_open: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditState:
    """How far the audit has come. `alarms` are newest first: all that are open, and the last ones that were.

    `began` is when this round over all feeds and archives began, `ended` when it did, None while it goes on; `last` is
    the name that it came to, `done` the number of documents. `cpu_percent` is the share of a core that it took lately.
    """

    began: datetime | None = None
    ended: datetime | None = None
    last: str = ""
    done: int = 0
    cpu_percent: float = 0.0
    alarms: tuple[Alarm, ...] = ()

    @property
    def open_alarms(self) -> tuple[Alarm, ...]:
        return tuple(each for each in self.alarms if each.is_open)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedTrouble:
    """Why a feed's newest attempt did not go live, and since when none did."""

    since: datetime
    error: str
