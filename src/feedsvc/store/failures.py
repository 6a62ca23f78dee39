"""What the database or its driver raises, said as a StoreError: what happened, where, and the mend."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from feedsvc.errors import StoreError, StoreUnavailableError
from feedsvc.store.schema import UnstorableTextError

_NO_TABLES = "Its tables are missing: start feedsvc once with this configuration, which creates them."

# https://www.sqlite.org/rescode.html: primary code -> (is it worth trying again, the mend)
_SQLITE = {
    "SQLITE_BUSY": (True, "Another process has held it for too long; try again, and look for one that hangs."),
    "SQLITE_LOCKED": (True, "Another connection holds the table; try again."),
    "SQLITE_FULL": (True, "The disk is full: make room."),
    "SQLITE_IOERR": (True, "The disk doesn't read or write: look at the system's log."),
    "SQLITE_NOTADB": (False, "The file is no SQLite database: point `database` at another file, or restore a backup."),
    "SQLITE_CORRUPT": (False, "The file is damaged: restore a backup."),
    "SQLITE_READONLY": (False, "Give this user the right to write the file and its folder."),
}

# https://www.postgresql.org/docs/current/errcodes-appendix.html: SQLSTATE or its class -> likewise
_POSTGRESQL = {
    "08": (True, "The connection broke; the next call opens a new one."),
    "57P": (True, "PostgreSQL is stopping, starting or cut this connection; try again in a moment."),
    "53": (True, "PostgreSQL is out of connections, memory or disk: raise its limits or make room."),
    "57014": (True, "PostgreSQL took too long: look for what keeps it busy (pg_stat_activity), and try again."),
    "55P03": (True, "Another session holds a lock for too long: look for it (pg_locks, pg_stat_activity); try again."),
    "25P03": (True, "This process stood still in the midst of it; try again."),
    "40": (True, "Two transactions stood in each other's way; try again."),
    "25006": (False, "This PostgreSQL takes no writes: point `database` at the primary."),
    "42501": (False, "Grant this PostgreSQL user the rights on the database's schema."),
    "42P01": (False, _NO_TABLES),
    "54000": (False, "A text is too long for an index: ids have at most about 2,600 bytes."),
}

_POSTGRESQL_UNREACHED = "Check that PostgreSQL runs, and host, port, user, password and name in `database`."


def label_of(url: URL) -> str:
    """Where the database is, for people: no password, no options."""
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{url.database}"
    host = url.host or url.query.get("host") or "localhost"
    user = f"{url.username}@" if url.username else ""
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{user}{host}{port}/{url.database or ''}"


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """Raise SQLAlchemy's and the driver's exceptions as StoreError or StoreUnavailableError."""
    try:
        yield
    except SQLAlchemyError as error:
        raise store_error(error, url) from error


def store_error(error: SQLAlchemyError, url: URL) -> StoreError:
    """The driver's own words are kept, the statement and its values are not."""
    where = f"Database {label_of(url)}"
    if isinstance(error, PoolTimeoutError):
        return StoreUnavailableError(f"{where}: all connections are in use. Try again; lower the number of requests.")
    cause = error.orig if isinstance(error, StatementError) else None
    said = " ".join(str(cause or error).split())
    if isinstance(cause, UnstorableTextError):
        return StoreError(f"{where}: {said}. Remove it and send the text again.")
    may_help, mend = _mend(cause, url)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        may_help, mend = True, mend or _POSTGRESQL["08"][1]
    kind = StoreUnavailableError if may_help else StoreError
    return kind(f"{where}: {said}. {mend}".rstrip())


def _mend(cause: BaseException | None, url: URL) -> tuple[bool, str]:
    """Whether trying again may help, and what to do; no word where nothing is known."""
    name: str | None = getattr(cause, "sqlite_errorname", None)
    if name is not None:
        if name.startswith("SQLITE_CANTOPEN"):
            return True, _mend_file(url)
        if str(cause).startswith("no such table"):
            return False, _NO_TABLES
        known = [name, name.rpartition("_")[0]]
        return next((_SQLITE[key] for key in known if key in _SQLITE), (False, ""))
    if cause is None or not hasattr(cause, "sqlstate"):
        return False, ""
    state: str | None = cause.sqlstate
    if state is None:
        return True, _POSTGRESQL_UNREACHED
    return next((_POSTGRESQL[key] for key in _POSTGRESQL if state.startswith(key)), (False, ""))


def _mend_file(url: URL) -> str:
    folder = Path(url.database or "").parent
    if folder.is_dir():
        return f"Give this user the right to read and write it, and to write in {folder}."
    return f"The folder {folder} doesn't exist: create it, or correct `database`."
