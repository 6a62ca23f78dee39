"""Anybody's feed: what the standard says of it, and what a reader would make of it."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from examples import example_feed
from feedsvc.feed.formats import FORMATS
from feedsvc.feed.lint import RULES, Linted, lint, read_titles

GOLDEN = Path(__file__).parent.parent / "golden"

HEAD = "<title>x</title><link>https://a.example/</link><description>x</description>"


def rss(items: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>{HEAD}{items}</channel></rss>'.encode()


def reader_rules(linted: Linted) -> list[tuple[str, str | None]]:
    return [(each.rule, each.entry_id) for each in linted.findings if each.rule.startswith("reader.")]


@pytest.mark.parametrize("format", FORMATS)
def test_our_own_feeds_break_no_standard(format: str) -> None:
    """The example has titles that look like HTML and enclosures of unknown length: right, and worth a warning."""
    content = (GOLDEN / f"example.{format}").read_bytes()
    linted = lint(content, self_url=f"https://news.example.org/feeds/macro.{format}")
    assert (linted.format, linted.entries) == (format, 5)
    assert [finding for finding in linted.findings if finding.severity == "error"] == []
    assert set(linted.titles) == {entry.entry_id for entry in example_feed().entries}
    assert read_titles(content, format) == linted.titles


def test_what_is_no_feed_has_no_format() -> None:
    linted = lint(b"<html>")
    assert (linted.format, [finding.rule for finding in linted.findings]) == (None, ["input.page"])


def test_a_format_that_is_named_counts() -> None:
    assert lint(b"<html>", format="json").findings[0].rule == "json.syntax"


def test_what_a_reader_can_not_show() -> None:
    items = (
        "<item><comments>https://a.example/c</comments></item>"
        "<item><description>b</description><guid isPermaLink='false'>1</guid><pubDate>明天</pubDate></item>"
        "<item><title>c</title><link>https://a.example/2</link><pubDate>1 Mar 2026 20:00:00 +0800</pubDate></item>"
    )
    assert reader_rules(lint(rss(items))) == [
        ("reader.id", None),
        ("reader.blank", None),
        ("reader.date", None),
        ("reader.date", "1"),
    ]


def test_a_rule_that_is_broken_everywhere_hides_no_other() -> None:
    items = "<item/>" * 2_000 + "<item><title>甲</title><pubDate>明天</pubDate></item>"
    linted = lint(rss(items))
    told = Counter(finding.rule for finding in linted.findings)
    assert max(told.values()) <= 500
    assert {"rss.item.empty", "rss.guid.missing", "date.rfc822", "reader.id", "reader.blank", "reader.date"} <= set(
        told
    )
    rest = {finding.place: int(finding.found) for finding in linted.findings if finding.rule == "document.many"}
    assert told["rss.item.empty"] + rest["rss.item.empty"] == 2_000
    assert told["reader.blank"] + rest["reader.blank"] == 2_000


@pytest.mark.parametrize(
    ("start", "repeated", "count", "end", "rules"),
    [
        ("<rss version='2.0'><channel>", "<item/>", 200_000, "</channel></rss>", {"rss.item.empty", "reader.refused"}),
        ("<feed xmlns='http://www.w3.org/2005/Atom'>", "<entry/>", 120_000, "</feed>", {"atom.id.missing"}),
        ('{"version": "1", "items": [', "{},", 50_000, "{}]}", {"jsonfeed.id", "jsonfeed.content"}),
        ("<rss version='2.0'><channel>", "<item/>", 2_000_000, "</channel></rss>", {"xml.size"}),
        ("<feed>", "<a b='<'/>", 2_000_000, "</feed>", {"xml.wellformed"}),
        ('{"items": [', "{},", 20_000_000, "{}]}", {"json.size"}),
    ],
    ids=["items", "entries", "json", "elements", "no elements", "values"],
)
@pytest.mark.uncounted
def test_very_many_entries_take_bounded_time(start: str, repeated: str, count: int, end: str, rules: set[str]) -> None:
    content = (start + repeated * count + end).encode()  # made here, or each process would keep them all
    began = time.process_time()
    linted = lint(content)
    assert time.process_time() - began < 60
    assert rules <= {finding.rule for finding in linted.findings}
    assert len(linted.findings) < 1_500


def test_a_name_that_readers_do_not_know() -> None:
    """XML 1.0's fifth edition allows it; expat, on which most readers stand, goes by the fourth."""
    linted = lint(rss('<x:\u3400 xmlns:x="urn:x"/>'))
    assert reader_rules(linted) == [("reader.fault", None)]
    assert "not well-formed" in linted.findings[-1].found


def test_what_readers_take_for_another_format() -> None:
    content = rss("").replace(b"<rss ", b'<rss xmlns:old="http://purl.org/rss/1.0/" ')
    linted = lint(content)
    assert reader_rules(linted) == [("reader.format", None)]
    assert (linted.findings[-1].found, linted.findings[-1].expected) == ("rss10", "rss20")


def test_a_version_that_there_is_not() -> None:
    rules = {each.rule for each in lint(b"<rss version='3.0'><channel/></rss>").findings}
    assert "rss.version" in rules
    assert "reader.format" not in rules, "said already"


def test_a_reader_that_gives_up_is_told() -> None:
    content = rss("<item>" + "<a>" * 300 + "</a>" * 300 + "</item>")
    assert ("reader.refused", None) in reader_rules(lint(content))
    assert read_titles(content, "rss") == {}


def test_titles_of_what_is_no_feed() -> None:
    assert read_titles(b"<opml/>", "opml") == {}
    assert read_titles(b"x", "json") == {}


@pytest.mark.parametrize("run", ["<!--", "<a>", "&lt;!--", "<![CDATA[", "<item>", "<item/>", "]]>", "&#"])
@pytest.mark.parametrize(
    "start", ["", '<rss version="2.0"><channel>', '<feed xmlns="http://www.w3.org/2005/Atom">', "{"]
)
@pytest.mark.uncounted
def test_hostile_runs_are_bounded_before_they_are_parsed(start: str, run: str) -> None:
    count = 8_000 if run == "<item/>" else 64_000  # each of these is an entry, and told of
    assert lint((start + run * count).encode()).findings


def test_every_rule_says_how_to_mend() -> None:
    assert all(rule.standard and rule.message and rule.mend for rule in RULES)


def test_an_episode_needs_no_page() -> None:
    file = '<enclosure url="https://a.example/1.mp3" length="1" type="audio/mpeg"/>'
    item = "<item><title>x</title><guid isPermaLink='false'>1</guid>{}</item>"
    assert "rss.item.link" not in {finding.rule for finding in lint(rss(item.format(file))).findings}
    assert "rss.item.link" in {finding.rule for finding in lint(rss(item.format(""))).findings}
