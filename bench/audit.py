"""What the audit costs, and what it costs those who publish.

First every live document of ten sections of fifty articles (about 4 KB each, RSS, Atom and JSON Feed with their twins)
is audited by itself: CPU milliseconds for a document, and for reading a feed from disk and store.

Then a worker publishes one article after another, and the time until all three documents are live is taken, with no
audit and with one that goes round and round without end, in turn. Milliseconds are this machine's.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections import defaultdict
from datetime import timedelta
from itertools import count
from pathlib import Path
from unittest import mock

from prose import write_body, write_chinese

from feedsvc import publish, rota
from feedsvc.allowance import Allowance
from feedsvc.auditor import Auditor
from feedsvc.cases import Case, Examiner
from feedsvc.config import Settings
from feedsvc.model import ArticleInput
from feedsvc.runtime import Runtime
from feedsvc.scheduler import Worker

SECTIONS = 10
ARTICLES = 50
CONFIG = """\
site: {title: 江畔新闻, base_url: 'https://news.example.org', language: zh-Hans, timezone: Asia/Shanghai}
sections:
"""


def open_site(folder: Path, audit_cpu: int) -> Runtime:
    sections = "".join(f"  s{number}: {{title: 第{number}栏}}\n" for number in range(SECTIONS))
    path = folder / "config.yaml"
    path.write_text(f"{CONFIG}{sections}audit_cpu: {audit_cpu}\n", encoding="utf-8")
    return Runtime.open(path, environ={})


def fill(runtime: Runtime, chance: random.Random) -> None:
    for number in range(SECTIONS):
        for _ in range(ARTICLES):
            put(runtime, chance, f"s{number}")
    for slug in runtime.regenerator.stale(runtime.settings):
        runtime.regenerator.regenerate(runtime.settings, slug)


def put(runtime: Runtime, chance: random.Random, section: str) -> str:
    title = write_chinese(chance, 8)
    fields = ArticleInput(title=title, content_html=write_body(chance), sections=(section,))
    return publish.put(runtime.store, runtime.clock, fields).article.entry_id


def audit_all(runtime: Runtime) -> None:
    """Everything once, timed by what is done."""
    times: dict[str, list[float]] = defaultdict(list)
    open_case, examine_next = Examiner.open, Case.examine_next

    def open_timed(examiner: Examiner, settings: Settings, slug: str) -> Case | None:
        began = time.thread_time()
        case = open_case(examiner, settings, slug)
        times["read"].append((time.thread_time() - began) * 1000)
        return case

    def examine_timed(case: Case) -> None:
        name, began = case.left[0], time.thread_time()
        examine_next(case)
        times[name].append((time.thread_time() - began) * 1000)

    ticks = count(0, 1000)
    auditor = Auditor(runtime, lambda: True, Allowance(lambda: next(ticks), lambda: 0.0))
    auditor.note_survey(runtime.store.publications(runtime.folder_id), runtime.store.section_states())
    with mock.patch.object(Examiner, "open", open_timed), mock.patch.object(Case, "examine_next", examine_timed):
        while not auditor.step():
            pass
    auditor.stop(0)
    for name, found in times.items():
        median = statistics.median(found)
        print(f"{name:5} {median:6.1f} ms ({min(found):.1f} to {max(found):.1f}, {len(found)} times)")


def publish_some(runtime: Runtime, chance: random.Random, number: int, percent: int) -> list[float]:
    """Milliseconds from the call that puts an article to the last of the three documents that show it."""
    path = runtime.settings.path
    path.write_text(path.read_text().rpartition("audit_cpu")[0] + f"audit_cpu: {percent}\n")
    worker = Worker(runtime)
    worker.start()
    time.sleep(3)
    times = []
    documents = [runtime.folder.path / f"s0.{name}" for name in ("rss", "atom", "json")]
    for _ in range(number):
        time.sleep(1.1)
        inodes = [path.stat().st_ino for path in documents]
        began = time.monotonic()
        put(runtime, chance, "s0")
        while any(path.stat().st_ino == inode for path, inode in zip(documents, inodes, strict=True)):
            time.sleep(0.0005)
        times.append((time.monotonic() - began) * 1000)
    worker.stop()
    return times


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--publications", type=int, default=12, help="in each turn")
    options.add_argument("--turns", type=int, default=4)
    given = options.parse_args()
    rota.ROUND = timedelta(0)  # a round begins as soon as one has ended
    chance = random.Random(17)
    with tempfile.TemporaryDirectory() as folder:
        runtime = open_site(Path(folder), 10)
        fill(runtime, chance)
        rota.ROUND = timedelta(hours=1)
        audit_all(runtime)
        rota.ROUND = timedelta(0)
        times: dict[int, list[float]] = {0: [], 10: []}
        for _ in range(given.turns):
            for percent in times:
                times[percent] += publish_some(runtime, chance, given.publications, percent)
        for percent, found in times.items():
            p50, p90 = statistics.median(found), statistics.quantiles(found, n=10)[-1]
            print(
                f"audit_cpu {percent:3}: p50 {p50:6.1f} ms, p90 {p90:6.1f}, most {max(found):6.1f} ({len(found)} times)"
            )
        runtime.close()


if __name__ == "__main__":
    main()
