"""How long an article takes from the API call to the new ETag being served, by a real `feedsvc serve`.

alone       one publication after the other, each with a pause before it, nothing else on the machine
under load  so many a second, spread over all sections, while others poll

A publication begins at the moment at which it is due, even where the client is late, and ends with the first answer
that bears another ETag, asked for every few milliseconds. The CPU of one publication is that of all processes of the
service, the database's included, in a run in which nobody polls; the audit is off (`audit_cpu: 0`).

    python bench/latency.py --site FOLDER [--database postgresql] [--sections 1000] [--rates 20 40] [--seconds 30]

The site is made at the first call, which takes minutes for 1,000 sections, and stays in FOLDER.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import multiprocessing
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import local

from newssites import STEP, ask, cpu_seconds, postgresql, prepare, resident_bytes, serving, wait_until
from plots import bars
from prose import Stock, write_fields

PORT = 8781
PROBE_SECONDS = 0.002
"""Between two looks; a 25th of the time waited so far if that is more, so that those who wait long disturb nobody."""

THREADS = 24


@dataclass
class Client:
    """Publishes, and looks until it shows. A connection for each thread."""

    token: str
    sections: int
    texts: list[dict[str, object]]
    number: int = 0

    def __post_init__(self) -> None:
        self._local = local()
        self._run = f"{time.time():.0f}"
        self.order = random.Random(3).sample(range(self.sections), self.sections)

    def publish(self, number: int, due_at: float | None = None, *, is_watched: bool = True) -> float:
        """Seconds from the call, or from when it was due, to the new ETag."""
        slug = f"s{self.order[number % self.sections]}"
        before = self._head(slug)
        text = self.texts[number % len(self.texts)]
        fields = text | {"sections": [slug], "title": f"{text['title']} {self._run} {number}"}
        fields["external_id"] = key = f"{self._run}-{number}"
        content = json.dumps(fields, ensure_ascii=False).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        began = time.monotonic() if due_at is None else due_at
        response = self._ask("PUT", f"/api/v1/articles/{key}", content, headers)
        assert response.status == http.client.CREATED, response.status
        while is_watched and self._head(slug) == before:
            time.sleep(max(PROBE_SECONDS, (time.monotonic() - began) / 25))
        return time.monotonic() - began

    def _head(self, slug: str) -> str | None:
        return self._ask("HEAD", f"/feeds/{slug}.atom", None, {"Accept-Encoding": "gzip, br"}).headers["ETag"]

    def _ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        connection.request(method, path, body=body, headers=dict(headers))
        response: http.client.HTTPResponse = connection.getresponse()
        response.read()
        return response


def at_rate(client: Client, first: int, rate: float, seconds: float, *, is_watched: bool = True) -> list[float]:
    """Seconds of each publication, at so many a second."""
    began = time.monotonic() + 0.2

    def publish(number: int) -> float:
        due_at = began + number / rate
        time.sleep(max(0.0, due_at - time.monotonic()))
        return client.publish(first + number, due_at, is_watched=is_watched)

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(publish, range(int(rate * seconds))))


def poll_for_ever(port: int, sections: int, polls_per_second: int, told: multiprocessing.Queue[float]) -> None:
    """Polls of a process of its own, three of four with the ETag that was given last."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    chance, at = random.Random(1), time.monotonic()
    tags: dict[str, str | None] = {}
    while True:
        at += 1 / polls_per_second
        time.sleep(max(0.0, at - time.monotonic()))
        path = f"/feeds/s{chance.randrange(sections)}.{chance.choice(('rss', 'atom'))}"
        headers = {"Accept-Encoding": "gzip, br"}
        if (tag := tags.get(path)) and chance.random() < 0.75:  # noqa: PLR2004
            headers["If-None-Match"] = tag
        began = time.monotonic()
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        response.read()
        told.put(time.monotonic() - began)
        tags[path] = response.headers["ETag"]


@contextlib.contextmanager
def polling(sections: int, polls_per_second: int) -> Iterator[list[float]]:
    """Seconds of each poll, there when it is over."""
    found: list[float] = []
    told: multiprocessing.Queue[float] = multiprocessing.Queue()
    process = multiprocessing.Process(target=poll_for_ever, args=(PORT, sections, polls_per_second, told), daemon=True)
    process.start()
    try:
        yield found
        while not told.empty():
            found.append(told.get())
    finally:
        process.kill()
        process.join()


def tell(taken: list[float]) -> str:
    return " | ".join(f"{share_of(taken, share):.1f} ms" for share in (0.5, 0.99, 1))


def share_of(taken: list[float], share: float) -> float:
    """The milliseconds that so many of them took at most."""
    return sorted(taken)[round(share * (len(taken) - 1))] * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--site", type=Path, required=True)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--sections", type=int, default=1_000)
    parser.add_argument("--alone", type=int, default=60, help="publications alone")
    parser.add_argument("--rates", type=float, nargs="*", default=[20.0], help="publications a second")
    parser.add_argument("--polls", type=int, default=300, help="polls a second meanwhile")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--cpu-seconds", type=float, default=15, help="of the runs in which CPU is counted")
    parser.add_argument("--make-only", action="store_true", help="make the site, and measure nothing")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # so that the service is ended, too
    with contextlib.ExitStack() as stack:
        others: dict[str, object] = {"audit_cpu": 0}
        database_pid = None
        if options.database == "postgresql":
            url, database_pid = stack.enter_context(postgresql(options.site / "pg"))
            others["database"] = f"'{url}'"
        config = prepare(options.site, Stock(17, 5_000), options.sections, **others)
        if options.make_only:
            return
        print(f"{options.database}, {options.sections:,} sections x {STEP}\n", flush=True)
        with serving(config, PORT) as pid:
            measure(config, pid, database_pid, options)


def create_token(config: Path) -> str:
    command = [sys.executable, "-P", "-m", "feedsvc", "-c", str(config), "token", "create", "--name", f"{time.time()}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def measure(config: Path, pid: int, database_pid: int | None, options: argparse.Namespace) -> None:
    def cpu() -> float:
        return cpu_seconds(pid) + (cpu_seconds(database_pid) if database_pid else 0.0)

    wait_until(lambda: ask(PORT, "/healthz")[0] == http.client.OK)
    chance = random.Random(5)
    client = Client(create_token(config), options.sections, [write_fields(number, chance) for number in range(500)])
    wait_until(lambda: is_quiet(cpu), pause_seconds=0)
    before, at = cpu(), time.monotonic()
    time.sleep(5)
    print(f"idle: {(cpu() - before) / (time.monotonic() - at):.2%} of a core\n")
    print("| | p50 | p99 | longest |\n| --- | --- | --- | --- |")
    alone = []
    for number in range(options.alone):
        time.sleep(chance.uniform(0.1, 0.4))
        alone.append(client.publish(number))
    print(f"| alone, {options.alone} | {tell(alone)} |", flush=True)
    shown = {"alone": share_of(alone, 0.5)}
    done = options.alone
    for rate in options.rates:
        with polling(options.sections, options.polls) as polls:
            taken = at_rate(client, done, rate, options.seconds)
        done += len(taken)
        shown |= {f"{rate:.0f}/s: p50": share_of(taken, 0.5), f"{rate:.0f}/s: p99": share_of(taken, 0.99)}
        print(f"| {rate:.0f} a second for {options.seconds:.0f} s, {options.polls} polls a second | {tell(taken)} |")
        print(f"| its {len(polls)} polls | {tell(polls)} |", flush=True)
        wait_until(lambda: is_quiet(cpu), pause_seconds=0)
    print("\n" + bars("From the call to the new ETag", "ms", shown))
    if options.cpu_seconds:
        before = cpu()
        taken = at_rate(client, done, 20, options.cpu_seconds, is_watched=False)
        wait_until(lambda: is_quiet(cpu), pause_seconds=0)
        spent = cpu() - before
        print(
            f"\nCPU of all processes: {spent / len(taken) * 1000:.1f} ms a publication, at 20 a second ({len(taken)})"
        )
    print(f"memory of the service: {resident_bytes(pid) / 2**20:.0f} MiB (PSS)")


def is_quiet(cpu: object) -> bool:
    """Is all that was to be done done: no more than a hundredth of a core in half a second?"""
    assert callable(cpu)
    before = cpu()
    time.sleep(0.5)
    return bool(cpu() - before <= 0.02)  # noqa: PLR2004


if __name__ == "__main__":
    main()
