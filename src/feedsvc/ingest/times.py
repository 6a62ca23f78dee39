"""A time as people write it -> an instant in UTC, whole seconds; a length of time -> seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

from feedsvc.ingest.bounds import FIRST_YEAR, LAST_YEAR
from feedsvc.ingest.report import Report

EXAMPLE = "2022-10-24T09:32:31+08:00"

# RFC 3339 §5.6, and from ISO 8601 the time without seconds and the offset without colon or minutes.
_TIME = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})([.,]\d{1,20})?)?[ ]?([Zz]|[+-]\d{2}(?::?\d{2})?)?",
    re.ASCII,
)
_DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}", re.ASCII)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
_CLOCK = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,4}):)?(\d{1,9})", re.ASCII)
_LEAP_SECOND = 60
_SIXTY = 60
_DAY_MINUTES = 24 * 60


def read_time(report: Report, field: str, given: str, naive_timezone: tzinfo | None) -> datetime | None:
    """Read an RFC 3339 time (or ISO 8601 with offset); None when it was refused.

    Without zone it is read in `naive_timezone`, with a note, or refused where that is None. Fractions of a second are
    dropped, a leap second is the one before it, both with a note.
    """
    match = _TIME.fullmatch(given.strip())
    if match is None:
        report.refuse(field, given, _explain(given))
        return None
    year, month, day, hour, minute = (int(part) for part in match.groups()[:5])
    second = int(match[6] or 0)
    try:
        naive = datetime(year, month, day, hour, minute, min(second, 59) if second <= _LEAP_SECOND else second)  # noqa: DTZ001 - the zone comes next
    except ValueError as error:
        report.refuse(field, given, f"is no possible time: {error}")
        return None
    zone = match[8]
    if zone is None and naive_timezone is None:
        report.refuse(field, given, f"has no time zone: add the offset from UTC, such as {EXAMPLE}, or Z")
        return None
    try:
        instant = _to_utc(naive, zone, naive_timezone)
    except (OverflowError, ValueError):
        report.refuse(field, given, f"must lie in the years {FIRST_YEAR} to {LAST_YEAR}, its offset within 24 hours")
        return None
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        report.refuse(field, given, f"must lie in the years {FIRST_YEAR} to {LAST_YEAR}")
        return None
    if zone is None:
        report.note(field, f"has no time zone: read in {naive_timezone} as {write_time(instant)}")
    if match[7] and match[7].strip(".,0"):
        report.note(field, "fractions of a second were dropped")
    if second == _LEAP_SECOND:
        report.note(field, "the leap second became the second before it")
    return instant


def write_time(instant: datetime) -> str:
    """Write it as RFC 3339 in UTC: `2022-10-24T01:32:31Z`."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def read_clock(value: object) -> object:
    """Read `1:02:03`, `62:03` or `3723` as 3723 seconds; anything else stays what it is."""
    match = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return value
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    if (match[2] and seconds >= _SIXTY) or (match[1] and minutes >= _SIXTY):
        return value
    return (hours * 60 + minutes) * 60 + seconds


def _to_utc(naive: datetime, zone: str | None, naive_timezone: tzinfo | None) -> datetime:
    if zone is None:
        return naive.replace(tzinfo=naive_timezone).astimezone(UTC).replace(microsecond=0)
    if zone in {"Z", "z"}:
        return naive.replace(tzinfo=UTC)
    digits = zone[1:].replace(":", "").ljust(4, "0")
    offset = int(digits[:2]) * 60 + int(digits[2:])
    if offset >= _DAY_MINUTES or int(digits[2:]) >= 60:  # noqa: PLR2004 - minutes of an hour
        raise ValueError(zone)
    ahead = timedelta(minutes=offset if zone[0] == "+" else -offset)
    return (naive - ahead).replace(tzinfo=UTC)


def _explain(given: str) -> str:
    text = given.strip()
    if _DATE.fullmatch(text):
        return f"is a date without a time: add time and zone, such as {EXAMPLE}"
    if _NUMBER.fullmatch(text):
        return f"is a number: write the time as RFC 3339, such as {EXAMPLE}"
    return f"is not an RFC 3339 time, such as {EXAMPLE}"
