"""Which of the stored articles a feed holds: the newest that can be read, are not in quarantine, and fit.

A notice stands where its article stood. What was withdrawn without one leaves a tombstone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from feedsvc.model import Article, Finding, Holdings, MemberState, Quarantined, Section, Tombstone
from feedsvc.store import Store
from feedsvc.text import find_illegal

MAX_TEXT_BYTES = 8 * 1024 * 1024
"""The bodies in one document together: beyond it a feed holds fewer entries than its limit."""


MAX_TOMBSTONES = 20
"""Who polls more rarely than that many articles are withdrawn keeps one."""

_SHOWN = (MemberState.LIVE, MemberState.NOTICE)

_GONE = (MemberState.TOMBSTONE,)


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
        newest = store.newest(section.members, wanted, _SHOWN, broken=broken)
        rows = store.quarantined([article.id for article in newest])
        held = tuple(article.id for article in newest if _holds(rows.get(article.id), article, renderer))
        kept = tuple(article for article in newest if article.id not in held)
        if len(kept) >= section.limit or len(newest) + len(broken) < wanted:
            fitting = _within_bytes(kept)
            return Choice(
                holdings=Holdings(articles=fitting, tombstones=_bury(store, section, newest, broken)),
                held=held,
                retried=tuple(article for article in fitting if article.id in rows),
                unreadable=tuple(Finding(rule="article.unreadable", message=why, format="store") for why in broken),
            )
        wanted += section.limit - len(kept)


def _bury(store: Store, section: Section, shown: Sequence[Article], broken: list[str]) -> tuple[Tombstone, ...]:
    """The newest tombstones; none for what shows in this feed, be it by another member or since a moment ago."""
    showing = {article.id for article in shown}
    wanted = MAX_TOMBSTONES
    while True:
        unreadable: list[str] = []
        gone = store.newest(section.members, wanted, _GONE, by="updated", broken=unreadable)
        absent = [each for each in gone if each.id not in showing and not each.is_notice_in(section.members)]
        if len(absent) >= MAX_TOMBSTONES or len(gone) + len(unreadable) < wanted:
            break
        wanted += MAX_TOMBSTONES - len(absent)
    broken += unreadable
    return tuple(tombstone for article in absent[:MAX_TOMBSTONES] if (tombstone := _tombstone_of(article, broken)))


def _tombstone_of(article: Article, broken: list[str]) -> Tombstone | None:
    """None where no document can carry it: one such grave must not stop the feed."""
    assert article.withdrawal is not None, "it stands there as a tombstone"
    notice = article.withdrawal.notice
    illegal = find_illegal(article.entry_id) or find_illegal(notice or "")
    if illegal:
        position, character = illegal
        broken.append(
            f"Article {article.id} leaves no tombstone: its entry id or notice holds {character} at character "
            f"{position}, which no feed can carry."
        )
        return None
    return Tombstone(entry_id=article.entry_id, when=article.withdrawal.at, notice=notice, language=article.language)


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
