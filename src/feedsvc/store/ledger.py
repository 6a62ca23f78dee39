"""What the store knows of one bucket: who may write to it, and what it holds.

Each change is conditional on what was seen before, or on holding the lease: whoever slept while another one took it
changes nothing here any more. And nobody who falls asleep in the midst of a change keeps the row from the others: the
lease is changed by one statement, which PostgreSQL ends by itself, and of a longer one it does not wait for the end.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Update, bindparam, delete, select, text, update

from feedsvc.model import Held, Lease
from feedsvc.store import changes, schema
from feedsvc.store.connect import Database
from feedsvc.store.queries import rows_by_key

_lease, _object = schema.bucket_lease.c, schema.bucket_object.c
_LEASE = select(schema.bucket_lease).where(_lease.bucket == bindparam("bucket"))
_OBJECTS = select(schema.bucket_object).where(_object.bucket == bindparam("bucket"))
_THESE_OBJECTS = _OBJECTS.where(_object.key.in_(bindparam("keys", expanding=True)))
_FORGET = delete(schema.bucket_object).where(
    _object.bucket == bindparam("of_bucket"), _object.key == bindparam("of_key")
)
_WAKEFUL = text("SET LOCAL idle_in_transaction_session_timeout = '5s'")
_NEWEST = (
    select(schema.document_version.c.digest, schema.document_version.c.last_modified)
    .where(schema.document_version.c.slug == bindparam("slug"), schema.document_version.c.format == bindparam("format"))
    .order_by(schema.document_version.c.last_modified.desc())
    .limit(1)
)


class Ledger:
    """Of one bucket. Safe to share between threads."""

    def __init__(self, database: Database, bucket: str) -> None:
        self._database = database
        self._bucket = bucket

    def lease(self) -> Lease | None:
        """As it stands; None where nobody ever held it."""
        with self._database.ask() as connection:
            row = connection.execute(_LEASE, {"bucket": self._bucket}).one_or_none()
        return _lease_from(row) if row else None

    def take(self, holder: str, seen: Lease | None, lasts_seconds: int) -> Lease | None:
        """Be its holder, in the next epoch; None where it is not as it was seen any more."""
        epoch = 1 if seen is None else seen.epoch + 1
        taken = Lease(
            bucket=self._bucket, holder=holder, epoch=epoch, beat=0, lasts_seconds=lasts_seconds,
            told={} if seen is None else seen.told,
        )  # fmt: skip
        columns = {"holder": holder, "epoch": epoch, "beat": 0, "lasts_seconds": lasts_seconds}
        with self._database.ask() as connection:
            if seen is None:
                adding = changes.adding(schema.bucket_lease, "epoch", is_sqlite=self._database.is_sqlite)
                is_mine = connection.execute(adding, {"bucket": self._bucket, **columns}).one_or_none() is not None
            else:
                as_seen = (_lease.bucket == self._bucket, _lease.epoch == seen.epoch, _lease.beat == seen.beat)
                taking = update(schema.bucket_lease).where(*as_seen).values(columns).returning(_lease.epoch)
                is_mine = connection.execute(taking).one_or_none() is not None
        return taken if is_mine else None

    def beat(self, lease: Lease, told: Mapping[str, object]) -> Lease | None:
        """Say that its holder lives, and how it gets on; None where another one has taken it."""
        beating = self._mine(lease).values(beat=_lease.beat + 1, told=dict(told)).returning(_lease.beat)
        with self._database.ask() as connection:
            row = connection.execute(beating).one_or_none()
        return replace(lease, beat=row.beat, told=told) if row else None

    def give_back(self, lease: Lease, told: Mapping[str, object]) -> None:
        """Whoever wants it may take it at once. Nothing happens where another one has taken it."""
        with self._database.ask() as connection:
            connection.execute(self._mine(lease).values(holder=None, told=dict(told)))

    def held(self, keys: Collection[str] | None = None) -> dict[str, Held]:
        """What lies there by key, as far as is known; only under these keys, if given."""
        mine = {"bucket": self._bucket}
        with self._database.read() as connection:
            rows: Iterable[Row[Any]] = (
                connection.execute(_OBJECTS, mine)
                if keys is None
                else rows_by_key(connection, _THESE_OBJECTS, list(keys), **mine)
            )
            return {row.key: _held_from(row) for row in rows if isinstance(row.mtime, datetime)}

    def note(self, lease: Lease, put: Collection[Held], gone: Collection[str] = ()) -> bool:
        """Note what came and what went, unless another one has taken the lease: then False, and nothing is noted."""
        with self._database.write() as connection:
            if not self._database.is_sqlite:
                connection.execute(_WAKEFUL)
            row = connection.execute(_LEASE.with_for_update(), {"bucket": self._bucket}).one_or_none()
            if row is None or (row.holder, row.epoch) != (lease.holder, lease.epoch):
                return False
            if put:
                rows = [{"bucket": self._bucket, **_columns_of(each)} for each in put]
                putting = changes.replacing(schema.bucket_object, tuple(rows[0]), is_sqlite=self._database.is_sqlite)
                connection.execute(putting, rows)
            if gone:
                connection.execute(_FORGET, [{"of_bucket": self._bucket, "of_key": key} for key in gone])
        return True

    def newest(self, slug: str, format: str) -> tuple[str, datetime] | None:
        """Digest and time of the newest bytes that any replica has published of a document."""
        with self._database.ask() as connection:
            row = connection.execute(_NEWEST, {"slug": slug, "format": format}).one_or_none()
        return (row.digest, row.last_modified) if row and isinstance(row.last_modified, datetime) else None

    def _mine(self, lease: Lease) -> Update:
        """Changes it while it is still this holder's."""
        same = (_lease.bucket == self._bucket, _lease.epoch == lease.epoch, _lease.holder == lease.holder)
        return update(schema.bucket_lease).where(*same)


def _lease_from(row: Row[Any]) -> Lease:
    return Lease(
        bucket=row.bucket, holder=row.holder, epoch=row.epoch, beat=row.beat, lasts_seconds=row.lasts_seconds,
        told=row.told if isinstance(row.told, dict) else {},
    )  # fmt: skip


def _held_from(row: Row[Any]) -> Held:
    stored = row.stored if isinstance(row.stored, datetime) else None
    return Held(
        key=row.key, digest=row.digest, headers=row.headers, mtime=row.mtime, etag=row.etag, stored=stored
    )  # fmt: skip


def _columns_of(held: Held) -> dict[str, object]:
    return {
        "key": held.key, "digest": held.digest, "headers": held.headers, "mtime": held.mtime, "etag": held.etag,
        "stored": held.stored,
    }  # fmt: skip
