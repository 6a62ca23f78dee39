"""Feeds made by processes of their own: whatever becomes of one of them, the others go on and none stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from atwork import working
from engine import newsroom_on, texts
from feedsvc import bulk
from feedsvc.bulk import ENOUGH, open_pool
from feedsvc.config import Bulk, Settings
from feedsvc.jobs import Answer, Job
from feedsvc.pool import GONE, Pool, processes_of
from feedsvc.runtime import now
from newsroom import CONFIG, Newsroom
from service import DEADLINE_SECONDS, FEEDSVC, descendants, is_running, name_of, wait_until

SECTIONS = 34
MANY = "".join(f"  s{number}:\n    title: 第{number}栏\n" for number in range(SECTIONS))
CONFIG_OF_MANY = CONFIG.partition("sections:")[0] + "worker: {processes: 2}\nsections:\n" + MANY


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_on(store_url, tmp_path / "site", now, CONFIG_OF_MANY) as newsroom:
        yield newsroom


@pytest.fixture
def sqlite_newsroom(sqlite_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_on(sqlite_url, tmp_path / "site", now, CONFIG_OF_MANY) as newsroom:
        yield newsroom


@contextmanager
def pool_of(newsroom: Newsroom, processes: int = 2, memory: int = 10**9, **options: Any) -> Iterator[Pool]:
    given = {"deadline_seconds": DEADLINE_SECONDS} | options
    pool = Pool(newsroom.runtime.settings.path, Bulk(processes=processes, memory=memory), **given)
    try:
        yield pool
    finally:
        pool.stop()


def processes(pool: Pool) -> list[int]:
    """Those that render, once they run."""
    return wait_until(lambda: descendants(pool.pid) if len(descendants(pool.pid)) == pool.size else [], "all to run")


def outcome(answer: Answer) -> str:
    assert answer.result is not None, answer
    return answer.result.outcome


@pytest.mark.counts_processes
def test_what_is_asked_for_is_made(newsroom: Newsroom) -> None:
    article = newsroom.put(sections=("s1",))
    with pool_of(newsroom) as pool:
        assert outcome(pool.work(Job("s1"))) == "published"
        assert article.entry_id in texts(newsroom.runtime, "s1")["rss"]
        assert outcome(pool.work(Job("s1"))) == "fresh"
        assert outcome(pool.work(Job("s1", force=True))) == "unchanged"
        (newsroom.runtime.folder.path / "s1.rss.gz").unlink()
        assert pool.work(Job("s1", "mend_twins")) == Answer()
        assert (newsroom.runtime.folder.path / "s1.rss.gz").exists()
        assert pool.work(Job("gone")) == Answer()


def test_what_goes_wrong_is_an_answer(sqlite_newsroom: Newsroom) -> None:
    folder = sqlite_newsroom.runtime.folder.path
    (folder / "s1.rss").mkdir()
    with pool_of(sqlite_newsroom) as pool:
        answer = pool.work(Job("s1"))
        assert answer.error is not None
        assert "a folder stands where a document belongs" in answer.error
        assert answer.is_told
        assert outcome(pool.work(Job("s2"))) == "published"


def test_they_give_way_to_everybody_else(sqlite_newsroom: Newsroom) -> None:
    with pool_of(sqlite_newsroom) as pool:
        mine = os.getpriority(os.PRIO_PROCESS, 0)
        assert {os.getpriority(os.PRIO_PROCESS, pid) for pid in processes(pool)} == {min(mine + 10, 19)}


def in_thread(work: Callable[[], Answer]) -> tuple[Thread, list[Answer]]:
    found: list[Answer] = []
    thread = Thread(target=lambda: found.append(work()))
    thread.start()
    return thread, found


def test_one_that_is_killed_is_replaced_and_the_others_go_on(sqlite_newsroom: Newsroom) -> None:
    with pool_of(sqlite_newsroom) as pool:
        before = processes(pool)
        with sqlite_newsroom.runtime.folder.lock("s1"):
            thread, found = in_thread(lambda: pool.work(Job("s1")))
            victim = wait_until(lambda: waiting_for_lock(before), "one to wait")
            assert outcome(pool.work(Job("s2"))) == "published"
            os.kill(victim or 0, signal.SIGKILL)
            thread.join(DEADLINE_SECONDS)
        assert found == [Answer(error="The process that was making it died (signal 9).", is_told=False)]
        for slug in ("s1", "s3", "s4"):
            assert outcome(pool.work(Job(slug))) == "published"
        assert victim not in processes(pool)


def waiting_for_lock(pids: list[int]) -> int | None:
    """Which of them waits in flock(2)."""
    locks = [line.split() for line in Path("/proc/locks").read_text().splitlines() if "->" in line]
    return next((pid for pid in pids if any(str(pid) in words for words in locks)), None)


def test_one_that_died_while_it_had_nothing_to_do_harms_nobody(sqlite_newsroom: Newsroom) -> None:
    with pool_of(sqlite_newsroom, processes=1) as pool:
        (pid,) = processes(pool)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: processes(pool) != [pid], "another one")
        assert outcome(pool.work(Job("s1"))) == "published"


def test_one_that_hangs_is_ended_and_replaced(sqlite_newsroom: Newsroom) -> None:
    with pool_of(sqlite_newsroom, processes=1) as pool:
        assert outcome(pool.work(Job("s1"))) == "published"
        (pid,) = processes(pool)
        pool._deadline_seconds = 0.5
        with sqlite_newsroom.runtime.folder.lock("s2"):
            answer = pool.work(Job("s2"))
        assert answer == Answer(
            error="The process that was making it took more than 0.5 s and was ended.", is_told=False, has_hung=True
        )
        pool._deadline_seconds = DEADLINE_SECONDS
        assert outcome(pool.work(Job("s2"))) == "published"
        assert processes(pool) != [pid]


def test_one_that_has_taken_up_too_much_memory_is_replaced(sqlite_newsroom: Newsroom) -> None:
    with pool_of(sqlite_newsroom, processes=1, memory=1) as pool:
        (first,) = processes(pool)
        assert outcome(pool.work(Job("s1"))) == "published"
        wait_until(lambda: processes(pool) != [first], "another one")
        assert outcome(pool.work(Job("s2"))) == "published"


@pytest.mark.counts_processes
def test_a_pool_whose_foreman_is_gone_says_so_and_leaves_nobody(sqlite_newsroom: Newsroom) -> None:
    with pool_of(sqlite_newsroom) as pool:
        pids = processes(pool)
        os.kill(pool.pid, signal.SIGKILL)
        wait_until(pool.is_lost, "it to be noticed")
        wait_until(lambda: not any(map(is_running, pids)), "all to end")
        assert pool.work(Job("s1")) == Answer(error=GONE)


OWNER = """
import sys, time
from pathlib import Path
from feedsvc.config import Bulk
from feedsvc.jobs import Job
from feedsvc.pool import Pool
pool = Pool(Path(sys.argv[1]), Bulk(processes=2), deadline_seconds=300)
pool.work(Job("s1"))
print(pool.pid, flush=True)
time.sleep(3600)
"""


def test_a_pool_whose_owner_is_killed_ends(sqlite_newsroom: Newsroom) -> None:
    command = [sys.executable, "-c", OWNER, str(sqlite_newsroom.runtime.settings.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as owner:
        assert owner.stdout is not None
        foreman = int(owner.stdout.readline())
        wait_until(lambda: len(descendants(foreman)) == 2, "both its processes")
        pids = [foreman, *descendants(foreman)]
        owner.kill()
    wait_until(lambda: not any(map(is_running, pids)), "all to end")


def test_as_many_as_there_are_cores_unless_it_is_said() -> None:
    assert processes_of(Bulk()) == len(os.sched_getaffinity(0))
    assert processes_of(Bulk(processes=0)) == 0
    assert processes_of(Bulk(processes=7)) == 7


# the worker


def named(events: list[Any], event: str) -> list[Any]:
    return [each for each in events if each["event"] == event]


def is_all_live(newsroom: Newsroom) -> bool:
    return not newsroom.runtime.regenerator.stale(newsroom.runtime.settings)


def test_very_many_are_made_by_a_pool_that_ends_afterwards(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_MOMENT_SECONDS", 0.0)
    monkeypatch.setattr(bulk, "_IDLE_SECONDS", 0.5)
    with working(newsroom, open_pool=open_pool) as events:
        wait_until(lambda: named(events, "pool_started"), "a pool")
        wait_until(lambda: is_all_live(newsroom), "all to be made")
        wait_until(lambda: named(events, "pool_stopped"), "it to end")
        pid = named(events, "pool_started")[0]["pid"]
        wait_until(lambda: not is_running(pid), "its processes to end")
        # What the pool makes it logs itself, in another process.
        assert len(named(events, "section_published")) < SECTIONS


def test_few_start_no_pool(sqlite_newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_MOMENT_SECONDS", 0.0)
    sqlite_newsroom.regenerate()
    with working(sqlite_newsroom, open_pool=open_pool) as events:
        for number in range(ENOUGH - 2):
            sqlite_newsroom.put(sections=(f"s{number}",))
        wait_until(lambda: is_all_live(sqlite_newsroom), "all to be live")
        assert named(events, "pool_started") == []


def test_news_and_withdrawals_overtake_what_the_pool_is_at(
    sqlite_newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "_MOMENT_SECONDS", 0.0)
    newsroom = sqlite_newsroom
    with ExitStack() as locks:
        for number in range(SECTIONS - 1):
            locks.enter_context(newsroom.runtime.folder.lock(f"s{number}"))
        with working(newsroom, open_pool=open_pool) as events:
            wait_until(lambda: named(events, "pool_started"), "a pool")
            article = newsroom.put(sections=(f"s{SECTIONS - 1}",))
            wait_until(
                lambda: article.entry_id in texts(newsroom.runtime, f"s{SECTIONS - 1}").get("rss", ""), "the news"
            )
            locks.close()
            wait_until(lambda: is_all_live(newsroom), "the others")


def test_a_lost_pool_is_told_and_the_worker_goes_on_alone(
    sqlite_newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "_MOMENT_SECONDS", 0.0)
    monkeypatch.setattr(bulk, "_PAUSE_SECONDS", 3600.0)  # before it opens another one

    def open_and_lose(settings: Settings) -> Pool:
        pool = open_pool(settings)
        os.kill(pool.pid, signal.SIGKILL)
        return pool

    with working(sqlite_newsroom, open_pool=open_and_lose) as events:
        wait_until(lambda: named(events, "pool_lost"), "it to be told")
        wait_until(lambda: is_all_live(sqlite_newsroom), "all to be live")
        assert len(named(events, "pool_started")) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_worker(sqlite_newsroom: Newsroom, number: int) -> None:
    newsroom = sqlite_newsroom
    with ExitStack() as locks:
        for slug in newsroom.runtime.settings.feeds:
            locks.enter_context(newsroom.runtime.folder.lock(slug))
        command = [*FEEDSVC, "--config", str(newsroom.runtime.settings.path), "worker"]
        with subprocess.Popen(command) as process:
            pids = wait_until(
                lambda: found if len(found := descendants(process.pid)) == 5 else [],
                "worker, nursery, foreman, two processes",
            )
            wait_until(lambda: waiting_for_lock(pids), "them to be at work")
            began = time.monotonic()
            process.send_signal(number)
            process.wait(DEADLINE_SECONDS)
            wait_until(lambda: not any(map(is_running, pids)), "all to end")
            assert time.monotonic() - began < DEADLINE_SECONDS / 2


@pytest.mark.parametrize("is_killed", [False, True], ids=["nursery", "nursery-gone"])
def test_a_worker_forks_its_pool_or_starts_it_anew(sqlite_newsroom: Newsroom, is_killed: bool, tmp_path: Path) -> None:
    """And either goes by config.yaml as it is by then."""
    newsroom, log = sqlite_newsroom, tmp_path / "log"
    config = newsroom.runtime.settings.path
    many = config.read_text("utf-8")
    config.write_text(many.replace(MANY, "  few: {title: 几栏}\n"), "utf-8")
    command = [*FEEDSVC, "--config", str(config), "worker"]
    with log.open("w") as out, subprocess.Popen(command, stderr=out) as process:
        try:
            wait_until(newsroom.runtime.has_worker, "the worker")
            (nursery,) = [pid for pid in descendants(process.pid) if name_of(pid) == "feedsvc-nursery"]
            if is_killed:
                os.kill(nursery, signal.SIGKILL)
            with ExitStack() as locks:  # so that the worker has not made them all before a pool is worth it
                for number in range(SECTIONS):
                    locks.enter_context(newsroom.runtime.folder.lock(f"s{number}"))
                config.write_text(many, "utf-8")
                wait_until(lambda: "pool_started" in log.read_text(), "a pool")
            wait_until(lambda: is_all_live(newsroom), "all to be live")
            process.terminate()
            assert process.wait(DEADLINE_SECONDS) == 0
        finally:
            process.kill()
    assert log.read_text().count("nursery_lost") == is_killed
    assert "pool_lost" not in log.read_text()


def test_how_far_it_is_shows(sqlite_newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_MOMENT_SECONDS", 0.0)
    newsroom = sqlite_newsroom
    assert newsroom.runtime.status()["progress"] is None
    with closing(ExitStack()) as locks:
        for number in range(SECTIONS):
            locks.enter_context(newsroom.runtime.folder.lock(f"s{number}"))
        with working(newsroom, open_pool=open_pool):
            progress = wait_until(lambda: newsroom.runtime.status()["progress"], "it to be told")
            assert progress["waiting"] >= SECTIONS - 8
            locks.close()
            wait_until(lambda: is_all_live(newsroom), "all to be live")
    assert newsroom.runtime.status()["progress"] is None
