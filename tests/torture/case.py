"""One article of the torture set: what is sent, what it probes, and what must come of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

MAIN = "torture"
HEAVY = "heavy"
"""Bodies of megabytes have a feed of their own, so that the others stay quick to read."""


@dataclass(frozen=True)
class Published:
    """Live in its feed. Every format must show exactly these `values`; what isn't told here is what the store holds.

    `values` are fields of parsers.Item. `but` is what one reader makes of a field by its own will, seen and understood:
    (parser, format) -> field -> value; format "*" is any.
    """

    values: Mapping[str, Any]
    but: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Kept:
    """Stored, and in no feed: `state` is scheduled or draft."""

    state: str


@dataclass(frozen=True)
class Refused:
    """Answered with this status; a problem names this field, and its reason holds this text."""

    status: int
    field: str
    reason: str


Outcome = Published | Kept | Refused


@dataclass(frozen=True)
class Case:
    """`sent` is an article in JSON values, or the request's very bytes. `key` is its external id, `name` without."""

    name: str
    probes: str
    sent: Mapping[str, Any] | bytes
    outcome: Outcome
    key: str = ""
    section: str = MAIN

    @property
    def external_id(self) -> str:
        return self.key or self.name

    def body(self, number: int) -> bytes:
        """The request's body. What a case leaves out is made up: its place in time from its number in the set."""
        if isinstance(self.sent, bytes):
            return self.sent
        made_up = {
            "title": f"{number:03} {self.name}",
            "sections": [self.section],
            "published": datetime(2025, 3, 1, number // 60, number % 60, tzinfo=UTC).isoformat(),
        }
        if "content_html" not in self.sent:
            made_up["summary"] = f"Summary of {self.name}."
        article = {**made_up, **self.sent}
        try:
            return json.dumps(article, ensure_ascii=False).encode()
        except UnicodeEncodeError:  # lone surrogates can only be said by escapes
            return json.dumps(article).encode()


def titled(name: str, probes: str, title: str, shown: str | None = None, **but: Mapping[str, Any]) -> Case:
    """A case of a title, and how it must be shown where that is not as it was sent."""
    return Case(
        name, probes, {"title": title}, Published({"title": title if shown is None else shown}, _by_reader(but))
    )


def bodied(name: str, probes: str, content: str, shown: str | None = None, **but: Mapping[str, Any]) -> Case:
    """A case of a body, and how it must be shown where that is not as it was sent."""
    return Case(
        name,
        probes,
        {"content_html": content, "summary": f"Summary of {name}."},
        Published({"content": content if shown is None else shown}, _by_reader(but)),
    )


def refused(
    name: str, probes: str, sent: Mapping[str, Any] | bytes, field: str, reason: str, *, status: int = 422
) -> Case:
    return Case(name, probes, sent, Refused(status, field, reason))


def _by_reader(but: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Keywords such as feedparser_rss and newsboat, as Published.but has them."""
    pairs = {name: name.partition("_") for name in but}
    return {(reader, document or "*"): but[name] for name, (reader, _, document) in pairs.items()}
