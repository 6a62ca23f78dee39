"""What config.yaml allows an article to hold, and a file: less than what is taken in any case."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from feedsvc.errors import RefusedError
from feedsvc.ingest import accept, decode_page, read_file
from feedsvc.model import Limits

NARROW = Limits(
    content=1_000, elements=10, depth=10, sections=1, authors=1, tags=2, enclosures=0, articles=2, page=1_000
)
DEEP = "<div>" * 10 + "海" + "</div>" * 10


def article(**fields: Any) -> dict[str, Any]:
    return {"title": "雾中码头", "sections": ["macro"], "summary": "清晨六点。", **fields}


def take(limits: Limits, **fields: Any) -> None:
    accept(article(**fields), resolve_section=lambda name: name, base_url="https://news.example.org", limits=limits)


@pytest.mark.parametrize(
    ("allowed", "beyond", "field", "key"),
    [
        ({"content_html": "海" * 333}, {"content_html": "海" * 334}, "content_html", "content"),
        ({"content_html": "<p>海</p>" * 10}, {"content_html": "<p>海</p>" * 11}, "content_html", "elements"),
        ({"content_html": "<br>海" * 10}, {"content_html": "<br>海" * 11}, "content_html", "elements"),
        ({"content_html": "a &lt; b " * 20}, {"content_html": "<b>海</b>" * 11}, "content_html", "elements"),
        ({"content_html": DEEP}, {"content_html": f"<div>{DEEP}</div>"}, "content_html", "depth"),
        ({}, {"sections": ["macro", "finance"]}, "sections", "sections"),
        ({"authors": [{"name": "周"}]}, {"authors": [{"name": "周"}, {"name": "陆"}]}, "authors", "authors"),
        ({"tags": ["海", "雾", "海"]}, {"tags": ["海", "雾", "港"]}, "tags", "tags"),
        ({}, {"enclosures": [{"url": "/a.mp3", "type": "audio/mpeg"}]}, "enclosures", "enclosures"),
    ],
)  # fmt: skip
def test_beyond_what_config_yaml_allows_is_refused_by_the_key_that_says_so(
    allowed: dict[str, Any], beyond: dict[str, Any], field: str, key: str
) -> None:
    take(NARROW, **allowed)
    take(Limits(), **beyond)
    with pytest.raises(RefusedError) as refused:
        take(replace(NARROW, elements=20) if key == "depth" else NARROW, **beyond)
    (problem,) = refused.value.problems
    assert problem.field == field
    assert "config.yaml allows" in problem.reason
    assert f"(limits.{key})" in problem.reason


def test_where_none_is_allowed_no_number_is_named() -> None:
    with pytest.raises(RefusedError) as refused:
        take(NARROW, enclosures=[{"url": "/a.mp3", "type": "audio/mpeg"}])
    (problem,) = refused.value.problems
    assert problem.reason == "config.yaml allows none (limits.enclosures): leave them out"


def read(name: str, content: bytes, limits: Limits) -> list[str]:
    batch = read_file(
        name,
        content,
        resolve_section=lambda given: given,
        base_url="https://news.example.org",
        naive_timezone=UTC,
        section="macro",
        limits=limits,
    )
    return [str(refused.error) for refused in batch.refused]


def test_each_article_of_a_file_is_held_to_what_is_allowed() -> None:
    one = b'{"title": "a", "summary": "b", "tags": ["1", "2", "3"]}\n{"title": "a", "summary": "b"}\n'
    (refused,) = read("a.jsonl", one, NARROW)
    assert "(limits.tags)" in refused
    assert read("a.jsonl", one, Limits()) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", b'{"title": "a", "summary": "b"}\n' * 3),
        ("a.json", b'[{"title": "a", "summary": "b"}, {"title": "a", "summary": "b"}, {"title": "a", "summary": "b"}]'),
    ],
)
def test_a_file_of_more_articles_is_refused_whole(name: str, content: bytes) -> None:
    (refused,) = read(name, content, NARROW)
    assert "(limits.articles)" in refused
    (refused,) = read(name, content, replace(Limits(), file=len(content) - 1))
    assert "(limits.file)" in refused
    assert read(name, content, replace(Limits(), file=len(content))) == []


def test_a_page_is_held_to_its_own_limit() -> None:
    assert decode_page(b"x" * 1_000, NARROW)
    with pytest.raises(RefusedError, match=r"limits\.page"):
        decode_page(b"x" * 1_001, NARROW)
