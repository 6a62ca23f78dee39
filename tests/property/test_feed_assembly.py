"""Whatever lies in the folder, and whatever came and went before: the document is the one that would be made whole."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effort import examples
from examples import article, errors, example_feed, feed_of, history_feed
from feedsvc.feed.assembly import Kept, assemble, keep, keys_of
from feedsvc.feed.formats import FORMATS
from feedsvc.model import Feed
from mutations import mutate

TITLES = ("雾散了", "<item>", "</item><item>", "</entry>", '"items":[\n', "]]>", "<!-- ", "&lt;/item>", "?>", "]}\n")

Step = Mapping[int, int]
"""An article's number -> its revision."""

STEPS = st.lists(st.dictionaries(st.integers(1, 9), st.integers(1, 3), max_size=6), min_size=2, max_size=6)
FEEDS = (example_feed(), history_feed())


def feed_holding(step: Step) -> Feed:
    return feed_of(
        *(
            article(number, revision=revision, title=f"{TITLES[(number * revision) % len(TITLES)]} {revision}")
            for number, revision in sorted(step.items())
        )
    )


@pytest.mark.parametrize("name", FORMATS)
@examples(60)
@given(STEPS)
def test_step_by_step_is_as_at_once(name: str, steps: list[Step]) -> None:
    kept: Kept | None = None
    for step in steps:
        feed = feed_holding(step)
        made = assemble(feed, FORMATS[name], kept, keys=keys_of(feed), renderer="test")
        assert made.content == FORMATS[name].render(feed)
        assert errors(made.findings) == []
        kept = keep(made.content, name, made.proofs)


@pytest.mark.parametrize("name", FORMATS)
@examples(100)
@given(st.data())
def test_a_file_that_was_altered_alters_nothing(name: str, data: st.DataObject) -> None:
    feed = data.draw(st.sampled_from(FEEDS))
    made = assemble(feed, FORMATS[name], keys=keys_of(feed), renderer="test")
    altered = mutate(data.draw, made.content, name)
    again = assemble(feed, FORMATS[name], keep(altered, name, made.proofs), keys=keys_of(feed), renderer="test")
    assert again.content == made.content
    assert errors(again.findings) == []
