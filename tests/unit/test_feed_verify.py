"""A document that says anything but what its feed says is caught, whatever was done to it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from examples import article, errors, example_feed, feed_of
from feedsvc.feed.formats import FORMATS
from feedsvc.model import Finding
from feedsvc.parse import taming

FEED = example_feed()
DOCUMENTS = {name: row.render(FEED) for name, row in FORMATS.items()}

Mutation = Callable[[bytes], bytes]


def swap(old: str, new: str) -> Mutation:
    return lambda content: content.replace(old.encode(), new.encode(), 1)


def cut(pattern: str, times: int = 1) -> Mutation:
    return lambda content: re.sub(pattern.encode(), b"", content, count=times, flags=re.DOTALL)


def swap_entries(tag: str) -> Mutation:
    def mutate(content: bytes) -> bytes:
        entries = re.findall(rf"<{tag}[ >].*?</{tag}>".encode(), content, flags=re.DOTALL)
        marked = content.replace(entries[1], b"@@", 1).replace(entries[2], entries[1], 1)
        return marked.replace(b"@@", entries[2], 1)

    return mutate


def swap_spans(first: str, second: str) -> Mutation:
    """What one pattern finds in the place of what the other does, and the other way round."""

    def mutate(content: bytes) -> bytes:
        one, other = (re.search(each.encode(), content, re.DOTALL)[0] for each in (first, second))  # type: ignore[index]
        return content.replace(one, b"@@", 1).replace(other, one, 1).replace(b"@@", other, 1)

    return mutate


def double_entry(tag: str) -> Mutation:
    def mutate(content: bytes) -> bytes:
        (first, *_) = re.findall(rf"<{tag}[ >].*?</{tag}>".encode(), content, flags=re.DOTALL)
        return content.replace(first, first + first, 1)

    return mutate


def recode(encoding: str) -> Mutation:
    """Another charset than the declaration says."""
    return lambda content: content.decode().encode(encoding, errors="replace")


RSS = {
    "channel title": swap("<title>宏观</title>", "<title>微观</title>"),
    "channel description": swap("宏观经济与政策", "宏观经济"),
    "channel link": swap("/sections/macro/</link>", "/sections/other/</link>"),
    "self link": swap('href="https://news.example.org/feeds/macro.rss"', 'href="https://evil.example/macro.rss"'),
    "channel language": swap("<language>zh-Hans", "<language>en"),
    "copyright": cut("<copyright>.*?</copyright>"),
    "channel image": swap("<url>https://news.example.org/logo.png", "<url>https://news.example.org/other.png"),
    "ttl": swap("<ttl>1</ttl>", "<ttl>10</ttl>"),
    "period": swap("<sy:updatePeriod>hourly<", "<sy:updatePeriod>daily<"),
    "frequency": cut("<sy:updateFrequency>.*?</sy:updateFrequency>"),
    "lastBuildDate": swap("<lastBuildDate>Sun, 01 Mar 2026 11", "<lastBuildDate>Sun, 01 Mar 2026 10"),
    "lastBuildDate in another zone": swap("+0000</lastBuildDate>", "+0800</lastBuildDate>"),
    "managing editor": swap("desk@example.org", "disk@example.org"),
    "channel category": cut("<category>经济</category>"),
    "dropped item": cut("<item>.*?</item>"),
    "all items dropped": cut("<item>.*</item>"),
    "swapped items": swap_entries("item"),
    "doubled item": double_entry("item"),
    "swapped pubDate": swap("01 Mar 2026 11:00:00", "01 Mar 2026 09:00:00"),
    "pubDate in another zone": swap("11:00:00 +0000</pubDate>", "11:00:00 +0800</pubDate>"),
    "date of change": swap("2026-03-01T11:05:00", "2026-03-01T11:05:01"),
    "lost date": cut("<pubDate>.*?</pubDate>"),
    "truncated body": swap("正文 &amp;amp;", "正"),
    "body of another": swap("&lt;p&gt;第 2 篇文章的正文", "&lt;p&gt;第 3 篇文章的正文"),
    "emptied body": cut("(?<=<content:encoded>).*?(?=</content:encoded>)"),
    "lost body": cut("<content:encoded>.*?</content:encoded>"),
    "summary": swap("这是第 2 篇", "这是第 3 篇"),
    "title unescaped": swap("&#x26;amp;</title>", "&#x26;</title>"),
    "title": swap("𠮷野家", "吉野家"),
    "changed id": swap("000000000002</guid>", "00000000000a</guid>"),
    "id taken twice": swap("000000000002</guid>", "000000000003</guid>"),
    "permalink": swap('isPermaLink="true"', 'isPermaLink="false"'),
    "wrong link": swap("<link>https://news.example.org/articles/article2", "<link>https://news.example.org/articles/x"),
    "lost author": cut("<dc:creator>.*?</dc:creator>"),
    "author's name": swap("单晓宁", "单晓"),
    "editor": swap("hnmd003", "hnmd004"),
    "source": swap("江苏某报</dc:source>", "别的报</dc:source>"),
    "source's page": swap('href="https://paper.example/"', 'href="https://paper.example/x"'),
    "item language": swap("<dc:language>zh-Hant", "<dc:language>zh-Hans"),
    "lost category": cut("<category>芯片</category>"),
    "category's domain": swap('domain="https://news.example.org/sections/"', 'domain="https://x.example/"'),
    "enclosure url": swap("https://cdn.example/a.mp3", "https://cdn.example/c.mp3"),
    "enclosure length": swap('length="123456"', 'length="123457"'),
    "enclosure type": swap('type="audio/mpeg"/>', 'type="audio/ogg"/>'),
    "second enclosure": swap("https://cdn.example/b.pdf", "https://cdn.example/c.pdf"),
    "image": swap('url="https://img.example/a.png"', 'url="https://img.example/b.png"'),
    "image's width": swap('width="800"', 'width="801"'),
    "image's text": swap("图：&#x3C;晶圆&#x3E;", "图：晶圆"),
    "image's text as body": swap("media:title", "media:description"),
    "image's medium": swap('medium="image"', 'medium="video"'),
    "lost image": cut("<media:content .*?</media:content>"),
    "thumbnail": swap('<media:thumbnail url="https://img.example/a.png"', '<media:thumbnail url="https://x.example/"'),
    "thumbnail's height": swap('height="600"/>', 'height="601"/>'),
    "lost thumbnail": cut("<media:thumbnail .*?/>"),
    "second file's size": swap('fileSize="7"', 'fileSize="8"'),
    "second file's size in another case": swap('fileSize="7"', 'filesize="7"'),
    "second file's title": swap("附表 &#x26; 数据", "附表"),
    "lost title of the second file": cut('<media:title type="plain">附表.*?</media:title>'),
    "third file's length of time": swap('duration="61"', 'duration="62"'),
    "swapped files": swap_spans(
        '<media:content url="https://cdn.example/b.*?</media:content>', "<media:content [^>]*c.mp4.*?/>"
    ),
    "wrong charset": recode("gb18030"),
    "declared charset": swap("encoding='UTF-8'", "encoding='ISO-8859-1'"),
    "torn": lambda content: content[:-100],
    "empty": lambda content: b"",
    "no feed": lambda content: b"<html><body>It works!</body></html>",
    "another version": swap('version="2.0"', 'version="0.91"'),
    "half a version": swap('version="2.0"', 'version="2."'),
    "declaration without a version": swap("version='1.0' ", ""),
    "declaration on the second line": lambda content: b"\n" + content,
    "items in a room of their own": lambda content: content.replace(b"<item>", b"<x><item>", 1).replace(
        b"</channel>", b"</x></channel>"
    ),
    "doubled date of change": lambda content: re.sub(rb"(<dcterms:modified>.*?</dcterms:modified>)", rb"\1\1", content),
    "self link's type": swap('type="application/rss+xml"', 'type="application/xml"'),
    "source's title": swap('rel="via" title="江苏某报"', 'rel="via"'),
    "image's text as html": swap('<media:title type="plain">', '<media:title type="html">'),
}

ATOM = {
    "feed id": swap("urn:uuid:6d0f5a5e", "urn:uuid:6d0f5a5f"),
    "feed title": swap("<title>宏观</title>", "<title>微观</title>"),
    "period": swap("<sy:updatePeriod>hourly<", "<sy:updatePeriod>weekly<"),
    "frequency": swap("<sy:updateFrequency>60<", "<sy:updateFrequency>6<"),
    "feed subtitle": swap("宏观经济与政策", "宏观经济"),
    "feed updated": swap("<updated>2026-03-01T11:05:00", "<updated>2026-03-01T11:05:01"),
    "feed author": swap("<name>江畔新闻编辑部</name>", "<name>编辑部</name>"),
    "feed author's address": swap("desk@example.org", "disk@example.org"),
    "self link": swap('href="https://news.example.org/feeds/macro.atom"', 'href="https://evil.example/macro.atom"'),
    "home link": swap('href="https://news.example.org/sections/macro/"', 'href="https://news.example.org/"'),
    "feed language": swap('xml:lang="zh-Hans"', 'xml:lang="en"'),
    "rights": cut("<rights>.*?</rights>"),
    "logo": swap("logo.png</logo>", "other.png</logo>"),
    "feed category": cut('<category term="经济"/>'),
    "dropped entry": cut("<entry.*?</entry>"),
    "swapped entries": swap_entries("entry"),
    "doubled entry": double_entry("entry"),
    "published": swap("<published>2026-03-01T11:00:00+00:00", "<published>2026-03-01T11:00:00+08:00"),
    "updated": swap("<updated>2026-03-01T10:05:00", "<updated>2026-03-01T10:04:59"),
    "lost updated": lambda content: re.sub(rb"(<entry>.*?)<updated>.*?</updated>", rb"\1", content, count=1),
    "title": swap("𠮷野家", "吉野家"),
    "title as html": swap("<title>R&amp;D", '<title type="html">R&amp;D'),
    "summary": swap("这是第 2 篇", "这是第 3 篇"),
    "lost summary": cut('<summary type="text">这是第 2.*?</summary>'),
    "truncated body": swap("正文 &amp;amp;", "正"),
    "body as text": swap('<content type="html">', '<content type="text">'),
    "body of a made-up type": swap('<content type="html">', '<content type="htmlx">'),
    "lost body": cut('<content type="html">.*?</content>'),
    "changed id": swap("000000000002</id>", "00000000000a</id>"),
    "wrong link": swap('href="https://news.example.org/articles/article2"', 'href="https://news.example.org/x"'),
    "enclosure as page": swap('rel="enclosure"', 'rel="alternate"'),
    "enclosure length": swap('length="123456"', 'length="1"'),
    "lost second enclosure": cut('<link href="https://cdn.example/b.pdf".*?/>'),
    "enclosure's title": swap('title="朗读', 'title="朗'),
    "enclosure's type": swap('type="audio/mpeg"', 'type="audio/ogg"'),
    "made-up length": swap('type="video/mp4"', 'type="video/mp4" length="1"'),
    "swapped enclosures": swap_spans('<link [^>]*b.pdf".*?/>', '<link [^>]*c.mp4".*?/>'),
    "thumbnail": swap('<media:thumbnail url="https://img.example/a.png"', '<media:thumbnail url="https://x.example/"'),
    "lost thumbnail": cut("<media:thumbnail .*?/>"),
    "image's text": swap("图：&lt;晶圆&gt;", "图：晶圆"),
    "lost author": cut("<author><name>单晓宁.*?</author>"),
    "author's page": swap("https://news.example.org/u/shan", "https://news.example.org/u/zhong"),
    "author's address": swap("shan@example.org", "shen@example.org"),
    "editor": swap("hnmd003", "hnmd004"),
    "source": swap("江苏某报</dc:source>", "别的报</dc:source>"),
    "source's page": swap('href="https://paper.example/"', 'href="https://paper.example/x"'),
    "entry language": swap('<entry xml:lang="zh-Hant"', "<entry"),
    "lost category": cut('<category term="芯片"/>'),
    "image": swap('url="https://img.example/a.png"', 'url="https://img.example/b.png"'),
    "wrong charset": recode("gb18030"),
    "torn": lambda content: content[:-30],
    "doubled updated": lambda content: re.sub(rb"(<updated>.*?</updated>)", rb"\1\1", content),
    "summary of no type": swap('<summary type="text">', "<summary>"),
    "link of no type": swap('rel="alternate" type="text/html"', 'rel="alternate"'),
    "another namespace": swap("http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#"),
}


def edit(change: Callable[[dict[str, Any]], object]) -> Mutation:
    def mutate(content: bytes) -> bytes:
        document = json.loads(content)
        change(document)
        return json.dumps(document, ensure_ascii=False).encode()

    return mutate


JSON = {
    "version": edit(lambda feed: feed.update(version="https://jsonfeed.org/version/1")),
    "title": edit(lambda feed: feed.update(title="微观")),
    "home": edit(lambda feed: feed.update(home_page_url="https://x.example/")),
    "self": edit(lambda feed: feed.update(feed_url="https://x.example/")),
    "description": edit(lambda feed: feed.pop("description")),
    "icon": edit(lambda feed: feed.pop("icon")),
    "authors": edit(lambda feed: feed["authors"][0].update(name="别人")),
    "language": edit(lambda feed: feed.update(language="en")),
    "updated": edit(lambda feed: feed["_feedsvc"].update(updated="2026-03-01T11:05:01+00:00")),
    "no items": edit(lambda feed: feed.pop("items")),
    "unknown key": edit(lambda feed: feed.update(tittle="x")),
    "dropped item": edit(lambda feed: feed["items"].pop(1)),
    "doubled item": edit(lambda feed: feed["items"].append(feed["items"][0])),
    "swapped items": edit(lambda feed: feed["items"].reverse()),
    "id": edit(lambda feed: feed["items"][1].update(id="x")),
    "id as number": edit(lambda feed: feed["items"][1].update(id=17)),
    "no id": edit(lambda feed: feed["items"][1].pop("id")),
    "url": edit(lambda feed: feed["items"][1].update(url="https://x.example/")),
    "item title": edit(lambda feed: feed["items"][0].update(title="x")),
    "body": edit(lambda feed: feed["items"][0].update(content_html="x")),
    "both bodies": edit(lambda feed: feed["items"][0].update(content_text="x")),
    "body as text": edit(lambda feed: feed["items"][0].update(content_text=feed["items"][0].pop("content_html"))),
    "summary": edit(lambda feed: feed["items"][0].pop("summary")),
    "image": edit(lambda feed: feed["items"][0].update(image="https://x.example/")),
    "image's width": edit(lambda feed: feed["items"][0]["_feedsvc"]["image"].update(width=1)),
    "published": edit(lambda feed: feed["items"][0].update(date_published="2026-03-01T11:00:00+08:00")),
    "naive date": edit(lambda feed: feed["items"][0].update(date_published="2026-03-01T11:00:00")),
    "no date": edit(lambda feed: feed["items"][0].update(date_published="yesterday")),
    "modified": edit(lambda feed: feed["items"][0].pop("date_modified")),
    "author": edit(lambda feed: feed["items"][0]["authors"].pop()),
    "author's address": edit(lambda feed: feed["items"][0]["authors"][0]["_feedsvc"].update(email="x@example.org")),
    "tags": edit(lambda feed: feed["items"][0]["tags"].pop()),
    "item language": edit(lambda feed: feed["items"][0].pop("language")),
    "attachment": edit(lambda feed: feed["items"][0]["attachments"].pop()),
    "attachment's title": edit(lambda feed: feed["items"][0]["attachments"][0].pop("title")),
    "attachment's length of time": edit(lambda feed: feed["items"][0]["attachments"][2].update(duration_in_seconds=62)),
    "attachment's made-up size": edit(lambda feed: feed["items"][0]["attachments"][2].update(size_in_bytes=1)),
    "attachment without a type": edit(lambda feed: feed["items"][0]["attachments"][0].pop("mime_type")),
    "unknown key of an attachment": edit(lambda feed: feed["items"][0]["attachments"][0].update(length=1)),
    "swapped attachments": edit(lambda feed: feed["items"][0]["attachments"].reverse()),
    "attachment's size": edit(lambda feed: feed["items"][0]["attachments"][0].update(size_in_bytes=1)),
    "editor": edit(lambda feed: feed["items"][0]["_feedsvc"].pop("editor")),
    "source": edit(lambda feed: feed["items"][0]["_feedsvc"]["source"].pop("url")),
    "breadcrumb": edit(lambda feed: feed["items"][0]["_feedsvc"]["breadcrumb"].pop()),
    "category without a term": edit(lambda feed: feed["items"][0]["_feedsvc"]["categories"][0].pop("term")),
    "category as text": edit(lambda feed: feed["items"][0]["_feedsvc"].update(categories=["芯片"])),
    "categories as an object": edit(lambda feed: feed["items"][0]["_feedsvc"].update(categories={"term": "芯片"})),
    "own part as text": edit(lambda feed: feed["items"][0].update(_feedsvc="x")),
    "authors as text": edit(lambda feed: feed["items"][0].update(authors="单晓宁")),
    "address as number": edit(lambda feed: feed["items"][0]["authors"][0]["_feedsvc"].update(email=1)),
    "unknown key of an author": edit(lambda feed: feed["authors"][0].update(nmae="x")),
    "lost mail link": edit(lambda feed: feed["authors"][0].pop("url")),
    "items as an object": edit(lambda feed: feed.update(items={})),
    "item is a text": edit(lambda feed: feed["items"].append("x")),
    "key twice": swap('"language":"zh-Hans"', '"language":"en","language":"zh-Hans"'),
    "wrong charset": recode("gb18030"),
    "torn": lambda content: content[:-30],
    "too deep": lambda content: b"[" * 100_000,
    "empty": lambda content: b"",
}

MUTATIONS = [
    pytest.param(name, mutate, id=f"{name}-{title}")
    for name, table in {"rss": RSS, "atom": ATOM, "json": JSON}.items()
    for title, mutate in table.items()
]


@pytest.mark.parametrize("name", FORMATS)
def test_a_right_document_has_no_findings(name: str) -> None:
    assert errors(FORMATS[name].verify(DOCUMENTS[name], FEED)) == []


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_feed_has_no_findings(name: str) -> None:
    feed = feed_of()

    assert errors(FORMATS[name].verify(FORMATS[name].render(feed), feed)) == []


@pytest.mark.parametrize(("name", "mutate"), MUTATIONS)
def test_a_mutated_document_is_caught(name: str, mutate: Mutation) -> None:
    mutated = mutate(DOCUMENTS[name])

    assert mutated != DOCUMENTS[name], "the mutation changed nothing"
    findings = FORMATS[name].verify(mutated, FEED)
    assert findings
    assert all(finding.format == name and finding.rule and finding.message for finding in findings)


def guilty(findings: list[Finding]) -> set[str | None]:
    return {finding.entry_id for finding in findings}


@pytest.mark.parametrize(
    ("name", "old", "new"), [("rss", "𠮷野家", "吉野家"), ("atom", "𠮷野家", "x"), ("json", "𠮷", "x")]
)
def test_a_finding_names_its_entry(name: str, old: str, new: str) -> None:
    findings = FORMATS[name].verify(swap(old, new)(DOCUMENTS[name]), FEED)

    assert guilty(findings) == {FEED.entries[0].entry_id}
    assert str(findings[0]).startswith(f"{name}: entry.")


def test_a_missing_entry_is_named() -> None:
    findings = errors(FORMATS["rss"].verify(RSS["dropped item"](DOCUMENTS["rss"]), FEED))

    assert [(finding.rule, finding.entry_id) for finding in findings] == [("entries.missing", FEED.entries[0].entry_id)]


def test_an_entry_of_another_feed_is_a_fault_of_the_document() -> None:
    more = FORMATS["atom"].render(replace(FEED, entries=(*FEED.entries, *feed_of(article(9)).entries)))

    findings = errors(FORMATS["atom"].verify(more, FEED))

    assert [(finding.rule, finding.entry_id) for finding in findings] == [("entries.surplus", None)]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("fields", [{"title": "Ã©"}, {"tags": ("Ã©",)}, {"tags": ("Ã©", "é", "甲")}])
def test_text_that_feedparser_repairs_is_compared_to_the_letter(name: str, fields: Any) -> None:
    """feedparser reads `Ã©` as `é`: both spellings read alike through it, and only one is what was written."""
    feed = feed_of(article(1, **fields))
    right = FORMATS[name].render(feed)

    assert errors(FORMATS[name].verify(right, feed)) == []
    findings = FORMATS[name].verify(right.replace("Ã©".encode(), "é".encode()), feed)
    assert guilty(findings) == {feed.entries[0].entry_id}


def test_a_document_beyond_all_bounds_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taming, "MAX_BYTES", len(DOCUMENTS["rss"]) - 1)

    (finding,) = errors(FORMATS["rss"].verify(DOCUMENTS["rss"], FEED))

    assert (finding.rule, finding.entry_id) == ("document.parse", None)
    assert "bytes" in finding.message
