"""How long PostgreSQL may take for an answer, and how long its silence is borne.

    BOUNDS            PostgreSQL itself ends what takes longer, or waits longer for a lock, and says so
    ANSWER_SECONDS    it says nothing though the connection stands: its machine, or what lies between, has stood still

Unless the database, its user or the URL's `options` say otherwise. What honestly takes long, a copy say, takes its time
(`take_time`) for its own transaction.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

RV = TypeVar("RV")

BOUNDS: Mapping[str, str] = {
    "statement_timeout": "30s",
    "lock_timeout": "15s",
    # One of ours that was stopped in the midst of a transaction holds its locks against all others.
    "idle_in_transaction_session_timeout": "60s",
}
ANSWER_SECONDS = 40.0
"""More than a statement may take, so that PostgreSQL's own word comes first where it can come at all."""

_SAY = b"""\
SELECT set_config(name, value, %s) FROM unnest(%s::text[], %s::text[]) AS said (name, value)
WHERE %s OR current_setting(name) = '0'"""


class AnsweringConnection(psycopg.Connection[Any]):
    """One that gives up on a PostgreSQL that says nothing."""

    answer_seconds: float | None = None

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        if timeout is not None or self.answer_seconds is None:
            return super().wait(gen, interval, timeout)
        began = time.monotonic()
        try:
            return super().wait(gen, interval, self.answer_seconds)
        except psycopg.OperationalError as error:
            if error.sqlstate is None and time.monotonic() - began >= self.answer_seconds:
                self.pgconn.finish()  # what it was at may be done or not: nobody knows
                silence = f"no answer for {self.answer_seconds:g} s, though the connection stands"
                raise psycopg.OperationalError(silence) from None
            raise


def connect(*words: Any, autocommit: bool = False, **options: Any) -> AnsweringConnection:
    """What psycopg.connect takes."""
    connection = AnsweringConnection.connect(*words, autocommit=True, **options)
    connection.answer_seconds = ANSWER_SECONDS
    connection.execute(_SAY, (False, list(BOUNDS), list(BOUNDS.values()), False))
    connection.autocommit = autocommit
    return connection


def take_time(driven: Any, **bounds: str) -> None:
    """In a transaction: no bounds but these, for all of it. Then `take_back` has to follow."""
    connection = _driven(driven)
    connection.answer_seconds = None
    connection.execute(_SAY, (True, list(BOUNDS), [bounds.get(name, "0") for name in BOUNDS], True))


def take_back(driven: Any) -> None:
    """Its silence is bounded again."""
    _driven(driven).answer_seconds = ANSWER_SECONDS


def _driven(connection: Any) -> AnsweringConnection:
    assert isinstance(connection, AnsweringConnection)
    return connection
