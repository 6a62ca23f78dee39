"""How often to ask, as RSS 1.0 modules say it (https://web.resource.org/rss/1.0/modules/syndication/).

`sy:updatePeriod` hourly and `sy:updateFrequency` 60: sixty times an hour. It says what Cache-Control says of the live
document; feedgen's own extension writes the names in the wrong case.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from feedsvc.feed.namespaces import SYNDICATION
from feedsvc.feed.verify import Letters
from feedsvc.model import Feed
from feedsvc.parse import Reading

Element = Any
"""An lxml element; lxml's stubs leave the type of feedgen's trees open."""

_PERIODS = (("hourly", 3_600), ("daily", 86_400), ("weekly", 604_800), ("yearly", 31_536_000))
"""A month is of no certain length, so it is not said."""

_SHORTEST_SECONDS = 60  # ttl says no less, either
_NEAR = 1.05


def add_rhythm(head: Element, feed: Feed) -> None:
    """Append it; not in an archive, which is asked for once."""
    for name, text in _words(feed):
        etree.SubElement(head, f"{{{SYNDICATION}}}{name}").text = text


def rhythm_namespace(feed: Feed) -> dict[str, str]:
    """What has to be declared for it."""
    return {} if feed.current_url else {"sy": SYNDICATION}


def expect_rhythm(feed: Feed) -> Letters:
    """What is written, to the letter."""
    words = dict(_words(feed))
    return {f"sy:{name}": (words[name],) if name in words else () for name in ("updatePeriod", "updateFrequency")}


def expect_rhythm_read(feed: Feed) -> Reading:
    """What feedparser reads."""
    words = dict(_words(feed))
    return {"update_period": words.get("updatePeriod"), "update_frequency": words.get("updateFrequency")}


def rhythm(seconds: int) -> tuple[str, int]:
    """(period, times in it) for a document that may be kept so long.

    Never more often than that; the first period that comes within 5 %, since people read the short ones best.
    """
    seconds = max(_SHORTEST_SECONDS, seconds)
    ways = [(name, length // seconds, length) for name, length in _PERIODS if length >= seconds]
    apart = [length / times / seconds for _, times, length in ways]
    chosen = next((at for at, ratio in enumerate(apart) if ratio <= _NEAR), apart.index(min(apart)))
    return ways[chosen][:2]


def _words(feed: Feed) -> tuple[tuple[str, str], ...]:
    if feed.current_url:
        return ()
    period, times = rhythm(feed.ttl_seconds)
    return (("updatePeriod", period), ("updateFrequency", str(times)))
