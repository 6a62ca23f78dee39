from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue

import pytest

from examples import SECTIONS, SITE
from feedsvc.config import Server, Settings
from feedsvc.model import Schedule
from feedsvc.timetable import Timetable
from service import DEADLINE_SECONDS

Ticks = SimpleQueue[tuple[str, ...]]


def settings(**schedules: Schedule) -> Settings:
    macro = SECTIONS["macro"]
    sections = {slug: replace(macro, slug=slug, title=slug, schedule=each) for slug, each in schedules.items()}
    everything = replace(macro, slug="all", schedule=Schedule(every_seconds=86_400))
    return Settings(
        path=Path("config.yaml"),
        digest="",
        site=SITE,
        sections=sections,
        database_url="sqlite://",
        feeds_dir=Path("feeds"),
        server=Server(),
        everything=everything,
    )


@pytest.fixture
def ticks() -> Ticks:
    return SimpleQueue()


@pytest.fixture
def timetable(ticks: Ticks) -> Iterator[Timetable]:
    timetable = Timetable(ticks.put)
    timetable.start()
    yield timetable
    timetable.stop()


def test_sections_with_the_same_schedule_come_together(timetable: Timetable, ticks: Ticks) -> None:
    second = Schedule(every_seconds=1)
    timetable.plan(settings(macro=second, finance=second, science=Schedule(every_seconds=3600)))
    assert ticks.get(timeout=DEADLINE_SECONDS) == ("macro", "finance")
    assert ticks.get(timeout=DEADLINE_SECONDS) == ("macro", "finance")


def test_ticks_are_aligned_to_the_wall_clock(timetable: Timetable) -> None:
    before = datetime.now(UTC)
    timetable.plan(settings(macro=Schedule(every_seconds=900)))
    next_run = datetime.fromisoformat(timetable.next_runs()["macro"])
    assert next_run.timestamp() % 900 == 0
    assert before < next_run <= datetime.now(UTC) + timedelta(seconds=900)


def test_cron_lines_count_in_the_sites_time_zone(timetable: Timetable) -> None:
    timetable.plan(settings(macro=Schedule(cron="30 6 * * mon")))
    next_run = datetime.fromisoformat(timetable.next_runs()["macro"])
    assert SITE.timezone == "Asia/Shanghai"
    assert (next_run.hour, next_run.minute, next_run.weekday()) == (22, 30, 6)


def test_a_new_plan_replaces_the_old_one(timetable: Timetable) -> None:
    timetable.plan(settings(macro=Schedule(every_seconds=900), finance=Schedule(every_seconds=60)))
    assert set(timetable.next_runs()) == {"macro", "finance", "all"}
    timetable.plan(settings(science=Schedule(every_seconds=900)))
    assert set(timetable.next_runs()) == {"science", "all"}


def test_ticks_that_were_missed_come_as_one_however_late(timetable: Timetable, ticks: Ticks) -> None:
    timetable.plan(settings(macro=Schedule(every_seconds=12 * 3600)))
    (job,) = [job for job in timetable._scheduler.get_jobs() if job.args == (("macro",),)]
    # As after a sleep of the machine: three were missed, the last of them six hours ago.
    job.modify(next_run_time=datetime.now(UTC) - timedelta(hours=30))
    timetable._scheduler.add_job(ticks.put, args=(("what comes after them",),))
    found = [ticks.get(timeout=DEADLINE_SECONDS) for _ in range(2)]
    assert found == [("macro",), ("what comes after them",)]
    (job,) = [job for job in timetable._scheduler.get_jobs() if job.args == (("macro",),)]
    assert job.next_run_time > datetime.now(UTC)
