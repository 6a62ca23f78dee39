"""What became of an article shows in every format alike: corrections, notices of withdrawal, tombstones."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from examples import (
    CORRECTIONS,
    MACRO,
    NOON,
    SECTIONS,
    SITE,
    TOMBSTONES,
    article,
    feed_of,
    full_article,
    history_feed,
    section_state,
    withdrawn_article,
)
from feedsvc.feed.compose import compose
from feedsvc.feed.formats import FORMATS
from feedsvc.feed.namespaces import TOMBSTONES as AT
from feedsvc.model import Category, Holdings
from feedsvc.text import plain_text, sanitize_html

FEED = history_feed()
DOCUMENTS = {name: row.render(FEED) for name, row in FORMATS.items()}
SUMMARIES = replace(MACRO, content="summary")

# corrections


def test_a_correction_stands_at_the_end_of_the_body_with_its_day_on_site() -> None:
    (entry,) = feed_of(article(1, corrections=CORRECTIONS)).entries

    assert entry.content_html == (
        "<p>第 1 篇文章的正文。</p>"
        "<p>更正（2026-03-01）：原文误作 A &lt; B &amp; C。</p>"
        "<p>更正（2026-03-02）：作者姓名有误。<br>应为「锺艺」。</p>"
    )
    assert entry.summary == "这是第 1 篇文章的摘要。"
    assert entry.corrections == CORRECTIONS


@pytest.mark.parametrize(
    ("changes", "section"), [({}, SUMMARIES), ({"content_html": None}, MACRO), ({"content_html": None}, SUMMARIES)]
)
def test_where_there_is_no_body_it_stands_at_the_end_of_the_summary(changes: dict[str, Any], section: Any) -> None:
    (entry,) = feed_of(article(1, corrections=CORRECTIONS, **changes), section=section).entries

    assert entry.content_html is None
    assert entry.summary == (
        "这是第 1 篇文章的摘要。\n"
        "更正（2026-03-01）：原文误作 A < B & C。\n"
        "更正（2026-03-02）：作者姓名有误。\n应为「锺艺」。"
    )


def test_it_is_the_summary_of_a_body_without_words_where_only_that_is_published() -> None:
    picture = article(
        1, summary=None, content_html='<img src="https://img.example/a.png">', corrections=CORRECTIONS[:1]
    )
    (entry,) = feed_of(picture, section=SUMMARIES).entries

    assert entry.summary == "更正（2026-03-01）：原文误作 A < B & C。"


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "Correction (2026-03-01): 原文"),
        ("zh-Hant", "更正（2026-03-01）：原文"),
        ("fr", "Correction (2026-03-01): 原文"),
    ],
)
def test_a_correction_speaks_the_article_s_language(language: str, told: str) -> None:
    (entry,) = feed_of(article(1, language=language, corrections=CORRECTIONS[:1])).entries

    assert told in plain_text(entry.content_html or "")


def test_a_body_with_corrections_is_canonical_still() -> None:
    (entry,) = feed_of(full_article(1, corrections=CORRECTIONS)).entries

    assert entry.content_html is not None
    assert sanitize_html(entry.content_html, SITE.base_url) == entry.content_html


def test_braces_in_a_note_mean_nothing() -> None:
    braces = replace(CORRECTIONS[0], note="{date} {note} {}")
    (entry,) = feed_of(article(1, corrections=(braces,))).entries

    assert (entry.content_html or "").endswith("<p>更正（2026-03-01）：{date} {note} {}</p>")


def test_json_feed_tells_corrections_apart_too() -> None:
    items = json.loads(DOCUMENTS["json"])["items"]

    assert items[0]["_feedsvc"]["corrections"] == [
        {"note": "原文误作 A < B & C。", "at": "2026-03-01T12:00:00+00:00"},
        {"note": "作者姓名有误。\n应为「锺艺」。", "at": "2026-03-01T16:00:00+00:00"},
    ]
    assert "corrections" not in items[1].get("_feedsvc", {})


# notices


def test_a_notice_keeps_place_and_identity_and_nothing_else() -> None:
    older, gone, newer = article(3), withdrawn_article(2, notice="未经核实 <详>。\n致歉。"), article(1)
    entry = feed_of(newer, gone, older).entries[1]
    before = feed_of(full_article(2)).entries[0]

    assert entry == replace(
        before,
        link="https://news.example.org/articles/article2",
        title="本文已撤回",
        summary="未经核实 <详>。\n致歉。",
        content_html="<p>未经核实 &lt;详&gt;。<br>致歉。</p>",
        updated=NOON + timedelta(hours=1),
        authors=(),
        editor=None,
        source=None,
        breadcrumb=(),
        categories=(Category(term="宏观", scheme="https://news.example.org/sections/"),),
        language=None,
        image=None,
        enclosures=(),
    )


def test_a_notice_without_words_has_those_of_its_language() -> None:
    ours, english = feed_of(withdrawn_article(1), withdrawn_article(2, language="en")).entries

    assert (ours.title, ours.content_html) == ("本文已撤回", "<p>编辑部已撤回本文，内容不再提供。</p>")
    assert (english.title, english.language) == ("This article has been withdrawn", "en")
    assert english.summary == "This article has been withdrawn by the editors and is no longer available."


def test_a_notice_of_a_corrected_article_carries_no_correction() -> None:
    (entry,) = feed_of(withdrawn_article(1, notice="撤", corrections=CORRECTIONS)).entries

    assert (entry.summary, entry.content_html, entry.corrections) == ("撤", "<p>撤</p>", ())


def test_in_a_section_of_summaries_a_notice_is_one() -> None:
    (entry,) = feed_of(withdrawn_article(1, notice="撤"), section=SUMMARIES).entries

    assert (entry.summary, entry.content_html) == ("撤", None)


@pytest.mark.parametrize("name", FORMATS)
def test_no_word_of_what_was_withdrawn_is_left(name: str) -> None:
    feed = feed_of(withdrawn_article(1, notice="撤", corrections=CORRECTIONS))
    document = FORMATS[name].render(feed).decode()

    for word in (
        "突破",
        "野家",
        "摘要",
        "正文",
        "单晓宁",
        "hnmd003",
        "江苏某报",
        "首页",
        "芯片",
        "a.png",
        "a.mp3",
        "原文",
    ):
        assert word not in document
    assert feed.entries[0].entry_id in document


# tombstones


def test_a_feed_is_as_new_as_its_newest_tombstone_in_every_format() -> None:
    assert FEED.updated == TOMBSTONES[0].when
    assert b"<lastBuildDate>Tue, 03 Mar 2026 12:00:00 +0000<" in DOCUMENTS["rss"]
    assert b"<updated>2026-03-03T12:00:00+00:00</updated>" in DOCUMENTS["atom"]
    assert json.loads(DOCUMENTS["json"])["_feedsvc"]["updated"] == "2026-03-03T12:00:00+00:00"


def test_atom_says_what_is_gone_and_since_when() -> None:
    root = etree.fromstring(DOCUMENTS["atom"])
    graves = [child for child in root if child.tag == f"{{{AT}}}deleted-entry"]

    assert [(dict(grave.attrib), [(child.tag, child.text) for child in grave]) for grave in graves] == [
        (
            {"ref": "urn:uuid:gone-1", "when": "2026-03-03T12:00:00+00:00"},
            [(f"{{{AT}}}comment", "失实 <b> & 撤回")],
        ),
        ({"ref": "https://old.example/?p=5&q=1", "when": "2026-03-02T12:00:00+00:00"}, []),
        ({"ref": "urn:uuid:gone-3", "when": "2026-03-01T12:00:00+00:00"}, [(f"{{{AT}}}comment", "一稿两投")]),
    ]
    assert graves[0][0].get("{http://www.w3.org/XML/1998/namespace}lang") == "zh-Hant"


def test_the_other_formats_have_no_word_for_it() -> None:
    assert b"gone-1" not in DOCUMENTS["rss"]
    assert b"gone-1" not in DOCUMENTS["json"]


def test_a_feed_may_hold_tombstones_alone() -> None:
    feed = compose(SITE, MACRO, section_state(), Holdings(articles=(), tombstones=TOMBSTONES), SECTIONS)

    assert feed.updated == TOMBSTONES[0].when
    for row in FORMATS.values():
        assert row.verify(row.render(feed), feed) == []


# proof


@pytest.mark.parametrize("name", FORMATS)
def test_a_right_document_has_no_findings(name: str) -> None:
    assert FORMATS[name].verify(DOCUMENTS[name], FEED) == []


Mutation = Callable[[str], str]


def swap(old: str, new: str) -> Mutation:
    return lambda text: text.replace(old, new, 1)


def move_first_grave(text: str) -> str:
    first, *_ = re.findall("<at:deleted-entry.*?</at:deleted-entry>", text)
    return text.replace(first, "").replace("<entry", f"{first}<entry", 1)


def into_an_entry(text: str) -> str:
    first, *_ = re.findall("<at:deleted-entry.*?</at:deleted-entry>", text)
    return text.replace("</entry>", f"{first}</entry>", 1)


def double(pattern: str) -> Mutation:
    return lambda text: re.sub(f"({pattern})", r"\1\1", text, count=1)


def cut(pattern: str) -> Mutation:
    return lambda text: re.sub(pattern, "", text, count=1)


ATOM = {
    "lost grave": cut("<at:deleted-entry.*?</at:deleted-entry>"),
    "lost last grave": cut('<at:deleted-entry [^>]*ref="urn:uuid:gone-3".*?</at:deleted-entry>'),
    "doubled grave": double("<at:deleted-entry.*?</at:deleted-entry>"),
    "graves in another order": move_first_grave,
    "grave in an entry": into_an_entry,
    "ref": swap("gone-1", "gone-2"),
    "ref of an entry that stands": swap("urn:uuid:gone-1", FEED.entries[0].entry_id),
    "lost ref": swap(' ref="urn:uuid:gone-1"', ""),
    "when": swap('when="2026-03-03T12:00:00+00:00"', 'when="2026-03-03T12:00:01+00:00"'),
    "when in another zone": swap('when="2026-03-03T12:00:00+00:00"', 'when="2026-03-03T12:00:00+08:00"'),
    "comment": swap("一稿两投", "一稿多投"),
    "lost comment": cut("<at:comment>.*?</at:comment>"),
    "doubled comment": double("<at:comment>.*?</at:comment>"),
    "comment's language": swap('<at:comment xml:lang="zh-Hant">', "<at:comment>"),
    "comment as html": swap("<at:comment>", '<at:comment type="html">'),
    "comment of another": lambda text: re.sub(
        r'(?s)(<at:comment xml:lang="zh-Hant">.*?</at:comment>)(.*?)(<at:comment>.*?</at:comment>)', r"\3\2\1", text
    ),
    "other namespace": swap("http://purl.org/atompub/tombstones/1.0", "http://purl.org/atompub/tombstones/"),
    "corrected by another": swap("更正（2026-03-01）", "更正（2026-03-02）"),
    "lost correction": cut("&lt;p&gt;更正.*?&lt;/p&gt;"),
    "notice": swap("谨致歉意", "不致歉意"),
}

RSS = {
    "lost correction": cut("&lt;p&gt;更正.*?&lt;/p&gt;"),
    "notice": swap("谨致歉意", "不致歉意"),
    "notice's date": swap("2026-03-01T13:00:00", "2026-03-01T12:00:00"),
}

JSON = {
    "lost correction": cut('\\{"note":"原文误作 A < B & C。","at":"2026-03-01T12:00:00\\+00:00"\\},'),
    "note": swap('"note":"原文', '"note":"本文'),
    "time": swap('"at":"2026-03-01T12', '"at":"2026-03-01T11'),
    "naive time": swap('"at":"2026-03-01T12:00:00+00:00"', '"at":"2026-03-01T12:00:00"'),
    "no note": swap('"note":"原文误作 A < B & C。",', ""),
    "notice": swap("谨致歉意", "不致歉意"),
}

MUTATIONS = [
    pytest.param(name, mutate, id=f"{name}-{title}")
    for name, table in {"rss": RSS, "atom": ATOM, "json": JSON}.items()
    for title, mutate in table.items()
]


@pytest.mark.parametrize(("name", "mutate"), MUTATIONS)
def test_a_mutated_document_is_caught(name: str, mutate: Mutation) -> None:
    right = DOCUMENTS[name].decode()
    mutated = mutate(right)

    assert mutated != right, "the mutation changed nothing"
    assert FORMATS[name].verify(mutated.encode(), FEED)
