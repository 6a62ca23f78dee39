"""A time as feeds in the wild write it -> RFC 3339 as the gate reads it; what means two things is asked, not guessed.

RFC 822 §5 with years of four digits (RSS 2.0), RFC 3339 (Atom, Dublin Core), a day alone, and the times of Chinese
sites, 2024年1月1日 8:05. feedparser would read `CST` as America's, which on a Chinese site is fourteen hours off, and
make another day of a Chinese date.
"""

from __future__ import annotations

import re
from datetime import datetime, tzinfo

from feedsvc.ingest.report import Report
from feedsvc.ingest.times import EXAMPLE

_MONTHS = {
    name: str(number) for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)
}
_RFC822 = re.compile(
    r"(?:[A-Za-z]{3,9}\.?,?\s+)?(\d{1,2})[\s-]+([A-Za-z]{3})[a-z]*\.?,?[\s-]+(\d{4}|\d{2})"
    r"(?:\s+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?(?:\s*([+-]\d{2}:?\d{2}|[A-Za-z]{1,5}))?",
    re.ASCII,
)
_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}.*", re.ASCII)
_LOCAL = re.compile(
    r"(?:(?:星期|周|週)[一二三四五六日天][,，]?\s*)?(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*+日?"
    r"(?:[\sT]*+(\d{1,2})[:：时時](\d{1,2})(?:[:：分](\d{1,2})秒?|分)?)?\s*+(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_UNIVERSAL = frozenset({"GMT", "UTC", "UT", "Z"})
_AMERICAN = {"EST": "-05:00", "EDT": "-04:00", "MST": "-07:00", "MDT": "-06:00", "PST": "-08:00", "PDT": "-07:00"}
"""RFC 822 §5.1, without CST and CDT, which are China's, too."""

_TURN_OF_CENTURY = 50
"""RFC 2822 §4.3: a year of two digits below it is of this century."""


def spell_time(report: Report, field: str, given: str, zone: tzinfo | None) -> str | None:
    """Give it as RFC 3339, without an offset where it names none; None where it was refused.

    `zone` is the time zone of the site: a zone that is told by letters alone is believed where they are its own.
    """
    text = " ".join(given.split())
    if _RFC3339.fullmatch(text):
        return text
    month: str | None = None
    if match := _RFC822.fullmatch(text):
        day, name, year, hour, minute, second, offset = match.groups()
        month = _MONTHS.get(name.lower())
    elif match := _LOCAL.fullmatch(text):
        year, month, day, hour, minute, second, offset = match.groups()
    if match is None or month is None:
        report.refuse(field, given, f"is no time that feeds write: mend it in the file, such as {EXAMPLE}")
        return None
    if hour is None:
        report.note(field, "is a day without a time: midnight is assumed", "warning")
    date = f"{_four_digits(year)}-{int(month):02}-{int(day):02}"
    local = f"{date}T{int(hour or 0):02}:{int(minute or 0):02}:{int(second or 0):02}"
    found = _read_zone(report, field, local, offset, zone)
    return None if found is None else local + found


def _four_digits(year: str) -> str:
    if len(year) > 2:  # noqa: PLR2004 - a year in two digits
        return year
    return f"{20 if int(year) < _TURN_OF_CENTURY else 19}{year}"


def _read_zone(report: Report, field: str, local: str, offset: str | None, zone: tzinfo | None) -> str | None:
    """The offset, '' where the site's own zone holds; None where nobody could know, and it was refused."""
    name = (offset or "").upper()
    if name in _UNIVERSAL or name == "-0000":
        return "Z"
    if not name or name[0] in "+-":
        return name
    if zone is not None and name == _name_of(zone, local):
        report.note(field, f"is in {name}, which is read as the {name} of {zone}", "warning")
        return ""
    if name in _AMERICAN:
        report.note(field, f"is in {name}, which is read as RFC 822 has it, {_AMERICAN[name]}")
        return _AMERICAN[name]
    several = " means America's (-06:00) in RFC 822 and China's (+08:00) in China" if name == "CST" else " is ambiguous"
    report.refuse(
        field, f"{local} {name}", f"{name}{several}: name the zone it was meant in with --timezone, as Asia/Shanghai"
    )
    return None


def _name_of(zone: tzinfo, local: str) -> str | None:
    try:
        return datetime.fromisoformat(local).replace(tzinfo=zone).tzname()
    except (ValueError, OverflowError):
        return None  # no possible time, which the gate says
