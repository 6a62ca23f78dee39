"""feedparser reads the same whether it is fed by us or by itself; only sooner, and nobody else's feedparser changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import fields
from io import BytesIO
from itertools import chain
from typing import Any

import feedparser
import pytest
from feedparser import api
from hypothesis import given
from hypothesis import strategies as st

from calls import count_calls
from effort import EFFORT, examples
from examples import KINDS_OF_FEEDS, NOON, article, feed_of
from feedsvc.errors import ParseError
from feedsvc.feed.formats import FORMATS
from feedsvc.ingest import accept
from feedsvc.model import ArticleFields
from feedsvc.parse import buffered, parse_feed, tame
from hostile import drawn, planned, truncated
from torture.case import Published
from torture.cases import CASES

Parse = Callable[..., Any]

XML = "application/xml"


def compare(content: bytes) -> None:
    ours, theirs = (read(parse, content) for parse in (buffered.parse, feedparser.parse))
    assert ours == theirs
    assert kinds_of(ours) == kinds_of(theirs)


def read(parse: Parse, content: bytes) -> Any:
    try:
        parsed = parse(
            BytesIO(content),
            response_headers={"content-type": f"{XML}; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:  # noqa: BLE001  # whatever stock feedparser raises, ours is to raise
        return repr(error)
    return dict(parsed) | {"bozo_exception": repr(parsed.get("bozo_exception"))}


def kinds_of(value: Any) -> Any:
    if isinstance(value, dict):
        return type(value), {key: kinds_of(dict.__getitem__(value, key)) for key in value}
    return [kinds_of(each) for each in value] if isinstance(value, list) else type(value)


PIECES = """中文|Ã©|é|a@b.cn|text/html|http://a.example/|&amp;|&lt;|&gt;|&#x26;|&#128;|&lt;b&gt;|&lt;/b&gt;|&amp;amp;|
<!-- 注 -->|<?x?>|<![CDATA[<p>甲 &amp; 乙</p>\n]]>|]]&gt;|Thu, 01 Jan 2026 08:00:00 +0800|1|\x85|\x93"""
TEXT = st.lists(st.sampled_from([*PIECES.split("|"), " ", "\n", "\u3000"]), max_size=6).map("".join)
NAMES = """title link description summary content guid id pubDate updated published author name uri email category
enclosure source image url rights generator ttl logo dc:creator dc:source content:encoded media:content media:thumbnail
atom:link itunes:author div p svg x:y""".split()
ATTRIBUTES = st.lists(
    st.sampled_from(
        """type='text'|type='xhtml'|type='application/octet-stream'|mode='base64'|href='a?b&amp;c=1'|rel='enclosure'|
rel='self'|url='http://a.example/甲'|term='词\n语'|xml:lang='zh-Hant'|xml:base='http://b.example/c/'|src='s'|length='1'|
isPermaLink='false'""".replace("|\n", "|").split("|")
    ),
    max_size=3,
    unique_by=lambda attribute: attribute.partition("=")[0],
).map(" ".join)


def element(within: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds("<{0} {1}>{2}</{0}>".format, st.sampled_from(NAMES), ATTRIBUTES, within)


ELEMENT = element(TEXT | st.lists(element(TEXT) | TEXT, max_size=3).map("".join))
SPACES = (
    "xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:content='http://purl.org/rss/1.0/modules/content/' "
    "xmlns:media='http://search.yahoo.com/mrss/' xmlns:atom='http://www.w3.org/2005/Atom' "
    "xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd' xmlns:x='urn:x'"
)
FRAMES = (
    "<rss version='2.0' {spaces}><channel>{head}<item>{first}</item><item>{second}</item></channel></rss>",
    "<feed xmlns='http://www.w3.org/2005/Atom' {spaces}>{head}<entry>{first}</entry><entry>{second}</entry></feed>",
)


@examples(400)
@given(st.sampled_from(FRAMES), *(st.lists(ELEMENT, max_size=5).map("".join),) * 3)
def test_any_elements_read_the_same(frame: str, head: str, first: str, second: str) -> None:
    compare(frame.format(spaces=SPACES, head=head, first=first, second=second).encode())


def hostile() -> Iterator[bytes]:
    for _, content in chain(planned(), truncated(197), *(drawn(seed, 60) for seed in range(EFFORT))):
        try:
            yield tame(content, XML).content
        except ParseError:
            continue


def test_hostile_feeds_read_the_same() -> None:
    seen = 0
    for content in hostile():
        compare(content)
        seen += bool(content)
    assert seen > 200


@pytest.mark.parametrize("format", ["rss", "atom"])
def test_documents_of_ours_read_the_same(format: str) -> None:
    bodies = [case.body(number) for number, case in enumerate(CASES) if isinstance(case.outcome, Published)]
    taken = [
        accept(json.loads(body), resolve_section=lambda _name: "macro", base_url="https://news.example.org").article
        for body in bodies
    ]
    told = [{each.name: getattr(one, each.name) for each in fields(ArticleFields)} for one in taken]
    tortured = [article(number, **one | {"published": NOON}) for number, one in enumerate(told, 1)]
    assert len(tortured) > 100
    for feed in (*KINDS_OF_FEEDS.values(), feed_of(*tortured)):
        compare(FORMATS[format].render(feed))


def test_a_text_comes_in_one_piece() -> None:
    """Notices when feedparser looks for its parser elsewhere: it would go on, a third slower."""
    few, many = (
        calls_to_parse(f"<rss version='2.0'><channel><item><title>{'&amp;' * times}</title></item></channel></rss>")
        for times in (1, 1_000)
    )
    assert many < few + 100


def calls_to_parse(document: str) -> int:
    return count_calls(lambda: parse_feed(document.encode(), XML))


def test_whoever_else_uses_feedparser_has_it_as_it_is() -> None:
    assert api.PREFERRED_XML_PARSERS == ["drv_libxml2"]
    assert api.StrictFeedParser is not buffered.parse.__globals__["StrictFeedParser"]
    assert feedparser.parse is api.parse
