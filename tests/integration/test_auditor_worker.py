"""The audit in the worker: it heals by itself, keeps within its share, keeps nobody waiting, and stops."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from auditing import auditor_of, flip, is_quiet, overwrite, tell
from engine import newsroom_on
from feedsvc import allowance, rota
from feedsvc import auditor as auditor_module
from feedsvc.allowance import FULL_SECONDS, Allowance
from feedsvc.auditor import Auditor
from feedsvc.cases import Case
from feedsvc.runtime import now
from feedsvc.scheduler import Worker
from newsroom import CONFIG, Newsroom
from service import DEADLINE_SECONDS, wait_until


@pytest.fixture
def newsroom(sqlite_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_on(sqlite_url, tmp_path / "site", now, f"{CONFIG}audit_cpu: 50\n") as newsroom:
        for number in range(3):
            newsroom.put(title=f"第{number}篇")
        newsroom.regenerate()
        yield newsroom


@pytest.fixture
def worker(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """One that begins a round as soon as one has ended."""
    monkeypatch.setattr(rota, "ROUND", now() - now())
    worker = Worker(newsroom.runtime)
    worker.start()
    yield worker
    worker.stop()
    assert not worker._auditor._thread.is_alive()


def test_what_no_stat_tells_is_healed_by_itself(newsroom: Newsroom, worker: Worker) -> None:
    runtime = newsroom.runtime
    path = runtime.folder.path / "macro.json"
    wait_until(lambda: runtime.status()["audit"]["waiting"] == 0, "all to be audited")
    right = path.read_bytes()
    with runtime.folder.lock("macro"):  # for a moment its time is another, which the worker may see
        overwrite(path, flip)
    wait_until(lambda: path.read_bytes() == right, "the document to be healed")
    wait_until(lambda: runtime.status()["audit"]["alarms"], "the alarm to be told")
    wait_until(lambda: all(check.name != "audit" for check in runtime.checks()), "it to be over")


def test_what_goes_live_is_audited(newsroom: Newsroom, worker: Worker) -> None:
    runtime = newsroom.runtime
    article = newsroom.put(title="新的一篇")
    folder = runtime.folder.path
    wait_until(lambda: article.entry_id in (folder / "macro.rss").read_text(), "it to go live")

    def is_kept() -> bool:
        with suppress(FileNotFoundError):  # the one before, which has just gone
            return any(article.entry_id in each.read_text() for each in (folder / ".audited").glob("macro.rss.*"))
        return False

    wait_until(is_kept, "it to be audited")


class Counting:
    """A worker's documents, as they are looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looked_at = 0
        examine_next = Case.examine_next

        def examine(case: Case) -> None:
            self.looked_at += 1
            examine_next(case)

        monkeypatch.setattr(Case, "examine_next", examine)


class Clock:
    """Stands still but for what is waited and what the thread takes."""

    def __init__(self) -> None:
        self.waited = 0.0

    def __call__(self) -> float:
        return self.waited + time.thread_time()


def run_for(auditor: Auditor, clock: Clock, seconds: float) -> float:
    """The processor time that it took."""
    began, before = clock(), time.thread_time()
    while clock() < began + seconds:
        clock.waited += auditor.step()
    return time.thread_time() - before


@pytest.mark.parametrize("quiet", [is_quiet, lambda: False], ids=["nothing waits", "something always waits"])
def test_it_keeps_within_its_share_and_is_not_starved(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, quiet: Callable[[], bool]
) -> None:
    """Half of four seconds, though there is always something to do. Without a share it would take them all."""
    monkeypatch.setattr(rota, "ROUND", now() - now())
    monkeypatch.setattr(auditor_module, "_IDLE_SECONDS", 0.01)
    monkeypatch.setattr(allowance, "FULL_SECONDS", 0.1)
    counting, clock = Counting(monkeypatch), Clock()
    auditor = Auditor(newsroom.runtime, quiet, Allowance(clock, time.thread_time))
    tell(auditor, newsroom.runtime)
    taken = run_for(auditor, clock, 4.0)
    assert counting.looked_at >= 3
    assert taken < 3.0


def test_while_something_waits_only_what_could_not_be_saved_up_is_taken(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = True
    counting, clock = Counting(monkeypatch), Clock()
    auditor = Auditor(newsroom.runtime, lambda: not waiting, Allowance(clock, time.thread_time))
    tell(auditor, newsroom.runtime)
    run_for(auditor, clock, FULL_SECONDS)
    assert counting.looked_at == 0
    waiting = False
    run_for(auditor, clock, FULL_SECONDS)
    assert counting.looked_at > 0


def test_a_fault_of_the_worker_to_come_does_not_end_the_thread(newsroom: Newsroom) -> None:
    auditor = auditor_of(newsroom.runtime)
    with capture_logs() as events:
        auditor.start()
        wait_until(lambda: auditor._marks is not None, "it to begin")
        auditor.stop(DEADLINE_SECONDS)
    assert not auditor._thread.is_alive()
    assert [each for each in events if each["event"] == "audit_trouble"] == []


def test_it_stops_in_the_midst_of_a_rest(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditor_module, "_IDLE_SECONDS", 3600.0)
    auditor = auditor_of(newsroom.runtime)
    auditor.start()
    wait_until(lambda: auditor._marks is not None, "it to begin")
    auditor.stop(DEADLINE_SECONDS)
    assert not auditor._thread.is_alive()
    assert newsroom.runtime.status()["audit"]["limit_percent"] == 50


def test_the_worker_waits_for_no_audit_that_hangs(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feedsvc.scheduler._STOP_SECONDS", 0.2)
    hangs: list[Any] = []

    def hang(_: Case) -> None:
        hangs.append(1)
        with newsroom.runtime.folder.lock("held"):
            pass

    monkeypatch.setattr(Case, "examine_next", hang)
    worker = Worker(newsroom.runtime)
    with newsroom.runtime.folder.lock("held"):
        worker.start()
        wait_until(lambda: hangs, "it to hang")
        worker.stop()
        assert worker._auditor._thread.is_alive()
    wait_until(lambda: not worker._auditor._thread.is_alive(), "it to end")
