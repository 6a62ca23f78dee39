"""What a feed is to be made from, read from the store at one moment.

All of it is of one committed state: what changes later makes the feed stale again, never silently fresh.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from feedsvc.choice import Choice, choose
from feedsvc.config import Settings
from feedsvc.errors import StoreError
from feedsvc.feed.assembly import Kept
from feedsvc.model import SectionsReading
from feedsvc.output import FeedsFolder
from feedsvc.reuse import gather
from feedsvc.store import Reading
from feedsvc.tray import Tray, Trays


@dataclass(frozen=True, slots=True)
class Stock:
    """`has_loose_end`: there is an article that was not chosen and is in no archive yet. `kept` need be neither
    rendered nor proved again. `tray` is what it was chosen with, and to be put back.
    """

    sections: SectionsReading
    choice: Choice
    has_loose_end: bool
    kept: Mapping[str, Kept]
    tray: Tray


def take_stock(
    reading: Reading,
    sections: SectionsReading,
    settings: Settings,
    slug: str,
    *,
    folder: FeedsFolder,
    formats: Iterable[str],
    renderer: str,
    trays: Trays,
    is_full: bool,
) -> Stock:
    """Of one feed, with what the reading says of its sections. `is_full`: nothing is kept. Raises StoreError."""
    if slug not in sections.states:
        raise StoreError(f"section {slug!r} is not registered in the database yet; the worker does it at its start")
    section = settings.feeds[slug]
    tray = Tray() if is_full else trays.take(slug)
    choice = choose(reading, section, renderer, tray)
    held = {article.seq for article in choice.holdings.articles}
    return Stock(
        sections,
        choice,
        has_loose_end=section.is_archived and reading.has_loose_end(slug, held),
        kept={} if is_full else gather(reading, folder, slug, formats),
        tray=tray,
    )
