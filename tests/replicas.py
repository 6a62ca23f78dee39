"""Replicas on one PostgreSQL while articles stream in, a replica is killed and comes back, and PostgreSQL is restarted.

usage: python tests/replicas.py [--articles 10000] [--replicas 3]

Each replica has its own feeds folder. All that is asked of any of them meanwhile is held together: an ETag names one
body, and Last-Modified never goes back. At the end all folders hold the same, and each article stands in them once.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from lxml import etree

from feedsvc.runtime import Runtime
from service import DEADLINE_SECONDS, Service, descendants, feedsvc, free_port, serving, wait_until

SECTIONS = ("macro", "finance", "tech")
CONFIG = """\
site: {{title: 江畔新闻, base_url: "https://news.example.org", language: zh-Hans}}
database: {url!r}
feeds: {feeds}
sections:
  macro: {{title: 宏观}}
  finance: {{title: 财经, limit: 20}}
  tech: {{title: 科技, formats: [rss, atom]}}
  economy: {{title: 经济, include: [macro, finance]}}
"""
PATHS = [f"/feeds/{slug}.{suffix}" for slug in (*SECTIONS, "economy", "all") for suffix in ("rss", "atom")]
STREAMS = 8
_NAME = "{http://www.w3.org/2005/Atom}"


@dataclass
class Seen:
    """What observers were told. An ETag stands for one body, in whichever coding, at whichever replica."""

    bodies: dict[tuple[str, str], str] = field(default_factory=dict)
    newest: dict[tuple[int, str], float] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, replica: int, path: str, coding: str, response: http.client.HTTPResponse) -> None:
        body = response.read()
        with self.lock:
            self.answers[str(response.status)] += 1
            if response.status != http.client.OK:
                if response.status != http.client.SERVICE_UNAVAILABLE:  # not there yet
                    self.faults.append(f"replica {replica}, {path}: {response.status} {body[:80]!r}")
                return
            name = (response.headers["ETag"], coding)
            digest = hashlib.sha256(body).hexdigest()
            if self.bodies.setdefault(name, digest) != digest:
                self.faults.append(f"replica {replica}, {path}: {name} names two bodies")
            modified = parsedate_to_datetime(response.headers["Last-Modified"]).timestamp()
            if modified < self.newest.setdefault((replica, path), modified):
                self.faults.append(f"replica {replica}, {path}: Last-Modified went back")
            self.newest[replica, path] = modified


@dataclass
class Outcome:
    acknowledged: int
    repeated: int
    stored: int
    entries: int
    documents: int
    seen: Seen


class Replica:
    """One of them, which can be killed and started again on its own folder and port."""

    def __init__(self, number: int, folder: Path, url: str) -> None:
        self.number = number
        self.folder = folder / f"replica-{number}"
        self.folder.mkdir(parents=True)
        self.config = self.folder / "config.yaml"
        self.config.write_text(CONFIG.format(url=url, feeds=self.folder / "feeds"), encoding="utf-8")
        self.port = free_port()
        self.stack = ExitStack()
        self.service: Service | None = None

    def start(self) -> None:
        self.service = self.stack.enter_context(serving(self.config, self.port))

    def kill(self) -> None:
        """All its processes at once, as a machine that loses its power."""
        assert self.service is not None
        pid = self.service.process.pid
        for each in (pid, *descendants(pid)):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        self.service.process.wait(DEADLINE_SECONDS)
        self.stack.close()

    def is_settled(self) -> bool:
        """Is all of it made, archives too?"""
        assert self.service is not None
        if not self.service.is_current():
            return False
        with closing(Runtime.open(self.config, migrate=False)) as runtime:
            return not runtime.regenerator.survey(runtime.settings).archives

    def documents(self) -> dict[str, tuple[bytes, int]]:
        """Name -> bytes and time of all that readers may ask for, archives too."""
        feeds = self.folder / "feeds"
        return {
            str(path.relative_to(feeds)): (path.read_bytes(), int(path.stat().st_mtime))
            for path in feeds.rglob("*")
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(feeds).parts)
        }


def ask(port: int, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_SECONDS)) as connection:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()


def stream(replicas: list[Replica], token: str, numbers: Iterator[int], note: Callable[[bool], None]) -> None:
    """Send one article after the other till it is acknowledged, by whichever replica answers."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for number in numbers:
        article: dict[str, Any] = {
            "title": f"第{number}篇",
            "sections": [SECTIONS[number % len(SECTIONS)]],
            "content_html": f"<p>清晨六点，江畔的老码头已经热闹起来。</p><p>{number}</p>",
        }
        body = json.dumps(article, ensure_ascii=False).encode()
        deadline, tries = time.monotonic() + DEADLINE_SECONDS, 0
        while True:
            port = replicas[(number + tries) % len(replicas)].port
            tries += 1
            with suppress(OSError, http.client.HTTPException):
                status, said = ask(port, "PUT", f"/api/v1/articles/stream-{number}", headers, body)
                if status < http.client.MULTIPLE_CHOICES:
                    break
                assert status == http.client.SERVICE_UNAVAILABLE, (status, said)
            assert time.monotonic() < deadline, f"nobody took article {number}"
            time.sleep(0.05)
        note(tries > 1)


def observe(replica: Replica, seen: Seen, ended: threading.Event) -> None:
    """Ask for all documents in turn, plain and gzip, until told to end. Who is not there is asked again."""
    while not ended.is_set():
        for path in PATHS:
            for coding in ("identity", "gzip"):
                connection = http.client.HTTPConnection("127.0.0.1", replica.port, timeout=DEADLINE_SECONDS)
                with closing(connection), suppress(OSError, http.client.HTTPException):
                    connection.request("GET", path, headers={"Accept-Encoding": coding})
                    seen.note(replica.number, path, coding, connection.getresponse())
            ended.wait(0.02)


def run(
    folder: Path,
    url: str,
    restart_database: Callable[[], None],
    *,
    articles: int,
    replicas: int = 3,
    say: Callable[[str], None] = lambda _said: None,
) -> Outcome:
    """Stream so many articles in; a third of the way the last replica dies, and comes back at half of it; at two thirds
    the database is restarted. `say` is told how far it has come.
    """
    all_of_them = [Replica(number, folder, url) for number in range(replicas)]
    victim = all_of_them[-1]
    done, repeated = [0], [0]
    changed = threading.Condition()

    def note(is_repeated: bool) -> None:
        with changed:
            done[0] += 1
            repeated[0] += is_repeated
            changed.notify_all()
        if done[0] % 1_000 == 0:
            say(f"{done[0]} acknowledged")

    def wait_for(share: float) -> None:
        with changed:
            assert changed.wait_for(lambda: done[0] >= share * articles, articles + DEADLINE_SECONDS)

    seen, ended = Seen(), threading.Event()
    with ExitStack() as stack:
        token = feedsvc("--config", victim.config, "token", "create", "--name", "desk").stdout.strip()
        for replica in all_of_them:
            stack.callback(replica.stack.close)
            replica.start()
        observers = [threading.Thread(target=observe, args=(replica, seen, ended)) for replica in all_of_them]
        for observer in observers:
            observer.start()
        numbers = _Shared(iter(range(articles)))
        try:
            with ThreadPoolExecutor(STREAMS) as threads:
                streams = [threads.submit(stream, all_of_them, token, numbers, note) for _ in range(STREAMS)]
                wait_for(1 / 3)
                victim.kill()
                say("a replica was killed")
                wait_for(1 / 2)
                victim.start()
                say("it was started again")
                wait_for(2 / 3)
                restart_database()
                say("PostgreSQL was restarted")
                for each in streams:
                    each.result()
            for replica in all_of_them:
                wait_until(replica.is_settled, f"replica {replica.number} to be current", 5 * DEADLINE_SECONDS)
                say(f"replica {replica.number} is current, archives too")
        finally:
            ended.set()
            for observer in observers:
                observer.join()
        documents = [replica.documents() for replica in all_of_them]
        for other in documents[1:]:
            _compare(documents[0], other)
        with closing(Runtime.open(victim.config, migrate=False)) as runtime:
            stored = sum(runtime.store.count_articles().values())
        entries = _count_entries(documents[0])
    return Outcome(done[0], repeated[0], stored, entries, len(documents[0]), seen)


class _Shared:
    """An iterator that several threads may ask."""

    def __init__(self, numbers: Iterator[int]) -> None:
        self._numbers = numbers
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        with self._lock:
            return next(self._numbers)


def _compare(mine: dict[str, tuple[bytes, int]], other: dict[str, tuple[bytes, int]]) -> None:
    """Compressed forms hang on libraries; here they are the same."""
    assert mine.keys() == other.keys(), mine.keys() ^ other.keys()
    unlike = {
        name: "bytes" if content != other[name][0] else f"time, by {other[name][1] - at} s"
        for name, (content, at) in mine.items()
        if other[name] != (content, at)
    }
    assert not unlike, f"not the same: {unlike}"


def _count_entries(documents: dict[str, tuple[bytes, int]]) -> int:
    """Of the plain sections. The newest archive may repeat what is live; else each stands in one place, once."""
    live: set[str] = set()
    archived: set[str] = set()
    for name, (content, _) in documents.items():
        slug, _, rest = name.removesuffix(".atom").partition("/")
        if name.endswith(".atom") and slug in SECTIONS:
            ids = [each.text or "" for each in etree.fromstring(content).iterfind(f"{_NAME}entry/{_NAME}id")]
            known = archived if rest else live
            twice = {entry_id for entry_id in ids if entry_id in known or ids.count(entry_id) > 1}
            assert not twice, f"{name}: more than once: {twice}"
            known.update(ids)
    return len(live | archived)


@contextmanager
def postgresql(folder: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    from integration.conftest import PostgresServer  # noqa: PLC0415  # it may not be there

    server = PostgresServer(folder)
    try:
        name = server.create()
        yield server.url(name), server.restart
    finally:
        server.delete()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--replicas", type=int, default=3)
    options = parser.parse_args()
    began = time.monotonic()

    def say(said: str) -> None:
        sys.stdout.write(f"{time.monotonic() - began:6.0f} s  {said}\n")
        sys.stdout.flush()

    with tempfile.TemporaryDirectory(prefix="feedsvc-replicas-") as name:
        Path(name).chmod(0o755)
        with postgresql(Path(name) / "database") as (url, restart):
            outcome = run(Path(name), url, restart, articles=options.articles, replicas=options.replicas, say=say)
    sys.stdout.write(
        f"{outcome.acknowledged} articles acknowledged ({outcome.repeated} sent again to another replica), "
        f"{outcome.stored} stored, {outcome.entries} in the feeds, once each, in {time.monotonic() - began:.0f} s\n"
        f"{outcome.documents} files are the same in {options.replicas} folders, in bytes and time\n"
        f"answers: {dict(outcome.seen.answers)}; {len(outcome.seen.bodies)} ETags, each of one body\n"
    )
    for fault in outcome.seen.faults[:20]:
        sys.stdout.write(f"{fault}\n")
    return 1 if outcome.seen.faults or outcome.stored != outcome.entries else 0


if __name__ == "__main__":
    sys.exit(main())
