"""The site and its sections, as config.yaml says, with the defaults filled in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from feedsvc.model.article import Author, Image
from feedsvc.model.names import ARCHIVE_FORMAT, FormatName, archive_name

ContentMode = Literal["full", "summary"]
WithdrawalMode = Literal["tombstone", "notice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a section is looked at anew whatever happened: every so many seconds, or by a five-field cron line."""

    every_seconds: int | None = None
    cron: str | None = None


@dataclass(frozen=True, kw_only=True)
class Site:
    """The publication as a whole. `base_url` has no slash at its end; `timezone` is an IANA name.

    `embeds` are the hosts whose frames (players, maps) may stand in an article's body.
    """

    title: str
    base_url: str
    language: str
    timezone: str
    author: Author | None = None
    copyright: str | None = None
    image: Image | None = None
    embeds: tuple[str, ...] = ()

    def feed_url(self, slug: str, suffix: str) -> str:
        return f"{self.base_url}/feeds/{slug}.{suffix}"

    def archive_url(self, slug: str, number: int) -> str:
        return self.feed_url(archive_name(slug, number), ARCHIVE_FORMAT)

    def section_url(self, slug: str) -> str:
        return f"{self.base_url}/sections/{slug}/"

    def article_url(self, article_id: str) -> str:
        return f"{self.base_url}/articles/{quote(article_id, safe='')}"

    @property
    def opml_url(self) -> str:
        return f"{self.base_url}/feeds.opml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Podcast:
    """What directories want to know of a section whose articles are episodes (Apple's requirements for RSS feeds).

    `category` and `subcategory` are Apple's; `type` says whether the newest or the first episode comes first.
    """

    author: str
    category: str
    subcategory: str | None = None
    explicit: bool = False
    type: Literal["episodic", "serial"] = "episodic"
    owner: Author | None = None


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section with the defaults filled in. `include` makes it a combination, which no article names itself.

    `max_age_seconds` is what Cache-Control says; `aliases` are the names under which articles arrive. `max_bytes`
    bounds the bodies in one document together. `old_urls` are paths of this site that now lead to the section's feeds.
    """

    slug: str
    title: str
    description: str
    language: str
    limit: int = 50
    content: ContentMode = "full"
    formats: tuple[FormatName, ...] = ("rss", "atom", "json")
    categories: tuple[str, ...] = ()
    image: Image | None = None
    aliases: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    schedule: Schedule = Schedule(every_seconds=900)
    on_change: bool = True
    max_age_seconds: int = 60
    max_bytes: int = 2_000_000
    withdrawals: WithdrawalMode = "tombstone"
    podcast: Podcast | None = None
    old_urls: tuple[str, ...] = ()

    @property
    def is_archived(self) -> bool:
        """Plain sections keep their whole history, as Atom; a combination would only repeat that of its members."""
        return not self.include and ARCHIVE_FORMAT in self.formats

    @property
    def members(self) -> tuple[str, ...]:
        """The plain sections whose articles appear here."""
        return self.include or (self.slug,)
