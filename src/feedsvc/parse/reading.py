"""A feed's bytes -> what a feed reader would see in them, as feedparser sees it."""

from __future__ import annotations

from calendar import timegm
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from feedsvc.errors import ParseError
from feedsvc.parse.buffered import parse
from feedsvc.parse.taming import tame

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Reading = Mapping[str, Any]
"""Field -> value: texts, instants (aware, UTC) and tuples of them; a field that is not there is None or ()."""


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed as feedparser reads it. `version` is feedparser's (`rss20`, `atom10`), `fault` why it calls it bozo."""

    version: str
    encoding: str
    fault: str
    channel: Reading
    entries: tuple[Reading, ...]


def parse_feed(content: bytes, media_type: str) -> ParsedFeed:
    """Parse a document as if it had been served with this Content-Type; nothing is sanitised or resolved.

    Raises ParseError for what would cost more than its length (taming.py, census.py) and for what feedparser itself
    stumbles over. What is not well-formed is read as libxml2 mends it, and `fault` says where it broke.
    """
    tamed = tame(content, media_type)
    try:
        # Wrapped, since feedparser would open bare bytes that look like a path or a URL.
        parsed = parse(
            BytesIO(tamed.content),
            response_headers={"content-type": f"{media_type.partition(';')[0]}; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:
        raise ParseError(f"feedparser gave up: {type(error).__name__}: {error}") from error
    complaint = str(parsed.get("bozo_exception", "")) if parsed.get("bozo") else ""
    return ParsedFeed(
        version=parsed.get("version", ""),
        encoding=tamed.encoding,
        fault=tamed.fault or complaint,
        # As plain dicts: feedparser's own answers under other names, too, and `updated` with `published`.
        channel=_read_channel(dict(parsed.feed)),
        entries=tuple(_read_entry(dict(entry)) for entry in parsed.entries),
    )


def as_feedparser_reads(text: str) -> str:
    """What feedparser makes of a text: one that could be UTF-8 read as Latin-1 is "repaired" (mixin.py, `pop`)."""
    try:
        return text.encode("iso-8859-1").decode("utf-8")
    except UnicodeError:
        return text


def _read_channel(feed: Reading) -> Reading:
    return {
        "id": feed.get("id"),
        "title": feed.get("title"),
        "description": feed.get("subtitle"),
        "link": feed.get("link"),
        "self": _links(feed, "self"),
        "language": feed.get("language"),
        "copyright": feed.get("rights"),
        "image": feed.get("logo") or feed.get("image", {}).get("href"),
        "updated": _instant(feed, "updated"),
        "ttl": feed.get("ttl"),
        "update_period": feed.get("sy_updateperiod"),
        "update_frequency": feed.get("sy_updatefrequency"),
        "authors": _people(feed, "authors"),
        "categories": _categories(feed),
        "generator": feed.get("generator"),
    }


def _read_entry(entry: Reading) -> Reading:
    return {
        "id": entry.get("id"),
        "title": entry.get("title"),
        "link": entry.get("link"),
        "published": _instant(entry, "published"),
        "updated": _instant(entry, "updated"),
        "authors": _people(entry, "authors"),
        "editor": tuple(name for name, _ in _people(entry, "contributors")),
        "source": entry.get("dc_source"),
        "source_url": _links(entry, "via"),
        "categories": _categories(entry),
        "language": entry.get("language") or entry.get("title_detail", {}).get("language"),
        "summary": entry.get("summary"),
        "content": tuple((part.get("type"), part.get("value")) for part in entry.get("content", ())),
        "enclosures": tuple(
            (link.get("href"), link.get("type"), link.get("length"), link.get("title"))
            for link in entry.get("links", ())
            if link.get("rel") == "enclosure"
        ),
        "media": _media(entry, "media_content"),
        "thumbnails": _media(entry, "media_thumbnail"),
        "written": _read_as_written(entry),
    }


def _read_as_written(entry: Reading) -> Reading:
    """What only a feed of somebody else's needs: which texts are markup, and times as they stand there."""
    return {
        "title_type": entry.get("title_detail", {}).get("type"),
        "summary_type": entry.get("summary_detail", {}).get("type"),
        "published": entry.get("published"),
        "updated": entry.get("updated"),
        "labels": tuple(tag.get("label") or tag.get("term") for tag in entry.get("tags", ())),
        "picture": entry.get("image", {}).get("href"),
    }


_MEDIA_ATTRIBUTES = frozenset({"url", "medium", "type", "width", "height", "filesize", "duration"})


def _media(entry: Reading, name: str) -> tuple[tuple[tuple[str, str], ...], ...]:
    return tuple(
        tuple(sorted((attribute, value) for attribute, value in medium.items() if attribute in _MEDIA_ATTRIBUTES))
        for medium in entry.get(name, ())
    )


def _instant(node: Reading, name: str) -> datetime | None:
    parsed = node.get(f"{name}_parsed")
    if parsed is None:
        return None
    try:
        # timedelta instead of fromtimestamp: years before 1970 have no timestamp everywhere.
        return _EPOCH + timedelta(seconds=timegm(parsed))
    except (ValueError, OverflowError):
        return None  # an offset, or a leap second, led out of the years 1 to 9999


def _links(node: Reading, rel: str) -> tuple[str, ...]:
    return tuple(link.get("href", "") for link in node.get("links", ()) if link.get("rel") == rel)


def _people(node: Reading, name: str) -> tuple[tuple[str, str | None], ...]:
    """Names and pages. Not the e-mail address: feedparser hands an author's on to the next one who has none."""
    return tuple((person.get("name", ""), person.get("href")) for person in node.get(name, ()) if person)


def _categories(node: Reading) -> tuple[tuple[str, str | None], ...]:
    return tuple((tag.get("term"), tag.get("scheme")) for tag in node.get("tags", ()))
