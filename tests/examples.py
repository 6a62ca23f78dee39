"""Values that many tests start from: one Chinese news site, its sections, and articles with everything in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from feedsvc.feed.compose import compose
from feedsvc.model import (
    Article,
    Author,
    Correction,
    Enclosure,
    Feed,
    Finding,
    Holdings,
    Image,
    Podcast,
    Section,
    SectionState,
    Site,
    Source,
    State,
    Tombstone,
    Withdrawal,
)

NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)

SITE = Site(
    title="江畔新闻",
    base_url="https://news.example.org",
    language="zh-Hans",
    timezone="Asia/Shanghai",
    author=Author(name="江畔新闻编辑部", email="desk@example.org"),
    copyright="© 2026 江畔新闻",
    image=Image(url="https://news.example.org/logo.png"),
)

MACRO = Section(
    slug="macro",
    title="宏观",
    description="宏观经济与政策",
    language="zh-Hans",
    categories=("经济", "Economy"),
)
FINANCE = Section(slug="finance", title="財經", description="財經消息", language="zh-Hant")
FEED_IDS = {
    "macro": "urn:uuid:6d0f5a5e-4c1b-4f0e-9a53-0d2a3c9b7e11",
    "finance": "urn:uuid:0b8e7a34-52c6-4c55-8a0b-7f5f6c1d2e22",
}
SECTIONS = {"macro": MACRO, "finance": FINANCE}


def section_state(slug: str = "macro", **changes: Any) -> SectionState:
    state = SectionState(
        slug=slug,
        feed_id=FEED_IDS[slug],
        created=NOON - timedelta(days=30),
        generation=1,
        urgent_generation=0,
    )
    return replace(state, **changes)


def article(number: int, **changes: Any) -> Article:
    """A plain live article, the higher its number the older."""
    fields: dict[str, Any] = {
        "seq": number,
        "id": f"article{number}",
        "entry_id": f"urn:uuid:00000000-0000-4000-8000-{number:012d}",
        "state": State.LIVE,
        "published": NOON - timedelta(hours=number),
        "updated": NOON - timedelta(hours=number) + timedelta(minutes=5),
        "created": NOON,
        "title": f"第 {number} 篇文章",
        "summary": f"这是第 {number} 篇文章的摘要。",
        "content_html": f"<p>第 {number} 篇文章的正文。</p>",
        "sections": ("macro",),
    }
    return Article(**fields | changes)


def full_article(number: int = 1, **changes: Any) -> Article:
    """An article with a value in every field, none of them harmless."""
    return article(
        number,
        **{
            "title": 'R&D <b>突破</b> "𠮷野家" 👨‍👩‍👧 &amp;',
            "summary": "摘要：A < B，而 B > C & D。\n第二行。",
            "content_html": '<p>正文 &amp; <a href="https://a.example/?x=1&amp;y=2">链接</a> ]]&gt; '
            "<ruby>漢<rt>hàn</rt></ruby></p>",
            "link": "https://news.example.org/2026/03/%E6%96%B0?a=1&b=2",
            "authors": (
                Author(name="单晓宁", email="shan@example.org", url="https://news.example.org/u/shan"),
                Author(name="钟 艺"),
            ),
            "editor": "hnmd003",
            "source": Source(name="江苏某报", url="https://paper.example/"),
            "breadcrumb": ("首页", "宏观", "正文"),
            "tags": ("芯片", "R&D", "A/B"),
            "language": "zh-Hant",
            "image": Image(url="https://img.example/a.png", type="image/png", width=800, height=600, alt="图：<晶圆>"),
            "enclosures": (
                Enclosure(
                    url="https://cdn.example/a.mp3?s=1&t=2",
                    type="audio/mpeg",
                    length_bytes=123456,
                    title="朗读 <1>",
                    duration_seconds=312,
                ),
                Enclosure(url="https://cdn.example/b.pdf", type="application/pdf", length_bytes=7, title="附表 & 数据"),
                Enclosure(url="https://cdn.example/c.mp4", type="video/mp4", length_bytes=0, duration_seconds=61),
            ),
        }
        | changes,
    )


def feed_of(*articles: Article, section: Section = MACRO, site: Site = SITE) -> Feed:
    return compose(site, section, section_state(section.slug), Holdings(articles=tuple(articles)), SECTIONS)


def example_feed() -> Feed:
    """Everything at once: a full entry, a plain one, a summary alone, a body that has no text, a foreign id."""
    return feed_of(
        full_article(1),
        article(2),
        article(3, content_html=None, source=Source(name="通讯社"), image=Image(url="https://img.example/c.png")),
        article(4, summary=None, content_html='<img src="https://img.example/only.png" alt="">'),
        article(5, entry_id="https://old.example/?p=5&q=1", is_permalink=True),
    )


def withdrawn_article(number: int, *, notice: str | None = None, **changes: Any) -> Article:
    """An article with everything in it, withdrawn an hour after noon with a notice in macro."""
    withdrawal = Withdrawal(at=NOON + timedelta(hours=1), notice=notice, shown_in=("macro",))
    gone = {"state": State.WITHDRAWN, "updated": withdrawal.at, "withdrawal": withdrawal, "language": None}
    return full_article(number, **gone | changes)


CORRECTIONS = (
    Correction(note="原文误作 A < B & C。", at=NOON),
    Correction(note="作者姓名有误。\n应为「锺艺」。", at=NOON + timedelta(hours=4)),
)
"""On two days, as one counts them in Shanghai."""

TOMBSTONES = (
    Tombstone(entry_id="urn:uuid:gone-1", when=NOON + timedelta(days=2), notice="失实 <b> & 撤回", language="zh-Hant"),
    Tombstone(entry_id="https://old.example/?p=5&q=1", when=NOON + timedelta(days=1)),
    Tombstone(entry_id="urn:uuid:gone-3", when=NOON, notice="一稿两投"),
)


def history_feed() -> Feed:
    """Corrections in a body and in a summary, notices with words and without, tombstones."""
    articles = (
        article(1, corrections=CORRECTIONS, updated=CORRECTIONS[-1].at),
        withdrawn_article(2, notice="内容未经核实 <详见声明>，\n谨致歉意。"),
        article(3, content_html=None, corrections=CORRECTIONS[:1]),
        withdrawn_article(4, language="en"),
    )
    holdings = Holdings(articles=articles, tombstones=TOMBSTONES)
    return compose(SITE, MACRO, section_state(), holdings, SECTIONS)


KINDS_OF_FEEDS: Mapping[str, Feed] = {
    "everything": example_feed(),
    "history": history_feed(),
    "summaries": feed_of(article(1), full_article(2), section=replace(MACRO, content="summary")),
    "podcast": feed_of(
        full_article(1), article(2), section=replace(MACRO, podcast=Podcast(author="江畔", category="News"))
    ),
    "foreign": feed_of(full_article(1), article(2), section=FINANCE),
    "empty": feed_of(),
}
"""One of each kind, by what is special in it."""


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """What keeps a document from going live; a warning doesn't."""
    return [finding for finding in findings if finding.severity == "error"]
