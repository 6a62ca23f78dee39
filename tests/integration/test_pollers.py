"""Counts of polls last: from the front into the feeds folder, over the end of processes and of days."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from feedsvc.config import load
from feedsvc.errors import OutputError
from feedsvc.model.polling import Counts
from feedsvc.output import KEPT_DAYS, LARGEST_TALLY, OwnFile, PollerFiles
from feedsvc.output.pollers import _locked
from feedsvc.web import create_app, keep_report_card
from newsroom import CONFIG, Newsroom, open_newsroom
from service import wait_until

TODAY = date(2026, 3, 2)
READER = ("203.0.113.0/24", "Reader/1")
ONE = {READER: Counts(polls=1, bodies=1, body_bytes=7, gaps={1: 1}, subscribers={"/feeds/macro.rss": 3})}


@pytest.fixture
def files(tmp_path: Path) -> PollerFiles:
    return PollerFiles(tmp_path / "feeds")


@pytest.fixture
def newsroom(tmp_path: Path, clock: object, sqlite_url: str) -> Iterator[Newsroom]:
    with open_newsroom(tmp_path, clock) as newsroom:  # type: ignore[arg-type]
        newsroom.put()
        newsroom.regenerate()
        yield newsroom


def polls_of(files: PollerFiles, day: date = TODAY) -> int:
    return sum(counts.polls for counts in files.read(day).get(day, {}).values())


def test_what_is_written_is_read(files: PollerFiles) -> None:
    assert files.read(TODAY) == {}
    own = files.open_own()
    own.save({TODAY: ONE})
    assert files.read(TODAY) == {TODAY: ONE}
    own.save({TODAY: {READER: Counts(polls=9)}})
    assert files.read(TODAY) == {TODAY: {READER: Counts(polls=9)}}


def test_only_the_owner_reads_it(files: PollerFiles, tmp_path: Path) -> None:
    own = files.open_own()
    own.save({TODAY: ONE})
    own.put_away({TODAY: ONE})
    folder = tmp_path / "feeds" / ".pollers"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_processes_that_ended_are_gathered_and_those_that_live_are_not(files: PollerFiles, tmp_path: Path) -> None:
    ended, killed, alive = files.open_own(), files.open_own(), files.open_own()
    for own in (ended, killed, alive):
        own.save({TODAY: ONE})
    ended.close()
    os.close(killed._lock)  # as the kernel does
    killed._path.with_name(f".tmp.{killed._path.name}").write_text("{")
    assert polls_of(files) == 3
    late = files.open_own()
    names = {path.name for path in (tmp_path / "feeds" / ".pollers").iterdir()}
    assert names == {
        "before.json", "before.lock", f"{alive._path.stem}.json", f"{alive._path.stem}.lock", f"{late._path.stem}.lock",
    }  # fmt: skip
    assert polls_of(files) == 3


def test_a_lock_that_is_taken_away_while_it_is_waited_for_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "0123456789ab.lock"
    with ThreadPoolExecutor() as pool:
        with _locked(path):
            opening = pool.submit(OwnFile, tmp_path, path.stem)
            waits = re.compile(rf"-> FLOCK .*:{path.stat().st_ino} ")
            wait_until(lambda: waits.search(Path("/proc/locks").read_text("ascii")), "somebody who waits for it")
            path.unlink()
        own = opening.result()
    assert path.stat().st_ino == os.fstat(own._lock).st_ino
    with pytest.raises(BlockingIOError), _locked(path, wait=False):
        pass


def test_a_crash_while_gathering_counts_nothing_twice(files: PollerFiles, tmp_path: Path) -> None:
    killed = files.open_own()
    killed.save({TODAY: ONE})
    kept = killed._path.read_bytes()
    os.close(killed._lock)
    files.gather()
    killed._path.write_bytes(kept)  # it was not yet deleted
    assert polls_of(files) == 1
    files.gather()
    assert polls_of(files) == 1
    assert not killed._path.exists()


def test_days_are_forgotten(files: PollerFiles, tmp_path: Path) -> None:
    own = files.open_own()
    for day in range(20):
        own.put_away({TODAY - timedelta(days=20 - day): ONE})
    own.save({TODAY: ONE})
    assert sorted(files.read(TODAY)) == [TODAY - timedelta(days=day) for day in reversed(range(KEPT_DAYS))]
    assert files.read(TODAY + timedelta(days=30)) == {}
    lying = json.loads((tmp_path / "feeds" / ".pollers" / "before.json").read_text())
    assert len(lying["days"]) == KEPT_DAYS


def test_the_size_is_bounded(files: PollerFiles, tmp_path: Path) -> None:
    own = files.open_own()
    long = "读" * 200
    for part in range(3):
        rows = {(f"10.{part}.{number % 256}.0/24", f"{number}{long}"): Counts(polls=1) for number in range(900)}
        own.put_away({TODAY: rows})
    assert len(files.read(TODAY)[TODAY]) == LARGEST_TALLY
    assert polls_of(files) == 2_700
    assert (tmp_path / "feeds" / ".pollers" / "before.json").stat().st_size < LARGEST_TALLY * 1_500


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"days": 7}', '{"days": {"2026-03-02": [["a", "b", {"polls": "x"}]]}}', '{"days": {"x": []}}',
     '{"days": {"2026-03-02": [["a"]]}, "taken": 7}', "[" * 100_000, "\x00\xff"],
)  # fmt: skip
def test_a_broken_file_stops_nothing(files: PollerFiles, tmp_path: Path, content: str) -> None:
    own = files.open_own()
    folder = tmp_path / "feeds" / ".pollers"
    (folder / "before.json").write_text(content, "latin-1")
    (folder / "0123456789ab.json").write_text(content, "latin-1")
    own.save({TODAY: ONE})
    assert files.read(TODAY) == {TODAY: ONE}
    own.put_away({TODAY: ONE})
    own.close()
    assert polls_of(files) == 2


def test_a_deleted_folder_comes_back(files: PollerFiles, tmp_path: Path) -> None:
    own = files.open_own()
    shutil.rmtree(tmp_path / "feeds")
    own.save({TODAY: ONE})
    assert (tmp_path / "feeds" / ".pollers").stat().st_mode & 0o777 == 0o700
    files.gather()  # it lives
    own.save({TODAY: {READER: Counts(polls=2)}})
    assert polls_of(files) == 2
    shutil.rmtree(tmp_path / "feeds")
    (tmp_path / "feeds").write_text("in the way")
    for _ in range(2):
        with pytest.raises(OutputError):
            own.save({TODAY: ONE})
    (tmp_path / "feeds").unlink()
    own.put_away({TODAY: ONE})
    assert polls_of(files) == 1
    shutil.rmtree(tmp_path / "feeds")
    own.close()


def test_a_file_in_the_way_is_told(files: PollerFiles, tmp_path: Path) -> None:
    (tmp_path / "feeds").write_text("")
    with pytest.raises(OutputError):
        files.open_own()


def test_every_poll_of_a_newsroom_is_kept_and_none_waits_for_the_database(newsroom: Newsroom) -> None:
    keeper = keep_report_card(newsroom.app)
    files = PollerFiles(newsroom.runtime.folder.path)
    newsroom.runtime.store.close()
    shutil.move(newsroom.runtime.folder.path.parent / "feedsvc.db", newsroom.runtime.folder.path.parent / "away.db")
    client = newsroom.client
    who = {"environ_base": {"REMOTE_ADDR": "203.0.113.7"}}
    whole = client.get("/feeds/macro.rss", headers={"User-Agent": "Reader/1", "Accept-Encoding": "gzip"}, **who)
    plain = client.get("/feeds/macro.rss", headers={"User-Agent": "Reader/1"}, **who)
    for _ in range(3):
        client.get(
            "/feeds/macro.rss", headers={"User-Agent": "Reader/1", "If-None-Match": plain.headers["ETag"]}, **who
        )
    client.head("/feeds/macro.rss", headers={"User-Agent": "Reader/1"}, **who)
    client.get("/feeds/nothing.rss", headers={"User-Agent": "Reader/1"}, **who)
    client.get("/healthz", headers={"User-Agent": "Reader/1"}, **who)
    keeper.write()
    counts = files.read(newsroom.runtime.clock().date())[newsroom.runtime.clock().date()][READER]
    assert (counts.polls, counts.unchanged, counts.bodies, counts.plain, counts.missed) == (7, 3, 2, 1, 1)
    assert counts.body_bytes == len(whole.get_data()) + len(plain.get_data())
    assert counts.conditional == 3
    keeper.stop()
    assert files.read(newsroom.runtime.clock().date())[newsroom.runtime.clock().date()][READER] == counts
    keeper.stop()


def test_who_asks_at_an_old_address_is_counted(tmp_path: Path, clock: Callable[[], datetime], sqlite_url: str) -> None:
    config = CONFIG.replace("    aliases: [宏觀]\n", "    aliases: [宏觀]\n    old_urls: [/feed/]\n")
    with open_newsroom(tmp_path, clock, config) as newsroom:
        keeper = keep_report_card(newsroom.app)
        assert newsroom.client.get("/feed/").status_code == 301
        keeper.stop()
        today = newsroom.runtime.clock().date()
        (counts,) = PollerFiles(newsroom.runtime.folder.path).read(today)[today].values()
        assert (counts.polls, counts.moved, counts.bodies) == (1, 1, 0)


def test_an_unwritable_folder_costs_no_count(newsroom: Newsroom, clock: object) -> None:
    keeper = keep_report_card(newsroom.app)
    path = newsroom.runtime.folder.path / ".pollers"
    path.write_text("in the way")
    newsroom.client.get("/feeds/macro.rss")
    keeper.write()
    newsroom.client.get("/feeds/macro.rss")
    keeper.write()
    path.unlink()
    keeper.write()
    files = PollerFiles(newsroom.runtime.folder.path)
    assert polls_of(files, newsroom.runtime.clock().date()) == 2
    keeper.stop()


def test_at_midnight_a_day_is_put_away(newsroom: Newsroom, clock: object) -> None:
    keeper = keep_report_card(newsroom.app)
    first = newsroom.runtime.clock().date()
    newsroom.client.get("/feeds/macro.rss")
    keeper.write()
    clock.set(datetime(2026, 3, 3, 0, 0, 10, tzinfo=UTC))  # type: ignore[attr-defined]
    newsroom.client.get("/feeds/macro.rss")
    keeper.write()
    keeper.write()
    found = PollerFiles(newsroom.runtime.folder.path).read(date(2026, 3, 3))
    assert {day: [counts.polls for counts in tally.values()] for day, tally in found.items()} == {
        first: [1], date(2026, 3, 3): [1],
    }  # fmt: skip
    keeper.stop()


def limited_newsroom(newsroom: Newsroom, server: str) -> Newsroom:
    """The same site, served under other settings."""
    newsroom.runtime.settings.path.write_text(f"{CONFIG}server: {server}\n", "utf-8")
    newsroom.runtime.source.refresh()
    app = create_app(newsroom.runtime)
    return Newsroom(newsroom.runtime, app, app.test_client())


def test_who_fetches_too_much_is_told_to_ask_better(newsroom: Newsroom) -> None:
    client = limited_newsroom(newsroom, "{documents_per_hour: 2}").client
    tag = client.get("/feeds/macro.rss").headers["ETag"]
    assert client.get("/feeds/macro.atom").status_code == 200
    refused = client.get("/feeds/macro.rss")
    assert refused.status_code == 429
    assert 1 < int(refused.headers["Retry-After"]) <= 1800
    assert client.get("/feeds/macro.rss", headers={"If-None-Match": tag}).status_code == 304
    assert client.head("/feeds/macro.rss").status_code == 200
    assert client.get("/feeds/nothing.rss").status_code == 404
    assert client.get("/").status_code == 200
    other = client.get("/feeds/macro.rss", environ_base={"REMOTE_ADDR": "203.0.113.9"})
    assert other.status_code == 200
    forged = {"X-Forwarded-For": "203.0.113.10"}
    assert client.get("/feeds/macro.rss", headers=forged).status_code == 429


def test_behind_a_proxy_each_client_has_a_budget_of_its_own(newsroom: Newsroom) -> None:
    newsroom = limited_newsroom(newsroom, "{documents_per_hour: 1, trusted_proxies: 1}")
    keeper = keep_report_card(newsroom.app)

    def ask(forwarded: str) -> int:
        return newsroom.client.get("/feeds/macro.rss", headers={"X-Forwarded-For": forwarded}).status_code

    assert [ask("203.0.113.1"), ask("203.0.113.2"), ask("203.0.113.1")] == [200, 200, 429]
    assert ask("203.0.113.9, 203.0.113.2") == 429
    assert [ask("2001:db8:1:1::1"), ask("2001:db8:1:1::2"), ask("2001:db8:1:2::1")] == [200, 429, 200]
    keeper.write()
    today = newsroom.runtime.clock().date()
    tally = PollerFiles(newsroom.runtime.folder.path).read(today)[today]
    assert {network: counts.polls for (network, _), counts in tally.items()} == {
        "203.0.113.0/24": 4,
        "2001:db8:1::/48": 3,
    }
    keeper.stop()


def test_server_settings_are_read(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"{CONFIG}server: {{trusted_proxies: 2, documents_per_hour: 600}}\n", "utf-8")
    server = load(path).server
    assert (server.trusted_proxies, server.documents_per_hour) == (2, 600)
