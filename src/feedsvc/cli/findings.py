"""Findings as a person reads them, entry by entry, and as a script does."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from feedsvc.cli.messages import count
from feedsvc.cli.screen import safe
from feedsvc.cli.terminal import terminal
from feedsvc.feed.grammar.tally import MANY
from feedsvc.model import Finding

_FORMATS = {"rss": "RSS 2.0", "atom": "Atom 1.0", "json": "JSON Feed 1.1", "opml": "OPML 2.0"}
_COLORS = {"error": "red", "warning": "yellow"}
_NARROWEST = 20

_OFTEN = 5
"""A rule that is broken oftener in one document is told once, with a count."""

_FEW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One document that was looked at, as `name` calls it. `feed` is its slug where it is one of this service's.

    `format` is None for what is no feed, `entries` where they were not counted; `titles` are by entry id.
    """

    name: str
    format: str | None
    findings: tuple[Finding, ...]
    feed: str | None = None
    entries: int | None = None
    titles: Mapping[str, str] = field(default_factory=dict)

    def has(self, severity: str) -> bool:
        return self.count(severity) > 0

    def count(self, severity: str) -> int:
        """How many findings there are of it, told or not."""
        rules = {each.rule for each in self.findings if each.severity == severity}
        return sum(number for rule, number in self.rules().items() if rule in rules)

    def rules(self) -> Counter[str]:
        """How often each rule is broken."""
        told = Counter(each.rule for each in self.findings if each.rule != MANY.name)
        told.update({each.place: int(each.found) for each in self.findings if each.rule == MANY.name})
        return told


def sum_up(checked: Sequence[Checked]) -> str:
    """`2 documents verified: 1 error, no warnings.`"""
    numbers = [(severity, sum(each.count(severity) for each in checked)) for severity in ("error", "warning")]
    told = (count(number, severity) if number else f"no {severity}s" for severity, number in numbers)
    return f"{count(len(checked), 'document')} verified: {', '.join(told)}."


def print_report(checked: Sequence[Checked]) -> None:
    """Each document's head, then its findings entry by entry. Lines are folded on a terminal only."""
    console = terminal()
    color = False if os.environ.get("NO_COLOR") else None
    for each in checked:
        for line in _describe(each):
            click.echo(_write(line, console), color=color)


def as_json(checked: Sequence[Checked]) -> dict[str, Any]:
    """The report as docs/cli.md promises it; members may be added, none goes or changes its meaning."""
    return {
        "errors": sum(each.count("error") for each in checked),
        "warnings": sum(each.count("warning") for each in checked),
        "documents": [
            {
                "name": _encodable(each.name),
                "feed": each.feed,
                "format": each.format,
                "entries": each.entries,
                "findings": [_finding_json(finding, each.titles) for finding in each.findings],
            }
            for each in checked
        ],
    }


def _finding_json(finding: Finding, titles: Mapping[str, str]) -> dict[str, str | None]:
    title = titles.get(finding.entry_id or "")
    return {
        "severity": finding.severity,
        "rule": finding.rule,
        "message": _encodable(finding.message),
        "entry_id": None if finding.entry_id is None else _encodable(finding.entry_id),
        "entry_title": None if title is None else _encodable(title),
        "place": _encodable(finding.place),
        "found": _encodable(finding.found),
        "expected": _encodable(finding.expected),
        "standard": finding.standard,
        "mend": finding.mend,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """`text` without what a terminal would obey; its first part, `lead`, is shown in a style of click's."""

    indent: int
    text: str
    lead: str = ""
    style: Mapping[str, Any] = field(default_factory=dict)


def _describe(each: Checked) -> Iterator[_Line]:
    known = [_FORMATS.get(each.format or "", "")]
    if each.format and each.entries is not None:
        known.append("1 entry" if each.entries == 1 else f"{each.entries} entries")
    name, head = safe(each.name), ", ".join(filter(None, known))
    outcome = "" if each.findings else ": nothing is wrong"
    yield _Line(indent=0, text=f"{name}{f': {head}' if head else ''}{outcome}", lead=name, style={"bold": True})
    often = {rule: number for rule, number in each.rules().items() if number > _OFTEN}
    seldom = [finding for finding in each.findings if finding.rule not in (*often, MANY.name)]
    for entry_id, findings in _group(seldom).items():
        yield _Line(indent=2, text=_name_entry(entry_id, each.titles))
        for finding in findings:
            yield from _describe_finding(finding)
    if often:
        yield _Line(indent=2, text="the same in many places")
    for rule, number in often.items():
        yield from _describe_often([finding for finding in each.findings if finding.rule == rule], number)


def _describe_often(findings: Sequence[Finding], number: int) -> Iterator[_Line]:
    """Findings of one rule as if they were one, with the first places and the first few things that were found."""

    def list_first(name: str) -> str:
        values = list(dict.fromkeys(filter(None, (getattr(each, name) for each in findings))))
        return "; ".join([*values[:_FEW], *(["…"] if len(values) > _FEW else [])])

    place, found, expected = map(list_first, ("place", "found", "expected"))
    told = replace(findings[0], place=place, found=found, expected=expected)
    yield from _describe_finding(told, f", {number} times")


def _describe_finding(finding: Finding, times: str = "") -> Iterator[_Line]:
    place = f" ({safe(finding.place)})" if finding.place else ""
    style = {"fg": _COLORS[finding.severity]}
    yield _Line(indent=4, text=f"{finding.severity}: {finding.rule}{times}{place}", lead=finding.severity, style=style)
    yield _Line(indent=6, text=safe(finding.message))
    for name in ("found", "expected", "mend", "standard"):
        if value := getattr(finding, name):
            yield _Line(indent=6, text=f"{name}: {safe(value)}")


def _group(findings: Sequence[Finding]) -> dict[str | None, list[Finding]]:
    """By entry, the document's own first, else in the order in which they were found."""
    grouped: dict[str | None, list[Finding]] = {None: []}
    for finding in findings:
        grouped.setdefault(finding.entry_id, []).append(finding)
    return {entry_id: found for entry_id, found in grouped.items() if found}


def _name_entry(entry_id: str | None, titles: Mapping[str, str]) -> str:
    if entry_id is None:
        return "the document"
    title = titles.get(entry_id)
    return f"“{safe(title)}” ({safe(entry_id)})" if title else f"entry {safe(entry_id)}"


def _write(line: _Line, console: Console) -> str:
    folded = [line.text]
    if console.is_terminal:
        # rich knows that Chinese characters are two columns wide.
        wrapped = Text(line.text).wrap(console, max(console.width - line.indent, _NARROWEST))
        folded = [part.plain.rstrip() for part in wrapped]
    if line.lead and folded[0].startswith(line.lead):
        folded[0] = click.style(line.lead, **line.style) + folded[0].removeprefix(line.lead)
    return "\n".join(" " * line.indent + part for part in folded)


def _encodable(text: str) -> str:
    """Half a character (a lone surrogate) can't be written; it is spelt out."""
    return text.encode(errors="backslashreplace").decode()
