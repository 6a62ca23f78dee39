"""Statements that are more than one line, built once and cached."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from heapq import nlargest
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from sqlalchemy import BigInteger, Column, Connection, Row, Select, bindparam, select, type_coerce, union_all

from feedsvc.errors import UnreadableArticleError
from feedsvc.model import Article, MemberState
from feedsvc.store.mapping import readable
from feedsvc.store.rows import KnownRows
from feedsvc.store.schema import MEMBER_WORDS, article_section, seconds_of
from feedsvc.store.schema import section as section_table

RANGES_AT_ONCE = 50
"""Index ranges read in one statement. SQLite would take 500 (https://www.sqlite.org/limits.html), but fewer find
sooner since when articles count, and the rest then reads next to nothing."""

_WALKS = (2, 20)
"""Where there are more ranges, what stands in any section at all is read, the newest first, until enough of it stands
in those that are asked for: at first so many times as many places as are wanted, then so many. Where members are rare
among others that is in vain, and each one's range is read after all."""

KEYS_AT_ONCE = 500
"""Keys in one IN."""

_EARLIEST = datetime.min.replace(tzinfo=UTC)

Time = Literal["published", "updated"]
"""By which of its times an article counts as new."""

T = TypeVar("T")

Place = tuple[Any, int]
"""When an article counts as new somewhere, whatever lies there, and its seq."""


def chunks(items: Sequence[T], size: int = KEYS_AT_ONCE) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def rows_by_key(
    connection: Connection, query: Select[Any], keys: Sequence[str] | Sequence[int], **values: Any
) -> Iterator[Row[Any]]:
    """The rows of a query that binds `keys` in an IN, for any number of them."""
    for part in chunks(keys):
        yield from connection.execute(query, {"keys": part, **values})


@lru_cache(maxsize=4 * RANGES_AT_ONCE)
def _newest(members: int, states: tuple[MemberState, ...], by: Time) -> Select[Any]:
    """(time, seq) of the newest articles that stand in one of these states in any of that many sections.

    Bound are section_0, section_1, ..., since and limit. Each section and state gives at most `limit` rows, read off
    the end of its own index range; only these are merged.
    """
    section = article_section.c
    # In seconds, since what another hand wrote may be no time.
    time = type_coerce(section[by], BigInteger)
    ranges = [
        select(time.label("time"), section.seq)
        .where(
            section.section == bindparam(f"section_{number}"),
            section.state == MEMBER_WORDS[state],
            time >= bindparam("since", type_=BigInteger),
        )
        .order_by(time.desc(), section.seq.desc())
        .limit(bindparam("limit"))
        for number in range(members)
        for state in states
    ]
    if len(ranges) == 1:
        return ranges[0]
    merged = union_all(*(select(one.subquery()) for one in ranges)).subquery()
    newest = (merged.c.time.desc(), merged.c.seq.desc())
    return select(merged.c.time, merged.c.seq).distinct().order_by(*newest).limit(bindparam("limit"))


def _newest_of_all(by: Time, state: MemberState) -> Select[Any]:
    """(time, seq, section) of the newest that stand in this state in any section; bound are since and limit."""
    place = article_section.c
    time = type_coerce(place[by], BigInteger)
    return (
        select(time.label("time"), place.seq, place.section)
        .where(place.state == MEMBER_WORDS[state], time >= bindparam("since", type_=BigInteger))
        .order_by(time.desc(), place.seq.desc())
        .limit(bindparam("limit"))
    )


_NEWEST_OF_ALL: Mapping[tuple[Time, MemberState], Select[Any]] = {
    (by, state): _newest_of_all(by, state) for by in ("published", "updated") for state in MemberState
}


def newest_articles(
    connection: Connection,
    sections: Sequence[str],
    states: tuple[MemberState, ...],
    limit: int,
    *,
    by: Time,
    since: datetime | None,
    known: Sequence[Article],
    rows: KnownRows | None,
    broken: list[str] | None,
) -> list[Article]:
    """As Store.newest; sections named twice count once."""
    wanted = limit
    known_by_seq = {each.seq: each for each in known}
    while True:
        places = _newest_places(connection, sections, states, wanted, by=by, since=since)
        told: list[str] = []
        articles: list[Article] = []
        for part in chunks(places):
            articles += articles_in_place(connection, part, sections, states, told, known=known_by_seq, rows=rows)
            if len(articles) >= limit:
                break
        if len(articles) >= limit or len(places) < wanted:
            if broken is not None:
                broken += told
            return articles[:limit]
        wanted *= 2


def read_on(
    connection: Connection,
    query: Select[Any],
    place: Column[int],
    *,
    limit: int,
    before_seq: int | None,
    broken: list[str] | None,
) -> list[Article]:
    """The first of a query by descending `place` that can be read, after `before_seq`; batch by batch."""
    found: list[Article] = []
    told: list[str] = []
    while len(found) < limit:
        page = query if before_seq is None else query.where(place < before_seq)
        rows = connection.execute(page.limit(limit)).all()
        found += readable(rows, told)
        if len(rows) < limit:
            break
        before_seq = rows[-1].seq
    if broken is not None:
        broken += told
    return found[:limit]


def articles_in_place(
    connection: Connection,
    places: Sequence[int],
    sections: Collection[str],
    states: Collection[MemberState],
    broken: list[str] | None,
    *,
    known: Mapping[int, Article] = MappingProxyType({}),
    rows: KnownRows | None = None,
) -> list[Article]:
    """The articles (seqs) that have these places, in this order; `broken` gets a sentence about each that has not.

    Of those that are `known` no row is read.
    """
    unread = [seq for seq in places if seq not in known]
    read = {**known, **(rows or KnownRows()).read(connection, unread)} if unread else known
    told = [] if broken is None else broken
    found = []
    for seq in places:
        one = read.get(seq)
        if one is None:
            told.append(
                f"Article number {seq} (`seq`) was deleted from the database, but its places in sections were not: "
                f"delete the rows of article_section WHERE seq = {seq}, too."
            )
        elif isinstance(one, UnreadableArticleError):
            told.append(str(one))
        elif any(one.state_in(slug) in states for slug in one.sections if slug in sections):
            found.append(one)
        else:
            told.append(_why_misplaced(one, sections))
    return found


def _why_misplaced(one: Article, sections: Collection[str]) -> str:
    stands = f"Article {one.id} is {one.state.value} in {', '.join(one.sections) or 'no section'}"
    if any(slug in sections for slug in one.sections):
        return f"{stands}, but its place there says otherwise. Send it anew, whole, or withdraw it."
    return (
        f"{stands}, but has a place in another section, too: delete the rows of article_section WHERE seq = {one.seq} "
        "with sections that it does not name."
    )


def places_of(connection: Connection, seq: int) -> list[str]:
    """The sections, of those that were ever registered, in which an article has a place."""
    member = article_section.c
    known = select(section_table.c.slug)
    query = select(member.section).where(member.seq == seq, member.section.in_(known)).order_by(member.section)
    return list(connection.execute(query).scalars())


def _newest_places(
    connection: Connection,
    sections: Sequence[str],
    states: tuple[MemberState, ...],
    limit: int,
    *,
    by: Time,
    since: datetime | None,
) -> list[int]:
    """The seqs of the newest, by what their places say."""
    members = list(dict.fromkeys(sections))
    earliest = seconds_of(since or _EARLIEST)
    newest = None
    if len(members) * len(states) > RANGES_AT_ONCE:
        newest = _walk(connection, frozenset(members), states, limit, by=by, earliest=earliest)
    if newest is None:
        newest = _read_ranges(connection, members, states, limit, by=by, earliest=earliest)
    return [seq for _, seq in newest]


def _walk(
    connection: Connection,
    members: frozenset[str],
    states: tuple[MemberState, ...],
    limit: int,
    *,
    by: Time,
    earliest: int,
) -> list[Place] | None:
    """The newest of these members among those of all sections; None where too many others stand between them."""
    newest: set[Place] = set()
    for state in states:
        for size in (limit * times for times in _WALKS):
            rows = connection.execute(_NEWEST_OF_ALL[by, state], {"since": earliest, "limit": size}).all()
            found = {(row.time, row.seq) for row in rows if row.section in members}
            if len(found) >= limit or len(rows) < size:
                break
        else:
            return None
        newest |= found
    return nlargest(limit, newest, key=_rank)


def _read_ranges(
    connection: Connection,
    members: Sequence[str],
    states: tuple[MemberState, ...],
    limit: int,
    *,
    by: Time,
    earliest: int,
) -> list[Place]:
    """The newest of each member's own."""
    newest: list[Place] = []
    for some in chunks(members, RANGES_AT_ONCE // len(states)):
        values: dict[str, Any] = {f"section_{number}": slug for number, slug in enumerate(some)}
        last = newest[-1][0] if newest and len(newest) == limit else earliest
        values["since"] = last if isinstance(last, int) else earliest
        rows = connection.execute(_newest(len(some), states, by), values | {"limit": limit})
        newest = nlargest(limit, {*newest, *((row.time, row.seq) for row in rows)}, key=_rank)
    return newest


def _rank(place: Place) -> tuple[bool, Any, int]:
    """As SQLite orders them: a time that is no number, which another hand wrote, comes after all numbers."""
    time, seq = place
    return (False, time, seq) if isinstance(time, int | float) else (True, 0, seq)
