"""Pages for readers: the index, a section, an article. HTML and one style sheet, nothing that runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from posixpath import basename
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, redirect, request

from feedsvc import text
from feedsvc.config import Settings
from feedsvc.errors import UnknownSectionError, UnreadableArticleError
from feedsvc.ingest import is_costly
from feedsvc.ingest.mediatypes import guess_media_type
from feedsvc.log import get_logger
from feedsvc.model import ALL_SLUG, IN_PLACE, Article, Enclosure, Section, State, Withdrawal
from feedsvc.summary import summarize
from feedsvc.web.context import this_runtime
from feedsvc.web.frame import PAGE_MAX_AGE_SECONDS, error_page, list_feeds, page
from feedsvc.web.polls.missing import find_nearest, is_removed
from feedsvc.words import WORDS, local, say_correction, words_for

blueprint = Blueprint("pages", __name__)
log = get_logger(__name__)

_HEADLINES = 8
_PAGE_LENGTH = 20
# How far back one can page: what lies deeper is found through the API, not by turning pages.
_DEEPEST = 400
_CURSOR = re.compile(r"(-?\d{1,12})-(\d{1,18})", re.ASCII)
_LONGEST_GUESSED_NAME = 64
_PLAYED = frozenset({"audio", "video"})
_HOMES = frozenset(words["home"] for words in WORDS.values())
_KIB = 1024
_UNITS = ("KB", "MB", "GB")


@dataclass(frozen=True, slots=True)
class Teaser:
    """One article in a list, or the notice in its place. `path` counts from the root."""

    article: Article
    path: str
    title: str
    summary: str


@dataclass(frozen=True, slots=True)
class File:
    """A file of an article as readers see it. `kind` is audio, video, ...; `facts` are its format, duration, size."""

    url: str
    type: str
    kind: str
    name: str
    facts: tuple[str, ...]


@blueprint.get("/")
def index() -> Response:
    runtime = this_runtime()
    settings = runtime.settings
    everything = settings.feeds[ALL_SLUG]
    newest = runtime.store.newest_live(everything.members, _HEADLINES)
    return page(
        "index.html",
        language=settings.site.language,
        canonical=f"{settings.site.base_url}/",
        alternates=_alternates(settings, [everything]),
        sections=list(settings.feeds.values()),
        teasers=[_tease(article, settings.site.language) for article in newest],
        section_of=lambda article: next(iter(_sections_of(settings, article)), None),
    )


@blueprint.get("/sections/<slug>")
def section_without_slash(slug: str) -> Any:
    return redirect(f"{quote(slug)}/", 308)


@blueprint.get("/sections/<slug>/")
def section(slug: str) -> Response:
    runtime = this_runtime()
    settings = runtime.settings
    found = settings.feeds.get(slug)
    if found is None and is_removed(runtime, slug):
        return error_page(410, kind="closed")
    if found is None:
        return error_page(404, nearest=find_nearest(settings, slug[:_LONGEST_GUESSED_NAME]))
    before = _read_cursor(request.args.get("before"))
    depth = _DEEPEST if before else _PAGE_LENGTH + 1
    articles = [
        article
        for article in runtime.store.newest(found.members, depth, IN_PLACE)
        if before is None or _place(article) < before
    ]
    shown, more = articles[:_PAGE_LENGTH], articles[_PAGE_LENGTH:]
    return page(
        "section.html",
        language=found.language,
        # What it continues with is nobody's lasting address: new articles push others there.
        canonical=None if before else settings.site.section_url(slug),
        alternates=_alternates(settings, [found]),
        section=found,
        is_continued=before is not None,
        teasers=[_tease(article, found.language) for article in shown],
        older=_write_cursor(shown[-1]) if more else None,
    )


@blueprint.get("/articles/<article_id>")
def article(article_id: str) -> Response:
    runtime = this_runtime()
    settings = runtime.settings
    try:
        found = runtime.store.article(article_id) if article_id.isprintable() else None
    except UnreadableArticleError as error:
        log.error("article_unreadable", slug=None, reason=str(error))  # noqa: TRY400  # no fault of ours
        return error_page(503)
    if found is None or (found.state is not State.LIVE and found.withdrawal is None):
        return error_page(404)
    sections = _sections_of(settings, found)
    language = found.language or next((section.language for section in sections), settings.site.language)
    if found.withdrawal is not None:
        return _say_withdrawn(settings, found.withdrawal, language)
    files = [_describe_file(enclosure) for enclosure in found.enclosures]
    # A recording is what one came for, or what reads the text aloud: it stands above the text.
    lead = files.pop(0) if files and files[0].kind in _PLAYED else None
    return page(
        "article.html",
        language=language,
        canonical=found.link or settings.site.article_url(found.id),
        alternates=_alternates(settings, sections),
        article=found,
        sections=sections,
        summary=_summarize(found),
        corrections=[
            say_correction(each.note, local(each.at, ZoneInfo(settings.site.timezone)), language)
            for each in found.corrections
        ],
        crumbs=_crumbs(settings, found, sections),
        lead=lead,
        files=files,
        is_image_apart=found.image is not None and found.image.url not in (found.content_html or ""),
    )


def _say_withdrawn(settings: Settings, withdrawal: Withdrawal, language: str) -> Response:
    """Gone, with the editor's word on it. It may be revived: a cache keeps it no longer than any page."""
    response = page(
        "withdrawn.html",
        language=language,
        status=410,
        kind="withdrawn",
        withdrawal=withdrawal,
        sections=list(settings.feeds.values()),
    )
    response.headers["Cache-Control"] = f"max-age={PAGE_MAX_AGE_SECONDS}"
    response.last_modified = withdrawal.at
    return response


def _sections_of(settings: Settings, article: Article) -> list[Section]:
    """The sections it names that are still configured, in the article's order."""
    return [settings.feeds[slug] for slug in article.sections if slug in settings.feeds]


def _alternates(settings: Settings, sections: Sequence[Section]) -> list[dict[str, str]]:
    """Feeds for <link rel="alternate">, which is how readers find them from a page."""
    return [
        feed | {"title": words_for(section.language)["feed_of"].format(title=section.title, format=feed["name"])}
        for section in sections
        for feed in list_feeds(settings.site, section)
    ]


def _tease(article: Article, language: str) -> Teaser:
    """Of a withdrawn article nothing but its notice, as in the feeds; `language` is that of the list."""
    path = f"articles/{quote(article.id, safe='')}"
    if article.withdrawal is None:
        return Teaser(article, path, article.title, _summarize(article))
    words = words_for(article.language or language)
    return Teaser(article, path, words["withdrawn_title"], article.withdrawal.notice or words["withdrawn_text"])


def _summarize(article: Article) -> str:
    """Nothing for a body that another hand stored and that can't be read, or would cost too much."""
    if article.summary or not article.content_html or is_costly(article.content_html):
        return article.summary or ""
    try:
        return summarize(text.plain_text(article.content_html))
    except ValueError:
        return ""


def _crumbs(settings: Settings, article: Article, sections: Sequence[Section]) -> list[tuple[str, str | None]]:
    """The way to the article: what the newsroom gave, with our pages behind the names that mean one."""
    if not article.breadcrumb:
        return [(section.title, f"sections/{section.slug}/") for section in sections[:1]]
    crumbs: list[tuple[str, str | None]] = []
    for name in article.breadcrumb:
        try:
            crumbs.append((name, f"sections/{settings.resolve_section(name)}/"))
        except UnknownSectionError:
            crumbs.append((name, "" if name in _HOMES else None))
    return crumbs


def _describe_file(enclosure: Enclosure) -> File:
    try:
        filename = unquote(basename(urlsplit(enclosure.url).path))
        # An ending says what a reader knows, PDF for application/pdf; that of download.php says nothing of the file.
        is_telling = guess_media_type(enclosure.url) == enclosure.type
    except ValueError:  # no URL: another hand wrote it
        filename, is_telling = "", False
    said = (
        filename.rpartition(".")[2].upper() if is_telling else enclosure.type,
        _say_duration(enclosure.duration_seconds),
        _say_size(enclosure.length_bytes),
    )
    return File(
        url=enclosure.url,
        type=enclosure.type,
        kind=enclosure.type.partition("/")[0],
        name=enclosure.title or filename or enclosure.url,
        facts=tuple(fact for fact in said if fact),
    )


def _say_duration(seconds: int | None) -> str:
    """312 -> 5:12, 3723 -> 1:02:03; nothing where it isn't known."""
    if not seconds:
        return ""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def _say_size(length_bytes: int) -> str:
    """1536 -> 1.5 KB; nothing for a length that isn't known (0)."""
    if not length_bytes:
        return ""
    if length_bytes < _KIB:
        return f"{length_bytes} B"
    power = min((length_bytes.bit_length() - 1) // 10, len(_UNITS))
    return f"{length_bytes / _KIB**power:.1f} {_UNITS[power - 1]}"


def _place(article: Article) -> tuple[datetime, int]:
    """Where it stands in a section's order."""
    assert article.published is not None, "a live article has its time"
    return article.published, article.seq


def _write_cursor(article: Article) -> str:
    published, seq = _place(article)
    return f"{int(published.timestamp())}-{seq}"


def _read_cursor(value: str | None) -> tuple[datetime, int] | None:
    """`?before=` as a place; None for the beginning, which a mangled one means too."""
    match = _CURSOR.fullmatch(value or "")
    if match is None:
        return None
    try:
        return datetime.fromtimestamp(int(match[1]), UTC), int(match[2])
    except (OverflowError, ValueError):
        return None
