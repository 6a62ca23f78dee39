"""The worker as a whole, on a real clock: what goes live when, and what happens when something fails."""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest
from sqlalchemy import make_url
from structlog.testing import capture_logs

from engine import broken_formats, newsroom_on, regenerator, temp_names, texts
from feedsvc import archive, backlog, publish, scheduler, watch
from feedsvc.config import Settings
from feedsvc.delivery import finish
from feedsvc.errors import RenderError, StoreError
from feedsvc.feed.formats import Format
from feedsvc.hands import HANDS
from feedsvc.model import Feed, State
from feedsvc.runtime import Runtime, now
from feedsvc.scheduler import Worker
from feedsvc.survey import Survey
from newsroom import CONFIG, Newsroom
from service import DEADLINE_SECONDS, FEEDSVC, wait_until
from watching import NEVER

ON_SCHEDULE = CONFIG.replace("    limit: 3\n", "    on_change: false\n    schedule: {every: 1h}\n")

Open = Callable[..., AbstractContextManager[Newsroom]]


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_on(store_url, tmp_path / "site", now) as newsroom:
        yield newsroom


@pytest.fixture
def sqlite_newsroom(sqlite_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_on(sqlite_url, tmp_path / "site", now) as newsroom:
        yield newsroom


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same worker, with pauses so short that tests need not sit them out."""
    monkeypatch.setattr(watch, "SURVEY_SECONDS", 0.5)
    monkeypatch.setattr(watch, "SURVEY_SHARE", 0)
    monkeypatch.setattr(backlog, "FIRST_PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(scheduler, "_ARCHIVES_STEP_BACK_SECONDS", 1.0)
    monkeypatch.setattr(scheduler, "_STOP_SECONDS", DEADLINE_SECONDS)  # a busy machine keeps nobody from ending


@contextmanager
def working(newsroom: Newsroom) -> Iterator[tuple[Worker, list[Any]]]:
    """A worker at work, everything live, and the events it logs from then on."""
    worker = Worker(newsroom.runtime)
    with capture_logs() as events:
        worker.start()
        try:
            wait_until(lambda: not newsroom.runtime.regenerator.stale(newsroom.runtime.settings), "all to be live")
            yield worker, events
        except AssertionError as error:
            error.add_note("\n".join(map(str, events)))
            raise
        finally:
            worker.stop()


def shows(newsroom: Newsroom, slug: str, text: str) -> bool:
    found = texts(newsroom.runtime, slug)
    return len(found) > 1 and all(text in each for each in found.values())


def named(events: list[Any], event: str) -> list[Any]:
    return [each for each in events if each["event"] == event]


def test_a_change_goes_live_by_itself(newsroom: Newsroom) -> None:
    with working(newsroom) as (_, events):
        newsroom.put(external_id="a1", title="雾中码头")
        for slug in ("macro", "economy", "all"):
            wait_until(partial(shows, newsroom, slug, "雾中码头"), f"{slug} to show it")
        newsroom.put(external_id="a1", title="雾散了")
        wait_until(lambda: shows(newsroom, "macro", "雾散了"), "the correction")
        (event,) = named(events, "worker_started")
        assert event["sections"] == 5
        assert {each["slug"] for each in named(events, "section_published")} >= {"macro", "economy", "all"}
    assert named(events, "worker_stopped") == [{"event": "worker_stopped", "log_level": "info", "abandoned": []}]


def test_changes_that_come_thick_and_fast_are_never_dated_ahead(sqlite_newsroom: Newsroom) -> None:
    """RFC 9110 §8.8.2.1: a Last-Modified in the future must not be sent."""
    newsroom = sqlite_newsroom
    with working(newsroom):
        for number in range(4):
            newsroom.put(external_id="a1", title=f"第{number}稿")
            wait_until(partial(shows, newsroom, "macro", f"第{number}稿"), "the draft")
            modified = newsroom.client.head("/feeds/macro.rss").last_modified
            assert modified is not None
            assert modified <= now()


def test_a_scheduled_article_appears_at_its_time_and_not_before(newsroom: Newsroom) -> None:
    with working(newsroom) as (_, events):
        at = now().replace(microsecond=0) + timedelta(seconds=3)
        article = newsroom.put(title="定时", published=at)
        newsroom.put(title="马上", sections=("finance",))
        wait_until(lambda: shows(newsroom, "finance", "马上"), "another section to be made in the meantime")
        assert article.entry_id not in texts(newsroom.runtime)["rss"] or now() >= at
        wait_until(lambda: shows(newsroom, "macro", article.entry_id), "its time")
        assert now() >= at
        told = [(each["article_id"], each["sections"]) for each in named(events, "article_went_live")]
        # Its time may have come before it was stored, where the disk is slow.
        assert told == ([(article.id, ["macro"])] if article.state is State.SCHEDULED else [])


def test_a_section_on_schedule_waits_but_not_with_a_withdrawal(sqlite_url: str, tmp_path: Path) -> None:
    with newsroom_on(sqlite_url, tmp_path / "site", now, ON_SCHEDULE) as newsroom, working(newsroom):
        first = newsroom.put(title="第一篇")
        wait_until(lambda: shows(newsroom, "all", first.entry_id), "the feed of everything")
        assert not shows(newsroom, "macro", first.entry_id)
        assert "macro" in newsroom.runtime.regenerator.stale(newsroom.runtime.settings)
        twin = newsroom.runtime.folder.path / "macro.rss.gz"
        twin.unlink()
        wait_until(twin.exists, "a compressed form to be made at once, of what is live")
        assert not shows(newsroom, "macro", first.entry_id)
        (newsroom.runtime.folder.path / "macro.rss").unlink()
        wait_until(lambda: shows(newsroom, "macro", first.entry_id), "what is missing to be made at once")
        second = newsroom.put(title="第二篇")
        publish.withdraw(newsroom.runtime.store, now, first.id)
        wait_until(lambda: shows(newsroom, "macro", second.entry_id), "the withdrawal to be published")
        assert first.entry_id not in texts(newsroom.runtime)["rss"]


def test_a_section_on_schedule_is_made_when_it_comes_round(sqlite_url: str, tmp_path: Path) -> None:
    config = ON_SCHEDULE.replace("every: 1h", "every: 2s")
    with newsroom_on(sqlite_url, tmp_path / "site", now, config) as newsroom, working(newsroom):
        article = newsroom.put()
        wait_until(lambda: shows(newsroom, "macro", article.entry_id), "its schedule to come round")


def test_a_slow_section_delays_no_other(newsroom: Newsroom) -> None:
    with working(newsroom) as (worker, _):
        with newsroom.runtime.folder.lock("macro"):
            slow = newsroom.put(title="慢")
            fast = newsroom.put(title="快", sections=("finance",))
            wait_until(lambda: shows(newsroom, "finance", fast.entry_id), "the other section")
            wait_until(lambda: worker._hands.busy == {"macro"}, "the slow one to be at work alone")
            again = newsroom.put(title="又来")
            wait_until(lambda: shows(newsroom, "all", again.entry_id), "the feed of everything")
            assert slow.entry_id not in texts(newsroom.runtime)["rss"]
        wait_until(lambda: shows(newsroom, "macro", again.entry_id), "the slow one, made again for what came since")


def test_who_is_live_keeps_nobody_waiting_for_the_slow_twin(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_released = threading.Event()

    def finish_late(folder: Any, documents: Any, *others: Any) -> Any:
        if documents[0].slug == "macro":
            is_released.wait()
        return finish(folder, documents, *others)

    with working(newsroom) as (worker, _):
        monkeypatch.setattr("feedsvc.hands.TURN_SECONDS", NEVER)
        monkeypatch.setattr("feedsvc.regenerate.finish", finish_late)
        try:
            first = newsroom.put(title="先")
            wait_until(lambda: shows(newsroom, "macro", first.entry_id), "the first")
            second = newsroom.put(title="后", sections=("finance",))
            wait_until(lambda: shows(newsroom, "finance", second.entry_id), "the second")
            assert "macro" in worker._hands.busy
            assert not (newsroom.runtime.folder.path / "macro.rss.br").exists()
        finally:
            is_released.set()
        wait_until((newsroom.runtime.folder.path / "macro.rss.br").exists, "the slow twin")


def test_no_more_hands_than_there_are(sqlite_url: str, tmp_path: Path) -> None:
    sections = "".join(f"  s{number}:\n    title: 第{number}栏\n" for number in range(HANDS + 2))
    config = CONFIG.partition("sections:")[0] + "sections:\n" + sections
    with newsroom_on(sqlite_url, tmp_path / "site", now, config) as newsroom, working(newsroom) as (worker, _):
        locks = [newsroom.runtime.folder.lock(f"s{number}") for number in range(HANDS)]
        for lock in locks:
            lock.__enter__()
        article = newsroom.put(sections=tuple(f"s{number}" for number in range(HANDS + 2)))
        wait_until(lambda: len(worker._hands.busy) == HANDS, "all hands to be at work")
        for lock in locks:
            lock.__exit__(None, None, None)
        for number in range(HANDS + 2):
            wait_until(partial(shows, newsroom, f"s{number}", article.entry_id), f"s{number}")


def broken_macro(feed: Feed, render: Callable[[Feed], bytes]) -> bytes:
    if feed.slug == "macro":
        raise RenderError("rss", None, "nothing works here")
    return render(feed)


def use(runtime: Runtime, formats: dict[str, Format] | Any) -> None:
    runtime.regenerator = regenerator(runtime, formats)


def test_a_blocked_section_is_told_once_tried_again_and_recovers(newsroom: Newsroom) -> None:
    with working(newsroom) as (worker, events):
        use(newsroom.runtime, broken_formats(render=broken_macro))
        article = newsroom.put(sections=("macro", "finance"))
        wait_until(lambda: shows(newsroom, "finance", article.entry_id), "the other section")
        wait_until(lambda: worker._seen.waiting.failures.get("macro"), "the failure to be noted")
        first = worker._seen.waiting.failures["macro"]
        wait_until(lambda: worker._seen.waiting.failures["macro"].pause_seconds > first.pause_seconds, "a second try")
        assert len(named(events, "section_blocked")) == 1
        assert named(events, "section_failed") == []
        use(newsroom.runtime, broken_formats())
        newsroom.put(title="什么都行")  # something moved: it is tried at once
        wait_until(lambda: shows(newsroom, "macro", article.entry_id), "it to recover")
        wait_until(lambda: "macro" not in worker._seen.waiting.failures, "the failure to be forgotten")


def test_a_fault_of_ours_in_one_section_is_told_with_its_place(sqlite_newsroom: Newsroom) -> None:
    class Faulty:
        def __init__(self, runtime: Runtime) -> None:
            self._regenerator = runtime.regenerator

        def __getattr__(self, name: str) -> Any:
            return getattr(self._regenerator, name)

        def regenerate(self, settings: Any, slug: str, **options: Any) -> Any:
            if slug == "macro":
                raise ZeroDivisionError("odd")
            if slug == "economy":
                raise StoreError("refused")
            return self._regenerator.regenerate(settings, slug, **options)

    newsroom = sqlite_newsroom
    with working(newsroom) as (worker, events):
        newsroom.runtime.regenerator = Faulty(newsroom.runtime)  # type: ignore[assignment]
        article = newsroom.put()
        wait_until(lambda: shows(newsroom, "all", article.entry_id), "the others")
        wait_until(lambda: {"macro", "economy"} <= set(worker._seen.waiting.failures), "both to fail")

        def is_tried_again() -> bool:  # on the minute its schedule may come round, which forgets of the first try
            failure = worker._seen.waiting.failures.get("macro")
            return failure is not None and failure.pause_seconds > backlog.FIRST_PAUSE_SECONDS

        wait_until(is_tried_again, "a second try")
        told = {each["slug"]: each for each in named(events, "section_failed")}
        assert len(named(events, "section_failed")) == 2
        assert isinstance(told["macro"]["exc_info"], ZeroDivisionError)
        assert (told["economy"]["error"], told["economy"]["exc_info"]) == ("refused", None)


def test_a_changed_config_is_taken_over_and_a_bad_one_refused_once(newsroom: Newsroom) -> None:
    path = newsroom.runtime.settings.path
    good = path.read_text()
    with working(newsroom) as (worker, events):
        path.write_text(good.replace("  science:", "  arts:\n    title: 艺术\n  science:"))
        worker.refresh_now()
        wait_until(lambda: texts(newsroom.runtime, "arts"), "the new section")
        (event,) = named(events, "config_accepted")
        assert event["sections"] == 6
        path.write_text("site: [")
        wait_until(lambda: named(events, "config_refused"), "the refusal")
        article = newsroom.put(sections=("finance",))
        wait_until(lambda: shows(newsroom, "finance", article.entry_id), "work to go on")
        path.write_text(good.replace("  science:\n    title: Science & Sea\n    language: en\n", ""))
        wait_until(lambda: len(named(events, "config_accepted")) == 2, "the mended config")
        wait_until(lambda: not {"science", "arts"} & set(newsroom.runtime.folder.slugs()), "what went to be removed")
        assert len(named(events, "config_refused")) == 1
        assert set(worker._timetable.next_runs()) == {"macro", "finance", "economy", "all"}


def test_left_overs_are_cleared_away_at_the_start(newsroom: Newsroom) -> None:
    newsroom.regenerate()
    folder = newsroom.runtime.folder.path
    # Of a section that nobody regenerates any more, since regenerating one clears up after it, too.
    (folder / ".tmp.science.rss").touch()
    path = newsroom.runtime.settings.path
    path.write_text(path.read_text().replace("  science:\n    title: Science & Sea\n    language: en\n", ""))
    with working(newsroom) as (_, events):
        wait_until(lambda: "science" not in newsroom.runtime.folder.slugs(), "the old section to go")
        # Files on their way come and go meanwhile: index.opml is written anew without the section.
        wait_until(lambda: not temp_names(folder), "left-overs to be gone")
        assert [event["files"] for event in named(events, "left_overs_swept")] == [1]


def test_clearing_away_that_fails_is_tried_again(sqlite_newsroom: Newsroom) -> None:
    newsroom = sqlite_newsroom
    newsroom.regenerate()
    temp = newsroom.runtime.folder.path / ".tmp.macro.rss"
    temp.mkdir()
    with working(newsroom) as (worker, _):
        wait_until(lambda: worker._seen.waiting.failures, "it to fail")
        temp.rmdir()
        temp.touch()
        wait_until(lambda: not temp.exists(), "it to be tried again")


def test_the_heartbeat_says_when_each_section_comes_next(newsroom: Newsroom) -> None:
    with working(newsroom):
        runtime = newsroom.runtime
        wait_until(lambda: runtime.store.heartbeats().get(runtime.folder_id), "a heartbeat")
        _, next_runs = runtime.store.heartbeats()[runtime.folder_id]
        assert set(next_runs) == set(runtime.settings.feeds)
        assert all(each.endswith(":00Z") for each in next_runs.values())
        wait_until(lambda: all(check.ok for check in runtime.checks()), "all to be well")
        assert runtime.status()["worker"]["alive"]


def test_nothing_happens_while_nothing_changes(newsroom: Newsroom) -> None:
    with working(newsroom) as (worker, events):
        wait_until(lambda: not worker._hands.busy and not worker._seen.waiting, "all to be done")
        surveyed_at = worker._seen.surveyed_at
        worker.refresh_now()
        wait_until(lambda: worker._seen.surveyed_at > surveyed_at, "a look at everything")
        published = len(named(events, "section_published"))
        surveyed_at = worker._seen.surveyed_at
        worker.refresh_now()
        wait_until(lambda: worker._seen.surveyed_at > surveyed_at, "another look")
        wait_until(lambda: not worker._hands.busy, "all to be done again")
        assert len(named(events, "section_published")) == published


def test_what_a_survey_found_missing_while_it_was_made_waits_no_longer(sqlite_newsroom: Newsroom) -> None:
    runtime = sqlite_newsroom.runtime
    seen = watch.Watch(runtime, net_seconds=3600)
    order = seen.order_survey()
    assert order is not None
    found = runtime.regenerator.survey(order.settings)
    seen.note_survey(order, found, 0.0)
    stale = seen.waiting.take((), time.monotonic())
    assert stale is not None
    assert stale.is_missing
    runtime.regenerator.regenerate(runtime.settings, stale.slug)
    seen.note_survey(order, found, 0.0)  # another, which had looked before that
    assert stale.slug in seen.waiting
    seen.note_made(stale.slug)
    seen.look_at_changes()
    assert stale.slug not in seen.waiting


def test_a_survey_that_waits_puts_off_no_other(sqlite_newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    regenerator = sqlite_newsroom.runtime.regenerator
    survey = regenerator.survey

    def wait_and_survey(settings: Settings) -> Survey:
        until = time.monotonic() + 1
        wait_until(lambda: time.monotonic() > until, "a second to be over")
        return survey(settings)

    monkeypatch.setattr(regenerator, "survey", wait_and_survey)
    worker = Worker(sqlite_newsroom.runtime)
    worker._order_survey()
    assert worker._surveys.get(timeout=DEADLINE_SECONDS).cpu_seconds < 0.5


def test_a_deleted_file_comes_back(newsroom: Newsroom) -> None:
    with working(newsroom):
        (newsroom.runtime.folder.path / "macro.atom").unlink()
        (newsroom.runtime.folder.path / "index.opml").unlink()
        wait_until(lambda: set(texts(newsroom.runtime)) == {"rss", "atom", "json"}, "the document")
        wait_until(lambda: texts(newsroom.runtime, "index"), "the list")


# the database goes away


@contextmanager
def away(server: Any, url: str) -> Iterator[None]:
    name = make_url(url).database
    server.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    server.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    try:
        yield
    finally:
        server.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def test_a_database_that_goes_away_is_told_once_and_found_again(
    postgres_server: Any, postgres_url: str, tmp_path: Path
) -> None:
    with newsroom_on(postgres_url, tmp_path / "site", now) as newsroom, working(newsroom) as (worker, events):
        with away(postgres_server, postgres_url):
            wait_until(lambda: named(events, "store_unavailable"), "it to be noticed")
            wait_until(lambda: worker._store_pause_seconds > 1, "several tries")
            assert not all(check.ok for check in newsroom.runtime.checks())
        wait_until(lambda: named(events, "worker_recovered"), "it to be found again")
        article = newsroom.put()
        wait_until(lambda: shows(newsroom, "macro", article.entry_id), "work to go on")
        assert len(named(events, "store_unavailable")) == 1


def test_a_worker_may_start_before_the_database(postgres_server: Any, postgres_url: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"{CONFIG}database: '{postgres_url}'\n")
    with away(postgres_server, postgres_url):
        runtime = Runtime.open(path, environ={}, migrate=False)
        worker = Worker(runtime)
        with capture_logs() as events:
            worker.start()
            wait_until(lambda: named(events, "store_unavailable"), "it to be missed")
    try:
        wait_until(lambda: runtime.folder.stat("all", "rss"), "the feeds")
    finally:
        worker.stop()
        runtime.close()


def test_trouble_in_one_part_leaves_the_others(sqlite_newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    newsroom = sqlite_newsroom

    def fail() -> NoReturn:
        raise ZeroDivisionError("odd")

    with working(newsroom) as (_, events):
        with monkeypatch.context() as patch:
            patch.setattr(newsroom.runtime.store, "next_due", fail)
            article = newsroom.put()
            wait_until(lambda: shows(newsroom, "macro", article.entry_id), "work to go on")
            wait_until(lambda: named(events, "worker_trouble"), "it to be told")
        wait_until(lambda: named(events, "worker_recovered"), "it to be over")
        (event,) = named(events, "worker_trouble")
        assert (event["part"], event["error"]) == ("promotion", "odd")
        assert isinstance(event["exc_info"], ZeroDivisionError)


def test_a_section_taken_out_while_it_waited_is_dropped(sqlite_newsroom: Newsroom) -> None:
    newsroom = sqlite_newsroom
    worker = Worker(newsroom.runtime)
    settings = newsroom.runtime.settings
    rest = {slug: section for slug, section in settings.sections.items() if slug != "science"}
    newsroom.runtime.source.current = replace(settings, sections=rest)
    assert worker._regenerate("science") is None


# the end


def test_one_that_hangs_does_not_keep_the_worker_from_stopping(
    sqlite_newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "_STOP_SECONDS", 1.0)
    newsroom = sqlite_newsroom
    with newsroom.runtime.folder.lock("macro"):
        worker = Worker(newsroom.runtime)
        with capture_logs() as events:
            worker.start()
            wait_until(lambda: worker._hands.busy == {"macro"}, "it to hang")
            worker.stop()  # while the lock is still held
        assert named(events, "worker_stopped")[0]["abandoned"] == ["macro"]
    wait_until(lambda: threading.active_count() == 1 or not hands(), "the thread to end")


def hands() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("feedsvc-hand")]


def test_run_forever_ends_with_its_event(sqlite_newsroom: Newsroom) -> None:
    ended = threading.Event()
    worker = Worker(sqlite_newsroom.runtime)
    thread = threading.Thread(target=worker.run_forever, args=(ended,))
    thread.start()
    wait_until(lambda: texts(sqlite_newsroom.runtime, "all"), "it to work")
    ended.set()
    thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_is_told_to_end_ends(sqlite_url: str, tmp_path: Path, number: int) -> None:
    with newsroom_on(sqlite_url, tmp_path / "site", now) as newsroom:
        config = newsroom.runtime.settings.path
        environ = {**os.environ, "FEEDSVC_LOG": "json"}
        command = [*FEEDSVC, "--config", str(config), "worker"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, env=environ, encoding="utf-8")
        try:
            wait_until(lambda: texts(newsroom.runtime, "all"), "it to work")
            config.write_text(config.read_text().replace("  science:", "  arts:\n    title: 艺术\n  science:"))
            process.send_signal(signal.SIGHUP)
            wait_until(lambda: texts(newsroom.runtime, "arts"), "the new section")
            process.send_signal(number)
            _, said = process.communicate(timeout=DEADLINE_SECONDS)
        finally:
            process.kill()
    assert process.returncode == 0, said
    assert '"event": "worker_stopped"' in said
    assert "Traceback" not in said


def test_signals_of_the_main_thread(sqlite_newsroom: Newsroom) -> None:
    newsroom = sqlite_newsroom
    worker = Worker(newsroom.runtime)

    def send() -> None:
        wait_until(lambda: texts(newsroom.runtime, "all"), "it to work")
        surveyed_at = worker._seen.surveyed_at
        os.kill(os.getpid(), signal.SIGHUP)
        wait_until(lambda: worker._seen.surveyed_at > surveyed_at, "a look at everything")
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=send)
    thread.start()
    worker.run_forever(threading.Event())
    thread.join()
    assert not worker._watch.is_alive()


def test_signals_are_left_as_they_were(sqlite_newsroom: Newsroom) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    ended = threading.Event()
    ended.set()
    Worker(sqlite_newsroom.runtime).run_forever(ended)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)] == before


def test_archives_follow_by_themselves(sqlite_newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was lost while nobody looked, what is altered in its place, and what becomes stale, one after the other."""
    monkeypatch.setattr(archive, "ARCHIVE_ENTRIES", 4)
    runtime = sqlite_newsroom.runtime
    articles = [sqlite_newsroom.put(title=f"第{number}篇") for number in range(15)]
    shelf = runtime.folder.path / "macro/archive"

    def is_done() -> bool:
        return not runtime.regenerator.survey(runtime.settings).archives and len(list(shelf.glob("*.atom"))) == 3

    with working(sqlite_newsroom) as (_, events):
        wait_until(is_done, "all archives")
        assert [each["number"] for each in named(events, "archive_published")] == [3, 2, 1]
        right = (shelf / "2.atom").read_bytes()
        (shelf / "2.atom").unlink()
        wait_until((shelf / "2.atom").exists, "the lost one")
        assert (shelf / "2.atom").read_bytes() == right
        publish.withdraw(runtime.store, now, articles[0].id)
        wait_until(lambda: articles[0].entry_id.encode() not in (shelf / "1.atom").read_bytes(), "the withdrawal")
        wait_until(is_done, "all to be noted")
    altered = right.replace(b"\xe7\xac\xac", b"\xe4\xb8\x8d")
    with (shelf / "2.atom").open("r+b") as file:
        file.write(altered)
    later = (shelf / "2.atom").stat().st_mtime + 5  # all of this may have happened within one second
    os.utime(shelf / "2.atom", (later, later))
    assert is_done()
    with working(sqlite_newsroom):
        wait_until(lambda: (shelf / "2.atom").read_bytes() == right, "the altered one")


def put_in_the_way(folder: Path) -> bool:
    """A file instead of the folder; False where the worker, which makes it anew, came in between."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(IsADirectoryError):
        folder.write_text("in the way")
    return folder.is_file()


def test_archives_that_fail_are_told_once_and_tried_again(
    sqlite_newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = sqlite_newsroom.runtime
    for number in range(5):
        sqlite_newsroom.put(title=f"第{number}篇")
    with working(sqlite_newsroom) as (_, events):
        wait_until(lambda: not runtime.regenerator.survey(runtime.settings).archives, "all archives")
        shelf = runtime.folder.path / "macro"
        wait_until(lambda: put_in_the_way(shelf), "a file in its place")
        wait_until(lambda: named(events, "archive_blocked"), "it to be told")
        late = sqlite_newsroom.put(title="照发不误")
        wait_until(lambda: shows(sqlite_newsroom, "macro", late.entry_id), "the news")
        shelf.unlink()
        wait_until((shelf / "archive/1.atom").exists, "the archive")
        wait_until(lambda: not runtime.regenerator.survey(runtime.settings).archives, "all to be well")
    told = [each["error"] for each in named(events, "archive_blocked")]
    assert len(told) == len(set(told)), "each reason once"
