"""Addresses of feeds -> the documents they mean, and how those are sent, by the service or by a bucket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from feedsvc.config import Settings
from feedsvc.feed import opml
from feedsvc.feed.formats import FORMATS
from feedsvc.model import ARCHIVE_FORMAT, INDEX_SLUG

ARCHIVE_MAX_AGE_SECONDS = 86_400
"""An archive changes only where one of its articles is corrected or withdrawn, and then its ETag does."""

_STALE_IF_ERROR_SECONDS = 86_400
_OPML_MAX_AGE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Target:
    """`slug` and `format` name a document in the feeds folder; `section` has a page for browsers, if any."""

    slug: str
    format: str
    media_type: str
    max_age_seconds: int
    section: str | None

    @property
    def cache_control(self) -> str:
        return describe_caching(self.max_age_seconds)


def describe_caching(age: int) -> str:
    """RFC 9111 §5.2.2, RFC 5861: after `max-age` once more as long while a cache asks, a day while it can't."""
    return f"max-age={age}, stale-while-revalidate={age}, stale-if-error={_STALE_IF_ERROR_SECONDS}"


def list_targets(settings: Settings) -> Mapping[str, Target]:
    """By path, every address there is but archives': only names that config.yaml made ever reach the file system."""
    targets = {}
    for section in settings.feeds.values():
        for name in section.formats:
            row = FORMATS[name]
            path = f"/feeds/{section.slug}.{row.suffix}"
            targets[path] = Target(section.slug, name, row.media_type, section.max_age_seconds, section.slug)
    index = Target(INDEX_SLUG, opml.NAME, opml.MEDIA_TYPE, _OPML_MAX_AGE_SECONDS, None)
    return targets | {"/feeds.opml": index, f"/feeds/{INDEX_SLUG}.opml": index}


def target_of(name: str, slug: str) -> Target:
    """An archive's, by its name and that of its section."""
    media_type = FORMATS[ARCHIVE_FORMAT].media_type
    return Target(name, ARCHIVE_FORMAT, media_type, ARCHIVE_MAX_AGE_SECONDS, slug)
