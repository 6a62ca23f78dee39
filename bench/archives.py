"""A section's whole history at scale: what a new article costs, what the archives cost, and whether the walk is whole.

Fills a section with articles, publishes it, makes its archives, walks from the live document through all of them over
the application's own routes, and goes on adding, correcting and withdrawing while it walks. Milliseconds are this
machine's, of CPU time; that they don't grow with the archive should hold on any.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path

from flask.testing import FlaskClient
from lxml import etree
from prose import Stock

from feedsvc import publish
from feedsvc.feed.namespaces import PREFIXES
from feedsvc.model import Article, MemberState, State
from feedsvc.runtime import Runtime
from feedsvc.web import create_app

CONFIG = """\
site: {title: 江畔新闻, base_url: 'https://news.example.org', language: zh-Hans, timezone: Asia/Shanghai}
sections: {macro: {title: 宏观}}
"""
BASE = "https://news.example.org"
STOCK = Stock(17, 1_000)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def fill(runtime: Runtime, numbers: range) -> None:
    """As an import would store them, though a thousand in a transaction."""
    for start in numbers[::1_000]:
        with runtime.store.write() as tx:
            for number in range(start, min(start + 1_000, numbers.stop)):
                now = runtime.clock()
                name = f"id{number}"
                times = {"published": now, "updated": now, "now": now}
                tx.insert_article(
                    STOCK.make(number, "macro"), id=name, entry_id=f"urn:{name}", state=State.LIVE, **times
                )
            tx.raise_generations(["macro"])


def put(runtime: Runtime, number: int) -> Article:
    return publish.put(runtime.store, runtime.clock, STOCK.make(number, "macro")).article


def cpu_milliseconds(task: Callable[[], object]) -> float:
    began = time.process_time()
    task()
    return (time.process_time() - began) * 1000


def regenerate(runtime: Runtime) -> None:
    runtime.regenerator.regenerate(runtime.settings, "macro")


def publish_one(runtime: Runtime, number: int) -> None:
    """A new article, from its arrival to the documents that show it."""
    put(runtime, number)
    regenerate(runtime)


def make_archives(runtime: Runtime) -> tuple[int, float]:
    """How many were made, and in how many CPU seconds."""
    began, made = time.process_time(), 0
    while "macro" in runtime.regenerator.survey(runtime.settings).archives:
        made += len(runtime.regenerator.archivist.bring_up(runtime.settings, "macro").made)
    return made, time.process_time() - began


def walk(runtime: Runtime, client: FlaskClient, change: Changes) -> tuple[set[str], Counter[str], int]:
    """Entry ids of the live document, those in archives with how often, and how many documents there were."""
    seen_live: set[str] = set()
    archived: Counter[str] = Counter()
    url, documents = f"{BASE}/feeds/macro.atom", 0
    while url:
        response = client.get(url.removeprefix(BASE))
        assert response.status_code == HTTPStatus.OK, url
        root = etree.fromstring(response.get_data())
        ids = [str(each.text) for each in root.findall("atom:entry/atom:id", PREFIXES)]
        if documents:
            archived.update(ids)
        else:
            seen_live = set(ids)
        documents += 1
        if documents % 10 == 0:
            change.make(runtime)
        found = root.find("atom:link[@rel='prev-archive']", PREFIXES)
        url = str(found.get("href")) if found is not None else ""
    return seen_live, archived, documents


class Changes:
    """One article comes, one is corrected and one withdrawn at a time; whoever was touched is remembered."""

    def __init__(self, articles: int) -> None:
        self.chance = random.Random(17)
        self.next = articles
        self.touched: set[str] = set()

    def make(self, runtime: Runtime) -> None:
        self.touched.add(put(runtime, self.next).entry_id)
        self.next += 1
        for is_withdrawal in (False, True):
            stored = runtime.store.article_by_external_id(f"a{self.chance.randrange(self.next)}")
            if stored is None or stored.state != "live":
                continue
            self.touched.add(stored.entry_id)
            if is_withdrawal:
                publish.withdraw(runtime.store, runtime.clock, stored.id)
            else:
                fields = replace(STOCK.make(0, "macro"), external_id=stored.external_id, title="更正")
                publish.put(runtime.store, runtime.clock, fields)
        regenerate(runtime)
        runtime.regenerator.archivist.bring_up(runtime.settings, "macro")


def check(runtime: Runtime, live: set[str], archived: Counter[str], touched: set[str]) -> int:
    """Is every article that stood there all the time in what was walked? How many do."""
    twice = [entry for entry, count in archived.items() if count > 1]
    assert not twice, f"in two archives: {twice[:3]}"
    standing, before = 0, None
    while page := runtime.store.list_articles(section="macro", limit=500, before_seq=before):
        for article in page:
            if article.state_in("macro") is MemberState.LIVE and article.entry_id not in touched:
                standing += 1
                assert article.entry_id in live or article.entry_id in archived, article.id
        before = page[-1].seq
    return standing


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--articles", type=int, default=100_000)
    options.add_argument("--at", type=int, nargs="*", default=[1_000], help="also measure a new article at these sizes")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="feedsvc-archives-") as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(CONFIG, encoding="utf-8")
        runtime = Runtime.open(config, clock=Clock(), environ={})
        number = 0
        for size in sorted({*(at for at in given.at if at < given.articles), given.articles}):
            fill(runtime, range(number, size))
            first = cpu_milliseconds(partial(regenerate, runtime))
            made, seconds = make_archives(runtime)
            costs, looks = [], []
            for number in range(size, size + 49):
                costs.append(cpu_milliseconds(partial(publish_one, runtime, number)))
                looks.append(cpu_milliseconds(partial(runtime.regenerator.survey, runtime.settings)))
            number = size + 49
            print(
                f"{size} articles: cut and first live document {first / 1000:.1f} s, {made} archives {seconds:.1f} s; "
                f"a new article median {statistics.median(costs):.1f} ms, largest {max(costs):.1f} ms; a look at all "
                f"median {statistics.median(looks):.2f} ms (CPU time)",
                flush=True,
            )
        make_archives(runtime)
        changes = Changes(number)
        began = time.perf_counter()
        live, archived, documents = walk(runtime, create_app(runtime).test_client(), changes)
        standing = check(runtime, live, archived, changes.touched)
        size_bytes = sum(path.stat().st_size for path in (runtime.folder.path / "macro/archive").glob("*.atom"))
        print(
            f"walked {documents} documents in {time.perf_counter() - began:.0f} s while {len(changes.touched)} "
            f"articles came, changed or went: {standing} that stood there all the time were reached, none in "
            f"two archives; archives of {size_bytes / 1e6:.0f} MB"
        )
        runtime.close()


if __name__ == "__main__":
    main()
