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
from io import BytesIO

import feedparser
from feedgen.feed import FeedGenerator
from prose import SECTION, SITE, STATE, make_article

from feedsvc.feed.compose import compose
from feedsvc.feed.formats import FORMATS
from feedsvc.model import Article, Holdings


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
