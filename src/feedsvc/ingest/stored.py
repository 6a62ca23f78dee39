"""Does a stored article keep to the gate's bounds? One that another hand wrote into the database need not.

What goes beyond them may cost a parser time that grows with its square, so it is asked before anything is parsed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from feedsvc.errors import Problem
from feedsvc.ingest.bounds import (
    MAX_ALT,
    MAX_AUTHORS,
    MAX_BREADCRUMB,
    MAX_CONTENT_BYTES,
    MAX_DEPTH,
    MAX_ENCLOSURES,
    MAX_LANGUAGE,
    MAX_MEDIA_TYPE,
    MAX_NAME,
    MAX_NOTE_BYTES,
    MAX_SECTIONS,
    MAX_SUMMARY_BYTES,
    MAX_TAG,
    MAX_TAGS,
    MAX_TITLE,
    MAX_URL,
)
from feedsvc.ingest.markup import MarkupError, read_markup
from feedsvc.ingest.report import shorten
from feedsvc.ingest.values import is_longer
from feedsvc.model import Article


def find_excess(article: Article) -> tuple[Problem, ...]:
    """Each field that is beyond its bound, and why. Of a withdrawn article only what shows in its place counts."""
    return tuple(_find_long(article)) + tuple(_find_many(article)) + tuple(_find_costly(article))


def is_costly(content_html: str) -> bool:
    """Would parsing this body cost more than its length is worth?"""
    return _why_costly(content_html) is not None


def _find_long(article: Article) -> Iterator[Problem]:
    lines = _lines_shown(article)
    for field, text, longest in lines:
        if text is not None and len(text) > longest:
            yield Problem(field, shorten(text), f"is longer than {longest} characters: shorten it")
    for field, text, most_bytes in _texts_shown(article):
        if text is not None and is_longer(text, most_bytes):
            yield Problem(field, shorten(text), f"is longer than {most_bytes} bytes of UTF-8: shorten it")


def _find_many(article: Article) -> Iterator[Problem]:
    lists: Sequence[tuple[str, Sequence[object], int]] = (
        ("sections", article.sections, MAX_SECTIONS),
        ("authors", article.authors, MAX_AUTHORS),
        ("breadcrumb", article.breadcrumb, MAX_BREADCRUMB),
        ("tags", article.tags, MAX_TAGS),
        ("enclosures", article.enclosures, MAX_ENCLOSURES),
    )
    for field, values, most in lists:
        if len(values) > most:
            yield Problem(
                field, str(len(values)), f"holds {len(values)}, more than the {most} that an article may have"
            )


def _find_costly(article: Article) -> Iterator[Problem]:
    if article.withdrawal is None and article.content_html is not None and (why := _why_costly(article.content_html)):
        yield Problem("content_html", shorten(article.content_html), why)


_SURELY_CHEAP = 16 * 1024
"""Characters in which few tags can cost nobody much: most articles, which are asked at each publication."""


def _why_costly(content_html: str) -> str | None:
    if len(content_html) <= _SURELY_CHEAP and content_html.count("<") <= MAX_DEPTH:
        return None
    if is_longer(content_html, MAX_CONTENT_BYTES):
        return f"is longer than {MAX_CONTENT_BYTES} bytes of UTF-8: split it"
    try:
        read_markup(content_html)
    except MarkupError as error:
        return str(error)
    return None


def _lines_shown(article: Article) -> Iterator[tuple[str, str | None, int]]:
    yield "entry_id", article.entry_id, MAX_URL
    yield "language", article.language, MAX_LANGUAGE
    if article.withdrawal is not None:
        return
    yield "title", article.title, MAX_TITLE
    yield "link", article.link, MAX_URL
    yield "editor", article.editor, MAX_NAME
    for at, author in enumerate(article.authors):
        yield f"authors[{at}].name", author.name, MAX_NAME
        yield f"authors[{at}].email", author.email, MAX_NAME
        yield f"authors[{at}].url", author.url, MAX_URL
    if article.source is not None:
        yield "source.name", article.source.name, MAX_NAME
        yield "source.url", article.source.url, MAX_URL
    for at, crumb in enumerate(article.breadcrumb):
        yield f"breadcrumb[{at}]", crumb, MAX_NAME
    for at, tag in enumerate(article.tags):
        yield f"tags[{at}]", tag, MAX_TAG
    if article.image is not None:
        yield "image.url", article.image.url, MAX_URL
        yield "image.type", article.image.type, MAX_MEDIA_TYPE
        yield "image.alt", article.image.alt, MAX_ALT
    for at, file in enumerate(article.enclosures):
        yield f"enclosures[{at}].url", file.url, MAX_URL
        yield f"enclosures[{at}].type", file.type, MAX_MEDIA_TYPE
        yield f"enclosures[{at}].title", file.title, MAX_TITLE


def _texts_shown(article: Article) -> Iterator[tuple[str, str | None, int]]:
    if article.withdrawal is not None:
        yield "withdrawal.notice", article.withdrawal.notice, MAX_NOTE_BYTES
        return
    yield "summary", article.summary, MAX_SUMMARY_BYTES
    for at, correction in enumerate(article.corrections):
        yield f"corrections[{at}].note", correction.note, MAX_NOTE_BYTES
