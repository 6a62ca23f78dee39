"""What holds for any XML feed, whatever it is fed: bounds, encodings, no entities, many threads at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module, resources
from pathlib import Path

import pytest

from examples import errors, example_feed, feed_of, full_article
from feedsvc.feed.formats import FORMATS
from feedsvc.feed.grammar import CHECKS, RULES, check
from feedsvc.feed.grammar.rules import Rule
from feedsvc.model import Finding
from planting import broken

GOLDEN = Path(__file__).parent.parent / "golden"
XML = ("rss", "atom")
EMPTY = {name: FORMATS[name].render(feed_of()) for name in XML}

LIKE_MARKUP = {"rss": ["rss.text.html"], "atom": ["atom.text.html"], "json": []}
"""The golden article's title speaks of <b>, and that is how it is meant."""


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_its_grammar(name: str) -> None:
    assert name in CHECKS


@pytest.mark.parametrize("name", XML)
def test_the_golden_documents_keep_every_standard(name: str) -> None:
    feed = example_feed()
    findings = check((GOLDEN / f"example.{name}").read_bytes(), name, self_url=feed.self_urls[name])
    assert errors(findings) == []
    enclosures_of_unknown_length = ["atom.enclosure.length"] if name == "atom" else []
    assert [finding.rule for finding in findings] == LIKE_MARKUP[name] + enclosures_of_unknown_length


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_a_rule_says_all_that_one_needs(rule: Rule) -> None:
    assert rule.standard
    assert rule.message
    assert rule.mend
    assert not rule.message.endswith(".")  # clauses, which are put into sentences
    assert rule.severity in {"error", "warning"}


def test_each_name_is_one_rules() -> None:
    modules = "frame tally atomrules rssrules jsonfeed vocabularyrules values markup".split()
    rules = [rule for name in modules for rule in import_module(f"feedsvc.feed.grammar.{name}").RULES]
    assert len({rule.name for rule in rules}) == len(rules) == len(RULES)


@pytest.mark.parametrize("name", XML)
def test_the_schemas_come_with_the_package(name: str) -> None:
    assert (resources.files("feedsvc.feed.grammar") / f"{name}.rng").is_file()


def test_what_counts_from_an_xml_base_is_no_relative_address() -> None:
    entry = '<content type="html" xml:base="https://n.example/">&lt;a href="/x"&gt;x&lt;/a&gt;</content>'
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><entry>{entry}</entry></feed>'
    rules = {finding.rule for finding in check(feed.encode(), "atom")}
    assert "xml.base" in rules
    assert "html.relative" not in rules
    bare = feed.replace('xml:base="https://n.example/"', "")
    assert "html.relative" in {finding.rule for finding in check(bare.encode(), "atom")}


@pytest.mark.parametrize("name", XML)
def test_another_encoding_is_a_warning(name: str) -> None:
    content = EMPTY[name].decode().replace("UTF-8", "GB18030").encode("gb18030")
    assert broken(check(content, name)) == [("xml.encoding", None)]


@pytest.mark.parametrize("name", XML)
def test_a_byte_order_mark_a_comment_or_an_instruction_hurts_nobody(name: str) -> None:
    text = (
        EMPTY[name].decode().replace("宏观<", "宏<!-- <b> -->观<", 1).replace("?>", "?><?xml-stylesheet href='x'?>", 1)
    )
    assert check(b"\xef\xbb\xbf" + text.encode(), name) == []


@pytest.mark.parametrize("name", XML)
def test_a_document_beyond_all_bounds_is_not_parsed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feedsvc.feed.grammar.frame.MAX_BYTES", len(EMPTY[name]) - 1)
    assert broken(check(EMPTY[name], name)) == [("xml.size", None)]


@pytest.mark.parametrize("name", XML)
def test_an_entity_is_not_expanded(name: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("密")
    declared = f'<!DOCTYPE x [<!ENTITY e "甲"><!ENTITY f SYSTEM "{secret.as_uri()}">]>'
    text = EMPTY[name].decode().replace("?>\n", f"?>\n{declared}", 1).replace("宏观<", "宏&e;&f;观<", 1)
    findings = check(text.encode(), name)
    assert [finding.rule for finding in findings[:3]] == ["xml.doctype", "xml.entity", "xml.entity"]
    assert "密" not in repr(findings)


def bomb(_name: str) -> bytes:
    layers = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    return f'<!DOCTYPE rss [<!ENTITY l0 "哈">{layers}]><rss version="2.0" x="&l11;">&l11;</rss>'.encode()


def nested(_name: str) -> bytes:
    return b"<a>" * 300_000


def siblings(name: str) -> bytes:
    return EMPTY[name].replace(b"</title>", b"</title>" + b"<q/>" * 300_000, 1)


def attributes(name: str) -> bytes:
    many = " ".join(f'a{number}="1"' for number in range(20_000)).encode()
    return EMPTY[name].replace(b"<title>", b"<title " + many + b">", 1)


def comments(name: str) -> bytes:
    return EMPTY[name].replace(b"</title>", b"&lt;!--" * 200_000 + b"</title>", 1)


def open_tags(name: str) -> bytes:
    body = b"&lt;div title='" * 100_000
    element = {"rss": b"<item><description>%s</description></item>", "atom": b"<subtitle type='html'>%s</subtitle>"}
    return EMPTY[name].replace(b"</title>", b"</title>" + element[name] % body, 1)


@pytest.mark.parametrize("name", XML)
@pytest.mark.parametrize("hostile", [bomb, nested, siblings, attributes, comments, open_tags])
def test_hostile_bytes_cost_bounded_time(name: str, hostile: Callable[[str], bytes]) -> None:
    content = hostile(name)
    began = time.thread_time()
    findings = check(content, name)
    assert time.thread_time() - began < 10
    assert len(findings) <= 1001
    assert findings or hostile is comments  # in plain text they are words like any other


@pytest.mark.parametrize(
    ("content", "found", "place"),
    [
        (b"<rss>\n\xff</rss>", "0xff", "line 2, byte 7"),
        (b'<?xml version="1.0" encoding="gb2312"?><a>\xff</a>', "0xff", "line 1, byte 43"),
        (b'<?xml version="1.0" encoding="punycode"?><a/>', 'encoding="punycode"', ""),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', 'encoding="utf-7"', ""),
        (b'<?xml version="1.0" encoding="hz-gb-2312"?><a/>', 'encoding="hz-gb-2312"', ""),
        (b'<?xml version="1.0" encoding="utf-16"?><a/>', 'encoding="utf-16"', ""),
        (b"\xff\xfe<\0a\0\0\xd8>\0", "0x00", "line 1, byte 7"),
    ],
)
def test_bytes_in_another_encoding_than_they_say(content: bytes, found: str, place: str) -> None:
    (finding,) = check(content, "rss")
    assert (finding.rule, finding.found, finding.place) == ("xml.bytes", found, place)


@pytest.mark.parametrize(("label", "codec"), [("GB2312", "gb18030"), ("cp936", "gbk"), ("Big5", "big5hkscs")])
def test_chinese_is_read_as_browsers_do(label: str, codec: str) -> None:
    """libxml2 alone would stop at 镕, which GB 2312 lacks, and at 堃, which Big5 lacks."""
    text = FORMATS["rss"].render(feed_of()).decode()
    content = text.replace("UTF-8", label).replace("宏观", "堃" if label == "Big5" else "镕")
    assert broken(check(content.encode(codec, "xmlcharrefreplace"), "rss")) == [("xml.encoding", None)]


@pytest.mark.parametrize("name", XML)
@pytest.mark.parametrize("content", [b"", b"\0", b"<", b"news", b"\xff\xfe<\0", b"<a xmlns:b=''/>"])
def test_bytes_that_are_no_xml_are_named_as_such(name: str, content: bytes) -> None:
    (finding,) = check(content, name)
    assert (finding.rule, finding.format) == ("xml.wellformed", name)
    assert finding.place.startswith("line ")


def test_threads_do_not_mix_their_findings_up() -> None:
    """A compiled schema keeps the errors of its last run."""
    gone = b'<at:deleted-entry xmlns:at="http://purl.org/atompub/tombstones/1.0" ref="urn:x:y" when="%s">'
    gone %= b"2026-03-01T00:00:00Z"
    wrong = EMPTY["atom"].replace(b"</feed>", gone + b"<at:by/></at:deleted-entry></feed>")

    def run(number: int) -> list[Finding]:
        return check(wrong if number % 2 else EMPTY["atom"], "atom")

    with ThreadPoolExecutor(8) as pool:
        for number, findings in enumerate(pool.map(run, range(400))):
            assert [finding.rule for finding in findings] == ["atom.schema"] * (number % 2)


@pytest.mark.parametrize("name", XML)
def test_fifty_entries_cost_milliseconds(name: str) -> None:
    content = FORMATS[name].render(feed_of(*(full_article(n, entry_id=f"urn:x:{n}") for n in range(1, 51))))
    check(content, name)
    times = []
    for _ in range(5):
        began = time.thread_time()
        check(content, name)
        times.append(time.thread_time() - began)
    # Measured: 10 ms; the bound only tells the order of it, whatever else the machine does.
    assert min(times) < 0.2
