"""The way to the database: one engine a process, a transaction for reading, a transaction for writing."""

from __future__ import annotations

import math
import os
import select
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, InvalidatePoolError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from feedsvc.errors import StoreError, StoreUnavailableError
from feedsvc.store.failures import label_of, translated
from feedsvc.store.schema import read_json, read_text, write_json

if TYPE_CHECKING:
    from feedsvc.store.answering import AnsweringConnection

BUSY_SECONDS = 10
"""How long SQLite waits for another writer before it gives up."""

_CACHE_KIBIBYTES = 500
_SPILL_PAGES = 500

REST_SECONDS = 30.0
"""A connection to PostgreSQL that was not used for longer is asked whether it still stands: a firewall may have lost
it. One that PostgreSQL itself has closed, by a restart say, is known at once."""

_PATIENCE: Mapping[str, str] = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
"""Unless the URL says otherwise: a PostgreSQL whose machine is gone without a word is noticed within a minute, where
TCP by itself takes a quarter of an hour for what was sent, and two hours for an answer that never comes (tcp(7))."""

SOURCE = "source"
"""The name under which a transaction knows an SQLite file beside its own."""

_PRIVATE_MODE = 0o600
"""A database that is made: drafts are for nobody else on this machine. Whoever wants to share it widens it."""

_RESTING_SINCE = "feedsvc_resting_since"

_OPTIONS: Mapping[str, Any] = {
    "hide_parameters": True,
    "json_serializer": write_json,
    "json_deserializer": read_json,
    "pool_use_lifo": True,  # the connection that was used last has statements prepared and pages at hand
}


class Database:
    """One database, SQLite or PostgreSQL. Safe to share between threads; notices a fork and starts afresh after it."""

    def __init__(self, url: str | URL) -> None:
        """Check the URL; nothing is opened yet. Raises StoreError for one that can't be meant."""
        self.url = _read_url(url)
        self.label = label_of(self.url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._lock = Lock()
        self._of_parents: list[Engine] = []
        self._file: tuple[int, int] | None = None
        self._open()

    @contextmanager
    def read(self, *, is_long: bool = False) -> Iterator[Connection]:
        """A transaction that sees one committed state. `is_long`: PostgreSQL may take any time for it."""
        self._refuse_lost_file()
        with translated(self.url), self._reader_of_this_process().begin() as connection:
            if is_long:
                self.take_time(connection)
            yield connection

    @contextmanager
    def ask(self) -> Iterator[Connection]:
        """For one statement that reads: it sees one committed state by itself, and no journey begins or ends it."""
        self._refuse_lost_file()
        with translated(self.url), self._asker_of_this_process().begin() as connection:
            yield connection

    @contextmanager
    def write(self, *, is_long: bool = False) -> Iterator[Connection]:
        """A transaction that commits at the end of the block and is rolled back on an exception; `is_long` as above."""
        self._refuse_lost_file()
        with translated(self.url), self._writer_of_this_process().begin() as connection:
            if is_long:
                self.take_time(connection)
            yield connection

    def take_time(self, connection: Connection, **bounds: str) -> None:
        """Let PostgreSQL take any time for this transaction but for what is named; SQLite is never hurried."""
        if not self.is_sqlite:
            from feedsvc.store.answering import take_time  # noqa: PLC0415  # who has SQLite needs no other driver

            take_time(connection.connection.driver_connection, **bounds)

    @contextmanager
    def attaching(self, other: Database) -> Iterator[Connection]:
        """A transaction on this SQLite file in which another one can be read as SOURCE, as it is at one moment.

        Commits at the end of the block. Nothing is enforced in it but the types of columns and their keys.
        """
        with translated(self.url), self._engine.execution_options(sqlite_begin=None).connect() as connection:
            connection.detach()  # from the pool: nobody else is to find the other one in it
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
            connection.exec_driver_sql(f"ATTACH ? AS {SOURCE}", (str(other.url.database),))
            # Not IMMEDIATE, which would lock the other one, too.
            connection.exec_driver_sql("BEGIN")
            try:
                yield connection
            except BaseException:
                with suppress(SQLAlchemyError):  # Ctrl-C within a statement has closed it already
                    connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")

    def _refuse_lost_file(self) -> None:
        """An SQLite file that was deleted or replaced is still open here: what was written would be lost."""
        if not self.is_sqlite:
            return
        file = self._look_at_file()
        if self._file is None:
            self._file = file
        elif file != self._file:
            raise StoreUnavailableError(
                f"Database {self.label}: its file was deleted or replaced while feedsvc was running. Nothing is "
                "written to what is left of it: put the file back, or restart feedsvc to use what lies there now."
            )

    def _look_at_file(self) -> tuple[int, int] | None:
        try:
            found = Path(str(self.url.database)).stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def use_write_ahead_log(self) -> None:
        """Switch an SQLite file to WAL, which lasts. SQLite doesn't always wait for other processes here, so we do."""
        give_up = time.monotonic() + BUSY_SECONDS
        with translated(self.url), self._engine.execution_options(sqlite_begin=None).connect() as connection:
            while True:
                try:
                    mode = connection.exec_driver_sql("PRAGMA journal_mode = WAL").scalar_one()
                    break
                except OperationalError as error:
                    is_busy = getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
                    if not is_busy or time.monotonic() > give_up:
                        raise
                    connection.rollback()
                    time.sleep(0.02)
        if mode != "wal":
            raise StoreError(f"Database {self.label}: its file system can't do write-ahead logging: use a local disk.")

    def connect_to_postgresql(self) -> AnsweringConnection:
        """Outside of the pool, each statement a transaction by itself. Raises psycopg.Error."""
        from feedsvc.store.answering import connect  # noqa: PLC0415  # as above

        words, options = self._engine.dialect.create_connect_args(self.url)
        return connect(*words, **options, autocommit=True)

    def close(self) -> None:
        self._engine.dispose()

    def _reader_of_this_process(self) -> Engine:
        self._notice_fork()
        return self._reader

    def _asker_of_this_process(self) -> Engine:
        self._notice_fork()
        return self._asker

    def _writer_of_this_process(self) -> Engine:
        self._notice_fork()
        return self._writer

    def _open(self) -> None:
        self._pid = os.getpid()
        self._engine = _sqlite_engine(self.url) if self.is_sqlite else _postgresql_engine(self.url)
        if self.is_sqlite:
            self._reader = self._engine
            self._asker = self._engine.execution_options(sqlite_begin=None)
            self._writer = self._engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")
        else:
            # A read may take several statements; a write looks again after it waited for a lock.
            self._reader = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            self._asker = self._engine.execution_options(isolation_level="AUTOCOMMIT")
            self._writer = self._engine.execution_options(isolation_level="READ COMMITTED")

    def _notice_fork(self) -> None:
        """Sharing a connection with the parent would damage SQLite's file and mix up PostgreSQL's answers."""
        if self._pid == os.getpid():
            return
        with self._lock:
            if self._pid != os.getpid():
                # Kept, since collecting it would close the parent's connections.
                self._of_parents.append(self._engine)
                self._open()


def _read_url(url: str | URL) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(
            "This names no database: write sqlite:///path/to/file.db or postgresql://user@host/name."
        ) from error
    backend = parsed.drivername.partition("+")[0]
    if backend in ("postgresql", "postgres"):
        patience = {name: value for name, value in _PATIENCE.items() if name not in parsed.query}
        return parsed.set(drivername="postgresql+psycopg").update_query_dict(patience)
    if backend != "sqlite":
        raise StoreError(f"`database` names {backend}: only sqlite and postgresql are supported.")
    if parsed.database in (None, "", ":memory:") or parsed.query.get("mode") == "memory":
        raise StoreError("`database` names no file: an SQLite URL is sqlite:///path/to/file.db.")
    return parsed


def _postgresql_engine(url: URL) -> Engine:
    from feedsvc.store.answering import connect, take_back  # noqa: PLC0415  # who has SQLite needs no other driver

    engine = create_engine(url, **_OPTIONS)

    @event.listens_for(engine, "do_connect")
    def _(_dialect: object, _entry: object, words: Sequence[Any], options: dict[str, Any]) -> AnsweringConnection:
        return connect(*words, **options)

    @event.listens_for(engine, "checkin")
    def _(connection: Any, entry: ConnectionPoolEntry) -> None:
        entry.info[_RESTING_SINCE] = time.monotonic()
        if connection is not None:
            take_back(connection)

    @event.listens_for(engine, "checkout")
    def _(connection: Any, entry: ConnectionPoolEntry, _proxy: object) -> None:
        rested_seconds = time.monotonic() - entry.info.get(_RESTING_SINCE, math.inf)
        try:
            if rested_seconds > REST_SECONDS or _has_word(connection.fileno()):
                engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error  # the pool opens a new one, and uses none of the others again

    return engine


def _has_word(fd: int) -> bool:
    """Has the other side said anything unasked, or hung up? To look costs no journey there."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_SECONDS},
        **_OPTIONS,
    )

    @event.listens_for(engine, "do_connect")
    def _(*_: object) -> None:
        # SQLite would let everyone read it; its log gets the rights of the file. One that is there is not opened: to
        # close it would take away all locks that this process has on it (sqlite.org/howtocorrupt.html, 2.2).
        with suppress(OSError):
            os.close(os.open(str(url.database), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE_MODE))

    @event.listens_for(engine, "connect")
    def _(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        # The driver's own BEGIN comes late and is always deferred; `begin` below replaces it.
        connection.isolation_level = None
        connection.text_factory = read_text
        connection.execute("PRAGMA foreign_keys = ON")
        # In WAL mode NORMAL may lose the last commits when the power fails; FULL costs 0.4 ms a commit.
        connection.execute("PRAGMA synchronous = FULL")
        # Pages in memory for each connection: no question of ours is quicker with more, and the system has them, too.
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
        # What a transaction has written stays there up to SQLite's own bound: an import would write it twice.
        connection.execute(f"PRAGMA cache_spill = {_SPILL_PAGES}")

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        # A deferred transaction that turns into a writer fails at once where another one wrote meanwhile.
        begin = connection.get_execution_options().get("sqlite_begin", "BEGIN")
        if begin:
            connection.exec_driver_sql(begin)

    return engine
