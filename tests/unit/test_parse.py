"""The one door to feedparser."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from feedsvc.errors import ParseError
from feedsvc.parse import as_feedparser_reads, parse_feed, taming

RSS = "application/rss+xml; charset=utf-8"


def rss(items: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>{items}</channel></rss>'.encode()


def test_bytes_that_look_like_a_path_are_not_opened() -> None:
    parsed = parse_feed(b"/etc/passwd", RSS)

    assert parsed.version == ""
    assert parsed.entries == ()
    assert parsed.fault


def test_a_missing_date_is_missing() -> None:
    (entry,) = parse_feed(rss("<item><pubDate>Thu, 01 Jan 1970 00:00:00 +0800</pubDate></item>"), RSS).entries

    assert entry["published"] == datetime(1969, 12, 31, 16, tzinfo=UTC)
    assert entry["updated"] is None


def test_markup_comes_back_as_it_stands() -> None:
    (entry,) = parse_feed(rss("<item><description>&lt;ruby&gt;漢&lt;/ruby&gt;</description></item>"), RSS).entries

    assert entry["summary"] == "<ruby>漢</ruby>"


def test_the_declared_media_type_counts() -> None:
    parsed = parse_feed(rss("<item/>"), "application/rss+xml; charset=iso-8859-1")

    assert parsed.encoding != "utf-8" or parsed.fault


def test_too_many_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taming, "MAX_BYTES", 10)

    with pytest.raises(ParseError, match="more than the 10"):
        parse_feed(b"x" * 11, RSS)


def test_what_feedparser_stumbles_over_is_an_error_of_ours() -> None:
    nested = rss("<item><link>x<item/>y</link></item>")

    with pytest.raises(ParseError, match="feedparser gave up: KeyError"):
        parse_feed(nested, RSS)


@pytest.mark.parametrize(("text", "read"), [("Ã©", "é"), ("é", "é"), ("中文", "中文"), ("plain", "plain")])
def test_text_in_latin_letters_may_be_repaired(text: str, read: str) -> None:
    assert as_feedparser_reads(text) == read
