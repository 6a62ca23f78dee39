"""A database comes up to date whoever starts first, and is left alone where it is newer than the code."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from feedsvc.errors import StoreError
from feedsvc.model import MemberState, Withdrawal
from feedsvc.publish import Clock, register_sections, withdraw
from feedsvc.store import Store
from feedsvc.store.migrate import _POSTGRESQL_LOCK, alembic_config
from feedsvc.store.schema import REVISION, metadata
from service import DEADLINE_SECONDS

if TYPE_CHECKING:
    from integration.conftest import PostgresServer

OpenStore = Callable[[str], Store]


def test_the_migrations_make_the_tables_that_the_code_asks(store: Store) -> None:
    with store._database.read() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []


def test_the_revision_that_needs_no_alembic_is_the_newest() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == REVISION


def test_a_new_step_can_be_made_from_the_template(tmp_path: Path) -> None:
    config = alembic_config()
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", str(tmp_path))
    command.revision(config, "Add a column", rev_id="0009")
    step = (tmp_path / "0009_add_a_column.py").read_text()
    compile(step, "0009", "exec")
    assert step.startswith('"""Add a column."""')


GONE_BEFORE: Mapping[str, str] = {}
"""Revision -> since which release nothing uses what it takes away."""


def test_a_step_takes_nothing_away_that_the_release_before_uses() -> None:
    """Both are at work during a rolling update; an index may go, since nobody names it in a question."""
    taking = re.compile(r"op\.(drop_column|drop_table|rename_table|alter_column|drop_constraint|batch_alter_table)\b")
    steps = list(ScriptDirectory.from_config(alembic_config()).walk_revisions())
    assert len(steps) > 6
    for step in steps:
        path, number, before = Path(step.path), step.revision, step.down_revision or "0000"
        assert path.name.startswith(f"{number}_")
        assert len(number) == 4
        assert isinstance(before, str)
        assert number > before
        if taking.search(path.read_text("utf-8")):
            assert number in GONE_BEFORE, path.name
            assert number[0] > before[0], "it begins an era, into which older code is not started"


def test_who_was_withdrawn_before_there_were_tombstones_gets_one(empty_url: str, open_store: OpenStore) -> None:
    store = open_store(empty_url)
    rows = [
        # number, state, published, updated
        (1, "live", 1_000, 1_000),
        (2, "withdrawn", 1_000, 2_000),  # it was live
        (3, "withdrawn", 9_000, 2_000),  # it was scheduled
        (4, "withdrawn", None, 2_000),  # it was a draft
    ]
    with store._database.write() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for number, state, published, updated in rows:
            values = {"number": number, "id": f"a{number}", "state": state, "published": published, "updated": updated}
            connection.execute(
                text(
                    "INSERT INTO article (seq, id, entry_id, is_permalink, state, published, updated, created, "
                    "revision, title, summary, sections) "
                    "VALUES (:number, :id, :id, false, :state, :published, :updated, 0, 1, "
                    """'題', '文', '["macro", "world"]')"""
                ),
                values,
            )
            for slug in ("macro", "world"):
                place = "INSERT INTO article_section (section, seq, state, published) VALUES "
                connection.execute(text(place + "(:slug, :number, :state, :published)"), values | {"slug": slug})

    store.migrate()

    articles = [store.article(f"a{number}") for number, *_ in rows]
    live, gone, *never_live = articles
    assert [article and article.withdrawal for article in articles] == [
        None,
        Withdrawal(at=datetime.fromtimestamp(2_000, UTC)),
        None,
        None,
    ]
    assert store.newest(["macro"], 5, (MemberState.TOMBSTONE,), by="updated") == [gone]
    assert store.newest(["macro", "world"], 5, (MemberState.WITHDRAWN,)) == [never_live[0]]
    assert store.newest(["macro"], 5, (MemberState.LIVE,), by="updated") == [live]
    again = withdraw(store, lambda: datetime.fromtimestamp(3_000, UTC), "a2", notice="未經核實。").article
    assert again.withdrawal == Withdrawal(at=datetime.fromtimestamp(3_000, UTC), notice="未經核實。")


def test_a_second_migration_changes_nothing(store: Store) -> None:
    store.migrate()
    store.migrate()
    assert store.list_articles() == []


def test_a_process_that_finds_everything_in_place_spends_no_time_on_alembic(store_url: str) -> None:
    code = (
        "import sys; from feedsvc.store import Store;Store.open(sys.argv[1]).migrate(); print('alembic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, store_url], capture_output=True, text=True, check=True, timeout=DEADLINE_SECONDS
    )
    assert done.stdout.strip() == "False"


def test_several_processes_may_start_at_once(empty_url: str, open_store: OpenStore) -> None:
    code = "import sys; from feedsvc.store import Store; input(); Store.open(sys.argv[1]).migrate()"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, empty_url], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=DEADLINE_SECONDS)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, said
    assert open_store(empty_url).list_articles() == []


def test_a_migration_waits_for_the_one_that_runs(empty_postgres_url: str, open_store: OpenStore) -> None:
    first, second = open_store(empty_postgres_url), open_store(empty_postgres_url)
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    with ThreadPoolExecutor(1) as thread:
        with first._database.write() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRESQL_LOCK})
            migrated = thread.submit(second.migrate)
            give_up = time.monotonic() + DEADLINE_SECONDS
            while not connection.execute(waiting).scalar_one():
                assert time.monotonic() < give_up
                assert not migrated.done()
            assert not inspect(connection).has_table("article")
        migrated.result(timeout=DEADLINE_SECONDS)
    assert second.list_articles() == []


def test_a_database_of_a_newer_version_is_left_alone(store: Store) -> None:
    with store._database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"newer feedsvc: its schema is 9999.*restore a backup"):
        store.migrate()
    with store._database.read() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"


def test_older_code_goes_on_beside_what_a_newer_one_has_only_added(store: Store, clock: Clock) -> None:
    """A replica that is not updated yet may be started again during a rolling update."""
    era = REVISION[0]
    for number in (f"{era}999", f"{int(era) + 1}000", "nonsense", f"{era}99"):
        with store._database.write() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :number"), {"number": number})
        if number == f"{era}999":
            store.migrate()
            register_sections(store, clock, ("macro",))
            with store._database.read() as connection:
                assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == number
        else:
            with pytest.raises(StoreError, match="newer feedsvc"):
                store.migrate()


def test_migrating_leaves_the_logging_of_the_process_alone(empty_url: str, open_store: OpenStore) -> None:
    def state() -> tuple[object, ...]:
        loggers = (logging.getLogger(name) for name in ("", "alembic", "alembic.runtime.migration", "sqlalchemy"))
        return tuple((one.level, tuple(one.handlers), one.disabled, one.propagate) for one in loggers)

    before = state()
    open_store(empty_url).migrate()
    assert state() == before


def test_sqlite_writes_ahead_and_loses_nothing_that_was_committed(tmp_path: Path, open_store: OpenStore) -> None:
    store = open_store(f"sqlite:///{tmp_path}/100%25 sure.db")
    store.migrate()
    with store._database.read() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


def test_a_postgresql_database_that_cannot_hold_chinese_is_refused(
    postgres_server: PostgresServer, open_store: OpenStore
) -> None:
    name = postgres_server.create(options="ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    with pytest.raises(StoreError, match=r"encoding LATIN1.*ENCODING 'UTF8'"):
        open_store(postgres_server.url(name)).migrate()
    postgres_server.drop(name)
