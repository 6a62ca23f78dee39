"""Hears what PostgreSQL tells of changes (LISTEN), in a thread and over a connection of its own."""

from __future__ import annotations

import time
from threading import Event, Thread
from typing import Any

import psycopg

from feedsvc.log import get_logger
from feedsvc.store.connect import Database
from feedsvc.wake import ANYTHING, Sleeper, sleep_alone

log = get_logger(__name__)

_LISTEN_SECONDS = 5.0
_ASK_SECONDS = 30.0
"""So often it is asked whether it is still heard: what lies between may have forgotten a connection on which nobody
speaks, and neither side is told."""

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0


class Listener(Sleeper):
    """Woken by each notice on a channel. While PostgreSQL can't be reached it hears nothing, and tries again."""

    def __init__(self, database: Database, channel: str) -> None:
        alone = sleep_alone()
        super().__init__(None, alone.fds)
        self._database = database
        self._channel = channel
        self._ended = Event()
        self._is_told = False
        Thread(target=self._hear, name="feedsvc-listener", daemon=True).start()

    def close(self) -> None:
        self._ended.set()  # the thread ends by itself, and what it writes to then stays open for it

    def _hear(self) -> None:
        pause_seconds = _FIRST_PAUSE_SECONDS
        while not self._ended.is_set():
            try:
                with self._database.connect_to_postgresql() as connection:
                    connection.execute(f"LISTEN {self._channel}".encode("ascii"))
                    pause_seconds, self._is_told = _FIRST_PAUSE_SECONDS, False
                    self.call([ANYTHING])  # what changed before is heard by nobody else
                    self._hear_on(connection)
            except psycopg.Error as error:
                # One who can't reach the database at all tells of that; this is for one who can.
                if not self._is_told:
                    self._is_told = True
                    log.warning("changes_not_heard", reason=str(error).strip())
            self._ended.wait(pause_seconds)
            pause_seconds = min(pause_seconds * 2, _LONGEST_PAUSE_SECONDS)
        super().close()

    def _hear_on(self, connection: psycopg.Connection[Any]) -> None:
        asked_at = time.monotonic()
        while not self._ended.is_set():
            for notice in connection.notifies(timeout=_LISTEN_SECONDS):
                self.call(notice.payload.split())
                if self._ended.is_set():
                    return
            if time.monotonic() >= asked_at + _ASK_SECONDS:
                connection.execute(b"")
                asked_at = time.monotonic()
