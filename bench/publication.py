"""What one publication of a section costs: feedsvc beside the naive way, in one run, interleaved.

naive       feedgen afresh for RSS and Atom, each parsed back by feedparser with its defaults
feedsvc     RSS, Atom and JSON Feed composed, rendered, and proved by two readers

Prints medians in CPU milliseconds and their ratio. Ratios hold elsewhere, milliseconds are this machine's.
"""

from __future__ import annotations

import argparse
import platform
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import escape
from io import BytesIO

import feedparser
from feedgen.feed import FeedGenerator

from feedsvc.feed.compose import compose
from feedsvc.feed.formats import FORMATS
from feedsvc.model import Article, Author, Holdings, Section, SectionState, Site, State

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SENTENCES = (
    "上半年全市规模以上工业增加值同比增长百分之五点六，增速比一季度加快零点四个百分点。",
    "受访企业表示，订单正在回暖，但原材料价格的波动仍然压缩着利润空间。",
    "港口集团计划在年底前完成三号码头的自动化改造，届时单桥作业效率有望提高两成。",
    "The ferry operator said the new timetable would take effect after the autumn equinox.",
    "Analysts had expected a smaller rise, and several revised their forecasts the same afternoon.",
    "“我们把调度室搬到了现场，问题当天发现、当天解决。”项目负责人这样介绍。",
)
SITE = Site(title="江畔新闻", base_url="https://news.example.org", language="zh-Hans", timezone="Asia/Shanghai")
SECTION = Section(slug="macro", title="宏观", description="宏观经济", language="zh-Hans")
STATE = SectionState(slug="macro", feed_id="urn:uuid:0", created=NOON, generation=1, urgent_generation=0)


def make_article(number: int, chance: random.Random) -> Article:
    """An article of about 4 KB of Chinese and English prose."""
    paragraphs = ["".join(chance.choices(SENTENCES, k=5)) for _ in range(6)]
    published = NOON - timedelta(minutes=7 * number)
    return Article(
        seq=number,
        id=f"article{number}",
        entry_id=f"urn:uuid:00000000-0000-4000-8000-{number:012d}",
        state=State.LIVE,
        published=published,
        updated=published,
        created=published,
        title=f"{chance.choice(SENTENCES)[:24]}（{number}）",
        summary=chance.choice(SENTENCES),
        content_html="".join(f"<p>{escape(text)}</p>" for text in paragraphs),
        sections=("macro",),
        authors=(Author(name="林一舟"),),
    )


def publish_naively(articles: list[Article]) -> None:
    generator = FeedGenerator()
    generator.id("urn:uuid:0")
    generator.title(SECTION.title)
    generator.description(SECTION.description)
    generator.link(href=SITE.base_url, rel="alternate")
    for article in articles:
        entry = generator.add_entry(order="append")
        entry.id(article.entry_id)
        entry.title(article.title)
        entry.link(href=SITE.article_url(article.id))
        entry.summary(article.summary)
        entry.content(article.content_html, type="html")
        entry.published(article.published)
        entry.updated(article.updated)
    for document in (generator.rss_str(), generator.atom_str()):
        assert len(feedparser.parse(BytesIO(document)).entries) == len(articles)


def publish_proved(articles: list[Article]) -> None:
    feed = compose(SITE, SECTION, STATE, Holdings(articles=tuple(articles)), {"macro": SECTION})
    for row in FORMATS.values():
        assert row.verify(row.render(feed), feed) == []


def cpu_milliseconds(way: Callable[[list[Article]], None], articles: list[Article]) -> float:
    began = time.process_time()
    way(articles)
    return (time.process_time() - began) * 1000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--entries", type=int, default=50)
    options.add_argument("--rounds", type=int, default=15)
    given = options.parse_args()
    chance = random.Random(17)
    articles = [make_article(number, chance) for number in range(1, given.entries + 1)]
    ways = {"naive": publish_naively, "feedsvc": publish_proved}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(given.rounds):
        for name, way in ways.items():
            times[name].append(cpu_milliseconds(way, articles))
    medians = {name: statistics.median(found) for name, found in times.items()}
    print(f"{given.entries} entries, median of {given.rounds} interleaved rounds, Python {platform.python_version()}")
    for name, found in times.items():
        print(f"{name:8} {medians[name]:8.1f} ms CPU   ({min(found):.1f} to {max(found):.1f})")
    print(f"naive / feedsvc = {medians['naive'] / medians['feedsvc']:.2f}")


if __name__ == "__main__":
    main()
