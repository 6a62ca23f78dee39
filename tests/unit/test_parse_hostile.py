"""Hostile documents cost bounded time: refused in one cheap pass, or read in time proportional to their length."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from calls import count_calls
from examples import article, feed_of
from feedsvc.errors import ParseError
from feedsvc.feed.formats import FORMATS
from feedsvc.model import Author
from feedsvc.parse import parse_feed, taming

RSS = "application/rss+xml; charset=utf-8"
DEADLINE_SECONDS = 12.0
"""Of CPU; each case takes a tenth of it at most. Without the guards most take minutes at this size."""

Build = Callable[[int], str]


def rss(items: str, attributes: str = "") -> bytes:
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f'{head}<rss version="2.0" {attributes}><channel><item>{items}</item></channel></rss>'.encode()


def atom(content: str) -> bytes:
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><entry>{content}</entry></feed>'.encode()


def escaped(markup: str) -> str:
    return markup.replace("&", "&amp;").replace("<", "&lt;")


def numbered(pattern: str, count: int) -> str:
    return "".join(pattern.format(number) for number in range(count))


REFUSED: dict[str, tuple[Callable[[int], bytes], str]] = {
    "open elements": (lambda n: rss("<b>" * n), "more than 250 elements lie in each other"),
    "nested elements": (lambda n: rss("<b>" * n + "</b>" * n), "more than 250 elements lie in each other"),
    "elements": (lambda n: rss("<b/>" * 10 * n), "more than 250000 elements"),
    "attributes": (lambda n: rss("<b " + numbered('a{0}="" ', n) + "/>"), "more than 100 attributes"),
    "blank lines before": (lambda n: b"\n" * 20 * n + rss(""), "characters before the first element"),
    "encodings in the declaration": (lambda n: b"<?xml " + b'encoding="' * n + b"<rss/>", "before the first element"),
    "categories": (lambda n: rss(numbered("<category>{0}</category>", n)), "too many tags"),
    "terms": (lambda n: rss(numbered('<category term="{0}">x</category>', n)), "too many tags"),
    "keywords": (lambda n: rss(f"<keywords>{numbered('{0},', n)}</keywords>"), "too many tags"),
    "tags between entries": (lambda n: rss("</item><item/><category>x</category><item>" * n), "too many tags"),
    "tags of sources": (lambda n: rss("<source><category>x</category></source>" * n), "too many tags"),
    "a long name": (lambda n: rss(f"<author>{'a' * 10 * n}</author>"), "name has more than 20000 characters"),
    "long names": (lambda n: rss(f"<author>{'a' * 15_000}</author>" * (n // 300)), "too many long names"),
    "a name again": (lambda n: rss(f"<author>{'a' * 15_000}</author>" + "<b><author/></b>" * n), "too many long names"),
    "a long base": (lambda n: rss(f'<b xml:base="http://{"a" * n}/"/>'), "characters of xml:base"),
    "bases": (lambda n: rss('<div xml:base="x/"></div>' * n), "characters of xml:base"),
    "nested bases": (lambda n: rss(f'<b xml:base="{"x" * 100}/">' * 200), "characters of xml:base"),
    "namespaces": (lambda n: rss("", numbered('xmlns:x{0}="u{0}" ', n // 100)), "more than 100 prefixes"),
    "blanks in XHTML": (
        lambda n: atom(f'<content type="xhtml">{chr(10) * n}x<b/></content>'),
        "characters of white space begin",
    ),
    "blanks and divs": (
        lambda n: atom(f'<content type="html">{"<div> </div>" * n}<b/></content>'),
        "characters of white space begin",
    ),
    "blanks in XHTML alone": (
        lambda n: atom(f'<content type="xhtml">{chr(10) * n}</content>'),
        "characters of white space begin",
    ),
}

READ: dict[str, Callable[[int], bytes]] = {
    "escaped comments": lambda n: rss(f"<description>{escaped('<!--' * n)}</description>"),
    "escaped elements": lambda n: rss(f"<description>{escaped('<b>' * n)}</description>"),
    "escaped end tags": lambda n: rss(f"<description>{escaped('</' * n)}</description>"),
    "escaped references": lambda n: rss(f"<description>{'&amp;' * n}</description>"),
    "comments": lambda n: rss("<!---->" * n),
    "blank text": lambda n: rss(f"<description>{chr(10) * n}x</description>"),
    "open comments": lambda n: rss("<!--" * n),
    "open CDATA": lambda n: rss("<![CDATA[" * n),
    "open declarations": lambda n: rss("<![" * n),
    "open instructions": lambda n: rss("<?" * n),
    "less-than": lambda n: rss("<" * n),
    "ampersands": lambda n: rss("&" * n),
    "quotes": lambda n: rss("<a \"<a '" * (n // 4)),
    "open attributes": lambda n: rss("<a href=" * (n // 4)),
    "end tags": lambda n: rss("</b>" * n),
    "misnested": lambda n: rss("<a><b></a></b>" * (n // 4)),
    "controls": lambda n: rss("\x01" * n),
    "unknown references": lambda n: rss(f"<description>{'&nbsp;&nosuch;' * n}</description>"),
    "doctypes": lambda n: b"<!DOCTYPE " * 1000 + rss(""),
    "encodings": lambda n: b'<?xml version="1.0"?><rss>' + b'encoding="' * n,
    "entities": lambda n: f'<!DOCTYPE a [<!ENTITY a "{"a" * 1000}">]>'.encode() + rss("&a;" * n)[38:],
    "undeclared prefixes": lambda n: rss("<x:y/>" * (n // 4)),
}


def cpu_seconds_to_parse(content: bytes) -> float:
    began = time.process_time()
    with suppress(ParseError):
        parse_feed(content, RSS)
    return time.process_time() - began


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.uncounted
def test_what_would_cost_too_much_is_refused_at_once(case: str) -> None:
    build, reason = REFUSED[case]
    content = build(64_000)
    began = time.process_time()
    with pytest.raises(ParseError, match=reason):
        parse_feed(content, RSS)
    assert time.process_time() - began < DEADLINE_SECONDS


@pytest.mark.parametrize("case", READ)
@pytest.mark.uncounted
def test_what_is_read_is_read_in_bounded_time(case: str) -> None:
    assert cpu_seconds_to_parse(READ[case](64_000)) < DEADLINE_SECONDS


@pytest.mark.parametrize("case", READ)
@pytest.mark.uncounted
def test_double_the_length_is_at_most_double_the_work(case: str) -> None:
    small, large = (calls_to_parse(READ[case](length)) for length in (2_000, 4_000))
    assert large <= 2.5 * small


def calls_to_parse(content: bytes) -> int:
    def parse() -> None:
        with suppress(ParseError):
            parse_feed(content, RSS)

    return count_calls(parse)


def test_a_document_of_ours_at_all_its_bounds_is_read() -> None:
    """The gate's largest articles: long names and many tags, blank lines and markup in the bodies."""
    names = tuple(Author(name=f"{number}" + "a" * 490) for number in range(50))
    tags = tuple(f"标签{number}" for number in range(100))
    body = "<pre>" + "\n" * 50_000 + "</pre>" + "<b>粗 &amp; 体</b>" * 10_000
    feed = feed_of(
        *(
            article(
                number, authors=names, tags=tags, breadcrumb=tags[:20], summary="\n" * 30_000 + "x", content_html=body
            )
            for number in range(4)
        )
    )
    for name in ("rss", "atom"):
        parsed = parse_feed(FORMATS[name].render(feed), FORMATS[name].media_type)
        assert (len(parsed.entries), parsed.fault) == (4, "")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (rss("<title>一</title>")[:-7], "line 1, column 97: unclosed token"),
        (rss("<title>\n\n<b></title>"), "line 3, column 6: mismatched tag"),
        (b'<rss version="2.0"><channel><item><title>\n</b>', "line 2, column 3: mismatched tag"),
        (b'<!DOCTYPE rss [<!ENTITY a "b">]><rss version="2.0"><channel><item/></channel></rss>', "entities of its own"),
    ],
)
def test_what_is_not_well_formed_is_mended_and_told_with_its_place(content: bytes, fault: str) -> None:
    parsed = parse_feed(content, RSS)
    assert fault in parsed.fault
    assert (parsed.version, len(parsed.entries)) == ("rss20", 1)


def test_html_s_characters_and_undeclared_prefixes_are_understood() -> None:
    items = "<title>a&nbsp;b &mdash; &amp;c &nosuch;</title><dc:creator>记者</dc:creator><q:x/>"
    (entry,) = parse_feed(rss(items), RSS).entries
    assert entry["title"] == "a\xa0b — &c &nosuch;"
    assert entry["authors"] == (("记者", None),)


@pytest.mark.parametrize(
    ("encoded", "media_type", "encoding", "fault"),
    [
        ("utf-8", RSS, "utf-8", ""),
        ("utf-8-sig", "application/xml", "utf-8", ""),
        ("utf-16", "application/xml", "utf-16", ""),
        ("utf-16-be", "application/xml", "utf-16-be", ""),
        ("utf-16-le", "application/xml", "utf-16-le", ""),
        ("gbk", "application/rss+xml; charset=GB2312", "gb2312", ""),
        ("big5", "application/rss+xml;charset='big5'", "big5", ""),
        ("gb18030", "application/xml", "cp1252", "declared as utf-8"),
        ("utf-8", "application/xml; charset=utf-7", "utf-8", "declared as utf-7, but read as utf-8"),
        ("utf-8", "application/xml; charset=nosuch", "utf-8", "declared as nosuch, but read as utf-8"),
        ("utf-8", "application/xml; charset=us-ascii", "utf-8", "declared as us-ascii, but read as utf-8"),
    ],
)
def test_a_document_is_read_in_its_encoding(encoded: str, media_type: str, encoding: str, fault: str) -> None:
    text = '<?xml version="1.0"?>\n<rss version="2.0"><channel><title>臺北</title></channel></rss>'
    parsed = parse_feed(text.encode(encoded), media_type)
    assert (parsed.encoding, parsed.version) == (encoding, "rss20")
    assert fault in parsed.fault
    assert bool(fault) == bool(parsed.fault)
    if encoding != "cp1252":
        assert parsed.channel["title"] == "臺北"


def test_the_declaration_names_the_encoding() -> None:
    text = '<?xml version="1.0" encoding="GB2312"?><rss version="2.0"><channel><title>经济</title></channel></rss>'
    parsed = parse_feed(text.encode("gb18030"), "application/xml")
    assert (parsed.encoding, parsed.channel["title"], parsed.fault) == ("gb2312", "经济", "")


def test_what_is_no_xml_at_all_is_an_empty_feed_with_a_fault() -> None:
    parsed = parse_feed(b"plain text", RSS)
    assert (parsed.version, parsed.entries) == ("", ())
    assert "syntax error" in parsed.fault


def test_the_bound_of_bytes_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taming, "MAX_BYTES", 10)
    with pytest.raises(ParseError, match="11 bytes are more than the 10"):
        parse_feed(b"x" * 11, RSS)
