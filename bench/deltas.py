"""What RFC 3229 deltas save in bytes, and what they add to a publication.

A section of fifty entries lives through a day: articles come in, some are corrected, one is withdrawn. A poller looks
every so many minutes and shows the ETag it has. Bodies are counted, not headers: what 304s save, everybody gets.

plain, gzip     the whole document whenever it has changed
delta           what is new or changed since the poller's version, the whole where there is no delta

Then publications of fifty entries are timed, each with one new article, in turn with the deltas and without. Bytes are
the same on any machine; milliseconds are this one's, of CPU time.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

from prose import make_input

from feedsvc import publish
from feedsvc.delta import DELTA_FORMATS, KEPT_VERSIONS, Tracker
from feedsvc.output import Deltas
from feedsvc.runtime import Runtime

SLUG = "macro"
CONFIG = """\
site: {title: 江畔新闻, base_url: 'https://news.example.org', language: zh-Hans, timezone: Asia/Shanghai}
sections: {macro: {title: 宏观}}
"""
LIMIT = 50


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Desk:
    """One section and those who write for it."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
        self.clock = Clock()
        self.runtime = Runtime.open(folder / "config.yaml", clock=self.clock, environ={})
        self._chance = chance
        self._count = 0
        for _ in range(LIMIT + 10):
            self.clock.advance(4_320)
            self.write()

    def write(self, number: int | None = None) -> str:
        """Put an article of about 4 KB, or correct one; its id."""
        if number is None:
            self._count += 1
            number = self._count
        article = make_input(number, self._chance)
        return publish.put(self.runtime.store, self.runtime.clock, article).article.id

    def correct(self) -> None:
        self.write(self._count - self._chance.randrange(20))

    def withdraw(self) -> None:
        article = self.runtime.store.article_by_external_id(f"a{self._count}")
        assert article is not None
        publish.withdraw(self.runtime.store, self.runtime.clock, article.id)

    def regenerate(self) -> None:
        self.runtime.regenerator.regenerate(self.runtime.settings, SLUG)


class Poller:
    """Holds one version; counts what it would have been sent by each way."""

    def __init__(self, desk: Desk, name: str) -> None:
        self._folder = desk.runtime.folder
        self._name = name
        self._tag: str | None = None
        self.bytes: Counter[str] = Counter()
        self.answers: Counter[int] = Counter()
        self.poll()
        self.bytes.clear()
        self.answers.clear()

    def poll(self) -> None:
        live = self._folder.read(SLUG, self._name)
        assert live is not None
        tag = live.digest[:32]
        if tag == self._tag:
            self.answers[304] += 1
            return
        delta = Deltas(self._folder).read(SLUG, self._name, self._tag or "", live.mtime)
        self.answers[200 if delta is None else 226] += 1
        for way, body in {"plain": live.content, "delta": delta or live.content}.items():
            self.bytes[way] += len(body)
            self.bytes[f"{way} gzip"] += len(gzip.compress(body, 6, mtime=0))
        self._tag = tag


def live_a_day(desk: Desk, options: argparse.Namespace, chance: random.Random) -> list[Poller]:
    desk.regenerate()
    pollers = [Poller(desk, name) for name in DELTA_FORMATS]
    deeds: list[Callable[[], object]] = [desk.write] * options.articles
    deeds += [desk.correct] * options.corrections + [desk.withdraw] * options.withdrawals
    chance.shuffle(deeds)
    times = sorted(chance.uniform(0, 86_400) for _ in deeds)
    plan = list(zip(times, deeds, strict=True))
    looks = [60 * options.minutes * number for number in range(1, 24 * 60 // options.minutes + 1)]
    start = desk.clock.now
    for look in looks:
        while plan and plan[0][0] <= look:
            at, deed = plan.pop(0)
            desk.clock.now = start + timedelta(seconds=at)
            deed()
            desk.regenerate()
        for poller in pollers:
            poller.poll()
    return pollers


def time_publications(folder: Path, rounds: int) -> tuple[float, float]:
    """Median CPU milliseconds of a publication with one new article: with deltas and without, two sites in turn."""
    taken: tuple[list[float], list[float]] = ([], [])
    desks = []
    for name in ("with", "without"):
        (folder / name).mkdir()
        desks.append(Desk(folder / name, random.Random(8)))
    for number in range(1 + KEPT_VERSIONS + rounds):
        for desk, times in zip(desks, taken, strict=True):
            desk.clock.advance(60)
            desk.write()
            with contextlib.ExitStack() as stack:
                if desk is desks[1]:
                    stack.enter_context(mock.patch.object(Tracker, "follow"))
                began = time.process_time()
                desk.regenerate()
                if number > KEPT_VERSIONS:  # by then so many versions are remembered
                    times.append((time.process_time() - began) * 1000)
    for desk in desks:
        desk.runtime.close()
    return statistics.median(taken[0]), statistics.median(taken[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=20, help="new ones in the day")
    parser.add_argument("--corrections", type=int, default=2)
    parser.add_argument("--withdrawals", type=int, default=1)
    parser.add_argument("--minutes", type=int, default=30, help="between two polls")
    parser.add_argument("--rounds", type=int, default=15, help="publications timed of each kind")
    options = parser.parse_args()
    chance = random.Random(8)
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder), chance)
        pollers = live_a_day(desk, options, chance)
        print(
            f"{options.articles} articles, {options.corrections} corrections, {options.withdrawals} withdrawn, ", end=""
        )
        print(f"a poll every {options.minutes} minutes; bytes of bodies in the day")
        for name, poller in zip(DELTA_FORMATS, pollers, strict=True):
            told = ", ".join(f"{count} times {status}" for status, count in sorted(poller.answers.items()))
            print(f"\n{name}: {told}")
            for way, count in poller.bytes.items():
                print(f"  {way:12} {count:10,}  {count / poller.bytes['plain']:6.1%}")
        trails = [(desk.runtime.folder.path / f".deltas/{SLUG}.{name}").stat().st_size for name in DELTA_FORMATS]
        desk.runtime.close()
        with_deltas, without = time_publications(Path(folder), options.rounds)
    print(f"\na publication of {LIMIT} entries, CPU ms, median of {options.rounds}")
    print(f"  without deltas {without:8.1f}")
    print(f"  with           {with_deltas:8.1f}  {with_deltas / without - 1:+.0%}")
    print(f"  bytes on disk  {' + '.join(f'{size:,}' for size in trails)}")


if __name__ == "__main__":
    main()
