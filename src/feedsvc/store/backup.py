"""A backup: an SQLite file with all that can't be made again, and a note of where it came from.

    write_backup    of one committed state, while others write; row by row read back; whole under its name or not there
    is_backup       does one lie there, whole or not?
    open_backup     checked, and of the newest schema, whichever it was written with

Feeds, proofs and publications are not in it: they are made again. Nor are the times under which documents went live:
who asks by time alone must get a whole document once, since nobody knows what was live after the backup was made.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import URL

from feedsvc.errors import StoreError, StoreUnavailableError
from feedsvc.store.copying import Tell
from feedsvc.store.store import Store

_MODE = 0o600
"""Everybody's articles that are not live yet lie in it, and what config.yaml may say in confidence."""

_FOLDER_MODE = 0o700

_OURS = re.compile(r"CREATE (?:TABLE|(?:UNIQUE )?INDEX) ")
"""How all that a backup's schema holds begins. A view or a trigger runs statements of whoever wrote it."""

_COMPUTED = (
    "SELECT name FROM sqlite_master AS found WHERE EXISTS (SELECT 1 FROM pragma_table_xinfo(found.name) WHERE hidden)"
    " OR EXISTS (SELECT 1 FROM pragma_index_xinfo(found.name) WHERE cid = -2)"
)
"""Columns and indexes that are made by an expression (sqlite.org/pragma.html)."""


@dataclass(frozen=True, slots=True)
class BackupNote:
    """Which feedsvc made a backup, when, of which database (no password), and the config.yaml of that moment."""

    version: str
    made: datetime
    database: str
    config: str


def write_backup(store: Store, path: Path, note: BackupNote, tell: Tell) -> Mapping[str, int]:
    """How many rows it holds, by table. A file that lies there is replaced, once the new one is whole and on the disk.

    Raises StoreError, naming what the file system refused; what lay there then still does.
    """
    private = path.with_name(f".{path.name}.part")
    part = private / path.name
    try:
        # Not in the folder itself, which may be others', too: they could have put a link, or a journal, in our way.
        _clear_away(private)
        private.mkdir(_FOLDER_MODE)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE))
        counts = _write(store, part, note, tell)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise StoreUnavailableError(f"The backup {path} can't be written: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            _clear_away(private)
    return counts


def _clear_away(path: Path) -> None:
    """What one that was killed has left, or whatever else has this name."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _write(store: Store, part: Path, note: BackupNote, tell: Tell) -> Mapping[str, int]:
    with closing(_open_file(part)) as backup:
        backup.migrate()
        counts = store.copy_to(backup, tell, is_whole=False)
    with _sqlite(part) as connection:
        connection.execute("CREATE TABLE backup (version TEXT, made TEXT, database TEXT, config TEXT)")
        values = (note.version, note.made.isoformat(), note.database, note.config)
        connection.execute("INSERT INTO backup VALUES (?, ?, ?, ?)", values)
        connection.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
    _read_note(part)
    return counts


def is_backup(path: Path) -> bool:
    """Does a backup lie there, whole or not? Nothing else is ever replaced by one."""
    try:
        with _reading(path) as connection:
            return _has_note(connection)
    except (OSError, sqlite3.Error):
        return False


@contextmanager
def open_backup(path: Path) -> Iterator[tuple[BackupNote, Store]]:
    """The note of a backup, and its rows in the newest schema; the file itself stays as it is.

    Raises StoreError for what is no backup, is damaged, or was made by a newer feedsvc.
    """
    note = _read_note(path)
    with TemporaryDirectory(prefix="feedsvc-restore-") as folder:
        copied = Path(folder) / "backup.db"
        try:
            shutil.copyfile(path, copied)
        except OSError as error:
            raise StoreUnavailableError(f"The backup {path} can't be copied to {folder}: {error.strerror}.") from error
        with closing(_open_file(copied)) as store:
            store.migrate()
            yield note, store


def _read_note(path: Path) -> BackupNote:
    """Of a file whose every page was looked at."""
    if not path.is_file():
        raise StoreError(f"There is no backup {path}.")
    try:
        with _reading(path) as connection:
            _refuse_statements(connection, path)
            # What another hand wrote came along as it is; here it is the file that has to be sound.
            connection.execute("PRAGMA ignore_check_constraints = ON")
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if found != "ok":
                raise StoreError(f"The backup {path} is damaged ({found}): take another one.")
            if not _has_note(connection):
                raise StoreError(f"{path} is a database, but no backup: `feedsvc backup` makes one of a database.")
            version, made, database, config = connection.execute("SELECT * FROM backup").fetchone()
            return BackupNote(version, datetime.fromisoformat(made), database, config)
    except (sqlite3.Error, TypeError, ValueError) as error:
        raise StoreError(f"{path} is no backup of feedsvc, or a damaged one ({error}): take another one.") from error


def _refuse_statements(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StoreError for a schema that would compute or change something: no backup's does."""
    schema = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    foreign = [name for name, sql in schema if not isinstance(sql, str) or not _OURS.match(sql)]
    foreign = foreign or [name for (name,) in connection.execute(_COMPUTED)]
    if foreign:
        raise StoreError(
            f"{path} was not written by feedsvc, or was changed since: its {foreign[0]!r} is no plain table or index, "
            "and would run what somebody else wrote. Take another backup, one that only you could write to."
        )


def _has_note(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'backup'").fetchone())


def _open_file(path: Path) -> Store:
    return Store.open(URL.create("sqlite", database=str(path)))


@contextmanager
def _sqlite(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """The file alone, as it lies there: a journal that somebody left beside it would be played back into it."""
    url = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(url, uri=True, isolation_level=None)) as connection:
        yield connection
