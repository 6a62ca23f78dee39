"""Text that survives: what goes, what stays, what it becomes."""

from __future__ import annotations

import pytest

from feedsvc.text import (
    canonical_language,
    canonical_line,
    canonical_text,
    canonical_url,
    plain_text,
    sanitize_html,
)

BASE = "https://news.example.org/a/b"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  标题\u3000\xa0", "标题"),
        ("\ufeff 标\ufeff题\ufeff", "标\ufeff题"),
        ("一\r\n二\r三\n四", "一\n二\n三\n四"),
        ("a\x00b\x0bc\ufffed\uffffe\ud800f", "abcdef"),
        ("等等\x85", "等等…"),
        ("\x93引\x94", "“引”"),
        ("\x81\x8d", ""),
        ("𠮷 👨‍👩‍👧 \u202e bidi \u2028", "𠮷 👨‍👩‍👧 \u202e bidi"),
        ("<b>&amp;</b>", "<b>&amp;</b>"),
    ],
)
def test_plain_text_keeps_what_xml_and_readers_keep(given: str, kept: str) -> None:
    assert canonical_text(given) == kept
    assert canonical_text(kept) == kept


def test_a_line_has_no_break() -> None:
    assert canonical_line(" 一\r\n二\t三 ") == "一 二 三"


@pytest.mark.parametrize(
    ("given", "base", "url"),
    [
        ("https://例え.jp/圖 片.png?a={1}|2", None, "https://xn--r8jz45g.jp/%E5%9C%96%20%E7%89%87.png?a=%7B1%7D%7C2"),
        ("/x/../y", BASE, "https://news.example.org/y"),
        ("../图.png", BASE, "https://news.example.org/%E5%9B%BE.png"),
        ("//cdn.example/a", BASE, "https://cdn.example/a"),
        ("HTTP://A.example:80/%zz#a#b", None, "http://a.example/%25zz#a%23b"),
        ("http://[::1]:8000/", None, "http://[::1]:8000/"),
        ("https://a.example/?x&copy;=1", None, "https://a.example/?x&copy%3B=1"),
    ],
)
def test_a_url_becomes_absolute_and_encoded(given: str, base: str | None, url: str) -> None:
    assert canonical_url(given, base) == url
    assert canonical_url(url) == url


@pytest.mark.parametrize("given", ["", "x", "/x", "http://", "http://a b/", "ftp://a.example/", "javascript:alert(1)"])
def test_what_is_no_web_address_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        canonical_url(given)


def test_a_relative_reference_that_makes_no_url_is_refused() -> None:
    with pytest.raises(ValueError, match="not a URL"):
        canonical_url("http://[", BASE)


@pytest.mark.parametrize(
    ("given", "tag"), [("zh_tw", "zh-TW"), ("ZH-hans", "zh-Hans"), (" en-gb ", "en-GB"), ("zh-Hant-HK", "zh-Hant-HK")]
)
def test_a_language_tag_gets_its_usual_case(given: str, tag: str) -> None:
    assert canonical_language(given) == tag


@pytest.mark.parametrize("given", ["", "中文", "chinese-simplified", "en us"])
def test_what_is_no_language_tag_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="BCP 47"):
        canonical_language(given)


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("<p onclick='x()'>好<script>alert(1)</script></p>", "<p>好</p>"),
        ("<a href='java\nscript:alert(1)'>x</a>", "<a>x</a>"),
        ("<a href='JAVASCRIPT:alert(1)'>x</a>", "<a>x</a>"),
        ("<a href='vbscript:x'>x</a><a href='data:text/html,x'>y</a>", "<a>x</a><a>y</a>"),
        ("<a href='mailto:a@b.cn'>m</a>", '<a href="mailto:a@b.cn">m</a>'),
        ("<a href='/新'>x</a>", '<a href="https://news.example.org/%E6%96%B0">x</a>'),
        ("<img src='图.png' alt='图' onerror=x>", '<img src="https://news.example.org/a/%E5%9B%BE.png" alt="图">'),
        ("<img src='http://['>", "<img>"),
        ("<iframe src='https://x'></iframe><style>p{}</style>文", "文"),
        ("<div style='color:red' class='x' id='y'>文</div>", "<div>文</div>"),
        ("<ruby>漢<rp>(</rp><rt>hàn</rt><rp>)</rp></ruby>", "<ruby>漢<rp>(</rp><rt>hàn</rt><rp>)</rp></ruby>"),
        ("a &amp; b &#12;&#x85;\x85 <!-- c --> d", "a &amp; b ……  d"),
        ("<p>一<p>二", "<p>一</p><p>二</p>"),
        ("<svg onload=x><circle/></svg>文", "文"),
        ("  <p>文</p>\n", "<p>文</p>"),
    ],
)
def test_markup_is_made_safe_and_absolute(given: str, safe: str) -> None:
    assert sanitize_html(given, BASE) == safe
    assert sanitize_html(safe, BASE) == safe


def test_misnested_markup_settles() -> None:
    hostile = "<table><a href=1><p></table>" + "<a><table><a></a></table>" * 3

    settled = sanitize_html(hostile, BASE)

    assert sanitize_html(settled, BASE) == settled


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("<p>一<b>二</b></p><p>three  four<br>five</p>", "一二\nthree four\nfive"),
        ("<ruby>漢<rp>(</rp><rt>hàn</rt><rp>)</rp></ruby>字", "漢字"),
        ("A &lt; B &amp; C", "A < B & C"),
        ("<img src='x'>", ""),
        ("<!-- 不 -->文<!-- 不 -->尾", "文尾"),
        (
            "<table><tr><th>月</th><th>数</th></tr>\n<tr><td>1,371</td> <td>2,742</td></tr></table>",
            "月 数\n1,371 2,742",
        ),
    ],
)
def test_plain_text_is_what_one_reads(markup: str, text: str) -> None:
    assert plain_text(markup) == text


@pytest.mark.parametrize("hidden", ["\x1b", "\ufffe", "\uffff", "&#27;", "\x0c"])
def test_plain_text_begins_after_what_xml_forbids(hidden: str) -> None:
    assert plain_text(f"{hidden}甲<p>乙</p>") == "甲\n乙"
    assert plain_text(hidden) == ""
