"""Places and articles that don't agree, as only another hand leaves them: found by going through all, once asked to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, select

from feedsvc.model import State
from feedsvc.store.mapping import sections_from
from feedsvc.store.schema import article, article_section

_ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Strays:
    """`orphans` are places (section, seq) of articles that are not there. `misplaced` are the ids of articles that
    stand in other sections, at other times or otherwise than their rows say; rows that are no article are not among
    them.
    """

    orphans: Sequence[tuple[str, int]]
    misplaced: Sequence[str]


def find_strays(connection: Connection) -> Strays:
    """Reads every place, and of every article a few columns."""
    place = article_section.c
    orphans = connection.execute(
        select(place.section, place.seq)
        .outerjoin(article, article.c.seq == place.seq)
        .where(article.c.seq.is_(None))
        .order_by(place.seq, place.section)
    )
    return Strays([(row.section, row.seq) for row in orphans], list(_find_misplaced(connection)))


def _find_misplaced(connection: Connection) -> Iterator[str]:
    mine, place = article.c, article_section.c
    query = (
        select(
            mine.seq, mine.id, mine.state, mine.sections, mine.published, mine.updated,
            place.section, place.state.label("stands"), place.published.label("at"), place.updated.label("changed"),
        )
        .outerjoin(article_section, place.seq == mine.seq)
        .order_by(mine.seq)
    )  # fmt: skip
    rows = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(query)
    for _, group in groupby(rows, key=lambda row: row.seq):
        found = list(group)
        if _is_misplaced(found):
            yield found[0].id


def _is_misplaced(rows: Sequence[Any]) -> bool:
    """Of one article, with a row for each of its places, or one without."""
    said = sections_from(rows[0].sections)
    if said is None or not isinstance(rows[0].state, State):
        return False  # no article: told of elsewhere, and sent anew by its editor
    if sorted(said) != sorted(row.section for row in rows if row.section is not None):
        return True
    state = rows[0].state
    return any(
        (row.at, row.changed) != (row.published, row.updated)
        or (state is not State.WITHDRAWN and row.stands != state.value)
        for row in rows
        if row.section is not None
    )
