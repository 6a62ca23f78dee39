"""What the standards ask, rule by rule: each names where it is written, and how one mends a breach of it."""

from __future__ import annotations

from dataclasses import dataclass

from feedsvc.model import Finding, Severity

_SHOWN = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`name` is short and stable (`atom.id.unique`); `standard` names document and section (`RFC 4287 §4.2.6`).

    `message` says what is wrong, as one clause; `mend` what to do, as an order. An error is against the standard, a
    warning against what it recommends or what many readers need.
    """

    name: str
    standard: str
    message: str
    mend: str
    severity: Severity = "error"


@dataclass(frozen=True, slots=True)
class Fault:
    """A value or an element breaks `rule`; `place` says where inside it, `found` and `expected` are for reading."""

    rule: Rule
    found: str = ""
    place: str = ""
    expected: str = ""


def breach(
    rule: Rule, format: str, *, entry_id: str | None = None, place: str = "", found: str = "", expected: str = ""
) -> Finding:
    """A finding that this rule is broken, `found` shortened for reading."""
    return Finding(
        rule=rule.name,
        message=rule.message,
        format=format,
        entry_id=entry_id,
        expected=_shorten(expected),
        found=_shorten(found),
        severity=rule.severity,
        standard=rule.standard,
        mend=rule.mend,
        place=place,
    )


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
