"""Which articles are kept out of the feeds, why, and trying them again.

An article leaves quarantine by itself: a correction or a withdrawal gives it another revision, and a newer renderer
proves it anew. Trying again is for what was mended outside the article: a setting, a row in the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from feedsvc.config import Settings
from feedsvc.errors import ArticleNotFoundError, UnreadableArticleError
from feedsvc.feed.formats import RENDERER
from feedsvc.log import get_logger
from feedsvc.model import Article, Finding, Quarantined, State
from feedsvc.store import Store

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """An article in quarantine, and the feeds that go on without it."""

    item: Quarantined
    article: Article
    feeds: tuple[str, ...]


def held(store: Store, settings: Settings, *, broken: list[str] | None = None) -> list[Held]:
    """Who is kept out now, the longest first. Who was changed since, or is tried again, is not.

    `broken` gets a sentence about each whose row can't be read (any more).
    """
    found = []
    for item in sorted(store.quarantined().values(), key=lambda item: (item.since, item.article_id)):
        try:
            article = store.article(item.article_id)
        except UnreadableArticleError as error:
            if broken is not None:
                broken.append(str(error))
            continue
        if article is not None and _would_show(article) and item.keeps_out(article, RENDERER):
            found.append(Held(item, article, tuple(settings.feeds_of(article.sections))))
    return found


def held_one(store: Store, settings: Settings, article: Article) -> Held | None:
    """The same of one article; None if it is not kept out."""
    item = store.quarantined([article.id]).get(article.id)
    if item is None or not (_would_show(article) and item.keeps_out(article, RENDERER)):
        return None
    return Held(item, article, tuple(settings.feeds_of(article.sections)))


def try_again(
    store: Store, article_ids: Iterable[str], *, may: Callable[[Article], None] | None = None
) -> list[Article]:
    """Let these be proved anew, and make the feeds of their sections stale; those that were in quarantine.

    `may` raises for an article that the caller may not touch. Raises ArticleNotFoundError. What is still bad goes back
    with the `since` it had.
    """
    tried = []
    with store.write() as tx:
        for article_id in sorted(set(article_ids)):
            article = tx.article(article_id)
            if article is None:
                raise ArticleNotFoundError(article_id)
            if may is not None:
                may(article)
            if tx.try_again(article_id):
                tried.append(article)
        tx.raise_generations(section for article in tried for section in article.sections)
    for article in tried:
        log.info("article_tried_again", article_id=article.id, revision=article.revision)
    return tried


def to_json(held: Held) -> dict[str, Any]:
    """One in the words of the API and of `--json`; `since` is RFC 3339 in UTC."""
    return {
        "id": held.article.id,
        "external_id": held.article.external_id,
        "title": held.article.title,
        "sections": list(held.article.sections),
        "feeds": list(held.feeds),
        "revision": held.item.revision,
        "since": held.item.since.isoformat().replace("+00:00", "Z"),
        "reason": held.item.reason,
        "findings": findings_json(held.item.findings),
    }


def findings_json(findings: Sequence[Finding]) -> list[dict[str, str]]:
    return [
        {
            "format": finding.format,
            "rule": finding.rule,
            "message": finding.message,
            "place": finding.place,
            "expected": finding.expected,
            "found": finding.found,
            "standard": finding.standard,
            "mend": finding.mend,
            "severity": finding.severity,
        }
        for finding in findings
    ]


def _would_show(article: Article) -> bool:
    return article.state is State.LIVE or article.is_notice_in(article.sections)
