"""The article in JSON: the one shape every importer ends in, and the one gate through which articles come.

Names are those of the HTTP API: external_id, title, link, summary, content_html, sections,
authors [{name, email, url}], editor, source {name, url},
breadcrumb, tags, language, published, updated, image {url, type, width, height, alt},
enclosures [{url, type, length, title, duration}], minor, correction, draft,
entry_id, is_permalink. Required: title, sections, and content_html or summary.

What passes survives XML, JSON and feedparser unchanged, and passes again unchanged and without a note. NUL and lone
surrogates are refused, since they show that something broke on the way; other characters that XML can't carry (C0
controls, U+FFFE, U+FFFF) are removed with a note, C1 controls read as windows-1252. Ids are keys, no texts: they are
kept to the letter (identity.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, TypeVar

from feedsvc.errors import UnknownSectionError
from feedsvc.ingest.allowed import refuse_excess
from feedsvc.ingest.attached import Measure, keep_enclosures, keep_image
from feedsvc.ingest.bounds import (
    MAX_CONTENT_BYTES,
    MAX_DEPTH,
    MAX_NAME,
    MAX_NOTE_BYTES,
    MAX_SUMMARY_BYTES,
    MAX_TAG,
    MAX_TITLE,
)
from feedsvc.ingest.identity import keep_entry_id, keep_external_id
from feedsvc.ingest.markup import MarkupError, is_showing, measure_depth, read_markup
from feedsvc.ingest.report import Report, quote_all, shorten
from feedsvc.ingest.shape import ArticleJSON, AuthorJSON, SourceJSON, read_shape
from feedsvc.ingest.times import read_time, write_time
from feedsvc.ingest.values import (
    is_longer,
    keep_address,
    keep_language,
    keep_line,
    keep_text,
    keep_url,
    split_address,
)
from feedsvc.model import Article, ArticleInput, Author, Limits, Note, Source, State
from feedsvc.text import canonical_line, canonical_text, is_visible, sanitize_html

__all__ = ["USUAL_LIMITS", "Accepted", "ArticleJSON", "accept", "explain_unknown_section", "to_json"]

USUAL_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Accepted:
    """An article that passed the gate, and what was changed on the way (told to the sender)."""

    article: ArticleInput
    notes: tuple[Note, ...] = ()


def accept(
    data: Mapping[str, Any],
    *,
    resolve_section: Callable[[str], str],
    base_url: str,
    naive_timezone: tzinfo | None = None,
    measure: Measure | None = None,
    limits: Limits = USUAL_LIMITS,
) -> Accepted:
    """Check and canonicalise an article given as JSON values.

    `resolve_section` turns a name into a slug or raises UnknownSectionError; relative URLs count from the article's
    link, else from `base_url`. A time without zone is read in `naive_timezone` with a note; where that is None it is
    refused. `measure` finds the length of files given by a relative URL; `limits` are what config.yaml allows. Raises
    RefusedError with every problem found.
    """
    report = Report()
    home = base_url.rstrip("/") + "/"
    article = _read(
        report, read_shape(data, report), resolve_section, home, naive_timezone=naive_timezone, measure=measure
    )
    refuse_excess(report, article, limits)
    report.raise_problems()
    return Accepted(article, tuple(report.notes))


def explain_unknown_section(error: UnknownSectionError) -> str:
    """Say which sections there are, and how to make this name one of theirs."""
    if error.instead:
        return error.instead
    guess = f"; did you mean {error.nearest}?" if error.nearest else "."
    return (
        f'no section answers to "{shorten(error.name)}"{guess} Sections: {quote_all(error.known)}. '
        f'Name one of them, or add "{shorten(error.name)}" to the aliases of a section in config.yaml'
    )


def to_json(article: ArticleInput | Article) -> dict[str, Any]:
    """Give an article in the JSON shape, fit to be answered and to be merged into; what it has not is left out.

    accept() takes it back unchanged. The ids of a stored article are not part of the shape, since nothing changes them;
    nor are its corrections, each of which is said once, with its change.
    """
    draft = article.draft if isinstance(article, ArticleInput) else article.state is State.DRAFT
    image, source = article.image, article.source
    full = {
        "external_id": article.external_id,
        "title": article.title,
        "link": article.link,
        "summary": article.summary,
        "content_html": article.content_html,
        "sections": list(article.sections),
        "authors": [_drop_unset(name=who.name, email=who.email, url=who.url) for who in article.authors],
        "editor": article.editor,
        "source": _drop_unset(name=source.name, url=source.url) if source else None,
        "breadcrumb": list(article.breadcrumb),
        "tags": list(article.tags),
        "language": article.language,
        "published": write_time(article.published) if article.published else None,
        "updated": write_time(article.updated) if article.updated else None,
        "image": _drop_unset(url=image.url, type=image.type, width=image.width, height=image.height, alt=image.alt)
        if image
        else None,
        "enclosures": [
            _drop_unset(
                url=file.url,
                type=file.type,
                length=file.length_bytes,
                title=file.title,
                duration=file.duration_seconds,
            )
            for file in article.enclosures
        ],
        "minor": article.minor if isinstance(article, ArticleInput) else False,
        "correction": article.correction if isinstance(article, ArticleInput) else None,
        "draft": draft,
    }
    if isinstance(article, ArticleInput):
        full |= {"entry_id": article.entry_id, "is_permalink": article.is_permalink}
    return {name: value for name, value in full.items() if value not in (None, [], False)}


def _drop_unset(**fields: str | int | None) -> dict[str, str | int]:
    return {name: value for name, value in fields.items() if value is not None}


def _read(
    report: Report,
    shape: ArticleJSON,
    resolve_section: Callable[[str], str],
    home: str,
    *,
    naive_timezone: tzinfo | None,
    measure: Measure | None,
) -> ArticleInput:
    """Make every value canonical; what was refused is in the report and means nothing here."""
    link = keep_url(report, "link", shape.link, home)
    base = link or home
    times = {
        field: read_time(report, field, given, naive_timezone)
        for field, given in (("published", shape.published), ("updated", shape.updated))
        if given is not None
    }
    entry_id, is_permalink = keep_entry_id(report, shape.entry_id, is_permalink=shape.is_permalink)
    article = ArticleInput(
        external_id=keep_external_id(report, shape.external_id),
        title=_keep_title(report, shape.title),
        link=link,
        summary=keep_text(report, "summary", shape.summary, MAX_SUMMARY_BYTES),
        content_html=_keep_body(report, shape.content_html, base),
        sections=_keep_sections(report, shape.sections, resolve_section),
        authors=_keep_authors(report, shape.authors or [], base),
        editor=keep_line(report, "editor", shape.editor, MAX_NAME),
        source=_keep_source(report, shape.source, base),
        breadcrumb=_keep_lines(report, "breadcrumb", shape.breadcrumb or [], MAX_NAME),
        tags=_drop_repeated(report, "tags", _keep_lines(report, "tags", shape.tags or [], MAX_TAG)),
        language=keep_language(report, "language", shape.language),
        image=keep_image(report, shape.image, base),
        enclosures=_drop_repeated(report, "enclosures", keep_enclosures(report, shape.enclosures or [], base, measure)),
        published=times.get("published"),
        updated=times.get("updated"),
        draft=bool(shape.draft),
        minor=bool(shape.minor),
        correction=keep_text(report, "correction", shape.correction, MAX_NOTE_BYTES),
        entry_id=entry_id,
        is_permalink=is_permalink,
    )
    if article.minor and article.correction:
        report.refuse("minor", "true", "a correction is not minor: leave out `minor`, or the note")
    if not (article.summary or article.content_html or _has_problem(report, "summary", "content_html")):
        nothing = "nothing is left to publish: give a body that holds text or media, or a summary"
        report.refuse("content_html", shape.content_html or "", nothing)
    return article


def _has_problem(report: Report, *fields: str) -> bool:
    return any(problem.field.startswith(fields) for problem in report.problems)


def _keep_title(report: Report, given: str) -> str:
    if not is_visible(canonical_line(given)):
        report.refuse("title", given, "is empty: give the article a title")
        return ""
    return keep_line(report, "title", given, MAX_TITLE) or ""


def _keep_body(report: Report, given: str | None, base: str) -> str | None:
    if given is None:
        return None
    if is_longer(given, MAX_CONTENT_BYTES):
        report.refuse("content_html", given, f"is longer than {MAX_CONTENT_BYTES} bytes of UTF-8: split it")
        return None
    try:
        canonical = canonical_text(given)
        reading = read_markup(canonical)
        kept = _sanitize(canonical, reading.markup, base)
    except MarkupError as error:
        report.refuse("content_html", given, str(error))
        return None
    if reading.active:
        report.note("content_html", f"unsafe parts were removed: {quote_all(reading.active)}", "warning")
    if not is_showing(kept):
        report.note("content_html", "holds nothing that shows and is left out", "warning" if given.strip() else "info")
        return None
    if kept != given.strip() and not reading.active:
        report.note("content_html", "was rewritten in canonical form")
    return kept


def _sanitize(canonical: str, markup: str, base: str) -> str:
    """The body that is kept: within the bounds that it would meet if it were sent. Raises MarkupError.

    `canonical` is the body as it was read, `markup` what the reading left of it.
    """
    kept = sanitize_html(markup, base)
    if is_longer(kept, MAX_CONTENT_BYTES):
        raise MarkupError(f"is longer than {MAX_CONTENT_BYTES} bytes when sanitised: split it")
    if measure_depth(kept) > MAX_DEPTH:
        raise MarkupError(f"holds more than {MAX_DEPTH} elements inside each other: flatten it")
    try:
        if kept != canonical:
            read_markup(kept)
    except MarkupError as error:
        raise MarkupError(f"when sanitised, {error}") from error
    return kept


def _keep_sections(report: Report, given: list[str], resolve_section: Callable[[str], str]) -> tuple[str, ...]:
    slugs: dict[str, str] = {}
    for index, name in enumerate(given):
        field = f"sections[{index}]"
        line = keep_line(report, field, name, MAX_NAME)
        if line is None:
            continue
        try:
            slug = resolve_section(line)
        except UnknownSectionError as error:
            report.refuse(field, name, explain_unknown_section(error))
            continue
        if slug in slugs:
            report.note(field, f"names {slug} again and is left out")
        elif slug != line:
            report.note(field, f"{line} means the section {slug}")
        slugs.setdefault(slug, line)
    if not slugs and not _has_problem(report, "sections"):
        report.refuse("sections", given, "is empty: name at least one section")
    return tuple(slugs)


def _keep_lines(report: Report, field: str, given: list[str], longest: int) -> tuple[str, ...]:
    lines = (keep_line(report, f"{field}[{index}]", value, longest) for index, value in enumerate(given))
    return tuple(line for line in lines if line is not None)


_T = TypeVar("_T")


def _drop_repeated(report: Report, field: str, values: tuple[_T, ...]) -> tuple[_T, ...]:
    kept = tuple(dict.fromkeys(values))
    if kept != values:
        report.note(field, f"{len(values) - len(kept)} repeated left out")
    return kept


def _keep_authors(report: Report, given: list[AuthorJSON], base: str) -> tuple[Author, ...]:
    authors = []
    for index, one in enumerate(given):
        field = f"authors[{index}]"
        name = keep_line(report, f"{field}.name", one.name, MAX_NAME)
        email = keep_address(report, f"{field}.email", one.email)
        url = keep_url(report, f"{field}.url", one.url, base)
        if name is None and (email or url):
            report.refuse(f"{field}.name", one.name, "is empty: name the author")
        if name is not None:
            name, email = split_address(report, f"{field}.name", name, email)
            authors.append(Author(name=name, email=email, url=url))
    return _drop_repeated(report, "authors", tuple(authors))


def _keep_source(report: Report, given: SourceJSON | None, base: str) -> Source | None:
    if given is None:
        return None
    name = keep_line(report, "source.name", given.name, MAX_NAME)
    url = keep_url(report, "source.url", given.url, base)
    if name is None:
        if url:
            report.refuse("source.name", given.name, "is empty: name the source")
        return None
    return Source(name=name, url=url)
