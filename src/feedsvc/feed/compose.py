"""Section + Articles -> Feed: what belongs, in which order, with which dates. The same for every format."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from feedsvc.feed.formats import FORMATS
from feedsvc.model import (
    Article,
    Author,
    Category,
    Correction,
    Entry,
    Feed,
    Holdings,
    Section,
    SectionState,
    Site,
    Tombstone,
    Withdrawal,
)
from feedsvc.summary import summarize
from feedsvc.text import paragraph, plain_text
from feedsvc.words import local, say_correction, words_for

SUMMARY_GRAPHEMES = 200
"""How long a summary is that nobody wrote."""


class Entries:
    """A feed's entries as they were composed last: under the very same settings the very same article has the same."""

    def __init__(self) -> None:
        self._under: tuple[object, ...] = ()
        self._known: Mapping[int, tuple[Article, Entry]] = {}

    def compose(
        self, site: Site, section: Section, articles: Sequence[Article], sections: Mapping[str, Section]
    ) -> tuple[Entry, ...]:
        """One for each article, in their order; and these are known from now on."""
        under = (site, section, sections)
        known = self._known if list(map(id, under)) == list(map(id, self._under)) else {}
        entries = []
        for article in articles:
            before = known.get(article.seq)
            if before is not None and before[0] is article:
                entries.append(before[1])
            else:
                entries.append(_compose_entry(site, section, article, sections))
        self._under = under
        self._known = {each.seq: (each, entry) for each, entry in zip(articles, entries, strict=True)}
        return tuple(entries)


def compose(
    site: Site,
    section: Section,
    state: SectionState,
    holdings: Holdings,
    sections: Mapping[str, Section],
    *,
    before: Entries | None = None,
) -> Feed:
    """The feed of one section, or one of its archives, from what was chosen for it (already in order).

    `sections` are all that are configured; their titles become categories. `before` is what it was composed of the last
    time. A feed without entries is as old as its section: RFC 4287 §4.2.15 wants an `updated`, and a clock would make
    it differ between replicas.
    """
    entries = (before or Entries()).compose(site, section, holdings.articles, sections)
    return Feed(
        slug=section.slug,
        feed_id=state.feed_id,
        title=section.title,
        description=section.description,
        language=section.language,
        home_url=site.section_url(section.slug),
        self_urls=_self_urls(site, section, holdings.archive),
        author=site.author or Author(name=site.title),
        copyright=site.copyright,
        image=section.image or site.image,
        categories=tuple(Category(term=term) for term in section.categories),
        ttl_seconds=section.max_age_seconds,
        created=state.created,
        updated=_latest(state.created, entries, holdings.tombstones),
        entries=entries,
        tombstones=holdings.tombstones,
        prev_archive_url=_archive_url(site, section, holdings.prev_archive),
        current_url=None if holdings.archive is None else site.feed_url(section.slug, FORMATS["atom"].suffix),
        podcast=section.podcast,
        embeds=site.embeds,
    )


def without(feed: Feed, entry_ids: Collection[str]) -> Feed:
    """The same feed less these entries."""
    entries = tuple(entry for entry in feed.entries if entry.entry_id not in entry_ids)
    return replace(feed, entries=entries, updated=_latest(feed.created, entries, feed.tombstones))


def only(feed: Feed, entry_ids: Collection[str]) -> Feed:
    """The same feed, dated as the whole, with these of its entries."""
    return replace(feed, entries=tuple(entry for entry in feed.entries if entry.entry_id in entry_ids))


def _latest(created: datetime, entries: Sequence[Entry], tombstones: Sequence[Tombstone]) -> datetime:
    return max((created, *(entry.updated for entry in entries), *(tombstone.when for tombstone in tombstones)))


def _self_urls(site: Site, section: Section, archive: int | None) -> Mapping[str, str]:
    if archive is not None:
        return {"atom": site.archive_url(section.slug, archive)}
    return {name: site.feed_url(section.slug, FORMATS[name].suffix) for name in section.formats}


def _archive_url(site: Site, section: Section, archive: int | None) -> str | None:
    return None if archive is None else site.archive_url(section.slug, archive)


def _compose_entry(site: Site, section: Section, article: Article, sections: Mapping[str, Section]) -> Entry:
    own_language = article.language or _home_language(section, article, sections)
    language = own_language or section.language
    if article.withdrawal is not None:
        article = _notice_of(article, article.withdrawal, language)
    if article.published is None:
        raise ValueError(f"article {article.id} is live without a time of publication")
    summary = article.summary or summarize(plain_text(article.content_html or ""), SUMMARY_GRAPHEMES)
    content_html = article.content_html if section.content == "full" else None
    told = _tell(article.corrections, language, ZoneInfo(site.timezone))
    if content_html is None:
        # A picture alone has no words to make a summary of; an entry without any text would be none in JSON Feed.
        summary = "\n".join([*filter(None, [summary]), *told]) or article.title
    else:
        content_html += "".join(map(paragraph, told))
    return Entry(
        article_id=article.id,
        revision=article.revision,
        entry_id=article.entry_id,
        is_permalink=article.is_permalink,
        link=article.link or site.article_url(article.id),
        title=article.title,
        summary=summary,
        content_html=content_html,
        published=article.published,
        updated=max(article.updated or article.published, article.published),
        authors=article.authors,
        editor=article.editor,
        source=article.source,
        breadcrumb=article.breadcrumb,
        categories=_categories(site, article, sections),
        language=own_language,
        image=article.image,
        enclosures=article.enclosures,
        corrections=article.corrections,
    )


def _notice_of(article: Article, withdrawal: Withdrawal, language: str) -> Article:
    """What stands in a withdrawn article's place: of the article itself nothing, since any of it may be the fault."""
    words = words_for(language)
    notice = withdrawal.notice or words["withdrawn_text"]
    return replace(
        article,
        title=words["withdrawn_title"],
        link=None,
        summary=notice,
        content_html=paragraph(notice),
        updated=withdrawal.at,
        authors=(),
        editor=None,
        source=None,
        breadcrumb=(),
        tags=(),
        image=None,
        enclosures=(),
        corrections=(),
    )


def _tell(corrections: Sequence[Correction], language: str, zone: ZoneInfo) -> list[str]:
    return [say_correction(each.note, local(each.at, zone), language) for each in corrections]


def _home_language(section: Section, article: Article, sections: Mapping[str, Section]) -> str | None:
    """What an article that names no language is written in, where that is not the feed's: as its own section is.

    In a combination, and in `all`, it would else be taken for the combination's (RFC 4287 §2, xml:lang is inherited).
    """
    homes = [sections[slug].language for slug in article.sections if slug in sections]
    return None if section.language in homes else next(iter(homes), None)


def _categories(site: Site, article: Article, sections: Mapping[str, Section]) -> tuple[Category, ...]:
    """Its sections by title, its breadcrumb as one path, its tags; each once.

    RSS 2.0 `category`: "a forward-slash-separated string that identifies a hierarchic location".
    """
    found = [
        Category(term=sections[slug].title, scheme=f"{site.base_url}/sections/")
        for slug in article.sections
        if slug in sections
    ]
    if article.breadcrumb:
        path = "/".join(crumb.replace("/", "／") for crumb in article.breadcrumb)
        found.append(Category(term=path, scheme=f"{site.base_url}/", is_path=True))
    found += [Category(term=tag) for tag in article.tags]
    return tuple(dict.fromkeys(found))
