"""Which archive holds which article: asked, and cut (RFC 5005 §4).

An article belongs to a section's archive by a number in its place there, given once, when archives are cut, and lost
when it leaves the section. The tail is what stands in the section and in none of its archives.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    LargeBinary,
    and_,
    bindparam,
    cast,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from feedsvc.model import ARCHIVE_FORMAT, IN_PLACE, Archive, Article, DocumentRecord
from feedsvc.store import schema
from feedsvc.store.queries import articles_in_place, chunks
from feedsvc.store.schema import MEMBER_WORDS

_CUT_LOCKS = 2
"""The room of PostgreSQL's advisory locks in which cuts are locked by section."""

ARCHIVES_AT_ONCE = 50
"""How many are cut in one transaction, so that writers of articles wait for a fraction of a second only."""

_place = schema.article_section.c
_archive = schema.archive.c
_published = schema.archive_publication.c

# Ordered by state as well: PostgreSQL can't get that from a section's key, which it would walk from its beginning
# where it believes that many are in no archive. For the same reason that is a number here, not NULL.
_TAIL = (
    select(_place.seq)
    .where(
        _place.section == bindparam("section"),
        _place.archive == literal_column("0"),
        _place.state.between(MEMBER_WORDS[IN_PLACE[0]], MEMBER_WORDS[IN_PLACE[-1]]),
    )
    .order_by(_place.state, _place.seq)
    .limit(bindparam("limit"))
)
"""The tail's oldest to arrive (the live first, then notices). IN_PLACE are neighbours in the order of their words."""


def archived_articles(connection: Connection, section: str, number: int, broken: list[str] | None) -> list[Article]:
    """As Store.archived."""
    is_in_place = _place.state.in_([MEMBER_WORDS[state] for state in IN_PLACE])
    places = select(_place.seq).where(_place.section == section, _place.archive == number, is_in_place)
    found: list[Article] = []
    for part in chunks(connection.execute(places).scalars().all()):
        found += articles_in_place(connection, part, (section,), IN_PLACE, broken)
    return sorted(found, key=lambda article: (article.published, article.seq), reverse=True)


def has_loose_end(connection: Connection, section: str, held: Collection[int]) -> bool:
    """As Store.has_loose_end: among one more than are held, one at least is not."""
    rows = connection.execute(_TAIL, {"section": section, "limit": len(held) + 1})
    return any(row.seq not in held for row in rows)


def stale_archives(connection: Connection, folder_id: str, section: str, shown: str) -> list[Archive]:
    """As Store.stale_archives."""
    mine = and_(
        _published.folder_id == folder_id, _published.section == _archive.section, _published.number == _archive.number
    )
    is_stale = or_(_published.number.is_(None), _published.generation != _archive.generation, _published.shown != shown)
    query = (
        select(_archive.section, _archive.number, _archive.generation)
        .outerjoin(schema.archive_publication, mine)
        .where(_archive.section == section, is_stale)
        .order_by(_archive.number.desc())
    )
    return [Archive(**row._asdict()) for row in connection.execute(query)]


def archive_records(
    connection: Connection, folder_id: str, section: str, number: int | None
) -> Mapping[int, DocumentRecord]:
    """As Store.archive_records."""
    query = select(schema.archive_publication).where(_published.folder_id == folder_id, _published.section == section)
    if number is not None:
        query = query.where(_published.number == number)
    return {
        row.number: DocumentRecord(
            format=ARCHIVE_FORMAT,
            digest=row.digest,
            length_bytes=row.length_bytes,
            mtime=row.mtime,
            twins=row.twins or {},
        )
        for row in connection.execute(query)
    }


def cut(connection: Connection, section: str, held: Collection[int], max_entries: int, max_bytes: int) -> None:
    """As Transaction.cut_archives, of which each cuts ARCHIVES_AT_ONCE at most.

    Places are locked before the section's row, as by a writer of articles: so the two never wait for each other.
    """
    if connection.dialect.name != "sqlite":
        lock = text("SELECT pg_advisory_xact_lock(:room, hashtext(:section))")
        connection.execute(lock, {"room": _CUT_LOCKS, "section": section})
    own = schema.section.c.slug == section
    newest = connection.execute(select(schema.section.c.archives).where(own)).scalar_one()
    new: list[dict[str, Any]] = []
    while len(new) < ARCHIVES_AT_ONCE and has_loose_end(connection, section, held):
        piece = _next_piece(connection, section, max_entries, max_bytes)
        if not piece:
            break  # the last of them left the section in between
        number = newest + len(new) + 1
        put = update(schema.article_section).where(_place.section == section, _place.seq.in_(piece))
        new.append({"section": section, "number": number, "entries": len(piece)})
        connection.execute(put.values(archive=number))
    if new:
        raised = update(schema.section).where(own).values(archives=newest + len(new), **raised_archives())
        generation = connection.execute(raised.returning(schema.section.c.archive_generation)).scalar_one()
        connection.execute(insert(schema.archive), [row | {"generation": generation} for row in new])


def places_in_archives(connection: Connection, seq: int, sections: Sequence[str]) -> list[tuple[str, int]]:
    """(section, archive) of the archives in which an article of these sections stands."""
    query = select(_place.section, _place.archive).where(
        _place.section.in_(sections), _place.seq == seq, _place.archive > 0
    )
    return [(row.section, row.archive) for row in connection.execute(query)]


def raised_archives() -> dict[str, ColumnElement[int]]:
    """What a section's row gets when one of its archives changes."""
    return {"archive_generation": schema.section.c.archive_generation + literal(1)}


def _next_piece(connection: Connection, section: str, max_entries: int, max_bytes: int) -> list[int]:
    """The oldest of the tail to arrive, as many as fit into one document; at least one.

    Also one that was deleted by hand and left its place: it takes no bytes, and is told of wherever it would show.
    """
    rows = connection.execute(_TAIL, {"section": section, "limit": max_entries})
    oldest = [row.seq for row in rows]
    body = func.coalesce(schema.article.c.content_html, schema.article.c.summary, "")
    is_sqlite = connection.dialect.name == "sqlite"
    length_bytes = func.length(cast(body, LargeBinary)) if is_sqlite else func.octet_length(body)
    query = select(schema.article.c.seq, length_bytes.label("bytes")).where(schema.article.c.seq.in_(oldest))
    lengths = {row.seq: row.bytes for row in connection.execute(query)}
    left_bytes = max_bytes
    for count, seq in enumerate(oldest):
        left_bytes -= lengths.get(seq, 0)
        if left_bytes < 0:
            return oldest[: max(1, count)]
    return oldest
