"""A stored article that never passed the gate is held to its bounds; one that passed it always keeps to them."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from feedsvc.ingest import find_excess, is_costly
from feedsvc.ingest.bounds import MAX_REFERENCES
from feedsvc.model import Article, Author, Correction, Enclosure, Image, Source, State, Withdrawal

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ARTICLE = Article(
    seq=1,
    id="7c9k2mpx40vq",
    entry_id="urn:uuid:9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d",
    state=State.LIVE,
    published=NOW,
    updated=NOW,
    created=NOW,
    title="雾" * 2000,
    sections=("macro",) * 50,
    content_html="<p>" + "<b>雾</b>" * 9_000 + "&amp;" * MAX_REFERENCES + "</p>",
    summary="x" * 65_536,
    authors=(Author(name="周" * 500, email="a@b.cn", url="https://x.example/"),) * 50,
    tags=("标" * 200,) * 100,
    breadcrumb=("栏" * 500,) * 20,
    source=Source(name="报" * 500, url="https://x.example/"),
    image=Image(url="https://x.example/a.png", type="image/png", alt="图" * 4000),
    enclosures=(Enclosure(url="https://x.example/a.mp3", type="audio/mpeg", length_bytes=1, title="声" * 2000),) * 20,
    corrections=(Correction(note="x" * 4096, at=NOW),),
)


def test_what_the_gate_lets_in_keeps_to_its_bounds() -> None:
    assert find_excess(ARTICLE) == ()


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("title", {"title": "雾" * 2001}),
        ("link", {"link": "https://x.example/" + "x" * 4000}),
        ("entry_id", {"entry_id": "x" * 4001}),
        ("language", {"language": "x" * 101}),
        ("editor", {"editor": "x" * 501}),
        ("summary", {"summary": "x" * 65_537}),
        ("authors[0].name", {"authors": (Author(name="x" * 501),)}),
        ("authors", {"authors": (Author(name="x"),) * 51}),
        ("source.name", {"source": Source(name="x" * 501)}),
        ("breadcrumb[0]", {"breadcrumb": ("x" * 501,)}),
        ("tags[1]", {"tags": ("x", "x" * 201)}),
        ("tags", {"tags": ("x",) * 101}),
        ("sections", {"sections": ("x",) * 51}),
        ("image.alt", {"image": Image(url="u", alt="x" * 4001)}),
        ("enclosures[0].title", {"enclosures": (Enclosure(url="u", type="t", length_bytes=1, title="x" * 2001),)}),
        ("corrections[0].note", {"corrections": (Correction(note="x" * 4097, at=NOW),)}),
        ("content_html", {"content_html": "&amp;" * (MAX_REFERENCES + 1)}),
        ("content_html", {"content_html": "<div>" * 251}),
        ("content_html", {"content_html": "<p>" + "<!--" * 250}),
        ("content_html", {"content_html": "x" * (4 * 1024 * 1024 + 1)}),
    ],
)
def test_each_bound_is_told_by_its_field(field: str, change: dict[str, Any]) -> None:
    (problem,) = find_excess(replace(ARTICLE, **change))
    assert problem.field == field
    assert problem.reason


def test_of_a_withdrawn_article_only_what_shows_counts() -> None:
    gone = Withdrawal(at=NOW, notice="x" * 4096)
    hostile = replace(ARTICLE, title="x" * 9000, content_html="<div>" * 9000, withdrawal=gone)
    assert find_excess(hostile) == ()
    (problem,) = find_excess(replace(hostile, withdrawal=Withdrawal(at=NOW, notice="x" * 4097)))
    assert problem.field == "withdrawal.notice"


@pytest.mark.parametrize("body", ["<!--" * 1_000_000, "<div>" * 200_000, "<" * 4_000_000, "&amp;" * 800_000])
def test_asking_costs_next_to_nothing(body: str) -> None:
    began = time.thread_time()
    is_costly(body)
    assert time.thread_time() - began < 2
