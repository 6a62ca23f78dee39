"""Whatever canonical text stands in an article: every format renders it, and reads back equal."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from lxml import html

from articles_in_json import ARTICLE
from effort import examples
from examples import MACRO, NOON, SECTIONS, SITE, article, errors, feed_of, section_state
from feedsvc.delta import DELTA_FORMATS
from feedsvc.errors import RefusedError
from feedsvc.feed.compose import compose, only
from feedsvc.feed.formats import FORMATS
from feedsvc.feed.pieces import split
from feedsvc.ingest import accept
from feedsvc.model import (
    Article,
    ArticleFields,
    Author,
    Correction,
    Enclosure,
    Holdings,
    Image,
    Section,
    Source,
    State,
    Tombstone,
    Withdrawal,
)
from feedsvc.text import canonical_line, canonical_text, canonical_url, paragraph, sanitize_html
from letters import expect_letters, read_letters

PIECES = st.sampled_from(
    [
        "中文",
        "，。「」",
        "𠮷",
        "👨\u200d👩\u200d👧",
        "\x85",
        "\u2028",
        "\u202e",
        "\u3000",
        "\xa0",
        "\ufeff",
        "\x00",
        "\ufffe",
        "\r\n",
        "\t",
        "<b>",
        "</b>",
        "&amp;",
        "&lt;",
        "]]>",
        "<!--",
        "Ã©",
        "é",
        "a@b.cn",
        "&copy;",
        "'",
        '"',
        "()",
        "://",
    ]
)
TEXT = st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=8).map("".join)
LINE = TEXT.map(canonical_line).filter(bool)
# The gate moves an address out of a name, since feedparser would split it there.
NAME = LINE.filter(lambda name: "@" not in name)
TAGS = st.sampled_from(["<p>", "</p>", "<table><tr><td>", "<img src='/图.png'>", "<pre>\n", "<ruby>漢<rt>"])
MARKUP = st.lists(st.one_of(PIECES, TEXT, TAGS), max_size=10).map(
    lambda parts: sanitize_html("".join(parts), "https://news.example.org/")
)
URL = st.builds(
    lambda path, query: canonical_url(f"https://例え.example/{path}?q={query}"),
    st.text(max_size=8).map(canonical_line),
    st.text(max_size=8).map(canonical_line),
)
INSTANT = st.integers(min_value=-62135596800 + 86400, max_value=253402300799 - 86400).map(
    lambda seconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
LANGUAGE = st.sampled_from([None, "zh-Hans", "zh-Hant-TW", "en"])
ENCLOSURE = st.builds(
    Enclosure,
    url=URL,
    type=st.sampled_from(["audio/mpeg", "application/pdf"]),
    length_bytes=st.integers(0, 2**63),
    title=st.one_of(st.none(), LINE),
    duration_seconds=st.one_of(st.none(), st.integers(1, 10**7)),
)

IMAGE = st.builds(
    Image,
    url=URL,
    type=st.sampled_from([None, "image/png"]),
    width=st.one_of(st.none(), st.integers(1, 10**6)),
    height=st.one_of(st.none(), st.integers(1, 10**6)),
    alt=st.one_of(st.none(), LINE),
)


def unique(names: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(names, max_size=3, unique=True).map(tuple)


@st.composite
def articles(draw: st.DrawFn) -> Article:
    summary = draw(TEXT.map(canonical_text))
    body = draw(MARKUP)
    published = draw(INSTANT)
    return article(
        1,
        title=draw(LINE),
        summary=summary or (None if body else "只有标题"),
        content_html=body or None,
        link=draw(st.one_of(st.none(), URL)),
        published=published,
        updated=max(published, draw(INSTANT)),
        authors=tuple(
            Author(name=name, email=draw(st.sampled_from([None, "z@example.org"])), url=draw(st.one_of(st.none(), URL)))
            for name in draw(unique(NAME))
        ),
        editor=draw(st.one_of(st.none(), NAME)),
        source=draw(st.one_of(st.none(), st.builds(Source, name=LINE, url=st.one_of(st.none(), URL)))),
        breadcrumb=draw(unique(LINE)),
        tags=draw(unique(LINE)),
        language=draw(LANGUAGE),
        image=draw(st.one_of(st.none(), IMAGE)),
        enclosures=tuple(draw(st.lists(ENCLOSURE, max_size=3))),
    )


TEXT_GIVEN = TEXT.map(canonical_text).filter(bool)
MOMENT = st.integers(min_value=0, max_value=4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@st.composite
def withdrawn(draw: st.DrawFn) -> Article:
    before, at = draw(articles()), draw(MOMENT)
    withdrawal = Withdrawal(at=at, notice=draw(st.one_of(st.none(), TEXT_GIVEN)), shown_in=("macro",))
    return replace(before, id="article2", entry_id="urn:x:2", state=State.WITHDRAWN, updated=at, withdrawal=withdrawal)


TOMBSTONE = st.builds(
    Tombstone,
    entry_id=st.one_of(URL, st.uuids().map(lambda one: one.urn)),
    when=MOMENT,
    notice=st.one_of(st.none(), TEXT_GIVEN),
    language=LANGUAGE,
)


@examples(120)
@given(
    articles(),
    st.lists(st.builds(Correction, note=TEXT_GIVEN, at=MOMENT), max_size=3),
    withdrawn(),
    st.lists(TOMBSTONE, max_size=3),
    st.sampled_from([MACRO, replace(MACRO, content="summary", language="en")]),
)
def test_any_history_reads_back_as_stored(
    any_article: Article,
    corrections: list[Correction],
    notice: Article,
    tombstones: list[Tombstone],
    section: Section,
) -> None:
    corrected = replace(any_article, corrections=tuple(corrections))
    holdings = Holdings(articles=(corrected, notice), tombstones=tuple(tombstones))
    feed = compose(SITE, section, section_state(), holdings, SECTIONS)

    for entry in feed.entries:
        if entry.content_html is not None:
            assert sanitize_html(entry.content_html, SITE.base_url) == entry.content_html
    for row in FORMATS.values():
        assert errors(row.verify(row.render(feed), feed)) == []
    for name in DELTA_FORMATS:
        pieces = split(FORMATS[name].render(feed), name)
        assert pieces is not None
        for entry, piece in zip(feed.entries, pieces.entries, strict=True):
            alone = FORMATS[name].render(only(feed, [entry.entry_id]))
            assert pieces.head + piece + pieces.foot == alone


@examples(100)
@given(TEXT_GIVEN)
def test_a_paragraph_is_canonical_and_reads_as_its_text(text: str) -> None:
    markup = paragraph(text)

    assert sanitize_html(markup, SITE.base_url) == markup
    assert html.fragment_fromstring(markup.replace("<br>", "\n")).text == text


@examples(120)
@given(articles())
def test_any_article_reads_back_as_stored(any_article: Article) -> None:
    feed = feed_of(any_article, section=MACRO)

    for row in FORMATS.values():
        assert errors(row.verify(row.render(feed), feed)) == []


@examples(150)
@given(ARTICLE)
def test_whatever_the_gate_takes_is_published_as_it_was_taken(data: dict[str, Any]) -> None:
    """Any JSON that is accepted: every format carries it, each proves it, and other code reads the same values."""
    try:
        taken = accept(data, resolve_section=lambda _: "macro", base_url="https://news.example.org").article
    except RefusedError:
        assume(False)
    told = {each.name: getattr(taken, each.name) for each in fields(ArticleFields)}
    any_article = article(1, **told | {"published": taken.published or NOON, "updated": taken.updated})
    if taken.entry_id is not None:
        any_article = replace(any_article, entry_id=taken.entry_id, is_permalink=taken.is_permalink)
    feed = feed_of(any_article, section=MACRO)
    for name, row in FORMATS.items():
        content = row.render(feed)
        assert errors(row.verify(content, feed)) == []
        (item,) = read_letters(content, name)
        expected = expect_letters(feed.entries[0], name)
        assert {key: expected[key] for key in item} == item
