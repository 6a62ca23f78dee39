"""A database that can't be used says what, where and the mend; one that comes back is used again."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import ExceptionContext, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from feedsvc.errors import StoreError, StoreUnavailableError
from feedsvc.store import Store
from feedsvc.store.connect import Database
from feedsvc.store.failures import store_error
from service import DEADLINE_SECONDS

if TYPE_CHECKING:
    from integration.conftest import PostgresServer

OpenStore = Callable[[str], Store]

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "mend"),
    [
        ("no url at all", "sqlite:///path/to/file.db or postgresql://"),
        ("mysql://reader:secret@db/news", "only sqlite and postgresql"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///file:news?mode=memory&cache=shared&uri=true", "names no file"),
    ],
)
def test_a_url_that_cannot_be_meant_is_refused_at_once(url: str, mend: str) -> None:
    with pytest.raises(StoreError, match=mend) as caught:
        Store.open(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_each_way_to_write_postgresql_is_taken(postgres_url: str, open_store: OpenStore, scheme: str) -> None:
    open_store(f"{scheme}:{postgres_url.partition(':')[2]}").ping()


def test_a_missing_folder_is_named(tmp_path: Path, open_store: OpenStore) -> None:
    store = open_store(f"sqlite:///{tmp_path}/missing/feedsvc.db")
    with pytest.raises(StoreUnavailableError, match=rf"The folder {tmp_path}/missing doesn't exist: create it"):
        store.migrate()
    with pytest.raises(StoreUnavailableError, match="unable to open database file"):
        store.ping()
    (tmp_path / "missing").mkdir()
    store.migrate()
    assert store.list_articles() == []


def test_a_file_that_may_not_be_opened_is_named(tmp_path: Path, open_store: OpenStore) -> None:
    (tmp_path / "feedsvc.db").mkdir()
    with pytest.raises(StoreUnavailableError, match=rf"{tmp_path}/feedsvc.db: unable .* Give this user the right"):
        open_store(f"sqlite:///{tmp_path}/feedsvc.db").migrate()


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path, open_store: OpenStore) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("不是資料庫。" * 1_000)
    with pytest.raises(StoreError, match=r"notes.txt: file is not a database. .*restore a backup"):
        open_store(f"sqlite:///{path}").migrate()
    assert path.read_text() == "不是資料庫。" * 1_000


def test_a_file_that_may_only_be_read_says_so(sqlite_url: str, open_store: OpenStore) -> None:
    store = open_store(f"sqlite:///file:{sqlite_url.removeprefix('sqlite:///')}?mode=ro&uri=true")
    assert store.list_articles() == []
    with pytest.raises(StoreError, match=r"readonly database. Give this user the right to write"), store.write() as tx:
        tx.release("a")


def test_a_file_system_that_cannot_write_ahead_is_refused(tmp_path: Path, open_store: OpenStore) -> None:
    # This way to the file has no memory to share between processes, like most network disks.
    with pytest.raises(StoreError, match="use a local disk"):
        open_store(f"sqlite:///file:{tmp_path}/feedsvc.db?vfs=unix-dotfile&uri=true").migrate()


def test_a_file_that_is_taken_away_while_it_is_open_takes_no_more(sqlite_url: str, open_store: OpenStore) -> None:
    store = open_store(sqlite_url)
    store.migrate()
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    aside = file.with_name("aside.db")
    file.rename(aside)
    with pytest.raises(StoreUnavailableError, match="deleted or replaced"):
        store.ping()
    with pytest.raises(StoreUnavailableError, match="put the file back"), store.write():
        pytest.fail("a transaction was opened")
    shutil.copy(aside, file)
    with pytest.raises(StoreUnavailableError, match="deleted or replaced"):
        store.tokens()
    aside.rename(file)
    assert store.tokens() == []


def test_missing_tables_say_how_to_make_them(empty_url: str, open_store: OpenStore) -> None:
    with pytest.raises(StoreError, match=r"article.*start feedsvc once"):
        open_store(empty_url).list_articles()


def test_another_writer_that_never_ends_is_given_up_on(
    sqlite_url: str, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feedsvc.store.connect.BUSY_SECONDS", 0.1)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store = open_store(sqlite_url)
    with pytest.raises(StoreUnavailableError, match=r"locked. Another process has held it"), store.write() as tx:
        tx.release("a")
    assert store.list_articles() == []
    other.close()
    with store.write() as tx:
        tx.release("a")


@pytest.fixture
def reader_in_the_way(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody reads feedsvc.db, not in WAL mode yet, and doesn't stop: the switch to WAL can't be made."""
    other = sqlite3.connect(tmp_path / "feedsvc.db", isolation_level=None)
    other.execute("CREATE TABLE t (a)")
    other.execute("BEGIN")
    other.execute("SELECT * FROM t").fetchall()
    yield other
    other.close()


def test_the_switch_to_wal_gives_up_in_time(
    tmp_path: Path, open_store: OpenStore, reader_in_the_way: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feedsvc.store.connect.BUSY_SECONDS", 0.1)
    with pytest.raises(StoreUnavailableError, match="Another process has held it"):
        open_store(f"sqlite:///{tmp_path}/feedsvc.db").migrate()


def test_the_switch_to_wal_is_tried_again(
    tmp_path: Path, open_store: OpenStore, reader_in_the_way: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as sqlite_waits_less_than_we:
        sqlite_waits_less_than_we.setattr("feedsvc.store.connect.BUSY_SECONDS", 0.05)
        store = open_store(f"sqlite:///{tmp_path}/feedsvc.db")
    refused = []

    def let_go(context: ExceptionContext) -> None:
        refused.append(str(context.original_exception))
        reader_in_the_way.rollback()

    event.listen(store._database._engine, "handle_error", let_go)
    store.migrate()
    assert refused == ["database is locked"]


def test_a_password_never_shows(open_store: OpenStore) -> None:
    store = open_store("postgresql://editor:geheim@127.0.0.1:1/news?password=geheim2&connect_timeout=2")
    with pytest.raises(StoreUnavailableError, match=r"postgresql://editor@127\.0\.0\.1:1/news: .*Check that") as caught:
        store.ping()
    assert "geheim" not in "".join(traceback.format_exception(caught.value))


def test_postgresql_that_stops_and_comes_back_is_used_again(
    postgres_server: PostgresServer, postgres_url: str, open_store: OpenStore
) -> None:
    store = open_store(postgres_url)
    store.ping()
    postgres_server.stop()
    try:
        with pytest.raises(StoreUnavailableError, match="Check that PostgreSQL runs"):
            store.ping()
        with pytest.raises(StoreUnavailableError), store.write():
            pass
    finally:
        postgres_server.start()
    assert store.list_articles() == []


def test_a_restart_of_postgresql_between_two_questions_is_not_even_noticed(
    postgres_server: PostgresServer, postgres_url: str, open_store: OpenStore
) -> None:
    store = open_store(postgres_url)
    with store.reading(), store.reading():  # two connections, both of which it cuts
        pass
    store.ping()
    postgres_server.stop()
    postgres_server.start()
    with store.reading() as one, store.reading() as other:
        assert one.tokens() == other.tokens() == []


def test_only_a_connection_that_rested_is_asked_whether_it_stands(
    postgres_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    dialect = postgres_store._database._engine.dialect
    ask = dialect.do_ping

    def note(connection: DBAPIConnection) -> bool:
        asked.append(connection)
        return ask(connection)

    monkeypatch.setattr(dialect, "do_ping", note)
    for _ in range(3):
        postgres_store.ping()
    assert not asked
    monkeypatch.setattr("feedsvc.store.connect.REST_SECONDS", -1.0)
    postgres_store.ping()
    assert len(asked) == 1


def test_a_connection_lost_in_the_middle_rolls_back_and_the_next_call_works(
    postgres_server: PostgresServer, postgres_store: Store
) -> None:
    def lose_it() -> None:
        with postgres_store.write() as tx:
            tx.add_token("lost", "hash", [], NOON)
            pid = tx._connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            postgres_server.run(f"SELECT pg_terminate_backend({pid}, {int(DEADLINE_SECONDS * 1000)})")
            tx.release("a")

    with pytest.raises(StoreUnavailableError, match=r"terminating connection.* try again in a moment"):
        lose_it()
    assert postgres_store.tokens() == []


def test_a_text_too_long_for_an_index_says_so(postgres_store: Store) -> None:
    incompressible = "".join(chr(0x4E00 + number * 7 % 20_000) for number in range(9_000))
    with pytest.raises(StoreError, match="at most about 2,600 bytes"), postgres_store.write() as tx:
        tx.beat(incompressible, NOON, {})


def test_an_error_without_a_known_mend_keeps_the_words_of_the_driver(store: Store) -> None:
    with pytest.raises(StoreError, match=r"Database .*: .*nonsense"), store._database.read() as connection:
        connection.execute(text("SELECT nonsense()"))


def test_an_error_never_shows_the_values_of_a_statement(store: Store) -> None:
    secret = "ge" + "heim"
    with pytest.raises(StoreError) as caught, store._database.write() as connection:
        connection.execute(text("INSERT INTO nowhere VALUES (:hash)"), {"hash": secret})
    assert "geheim" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("error", "kind"), [(PoolTimeoutError("waited"), StoreUnavailableError), (SQLAlchemyError("odd"), StoreError)]
)
def test_errors_of_the_library_itself_are_translated(error: SQLAlchemyError, kind: type[StoreError]) -> None:
    url = Database("sqlite:///news.db").url
    assert type(store_error(error, url)) is kind


def test_a_forked_process_gets_connections_of_its_own(store_url: str) -> None:
    code = """
import os, sys
from feedsvc.store import Store
store = Store.open(sys.argv[1])
with store._database.read() as connection:
    parents = id(connection.connection.driver_connection)
    child = os.fork()
    if child == 0:
        with store._database.read() as mine:
            is_own = id(mine.connection.driver_connection) != parents
        with store.write() as tx:
            tx.release("a")
        os._exit(0 if is_own else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
store.ping()
"""
    subprocess.run([sys.executable, "-c", code, store_url], check=True, timeout=DEADLINE_SECONDS)


def test_threads_that_notice_a_fork_at_once_share_one_new_engine(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite_store.ping()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: sqlite_store.ping(), range(32)))
    assert len(sqlite_store._database._of_parents) == 1
    sqlite_store._database._of_parents[0].dispose()


def test_what_was_acknowledged_survives_kill_9(sqlite_url: str, open_store: OpenStore) -> None:
    code = """
import sys
from datetime import UTC, datetime
from itertools import count
from feedsvc.store import Store
store = Store.open(sys.argv[1])
for number in count():
    with store.write() as tx:
        tx.add_token(f"token {number}", f"hash {number}", [], datetime.now(UTC))
    print(number, flush=True)
"""
    for _ in range(5):
        writer = subprocess.Popen([sys.executable, "-c", code, sqlite_url], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        said = [writer.stdout.readline() for _ in range(20)]
        writer.send_signal(signal.SIGKILL)
        said += writer.stdout.read().splitlines()
        writer.wait(timeout=DEADLINE_SECONDS)
        writer.stdout.close()
        store = open_store(sqlite_url)
        assert len(store.tokens()) >= len(said)
        with store._database.write() as connection:
            connection.execute(text("DELETE FROM token"))
