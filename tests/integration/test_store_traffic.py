"""How often the database is asked for one change: each question costs more than its answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, event

from engine import run
from feedsvc.store import Store
from newsroom import Newsroom

if TYPE_CHECKING:
    from integration.conftest import SettableClock


@dataclass
class Traffic:
    """What was sent while it was listened to: statements, and how many of the transactions were committed."""

    statements: list[str] = field(default_factory=list)
    transactions: int = 0

    @property
    def writes(self) -> list[str]:
        return [each for each in self.statements if not each.startswith("SELECT")]


@contextmanager
def listening(store: Store) -> Iterator[Traffic]:
    engine: Engine = store._database._engine
    traffic = Traffic()

    def note(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            traffic.statements.append(statement)

    def count(_connection: Connection) -> None:
        traffic.transactions += 1

    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "commit", count)
    yield traffic
    event.remove(engine, "before_cursor_execute", note)
    event.remove(engine, "commit", count)


def test_an_article_is_stored_in_one_transaction(newsroom: Newsroom) -> None:
    newsroom.put(external_id="before")
    with listening(newsroom.runtime.store) as traffic:
        newsroom.put(external_id="a1")
    assert traffic.transactions == 1
    assert len([each for each in traffic.statements if "pg_notify" not in each]) == 4, traffic.statements
    assert len(traffic.writes) == 3


def test_a_publication_reads_at_one_moment_and_writes_three_times(newsroom: Newsroom, clock: SettableClock) -> None:
    for number in range(4):  # the fourth is one more than the feed holds: it cuts an archive, in which there is room
        newsroom.put(external_id=f"before {number}")
        clock.advance(60)
        run(newsroom.runtime)
    newsroom.put(external_id="a1")
    with listening(newsroom.runtime.store) as traffic:
        assert run(newsroom.runtime, when_live=lambda: None).outcome == "published"
    # Read; the entries that left asked for; times allotted; noted; brotli's twins noted.
    assert traffic.transactions == 5, traffic.statements
    assert [each.split()[:3] for each in traffic.writes] == [
        ["INSERT", "INTO", "document_version"],
        ["INSERT", "INTO", "publication"],
        ["INSERT", "INTO", "proof"],
        ["UPDATE", "publication", "SET"],
    ]
    assert len([each for each in traffic.statements if "pg_advisory" not in each]) <= 17, traffic.statements


def test_a_look_at_a_feed_that_is_right_is_one_transaction(newsroom: Newsroom) -> None:
    newsroom.put()
    run(newsroom.runtime)
    with listening(newsroom.runtime.store) as traffic:
        assert run(newsroom.runtime).outcome == "fresh"
    assert traffic.transactions == 1
    assert len(traffic.statements) == 3
    assert not traffic.writes
