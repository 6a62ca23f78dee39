"""A worker while the world around it fails and comes back: readers keep what they had, it is told once, and heals."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from ailing import count, hurry, is_well, shows, working
from engine import mtime, newsroom_on, texts
from feedsvc.errors import StoreError, StoreUnavailableError
from feedsvc.output import read_hung
from feedsvc.runtime import now
from feedsvc.store import Store
from newsroom import CONFIG, Newsroom
from service import DEADLINE_SECONDS, wait_until
from watching import watching

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same worker, with pauses so short that tests need not sit them out."""
    hurry(monkeypatch)
    monkeypatch.setattr("feedsvc.store.connect.BUSY_SECONDS", 0.3)


class OffsetClock:
    """The machine's, and so much more."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def __call__(self) -> Any:
        return now() + self.offset


def test_a_clock_that_goes_a_day_forward_and_back(store_url: str, tmp_path: Path) -> None:
    clock = OffsetClock()
    with newsroom_on(store_url, tmp_path / "site", clock) as newsroom:
        runtime = newsroom.runtime
        first = newsroom.put(external_id="a1", title="昨日")
        planned = newsroom.put(title="明日定时", published=now() + timedelta(hours=1))
        with working(newsroom) as events:
            times, updates = [mtime(runtime)], [str(first.updated)]
            for number, offset in enumerate((DAY, timedelta(), -DAY, timedelta())):
                clock.offset = offset
                title = f"第{number}稿"
                updates.append(str(newsroom.put(external_id="a1", title=title).updated))
                wait_until(partial(shows, newsroom, title), title)
                times.append(mtime(runtime))
                # What its time had come for stays live.
                wait_until(lambda: shows(newsroom, planned.entry_id), "the planned one")
                wait_until(lambda: is_well(newsroom), "all to be well")
            assert times == sorted(set(times))
            assert updates == sorted(set(updates))
            assert count(events, "article_went_live") == 1
            assert not [each for each in events if each["log_level"] == "error"]
        assert not runtime.has_worker(), "one that is stopped says so"
        # One that was killed does not, and its last beat lies ahead.
        with runtime.store.write() as tx:
            tx.beat(runtime.folder_id, clock(), {})
        assert runtime.has_worker()
        clock.offset = -DAY
        assert not runtime.has_worker()


@pytest.fixture
def small_disk(full_disk: Path) -> Path:
    """One on which a site has room."""
    subprocess.run(["mount", "-o", "remount,size=8m", str(full_disk)], check=True)
    return full_disk


def fill(stuffing: Path) -> None:
    """Take all the room there is, whoever else writes meanwhile."""
    with suppress(OSError), stuffing.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass


LONG = f"<p>{'长' * 20_000}</p>"
"""No room that others give back meanwhile is enough for it."""


def test_a_disk_that_is_full_then_read_only_then_well(sqlite_url: str, tmp_path: Path, small_disk: Path) -> None:
    config = f"{CONFIG}feeds: {small_disk / 'feeds'}\n"
    with newsroom_on(sqlite_url, tmp_path / "site", now, config) as newsroom:
        newsroom.put(external_id="a1", title="旧闻")
        with working(newsroom) as events:
            stuffing = small_disk / "stuffing"
            fill(stuffing)
            newsroom.put(external_id="a1", title="新闻", content_html=LONG)
            wait_until(lambda: count(events, "section_blocked", slug="macro"), "it to be told")
            first = tried(newsroom)
            wait_until(lambda: tried(newsroom) != first, "it to be tried again")
            assert shows(newsroom, "旧闻")
            assert "no space left" in str(trouble(newsroom, "macro"))
            stuffing.unlink()
            wait_until(lambda: shows(newsroom, "新闻"), "the news")
            wait_until(lambda: is_well(newsroom), "all to be well")
            assert count(events, "section_blocked", slug="macro") == 1
            assert count(events, "audit_trouble") <= 4
            subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
            newsroom.put(external_id="a1", title="再改")
            wait_until(lambda: "read-only file system" in str(trouble(newsroom, "macro")), "it to be told")
            assert shows(newsroom, "新闻")
            subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
            wait_until(lambda: shows(newsroom, "再改"), "the correction")
            wait_until(lambda: is_well(newsroom), "all to be well")
            assert count(events, "section_blocked", slug="macro") == 2


def tried(newsroom: Newsroom) -> object:
    """When the newest attempt was made."""
    publication = newsroom.runtime.store.publication(newsroom.runtime.folder_id, "macro")
    assert publication is not None
    return publication.attempted


def trouble(newsroom: Newsroom, slug: str) -> str | None:
    """What health says of a feed."""
    return {check.name: check.detail for check in newsroom.runtime.checks() if not check.ok}.get(f"section {slug}")


def test_a_database_whose_disk_is_full(sqlite_url: str, tmp_path: Path, small_disk: Path) -> None:
    file = small_disk / "feedsvc.db"
    shutil.copy(sqlite_url.removeprefix("sqlite:///"), file)
    with newsroom_on(f"sqlite:///{file}", tmp_path / "site", now) as newsroom, working(newsroom) as events:
        newsroom.put(external_id="a1", title="旧闻")
        wait_until(lambda: shows(newsroom, "旧闻"), "the first")
        wait_until(lambda: is_well(newsroom), "all to be well")
        stuffing = small_disk / "stuffing"
        fill(stuffing)
        with pytest.raises(StoreError, match="full"):
            newsroom.put(title="没收下", content_html=LONG)
        wait_until(lambda: told_of(events), "the worker to tell of it")
        assert newsroom.client.get("/feeds/macro.rss").status_code == 200
        stuffing.unlink()
        newsroom.put(external_id="a1", title="新闻")
        wait_until(lambda: shows(newsroom, "新闻"), "the news")
        wait_until(lambda: is_well(newsroom), "all to be well")
        assert not shows(newsroom, "没收下")
        told = told_of(events)
        assert len(told) == len(set(told))


def told_of(events: list[Any]) -> list[tuple[str, str]]:
    """What an admin should look at, but for what the audit says, which comes and goes with its own work."""
    errors = (each for each in events if each["log_level"] == "error" and each["event"] != "audit_trouble")
    return [(each["event"], str(each.get("part") or each.get("slug"))) for each in errors]


def test_a_database_that_another_process_holds(sqlite_url: str, tmp_path: Path) -> None:
    with newsroom_on(sqlite_url, tmp_path / "site", now) as newsroom, working(newsroom) as events:
        first = newsroom.put(title="先来")
        wait_until(lambda: shows(newsroom, first.entry_id), "the first")
        with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailableError, match="Another process has held it"):
                newsroom.put(title="没收下")
            wait_until(lambda: count(events, "store_unavailable"), "it to be told")
            assert shows(newsroom, first.entry_id)
        second = newsroom.put(title="后来")
        wait_until(lambda: shows(newsroom, second.entry_id), "the second")
        wait_until(lambda: is_well(newsroom), "all to be well")
        assert count(events, "store_unavailable") == 1
        assert not shows(newsroom, "没收下")


def test_a_database_that_is_moved_away_and_put_back(sqlite_url: str, tmp_path: Path) -> None:
    with newsroom_on(sqlite_url, tmp_path / "site", now) as newsroom, working(newsroom) as events:
        first = newsroom.put(title="先来")
        wait_until(lambda: shows(newsroom, first.entry_id), "the first")
        file = Path(sqlite_url.removeprefix("sqlite:///"))
        file.rename(file.with_name("aside.db"))
        wait_until(lambda: count(events, "store_unavailable"), "it to be told")
        assert newsroom.client.get("/feeds/macro.rss").status_code == 200
        assert newsroom.client.get("/healthz").get_json()["status"] == "degraded"
        file.with_name("aside.db").rename(file)
        second = newsroom.put(title="后来")
        wait_until(lambda: shows(newsroom, second.entry_id), "the second")
        wait_until(lambda: is_well(newsroom), "all to be well")
        assert count(events, "store_unavailable") == 1


def test_a_database_that_is_damaged(sqlite_url: str, tmp_path: Path) -> None:
    """Only a backup helps; until then readers keep what they have, and nothing is acknowledged that would be lost."""
    with newsroom_on(sqlite_url, tmp_path / "site", now) as newsroom, working(newsroom) as events:
        first = newsroom.put(title="先来")
        wait_until(lambda: shows(newsroom, first.entry_id), "the first")
        wait_until(lambda: is_well(newsroom), "all to be well")
        damage(Path(sqlite_url.removeprefix("sqlite:///")), "section")
        wait_until(lambda: count(events, "worker_trouble"), "it to be told")
        with pytest.raises(StoreError, match="restore a backup"):
            newsroom.put(title="没收下")
        assert newsroom.client.get("/feeds/macro.rss").status_code == 200
        assert "damaged" in str(newsroom.runtime.checks())
        parts = ("net", "survey")
        wait_until(lambda: all(count(events, "worker_trouble", part=part) for part in parts), "each part to tell")
        told = told_of(events)
        assert len(told) == len(set(told))


def damage(file: Path, table: str) -> None:
    """Overwrite the first page of a table."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    with file.open("r+b") as opened:
        opened.seek((root - 1) * page_bytes)
        opened.write(b"\xa5" * page_bytes)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version = 1")  # so that nobody goes on with the pages that he has read


def test_two_workers_by_mistake_on_one_folder_and_database(sqlite_url: str, tmp_path: Path) -> None:
    with newsroom_on(sqlite_url, tmp_path / "site", now) as newsroom:
        config = newsroom.runtime.settings.path
        with watching(config, net_seconds=0.2), watching(config, net_seconds=0.2) as second:
            for number in range(8):
                newsroom.put(external_id=f"a{number % 3}", title=f"第{number}稿")
            wait_until(lambda: shows(newsroom, "第7稿"), "the last")
            second.kill()
            second.wait()
            newsroom.put(title="还在")
            wait_until(lambda: shows(newsroom, "还在", "all"), "the other one to go on")
            wait_until(lambda: is_well(newsroom), "all to be well")
        assert len(newsroom.runtime.store.list_articles()) == 4


def test_a_section_that_hangs_in_the_worker_itself(
    sqlite_url: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The others are made meanwhile; when its time is up the process ends, and the next one makes it."""
    impatient = CONFIG.replace("wait: 120s", "feed: 3s")
    with newsroom_on(sqlite_url, tmp_path / "site", now, impatient) as newsroom:
        config = newsroom.runtime.settings.path
        with watching(config, net_seconds=0.2) as worker:
            with newsroom.runtime.folder.lock("macro"):
                newsroom.put(title="卡住")
                newsroom.put(title="照常", sections=("finance",))
                wait_until(lambda: shows(newsroom, "照常", "finance"), "another section")
                assert worker.wait(DEADLINE_SECONDS) == 1
            assert not shows(newsroom, "卡住")
        assert read_hung(newsroom.runtime.folder.path) == {"macro": 1}
        said = capfd.readouterr().err
        assert said.count("section_hung") == 1
        assert "macro" in said.partition("section_hung")[2]
        with watching(config):
            assert shows(newsroom, "卡住")
            assert is_well(newsroom)
            wait_until(lambda: not read_hung(newsroom.runtime.folder.path), "it to be forgotten")


@contextmanager
def cut_off(server: Any, user: str) -> Iterator[None]:
    """Whoever comes as this user is not let in, and whoever is in is thrown out."""
    server.run(f"ALTER ROLE {user} NOLOGIN")
    server.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{user}'")
    try:
        yield
    finally:
        server.run(f"ALTER ROLE {user} LOGIN")


def test_a_replica_that_is_cut_off_and_comes_back(postgres_server: Any, postgres_url: str, tmp_path: Path) -> None:
    user = f"replica_{make_url(postgres_url).database}"
    postgres_server.run(f"CREATE ROLE {user} LOGIN SUPERUSER")
    url = make_url(postgres_url).set(username=user).render_as_string(hide_password=False)
    with ExitStack() as stack:
        here = stack.enter_context(newsroom_on(postgres_url, tmp_path / "here", now))
        there = stack.enter_context(newsroom_on(url, tmp_path / "there", now))
        stack.enter_context(working(here))
        events = stack.enter_context(working(there))
        here.put(external_id="a1", title="第一稿")
        wait_until(lambda: shows(there, "第一稿"), "the replica")
        with cut_off(postgres_server, user):
            here.put(external_id="a1", title="第二稿")
            wait_until(lambda: shows(here, "第二稿"), "who is not cut off")
            wait_until(lambda: count(events, "store_unavailable"), "it to be told")
            assert there.client.get("/healthz").get_json()["status"] == "degraded"
            assert there.client.get("/feeds/macro.rss").status_code == 200
            assert shows(there, "第一稿")
        wait_until(lambda: shows(there, "第二稿"), "the replica to catch up")
        wait_until(lambda: is_well(here) and is_well(there), "all to be well")
        assert texts(there.runtime) == texts(here.runtime)
        assert mtime(there.runtime) == mtime(here.runtime)
        assert count(events, "store_unavailable") == 1
    postgres_server.run(f"DROP ROLE {user}")


def test_a_machine_that_is_gone_without_a_word_is_noticed_unless_the_url_says_otherwise(postgres_url: str) -> None:
    url = make_url(postgres_url).update_query_dict({"keepalives_idle": "7"})
    with closing(Store.open(url)) as store, store._database.read() as connection:
        driven: Any = connection.connection.driver_connection
        said = driven.info.get_parameters()
    assert (said["keepalives_idle"], said["keepalives_count"], said["tcp_user_timeout"]) == ("7", "3", "30000")


def test_all_connections_in_use(postgres_store: Store) -> None:
    pool: Any = postgres_store._database._engine.pool
    pool._timeout = 0.1
    with ExitStack() as stack:
        for _ in range(pool.size() + pool._max_overflow):
            stack.enter_context(postgres_store.reading())
        with pytest.raises(StoreUnavailableError, match="all connections are in use"):
            postgres_store.ping()
    postgres_store.ping()
