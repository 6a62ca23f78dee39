"""Statements that are more than one line, built once and cached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from heapq import nlargest
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, Select, bindparam, select, union_all

from feedsvc.model import Article, MemberState
from feedsvc.store.mapping import readable
from feedsvc.store.schema import MEMBER_WORDS, article, article_section

RANGES_AT_ONCE = 50
"""Index ranges read in one statement. SQLite would take 500 (https://www.sqlite.org/limits.html), but fewer find
sooner since when articles count, and the rest then reads next to nothing."""

KEYS_AT_ONCE = 500
"""Keys in one IN."""

_EARLIEST = datetime.min.replace(tzinfo=UTC)

Time = Literal["published", "updated"]
"""By which of its times an article counts as new."""

T = TypeVar("T")


def chunks(items: Sequence[T], size: int = KEYS_AT_ONCE) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


@lru_cache(maxsize=4 * RANGES_AT_ONCE)
def _newest(members: int, states: tuple[MemberState, ...], by: Time) -> Select[Any]:
    """(time, seq) of the newest articles that stand in one of these states in any of that many sections.

    Bound are section_0, section_1, ..., since and limit. Each section and state gives at most `limit` rows, read off
    the end of its own index range; only these are merged.
    """
    section = article_section.c
    time = section[by]
    ranges = [
        select(time.label("time"), section.seq)
        .where(
            section.section == bindparam(f"section_{number}"),
            section.state == MEMBER_WORDS[state],
            time >= bindparam("since"),
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


def newest_articles(
    connection: Connection,
    sections: Sequence[str],
    states: tuple[MemberState, ...],
    limit: int,
    *,
    by: Time,
    since: datetime | None,
    broken: list[str] | None,
) -> list[Article]:
    """As Store.newest; sections named twice count once."""
    newest: list[tuple[datetime, int]] = []
    for members in chunks(list(dict.fromkeys(sections)), RANGES_AT_ONCE // len(states)):
        values: dict[str, Any] = {f"section_{number}": slug for number, slug in enumerate(members)}
        values["since"] = newest[-1][0] if newest and len(newest) == limit else since or _EARLIEST
        rows = connection.execute(_newest(len(members), states, by), values | {"limit": limit})
        newest = nlargest(limit, {*newest, *((row.time, row.seq) for row in rows)})
    articles: dict[int, Article] = {}
    for part in chunks([seq for _, seq in newest]):
        rows = connection.execute(select(article).where(article.c.seq.in_(part)))
        articles.update((article.seq, article) for article in readable(rows.all(), broken))
    return [articles[seq] for _, seq in newest if seq in articles]
