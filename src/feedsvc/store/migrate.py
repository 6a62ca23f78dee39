"""Bring a database to the newest schema, whoever else is doing the same at this moment."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from feedsvc.errors import StoreError
from feedsvc.store.connect import Database
from feedsvc.store.schema import REVISION

if TYPE_CHECKING:
    from alembic.config import Config

_POSTGRESQL_LOCK = 0x66656564_73766300
"""The advisory lock under which one process at a time migrates: "feedsvc" in ASCII."""

_TABLE_WAIT = "10s"
"""Who waits for a table to be free of others keeps everybody behind it waiting as well; then it is tried again."""


def migrate(database: Database) -> None:
    """One transaction, under a lock that other processes wait for; a look only when there is nothing to do.

    Nor is anything done where a newer feedsvc was here, and has only added what this one need not know: a replica that
    is not updated yet may be started again beside those that are. Raises StoreError where the newer one has done more,
    or the database can't hold what we store.
    """
    if database.is_sqlite:
        database.use_write_ahead_log()
    with database.read() as connection:
        if _is_enough(_revision(connection)):
            return
    with database.write(is_long=True) as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRESQL_LOCK})
            database.take_time(connection, lock_timeout=_TABLE_WAIT)
            _require_unicode(connection, database.label)
        if not _is_enough(_revision(connection)):
            _upgrade(connection, database.label)


class Revision(StrEnum):
    """How a database's schema stands to this code's."""

    NONE = "none"
    OLDER = "older"
    SAME = "same"
    UNKNOWN = "unknown"  # a newer feedsvc's, most likely


def find_revision(database: Database) -> Revision:
    """Looks, and changes nothing."""
    with database.read() as connection:
        found = _revision(connection)
    if found is None:
        return Revision.NONE
    if found == REVISION:
        return Revision.SAME
    return Revision.OLDER if found in _known_revisions() else Revision.UNKNOWN


def alembic_config() -> Config:
    """Alembic's settings, without an alembic.ini and without touching the logging of the process."""
    from alembic.config import Config  # noqa: PLC0415  # 0.2 s, spent only where there is something to migrate

    config = Config()
    config.set_main_option("script_location", "feedsvc.store:migrations")
    return config


def _upgrade(connection: Connection, label: str) -> None:
    from alembic import command  # noqa: PLC0415  # as above

    config = alembic_config()
    found = _revision(connection)
    if found is not None and found not in _known_revisions():
        raise StoreError(
            f"Database {label} was made by a newer feedsvc: its schema is {found}, this one knows {REVISION}. "
            "Start that newer version, or restore a backup from before the upgrade."
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _known_revisions() -> set[str]:
    from alembic.script import ScriptDirectory  # noqa: PLC0415  # as above

    return {script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()}


def _is_enough(found: str | None) -> bool:
    """Revisions are four digits, of which the first is the era: within one, each step only adds."""
    return found is not None and len(found) == len(REVISION) and found[0] == REVISION[0] and found >= REVISION


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _require_unicode(connection: Connection, label: str) -> None:
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise StoreError(
            f"Database {label} has the encoding {encoding}, which can't hold Chinese: create one with ENCODING 'UTF8'."
        )
