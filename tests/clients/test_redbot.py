"""REDbot asks for each feed of the sample site in the many ways that it knows."""

from __future__ import annotations

from redbot_notes import find_warnings
from service import Service

SLUGS = ("macro", "finance", "tech", "culture", "world", "briefing", "letters", "economy", "all")


def test_has_nothing_to_warn_of(front: Service) -> None:
    names = [f"{slug}.{suffix}" for slug in SLUGS for suffix in ("rss", "atom", "json")]
    assert find_warnings(f"{front.url}/feeds{name}" for name in (*(f"/{name}" for name in names), ".opml")) == []
