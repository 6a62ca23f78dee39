"""Many polls of a real service while an editor publishes, corrects and withdraws; then polls beside PUTs that wait.

usage: python tests/soak.py [--polls 200000] [--articles 500] [--connections 8] [--workers 1] [--waiting 50]

A process of its own polls (polling.py) and holds each answer to what was told before. Ends with 1 if one was wrong.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service import DEADLINE_SECONDS, Service, descendants, feedsvc, free_port, name_of, serving, wait_until

CONFIG = """\
site: {title: 江畔新闻, base_url: "https://news.example.org", language: zh-Hans}
sections:
  macro: {title: 宏观}
  finance: {title: 财经, limit: 20}
  economy: {title: 经济, include: [macro, finance]}
"""
PATHS = [f"/feeds/{slug}.{suffix}" for slug in ("macro", "finance", "economy", "all") for suffix in ("rss", "atom")]
PATHS += ["/feeds/macro.json", "/feeds.opml"]
FIRST_ARTICLES = 150
"""Stored before the first poll, so that there are archives."""

_SENTENCES = (
    "清晨六点，江畔的老码头已经热闹起来。",
    "运价指数连续三周回落，船东观望情绪渐浓。",
    "The port authority expects traffic to recover by autumn.",
    "渔市收摊之后，灯火沿着堤岸一盏盏熄灭。",
)


@dataclass
class Outcome:
    """What came of it: `told` is what the pollers saw, memory is that of the web server's processes."""

    told: dict[str, Any]
    edits: Counter[str]
    memory_bytes: dict[str, int] = field(default_factory=dict)
    log_bytes: int = 0


class Editor:
    """Publishes, corrects and withdraws through the API, on one connection."""

    def __init__(self, service: Service, token: str, seed: int) -> None:
        self.connection = http.client.HTTPConnection(service.url.removeprefix("http://"), timeout=DEADLINE_SECONDS)
        self.token = token
        self.chance = random.Random(seed)
        self.live: list[int] = []
        self.done: Counter[str] = Counter()
        self.number = 0

    def publish(self) -> None:
        """One article more; now and then an older one is corrected or withdrawn as well."""
        self.number += 1
        self._send("PUT", self.number, self._write(f"第{self.number}篇"))
        self.live.append(self.number)
        if self.chance.random() < 0.3:
            self._send("PUT", self.chance.choice(self.live[-60:]), self._write("更正"))
        if self.chance.random() < 0.15:
            gone = self.chance.choice(self.live[-60:])
            self.live.remove(gone)
            self._send("DELETE", gone, None)

    def _write(self, title: str) -> dict[str, Any]:
        body = "".join(f"<p>{self.chance.choice(_SENTENCES)}</p>" for _ in range(self.chance.randrange(5, 40)))
        sections = self.chance.choice([["macro"], ["macro"], ["finance"], ["macro", "finance"]])
        return {"title": f"{title} {self.chance.random()}", "sections": sections, "content_html": body}

    def _send(self, method: str, number: int, article: dict[str, Any] | None) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        body = None if article is None else json.dumps(article)
        self.connection.request(method, f"/api/v1/articles/soak-{number}", body, headers)
        response = self.connection.getresponse()
        said = response.read()
        assert response.status < 300, (method, response.status, said)
        self.done[f"{method} {response.status}"] += 1


def make_site(folder: Path) -> tuple[Path, str]:
    """config.yaml, and a token."""
    config = folder / "config.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    return config, feedsvc("--config", config, "token", "create", "--name", "desk").stdout.strip()


def soak(folder: Path, *, polls: int, articles: int, connections: int, workers: int) -> Outcome:
    """Poll so often while so many articles are published, evenly."""
    config, token = make_site(folder)
    with serving(config, free_port(), "--workers", str(workers)) as service:
        editor = Editor(service, token, seed=1)
        for _ in range(min(articles, FIRST_ARTICLES)):
            editor.publish()
        wait_until(service.is_current, "every feed to be live")
        first = editor.number
        memory: dict[str, int] = {}
        with poll(service, polls, connections) as process:
            assert process.stdout is not None
            for line in process.stdout:
                progress = re.fullmatch(r"progress (\d+)\n", line)
                if progress is None:
                    told = json.loads(line)
                    break
                share = int(progress[1]) / polls
                while editor.number - first < share * articles:
                    editor.publish()
                for when, least in (("at a tenth", 0.1), ("at a half", 0.5)):
                    if share >= least and when not in memory:
                        memory[when] = web_bytes(service)
            assert process.wait(DEADLINE_SECONDS) == 0
        memory["at the end"] = web_bytes(service)
        editor.connection.close()
        wait_until(service.is_current, "every feed to be live")
        return Outcome(told, editor.done, memory, service.log.stat().st_size)


def poll(service: Service, polls: int, connections: int) -> subprocess.Popen[str]:
    """The pollers, on their way."""
    address = service.url.removeprefix("http://")
    command = [sys.executable, str(Path(__file__).with_name("polling.py")), address, str(polls), str(connections), "1"]
    return subprocess.Popen([*command, *PATHS], stdout=subprocess.PIPE, encoding="utf-8")


def wait_in_crowds(folder: Path, *, polls: int, waiting: int) -> tuple[dict[str, Any], Counter[str]]:
    """One poller, while so many clients PUT with `Prefer: wait` without a pause and no worker decides anything.

    What the pollers saw, and how the PUTs were answered.
    """
    config = folder / "config.yaml"
    token = feedsvc("--config", config, "token", "create", "--name", "crowd").stdout.strip()
    answers: Counter[str] = Counter()
    ended = threading.Event()
    with ExitStack() as stack:
        service = stack.enter_context(serving(config, free_port(), "--no-scheduler"))
        clients = [
            threading.Thread(target=_put_and_wait, args=(service, token, number, ended, answers))
            for number in range(waiting)
        ]
        for client in clients:
            client.start()
        try:
            wait_until(lambda: sum(answers.values()) > waiting, "the crowd")
            process = stack.enter_context(poll(service, polls, 1))
            assert process.stdout is not None
            told = json.loads(process.stdout.read().splitlines()[-1])
        finally:
            ended.set()
        service.stop()
        for client in clients:
            client.join()
    return told, answers


def _put_and_wait(service: Service, token: str, number: int, ended: threading.Event, answers: Counter[str]) -> None:
    """One PUT after the other; who is not let wait asks again in a second, as `Retry-After` says."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Prefer": "wait=30"}
    while not ended.is_set():
        connection = http.client.HTTPConnection(service.url.removeprefix("http://"), timeout=DEADLINE_SECONDS)
        with suppress(OSError, http.client.HTTPException):
            article = json.dumps({"title": f"等待 {random.random()}", "sections": ["macro"], "summary": "…"})
            connection.request("PUT", f"/api/v1/articles/crowd-{number}", article, headers)
            response = connection.getresponse()
            response.read()
            waited = "Preference-Applied" in response.headers
            answers[f"{response.status}{' after waiting' if waited else ''}"] += 1
        connection.close()
        ended.wait(1)


def web_bytes(service: Service) -> int:
    """What the web server's processes take up, each its own and its share of what they share (PSS)."""
    total = 0
    web = [pid for pid in descendants(service.process.pid) if name_of(pid) == "feedsvc-web"]
    for pid in web:
        found = re.search(r"Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii"))
        total += int(found[1]) * 1024 if found else 0
    return total


def main() -> int:
    options = read_options()
    with tempfile.TemporaryDirectory(prefix="feedsvc-soak-", dir=options.folder) as name:
        began = time.monotonic()
        outcome = soak(
            Path(name),
            polls=options.polls,
            articles=options.articles,
            connections=options.connections,
            workers=options.workers,
        )
        say(f"{outcome.told['polls']} polls in {time.monotonic() - began:.0f} s; edits: {dict(outcome.edits)}")
        say(json.dumps(outcome.told, indent=1, ensure_ascii=False))
        for when, length in outcome.memory_bytes.items():
            say(f"web server's memory {when}: {length / 2**20:.1f} MiB")
        say(f"log: {outcome.log_bytes} bytes")
        told, answers = wait_in_crowds(Path(name), polls=options.polls // 20, waiting=options.waiting)
        say(f"beside {options.waiting} PUTs that would wait ({dict(answers)}), {told['polls']} polls:")
        say(f"p50 {told['p50_ms']} ms, p99 {told['p99_ms']} ms, {told['fault_count']} faults")
    return 1 if outcome.told["fault_count"] or told["fault_count"] else 0


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--polls", type=int, default=200_000)
    parser.add_argument("--articles", type=int, default=500)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--waiting", type=int, default=50)
    parser.add_argument("--folder", help="where the site is made")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
