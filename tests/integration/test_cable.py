"""A PostgreSQL that says nothing, or never comes to an end: noticed in time, told, and healed by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from sqlalchemy import text

from ailing import count, hurry, is_well, shows, working
from cable import Cable
from engine import newsroom_on
from feedsvc.errors import StoreUnavailableError
from feedsvc.runtime import now
from feedsvc.store import Store, answering
from feedsvc.store import connect as connecting
from feedsvc.store.migrate import alembic_config
from feedsvc.store.transaction import Transaction
from feedsvc.web import health
from service import wait_until

OpenStore = Callable[[str], Store]

UNHURRIED = "60s"


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)
    monkeypatch.setattr(health, "ANSWER_SECONDS", 1.0)
    monkeypatch.setattr(connecting, "_PATIENCE", {**connecting._PATIENCE, "connect_timeout": "2"})


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """From now on connections are made with these bounds, the others so wide that a busy machine keeps them."""

    def bind(answer_seconds: float = 60.0, **bounds: str) -> None:
        monkeypatch.setattr(answering, "ANSWER_SECONDS", answer_seconds)
        monkeypatch.setattr(answering, "BOUNDS", dict.fromkeys(answering.BOUNDS, UNHURRIED) | bounds)

    return bind


def test_a_cable_that_is_pulled_and_put_back(postgres_url: str, tmp_path: Path, bound: Callable[..., None]) -> None:
    """While all are idle, the listening connection too: it is told in time, and heals by itself."""
    bound(answer_seconds=3.0)
    with ExitStack() as stack:
        cable = stack.enter_context(closing(Cable(postgres_url)))
        here = stack.enter_context(newsroom_on(postgres_url, tmp_path / "here", now))
        there = stack.enter_context(newsroom_on(cable.url, tmp_path / "there", now))
        events = stack.enter_context(working(there))
        here.put(title="先来")
        wait_until(lambda: shows(there, "先来"), "the replica")
        wait_until(lambda: is_well(there), "all to be well")
        with cable.pulled():
            here.put(title="后来")
            wait_until(lambda: count(events, "store_unavailable"), "it to be told")
            assert there.client.get("/healthz").get_json()["status"] == "degraded"
            assert there.client.get("/feeds/macro.rss").status_code == 200
            assert shows(there, "先来")
            assert not shows(there, "后来")
        wait_until(lambda: shows(there, "后来"), "the replica to catch up")
        wait_until(lambda: is_well(there), "all to be well")
        assert there.put(title="再来").title == "再来"
        wait_until(lambda: shows(there, "再来"), "what it takes in itself")
        (told,) = [each for each in events if each["event"] == "store_unavailable"]
        assert "no answer" in told["error"] or "timeout" in told["error"]


def test_a_cable_that_is_pulled_in_the_midst_of_a_transaction(
    postgres_url: str, open_store: OpenStore, bound: Callable[..., None]
) -> None:
    bound(answer_seconds=1.0)
    with closing(Cable(postgres_url)) as cable:
        store = open_store(cable.url)
        store.ping()
        with pytest.raises(StoreUnavailableError, match="no answer for 1 s, though the connection stands"):
            register_by_halves(store, cable)
        store.ping()
        assert not {"half", "whole"} & store.section_states().keys()


def register_by_halves(store: Store, cable: Cable) -> None:
    with store.write() as tx:
        register(tx, "half")
        with cable.pulled():
            register(tx, "whole")


def register(tx: Transaction, slug: str) -> None:
    tx.register_sections([slug], now(), {slug: f"urn:test:{slug}"})


@contextmanager
def held(url: str, statement: str) -> Iterator[None]:
    """A stranger's session in the midst of a transaction in which it did this."""
    with psycopg.connect(url) as stranger:
        stranger.execute(statement.encode())
        yield


def test_a_lock_that_a_stranger_holds(postgres_url: str, tmp_path: Path, bound: Callable[..., None]) -> None:
    bound(lock_timeout="1s")
    with newsroom_on(postgres_url, tmp_path / "site", now) as newsroom, working(newsroom) as events:
        newsroom.put(external_id="a1", title="先来")
        wait_until(lambda: shows(newsroom, "先来"), "the first")
        with held(postgres_url, "LOCK TABLE article, section"):
            with pytest.raises(StoreUnavailableError, match="Another session holds a lock for too long"):
                newsroom.put(title="没收下")
            wait_until(lambda: count(events, "store_unavailable"), "it to be told")
            assert newsroom.client.get("/healthz").get_json()["status"] == "degraded"
            assert newsroom.client.get("/feeds/macro.rss").status_code == 200
        newsroom.put(external_id="a1", title="后来")
        wait_until(lambda: shows(newsroom, "后来"), "the news")
        wait_until(lambda: is_well(newsroom), "all to be well")
        assert count(events, "store_unavailable") == 1
        assert not shows(newsroom, "没收下")


def test_a_statement_that_never_ends(postgres_url: str, open_store: OpenStore, bound: Callable[..., None]) -> None:
    bound(statement_timeout="500ms")
    store = open_store(postgres_url)
    for ask in (store._database.read, store._database.ask, store._database.write):
        with pytest.raises(StoreUnavailableError, match="PostgreSQL took too long"), ask() as connection:
            connection.execute(text("SELECT pg_sleep(600)"))
    for ask in (store._database.read, store._database.write):
        with ask(is_long=True) as connection:
            connection.execute(text("SELECT pg_sleep(0.6)"))
        with pytest.raises(StoreUnavailableError, match="PostgreSQL took too long"), ask() as connection:
            connection.execute(text("SELECT pg_sleep(600)"))


def test_one_of_ours_that_stands_still_holds_nothing_for_ever(
    postgres_url: str, open_store: OpenStore, bound: Callable[..., None]
) -> None:
    bound(idle_in_transaction_session_timeout="1s")
    store, other = open_store(postgres_url), open_store(postgres_url)
    with pytest.raises(StoreUnavailableError, match=r"stood still|next call opens a new one"):
        stand_still(store, other)
    assert "still" in store.section_states()


def stand_still(store: Store, other: Store) -> None:
    with store.write() as tx:
        register(tx, "still")
        with other.write() as others:  # waits for that row until PostgreSQL ends who holds it
            register(others, "still")
        register(tx, "again")


@pytest.mark.parametrize("said", ["-c statement_timeout=7s", "-c lock_timeout=7s"])
def test_what_the_url_says_holds(postgres_url: str, open_store: OpenStore, said: str) -> None:
    store = open_store(f"{postgres_url}&options={said.replace(' ', '%20').replace('=', '%3D')}")
    name = said.split()[1].partition("=")[0]
    with store._database.ask() as connection:
        assert connection.execute(text(f"SHOW {name}")).scalar_one() == "7s"
        assert connection.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one() == "1min"


SLOW = """
CREATE FUNCTION dawdle() RETURNS {kind} LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_sleep(1.2); {end} END $$;
"""


def test_a_copy_and_a_migration_take_their_time(
    empty_postgres_url: str, sqlite_store: Store, open_store: OpenStore, bound: Callable[..., None]
) -> None:
    """Their statements may take longer than any other."""
    store = open_store(empty_postgres_url)
    with store._database.write() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
    with psycopg.connect(empty_postgres_url) as stranger:
        stranger.execute(SLOW.format(kind="event_trigger", end="").encode())
        stranger.execute(
            b"CREATE EVENT TRIGGER slow ON ddl_command_start WHEN TAG IN ('DROP INDEX') EXECUTE FUNCTION dawdle()"
        )
    bound(statement_timeout="1s")
    slow = open_store(empty_postgres_url)
    slow.migrate()
    with sqlite_store.write() as tx:
        register(tx, "macro")
    with psycopg.connect(empty_postgres_url) as stranger:
        stranger.execute(SLOW.replace("dawdle", "linger").format(kind="trigger", end="RETURN NEW;").encode())
        stranger.execute(b"CREATE TRIGGER slow BEFORE INSERT ON section FOR EACH ROW EXECUTE FUNCTION linger()")
    with pytest.raises(StoreUnavailableError, match="took too long"), slow.write() as tx:
        register(tx, "tech")
    sqlite_store.copy_to(slow, lambda *_: None, is_whole=True)
    assert list(slow.section_states()) == ["macro"]


def test_a_migration_lets_others_pass(
    empty_postgres_url: str, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for a table keeps all behind it waiting: so it gives up, and is tried again."""
    monkeypatch.setattr("feedsvc.store.migrate._TABLE_WAIT", "200ms")
    store = open_store(empty_postgres_url)
    with store._database.write() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
    with held(empty_postgres_url, "SELECT * FROM article"), pytest.raises(StoreUnavailableError, match="holds a lock"):
        store.migrate()
    store.migrate()


def test_health_is_answered_though_nothing_else_is(
    postgres_url: str, tmp_path: Path, bound: Callable[..., None]
) -> None:
    bound(answer_seconds=600.0)
    with closing(Cable(postgres_url)) as cable, newsroom_on(cable.url, tmp_path / "site", now) as newsroom:
        with cable.pulled():
            said: dict[str, Any] = newsroom.client.get("/healthz").get_json()
            assert said["status"] == "degraded"
            assert "stands still" in str(said["checks"])
            assert newsroom.client.get("/readyz").status_code in (200, 503)
        wait_until(lambda: "stands still" not in newsroom.client.get("/healthz").get_data(as_text=True), "the answer")
