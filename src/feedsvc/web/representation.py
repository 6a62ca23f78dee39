"""What the API says of an article and of where it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from feedsvc.model import Article, Note
from feedsvc.presence import Presence
from feedsvc.runtime import Runtime

_APPEARS = {"live", "notice", "pending", "scheduled"}
_UNTOLD = {"live", "notice", "pending", "scheduled", "draft", "withdrawn"}


def outline(runtime: Runtime, article: Article) -> dict[str, Any]:
    """An article in a list: what it is and where it stands in its life. `link` is the one that feeds carry."""
    return {
        "id": article.id,
        "external_id": article.external_id,
        "title": article.title,
        "sections": list(article.sections),
        "state": str(article.state),
        "link": article.link or runtime.settings.site.article_url(article.id),
        "published": _say(article.published),
        "updated": _say(article.updated),
        "created": _say(article.created),
        "revision": article.revision,
        "entry_id": article.entry_id,
    }


def describe(
    runtime: Runtime, article: Article, standings: Sequence[Presence], notes: Sequence[Note] = ()
) -> dict[str, Any]:
    """An outline, and `feeds` where it stands or will; `findings`, why not elsewhere; `notes`, what was changed."""
    return outline(runtime, article) | {
        "feeds": [url for presence in standings if presence.standing in _APPEARS for url in presence.urls],
        "findings": list(_list_findings(runtime, article, standings)),
        "notes": [{"place": note.place, "message": note.message, "severity": note.severity} for note in notes],
    }


def _list_findings(runtime: Runtime, article: Article, standings: Sequence[Presence]) -> list[Mapping[str, str]]:
    """Each feed where it doesn't stand though it is published, and what verification said of its entry there."""
    findings: list[Mapping[str, str]] = []
    for presence in standings:
        if presence.standing not in _UNTOLD:
            findings.append({"feed": presence.slug, "rule": presence.standing, "message": presence.reason})
        publication = runtime.store.publication(runtime.folder_id, presence.slug)
        findings += [
            {"feed": presence.slug, "rule": finding.rule, "message": str(finding)}
            for finding in (publication.findings if publication else ())
            if finding.entry_id == article.entry_id
        ]
    return findings


def _say(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
