"""Question: in which feeds does an article stand, and where not, for what reason?"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from feedsvc.config import Settings
from feedsvc.errors import UnreadableArticleError
from feedsvc.feed.formats import FORMATS, RENDERER
from feedsvc.model import Article, Finding, Publication, Quarantined, Section, SectionsReading, State
from feedsvc.staleness import generation_of, sections_of
from feedsvc.store import Reading, Store
from feedsvc.words import local

Standing = Literal[
    "live",
    "notice",
    "pending",
    "draft",
    "scheduled",
    "withdrawn",
    "beyond_limit",
    "quarantined",
    "blocked",
    "not_configured",
]


@dataclass(frozen=True, slots=True)
class Presence:
    """One feed and this article: `urls` are the feed's addresses per format; `reason` is a sentence for an editor.

    `findings` are what was found of its entry when the feed was last made.
    """

    slug: str
    standing: Standing
    reason: str
    urls: tuple[str, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def is_settled(self) -> bool:
        """Waiting longer will not change it."""
        return self.standing != "pending"


def presence(store: Store, settings: Settings, folder_id: str, article: Article) -> tuple[Presence, ...]:
    """For each feed the article belongs to (Settings.feeds_of), and each configured-away section it names.

    `article` as it was read or put just now. A withdrawn one is pending where a feed shows it still.
    """
    with store.reading() as reading:
        return _presence(reading, settings, folder_id, article)


def _presence(reading: Reading, settings: Settings, folder_id: str, article: Article) -> tuple[Presence, ...]:
    feeds = settings.feeds_of(article.sections)
    sections = reading.read_sections(sections_of(settings, feeds))
    item = reading.quarantined([article.id]).get(article.id)
    found = []
    for slug in feeds:
        section = settings.feeds[slug]
        known = reading.publication(folder_id, slug)
        standing, reason = (
            _before(settings, article)
            or _withdrawn(article, known, section)
            or _quarantined(article, item)
            or _in_feed(article, known, section, sections)
            or _beyond(reading, settings, article, known, section)
        )
        urls = tuple(settings.site.feed_url(slug, FORMATS[name].suffix) for name in section.formats)
        findings = tuple(each for each in known.findings if each.entry_id == article.entry_id) if known else ()
        found.append(Presence(slug, standing, reason, urls, findings))
    missing = [slug for slug in article.sections if slug not in settings.plain]
    return (
        *found,
        *(Presence(slug, "not_configured", f"config.yaml names no section {slug}.", ()) for slug in missing),
    )


_Verdict = tuple[Standing, str] | None


def _before(settings: Settings, article: Article) -> _Verdict:
    if article.state is State.DRAFT:
        return "draft", "It is a draft: it goes live when it is sent without draft."
    if article.state is State.SCHEDULED and article.published is not None:
        return "scheduled", f"It goes live at {_local(settings, article.published)}."
    return None


def _withdrawn(article: Article, known: Publication | None, section: Section) -> _Verdict:
    if article.state is not State.WITHDRAWN or article.is_notice_in(section.members):
        return None
    if article.withdrawal is None:
        return "withdrawn", "It was withdrawn before it was ever live: nothing shows of it."
    if known is None or article.id not in known.entries:
        return "withdrawn", "It was withdrawn."
    if _is_refused(article, known):
        return "blocked", f"It was withdrawn, but nothing new goes live in this feed, so it still shows: {known.error}"
    return "pending", "It was withdrawn; the feed shows it until it is published anew."


def _quarantined(article: Article, item: Quarantined | None) -> _Verdict:
    if item is None or not item.keeps_out(article, RENDERER):
        return None
    return "quarantined", f"It is kept out of all feeds until it is corrected: {item.reason}"


def _in_feed(article: Article, known: Publication | None, section: Section, sections: SectionsReading) -> _Verdict:
    is_withdrawn = article.state is State.WITHDRAWN
    if known is not None and known.entries.get(article.id, 0) >= article.revision:
        return ("notice", "The feed shows a notice in its place.") if is_withdrawn else ("live", "The feed shows it.")
    if known is not None and known.published is not None and known.generation >= generation_of(section, sections):
        return None
    if known is not None and _is_refused(article, known):
        return "blocked", f"Nothing new goes live in this feed: {known.error}"
    when = "at once" if section.on_change or is_withdrawn else "at its next scheduled run"
    return "pending", f"The feed is published anew {when}."


def _is_refused(article: Article, known: Publication) -> bool:
    """Did the feed fail to go live since the article changed? Before that the change may be the very mend."""
    return known.error is not None and (article.updated is None or known.attempted > article.updated)


def _beyond(
    reading: Reading, settings: Settings, article: Article, known: Publication | None, section: Section
) -> tuple[Standing, str]:
    oldest = None
    if known and known.entries:
        with suppress(UnreadableArticleError):
            oldest = reading.article(list(known.entries)[-1])
    than = f" than {_local(settings, oldest.published)}" if oldest and oldest.published else ""
    number = reading.archive_of(article, section.slug) if section.is_archived else None
    where = f" It is in {settings.site.archive_url(section.slug, number)}" if number else ""
    why = f"The feed shows its newest {section.limit}; this one is older{than}.{where}"
    return ("withdrawn", f"It was withdrawn. {why}") if article.state is State.WITHDRAWN else ("beyond_limit", why)


def _local(settings: Settings, instant: datetime) -> str:
    return f"{local(instant, ZoneInfo(settings.site.timezone)):%Y-%m-%d %H:%M:%S %Z}"
