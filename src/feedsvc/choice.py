"""Which of the stored articles a feed holds: the newest that can be read, are not in quarantine, and fit.

A notice stands where its article stood. What was withdrawn without one leaves a tombstone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from feedsvc.ingest import find_excess
from feedsvc.model import IN_PLACE, STORED, Article, Finding, Holdings, MemberState, Quarantined, Section, Tombstone
from feedsvc.store import Reading, Time
from feedsvc.text import canonical_text, find_illegal
from feedsvc.tray import Tray

RETURNING_SHARE = 5
"""One seat in so many is for articles that come back since they were corrected."""

MAX_TOMBSTONES = 20
"""Who polls more rarely than that many articles are withdrawn keeps one."""

_GONE = (MemberState.TOMBSTONE,)


MAX_TOLD = 100
"""So many unreadable rows are told of with a feed; whoever mends these sees the next ones."""

BEYOND_BOUNDS = "article.bounds"
"""The rule of findings about what the gate would have refused."""

Excess = tuple[Article, tuple[Finding, ...]]


@dataclass(frozen=True, slots=True)
class Choice:
    """What a feed would hold.

    `held` are ids left out by quarantine, `retried` the articles that were in it. `excessive` are left out since they
    go beyond the gate's bounds, each with what was found: nothing may parse them, so they belong in quarantine.
    `unreadable` tells of rows in the database that are no articles.
    """

    holdings: Holdings
    held: tuple[str, ...]
    retried: tuple[Article, ...]
    excessive: tuple[Excess, ...]
    unreadable: tuple[Finding, ...]


def choose(reading: Reading, section: Section, renderer: str, tray: Tray | None = None) -> Choice:
    """Choose the articles of a section's live document; the next newest take the place of those in quarantine.

    The newest by publication, and of those that changed since the oldest of these came out as many as there are
    seats for: a correction comes back, but a mass of old articles that are sent anew can't push the news out. An
    article whose revision or whose `renderer` is another than when it was quarantined is tried again. What `tray` holds
    need be neither made nor judged anew.
    """
    tray = tray or Tray()
    newest = _find(reading, section, renderer, tray, section.limit)
    found = [newest]
    if len(newest.kept) == section.limit and _seats(section):
        oldest = newest.kept[-1].published
        # Ahead of one that has a seat may be those among the newest, and the others with a seat: no more.
        wanted = section.limit + _seats(section)
        found.append(_find(reading, section, renderer, tray, wanted, by="updated", since=oldest, before=newest))
    fitting = _within_bytes(_seat(section, newest.kept, found[-1].kept), section.max_bytes)
    broken = list(dict.fromkeys(why for each in found for why in each.broken))
    seen = {article.id: article for each in found for article in each.seen}
    tray.sound = {article.seq: article for article in seen.values() if tray.sound.get(article.seq) is article}
    return Choice(
        holdings=Holdings(
            articles=tuple(sorted(fitting, key=lambda article: (article.published, article.seq), reverse=True)),
            tombstones=_bury(reading, section, tuple(seen.values()), broken),
        ),
        held=tuple(dict.fromkeys(article_id for each in found for article_id in each.held)),
        retried=tuple(article for article in fitting if any(article.id in each.retried for each in found)),
        excessive=tuple({excess[0].id: excess for each in found for excess in each.excessive}.values()),
        unreadable=_tell(broken),
    )


def choose_archived(reading: Reading, section: Section, number: int, renderer: str) -> Choice:
    """Choose what an archive holds: all that stand in it but those in quarantine."""
    broken: list[str] = []
    articles = reading.archived(section.slug, number, broken=broken)
    rows = reading.quarantined([article.id for article in articles])
    held = tuple(
        article.id for article in articles if article.id in rows and rows[article.id].keeps_out(article, renderer)
    )
    excessive = _judge([article for article in articles if article.id not in held], {})
    kept = _without(articles, held, excessive)
    return Choice(
        holdings=Holdings(articles=kept, archive=number, prev_archive=number - 1 or None),
        held=held,
        retried=tuple(article for article in kept if article.id in rows),
        excessive=excessive,
        unreadable=_tell(broken),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """`kept` are as many as were wanted, in order; `held` and `retried` are ids, `seen` is all that was read.

    `quarantined` is by id what stands in quarantine of it.
    """

    kept: tuple[Article, ...]
    held: tuple[str, ...]
    retried: frozenset[str]
    excessive: tuple[Excess, ...]
    seen: tuple[Article, ...]
    quarantined: Mapping[str, Quarantined]
    broken: tuple[str, ...]


def _find(
    reading: Reading,
    section: Section,
    renderer: str,
    tray: Tray,
    most: int,
    *,
    by: Time = "published",
    since: datetime | None = None,
    before: _Found | None = None,
) -> _Found:
    """The newest by one of their times that are not in quarantine, `most` of them if there are so many.

    What was found `before`, at the same moment, is not read again.
    """
    known = before.seen if before else ()
    asked = {article.id for article in known}
    wanted = most
    while True:
        broken: list[str] = []
        newest = reading.newest(
            section.members, wanted, IN_PLACE, by=by, since=since, known=known, rows=tray.rows, broken=broken
        )
        rows = dict(reading.quarantined([article.id for article in newest if article.id not in asked]))
        if before:
            rows |= {each.id: before.quarantined[each.id] for each in newest if each.id in before.quarantined}
        held = tuple(
            article.id for article in newest if article.id in rows and rows[article.id].keeps_out(article, renderer)
        )
        excessive = _judge([article for article in newest if article.id not in held], tray.sound)
        kept = _without(newest, held, excessive)
        if len(kept) >= most or len(newest) < wanted:
            retried = frozenset(rows) - set(held)
            return _Found(kept[:most], held, retried, excessive, tuple(newest), rows, tuple(broken))
        wanted *= 2


def _judge(articles: Sequence[Article], sound: dict[int, Article]) -> tuple[Excess, ...]:
    """Those that go beyond the gate's bounds, each with what was found. The others become `sound`, by seq."""
    excessive = []
    for article in articles:
        if sound.get(article.seq) is article:
            continue
        if found := _find_excess(article):
            excessive.append((article, found))
        else:
            sound[article.seq] = article
    return tuple(excessive)


def _find_excess(article: Article) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            rule=BEYOND_BOUNDS,
            message=f"{problem.field} {problem.reason}",
            format=STORED,
            entry_id=article.entry_id,
            found=canonical_text(problem.value),
            place=problem.field,
        )
        for problem in find_excess(article)
    )


def _without(articles: Sequence[Article], held: Sequence[str], excessive: Sequence[Excess]) -> tuple[Article, ...]:
    left_out = {*held, *(article.id for article, _ in excessive)}
    return tuple(article for article in articles if article.id not in left_out)


def _seats(section: Section) -> int:
    """How many articles may come back for their correction."""
    return 0 if section.limit == 1 else max(1, section.limit // RETURNING_SHARE)


def _seat(section: Section, newest: Sequence[Article], changed: Sequence[Article]) -> list[Article]:
    """Who is in, the most important first: the newest; who was corrected, the last corrected first; the next newest."""
    fresh = newest[: section.limit - _seats(section)]
    ids = {article.id for article in fresh}
    oldest = newest[-1].published if newest else None
    returning = [each for each in changed if each.id not in ids and _is_changed(each, oldest)][: _seats(section)]
    ids |= {article.id for article in returning}
    rest = [article for article in newest if article.id not in ids]
    return [*fresh, *returning, *rest][: section.limit]


def _is_changed(article: Article, since: datetime | None) -> bool:
    """Did it change after it came out, and after `since`?"""
    times = (article.published, article.updated, since)
    return None not in times and article.updated > max(article.published, since)  # type: ignore[operator,type-var]


def _bury(reading: Reading, section: Section, shown: Sequence[Article], broken: list[str]) -> tuple[Tombstone, ...]:
    """The newest tombstones; none for what shows in this feed by another member."""
    showing = {article.id for article in shown}
    wanted = MAX_TOMBSTONES
    while True:
        unreadable: list[str] = []
        gone = reading.newest(section.members, wanted, _GONE, by="updated", broken=unreadable)
        absent = [each for each in gone if each.id not in showing and not each.is_notice_in(section.members)]
        if len(absent) >= MAX_TOMBSTONES or len(gone) < wanted:
            break
        wanted *= 2
    broken += unreadable
    return tuple(tombstone for article in absent[:MAX_TOMBSTONES] if (tombstone := _tombstone_of(article, broken)))


def _tombstone_of(article: Article, broken: list[str]) -> Tombstone | None:
    """None where no document can carry it: one such grave must not stop the feed."""
    assert article.withdrawal is not None, "it stands there as a tombstone"
    notice = article.withdrawal.notice
    if excess := find_excess(article):
        broken.append(f"Article {article.id} leaves no tombstone: {excess[0].field} {excess[0].reason}.")
        return None
    illegal = find_illegal(article.entry_id) or find_illegal(notice or "")
    if illegal:
        position, character = illegal
        broken.append(
            f"Article {article.id} leaves no tombstone: its entry id or notice holds {character} at character "
            f"{position}, which no feed can carry."
        )
        return None
    return Tombstone(entry_id=article.entry_id, when=article.withdrawal.at, notice=notice, language=article.language)


def _within_bytes(articles: Sequence[Article], max_bytes: int) -> Sequence[Article]:
    """The first that fit into a document which readers would still load; at least one."""
    left_bytes = max_bytes
    for number, article in enumerate(articles):
        left_bytes -= len((article.content_html or article.summary or "").encode(errors="surrogatepass"))
        if left_bytes < 0:
            return articles[: max(1, number)]
    return articles


def _tell(broken: Sequence[str]) -> tuple[Finding, ...]:
    more = [f"{len(broken) - MAX_TOLD} more rows can't be read."] if len(broken) > MAX_TOLD else []
    told = (*broken[:MAX_TOLD], *more)
    return tuple(Finding(rule="article.unreadable", message=why, format=STORED) for why in told)
