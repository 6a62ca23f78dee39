"""What one publication of a section costs: one new article into 50 entries, feedsvc beside the naive way, interleaved.

naive         feedgen afresh for RSS and Atom, each parsed back by feedparser with its defaults, gzip -6, four files
incremental   feedsvc's whole way in one process, `proof: incremental`: the article stored, RSS, Atom and JSON Feed
              proved, gzip twins, deltas' trails, files synced, all noted in SQLite; then brotli's twins, stated apart
full          the same with `proof: full`

A section in which an article came a moment ago is at hand in memory; with so many sections in turn none is, since less
are kept. A site may have any number of articles (`--articles 10000 1000000`): the incremental way is then measured on
each, in the same rounds. Prints medians of CPU milliseconds (time.process_time), their ratios, and where the time goes.
Ratios hold elsewhere, milliseconds are this machine's.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import logging
import platform
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import metadata
from itertools import cycle
from pathlib import Path
from typing import Any
from unittest import mock

import structlog
from newssites import Clock, fill, multiply, publish_naively, write_config
from plots import bars
from prose import Stock

from feedsvc import delivery, delta, proof, publish, regenerate, reuse, stock
from feedsvc.feed import assembly
from feedsvc.feed.formats import FORMATS, Format
from feedsvc.model import DocumentRecord
from feedsvc.output import FeedsFolder
from feedsvc.regenerate import Regenerator
from feedsvc.runtime import Runtime
from feedsvc.store import Questions

SLUG = "s0"
ENTRIES = 50
SECTIONS = 100
FILLED = 10_000
"""So many articles are stored by the store itself; beyond that their rows are copied."""

_STAGES: tuple[tuple[Any, str, str], ...] = (
    (publish, "put", "article stored"),
    (stock, "gather", "kept proofs and bytes read"),
    (stock, "choose", "newest articles read and chosen"),
    (proof, "compose", "composed"),
    (proof, "keys_of", "entries digested"),
    (assembly, "split", "documents split into entries"),
    (delta.Tracker, "follow", "trails"),
    (delivery, "make_twins", "gzip"),
    (regenerate, "finish", "brotli"),
    (FeedsFolder, "write", "files written and synced"),
    (Questions, "publication", "publication read"),
    (Questions, "read_sections", "sections read"),
)


class Desk:
    """One site and who writes for it. CPU milliseconds of each publication: until it is live, and brotli's after."""

    def __init__(
        self, folder: Path, articles: int, stock: Stock, slugs: Sequence[str] = (SLUG,), **others: object
    ) -> None:
        self.clock = Clock()
        self.runtime = Runtime.open(write_config(folder, SECTIONS, **others), clock=self.clock, environ={})
        fill(self.runtime, stock, min(articles, FILLED), SECTIONS)
        if articles > FILLED:
            multiply(folder / "feedsvc.db", articles // FILLED - 1, SECTIONS)
        self.live: list[float] = []
        self.brotli: list[float] = []
        self._stock = stock
        self._number = 10**8
        self._slugs = cycle(slugs)
        for slug in slugs:
            self.publish(is_counted=False)
            self.runtime.regenerator.archivist.bring_up(self.runtime.settings, slug, go_on=lambda made: made < ENTRIES)

    def publish(self, *, is_counted: bool = True, regenerator: Regenerator | None = None) -> None:
        self.clock.advance()
        self._number += 1
        slug = next(self._slugs)
        given = self._stock.make(self._number, slug)
        live_at: list[float] = []
        finish = regenerate.finish  # as it is timed, if it is

        def finish_noting(*arguments: Any) -> tuple[DocumentRecord, ...]:
            live_at.append(time.process_time())
            return finish(*arguments)

        began = time.process_time()
        publish.put(self.runtime.store, self.runtime.clock, given)
        with mock.patch("feedsvc.regenerate.finish", finish_noting):
            result = (regenerator or self.runtime.regenerator).regenerate(
                self.runtime.settings, slug, when_live=lambda: None
            )
        ended = time.process_time()
        assert result.outcome == "published", result
        if is_counted:
            self.live.append((live_at[0] - began) * 1000)
            self.brotli.append((ended - live_at[0]) * 1000)

    def newest(self) -> list[Any]:
        return self.runtime.store.newest_live([SLUG], ENTRIES)


class Profile:
    """CPU milliseconds by stage, each without what is told of apart within it."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._open: list[str] = []
        self._since = time.thread_time()

    def timed(self, function: Callable[..., Any], stage: str) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed_function(*positional: Any, **named: Any) -> Any:
            self._turn()
            self._open.append(stage)
            try:
                return function(*positional, **named)
            finally:
                self._turn()
                self._open.pop()

        return timed_function

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            for place, name, stage in _STAGES:
                stack.enter_context(mock.patch.object(place, name, self.timed(getattr(place, name), stage)))
            stack.enter_context(mock.patch.object(reuse, "keep", self.timed(reuse.keep, _STAGES[1][2])))
            self._since = time.thread_time()
            yield
            self._turn()

    def formats(self) -> Mapping[str, Format]:
        return {
            name: replace(
                row,
                render=self.timed(row.render, f"rendered: {name}"),
                verify=self.timed(row.verify, f"new entry read back: {name}"),
                inspect=self.timed(row.inspect, f"whole document inspected: {name}"),
            )
            for name, row in FORMATS.items()
        }

    def _turn(self) -> None:
        now = time.thread_time()
        self.spent[self._open[-1] if self._open else "database and the rest"] += (now - self._since) * 1000
        self._since = now


def profile(desk: Desk, rounds: int) -> Mapping[str, float]:
    """Stage -> CPU milliseconds of one publication on the average."""
    found = Profile()
    runtime = desk.runtime
    watched = Regenerator(runtime.store, runtime.folder, runtime.folder_id, runtime.clock, formats=found.formats())
    for _ in range(rounds):
        with found.watching():
            desk.publish(is_counted=False, regenerator=watched)
    return {stage: spent / rounds for stage, spent in found.spent.items()}


def measure_naive(desk: Desk, folder: Path) -> float:
    articles = desk.newest()
    began = time.process_time()
    publish_naively(articles, folder, SLUG)
    return (time.process_time() - began) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, nargs="+", default=[10_000], help="in the store; one site for each")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--folder", help="where the sites are made; a million articles take some 7 GB")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory(prefix="feedsvc-bench-", dir=options.folder) as name:
        measure(Path(name), options)


def measure(folder: Path, options: argparse.Namespace) -> None:
    stock = Stock(17, 2_000)
    first = options.articles[0]
    desks = {f"incremental, {count:,}": Desk(folder / str(count), count, stock) for count in options.articles}
    everywhere = [f"s{number}" for number in range(SECTIONS)]
    desks[f"incremental, {first:,}, {SECTIONS} sections in turn"] = Desk(folder / "turn", first, stock, everywhere)
    desks["full"] = Desk(folder / "full", first, stock, proof="full")
    gc.collect()
    gc.freeze()  # what the bench itself holds is no part of what collecting costs
    naive = []
    for _ in range(options.rounds):
        for desk in desks.values():
            desk.publish()
        naive.append(measure_naive(desks["full"], folder))
    base = statistics.median(naive)
    print(f"One article into {ENTRIES} entries, median of {options.rounds} interleaved rounds, CPU ms,", end=" ")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("feedgen", "feedparser"))
    print(f"Python {platform.python_version()}, {versions}; with the number of articles in the store\n")
    print(
        "| | until live | naive / this | brotli after | with it | naive / this |\n| --- | --- | --- | --- | --- | --- |"
    )
    print(f"| naive | {base:.1f} | 1 | | | |")
    shown = {"naive": base}
    for name, desk in desks.items():
        live, brotli = statistics.median(desk.live), statistics.median(desk.brotli)
        both = statistics.median(map(sum, zip(desk.live, desk.brotli, strict=True)))
        print(f"| {name} | {live:.1f} | **{base / live:.1f}** | {brotli:.1f} | {both:.1f} | **{base / both:.1f}** |")
        shown |= {f"{name}: until live": live, f"{name}: with brotli": both}
    print("\n" + bars("CPU of one publication", "ms", shown))
    print("\n| stage of an incremental publication | ms |\n| --- | --- |")
    for stage, spent in sorted(profile(next(iter(desks.values())), 20).items(), key=lambda each: -each[1]):
        print(f"| {stage} | {spent:.2f} |")
    for desk in desks.values():
        desk.runtime.close()


if __name__ == "__main__":
    main()
