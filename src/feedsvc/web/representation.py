"""What the API says of an article and of where it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from feedsvc.model import Article, Note, Withdrawal
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
    """An outline, and `feeds` where it stands or will; `findings`, why not elsewhere; `notes`, what was changed.

    `corrections` are what editors said of its changes; `withdrawal` is there while it is withdrawn.
    """
    return outline(runtime, article) | {
        "corrections": [{"note": each.note, "at": _say(each.at)} for each in article.corrections],
        "withdrawal": _describe_withdrawal(article.withdrawal),
        "feeds": [url for presence in standings if presence.standing in _APPEARS for url in presence.urls],
        "findings": list(_list_findings(standings)),
        "notes": [{"place": note.place, "message": note.message, "severity": note.severity} for note in notes],
    }


def _describe_withdrawal(withdrawal: Withdrawal | None) -> Mapping[str, Any] | None:
    """`shown_in` are the sections in which the notice stands in the article's place."""
    if withdrawal is None:
        return None
    return {"at": _say(withdrawal.at), "notice": withdrawal.notice, "shown_in": list(withdrawal.shown_in)}


def _list_findings(standings: Sequence[Presence]) -> list[Mapping[str, str]]:
    """Each feed where it doesn't stand though it is published, and what verification said of its entry there."""
    findings: list[Mapping[str, str]] = []
    for presence in standings:
        if presence.standing not in _UNTOLD:
            findings.append({"feed": presence.slug, "rule": presence.standing, "message": presence.reason})
        findings += [
            {"feed": presence.slug, "rule": finding.rule, "message": str(finding)} for finding in presence.findings
        ]
    return findings


def _say(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
