"""Values that every format has: times, addresses, languages, media types. Each check gives what is wrong with a text.

No check ever raises, whatever the text, and each takes time proportional to its length. White space around a value is
part of it: a format that permits it there strips it before.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Collection, Generator, Iterator
from datetime import date, datetime, timedelta

import ada_url
from langcodes import tag_is_valid

from feedsvc.feed.grammar import valuerules as rules
from feedsvc.feed.grammar.rules import Fault

RULES = rules.RULES

WEB = frozenset({"http", "https"})
"""The schemes of what a reader opens."""

ACTIVE_SCHEMES = frozenset({"javascript", "vbscript", "livescript", "data", "blob", "about"})
"""What such an address opens comes out of the feed itself, in the reader's own name."""

_FIRST_YEAR = 1000
_LONGEST_DATE = 100
_LONGEST_IRI = 8_000
_LONGEST_HOST = 255
_LONGEST_TAG = 100
_LONGEST_MEDIA_TYPE = 255
_LONGEST_ADDRESS = 320

_DATE_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})([Tt])([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?"
    r"(?:([Zz])|([+-])([0-9]{2}):([0-9]{2}))?"
)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MAIL_DATE = re.compile(
    rf"(?:({'|'.join(_DAYS)})[ \t]*,[ \t]*)?([0-9]{{1,2}})[ \t]+({'|'.join(_MONTHS)})[ \t]+([0-9]{{4}}|[0-9]{{2}})"
    r"[ \t]+([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?(?:[ \t]+(\S+))?",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"\([^()]*\)")
_OFFSET = re.compile(r"[+-]([0-9]{2})([0-9]{2})")
_GREENWICH = frozenset({"GMT", "UT"})
_ZONE_NAME = re.compile(r"[ECMP][SD]T|[A-IK-Z]", re.IGNORECASE)
"""RFC 822 §5.1; its military letters have the wrong sign (RFC 5322 §4.3)."""

_CENTURY_TURNS = 50
"""Two figures below it are years of this century (RFC 5322 §4.3)."""

_IRI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_NEVER = re.compile(
    r"[\x00-\x20\x7f-\x9f\"<>\\^`{|}\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    # Marks of direction make an address look like another one (RFC 3987 §4.1).
    r"\u200e\u200f\u202a-\u202e\u2066-\u2069]|%(?![0-9A-Fa-f]{2})"
)
_GENERAL_DELIMITER = re.compile(r"[\[\]#]")

_LANGTAG = re.compile(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[a-wy-z0-9](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?"
    r"|x(?:-[a-z0-9]{1,8})+",
    re.IGNORECASE | re.ASCII,
)
_OLD_LANGTAGS = frozenset(
    "en-gb-oed i-ami i-bnn i-default i-enochian i-hak i-klingon i-lux i-mingo i-navajo i-pwn i-tao i-tay i-tsu "
    "sgn-be-fr sgn-be-nl sgn-ch-de".split()
)
"""Registered before the grammar was: RFC 5646 §2.1, "irregular"."""

_NAME = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # noqa: S105  # RFC 9110's word
_MEDIA_TYPE = re.compile(
    rf"({_NAME})/{_NAME}(?:[ \t]*;[ \t]*{_TOKEN}=(?:{_TOKEN}|\"(?:[^\"\\\r\n]|\\[^\r\n])*\"))*", re.ASCII
)
_MEDIA = frozenset("application audio example font haptics image message model multipart text video".split())

_ATOM_TEXT = r"[^\x00-\x20\x7f-\xa0\u3000\ud800-\udfff()<>\[\]:;@\\,.\"]+"
_QUOTED = r"\"(?:[^\x00-\x1f\x7f\ud800-\udfff\\\"]|\\[^\x00-\x1f\x7f\ud800-\udfff])*\""
_ADDRESS = re.compile(
    rf"(?:{_ATOM_TEXT}(?:\.{_ATOM_TEXT})*|{_QUOTED})@(?:{_ATOM_TEXT}(?:\.{_ATOM_TEXT})*|\[[0-9A-Za-z:.]+\])"
)


def check_rfc3339(text: str, *, capitals: bool = False) -> Iterator[Fault]:
    """A date and time with its offset (RFC 3339 §5.6); with `capitals` T and Z must be such, as Atom wants it."""
    found = _DATE_TIME.fullmatch(text) if len(text) <= _LONGEST_DATE else None
    if found is None:
        yield Fault(rules.DATE_FORM, text)
        return
    zulu, sign = found[8], found[9]
    if zulu is None and sign is None:
        yield Fault(rules.DATE_ZONE, text)
    if capitals and (found[4] == "t" or zulu == "z"):
        yield Fault(rules.DATE_CAPITALS, text)
    year, month, day, hour, minute, second = (int(found[number]) for number in (1, 2, 3, 5, 6, 7))
    offset_hours, offset_minutes = int(found[10] or 0), int(found[11] or 0)
    if not (_is_day(year, month, day) and _is_time(offset_hours, offset_minutes, 0)):
        yield Fault(rules.DATE_RANGE, text)
        return
    if year < _FIRST_YEAR:
        yield Fault(rules.DATE_YEAR_EARLY, text)
    offset = timedelta(hours=offset_hours, minutes=offset_minutes) * (-1 if sign == "-" else 1)
    yield from _check_time(text, (year, month, day), (hour, minute, second), offset)


def check_rfc822(text: str) -> Iterator[Fault]:
    """A date and time as RSS wants them: RFC 822 with a year of four figures, and the offset in figures."""
    bare = text
    if "(" in text and len(text) <= _LONGEST_DATE:
        bare = _without_comments(text)
        yield Fault(rules.MAIL_DATE_COMMENT, text)
    found = _MAIL_DATE.fullmatch(bare) if len(bare) <= _LONGEST_DATE else None
    if found is None:
        yield Fault(rules.MAIL_DATE_FORM, text)
        return
    year = int(found[4])
    if len(found[4]) < len("2026"):
        yield Fault(rules.MAIL_DATE_YEAR, text)
        year += 2000 if year < _CENTURY_TURNS else 1900
    month, day = _MONTHS.index(found[3].title()) + 1, int(found[2])
    offset = yield from _check_mail_zone(text, found[8])
    if not _is_day(year, month, day):
        yield Fault(rules.DATE_RANGE, text)
        return
    yield from _check_time(text, (year, month, day), (int(found[5]), int(found[6]), int(found[7] or 0)), offset)
    if year < _FIRST_YEAR:
        yield Fault(rules.DATE_YEAR_EARLY, text)
    elif found[1] and _DAYS[date(year, month, day).weekday()] != found[1].title():
        yield Fault(rules.MAIL_DATE_WEEKDAY, text, expected=_DAYS[date(year, month, day).weekday()])


def check_iri(text: str, *, schemes: Collection[str] | None = None) -> Iterator[Fault]:
    """An absolute IRI, percent-encoded; of these schemes (in lower case), or of any that is not active."""
    found = _IRI.fullmatch(text)
    if found is None:
        yield Fault(rules.IRI_ABSOLUTE, text)
        return
    scheme = found[1].lower()
    if scheme in ACTIVE_SCHEMES and scheme not in (schemes or ()):
        yield Fault(rules.IRI_ACTIVE, text)
        return
    if schemes is not None and scheme not in schemes:
        yield Fault(rules.IRI_SCHEME, text, expected=", ".join(sorted(schemes)))
        return
    if len(text) > _LONGEST_IRI:
        yield Fault(rules.IRI_LENGTH, text, expected=f"at most {_LONGEST_IRI} characters")
    wrong = _NEVER.search(text) or _find_delimiter(text, found)
    if wrong is not None:
        yield Fault(rules.IRI_CHARACTERS, text, f"character {wrong.start() + 1}")
    elif not text.isascii():
        yield Fault(rules.IRI_ASCII, text)
    # The host's rules are ada's, once nothing else is wrong: those of the WHATWG URL standard, as browsers have them.
    if wrong is None and scheme in WEB and not _is_host(found[2]):
        yield Fault(rules.IRI_HOST, text)


def check_language(text: str) -> Iterator[Fault]:
    """A language tag of BCP 47: well-formed, and of registered parts."""
    is_formed = len(text) <= _LONGEST_TAG and (_LANGTAG.fullmatch(text) or text.lower() in _OLD_LANGTAGS)
    if not is_formed:
        yield Fault(rules.LANGUAGE_FORM, text)
    elif not tag_is_valid(text):
        yield Fault(rules.LANGUAGE_KNOWN, text)


def check_media_type(text: str) -> Iterator[Fault]:
    """A media type, with or without parameters (RFC 6838 §4.2, RFC 9110 §8.3.1)."""
    found = _MEDIA_TYPE.fullmatch(text) if len(text) <= _LONGEST_MEDIA_TYPE else None
    if found is None:
        yield Fault(rules.MEDIA_TYPE_FORM, text)
    elif found[1].lower() not in _MEDIA and not found[1].lower().startswith("x-"):
        yield Fault(rules.MEDIA_TYPE_KNOWN, text)


def check_email(text: str) -> Iterator[Fault]:
    """A bare e-mail address (RFC 5322 §3.4.1, addr-spec without comments), with letters beyond ASCII by RFC 6531."""
    if len(text) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(text):
        yield Fault(rules.EMAIL_FORM, text)
    elif not text.isascii():
        yield Fault(rules.EMAIL_ASCII, text)


def _is_day(year: int, month: int, day: int) -> bool:
    # Every 400 years the calendar comes again, and Python's has no year 0.
    return 1 <= month <= len(_MONTHS) and 1 <= day <= monthrange(year or 400, month)[1]


def _is_time(hour: int, minute: int, second: int) -> bool:
    return hour < 24 and minute < 60 and second < 60  # noqa: PLR2004  # a day's own numbers


def _check_time(text: str, day: tuple[int, int, int], time: tuple[int, int, int], offset: timedelta) -> Iterator[Fault]:
    """Is there such a time on this (existing) day? A second 60 stands at the end of June or December in UTC alone."""
    hour, minute, second = time
    if _is_time(*time):
        return
    leap = _is_time(hour, minute, second - 1) and second == 60  # noqa: PLR2004  # likewise
    if leap:
        year, month, number = day
        # Only month, day and time matter, so that any year will do that is as long.
        local = datetime(2000 if monthrange(year or 400, 2)[1] > 28 else 2001, month, number, hour, minute)  # noqa: DTZ001, PLR2004
        utc = local - offset
        leap = (utc.month, utc.day, utc.hour, utc.minute) in {(6, 30, 23, 59), (12, 31, 23, 59)}
    yield Fault(rules.DATE_LEAP if leap else rules.DATE_RANGE, text)


def _without_comments(text: str) -> str:
    """They may lie in each other (RFC 822 §3.4.3); the text is short."""
    while (shorter := _COMMENT.sub(" ", text)) != text:
        text = shorter
    return text.strip(" \t")


def _check_mail_zone(text: str, zone: str | None) -> Generator[Fault, None, timedelta]:
    """What is wrong with the zone; returns its offset, or none where it has none that is sure."""
    figures = _OFFSET.fullmatch(zone or "")
    if figures is None:
        if zone is None or not (zone.upper() in _GREENWICH or _ZONE_NAME.fullmatch(zone)):
            yield Fault(rules.MAIL_DATE_ZONE, text)
        elif zone.upper() not in _GREENWICH:
            yield Fault(rules.MAIL_DATE_ZONE_NAME, text)
        return timedelta()
    hours, minutes = int(figures[1]), int(figures[2])
    if not _is_time(hours, minutes, 0):
        yield Fault(rules.DATE_RANGE, text)
    return timedelta(hours=hours, minutes=minutes) * (-1 if figures[0].startswith("-") else 1)


def _find_delimiter(text: str, found: re.Match[str]) -> re.Match[str] | None:
    """What only a host may hold, or only stands between the parts: in path, query or fragment it is out of place."""
    parts = (_GENERAL_DELIMITER.search(text, *found.span(part)) for part in (3, 4, 5) if found[part])
    return next(filter(None, parts), None)


def _is_host(authority: str | None) -> bool:
    if not authority or len(authority) > _LONGEST_HOST:
        return False
    return bool(ada_url.check_url(f"https://{authority}/"))
