"""What many of something cost: sections in one config.yaml, articles in the store, articles that are imported.

sections    `config check`, start and idling with 10,000 sections
memory      all processes of `feedsvc serve` with two web workers, 1,000 sections and a million articles: after its
            start, after publications, after polls of every document; the worker makes archives all the while
import      100,000 articles by `feedsvc import`, a running service beside it that is polled: time beside that in which
            the database copies the same rows into a new table with the same indexes; memory as it goes on

    python bench/scale.py sections [--sections 10000]
    python bench/scale.py memory --folder FOLDER [--articles 1000000]
    python bench/scale.py import --folder FOLDER [--database postgresql] [--articles 100000]
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import latency
from newssites import (
    STOCK_ARTICLES,
    ask,
    cpu_seconds,
    fill,
    make_feeds,
    multiply,
    postgresql,
    resident_bytes,
    serving,
    wait_until,
    write_config,
)
from prose import Stock, write_fields

from feedsvc.feed.formats import FORMATS
from feedsvc.runtime import Runtime

PORT = 8783
ENTRIES = 50
FILE_ARTICLES = 5_000
MEMORY_SECTIONS = 1_000
IMPORT_SECTIONS = 100
POLLS_PER_SECOND = 200
_LOOK_SECONDS = 0.2
_SETTLING_SECONDS = 20
_MIB = 2**20


def feedsvc(config: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "feedsvc", "--config", str(config), *arguments]


def rest_of(pid: int) -> Callable[[], bool]:
    return lambda: latency.is_quiet(lambda: cpu_seconds(pid))


def measure_sections(folder: Path, sections: int) -> None:
    """`config check`, start with all feeds there, idling without the audit, which takes what `audit_cpu` lets it."""
    config = write_config(folder, sections, audit_cpu=0)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    subprocess.run(feedsvc(config, "config", "check"), check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"| `config check` | {time.monotonic() - began:.2f} s | {spent:.2f} s |", flush=True)
    runtime = Runtime.open(config, environ={})
    try:
        fill(runtime, Stock(17, STOCK_ARTICLES), sections, sections)
        began = time.monotonic()
        make_feeds(runtime)
        print(f"| first making of all feeds, an article in each | {time.monotonic() - began:.1f} s | |", flush=True)
    finally:
        runtime.close()
    began = time.monotonic()
    with serving(config, PORT) as pid:
        wait_until(lambda: ask(PORT, "/feeds/s0.atom")[0] == http.client.OK)
        print(f"| start, to the first poll | {time.monotonic() - began:.2f} s | |", flush=True)
        wait_until(rest_of(pid), pause_seconds=0)
        started = cpu_seconds(pid)
        print(
            f"| start, until nothing is to be done | {time.monotonic() - began:.2f} s | {started:.2f} s |", flush=True
        )
        began = time.monotonic()
        time.sleep(60)
        idle = (cpu_seconds(pid) - started) / (time.monotonic() - began)
        print(f"| idle for a minute, without the audit | | {idle:.2%} of a core |")
        print(f"| memory (PSS) | | {resident_bytes(pid) / _MIB:.0f} MiB |")


def measure_memory(folder: Path, articles: int) -> None:
    """All processes, at rest and after load."""
    config = folder / "config.yaml"
    if not (folder / "is-whole").exists():
        runtime = Runtime.open(write_config(folder, MEMORY_SECTIONS, audit_cpu=0), environ={})
        filled = MEMORY_SECTIONS * ENTRIES
        try:
            fill(runtime, Stock(17, STOCK_ARTICLES), filled, MEMORY_SECTIONS)
            if articles > filled:
                multiply(folder / "feedsvc.db", articles // filled - 1, MEMORY_SECTIONS)
            make_feeds(runtime)
        finally:
            runtime.close()
        (folder / "is-whole").touch()
    with serving(config, PORT, "--workers", "2") as pid:
        wait_until(lambda: ask(PORT, "/healthz")[0] == http.client.OK)

        def tell(when: str) -> None:
            time.sleep(_SETTLING_SECONDS)
            print(f"| {when} | {resident_bytes(pid) / _MIB:.0f} MiB |", flush=True)

        tell("after its start")
        chance = random.Random(5)
        client = latency.Client(
            latency.create_token(config), MEMORY_SECTIONS, [write_fields(each, chance) for each in range(99)]
        )
        latency.PORT = PORT
        for number in range(300):
            client.publish(number, is_watched=number % 10 == 0)
        tell("after 300 publications")
        poll_each(MEMORY_SECTIONS, "gzip")
        tell("after polls of every document, gzip")


def poll_each(sections: int, accepted: str) -> None:
    """Eight times on as many connections, so that each web process sees all of them."""
    for _ in range(8):
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
        for number in range(sections):
            for row in FORMATS.values():
                connection.request("GET", f"/feeds/s{number}.{row.suffix}", headers={"Accept-Encoding": accepted})
                connection.getresponse().read()
        connection.close()


def measure_import(folder: Path, articles: int, database: str) -> None:
    """Beside the database's own copying of the same rows."""
    with contextlib.ExitStack() as stack:
        others: dict[str, object] = {"audit_cpu": 0}
        url = None
        if database == "postgresql":
            url, _ = stack.enter_context(postgresql(folder / "pg"))
            others["database"] = f"'{url}'"
        config = write_config(folder, IMPORT_SECTIONS, **others)
        files = write_files(folder / "inbox", articles)
        pid = stack.enter_context(serving(config, PORT))
        wait_until(lambda: ask(PORT, "/healthz")[0] == http.client.OK)
        wait_until(rest_of(pid), pause_seconds=0)
        latency.PORT = PORT
        with latency.polling(IMPORT_SECTIONS, POLLS_PER_SECOND) as before:
            time.sleep(10)
        with latency.polling(IMPORT_SECTIONS, POLLS_PER_SECOND) as meanwhile:
            seconds, spent, memory = run_import(config, files)
        wait_until(rest_of(pid), 600, pause_seconds=0)
        copied = copy_in_postgresql(url) if url else copy_in_sqlite(folder / "feedsvc.db")
    each = 1000 / articles
    print(f"{database}, {articles:,} articles, {IMPORT_SECTIONS} sections, the service running and polled\n")
    print("| | time | an article |\n| --- | --- | --- |")
    print(f"| `feedsvc import` | {seconds:.1f} s | {seconds * each:.2f} ms |")
    print(f"| its CPU | {spent:.1f} s | {spent * each:.2f} ms |")
    print(f"| the same rows copied by the database | {copied:.1f} s | {copied * each:.2f} ms |")
    print(f"| import / copy | **{seconds / copied:.1f}** | |")
    shares = [memory[round(share * (len(memory) - 1))] / _MIB for share in (0.1, 0.5, 1)]
    print("| memory of the import at a tenth, half, end | {:.0f}, {:.0f}, {:.0f} MiB | |".format(*shares))
    print(f"| polls before: p50, p99, longest | {latency.tell(before).replace(' |', ',')} | |")
    print(f"| polls meanwhile | {latency.tell(meanwhile).replace(' |', ',')} | |")


def write_files(folder: Path, articles: int) -> list[Path]:
    folder.mkdir(exist_ok=True)
    chance = random.Random(9)
    texts = [write_fields(number, chance) for number in range(STOCK_ARTICLES)]
    paths = []
    for start in range(0, articles, FILE_ARTICLES):
        path = folder / f"{start:07d}.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for number in range(start, min(start + FILE_ARTICLES, articles)):
                text = texts[number % STOCK_ARTICLES]
                fields = {
                    "title": f"{text['title']} {number}",
                    "sections": [f"s{number % IMPORT_SECTIONS}"],
                    "external_id": f"old-{number}",
                    "published": f"2025-{1 + number % 12:02d}-{1 + number % 28:02d}T{number % 24:02d}:00:00+08:00",
                }
                file.write(json.dumps(text | fields, ensure_ascii=False) + "\n")
        paths.append(path)
    return paths


def run_import(config: Path, files: list[Path]) -> tuple[float, float, list[int]]:
    """Seconds, CPU seconds, and bytes of memory as they went."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with (config.parent / "import.log").open("wb") as log:
        process = subprocess.Popen(feedsvc(config, "import", *map(str, files)), stdout=log, stderr=log)
        with looking_at_memory(process.pid) as memory:
            if process.wait():
                sys.exit(f"The import failed: {config.parent / 'import.log'}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - began, spent, memory


@contextlib.contextmanager
def looking_at_memory(pid: int) -> Iterator[list[int]]:
    found: list[int] = []
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(_LOOK_SECONDS):
            found.append(resident_bytes(pid))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        is_over.set()
        thread.join()


def copy_in_sqlite(path: Path) -> float:
    """Seconds for `INSERT ... SELECT` of all articles into a new database with the same tables and indexes."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        tables = ("article", "article_section")
        schema = [
            sql
            for table in tables
            for (sql,) in connection.execute(
                "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type DESC", [table]
            )
        ]
        copy = path.with_name("copy.db")
        copy.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(copy)) as fresh:
            for sql in schema:
                fresh.execute(sql)
            fresh.execute("PRAGMA journal_mode = WAL")
        connection.execute("ATTACH ? AS copy", [str(copy)])
        began = time.monotonic()
        connection.execute("BEGIN")
        for table in tables:
            connection.execute(f"INSERT INTO copy.{table} SELECT * FROM main.{table}")
        connection.execute("COMMIT")
        taken = time.monotonic() - began
    copy.unlink()
    return taken


def copy_in_postgresql(url: str) -> float:
    """Likewise, into tables `LIKE` these."""
    import psycopg  # noqa: PLC0415  # SQLite needs none of it

    with psycopg.connect(url) as connection:
        for table in ("article", "article_section"):
            connection.execute(f"CREATE TABLE copy_of_{table} (LIKE {table} INCLUDING ALL)")
        connection.commit()
        began = time.monotonic()
        for table in ("article", "article_section"):
            connection.execute(f"INSERT INTO copy_of_{table} SELECT * FROM {table}")
        connection.commit()
        return time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("sections", "memory", "import"))
    parser.add_argument("--folder", type=Path, help="where the site is made, and stays; else a temporary one")
    parser.add_argument("--sections", type=int, default=10_000)
    parser.add_argument("--articles", type=int)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="feedsvc-bench-")))
        folder.mkdir(parents=True, exist_ok=True)
        if options.what == "sections":
            print(f"{options.sections:,} sections\n\n| | time | CPU |\n| --- | --- | --- |", flush=True)
            measure_sections(folder, options.sections)
        elif options.what == "memory":
            articles = options.articles or 1_000_000
            print(f"{MEMORY_SECTIONS:,} sections, {articles:,} articles, two web workers, SQLite; PSS\n")
            print("| | all processes |\n| --- | --- |", flush=True)
            measure_memory(folder, articles)
        else:
            measure_import(folder, options.articles or 100_000, options.database)


if __name__ == "__main__":
    main()
