"""A right Atom document has no findings; each fault planted in it is found, alone, with its entry and its line."""

from __future__ import annotations

from collections import Counter

import pytest

from feedsvc.feed.grammar import atomrules, tally
from feedsvc.feed.grammar.rules import Rule
from planting import Fault, broken, checking

SELF = "https://news.example.org/feeds/macro.atom"
ONE, TWO = "urn:uuid:00000000-0000-4000-8000-000000000001", "tag:news.example.org,2026:2"

RIGHT = f"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:fh="http://purl.org/syndication/history/1.0" xml:lang="zh-Hans"
      xmlns:at="http://purl.org/atompub/tombstones/1.0" xmlns:x="https://other.example/ns">
  <id>urn:uuid:6d0f5a5e-4c1b-4f0e-9a53-0d2a3c9b7e11</id>
  <title>宏观</title>
  <subtitle type="html">政策 &amp;amp; 数据</subtitle>
  <updated>2026-03-01T12:00:00Z</updated>
  <author><name>编辑部</name><email>desk@example.org</email><uri>https://news.example.org/us</uri><x:y/></author>
  <link rel="self" type="application/atom+xml" href="{SELF}"/>
  <link href="https://news.example.org/macro" hreflang="zh"/>
  <link rel="current" href="https://news.example.org/feeds/current"/>
  <link rel="prev-archive" href="https://news.example.org/feeds/macro/archive/1.atom"/>
  <category term="经济" scheme="https://news.example.org/topics/" label="经济新闻"/>
  <generator uri="https://feeds.example/" version="1">maker</generator>
  <icon>https://news.example.org/icon.png</icon>
  <logo>https://news.example.org/logo.png</logo>
  <rights>版权所有</rights>
  <fh:archive/>
  <x:anything goes="here">whatever<x:deeper/></x:anything>
  <entry xml:lang="zh-Hant">
    <id>{ONE}</id>
    <title>第一</title>
    <published>2026-03-01T11:00:00+08:00</published>
    <updated>2026-03-01T12:00:00Z</updated>
    <link href="https://news.example.org/1"/>
    <link rel="enclosure" href="https://news.example.org/1.mp3" type="audio/mpeg" length="7"/>
    <link rel="https://other.example/rel" href="https://news.example.org/1/more"/>
    <contributor><name>沈</name></contributor>
    <source><id>urn:x:y</id><title>他報</title><updated>2026-03-01T11:00:00Z</updated><rights>r</rights></source>
    <rights type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">© <b>甲</b></div></rights>
    <summary>摘要</summary>
    <content type="html">&lt;p&gt;正文&lt;/p&gt;</content>
  </entry>
  <entry>
    <id>{TWO}</id>
    <title type="text">第二</title>
    <updated>2026-02-28T12:00:00Z</updated>
    <summary type="text">见附件</summary>
    <content src="https://news.example.org/2.pdf" type="application/pdf"/>
    <link href="https://news.example.org/2"/>
  </entry>
  <at:deleted-entry ref="urn:uuid:00000000-0000-4000-8000-000000000009" when="2026-03-01T10:00:00Z">
    <at:comment>撤回</at:comment>
  </at:deleted-entry>
</feed>
"""
FIRST = '<content type="html">&lt;p&gt;正文&lt;/p&gt;</content>'
SECOND = '<content src="https://news.example.org/2.pdf" type="application/pdf"/>'
GONE = "urn:uuid:00000000-0000-4000-8000-000000000009"
MISPLACED = f'<at:deleted-entry ref="{GONE}8" when="2026-03-01T10:00:00Z"/>'
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">© <b>甲</b></div>'
RIGHTS = f'<rights type="xhtml">{DIV}</rights>'

check = checking("atom", SELF)

FAULTS = [
    # the frame
    Fault("xml.wellformed", "</feed>", ""),
    Fault("xml.wellformed", "<title>宏观", "<title>宏&nbsp;观"),
    Fault("xml.doctype", "<feed ", "<!DOCTYPE feed>\n<feed "),
    Fault("xml.base", "<entry>", '<entry xml:base="https://news.example.org/">', TWO),
    Fault("language.form", 'xml:lang="zh-Hant"', 'xml:lang="chinese_"', ONE),
    # names and places
    Fault("atom.element.unknown", "<rights>版权", "<author2/><rights>版权"),
    Fault("atom.element.unknown", "<rights>版权", "<published>2026-03-01T11:00:00Z</published><rights>版权"),
    Fault("atom.element.unknown", "<name>编辑部", "<title>主编</title><name>编辑部"),
    Fault("atom.attribute.unknown", "<feed ", '<feed version="0.3" '),
    Fault("atom.attribute.unknown", "<icon>", '<icon type="image/png">'),
    Fault("atom.attribute.unknown", "<category ", '<category name="x" '),
    Fault("atom.text.stray", "<rights>版权", "散落<rights>版权"),
    Fault("atom.text.stray", "<title>第一", "散落<title>第一", ONE),
    Fault("atom.element.markup", "<icon>https", "<icon><x:y/>https"),
    # what must be there
    Fault("atom.id.missing", f"<id>{ONE}</id>", "", None),
    Fault("atom.title.missing", "<title>第一</title>", "", ONE),
    Fault("atom.updated.missing", "<updated>2026-02-28T12:00:00Z</updated>", "", TWO),
    Fault("atom.name.missing", "<name>沈</name>", "", ONE),
    Fault("atom.author.missing", "<author><name>编辑部", "<contributor><name>编辑部"),
    Fault("atom.alternate.missing", f"{FIRST}", "", ONE),
    Fault("atom.summary.missing", '<summary type="text">见附件</summary>', "", TWO),
    # what may be there once
    Fault("atom.alternate.repeated", '<link href="https://news.example.org/2"/>',
          '<link href="https://news.example.org/2"/><link rel="alternate" href="https://a.example/"/>', TWO),
    Fault("atom.id.unique", f"<id>{TWO}</id>", f"<id>{ONE}</id>", ONE),
    Fault("atom.id.versions", f"<id>{TWO}</id>", f"<id>{ONE}</id>", ONE),
    # ids and dates
    Fault("atom.id.iri", f"<id>{ONE}</id>", "<id>12345</id>", "12345"),
    Fault("date.rfc3339", "2026-03-01T11:00:00+08:00", "2026-03-01", ONE),
    Fault("date.rfc3339.zone", "2026-03-01T11:00:00+08:00", "2026-03-01T11:00:00", ONE),
    Fault("date.rfc3339.capitals", "2026-03-01T11:00:00+08:00", "2026-03-01t11:00:00+08:00", ONE),
    # texts
    Fault("atom.title.empty", "<title>第一", "<title>", ONE),
    Fault("atom.text.type", '<title type="text">', '<title type="text/plain">', TWO),
    Fault("atom.text.markup", "<title>第一", "<title><x:b/>第一", ONE),
    Fault("atom.text.html", "<title>第一", "<title>第&lt;b&gt;一", ONE),
    Fault("atom.text.html", "<summary>摘要", "<summary>摘&amp;nbsp;要", ONE),
    Fault("atom.xhtml.div", DIV, "© 甲", ONE),
    Fault("atom.xhtml.div", DIV, f"© {DIV}", ONE),
    Fault("atom.xhtml.div", DIV, f"{DIV}{DIV}", ONE),
    Fault("atom.xhtml.div", DIV, "<x:div/>", ONE),
    Fault("html.active", "<b>甲</b>", "<script>甲()</script>", ONE),
    Fault("html.handler", "<b>甲</b>", '<b onclick="f()">甲</b>', ONE),
    Fault("html.active", "&lt;p&gt;正文", "&lt;script&gt;f()&lt;/script&gt;正文", ONE),
    Fault("html.relative", "&lt;p&gt;正文", "&lt;p&gt;&lt;img src='/x.png'&gt;正文", ONE),
    Fault("html.frame", "&lt;p&gt;正文", "&lt;iframe src='https://x.example/'&gt;&lt;/iframe&gt;正文", ONE),
    Fault("html.active", "政策 &amp;amp; 数据", "&lt;object&gt;&lt;/object&gt;"),
    # content
    Fault("atom.content.src", f"{SECOND}", f"{SECOND[:-2]}>x</content>", TWO),
    Fault("atom.content.src.type", 'pdf" type="application/pdf"', 'pdf" type="html"', TWO),
    Fault("atom.content.src.untyped", 'pdf" type="application/pdf"', 'pdf"', TWO),
    Fault("iri.absolute", 'src="https://news.example.org/2.pdf"', 'src="2.pdf"', TWO),
    Fault("media-type.form", 'type="application/pdf"', 'type="application"', TWO),
    Fault("atom.content.composite", 'type="application/pdf"', 'type="multipart/mixed"', TWO),
    Fault("atom.content.markup", FIRST, '<content type="text/plain">a<x:b/></content>', ONE),
    Fault("atom.content.xml", FIRST, '<content type="image/svg+xml">a</content>', ONE),
    Fault("atom.content.xml", FIRST, '<content type="application/xml"><x:b/><x:b/></content>', ONE),
    Fault("atom.content.base64", FIRST, '<content type="image/png">Zm9v!</content>', ONE),
    Fault("html.active", FIRST, '<content type="text/html">&lt;form&gt;&lt;/form&gt;</content>', ONE),
    # links, categories, people, generator
    Fault("atom.self.missing", 'rel="self"', 'rel="related"'),
    Fault("atom.self.differs", f'href="{SELF}"', 'href="https://news.example.org/feeds/other.atom"'),
    Fault("atom.link.href", ' href="https://news.example.org/feeds/current"', ""),
    Fault("iri.absolute", 'href="https://news.example.org/1"', 'href="/1"', ONE),
    Fault("iri.active", 'href="https://news.example.org/1"', 'href="javascript:f()"', ONE),
    Fault("iri.ascii", 'href="https://news.example.org/1"', 'href="https://news.example.org/一"', ONE),
    Fault("iri.characters", 'href="https://news.example.org/1"', 'href="https://news.example.org/1 2"', ONE),
    Fault("atom.link.rel", 'rel="enclosure"', 'rel="an enclosure"', ONE),
    Fault("iri.absolute", 'rel="https://other.example/rel"', 'rel="1:rel"', ONE),
    Fault("media-type.form", 'type="audio/mpeg"', 'type="mp3"', ONE),
    Fault("language.form", 'hreflang="zh"', 'hreflang="_"'),
    Fault("atom.link.length", 'length="7"', 'length="7 KB"', ONE),
    Fault("atom.enclosure.length", ' length="7"', "", ONE),
    Fault("atom.category.term", ' term="经济"', ' term=""'),
    Fault("iri.absolute", 'scheme="https://news.example.org/topics/"', 'scheme="topics"'),
    Fault("email.form", "desk@example.org", "desk"),
    Fault("iri.absolute", "<uri>https://news.example.org/us", "<uri>us"),
    Fault("iri.absolute", 'uri="https://feeds.example/"', 'uri="/"'),
    Fault("iri.absolute", "<logo>https://news.example.org/", "<logo>"),
    Fault("atom.entry.bare", FIRST + "\n  </entry>", '<content type="text"/></entry>', ONE),
    # history: RFC 5005, RFC 6721
    Fault("atom.history.place", "<fh:archive/>", "<fh:archive>1</fh:archive>"),
    Fault("atom.history.place", "<title>第一", "<fh:complete/><title>第一", ONE),
    Fault("atom.history.link", 'rel="https://other.example/rel"', 'rel="prev-archive"', ONE),
    Fault("atom.archive.current", 'rel="current"', 'rel="related"'),
    Fault("atom.archive.complete", "<fh:archive/>", "<fh:archive/><fh:complete/>"),
    Fault("atom.tombstone.ref", f' ref="{GONE}"', ""),
    Fault("atom.tombstone.iri", f' ref="{GONE}"', ' ref="12345"'),
    Fault("atom.tombstone.when", ' when="2026-03-01T10:00:00Z"', ""),
    Fault("date.rfc3339", ' when="2026-03-01T10:00:00Z"', ' when="yesterday"'),
    Fault("atom.tombstone.live", f'ref="{GONE}" when="2026-03-01T10', f'ref="{ONE}" when="2026-03-02T10'),
    Fault("atom.tombstone.place", "<title>第一", f"{MISPLACED}<title>第一", ONE),
    # what no rule names
    Fault("atom.schema", "<at:comment>撤回</at:comment>", "<at:comment>撤回</at:comment><at:comment>撤回</at:comment>"),
    Fault("atom.schema", "<at:comment>撤回</at:comment>", "<at:reason/>"),
]  # fmt: skip

ONCE = {
    "id": f"<id>{ONE}</id>",
    "title": "<title>第一</title>",
    "updated": "<updated>2026-02-28T12:00:00Z</updated>",
    "published": "<published>2026-03-01T11:00:00+08:00</published>",
    "name": "<name>编辑部</name>",
    "email": "<email>desk@example.org</email>",
    "uri": "<uri>https://news.example.org/us</uri>",
    "content": FIRST,
    "generator": '<generator uri="https://feeds.example/" version="1">maker</generator>',
    "icon": "<icon>https://news.example.org/icon.png</icon>",
    "logo": "<logo>https://news.example.org/logo.png</logo>",
    "rights": RIGHTS,
    "source": RIGHT[RIGHT.index("<source>") : RIGHT.index("    <rights type")],
    "subtitle": '<subtitle type="html">政策 &amp;amp; 数据</subtitle>',
    "summary": "<summary>摘要</summary>",
}  # fmt: skip


def also_changed(fault: Fault) -> str:
    """The document that a fault is planted in, where one change is not enough to make it."""
    if fault.rule == "atom.alternate.missing":
        return RIGHT.replace('    <link href="https://news.example.org/1"/>\n', "")
    if fault.rule == "atom.id.unique":
        return RIGHT.replace("<updated>2026-02-28T12:00:00Z", "<updated>2026-03-01T12:00:00Z")
    if fault.rule == "atom.entry.bare":
        return RIGHT.replace("    <summary>摘要</summary>\n", "")
    if fault.rule == "atom.author.missing":
        return RIGHT.replace("</author>", "</contributor>")
    return RIGHT


def test_a_right_document_has_no_findings() -> None:
    assert check(RIGHT.encode()) == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.rule)
def test_a_planted_fault_is_found_and_nothing_else(fault: Fault) -> None:
    entries = [ONE, TWO] if fault.rule == "atom.author.missing" else [fault.entry_id]
    assert broken(check(fault.plant(also_changed(fault)))) == [(fault.rule, entry_id) for entry_id in entries]


@pytest.mark.parametrize("name", atomrules.REPEATED)
def test_what_may_stand_once_stands_once(name: str) -> None:
    assert RIGHT.count(ONCE[name]) == 1
    findings = check(RIGHT.replace(ONCE[name], ONCE[name] * 2).encode())
    assert [finding.rule for finding in findings] == [f"atom.{name}.repeated"]


@pytest.mark.parametrize("rule", atomrules.RULES, ids=lambda rule: rule.name)
def test_every_rule_is_planted(rule: Rule) -> None:
    planted = {fault.rule for fault in FAULTS} | {each.name for each in atomrules.REPEATED.values()} | {"atom.root"}
    assert rule.name in planted


@pytest.mark.parametrize("root", ["<feed/>", '<feed xmlns="http://purl.org/atom/ns#"/>', "<rss/>", "<html/>"])
def test_another_root_is_the_one_thing_to_say(root: str) -> None:
    assert broken(check(root.encode())) == [("atom.root", None)]


def test_a_finding_says_where_it_is_written_and_how_to_mend_it() -> None:
    (finding,) = check(RIGHT.replace('length="7"', 'length="x"').encode())
    assert finding.place == "line 26, entry[1]/link[2]"
    assert (finding.found, finding.standard) == ("x", "RFC 4287 §4.2.7.6")
    assert finding.mend.startswith("write a whole number")


def test_an_entry_that_came_back_may_have_its_tombstone_still() -> None:
    restored = RIGHT.replace(f'ref="{GONE}"', f'ref="{ONE}"')
    assert check(restored.encode()) == []


def test_a_tombstone_and_an_entry_without_dates_are_told_of_their_dates_alone() -> None:
    odd = RIGHT.replace(f'ref="{GONE}" when="2026-03-01T10:00:00Z"', f'ref="{ONE}" when="then"')
    assert broken(check(odd.encode())) == [("date.rfc3339", None)]


def test_a_source_may_name_the_author() -> None:
    text = RIGHT.replace("<author>", "<contributor>").replace("</author>", "</contributor>")
    signed = text.replace("<rights>r</rights></source>", "<author><name>n</name></author></source>")
    assert broken(check(signed.encode())) == [("atom.author.missing", TWO)]


@pytest.mark.parametrize("content", [
    '<content type="image/svg+xml"><x:svg/></content>',
    '<content type="text/plain">a &lt; b</content>',
    '<content type="image/png">Zm9v\n YmFy</content>',
    '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>x</p></div></content>',
    "<content>x</content>",
])  # fmt: skip
def test_content_of_other_types_is_right(content: str) -> None:
    assert check(RIGHT.replace(FIRST, content).encode()) == []


def test_any_order_and_any_white_space_is_right() -> None:
    """libxml2 takes nested interleaves for wrong; the schema's are flat."""
    head, _, rest = RIGHT.partition("  <id>urn:uuid:6d0f5a5e-4c1b-4f0e-9a53-0d2a3c9b7e11</id>\n")
    moved = f"{head}{rest}".replace("</feed>", "<id>urn:uuid:6d0f5a5e-4c1b-4f0e-9a53-0d2a3c9b7e11</id></feed>")
    assert check(moved.encode()) == []
    assert check("".join(line.strip() + " " for line in moved.splitlines()[1:]).encode()) == []


def test_findings_without_end_are_counted() -> None:
    many = RIGHT.replace("<rights>版权", "<q/>" * 5000 + "<rights/>" * 3 + "<rights>版权")
    findings = check(many.encode())
    rules = Counter(finding.rule for finding in findings)
    assert rules == {"atom.element.unknown": tally.OF_RULE, "atom.rights.repeated": 3, tally.MANY.name: 1}
    assert findings[0].place == "line 17, q[1]"
    assert (findings[-1].place, findings[-1].found) == ("atom.element.unknown", "4500")


def test_an_empty_language_says_that_none_is_known() -> None:
    assert check(RIGHT.replace('xml:lang="zh-Hant"', 'xml:lang=""').encode()) == []
