"""Times: far away, at the edges of the calendar, twice or never on a clock."""

from __future__ import annotations

from unittest.mock import ANY

from torture.case import Case, Kept, Published, refused


def _at(name: str, probes: str, published: str, shown: str) -> Case:
    # newsboat counts seconds from 1970 without a sign, and takes what is before for nonsense.
    but = {("newsboat", "*"): {"published": ANY}} if shown < "1970" else {}
    return Case(name, probes, {"published": published}, Published({"published": shown}, but))


def _refused(name: str, probes: str, published: object, reason: str) -> Case:
    return refused(name, probes, {"published": published}, "published", reason)


_SAME_SECOND = tuple(
    _at(
        f"same-second-{number}",
        "ten articles in one second keep their order",
        "2025-02-01T12:00:00+08:00",
        "2025-02-01T04:00:00Z",
    )
    for number in range(10)
)

CASES: tuple[Case, ...] = (
    *_SAME_SECOND,
    _at("year-1969", "before the epoch", "1969-07-20T20:17:40Z", "1969-07-20T20:17:40Z"),
    _at("epoch", "the epoch itself", "1970-01-01T08:00:00+08:00", "1970-01-01T00:00:00Z"),
    _at("second-before-epoch", "-1, which C takes for an error", "1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
    _at("year-1066", "before the Gregorian calendar", "1066-10-14T09:00:00Z", "1066-10-14T09:00:00Z"),
    _at("year-1000", "the first year that is taken", "1000-01-01T00:00:00Z", "1000-01-01T00:00:00Z"),
    _refused(
        "year-999", "a year that readers take for 2899", "0999-12-31T23:59:59Z", "must lie in the years 1000 to 9998"
    ),
    _refused(
        "year-99", "a year that readers take for 1999", "0099-12-31T23:59:59Z", "must lie in the years 1000 to 9998"
    ),
    _refused("year-1", "the calendar's first year", "0001-01-01T00:00:00Z", "must lie in the years 1000 to 9998"),
    _refused("year-9999", "the calendar's last year", "9999-12-31T23:59:59Z", "must lie in the years 1000 to 9998"),
    _refused("year-10000", "a fifth digit", "10000-01-01T00:00:00Z", "is not an RFC 3339 time"),
    Case("year-2038", "beyond 32 bits: not live yet", {"published": "2038-01-19T03:14:08Z"}, Kept("scheduled")),
    Case("year-9998", "the last second that is taken", {"published": "9998-12-31T23:59:59Z"}, Kept("scheduled")),
    Case(
        "updated-2038",
        "changed beyond 32 bits, published before",
        {"published": "2025-01-01T00:00:00Z", "updated": "2038-01-19T03:14:08Z"},
        Published({"published": "2025-01-01T00:00:00Z", "updated": "2038-01-19T03:14:08Z"}),
    ),
    Case(
        "updated-before-published",
        "changed before it was published",
        {"published": "2025-01-02T00:00:00Z", "updated": "2025-01-01T00:00:00Z"},
        Published({"published": "2025-01-02T00:00:00Z", "updated": "2025-01-02T00:00:00Z"}),
    ),
    _at("leap-second", "23:59:60", "2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
    _at(
        "leap-second-in-shanghai",
        "the same second on a clock in Shanghai",
        "2017-01-01T07:59:60+08:00",
        "2016-12-31T23:59:59Z",
    ),
    _at(
        "dst-gap",
        "an hour that no clock in New York showed, with its offset",
        "2024-03-10T02:30:00-05:00",
        "2024-03-10T07:30:00Z",
    ),
    _at("dst-fold-first", "an hour that came twice: the first", "2024-11-03T01:30:00-04:00", "2024-11-03T05:30:00Z"),
    _at("dst-fold-second", "and the second", "2024-11-03T01:30:00-05:00", "2024-11-03T06:30:00Z"),
    _at("leap-day", "29 February", "2024-02-29T23:59:59+14:00", "2024-02-29T09:59:59Z"),
    _at("offset-of-minutes", "an offset of quarters, without colon", "2024-05-01 00:15 +0545", "2024-04-30T18:30:00Z"),
    _at(
        "fractions",
        "fractions of a second are dropped, never rounded up",
        "2024-12-31T23:59:59.999999999Z",
        "2024-12-31T23:59:59Z",
    ),
    _at("unknown-offset", "-00:00 of RFC 3339", "2024-06-01T12:00:00-00:00", "2024-06-01T12:00:00Z"),
    _refused("no-zone", "a naive time", "2024-06-01T12:00:00", "has no time zone"),
    _refused("no-time", "a date", "2024-06-01", "is a date without a time"),
    _refused("number", "seconds since the epoch", 1717200000, "must be a time as RFC 3339"),
    _refused("number-in-text", "the same as text", "1717200000", "is a number"),
    _refused("in-words", "a date in Chinese", "2024年6月1日 上午8时", "is not an RFC 3339 time"),
    _refused("rfc-822", "RSS's own form", "Sat, 01 Jun 2024 12:00:00 GMT", "is not an RFC 3339 time"),
    _refused("no-such-day", "29 February of a common year", "2023-02-29T00:00:00Z", "is no possible time"),
    _refused("hour-24", "24:00", "2024-06-01T24:00:00Z", "is no possible time"),
    _refused("offset-of-a-day", "an offset of 24 hours", "2024-06-01T00:00:00+24:00", "its offset within 24 hours"),
    _refused("arabic-digits", "digits that are not ASCII", "٢٠٢٤-٠٦-٠١T00:00:00Z", "is not an RFC 3339 time"),
)
