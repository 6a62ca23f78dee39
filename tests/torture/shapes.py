"""JSON that is odd, people, tags, languages and ids."""

from __future__ import annotations

import json
from typing import Any

from torture.case import MAIN, Case, Published, Refused, refused

_EVERYTHING_EMPTY: dict[str, Any] = {
    "link": "", "summary": "", "content_html": "<p>x</p>", "authors": [""], "editor": "", "source": {"name": ""},
    "breadcrumb": ["", " "], "tags": ["", "\u3000"], "language": "",
}  # fmt: skip
_EVERYTHING_NULL = dict.fromkeys(
    "link content_html authors editor source breadcrumb tags language updated image enclosures minor draft".split()
) | {"summary": "Nothing else is given."}


def _raw(name: str, probes: str, body: bytes, reason: str) -> Case:
    return refused(name, probes, body, "body", reason, status=400)


def _known_as(name: str, probes: str, key: str) -> Case:
    title = f"Known as {name}"
    return Case(name, probes, {"title": title}, Published({"title": title}), key=key)


def _in_language(name: str, probes: str, language: str, shown: str) -> Case:
    return Case(name, probes, {"language": language}, Published({"language": shown}))


def _by(name: str, probes: str, authors: list[Any], shown: tuple[str, ...]) -> Case:
    return Case(name, probes, {"authors": authors}, Published({"authors": shown}))


CASES: tuple[Case, ...] = (
    # JSON
    _raw(
        "duplicate-keys",
        "a key that stands twice",
        b'{"title": "a", "title": "b", "sections": ["torture"]}',
        'names "title" twice',
    ),
    _raw(
        "nesting",
        "100,000 lists inside each other",
        b'{"title": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "nested too deep",
    ),
    _raw("array", "no object", b'[{"title": "a"}]', "must be a JSON object"),
    _raw("not-a-number", "NaN", b'{"title": "a", "length": NaN}', "holds NaN"),
    _raw("infinite", "a number beyond any", b'{"title": "a", "length": 1e999}', "too great a number"),
    _raw("digits", "a number of 10,000 digits", b'{"length": ' + b"9" * 10_000 + b"}", "too many digits"),
    _raw("cut-short", "JSON that ends early", b'{"title": "a', "is no valid JSON"),
    _raw("two-documents", "JSON with something behind it", b'{"title": "a"} {"title": "b"}', "is no valid JSON"),
    _raw("comments", "JSON with a comment", b'{"title": "a" /* x */}', "is no valid JSON"),
    _raw("utf-16", "JSON in UTF-16", '{"title": "甲"}'.encode("utf-16"), "is not UTF-8"),
    _raw("gb18030", "JSON in GB 18030", '{"title": "宏观"}'.encode("gb18030"), "is not UTF-8"),
    _raw("surrogates-in-utf-8", "half of a pair as bytes", b'{"title": "\xed\xa0\x80"}', "is not UTF-8"),
    refused(
        "too-large",
        "a body of 9 MiB",
        b'{"title": "' + b"a" * (9 * 1024 * 1024) + b'"}',
        "",
        "At most 8000000 bytes",
        status=413,
    ),
    Case(
        "byte-order-mark",
        "a BOM before the JSON",
        b"\xef\xbb\xbf"
        + json.dumps(
            {"title": "BOM", "summary": "x", "sections": [MAIN], "published": "2025-01-05T00:00:00Z"}
        ).encode(),
        Published({"title": "BOM", "summary": "x", "published": "2025-01-05T00:00:00Z"}),
    ),
    Case(
        "nulls",
        "every field that may be null is",
        _EVERYTHING_NULL,
        Published({"authors": (), "enclosures": (), "image": None}),
    ),
    Case(
        "empties",
        "every field that may be empty is",
        _EVERYTHING_EMPTY,
        Published({"authors": (), "content": "<p>x</p>", "summary": "x"}),
    ),
    refused("empty-title", "an empty title", {"title": ""}, "title", "is empty"),
    refused("null-title", "a null title", {"title": None}, "title", "must be a string, not null"),
    refused("number-title", "a number for a title", {"title": 2025}, "title", "must be a string, not a number"),
    refused(
        "empty-external-id",
        "an external id in the body that differs from the address",
        {"external_id": ""},
        "external_id",
        "differs",
    ),
    refused("empty-sections", "no section", {"sections": []}, "sections", "is empty"),
    refused(
        "unknown-section", "a section that is none", {"sections": ["tortuer"]}, "sections[0]", "did you mean torture"
    ),
    refused("unknown-field", "a misspelt field", {"titel": "x"}, "titel", "did you mean title"),
    refused(
        "unknown-field-inside",
        "a misspelt field of an author",
        {"authors": [{"nmae": "x", "name": "y"}]},
        "authors[0].nmae",
        "did you mean name",
    ),
    refused(
        "length-as-text",
        "a number as a string",
        {"enclosures": [{"url": "/a", "type": "a/b", "length": "12"}]},
        "enclosures[0].length",
        "must be a whole number, not a string",
    ),
    refused("draft-as-text", "true as a string", {"draft": "true"}, "draft", "must be true or false, not a string"),
    refused(
        "half-a-byte",
        "a length with a fraction",
        {"enclosures": [{"url": "/a", "type": "a/b", "length": 1.5}]},
        "enclosures[0].length",
        "must be a whole number",
    ),
    refused("tags-as-text", "a text for a list", {"tags": "a,b"}, "tags", "must be a list, not a string"),
    Case(
        "sections-twice",
        "a section by slug, title and in capitals",
        {"sections": ["torture", "酷刑", "TORTURE"], "title": "Once"},
        Published({"title": "Once"}),
    ),
    # people and words
    _by(
        "fifty-authors",
        "as many authors as are taken",
        [f"作者 {number}" for number in range(50)],
        tuple(f"作者 {number}" for number in range(50)),
    ),
    refused("too-many-authors", "51 authors", {"authors": ["甲"] * 51}, "authors", "more than the 50"),
    _by(
        "author-with-address",
        "an address inside the name",
        ["记者 李明 <li@example.org>", "wang@example.org (王芳)"],
        ("记者 李明", "王芳"),
    ),
    _by("author-of-address", "an address for a name", ["desk@example.org"], ("desk",)),
    _by(
        "author-doubled",
        "the same author twice",
        ["单晓宁", "单晓宁", {"name": "单晓宁", "url": "https://a.example/"}],
        ("单晓宁", "单晓宁"),
    ),
    _by(
        "author-odd",
        "markup, entities and brackets in names",
        ["<b>钟</b> & 艺", "O'Brien (AP)", "A &amp; B", "张三，李四"],
        ("<b>钟</b> & 艺", "O'Brien (AP)", "A &amp; B", "张三，李四"),
    ),
    refused(
        "address-of-nobody",
        "an address that is none",
        {"authors": [{"name": "x", "email": "x at y"}]},
        "authors[0].email",
        "is no e-mail address",
    ),
    Case(
        "tags-doubled",
        "tags twice, odd ones, one with a comma",
        {"tags": ["芯片", "芯片 ", "R&D", "<b>", "a,b", "A/B", "&amp;", "芯片"]},
        Published({"tags": ("芯片", "R&D", "<b>", "a,b", "A/B", "&amp;")}),
    ),
    refused("tag-too-long", "a tag of 201 characters", {"tags": ["长" * 201]}, "tags[0]", "is longer than 200"),
    Case(
        "breadcrumb",
        "a path with slashes in its steps",
        {"breadcrumb": ["首页", "A/B", "正文"]},
        Published({"breadcrumb": "首页/A／B/正文"}),
    ),
    # languages
    _in_language("language-of-script", "script and region", "zh-Hant-HK", "zh-Hant-HK"),
    _in_language("language-underscored", "an underscore, in capitals", "ZH_tw", "zh-TW"),
    _in_language("language-private", "private use alone", "x-private", "x-private"),
    _in_language("language-old", "a tag of old", "i-klingon", "tlh"),
    _in_language("language-extended", "an extension and a variant", "de-1996-u-co-phonebk", "de-1996-u-co-phonebk"),
    refused("language-of-none", "no tag at all", {"language": "中文"}, "language", "not a language tag"),
    refused("language-odd", "a subtag of nine letters", {"language": "zh-abcdefghi"}, "language", "not a language tag"),
    refused(
        "language-long", "a language of 101 characters", {"language": "x-" + "a" * 99}, "language", "is longer than 100"
    ),
    # ids
    _known_as("id-like-a-path", "slashes and dots", "../../etc/passwd//x/./y"),
    _known_as("id-of-percent", "percent signs and what they encode", "100%25 %2F%00%zz"),
    _known_as("id-of-emoji", "emoji and Chinese", "稿件/👨‍👩‍👧?第=1#2"),
    _known_as("id-of-quotes", "quotes, backslashes and SQL", "'; DROP TABLE articles; --\"\\"),
    _known_as("id-like-xml", "what looks like XML", '<guid isPermaLink="true">&amp;]]></guid>'),
    _known_as("id-of-spaces", "white space at its ends is part of it", " a \u3000"),
    _known_as("id-of-controls", "a line feed and U+FFFE", "a\nb\ufffe"),
    _known_as("id-like-an-id", "eleven characters of our own alphabet", "0123456789a"),
    Case(
        "id-too-long",
        "an id of 1,002 bytes",
        {},
        Refused(422, "external_id", "is longer than 1000 bytes"),
        key="长" * 334,
    ),
)
