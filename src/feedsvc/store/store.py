"""The one way to the database: asked (questions.py), and changed.

SQLite in WAL mode and PostgreSQL answer alike. Reads see committed state; every write happens inside
`with store.write() as tx` (BEGIN IMMEDIATE on SQLite), short, and is rolled back whole on any exception. SQLAlchemy's
and the driver's exceptions leave as StoreError or StoreUnavailableError. A text with NUL or a lone surrogate is never
stored (StoreError).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL, Connection, func, select, text

from feedsvc.store import schema
from feedsvc.store.connect import Database
from feedsvc.store.copying import MADE, TAKEN_IN, Tell, copy
from feedsvc.store.ledger import Ledger
from feedsvc.store.migrate import Revision, find_revision, migrate
from feedsvc.store.notices import Notices
from feedsvc.store.questions import Questions, Reading
from feedsvc.store.strays import Strays, find_strays
from feedsvc.store.transaction import Transaction
from feedsvc.wake import Sleeper


class Store(Questions):
    """One database. Safe to share between threads; a forked process gets connections of its own.

    A question that is asked of it is answered about the state that is committed at that moment.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._notices = Notices(database)
        self._tell_published: Callable[[Collection[str]], None] = _tell_nobody

    @classmethod
    def open(cls, url: str | URL) -> Store:
        """Connect lazily to a SQLAlchemy URL (`sqlite:///path`, `postgresql://...`, read as postgresql+psycopg).

        Raises StoreError for a URL that names no such database.
        """
        return cls(Database(url))

    @property
    def label(self) -> str:
        """Where it is, for people: no password, no options."""
        return self._database.label

    @property
    def file(self) -> Path | None:
        """Where SQLite keeps it."""
        return Path(str(self._database.url.database)) if self._database.is_sqlite else None

    def migrate(self) -> None:
        """Bring the schema to the newest version (Alembic); safe when several processes do it at once.

        Raises StoreError for a database that is newer than this code.
        """
        migrate(self._database)

    def ping(self) -> None:
        """Raise StoreUnavailableError unless a trivial query answers."""
        with self._open() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Give all connections back; the next call opens new ones."""
        self._database.close()

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """All that is asked of it within the block is answered about one committed state, over one connection.

        Short, as a write is: while it is open PostgreSQL clears away nothing, and SQLite's log can't be emptied.
        """
        with self._database.read() as connection:
            yield Reading(connection)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that may write. Commits at the end of the block, rolls back on an exception.

        Whoever sleeps till something changes is woken as soon as it is committed.
        """
        with self._database.write() as connection:
            tx = Transaction(connection)
            yield tx
            if tx.has_changes:
                self._notices.tell(connection, tx.changed)
        if tx.has_changes:
            self._notices.call(tx.changed)
        if tx.published:
            self._tell_published(tx.published)

    def find_revision(self) -> Revision:
        """Which schema the database has, whatever it is; nothing is changed."""
        return find_revision(self._database)

    def is_unused(self) -> bool:
        """Was no article ever stored, and nothing published from here? Nothing is made by looking."""
        if self.file is not None and not self.file.exists():
            return True
        if self.find_revision() is Revision.NONE:
            return True
        tables = (schema.article, schema.document_version)
        with self._open() as connection:
            return not any(connection.execute(select(1).select_from(table).limit(1)).first() for table in tables)

    def find_damage(self) -> str | None:
        """What SQLite itself finds wrong with its file, reading all of it; PostgreSQL looks after its own."""
        if not self._database.is_sqlite:
            return None
        with self._open() as connection:
            found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA quick_check(3)")]
        return None if found == ["ok"] else "; ".join(found)

    def find_strays(self) -> Strays:
        """Places and articles that don't agree. Goes through all of them."""
        with self._database.read(is_long=True) as connection:
            return find_strays(connection)

    def find_latest_time(self) -> datetime | None:
        """The latest time at which something is said to have happened here: an article came, a document went live."""
        with self._database.read(is_long=True) as connection:
            times = [
                connection.execute(select(func.max(column))).scalar_one_or_none()
                for column in (schema.article.c.created, schema.document_version.c.last_modified)
            ]
        return max((time for time in times if isinstance(time, datetime)), default=None)

    def copy_to(self, other: Store, tell: Tell, *, is_whole: bool) -> Mapping[str, int]:
        """All of it into an empty store, or without `is_whole` what can't be made again; how many rows, by table.

        Of one committed state, in one transaction, each row read back and compared. Raises StoreError, and nothing is
        changed then, where the other holds something already or can't take a row.
        """
        return copy(self._database, other._database, (*TAKEN_IN, *MADE) if is_whole else TAKEN_IN, tell)

    def ledger(self, bucket: str) -> Ledger:
        """What is known of a bucket, by its URL, and who may write to it."""
        return Ledger(self._database, bucket)

    def sleeper(self) -> Sleeper:
        """Woken by each change of articles that anybody commits, with the slugs of their sections. Close it."""
        return self._notices.sleeper()

    def when_published(self, tell: Callable[[Collection[str]], None]) -> None:
        """Call this with the slugs of publications as soon as they are noted, by this store."""
        self._tell_published = tell

    def _open(self) -> AbstractContextManager[Connection]:
        return self._database.read()

    def _ask(self) -> AbstractContextManager[Connection]:
        return self._database.ask()


def _tell_nobody(_slugs: Collection[str]) -> None:
    pass
