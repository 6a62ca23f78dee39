"""The statements of a Transaction, built once: to build and recognise one costs more than to send it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Insert, Table, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from feedsvc.store import archives, schema

_article, _member, _publication = schema.article.c, schema.article_section.c, schema.publication.c

BY_ID = select(schema.article).where(_article.id == bindparam("key")).with_for_update()
BY_EXTERNAL_ID = select(schema.article).where(_article.external_id == bindparam("key")).with_for_update()
HAS_ID = select(_article.seq).where(_article.id == bindparam("key"))
SECTIONS_OF = select(_article.sections).where(_article.seq == bindparam("of_seq"))
CHANGE_ARTICLE = update(schema.article).where(_article.seq == bindparam("of_seq"))
JOIN_SECTION = insert(schema.article_section)
LEAVE_SECTIONS = (
    delete(schema.article_section)
    .where(_member.section.in_(bindparam("sections", expanding=True)), _member.seq == bindparam("of_seq"))
    .returning(_member.section, _member.archive)
)
NOTE_DOCUMENTS = (
    update(schema.publication)
    .where(_publication.folder_id == bindparam("of_folder"), _publication.slug == bindparam("of_slug"))
    .values(documents=bindparam("records", type_=_publication.documents.type))
)


def insertion(table: Table, *, is_sqlite: bool) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if is_sqlite else postgresql.insert(table)


@lru_cache
def adding(table: Table, returned: str, *, is_sqlite: bool) -> ReturningInsert[Any]:
    """Gives one column of the new row; no row where a key of it is taken."""
    return insertion(table, is_sqlite=is_sqlite).on_conflict_do_nothing().returning(table.c[returned])


@lru_cache
def replacing(table: Table, names: tuple[str, ...], *, is_sqlite: bool) -> Insert:
    """Adds a row with these columns, or sets them in the one that has its key."""
    keys = table.primary_key.columns.keys()
    adding = insertion(table, is_sqlite=is_sqlite)
    changes = {name: adding.excluded[name] for name in names if name not in keys}
    return adding.on_conflict_do_update(index_elements=keys, set_=changes)


@lru_cache
def raising(*, is_urgent: bool, has_archives: bool) -> ReturningUpdate[Any]:
    section = schema.section.c
    raised: dict[str, Any] = {"generation": section.generation + 1}
    if is_urgent:
        raised["urgent_generation"] = section.generation + 1
    if has_archives:
        raised |= archives.raised_archives()
    raising = update(schema.section).where(section.slug == bindparam("of_slug")).values(raised)
    return raising.returning(section.generation, section.archive_generation)
