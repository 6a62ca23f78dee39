"""Conditional requests (RFC 9110 §13): may the client keep what it has?"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from typing import Any

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

# RFC 9110 §8.8.3: entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE. Only what could be one of ours needs to be told apart.
_TAG = re.compile(r'(W/)?"([!#-~\x80-\xff]*+)"')


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


def read_tags(field: str) -> Iterator[tuple[bool, str]]:
    """(is weak, opaque text without quotes) of each entity-tag in a list of them; what is none is passed over."""
    return ((found[1] is not None, found[2]) for found in _TAG.finditer(field))


def is_listed(opaque: Collection[str], field: str) -> bool:
    """Does an If-None-Match name one of these? `*` names any; weak or strong makes no difference (§13.1.2)."""
    return field.strip() == "*" or any(text in opaque for _, text in read_tags(field))


def judge(
    environ: Mapping[str, Any], opaque: Collection[str], strong: Collection[str], last_modified: datetime
) -> HTTPStatus:
    """OK, NOT_MODIFIED or PRECONDITION_FAILED for a GET or HEAD, in the order of RFC 9110 §13.2.2.

    `opaque` are the texts of all entity-tags that name the representation that would be sent, `strong` those of them
    that do so byte by byte. `environ` is a WSGI one.
    """
    if (required := environ.get("HTTP_IF_MATCH")) is not None:
        is_met = required.strip() == "*" or any(text in strong for is_weak, text in read_tags(required) if not is_weak)
        if not is_met:
            return HTTPStatus.PRECONDITION_FAILED
    elif (limit := _date_of(environ, "HTTP_IF_UNMODIFIED_SINCE")) is not None and last_modified > limit:
        return HTTPStatus.PRECONDITION_FAILED
    if (known := environ.get("HTTP_IF_NONE_MATCH")) is not None:
        return HTTPStatus.NOT_MODIFIED if is_listed(opaque, known) else HTTPStatus.OK
    since = _date_of(environ, "HTTP_IF_MODIFIED_SINCE")
    return HTTPStatus.NOT_MODIFIED if since is not None and last_modified <= since else HTTPStatus.OK


def _date_of(environ: Mapping[str, Any], name: str) -> datetime | None:
    field = environ.get(name)
    return None if field is None else parse_http_date(field)
