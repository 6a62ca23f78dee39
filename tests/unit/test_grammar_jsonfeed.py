"""JSON Feed 1.1, rule by rule: a right feed has none, and each breach is told with its item and its place."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from feedsvc.feed import grammar
from feedsvc.feed.grammar import jsonframe
from feedsvc.feed.grammar.jsonfeed import RULES, check_json
from feedsvc.feed.grammar.tally import OF_RULE
from feedsvc.model import Finding

FEED: dict[str, Any] = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "江畔新闻 R&D <b>",
    "home_page_url": "https://news.example.org/",
    "feed_url": "https://news.example.org/feed.json",
    "description": "一段话",
    "user_comment": "<p>for whoever reads JSON</p>",
    "next_url": "https://news.example.org/feed.json?page=2",
    "icon": "https://news.example.org/icon.png",
    "favicon": "https://news.example.org/favicon.png",
    "authors": [{"name": "编辑部", "url": "mailto:desk@example.org", "_x": {"a": 1}}, {"avatar": "https://a.example/"}],
    "language": "zh-Hans",
    "expired": False,
    "hubs": [{"type": "WebSub", "url": "https://hub.example.org/"}],
    "_newsroom": {"about": "https://news.example.org/extension", "x": [{"y": None}]},
    "items": [
        {
            "id": "urn:uuid:1",
            "url": "https://news.example.org/1",
            "external_url": "https://paper.example/1",
            "title": "A < B",
            "content_html": '<p>正文<a href="https://a.example/">链接</a></p>',
            "content_text": "正文",
            "summary": "摘要",
            "image": "https://img.example/1.png",
            "banner_image": "https://img.example/2.png",
            "date_published": "2026-03-01T20:00:00+08:00",
            "date_modified": "2026-03-01t12:00:00z",
            "authors": [{"name": "单晓宁"}],
            "tags": ["芯片", ""],
            "language": "zh-Hant",
            "attachments": [
                {
                    "url": "https://cdn.example/1.mp3",
                    "mime_type": "audio/mpeg",
                    "title": "朗读",
                    "size_in_bytes": 123,
                    "duration_in_seconds": 1.5,
                }
            ],
        },
        {
            "id": "2",
            "url": "https://news.example.org/2",
            "content_text": "",
            "date_published": "2026-03-01T11:00:00Z",
            "attachments": [],
            "authors": [],
        },
    ],
}


def told(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.rule, finding.place) for finding in findings]


def check(feed: Any, **given: Any) -> list[Finding]:
    return check_json(json.dumps(feed).encode(), **given)


def changed(path: str, value: Any) -> dict[str, Any]:
    """FEED with another value at a path such as `items.0.url`; ... takes the key away."""
    feed = deepcopy(FEED)
    *way, last = [int(step) if step.isdecimal() else step for step in path.split(".")]
    node: Any = feed
    for step in way:
        node = node[step]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return feed


def test_a_right_feed_is_right() -> None:
    assert check(FEED) == []
    assert check(FEED, self_url="https://news.example.org/feed.json") == []
    assert check(FEED | {"items": []}) == []


@pytest.mark.parametrize(
    ("path", "value", "rule", "place"),
    [
        ("version", ..., "jsonfeed.version", "version"),
        ("version", "", "jsonfeed.version", "version"),
        ("version", "1.1", "jsonfeed.version", "version"),
        ("version", 1.1, "jsonfeed.type", "version"),
        ("version", "https://jsonfeed.org/version/1", "jsonfeed.version-1.0", "version"),
        ("title", ..., "jsonfeed.title", "title"),
        ("title", " ", "jsonfeed.title", "title"),
        ("title", None, "jsonfeed.type", "title"),
        ("title", "<b>江畔</b>", "jsonfeed.html-as-text", "title"),
        ("items", ..., "jsonfeed.items", "items"),
        ("items", {}, "jsonfeed.items", "items"),
        ("home_page_url", ..., "jsonfeed.home_page_url", "home_page_url"),
        ("home_page_url", "/", "iri.absolute", "home_page_url"),
        ("feed_url", ..., "jsonfeed.feed_url", "feed_url"),
        ("feed_url", "feed:news.example.org", "iri.scheme", "feed_url"),
        ("next_url", "https://news.example.org/feed.json", "jsonfeed.next_url", "next_url"),
        ("icon", "data:image/png;base64,AA", "iri.active", "icon"),
        ("icon", "https://news.example.org/图标.png", "iri.ascii", "icon"),
        ("favicon", "https://news.example.org/a b", "iri.characters", "favicon, character 27"),
        ("authors", {"name": "x"}, "jsonfeed.type", "authors"),
        ("authors.0", "编辑部", "jsonfeed.type", "authors[0]"),
        ("authors.0", {"_x": {}}, "jsonfeed.author", "authors[0]"),
        ("authors.0.url", "desk@example.org", "iri.absolute", "authors[0].url"),
        ("authors.1.avatar", "mailto:a@b.cn", "iri.scheme", "authors[1].avatar"),
        ("authors.0.nmae", "x", "jsonfeed.key", "authors[0].nmae"),
        ("language", "zh_CN", "language.form", "language"),
        ("expired", "yes", "jsonfeed.type", "expired"),
        ("hubs.0.url", ..., "jsonfeed.hub", "hubs[0].url"),
        ("hubs.0.type", "", "jsonfeed.hub", "hubs[0].type"),
        ("items.0", None, "jsonfeed.type", "items[0]"),
        ("items.0.id", ..., "jsonfeed.id", "items[0].id"),
        ("items.0.id", "\u3000", "jsonfeed.id", "items[0].id"),
        ("items.0.id", 1842, "jsonfeed.id-1.0", "items[0].id"),
        ("items.0.id", True, "jsonfeed.type", "items[0].id"),
        ("items.0.id", "2", "jsonfeed.id.unique", "items[1].id"),
        ("items.1.content_text", ..., "jsonfeed.content", "items[1]"),
        ("items.1.content_text", "<p>x</p>\n", "jsonfeed.html-as-text", "items[1].content_text"),
        ("items.0.summary", '<div class="x">x</div>', "jsonfeed.html-as-text", "items[0].summary"),
        ("items.0.url", ..., "jsonfeed.url", "items[0].url"),
        ("items.0.url", "1.html", "iri.absolute", "items[0].url"),
        ("items.0.external_url", "javascript:x", "iri.active", "items[0].external_url"),
        ("items.0.date_published", ..., "jsonfeed.date_published", "items[0].date_published"),
        ("items.0.date_published", "2024年1月1日", "date.rfc3339", "items[0].date_published"),
        ("items.0.date_published", "2026-03-01T20:00:00", "date.rfc3339.zone", "items[0].date_published"),
        ("items.0.date_modified", "2026-02-30T20:00:00Z", "date.exists", "items[0].date_modified"),
        ("items.0.date_modified", "2026-03-01T19:59:59+08:00", "jsonfeed.date_modified", "items[0].date_modified"),
        ("items.0.content_html", "<p onclick=x>", "html.handler", "items[0].content_html, character 1"),
        ("items.0.content_html", "<iframe src='https://player.example/'></iframe>", "html.frame",
         "items[0].content_html, character 1"),
        ("items.0.content_html", ["<p>x</p>"], "jsonfeed.type", "items[0].content_html"),
        ("items.0.tags", "芯片", "jsonfeed.type", "items[0].tags"),
        ("items.0.tags", [1], "jsonfeed.type", "items[0].tags[0]"),
        ("items.0.language", "中文", "language.form", "items[0].language"),
        ("items.0.attachments.0.url", ..., "jsonfeed.attachment.url", "items[0].attachments[0].url"),
        ("items.0.attachments.0.mime_type", ..., "jsonfeed.attachment.mime_type", "items[0].attachments[0].mime_type"),
        ("items.0.attachments.0.mime_type", "mp3", "media-type.form", "items[0].attachments[0].mime_type"),
        ("items.0.attachments.0.size_in_bytes", "123", "jsonfeed.type", "items[0].attachments[0].size_in_bytes"),
        ("items.0.attachments.0.size_in_bytes", True, "jsonfeed.type", "items[0].attachments[0].size_in_bytes"),
        ("items.0.attachments.0.size_in_bytes", -1, "jsonfeed.number", "items[0].attachments[0].size_in_bytes"),
        ("items.0.author", {"name": "x"}, None, ""),
        ("author", {"name": "x"}, None, ""),
        ("items.1.author", {}, "jsonfeed.author", "items[1].author"),
        ("items.0.content", "x", "jsonfeed.key", "items[0].content"),
        ("items.0.my key", "x", "jsonfeed.key", 'items[0]["my key"]'),
        ("k" * 99, "x", "jsonfeed.key", f'["{"k" * 40}"]'),
        ("_1", {}, "jsonfeed.extension", "_1"),
        ("_", {}, "jsonfeed.extension", "_"),
        ("_a.b", {}, "jsonfeed.extension", '["_a.b"]'),
        ("items.0._x", {"a.b": 1}, "jsonfeed.extension", 'items[0]._x["a.b"]'),
        ("items.0._x", {"_a": 1}, "jsonfeed.extension", "items[0]._x._a"),
        ("items.0._x", "y", "jsonfeed.type", "items[0]._x"),
        ("items.0.title", "半\ud83d个", "json.surrogate", "items[0].title, character 2"),
        ("_newsroom.x", "\x00", "json.control", "_newsroom.x, character 1"),
        ("_newsroom.\ud83d", 1, "json.surrogate", "_newsroom, character 1"),
    ],
)  # fmt: skip
def test_each_breach_has_its_rule_and_place(path: str, value: Any, rule: str | None, place: str) -> None:
    feed = FEED | {"_a.b": value} if path == "_a.b" else changed(path, value)
    assert told(check(feed)) == ([] if rule is None else [(rule, place)])


def test_an_author_of_version_1_0_is_a_warning() -> None:
    feed = changed("authors", ...) | {"author": {"name": "编辑部"}}
    del feed["items"][1]["authors"]
    feed["items"][1]["author"] = {"name": "记者"}
    findings = check(feed)
    assert told(findings) == [("jsonfeed.author-1.0", "author"), ("jsonfeed.author-1.0", "items[1].author")]
    assert {finding.severity for finding in findings} == {"warning"}


def test_a_finding_names_its_item() -> None:
    feed = changed("items.0.id", 7)
    feed["items"][1] |= {"url": "x", "_x": 1, "title": "\x01"}
    feed["title"] = 1
    feed["items"].append({"content_text": "x"})
    whose = {(finding.rule, finding.entry_id) for finding in check(feed)}
    assert whose == {
        ("jsonfeed.type", None),
        ("jsonfeed.id-1.0", "7"),
        ("iri.absolute", "2"),
        ("jsonfeed.type", "2"),
        ("json.control", "2"),
        ("jsonfeed.id", None),
        ("jsonfeed.url", None),
        ("jsonfeed.date_published", None),
    }


def test_a_number_and_a_text_are_the_same_id() -> None:
    number, unique = check(changed("items.0.id", 2))
    assert (number.rule, number.entry_id, number.place) == ("jsonfeed.id-1.0", "2", "items[0].id")
    assert (unique.rule, unique.entry_id, unique.place) == ("jsonfeed.id.unique", "2", "items[1].id")


def test_the_address_must_be_its_own() -> None:
    (finding,) = check(FEED, self_url="https://news.example.org/feeds/all.json")
    assert (finding.rule, finding.found, finding.expected) == (
        "jsonfeed.feed_url.self", "https://news.example.org/feed.json", "https://news.example.org/feeds/all.json"
    )  # fmt: skip
    feed = changed("feed_url", ...) | {"next_url": "https://news.example.org/x"}
    assert ("jsonfeed.next_url", "next_url") in told(check(feed, self_url="https://news.example.org/x"))


def test_frames_of_allowed_hosts() -> None:
    feed = changed("items.0.content_html", "<iframe src='https://player.example/'></iframe>")
    assert check(feed, embeds=("player.example",)) == []


def test_a_misspelt_key_is_told_the_right_one() -> None:
    (finding,) = check(changed("items.0.attachements", []))
    assert (finding.found, finding.expected, finding.severity) == ("attachements", "attachments", "warning")


@pytest.mark.parametrize(
    ("content", "rule", "place"),
    [
        (b"", "json.syntax", "line 1, column 1"),
        (b'{\n "version": }', "json.syntax", "line 2, column 13"),
        (b'{"version": NaN}', "json.syntax", ""),
        (b'{"version": ' + b"9" * 5_000 + b"}", "json.syntax", ""),
        (b'"\xc4\xe3\xba\xc3"', "json.encoding", "byte 2"),
        ("{}".encode("utf-16"), "json.encoding", "byte 1"),
        (b"[" * 100_000, "json.nesting", ""),
        (b"[]", "jsonfeed.object", ""),
        (b"null", "jsonfeed.object", ""),
        (b'"x"', "jsonfeed.object", ""),
        (b"true", "jsonfeed.object", ""),
        (b"1", "jsonfeed.object", ""),
    ],
)
def test_what_is_no_feed_has_one_reason(content: bytes, rule: str, place: str) -> None:
    assert told(check_json(content)) == [(rule, place)]


def test_a_byte_order_mark_is_told_and_the_rest_is_read() -> None:
    assert told(check_json(b"\xef\xbb\xbf" + json.dumps(FEED).encode())) == [("json.byte-order-mark", "byte 1")]


def test_a_key_that_stands_twice() -> None:
    content = json.dumps(FEED)[:-1] + ', "title": "另一个", "_x": {"a": 1, "a": 1, "a": 2}}'
    assert told(check_json(content.encode())) == [("json.key-twice", "title"), ("json.key-twice", "_x.a")]


def test_what_lies_too_deep() -> None:
    def nested(depth: int) -> Any:
        value: Any = 1
        for _ in range(depth):
            value = [value]
        return value

    assert check(FEED | {"_x": {"y": nested(jsonframe.MAX_DEPTH - 2)}}) == []
    assert [finding.rule for finding in check(FEED | {"_x": {"y": nested(jsonframe.MAX_DEPTH)}})] == ["json.nesting"]


def test_too_many_bytes_are_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonframe, "MAX_BYTES", 10)
    assert [finding.rule for finding in check(FEED)] == ["json.size"]


def test_a_burden_for_readers_is_a_warning() -> None:
    (finding,) = check(FEED | {"description": "文" * 1_000_000})
    assert (finding.rule, finding.severity) == ("jsonfeed.large", "warning")


def test_what_is_wrong_a_thousand_times_comes_to_an_end() -> None:
    findings = check(FEED | {"items": [1] * 2_000})
    assert len(findings) == OF_RULE + 1
    assert (findings[-1].rule, findings[-1].place, findings[-1].found) == ("document.many", "jsonfeed.type", "1500")


def test_too_many_values_are_not_parsed() -> None:
    content = b"[" + b"{}," * jsonframe.MAX_MARKS + b"{}]"
    (finding,) = check_json(content)[1:]
    assert (finding.rule, finding.found) == ("json.size", f"more than {jsonframe.MAX_MARKS} values")


def test_the_grammar_knows_the_format_and_its_rules() -> None:
    assert grammar.check(json.dumps(FEED).encode(), "json") == []
    assert {rule.name for rule in RULES} <= set(grammar.RULES)
    assert all(rule.standard and rule.message and rule.mend for rule in RULES)
