"""Question: how far has the audit come, and what did it find? What the worker wrote down, held against what is live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from feedsvc.config import Settings
from feedsvc.model import INDEX_SLUG, AuditState, SectionState, Standing
from feedsvc.output import Audited, FeedsFolder, is_audited

_NAMED = 3
"""So many alarms are told in a line of health."""


@dataclass(frozen=True, slots=True)
class AuditProgress:
    """`waiting` is how many live documents were not audited as they lie there, of `live`; archives are not among them.

    `of` is how many documents and archives a round goes over.
    """

    limit_percent: int = 0
    waiting: int = 0
    live: int = 0
    of: int = 0
    state: AuditState = field(default_factory=AuditState)

    @property
    def trouble(self) -> str | None:
        """Which documents are known to be wrong, and what was done about it; None if none are."""
        told = [f"{each.name}: {each.finding}. {each.done}" for each in self.state.open_alarms]
        more = [f"and {len(told) - _NAMED} more"] if len(told) > _NAMED else []
        return "; ".join([*told[:_NAMED], *more]) or None

    def as_json(self) -> dict[str, Any]:
        """In the words of `feedsvc status --json`."""
        state = self.state
        return {
            "limit_percent": self.limit_percent,
            "cpu_percent": state.cpu_percent,
            "live": self.live,
            "waiting": self.waiting,
            "round": {
                "began": _iso(state.began),
                "ended": _iso(state.ended),
                "done": min(state.done, self.of),
                "of": self.of,
            },
            "alarms": [
                {
                    "at": _iso(each.at),
                    "feed": each.name,
                    "format": each.format,
                    "finding": each.finding,
                    "done": each.done,
                    "open": each.is_open,
                }
                for each in state.alarms
            ],
        }


def read_progress(
    folder: FeedsFolder,
    settings: Settings,
    publications: Mapping[str, Standing],
    states: Mapping[str, SectionState],
) -> AuditProgress:
    """Raises OutputError."""
    if not settings.audit_cpu:
        return AuditProgress()
    audited = Audited(folder)
    marks = audited.marks()
    live = [each for slug, each in publications.items() if slug in settings.feeds or slug == INDEX_SLUG]
    waiting = [each for each in live if not is_audited(each, marks)]
    archives = sum(
        states[slug].archives for slug, section in settings.plain.items() if section.is_archived and slug in states
    )
    count = sum(len(each.documents) for each in live)
    return AuditProgress(
        limit_percent=settings.audit_cpu,
        waiting=sum(len(each.documents) for each in waiting),
        live=count,
        of=count + archives,
        state=audited.read_state(),
    )


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat().replace("+00:00", "Z")
