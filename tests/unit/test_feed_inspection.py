"""A whole document is looked through before it goes live, whatever is known of its parts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from examples import article, example_feed, feed_of
from feedsvc.feed.formats import FORMATS

FEED = feed_of(*(article(number) for number in range(1, 5)))
FIRST, SECOND = (entry.entry_id.encode() for entry in FEED.entries[:2])

Spoil = Callable[[bytes], bytes]


def swap(content: bytes) -> bytes:
    return content.replace(FIRST, b"*").replace(SECOND, FIRST).replace(b"*", SECOND)


@pytest.mark.parametrize("name", FORMATS)
def test_a_right_document_has_nothing_wrong_with_its_form(name: str) -> None:
    for feed in (FEED, example_feed(), feed_of()):
        assert FORMATS[name].inspect(FORMATS[name].render(feed), feed) == []


@pytest.mark.parametrize(
    ("name", "spoil", "rule"),
    [
        ("rss", lambda content: content[:-9], "xml.wellformed"),
        ("atom", lambda content: content.replace(b"<id>", b"<id>\xff"), "xml.wellformed"),
        ("rss", lambda content: content.replace(b"<rss ", b"<!DOCTYPE rss [<!ENTITY x 'y'>]><rss ", 1), "xml.doctype"),
        ("rss", lambda content: content.replace(b"</item>", b"<guid>two</guid></item>", 1), "rss.schema"),
        ("atom", lambda content: content.replace(b"</entry>", b"<id>urn:x:two</id></entry>", 1), "atom.schema"),
        ("json", lambda content: content[:-3], "json.syntax"),
        ("json", lambda content: content.replace(b'{"version"', b'{"title":"x","version"', 1), "json.key-twice"),
        ("rss", swap, "entries.order"),
        ("atom", swap, "entries.order"),
        ("json", swap, "entries.order"),
        ("rss", lambda content: content.replace(FIRST, SECOND), "entries.missing"),
        ("atom", lambda content: content.replace(FIRST, SECOND), "entries.missing"),
        ("json", lambda content: content.replace(FIRST, SECOND), "entries.missing"),
    ],
)
def test_what_is_wrong_with_it_is_found(name: str, spoil: Spoil, rule: str) -> None:
    content = FORMATS[name].render(FEED)
    spoilt = spoil(content)
    assert spoilt != content
    assert FORMATS[name].inspect(spoilt, FEED)[0].rule == rule
