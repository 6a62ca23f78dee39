"""Lengths of time and cron lines, as config.yaml writes them; and how long a feed may be kept for fresh."""

from __future__ import annotations

import re
import zlib
from datetime import UTC, datetime, tzinfo
from functools import lru_cache

from apscheduler.triggers.cron import CronTrigger

from feedsvc.config.hints import HintedError
from feedsvc.model import Schedule

DURATION_PATTERN = "^([0-9]{1,8}d)?([0-9]{1,8}h)?([0-9]{1,8}m)?([0-9]{1,8}s)?$"
CRON_PATTERN = r"^\s*\S+(\s+\S+){4}\s*$"
YEAR_SECONDS = 365 * 86_400

_UNIT_SECONDS = (86_400, 3_600, 60, 1)
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_WEEKDAY_PART = re.compile(r"(?:\*|(?P<first>[a-z]{3}|[0-7])(?:-(?P<last>[a-z]{3}|[0-7]))?)(?:/(?P<step>[1-7]))?")

# A Monday; any fixed instant would do, so that every process comes to the same number.
_REFERENCE = datetime(2024, 1, 1, tzinfo=UTC)


def read_duration(text: str) -> int:
    """Seconds of `90s`, `15m`, `1h30m`, `1d`. Raises ValueError."""
    parts = re.fullmatch(DURATION_PATTERN, text)
    if parts is None or not text:
        raise ValueError(text)
    return sum(int(part[:-1]) * unit for part, unit in zip(parts.groups(), _UNIT_SECONDS, strict=True) if part)


@lru_cache(maxsize=4096)
def read_cron(line: str) -> str:
    """Five fields as APScheduler understands them. Raises ValueError, also for a date that never comes.

    APScheduler 3 counts weekdays from Monday, crontab(5) from Sunday: the line that leaves here names them.
    """
    if not line.isascii():
        raise ValueError("only digits and letters of ASCII")
    *fields, weekdays = line.split()
    canonical = " ".join([*fields, _name_weekdays(weekdays.lower())])
    if CronTrigger.from_crontab(canonical, UTC).get_next_fire_time(None, _REFERENCE) is None:
        raise HintedError("Such a day never comes.")
    return canonical


@lru_cache(maxsize=4096)
def schedule_gap(schedule: Schedule, zone: tzinfo) -> int:
    """Seconds between two runs: the first two after a fixed instant, where they differ."""
    if schedule.cron is None:
        assert schedule.every_seconds is not None
        return schedule.every_seconds
    trigger = CronTrigger.from_crontab(schedule.cron, zone)
    first = trigger.get_next_fire_time(None, _REFERENCE)
    second = trigger.get_next_fire_time(first, first)
    # By timestamp: the difference of two times in one zone ignores its changes of offset.
    return min(int(second.timestamp() - first.timestamp()), YEAR_SECONDS)


def spread(seconds: int, slug: str) -> int:
    """Up to a tenth longer, always the same for a slug: clients that came together do not all come back together."""
    return seconds + zlib.crc32(slug.encode()) % (seconds // 10 + 1)


def _name_weekdays(field: str) -> str:
    """`1-5` -> `mon,tue,wed,thu,fri`; 0 and 7 are Sunday (crontab(5)), `fri-mon` goes over the weekend."""
    if field == "*":
        return field
    days: set[int] = set()
    for part in field.split(","):
        match = _WEEKDAY_PART.fullmatch(part)
        if match is None:
            raise ValueError(part)
        first, last, step = match["first"], match["last"], match["step"]
        start = _weekday(first) if first else 0
        end = _weekday(last) if last else start if first and not step else 6
        days.update(day % 7 for day in range(start, end + 1 if end >= start else end + 8, int(step or 1)))
    return ",".join(_WEEKDAYS[day] for day in sorted(days))


def _weekday(word: str) -> int:
    """ValueError for a word that is no day."""
    return int(word) if word.isdigit() else _WEEKDAYS.index(word)
