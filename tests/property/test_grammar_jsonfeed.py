"""The grammar of JSON Feed takes any bytes and any JSON whatever, and answers with findings alone."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from feedsvc.feed.grammar.jsonfeed import check_json

KEYS = st.sampled_from(
    "version title items home_page_url feed_url next_url icon author authors name url avatar language expired hubs "
    "type id content_html content_text summary image date_published date_modified tags attachments mime_type "
    "size_in_bytes duration_in_seconds _x x".split()
)
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            *("https://a.example/", "2026-03-01T12:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"),
            *("<p>x</p>", "<img src=x>", "\ud800", "zh", "1", "https://jsonfeed.org/version/1.1"),
        ]
    ),
)
NUMBERS = st.one_of(st.integers(), st.floats(allow_nan=False))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.one_of(KEYS, TEXTS), inner, max_size=8)),
    max_leaves=30,
)


@given(content=st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    assert check_json(content)


@given(feed=st.one_of(VALUES, st.dictionaries(KEYS, VALUES)), items=st.one_of(st.none(), st.lists(VALUES, max_size=5)))
def test_any_json(feed: Any, items: list[Any] | None) -> None:
    if isinstance(feed, dict) and items is not None:
        feed["items"] = items
    content = json.dumps(feed).encode()
    for finding in check_json(content, self_url="https://a.example/"):
        assert finding.rule
        assert finding.format == "json"
