"""Conditional requests (RFC 9110 §13): may the client keep what it has?"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_CLOCK = r"[0-2]\d:[0-5]\d:[0-6]\d"
# RFC 9110 §5.6.7: a recipient accepts all three forms, and nothing else counts as an HTTP-date.
_HTTP_DATE = re.compile(
    rf"{_DAY}, \d\d {_MONTH} \d{{4}} {_CLOCK} GMT"
    rf"|{_DAY}[a-z]{{3,6}}, \d\d-{_MONTH}-\d\d {_CLOCK} GMT"
    rf"|{_DAY} {_MONTH} [ \d]\d {_CLOCK} \d{{4}}",
    re.ASCII,
)


def http_date(moment: datetime) -> str:
    """IMF-fixdate (RFC 9110 §5.6.7) of an aware datetime."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def parse_http_date(text: str) -> datetime | None:
    """The instant, or None for anything but a valid HTTP-date: a malformed one must be ignored (§13.1.3)."""
    if not _HTTP_DATE.fullmatch(text.strip()):
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC)


def is_unchanged(
    etag: str, last_modified: datetime | None, if_none_match: str | None, if_modified_since: str | None
) -> bool:
    """True if a GET or HEAD is answered with 304.

    `etag` is quoted and holds no comma, so in a list of entity-tags, weak or strong, its text occurs only as a member:
    the weak comparison that §13.1.2 asks for is a search. If-None-Match decides alone where it is present (§13.2.2).
    """
    if if_none_match is not None:
        return if_none_match.strip() == "*" or etag in if_none_match
    if if_modified_since is None or last_modified is None:
        return False
    since = parse_http_date(if_modified_since)
    return since is not None and last_modified <= since
