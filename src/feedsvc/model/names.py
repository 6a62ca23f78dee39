"""The names that addresses, files and settings share."""

from __future__ import annotations

from typing import Literal

ALL_SLUG = "all"
"""The feed of everything: a combination of every plain section."""

INDEX_SLUG = "index"
"""Under this name the OPML list of all sections lies in the feeds folder."""

FormatName = Literal["rss", "atom", "json"]

Coding = Literal["br", "gzip"]
"""How a document may be compressed: the names of RFC 9110 §8.4.1 and RFC 7932."""

ARCHIVE_FORMAT: FormatName = "atom"
"""The one format archives come in: RFC 5005 defines them for Atom."""


STORED = "store"
"""Stands for a format in findings about rows of the database."""


def archive_name(slug: str, number: int) -> str:
    """What stands where a feed's slug does, for one of its archives: in the feeds folder, in addresses, in the log."""
    return f"{slug}/archive/{number}"
