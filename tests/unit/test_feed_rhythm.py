"""How often to ask stands in RSS and Atom as readers know it, says what Cache-Control says, and is read back."""

from __future__ import annotations

from dataclasses import replace

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples import MACRO, SECTIONS, SITE, article, errors, feed_of, section_state
from feedsvc.feed.compose import compose
from feedsvc.feed.formats import FORMATS
from feedsvc.feed.rhythm import rhythm
from feedsvc.model import Holdings

LENGTHS = {"hourly": 3_600, "daily": 86_400, "weekly": 604_800, "yearly": 31_536_000}


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, ("hourly", 60)),
        (60, ("hourly", 60)),
        (63, ("hourly", 57)),
        (900, ("hourly", 4)),
        (2_700, ("daily", 32)),
        (3_600, ("hourly", 1)),
        (86_400, ("daily", 1)),
        (5 * 86_400, ("yearly", 73)),
        (365 * 86_400, ("yearly", 1)),
    ],
)
def test_what_is_told(seconds: int, told: tuple[str, int]) -> None:
    assert rhythm(seconds) == told


@given(st.integers(60, 365 * 86_400))
def test_it_never_asks_for_more_than_may_be_kept(seconds: int) -> None:
    period, times = rhythm(seconds)
    told_seconds = LENGTHS[period] / times
    assert seconds <= told_seconds
    # Only between a week and a year is there a gap that no period fills.
    assert told_seconds <= seconds * 1.05 or seconds > LENGTHS["weekly"] / 20


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_feedparser_reads_it(name: str) -> None:
    feed = replace(feed_of(article(1)), ttl_seconds=900)
    content = FORMATS[name].render(feed)
    read = feedparser.parse(content).feed
    assert (read.sy_updateperiod, read.sy_updatefrequency) == ("hourly", "4")
    assert errors(FORMATS[name].verify(content, feed)) == []
    assert FORMATS[name].verify(content, replace(feed, ttl_seconds=1_800)) != []


def test_an_archive_has_none() -> None:
    holdings = Holdings(articles=(article(1),), archive=2, prev_archive=1)
    feed = compose(SITE, replace(MACRO, formats=("atom",)), section_state(), holdings, SECTIONS)
    content = FORMATS["atom"].render(feed)
    assert b"modules/syndication" not in content
    assert errors(FORMATS["atom"].verify(content, feed)) == []
