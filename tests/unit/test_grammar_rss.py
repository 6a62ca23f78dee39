"""A right RSS document has no findings; each fault planted in it is found, alone, with its item."""

from __future__ import annotations

import pytest

from feedsvc.feed.grammar import rssrules, vocabularyrules
from feedsvc.feed.grammar.rules import Rule
from planting import Fault, broken, checking

SELF = "https://news.example.org/feeds/macro.rss"
ONE, TWO = "https://news.example.org/1", "tag:news.example.org,2026:2"

RIGHT = f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/"
     xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"
     xmlns:media="http://search.yahoo.com/mrss/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"
     xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"
     xmlns:x="https://other.example/ns">
<channel>
  <title>宏观</title>
  <link>https://news.example.org/macro</link>
  <description>政策 &#x26; 数据</description>
  <atom:link rel="self" type="application/rss+xml" href="{SELF}"/>
  <itunes:category text="News"/>
  <itunes:explicit>false</itunes:explicit>
  <itunes:image href="https://news.example.org/cover.png"/>
  <itunes:type>episodic</itunes:type>
  <sy:updatePeriod>hourly</sy:updatePeriod>
  <sy:updateFrequency>
    2
  </sy:updateFrequency>
  <itunes:owner><itunes:email>desk@example.org</itunes:email></itunes:owner>
  <language>zh-Hans</language>
  <copyright>© 甲</copyright>
  <managingEditor>desk@example.org (编辑部)</managingEditor>
  <webMaster>web@example.org (网管)</webMaster>
  <pubDate>Sun, 01 Mar 2026 12:00:00 +0000</pubDate>
  <lastBuildDate>
    Sun, 01 Mar 2026 12:00:00 +0800
  </lastBuildDate>
  <category domain="https://news.example.org/topics/">经济</category>
  <generator>maker</generator>
  <docs>https://www.rssboard.org/rss-specification</docs>
  <cloud domain="rpc.example.org" port="80" path="/RPC2" registerProcedure="notify" protocol="xml-rpc"/>
  <ttl>60</ttl>
  <image>
    <url>https://news.example.org/logo.png</url>
    <title>宏观</title>
    <link>https://news.example.org/macro</link>
    <width>88</width>
    <height>31</height>
    <description>标志</description>
  </image>
  <rating>(PICS)</rating>
  <skipHours><hour>0</hour><hour>23</hour></skipHours>
  <skipDays><day>Saturday</day><day>Sunday</day></skipDays>
  <item>
    <title>第一 &#x26; 第二</title>
    <link>https://news.example.org/1?a=1&amp;b=2</link>
    <description>&lt;p&gt;摘要&lt;/p&gt;</description>
    <content:encoded>&lt;p&gt;正文&lt;/p&gt;&lt;iframe src="https://player.example/7"&gt;&lt;/iframe&gt;</content:encoded>
    <author>lin@example.org (林)</author>
    <category>物流</category>
    <comments>https://news.example.org/1#comments</comments>
    <enclosure url="https://news.example.org/1.mp3" length="7" type="audio/mpeg"/>
    <guid>{ONE}</guid>
    <pubDate>Sun, 01 Mar 2026 11:00:00 +0000</pubDate>
    <source url="https://paper.example/feed.rss">他报</source>
    <atom:link rel="via" href="https://paper.example/1"/>
    <dc:creator>林</dc:creator>
    <dc:language>zh-Hans</dc:language>
    <dc:date>2026-03</dc:date>
    <dcterms:modified>2026-03-01T12:00:00Z</dcterms:modified>
    <media:content url="https://news.example.org/1.png" medium="image" type="image/png" fileSize="1" width="2">
      <media:title type="plain">图</media:title>
      <media:description type="html">&lt;b&gt;图&lt;/b&gt;</media:description>
    </media:content>
    <media:thumbnail url="https://news.example.org/1s.png"/>
    <media:content duration="61"><media:player url="https://player.example/7"/></media:content>
    <itunes:duration>1:02:03</itunes:duration>
    <itunes:episode>12</itunes:episode>
    <itunes:season>1</itunes:season>
    <itunes:episodeType>full</itunes:episodeType>
    <x:anything goes="here">whatever<x:deeper/></x:anything>
  </item>
  <item>
    <description>没有标题</description>
    <link>https://news.example.org/2</link>
    <guid isPermaLink="false">{TWO}</guid>
  </item>
</channel>
</rss>
"""
TEXT_INPUT = (
    "<textInput><title>t</title><description>d</description><name>n</name><link>https://a.example/</link></textInput>"
)
TTL = "<ttl>60</ttl>"
FIRST = "<title>第一 &#x26; 第二</title>"
GUID = f"<guid>{ONE}</guid>"
ENCLOSURE = '<enclosure url="https://news.example.org/1.mp3" length="7" type="audio/mpeg"/>'
ENCODED = RIGHT[RIGHT.index("    <content:encoded>") : RIGHT.index("    <author>lin")]
DESCRIPTION = "    <description>&lt;p&gt;摘要&lt;/p&gt;</description>\n"

check = checking("rss", SELF)

FAULTS = [
    # names and places
    Fault("xml.wellformed", "</rss>", ""),
    Fault("xml.doctype", "<rss ", "<!DOCTYPE rss>\n<rss "),
    Fault("rss.version", 'version="2.0"', 'version="0.91"'),
    Fault("rss.attribute.unknown", "<rss ", '<rss encoding="x" '),
    Fault("rss.attribute.unknown", TTL, '<ttl unit="s">60</ttl>'),
    Fault("rss.element.unknown", TTL, f"{TTL}<updated>2026</updated>"),
    Fault("rss.element.unknown", FIRST, f"{FIRST}<lastBuildDate>Sun, 01 Mar 2026 12:00:00 +0000</lastBuildDate>", ONE),
    Fault("rss.text.stray", TTL, f"{TTL}散落"),
    Fault("rss.text.stray", FIRST, f"散落{FIRST}", ONE),
    Fault("rss.element.markup", DESCRIPTION, "<description><x:p>摘要</x:p></description>", ONE),
    Fault("rss.item.misplaced", "</channel>", "<category>晚</category></channel>"),
    # what must be there
    Fault("rss.title.missing", "  <title>宏观</title>\n  <link>", "<link>"),
    Fault("rss.link.missing", "  <link>https://news.example.org/macro</link>\n  <description>", "<description>"),
    Fault("rss.description.missing", "<description>政策 &#x26; 数据</description>", ""),
    Fault("rss.url.missing", "<url>https://news.example.org/logo.png</url>", ""),
    Fault("rss.hour.missing", "<hour>0</hour><hour>23</hour>", ""),
    Fault("rss.day.missing", "<day>Saturday</day><day>Sunday</day>", ""),
    Fault("rss.item.empty", "<description>没有标题</description>", "", TWO),
    Fault("rss.title.empty", FIRST, "<title> </title>", ONE),
    # guids
    Fault("rss.guid.missing", GUID, ""),
    Fault("rss.guid.empty", GUID, "<guid/>"),
    Fault("rss.guid.isPermaLink", GUID, f'<guid isPermaLink="yes">{ONE}</guid>', ONE),
    Fault("rss.guid.permalink", GUID, "<guid>12345</guid>", "12345"),
    Fault("rss.guid.permalink", GUID, "<guid>http://[</guid>", "http://["),
    Fault("iri.ascii", GUID, "<guid>https://news.example.org/一</guid>", "https://news.example.org/一"),
    Fault("rss.item.link", "<link>https://news.example.org/2</link>", "", TWO),
    # enclosure, source, people, texts
    Fault("rss.enclosure.url", 'url="https://news.example.org/1.mp3" ', "", ONE),
    Fault("iri.scheme", "https://news.example.org/1.mp3", "ftp://news.example.org/1.mp3", ONE),
    Fault("rss.enclosure.length", ' length="7"', "", ONE),
    Fault("rss.enclosure.length", ' length="7"', ' length="-7"', ONE),
    Fault("rss.enclosure.type", ' type="audio/mpeg"', "", ONE),
    Fault("media-type.form", ' type="audio/mpeg"', ' type="mp3"', ONE),
    Fault("rss.enclosure.repeated", ENCLOSURE, ENCLOSURE * 2, ONE),
    Fault("rss.source.url", ' url="https://paper.example/feed.rss"', "", ONE),
    Fault("iri.absolute", ' url="https://paper.example/feed.rss"', ' url="feed.rss"', ONE),
    Fault("rss.person.address", "lin@example.org (林)", "林", ONE),
    Fault("rss.person.form", "lin@example.org (林)", "lin@example.org", ONE),
    Fault("rss.person.form", "lin@example.org (林)", "mailto:lin%40example.org", ONE),
    Fault("email.form", "lin@example.org (林)", "lin@.org (林)", ONE),
    Fault("rss.text.html", FIRST, "<title>&lt;b&gt;一&lt;/b&gt;</title>", ONE),
    Fault("rss.text.html", "<category>物流", "<category>Q&#x26;amp;A", ONE),
    Fault("rss.text.html", "(林)", "(&#x26;nbsp;林)", ONE),
    Fault("html.active", "<description>没有标题", "<description>&lt;script&gt;f()&lt;/script&gt;", TWO),
    Fault("html.handler", "&lt;p&gt;正文", "&lt;p onclick='f()'&gt;正文", ONE),
    Fault("html.frame", 'https://player.example/7"&gt;', 'https://evil.example/7"&gt;', ONE),
    Fault("rss.content.order", DESCRIPTION, "", ONE),
    Fault("rss.content.order", DESCRIPTION + ENCODED, ENCODED + DESCRIPTION, ONE),
    # values
    Fault("language.form", "<language>zh-Hans", "<language>_"),
    Fault("date.rfc822", "Sun, 01 Mar 2026 11:00:00 +0000", "2026-03-01T11:00:00Z", ONE),
    Fault("date.rfc822.year", "Sun, 01 Mar 2026 11:00:00 +0000", "Sun, 01 Mar 26 11:00:00 +0000", ONE),
    Fault("date.rfc822.weekday", "Sun, 01 Mar 2026 11:00:00 +0000", "Mon, 01 Mar 2026 11:00:00 +0000", ONE),
    Fault("date.rfc822.zone", "Sun, 01 Mar 2026 12:00:00 +0800", "Sun, 01 Mar 2026 12:00:00"),
    Fault("iri.active", "<link>https://news.example.org/2", "<link>javascript:f()", TWO),
    Fault("iri.absolute", "<link>https://news.example.org/2", "<link>/2", TWO),
    Fault("iri.scheme", "<link>https://news.example.org/2", "<link>mailto:a@example.org", TWO),
    Fault("rss.ttl", TTL, "<ttl>one hour</ttl>"),
    Fault("rss.ttl", TTL, f"<ttl>{'9' * 5000}</ttl>"),
    Fault("rss.image.size", "<width>88", "<width>145"),
    Fault("rss.image.size", "<height>31", "<height>31px"),
    Fault("rss.image.title", "    <title>宏观", "    <title>微观"),
    Fault("rss.image.link", "    <link>https://news.example.org/macro", "    <link>https://news.example.org/micro"),
    Fault("rss.textInput", TTL, f"{TTL}{TEXT_INPUT}"),
    Fault("rss.cloud", ' path="/RPC2"', ""),
    Fault("rss.cloud", ' port="80"', ' port="http"'),
    Fault("rss.skipHours.hour", "<hour>23</hour>", "<hour>24</hour>"),
    Fault("rss.skipHours.hour", "<hour>23</hour>", "<hour>00</hour>"),
    Fault("rss.skipDays.day", "<day>Sunday</day>", "<day>周日</day>"),
    Fault("rss.skipDays.day", "<day>Sunday</day>", "<day>Saturday</day>"),
    Fault("rss.self.missing", 'rel="self"', 'rel="related"'),
    Fault("rss.self.differs", f'href="{SELF}"', 'href="https://news.example.org/feeds/other.rss"'),
    # what it borrows
    Fault("atom.link.href", ' href="https://paper.example/1"', "", ONE),
    Fault("iri.absolute", ' href="https://paper.example/1"', ' href="/1"', ONE),
    Fault("language.form", "<dc:language>zh-Hans", "<dc:language>_", ONE),
    Fault("date.rfc3339", "<dc:date>2026-03", "<dc:date>March", ONE),
    Fault("date.rfc3339.zone", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00", ONE),
    Fault("media.url", '<media:thumbnail url="https://news.example.org/1s.png"/>', "<media:thumbnail/>", ONE),
    Fault("media.url", '<media:player url="https://player.example/7"/>', "", ONE),
    Fault("iri.absolute", "https://news.example.org/1s.png", "1s.png", ONE),
    Fault("media.medium", 'medium="image"', 'medium="picture"', ONE),
    Fault("media.number", 'fileSize="1"', 'fileSize="1 KB"', ONE),
    Fault("media-type.form", 'type="image/png"', 'type="png"', ONE),
    Fault("media.text.type", '<media:title type="plain">', '<media:title type="text">', ONE),
    Fault("media.text.html", "图</media:title>", "&lt;i&gt;图&lt;/i&gt;</media:title>", ONE),
    Fault("html.active", "&lt;b&gt;图&lt;/b&gt;", "&lt;script&gt;f()&lt;/script&gt;", ONE),
    Fault("itunes.required", "  <itunes:explicit>false</itunes:explicit>\n", ""),
    Fault("itunes.explicit", "<itunes:explicit>false", "<itunes:explicit>maybe"),
    Fault("itunes.explicit.old", "<itunes:explicit>false", "<itunes:explicit>clean"),
    Fault("itunes.category", ' text="News"', ""),
    Fault("itunes.image", ' href="https://news.example.org/cover.png"', ""),
    Fault("iri.absolute", ' href="https://news.example.org/cover.png"', ' href="cover.png"'),
    Fault("email.form", "<itunes:email>desk@example.org", "<itunes:email>desk"),
    Fault("itunes.type", "<itunes:type>episodic", "<itunes:type>daily"),
    Fault("itunes.type", "<itunes:episodeType>full", "<itunes:episodeType>long", ONE),
    Fault("itunes.duration", "<itunes:duration>1:02:03", "<itunes:duration>00:07:74", ONE),
    Fault("itunes.number", "<itunes:episode>12", "<itunes:episode>zwölf", ONE),
    Fault("itunes.number", "<itunes:season>1", "<itunes:season>0", ONE),
    Fault("sy.period", "<sy:updatePeriod>hourly", "<sy:updatePeriod>Hourly"),
    Fault("sy.frequency", "    2\n", "0"),
    Fault("sy.frequency", "    2\n", "often"),
    Fault("xml.script", FIRST, f'{FIRST}<script xmlns="http://www.w3.org/1999/xhtml">f()</script>', ONE),
    Fault("xml.script", FIRST, f'{FIRST}<x:y><script xmlns="http://www.w3.org/2000/svg"/></x:y>', ONE),
]  # fmt: skip

ONCE = {
    "title": "  <title>宏观</title>\n  <link>",
    "link": "<link>https://news.example.org/2</link>",
    "description": "<description>没有标题</description>",
    "language": "<language>zh-Hans</language>",
    "copyright": "<copyright>© 甲</copyright>",
    "managingEditor": "<managingEditor>desk@example.org (编辑部)</managingEditor>",
    "webMaster": "<webMaster>web@example.org (网管)</webMaster>",
    "pubDate": "<pubDate>Sun, 01 Mar 2026 11:00:00 +0000</pubDate>",
    "generator": "<generator>maker</generator>",
    "docs": "<docs>https://www.rssboard.org/rss-specification</docs>",
    "ttl": TTL,
    "rating": "<rating>(PICS)</rating>",
    "skipHours": "<skipHours><hour>0</hour><hour>23</hour></skipHours>",
    "skipDays": "<skipDays><day>Saturday</day><day>Sunday</day></skipDays>",
    "author": "<author>lin@example.org (林)</author>",
    "comments": "<comments>https://news.example.org/1#comments</comments>",
    "guid": GUID,
    "source": '<source url="https://paper.example/feed.rss">他报</source>',
    "url": "<url>https://news.example.org/logo.png</url>",
    "width": "<width>88</width>",
    "height": "<height>31</height>",
    "cloud": RIGHT[RIGHT.index("<cloud") : RIGHT.index("  <ttl>")],
    "image": RIGHT[RIGHT.index("<image>") : RIGHT.index("  <rating>")],
    "lastBuildDate": RIGHT[RIGHT.index("<lastBuildDate>") : RIGHT.index("  <category domain")],
    "channel": RIGHT[RIGHT.index("<channel>") : RIGHT.index("</rss>")],
}
ELSEWHERE = {"rss.root", "rss.channel.missing", "rss.guid.unique", "rss.name.missing", "rss.schema"}


def test_a_right_document_has_no_findings() -> None:
    assert check(RIGHT.encode()) == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.rule)
def test_a_planted_fault_is_found_and_nothing_else(fault: Fault) -> None:
    assert broken(check(fault.plant(RIGHT))) == [(fault.rule, fault.entry_id)]


@pytest.mark.parametrize("name", ONCE)
def test_what_may_stand_once_stands_once(name: str) -> None:
    assert RIGHT.count(ONCE[name]) == 1
    text = ONCE[name].removesuffix("\n  <link>")
    findings = check(RIGHT.replace(ONCE[name], text + ONCE[name]).encode())
    assert f"rss.{name}.repeated" in [finding.rule for finding in findings]
    # The copy of a whole channel or image brings its own likeness; all else is said once.
    assert len(findings) == 1 or name == "channel"


def test_a_text_input_is_held_to_its_form() -> None:
    twice = TEXT_INPUT.replace("<name>n</name>", "<name>n</name><name>n</name>")
    assert broken(check(RIGHT.replace(TTL, twice).encode())) == [("rss.textInput", None), ("rss.name.repeated", None)]
    nameless = TEXT_INPUT.replace("<name>n</name>", "")
    assert broken(check(RIGHT.replace(TTL, nameless).encode())) == [("rss.textInput", None), ("rss.name.missing", None)]
    double = check(RIGHT.replace(TTL, TEXT_INPUT * 2).encode())
    assert {finding.rule for finding in double} == {"rss.textInput", "rss.textInput.repeated"}


def test_both_items_with_one_guid_are_named() -> None:
    text = RIGHT.replace(f'<guid isPermaLink="false">{TWO}', f"<guid>{ONE}")
    third = (
        "<item><title>三</title><link>https://news.example.org/3</link><guid>https://news.example.org/3</guid></item>"
    )
    text = text.replace("</channel>", f"{third}</channel>")
    assert broken(check(text.encode())) == [("rss.guid.unique", ONE), ("rss.guid.unique", ONE)]


@pytest.mark.parametrize("root", ["<RSS/>", '<feed xmlns="http://www.w3.org/2005/Atom"/>', "<html/>"])
def test_another_root_is_the_one_thing_to_say(root: str) -> None:
    assert broken(check(root.encode())) == [("rss.root", None)]


def test_a_document_without_a_channel() -> None:
    assert broken(check(b'<rss version="2.0"/>')) == [("rss.channel.missing", None)]


@pytest.mark.parametrize("rule", [*rssrules.RULES, *vocabularyrules.RULES], ids=lambda rule: rule.name)
def test_every_rule_is_planted(rule: Rule) -> None:
    planted = {fault.rule for fault in FAULTS} | {f"rss.{name}.repeated" for name in (*ONCE, "name", "textInput")}
    assert rule.name in planted | ELSEWHERE


def test_a_podcast_lacks_each_thing_by_itself() -> None:
    text = RIGHT.replace('  <itunes:category text="News"/>\n', "")
    (finding,) = check(text.replace('  <itunes:image href="https://news.example.org/cover.png"/>\n', "").encode())[:1]
    assert finding.found == "no itunes:image"


@pytest.mark.parametrize("name", ["image", "cloud", "ttl", "rating", "skipHours", "skipDays", "language", "generator"])
def test_what_may_stand_need_not(name: str) -> None:
    assert check(RIGHT.replace(ONCE[name], "").encode()) == []
