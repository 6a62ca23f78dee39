"""What an editor says of a withdrawal, in JSON: {"notice": text, "mode": "notice" or "tombstone"}, both optional."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

from feedsvc.ingest.bounds import MAX_NOTE_BYTES, MAX_PROBLEMS
from feedsvc.ingest.report import Report, quote_all, shorten
from feedsvc.ingest.shape import find_uncarried
from feedsvc.ingest.values import keep_text
from feedsvc.model import Note, WithdrawalMode

_FIELDS = ("notice", "mode")
_MODES: tuple[WithdrawalMode, ...] = get_args(WithdrawalMode)


@dataclass(frozen=True, slots=True)
class WithdrawalInput:
    """A canonical word on a withdrawal: None where nothing was said; an empty `notice` takes a former one away."""

    notice: str | None = None
    mode: WithdrawalMode | None = None
    notes: tuple[Note, ...] = ()


def read_withdrawal(data: Mapping[str, Any]) -> WithdrawalInput:
    """Check and canonicalise it. Raises RefusedError with every problem found."""
    report = Report()
    unknown = [name for name in data if name not in _FIELDS]
    for name in unknown[:MAX_PROBLEMS]:
        report.refuse(shorten(name), data[name], _explain_unknown(name))
    report.unsaid += len(unknown[MAX_PROBLEMS:])
    notice = _keep_notice(report, data["notice"]) if "notice" in data else None
    mode = _keep_mode(report, data.get("mode"))
    report.raise_problems()
    return WithdrawalInput(notice, mode, tuple(report.notes))


def _explain_unknown(name: str) -> str:
    near = get_close_matches(shorten(name), _FIELDS, n=1)
    hint = f"; did you mean {near[0]}?" if near else "."
    return f"there is no such field{hint} Fields: {quote_all(_FIELDS)}"


def _keep_notice(report: Report, given: object) -> str:
    if given is None:
        return ""
    if not isinstance(given, str):
        report.refuse("notice", given, "must be a string")
        return ""
    if reason := find_uncarried(given):
        report.refuse("notice", given, reason)
        return ""
    return keep_text(report, "notice", given or None, MAX_NOTE_BYTES) or ""


def _keep_mode(report: Report, given: object) -> WithdrawalMode | None:
    mode = next((mode for mode in _MODES if mode == given), None)
    if mode is None and given is not None:
        report.refuse("mode", given, f"must be {' or '.join(_MODES)}")
    return mode
