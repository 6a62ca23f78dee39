"""An older feed gives an article an entry, each under the very id that readers know; what is odd is told."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feedsvc.errors import UnknownSectionError
from feedsvc.ingest import Batch, read_file
from feedsvc.model import ArticleInput, Author, Enclosure, Image, Note

FEEDS = Path(__file__).parents[1] / "oldfeeds"


def resolve(name: str) -> str:
    if name not in {"macro", "宏观"}:
        raise UnknownSectionError(name, ["macro"])
    return "macro"


def read(content: bytes, section: str | None = "macro", zone: str = "Asia/Shanghai") -> Batch:
    return read_file(
        "old",
        content,
        resolve_section=resolve,
        base_url="https://news.example",
        naive_timezone=ZoneInfo(zone),
        section=section,
    )


def articles(name: str) -> list[ArticleInput]:
    batch = read((FEEDS / name).read_bytes())
    assert batch.refused == ()
    return [taken.accepted.article for taken in batch.taken]


def item(inside: str, head: str = "", encoding: str = "utf-8") -> bytes:
    """An RSS document of one item."""
    text = f'<rss version="2.0"><channel><title>o</title>{head}<item>{inside}</item></channel></rss>'
    return text.encode(encoding)


ENOUGH = "<title>題</title><guid>1</guid><description>文</description>"


def one(content: bytes, **options: Any) -> tuple[ArticleInput, tuple[Note, ...]]:
    batch = read(content, **options)
    assert batch.refused == ()
    (taken,) = batch.taken
    return taken.accepted.article, taken.accepted.notes


def told(notes: tuple[Note, ...], place: str) -> str:
    return "; ".join(note.message for note in notes if note.place == place)


def refusal(content: bytes, **options: Any) -> str:
    batch = read(content, **options)
    assert batch.taken == ()
    (refused,) = batch.refused
    return str(refused.error)


class TestWordPress:
    def test_every_field(self) -> None:
        older, newer = articles("wordpress.rss")
        assert newer == ArticleInput(
            external_id="https://old.example/?p=123",
            entry_id="https://old.example/?p=123",
            title="码头重开 & 运费回落",
            link="https://old.example/2026/03/%e7%a0%81%e5%a4%b4/",
            summary="清晨六点，码头热闹起来 […]",
            content_html='<p>清晨六点，<a href="https://old.example/harbour">码头</a>热闹起来。</p>\n'
            '<p><img src="https://old.example/2026/03/%e7%a0%81%e5%a4%b4/wp-content/crane.jpg" alt="吊机"></p>',
            sections=("macro",),
            authors=(Author(name="周文渡"),),
            tags=("宏观", "航运"),
            language="zh-Hans",
            published=datetime(2026, 3, 1, 7, 30, tzinfo=UTC),
        )
        assert older.entry_id == "https://old.example/?p=98&lang=zh"
        assert older.content_html == "<p>今年的<b>春茶</b>比往年早。</p>"
        assert older.summary is None
        assert older.enclosures == (
            Enclosure(url="https://old.example/tea.mp3", type="audio/mpeg", length_bytes=16300),
        )

    def test_what_was_unsafe_is_told(self) -> None:
        _, newer = read((FEEDS / "wordpress.rss").read_bytes()).taken
        assert newer.place == "entry 1"
        assert "onclick" in told(newer.accepted.notes, "content_html")

    def test_without_a_section_its_categories_decide(self) -> None:
        batch = read((FEEDS / "wordpress.rss").read_bytes(), section=None)
        assert [taken.accepted.article.title for taken in batch.taken] == ["码头重开 & 运费回落"]
        assert "name one with --section" in str(batch.refused[0].error)


class TestAtom:
    def test_every_field(self) -> None:
        older, newer = articles("letter.atom")
        assert newer == ArticleInput(
            external_id="urn:letters:x7q2:b&c",
            entry_id="urn:letters:x7q2:b&c",
            title="茶與海 & 山",
            link="https://letters.example/entries/2.html",
            content_html="<p>一封信。</p>",
            sections=("macro",),
            authors=(Author(name="林 溪", url="https://letters.example/lin"),),
            tags=("隨筆",),
            language="zh-Hant",
            image=Image(url="https://letters.example/2.jpg", type="image/jpeg", width=320, height=200),
            enclosures=(
                Enclosure(url="https://letters.example/2.pdf", type="application/pdf", length_bytes=7, title="附件"),
            ),
            published=datetime(2026, 2, 28, 10, tzinfo=UTC),
            updated=datetime(2026, 3, 1, 2, tzinfo=UTC),
        )
        assert older.summary == "開頭 <不是標記>"
        assert older.content_html == "<p>開頭<br>之後</p>"
        assert older.authors == (Author(name="週末書信"),)
        assert older.published == datetime(2026, 2, 21, 10, tzinfo=UTC)
        assert older.updated is None

    def test_plain_content_becomes_paragraphs(self) -> None:
        content = (
            '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>urn:1</id><title>題</title>'
            "<content>甲 &lt;乙&gt;\n丙\n\n丁</content></entry></feed>"
        )
        article, _ = one(content.encode())
        assert article.content_html == "<p>甲 &lt;乙&gt;<br>丙</p>\n<p>丁</p>"


class TestHugo:
    def test_a_guid_is_a_permalink_unless_it_says_otherwise(self) -> None:
        older, newer = articles("hugo.xml")
        assert (newer.entry_id, newer.is_permalink) == ("https://hugo.example/posts/tides/", True)
        assert newer.content_html == "<p>High water at noon.</p>"
        assert (older.summary, older.content_html) == ("Knots & rings.", None)


class TestRDF:
    def test_the_id_is_what_it_is_about(self) -> None:
        content = (
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://o.example/"><title>o</title>'
            '<link>https://o.example/</link></channel><item rdf:about="https://o.example/1"><title>題</title>'
            "<link>https://o.example/one</link><description>文</description><dc:date>2026-03-01T09:00:00+08:00"
            "</dc:date></item></rdf:RDF>"
        )
        article, _ = one(content.encode())
        assert (article.entry_id, article.link) == ("https://o.example/1", "https://o.example/one")
        assert article.published == datetime(2026, 3, 1, 1, tzinfo=UTC)


class TestJSONFeed:
    def test_every_field(self) -> None:
        older, newer = articles("feed.json")
        assert newer == ArticleInput(
            external_id="2",
            entry_id="2",
            title="渡船加开",
            link="https://ferry.example/2",
            summary="加开两班。",
            content_html="<p>周末加开两班。</p>",
            sections=("macro",),
            authors=(Author(name="渡口编辑部"),),
            tags=("交通",),
            language="zh-Hans",
            image=Image(url="https://ferry.example/ferry.jpg", type="image/jpeg"),
            enclosures=(
                Enclosure(
                    url="https://ferry.example/timetable.pdf", type="application/pdf", length_bytes=2048, title="时刻表"
                ),
            ),
            published=datetime(2026, 3, 1, 1, tzinfo=UTC),
            updated=datetime(2026, 3, 1, 2, tzinfo=UTC),
        )
        assert older.title == "大雾停航。 请留意 <通知>。"
        assert older.content_html == "<p>大雾停航。</p>\n<p>请留意 &lt;通知&gt;。</p>"
        assert older.authors == (Author(name="周玉", url="https://ferry.example/zhou"),)

    @pytest.mark.parametrize("items", ["x", None])
    def test_without_items_it_is_none(self, items: Any) -> None:
        content = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items}).encode()
        assert "is no JSON Feed" in refusal(content)

    def test_what_is_odd_in_an_item_stops_no_other(self) -> None:
        good = {"id": "urn:1", "title": "題", "content_text": "文", "tags": "x", "authors": [{"url": "/a"}, 7]}
        feed = {"version": "https://jsonfeed.org/version/1", "author": {"name": "周"}, "items": [7, good]}
        batch = read(json.dumps(feed).encode())
        assert [refused.place for refused in batch.refused] == ["entry 1"]
        (taken,) = batch.taken
        assert taken.accepted.article.authors == ()
        assert told(taken.accepted.notes, "authors") == "1 without a name left out"


class TestIds:
    @pytest.mark.parametrize(
        ("written", "entry_id"),
        [
            ("<guid>\n  https://o.example/?p=1&amp;q=2\n</guid>", "https://o.example/?p=1&q=2"),
            ("<guid>&amp;amp;</guid>", "&amp;"),
            ("<guid><![CDATA[a&b<c>]]></guid>", "a&b<c>"),
            ("<guid>a<!-- x -->b</guid>", "ab"),
            ("<guid>中　文</guid>", "中　文"),
            ("<id>7</id><guid>1</guid><id>8</id>", "1"),
            ("<id>7</id>", "7"),
        ],
    )
    def test_are_read_to_the_letter(self, written: str, entry_id: str) -> None:
        article, _ = one(item(f"<title>題</title>{written}<description>文</description>"))
        assert (article.entry_id, article.external_id) == (entry_id, entry_id)

    @pytest.mark.parametrize(
        ("attribute", "is_permalink"),
        [("", True), (' isPermaLink="true"', True), (' isPermaLink="TRUE"', True), (' isPermaLink="false"', False)],
    )
    def test_say_whether_they_are_links(self, attribute: str, is_permalink: bool) -> None:
        guid = f"<guid{attribute}>https://o.example/1</guid>"
        article, _ = one(item(f"<title>題</title>{guid}<description>文</description>"))
        assert article.is_permalink is is_permalink

    def test_without_one_the_link_is_it(self) -> None:
        article, notes = one(item("<title>題</title><link>https://O.example/1</link><description>文</description>"))
        assert article.entry_id == "https://O.example/1"
        assert "by its link" in told(notes, "entry_id")

    def test_with_neither_the_entry_is_refused(self) -> None:
        assert "neither id nor link" in refusal(item("<title>題</title><description>文</description>"))

    def test_what_cannot_be_kept_is_refused_and_what_is_odd_is_told(self) -> None:
        assert "which readers take away" in refusal(item(ENOUGH.replace(">1<", ">\u30001<")))
        article, notes = one(item(ENOUGH.replace(">1<", ">a  b<")))
        assert article.entry_id == "a  b"
        assert "kept as it is" in told(notes, "entry_id")

    def test_of_two_entries_with_one_id_the_first_is_taken(self) -> None:
        content = item(f"{ENOUGH}</item><item>{ENOUGH}")
        batch = read(content)
        assert [taken.place for taken in batch.taken] == ["entry 1"]
        assert "stands in entry 1 already" in str(batch.refused[0].error)


class TestTimes:
    @pytest.mark.parametrize(
        ("written", "instant"),
        [
            ("Sun, 01 Mar 2026 09:00:00 +0800", datetime(2026, 3, 1, 1, tzinfo=UTC)),
            ("1 Mar 2026 09:00 GMT", datetime(2026, 3, 1, 9, tzinfo=UTC)),
            ("Sunday, 01-Mar-26 09:00:00 UT", datetime(2026, 3, 1, 9, tzinfo=UTC)),
            ("01 Mar 99 09:00:00 -0000", datetime(1999, 3, 1, 9, tzinfo=UTC)),
            ("Sun, 01 Mar 2026 09:00:00 EST", datetime(2026, 3, 1, 14, tzinfo=UTC)),
            ("Sun, 01 Mar 2026 09:00:00 CST", datetime(2026, 3, 1, 1, tzinfo=UTC)),
            ("Sun, 01 Mar 2026 09:00:00", datetime(2026, 3, 1, 1, tzinfo=UTC)),
            ("2026-03-01T09:00:00+08:00", datetime(2026, 3, 1, 1, tzinfo=UTC)),
            ("2026-03-01 09:00:00", datetime(2026, 3, 1, 1, tzinfo=UTC)),
            ("2026年3月1日 9:05", datetime(2026, 3, 1, 1, 5, tzinfo=UTC)),
            ("星期日, 2026年3月1日 9时05分06秒 +09:00", datetime(2026, 3, 1, 0, 5, 6, tzinfo=UTC)),
            ("2026/3/1", datetime(2026, 2, 28, 16, tzinfo=UTC)),
            ("2026-03-01", datetime(2026, 2, 28, 16, tzinfo=UTC)),
        ],
    )
    def test_as_feeds_write_them(self, written: str, instant: datetime) -> None:
        article, _ = one(item(f"{ENOUGH}<pubDate>{written}</pubDate>"))
        assert article.published == instant

    def test_letters_that_mean_two_zones_are_believed_as_the_sites_and_told(self) -> None:
        content = item(f"{ENOUGH}<pubDate>Sun, 01 Mar 2026 09:00:00 CST</pubDate>")
        _, notes = one(content)
        assert "the CST of Asia/Shanghai" in told(notes, "published")
        chicago, _ = one(content, zone="America/Chicago")
        assert chicago.published == datetime(2026, 3, 1, 15, tzinfo=UTC)
        assert "name the zone it was meant in with --timezone" in refusal(content, zone="UTC")

    @pytest.mark.parametrize(
        "written",
        [
            "昨天",
            "Sun, 01 Foo 2026 09:00:00 GMT",
            "2026年3月1日 下午3:05",
            "1772326800",
            "01/03/2026",
            "1 Mar 2026 9:00 IST",
        ],
    )
    def test_what_is_none_is_asked_for(self, written: str) -> None:
        assert "published" in refusal(item(f"{ENOUGH}<pubDate>{written}</pubDate>"))

    @pytest.mark.parametrize("written", ["31 Feb 2026 09:00:00 CST", "2026年2月31日"])
    def test_impossible_ones_are_refused(self, written: str) -> None:
        assert refusal(item(f"{ENOUGH}<pubDate>{written}</pubDate>"))

    def test_an_entry_without_one_is_told(self) -> None:
        article, notes = one(item(ENOUGH))
        assert article.published is None
        assert "appears as new of now" in told(notes, "published")

    def test_a_day_alone_is_told(self) -> None:
        _, notes = one(item(f"{ENOUGH}<pubDate>1 Mar 2026</pubDate>"))
        assert "midnight" in told(notes, "published")


class TestEncodings:
    @pytest.mark.parametrize("declared", ["gb2312", "GBK", "gb18030", "big5", "utf-16", "UTF-8"])
    def test_as_declared(self, declared: str) -> None:
        content = f'<?xml version="1.0" encoding="{declared}"?>' + item(ENOUGH.replace("題", "標題、茶")).decode()
        article, _ = one(content.encode({"gb2312": "gbk"}.get(declared, declared)))
        assert article.title == "標題、茶"

    def test_another_than_declared_is_told(self) -> None:
        content = item(ENOUGH.replace("文", "这是在的一，文。")).decode().encode("gb18030")
        article, notes = one(content)
        assert article.summary == "这是在的一，文。"
        assert told(notes, "file") == "is not UTF-8, as it says: read as GB18030"

    def test_damage_is_told(self) -> None:
        article, notes = one(item(ENOUGH).replace("文".encode(), b"\xff\x81 words that are in no Chinese at all"))
        assert article.summary is not None
        assert article.summary.startswith("\ufffd")
        assert "is damaged: byte" in told(notes, "file")

    @pytest.mark.parametrize(
        "declared", ["punycode", "idna", "base64", "rot13", "unicode_escape", "utf-7", "undefined"]
    )
    def test_what_only_python_calls_an_encoding(self, declared: str) -> None:
        plain = f'<?xml version="1.0" encoding="{declared}"?>'.encode() + item(
            ENOUGH.replace("題", "a").replace("文", "b")
        )
        assert "none of the web's" in refusal(plain)
        article, notes = one(f'<?xml version="1.0" encoding="{declared}"?>'.encode() + item(ENOUGH))
        assert article.title == "題"
        assert told(notes, "file") == f"is not {declared.upper()}, as it says: read as UTF-8"

    @pytest.mark.parametrize("declared", ["gb2312", "GBK", "big5", "iso-8859-1", "us-ascii"])
    def test_utf_8_under_another_name_is_told(self, declared: str) -> None:
        """Read as GBK, many a text in UTF-8 is without fault, and nonsense."""
        content = f'<?xml version="1.0" encoding="{declared}"?>' + item(ENOUGH.replace("題", "標題")).decode()
        article, notes = one(content.encode())
        assert article.title == "標題"
        assert "read as UTF-8" in told(notes, "file")

    @pytest.mark.parametrize("declared", ["gb2312", "GB_2312-80", "x-gbk", "cp936", "csGB2312", "euc-cn"])
    def test_what_says_gb2312_may_hold_gb18030(self, declared: str) -> None:
        content = f'<?xml version="1.0" encoding="{declared}"?>' + item(ENOUGH.replace("題", "镕㐀𠮷")).decode()
        article, notes = one(content.encode("gb18030"))
        assert (article.title, told(notes, "file")) == ("镕㐀𠮷", "")

    @pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
    def test_wide_ones_with_and_without_a_mark(self, codec: str) -> None:
        article, notes = one(item(ENOUGH).decode().encode(codec))
        assert (article.title, told(notes, "file")) == ("題", "")

    def test_an_unknown_one_is_refused(self) -> None:
        assert "none of the web's" in refusal(b'<?xml version="1.0" encoding="x-none"?><rss version="2.0"/>')


class TestMending:
    def test_lone_ampersands_and_references_of_html(self) -> None:
        article, notes = one(item(ENOUGH.replace("題", "甲 & 乙&nbsp;&mdash; &foo; AT&amp;T")))
        assert article.title == "甲 & 乙\xa0— &foo; AT&T"
        assert told(notes, "file") == "is not well-formed: 2 ampersands stand for themselves"

    def test_what_is_literal_stays(self) -> None:
        article, notes = one(item(ENOUGH.replace("題", "<![CDATA[A & B]]><!-- & -->")))
        assert (article.title, told(notes, "file")) == ("A & B", "")

    def test_broken_markup_is_recovered_and_told(self) -> None:
        article, notes = one(item(f"{ENOUGH}<author>林</span></author>"))
        assert article.title == "題"
        assert "not well-formed; look at what became of it" in told(notes, "file")

    @pytest.mark.parametrize("written", ["&#xD800;", "&#0;", "&#x1;", "&#x110000;", "&#99999999999;", "\ufffe", "\x08"])
    def test_what_xml_forbids_is_left_out_and_told(self, written: str) -> None:
        article, notes = one(item(ENOUGH.replace("題", f"甲{written}乙")))
        assert article.title == "甲乙"
        assert told(notes, "file") == "holds 1 characters that XML forbids, which are left out"

    def test_halves_of_a_character_become_it(self) -> None:
        article, notes = one(item(ENOUGH.replace("題", "甲&#xD83D;&#xDE00;&#55357;&#56832;")))
        assert (article.title, told(notes, "file")) == ("甲😀😀", "")

    def test_titles_that_are_markup_are_read(self) -> None:
        article, _ = one(item(ENOUGH.replace("題", "&lt;b&gt;甲&lt;/b&gt; A &amp;lt; B")))
        assert article.title == "甲 A < B"

    def test_a_title_is_made_from_the_text(self) -> None:
        article, notes = one(item("<guid>1</guid><description>&lt;p&gt;一句話。&lt;/p&gt;</description>"))
        assert (article.title, article.content_html) == ("一句話。", "<p>一句話。</p>")
        assert "beginning of the text" in told(notes, "title")

    def test_what_is_no_address_is_left_out_with_a_word(self) -> None:
        inside = f'{ENOUGH}<link>ftp://o.example/1</link><enclosure url="//[" length="x" type="audio/mpeg"/>'
        article, notes = one(
            item(inside, head="<link>https://o.example/</link><language>no language at all</language>")
        )
        assert (article.link, article.enclosures, article.language) == (None, (), None)
        assert {note.place for note in notes} >= {"link", "enclosures[0]", "language"}

    def test_relative_addresses_count_from_the_channel(self) -> None:
        inside = f"{ENOUGH}<link>/1</link>"
        article, _ = one(item(inside, head="<link>https://o.example/home</link>"))
        assert article.link == "https://o.example/1"

    def test_the_picture_may_come_from_media_rss_or_itunes(self) -> None:
        media = (
            f'{ENOUGH}<m:content xmlns:m="http://search.yahoo.com/mrss/" url="https://o.example/a.png" medium="image"/>'
        )
        assert one(item(media))[0].image == Image(url="https://o.example/a.png", type="image/png")
        itunes = (
            f'{ENOUGH}<i:image xmlns:i="http://www.itunes.com/dtds/podcast-1.0.dtd" href="https://o.example/b.jpg"/>'
        )
        assert one(item(itunes))[0].image == Image(url="https://o.example/b.jpg", type="image/jpeg")


class TestBounds:
    @pytest.mark.parametrize(
        "body",
        [
            "<![CDATA[" + "<!--" * 60_000 + "]]>",
            "<!--" * 60_000,
            "<![CDATA[" * 60_000,
            "<![CDATA[" + "<b>" * 100_000 + "]]>",
            "<b>" * 60_000 + "</b>" * 60_000,
            "&amp;" * 100_000,
            "&x" * 100_000,
            "&lt;" * 10 + "x" * 11_000_000,
        ],
        ids=["comments", "open comments", "open cdata", "tags", "elements", "references", "ampersands", "long"],
    )
    def test_hostile_documents_cost_little(self, body: str) -> None:
        began = time.process_time()
        batch = read(item(ENOUGH.replace("文", body)))
        assert time.process_time() - began < 10
        assert len(batch.taken) + len(batch.refused) == 1

    @pytest.mark.parametrize(
        "content",
        [
            b"<rss",
            b"<!-- <rss >",
            b"<html><rss /></html>",
            b"<rss >",
            b'<feed xmlns="urn:x"><entry/></feed>',
            b"<html><rss ></html>",
        ],
    )
    def test_what_is_no_feed_is_refused_whole(self, content: bytes) -> None:
        batch = read(content)
        assert [refused.place for refused in batch.refused] == [""]

    def test_an_entity_of_its_own_is_no_way_in(self) -> None:
        content = b'<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + item(ENOUGH.replace("文", "&x;"))
        article, _ = one(content)
        assert article.summary == "&x;"

    def test_an_empty_feed_holds_nothing(self) -> None:
        assert read(b'<rss version="2.0"><channel><title>o</title></channel></rss>') == Batch()
