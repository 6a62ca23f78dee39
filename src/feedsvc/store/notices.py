"""Who waits for changes is told of them the way the data goes: beside SQLite's file, or by PostgreSQL itself.

An SQLite database is on one machine, so all who work on it are, and a folder beside its file holds the FIFOs of those
who wait (wake.py). PostgreSQL tells every machine (NOTIFY), at the very commit.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from sqlalchemy import Connection, text

from feedsvc.log import get_logger
from feedsvc.store.connect import Database
from feedsvc.wake import ANYTHING, Sleeper, Sleepers, message_of, sleep_alone

log = get_logger(__name__)

CHANNEL = "feedsvc_changed"

_NOTIFY = text("SELECT pg_notify(:channel, :payload)")


class Notices:
    """Of one database. `tell` belongs into the transaction that changed something, `call` behind its commit.

    Both are given the sections that it shows in; where it shows in none yet, anything may have changed.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sleepers = None
        if database.is_sqlite:
            file = Path(str(database.url.database))
            self._sleepers = Sleepers(file.with_name(f"{file.name}-wake"), akin=file)

    def tell(self, connection: Connection, slugs: Collection[str]) -> None:
        if self._sleepers is None:
            payload = message_of(slugs or (ANYTHING,)).decode("ascii").strip()
            connection.execute(_NOTIFY, {"channel": CHANNEL, "payload": payload})

    def call(self, slugs: Collection[str]) -> None:
        """Never raises, and waits for nobody."""
        if self._sleepers is not None:
            self._sleepers.call(slugs or (ANYTHING,))

    def sleeper(self) -> Sleeper:
        """Woken by every change from now on; close it. Where that can't be it wakes for its own process alone."""
        if self._sleepers is None:
            # Who has SQLite needs no driver of PostgreSQL, and is spared the time that it takes to load.
            from feedsvc.store.listening import Listener  # noqa: PLC0415

            return Listener(self._database, CHANNEL)
        try:
            return self._sleepers.join()
        except OSError as error:
            log.warning("changes_not_heard", reason=f"{self._sleepers.folder}: {error.strerror or error}")
            return sleep_alone()
