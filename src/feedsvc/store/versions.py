"""When the bytes of a document count as last modified: remembered, so that replicas and restarts agree."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Row, bindparam, delete, insert, select, text, union_all, update

from feedsvc.errors import OutdatedError
from feedsvc.store.schema import document_version

KEPT_VERSIONS = 50
"""At least so many versions of each document are remembered, for a replica that lags behind."""

_FORGOTTEN_AT_ONCE = 10
"""So many more before the oldest are forgotten: not a deletion with each publication."""

_DOCUMENT_LOCKS = 1
"""The room of PostgreSQL's advisory locks in which documents are locked by slug."""

_LOCK = text("SELECT pg_advisory_xact_lock(:room, hashtext(:slug))")

_version = document_version.c
_of_document = (_version.slug == bindparam("of_slug"), _version.format == bindparam("of_format"))
_versions = select(document_version).where(*_of_document).order_by(_version.last_modified.desc())
_with_digest = _versions.where(_version.digest == bindparam("digest")).limit(1)
_raise = (
    update(document_version)
    .where(*_of_document, _version.last_modified == bindparam("of_time"))
    .values(generation=bindparam("generation"))
)
_oldest_kept = _versions.with_only_columns(_version.last_modified).offset(KEPT_VERSIONS).limit(1).scalar_subquery()
_forget = delete(document_version).where(*_of_document, _version.last_modified <= _oldest_kept)
_remember = insert(document_version)


def allot(
    connection: Connection,
    slug: str,
    digests: Mapping[str, str],
    generation: int,
    now: datetime,
    *,
    anew: Collection[str],
    may_lag: bool,
) -> Mapping[str, datetime]:
    """As Transaction.allot_last_modified."""
    if connection.dialect.name != "sqlite":  # an SQLite writer is alone anyway
        connection.execute(_LOCK, {"room": _DOCUMENT_LOCKS, "slug": slug})
    formats = {f"format_{number}": name for number, name in enumerate(digests)}
    newest: dict[str, Row[Any]] = {}
    crowded = set()
    for row in connection.execute(_newest(len(digests)), {"slug": slug, **formats}):
        if row.format in newest:
            crowded.add(row.format)
        newest[row.format] = max(row, newest.get(row.format, row), key=lambda each: each.last_modified)
    times: dict[str, datetime] = {}
    new = []
    for name, digest in digests.items():
        last = newest.get(name)
        known = _find(connection, last, digest, generation) if last and name not in anew else None
        if known is None:
            if last is not None and generation < last.generation and not (may_lag or name in anew):
                raise OutdatedError(f"{slug}.{name}: something newer was published meanwhile")
            known = now.replace(microsecond=0)
            if last is not None:
                known = max(known, last.last_modified + timedelta(seconds=1))
            version = {"slug": slug, "format": name, "digest": digest, "generation": generation}
            new.append({**version, "last_modified": known})
        times[name] = known
    if new:
        connection.execute(_remember, new)
    if crowded:
        connection.execute(_forget, [{"of_slug": slug, "of_format": name} for name in sorted(crowded)])
    return times


@lru_cache
def _newest(formats: int) -> CompoundSelect[Any]:
    """The newest version of each of so many formats, and one more of each that has too many."""
    found = []
    for number in range(formats):
        mine = (
            select(document_version)
            .where(_version.slug == bindparam("slug"), _version.format == bindparam(f"format_{number}"))
            .order_by(_version.last_modified.desc())
            .limit(1)
        )
        found += [mine, mine.offset(KEPT_VERSIONS + _FORGOTTEN_AT_ONCE - 1)]
    return union_all(*(select(one.subquery()) for one in found))


def _find(connection: Connection, newest: Row[Any], digest: str, generation: int) -> datetime | None:
    """The time that these bytes have already, if they have one; made from a later generation now, they keep it."""
    mine = {"of_slug": newest.slug, "of_format": newest.format}
    if newest.digest == digest:
        if newest.generation < generation:
            connection.execute(_raise, {**mine, "of_time": newest.last_modified, "generation": generation})
        return _time_of(newest)
    if generation < newest.generation:
        known = connection.execute(_with_digest, {**mine, "digest": digest}).one_or_none()
        return _time_of(known) if known else None
    return None


def _time_of(version: Row[Any]) -> datetime:
    last_modified: datetime = version.last_modified
    return last_modified
