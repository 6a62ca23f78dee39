"""Statements that are more than one line, built once and cached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from heapq import nlargest
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, bindparam, select, union_all

from feedsvc.model import Article
from feedsvc.store.mapping import article_from
from feedsvc.store.schema import LIVE, article, article_section

TERMS = 500
"""SQLite joins at most this many SELECTs by UNION ALL (https://www.sqlite.org/limits.html)."""

T = TypeVar("T")


def chunks(items: Sequence[T], size: int = TERMS) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


@lru_cache(maxsize=64)
def _newest_live(members: int) -> Select[Any]:
    """(published, seq) of the newest live articles of that many sections, bound as section_0, section_1, ... and limit.

    Each section gives at most `limit` rows, read off the end of its own index range; only these are merged.
    """
    section = article_section.c
    ranges = [
        select(section.published, section.seq)
        .where(section.section == bindparam(f"section_{number}"), section.state == LIVE)
        .order_by(section.published.desc(), section.seq.desc())
        .limit(bindparam("limit"))
        for number in range(members)
    ]
    if members == 1:
        return ranges[0]
    merged = union_all(*(select(one.subquery()) for one in ranges)).subquery()
    newest = (merged.c.published.desc(), merged.c.seq.desc())
    return select(merged.c.published, merged.c.seq).distinct().order_by(*newest).limit(bindparam("limit"))


def newest_live(connection: Connection, sections: Sequence[str], limit: int) -> list[Article]:
    """As Store.newest_live; sections named twice count once."""
    newest: set[tuple[Any, int]] = set()
    for members in chunks(list(dict.fromkeys(sections))):
        values = {f"section_{number}": slug for number, slug in enumerate(members)}
        rows = connection.execute(_newest_live(len(members)), values | {"limit": limit})
        newest.update((row.published, row.seq) for row in rows)
    order = [seq for _, seq in nlargest(limit, newest)]
    articles = {
        row.seq: article_from(row)
        for part in chunks(order)
        for row in connection.execute(select(article).where(article.c.seq.in_(part)))
    }
    return [articles[seq] for seq in order]
