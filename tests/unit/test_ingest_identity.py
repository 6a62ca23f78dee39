"""Ids are kept to the letter, or refused with the letter that would be lost: every format has to agree."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effort import examples
from examples import article, errors, feed_of
from feedsvc.errors import RefusedError
from feedsvc.feed.formats import FORMATS
from feedsvc.ingest import Accepted, accept
from feedsvc.ingest.identity import find_lost


def take(**fields: Any) -> Accepted:
    data = {"title": "糧價", "summary": "一句話。", "sections": ["macro"], **fields}
    return accept(data, resolve_section=lambda name: name, base_url="https://news.example")


def refusal(**fields: Any) -> tuple[str, str]:
    with pytest.raises(RefusedError) as caught:
        take(**fields)
    (problem,) = caught.value.problems
    return problem.field, problem.reason


KEPT = [
    "https://old.example/?p=123",
    "https://old.example/?p=1&amp;q=2",
    "https://old.example/中文/1?x=%E4",
    "12345",
    "tag:old.example,2024:1",
    "urn:kill-the-newsletter:x7",
    "a  b",
    "a\tb",
    "a\nb",
    "a\r\nb",
    "<b>",
    "]]>",
    "x\u200b",
    "\ufeffx",
    "x\x7fy",
    "中文 é",
]


@pytest.mark.parametrize("entry_id", KEPT)
@pytest.mark.parametrize("is_permalink", [True, False])
@pytest.mark.parametrize("format_name", FORMATS)
def test_what_is_kept_comes_back_from_every_format(entry_id: str, is_permalink: bool, format_name: str) -> None:
    kept = take(entry_id=entry_id, is_permalink=is_permalink).article
    assert kept.entry_id == entry_id
    feed = feed_of(article(1, entry_id=entry_id, is_permalink=kept.is_permalink))
    row = FORMATS[format_name]
    assert errors(row.verify(row.render(feed), feed)) == []


@pytest.mark.parametrize(
    ("entry_id", "reason"),
    [
        (" x", "begins or ends with white space"),
        ("x\u3000", "begins or ends with white space"),
        ("\xa0x", "begins or ends with white space"),
        ("a\x01b", "U+0001 at character 2, which XML can't carry"),
        ("a\x92b", "the control U+0092 at character 2"),
        ("\x85x", "begins or ends with white space"),
        ("Ã©", "readers repair to 'é'"),
        ("", "is empty"),
        ("號" * 334, "1000 bytes"),
        ("a\0", "NUL"),
    ],
)
def test_what_would_be_lost_is_refused_with_the_reason(entry_id: str, reason: str) -> None:
    field, told = refusal(entry_id=entry_id)
    assert field == "entry_id"
    assert reason in told


@pytest.mark.parametrize("entry_id", [" x", "\xa0x", "a\x92b", "Ã©"])
def test_what_is_refused_would_be_lost(entry_id: str) -> None:
    feed = feed_of(article(1, entry_id=entry_id))
    assert any(row.verify(row.render(feed), feed) for row in FORMATS.values())


@examples(40)
@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=6).filter(lambda entry_id: not find_lost(entry_id)))
def test_whatever_is_found_sound_comes_back(entry_id: str) -> None:
    feed = feed_of(article(1, entry_id=entry_id))
    for row in FORMATS.values():
        assert errors(row.verify(row.render(feed), feed)) == []


def test_only_an_address_is_a_permalink() -> None:
    assert take(entry_id="https://old.example/中", is_permalink=True).article.is_permalink
    accepted = take(entry_id="12345", is_permalink=True)
    assert not accepted.article.is_permalink
    assert [note.place for note in accepted.notes] == ["is_permalink"]


def test_a_permalink_needs_an_id() -> None:
    assert refusal(is_permalink=True) == ("is_permalink", "says something of entry_id, which is not given: give both")
    assert take(is_permalink=False).article.entry_id is None
