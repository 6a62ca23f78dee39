"""When each section's schedule comes round, by APScheduler."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from feedsvc.config import Settings
from feedsvc.model import Schedule

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Timetable:
    """APScheduler with one job a schedule; `due` is called with the slugs that share it, from a thread of its own.

    Ticks are aligned to the wall clock, so that a restart moves none; missed ones come as one, however late.
    """

    def __init__(self, due: Callable[[tuple[str, ...]], None]) -> None:
        self._due = due
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._slugs: dict[str, tuple[str, ...]] = {}

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=False)

    def plan(self, settings: Settings) -> None:
        """Replace the jobs by those of these settings."""
        shared: defaultdict[Schedule, list[str]] = defaultdict(list)
        for slug, section in settings.feeds.items():
            shared[section.schedule].append(slug)
        self._scheduler.remove_all_jobs()
        self._slugs = {}
        for schedule, slugs in shared.items():
            job = self._scheduler.add_job(
                self._due, _trigger(schedule, ZoneInfo(settings.site.timezone)), args=(tuple(slugs),)
            )
            self._slugs[job.id] = tuple(slugs)

    def moments(self) -> tuple[tuple[str, datetime | None], ...]:
        """What `next_runs` follows from: as long as this stays, so do they."""
        return tuple((job.id, job.next_run_time) for job in self._scheduler.get_jobs())

    def next_runs(self) -> dict[str, str]:
        """Slug -> when its schedule comes round next, ISO 8601 in UTC."""
        return {
            slug: at
            for job in self._scheduler.get_jobs()
            if job.next_run_time is not None
            for at in [job.next_run_time.astimezone(UTC).isoformat().replace("+00:00", "Z")]
            for slug in self._slugs[job.id]
        }


def _trigger(schedule: Schedule, zone: ZoneInfo) -> Any:
    if schedule.cron is not None:
        return CronTrigger.from_crontab(schedule.cron, timezone=zone)
    return IntervalTrigger(seconds=schedule.every_seconds, start_date=_EPOCH, timezone=UTC)
