"""Labels mean what they mean on the web, and none of them can make reading fail."""

from __future__ import annotations

import codecs

import pytest
import webencodings
from webencodings.labels import LABELS

from feedsvc.parse import parse_feed
from feedsvc.parse.characters import legalize
from feedsvc.parse.encodings import codec_of, is_surely_utf8

RSS = '<rss version="2.0"><channel><title>{}</title></channel></rss>'


@pytest.mark.parametrize("label", LABELS)
def test_every_label_of_the_web_has_a_codec_or_none(label: str) -> None:
    codec = codec_of(label)
    if codec is None:
        assert webencodings.lookup(label).name in {"replacement", "x-user-defined", "utf-16le", "utf-16be"}
    else:
        assert codecs.lookup(codec)._is_text_encoding


@pytest.mark.parametrize(
    "label", ["punycode", "idna", "base64", "rot13", "unicode_escape", "utf-7", "utf-32", "hz", "cp037", "x", ""]
)
def test_others_have_none(label: str) -> None:
    assert codec_of(label) is None


@pytest.mark.parametrize(
    ("label", "codec"),
    [("gb2312", "gb18030"), ("GBK", "gb18030"), ("cp936", "gb18030"), ("Big5", "big5hkscs"), ("latin1", "cp1252")],
)
def test_the_wider_encoding_reads(label: str, codec: str) -> None:
    assert codec_of(label) == codec


def test_utf8_is_known_by_its_three_byte_characters() -> None:
    assert is_surely_utf8("中".encode())
    assert not is_surely_utf8("é".encode())
    assert not is_surely_utf8("联通".encode("gbk"))
    assert not is_surely_utf8(b"")


@pytest.mark.parametrize("reference", ["&#xD800;", "&#xDFFF;", "&#0;", "&#xFFFE;", "&#99999999999999999999;"])
def test_a_reference_to_no_character_ends_no_reading(reference: str) -> None:
    parsed = parse_feed(RSS.format(f"甲{reference}乙").encode(), "application/xml")
    assert parsed.channel["title"] == "甲乙"
    assert parsed.fault


@pytest.mark.parametrize(
    ("text", "legal"),
    [
        ("a&#65;&#x4E2D;&amp;", ("a&#65;&#x4E2D;&amp;", 0)),
        ("&#xD83D;&#xDE00;", ("&#128512;", 0)),
        ("&#xDE00;&#xD83D;&#65;", ("&#65;", 2)),
        ("<![CDATA[&#0;]]>&#0;<!-- &#0; -->&#0;", ("<![CDATA[&#0;]]><!-- &#0; -->", 2)),
        ("<![CDATA[\x00]]>\uffff", ("<![CDATA[]]>", 2)),
        ("&#0;<![CDATA[&#0;", ("<![CDATA[", 2)),
    ],
)
def test_what_xml_forbids_is_counted(text: str, legal: tuple[str, int]) -> None:
    assert legalize(text) == legal
