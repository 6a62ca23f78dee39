"""A document that was changed anywhere, in any way, is caught if it says anything else than before."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from effort import examples
from examples import errors, example_feed, history_feed
from feedsvc.feed.formats import FORMATS
from feedsvc.model import Feed
from mutations import mutate, says, vocabulary

FEEDS = (example_feed(), history_feed())
DOCUMENTS: Mapping[str, list[tuple[Feed, bytes]]] = {
    name: [(feed, row.render(feed)) for feed in FEEDS] for name, row in FORMATS.items()
}
KNOWN = {
    name: vocabulary(content for _, content in DOCUMENTS[name]) if name != "json" else frozenset() for name in FORMATS
}


@pytest.mark.parametrize("name", FORMATS)
@examples(250)
@given(st.data())
def test_a_changed_value_is_caught(name: str, data: st.DataObject) -> None:
    """What verify lets through says the same: read here by other code, value by value."""
    feed, content = data.draw(st.sampled_from(DOCUMENTS[name]))
    changed = mutate(data.draw, content, name)
    found = errors(FORMATS[name].verify(changed, feed))
    event("caught" if found else "let through")
    if not found:
        assert says(changed, name, KNOWN[name]) == says(content, name, KNOWN[name])


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_compared_is_there(name: str) -> None:
    """The other reading sees each value: without it, equal would mean nothing."""
    feed, content = DOCUMENTS[name][0]
    for text in (feed.entries[0].title, feed.entries[0].authors[0].email, feed.entries[0].enclosures[0].url):
        assert text
        spelled = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") if name != "json" else text
        changed = content.replace(spelled.encode(), b"x")
        if changed != content:
            assert says(changed, name, KNOWN[name]) != says(content, name, KNOWN[name])
