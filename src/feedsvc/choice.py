"""Which of the stored articles a feed holds: the newest that can be read, are not in quarantine, and fit."""

from __future__ import annotations

from dataclasses import dataclass

from feedsvc.model import Article, Finding, Holdings, Quarantined, Section
from feedsvc.store import Store

MAX_TEXT_BYTES = 8 * 1024 * 1024
"""The bodies in one document together: beyond it a feed holds fewer entries than its limit."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a feed would hold.

    `held` are ids left out by quarantine, `retried` the articles that were in it, `unreadable` tells of rows in
    the database that are no articles.
    """

    holdings: Holdings
    held: tuple[str, ...]
    retried: tuple[Article, ...]
    unreadable: tuple[Finding, ...]


def choose(store: Store, section: Section, renderer: str) -> Choice:
    """Choose the articles of a section; the next newest take the place of those in quarantine.

    An article whose revision or whose `renderer` is another than when it was quarantined is tried again.
    """
    wanted = section.limit
    while True:
        broken: list[str] = []
        newest = store.newest_live(section.members, wanted, broken=broken)
        rows = store.quarantined([article.id for article in newest])
        held = tuple(article.id for article in newest if _holds(rows.get(article.id), article, renderer))
        kept = tuple(article for article in newest if article.id not in held)
        if len(kept) >= section.limit or len(newest) + len(broken) < wanted:
            fitting = _within_bytes(kept)
            return Choice(
                holdings=Holdings(articles=fitting),
                held=held,
                retried=tuple(article for article in fitting if article.id in rows),
                unreadable=tuple(Finding(rule="article.unreadable", message=why, format="store") for why in broken),
            )
        wanted += section.limit - len(kept)


def _holds(item: Quarantined | None, article: Article, renderer: str) -> bool:
    return item is not None and (item.revision, item.renderer) == (article.revision, renderer)


def _within_bytes(articles: tuple[Article, ...]) -> tuple[Article, ...]:
    """The newest that fit into a document which readers would still load; at least one."""
    left_bytes = MAX_TEXT_BYTES
    for number, article in enumerate(articles):
        left_bytes -= len((article.content_html or article.summary or "").encode(errors="surrogatepass"))
        if left_bytes < 0:
            return articles[: max(1, number)]
    return articles
