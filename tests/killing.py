"""A real service under load while its processes are killed (kill -9), and what must hold after each time.

usage: python tests/killing.py [--kills 200] [--seed 1] [--workers 2]

An editor publishes, corrects, withdraws, revives and imports; pollers hold each answer to those before. After each kill
the service has to recover by itself, or is started again where its supervisor is gone, and all that was acknowledged
must be stored and stand in the feeds, once. Half of the kills are on SQLite, half on PostgreSQL. Ends with 1 if
anything was wrong.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from house import (
    EVERYTHING,
    NURSERY,
    POOL,
    SUPERVISOR,
    WEB_PROCESS,
    WEB_SERVER,
    WORKER,
    House,
    Kill,
    editing,
    find_unexplained,
    polling,
)
from reckoning import count_live
from replicas import postgresql
from service import wait_until

OFTEN = {WEB_PROCESS: 6, WEB_SERVER: 4, WORKER: 4, NURSERY: 2, POOL: 1, SUPERVISOR: 1, EVERYTHING: 2}
"""Twenty. Of each kind as many as it is likely to be."""

FIRST_ARTICLES = 25
IMPORTED = 20
IMPORT_EVERY = 12
"""kills"""


@dataclass(frozen=True)
class Outcome:
    faults: list[str]
    kills: list[Kill]
    done: Counter[str]
    live: int
    polls: int
    lost: int


def choose_kinds(kills: int, seed: int) -> list[str]:
    """Of each kind as many as its share, in random order."""
    kinds = [kind for kind, often in OFTEN.items() for _ in range(often)]
    chosen = [kinds[number % len(kinds)] for number in range(kills)]
    random.Random(seed).shuffle(chosen)
    return chosen


def run(
    folder: Path,
    kinds: list[str],
    *,
    seed: int,
    workers: int = 2,
    database: str | None = None,
    reckon_every: int = 1,
    say: Callable[[str], None] = lambda _said: None,
) -> Outcome:
    """Kill these one after the other. All is reckoned up after each, or after so many, and at the end."""
    faults: list[str] = []
    house = House(folder, seed=seed, workers=workers, database=database)
    with ExitStack() as stack:
        stack.callback(house.stop)
        house.start()
        for _ in range(FIRST_ARTICLES):
            house.desk.publish()
        wait_until(house.is_settled, "the first articles to be live")
        pollers = stack.enter_context(polling(house.address, 4))
        with editing(house.desk):
            for number, kind in enumerate(kinds, 1):
                if number % IMPORT_EVERY == 0:
                    house.desk.take_in(IMPORTED, folder)
                house.kill(kind)
                kill = house.kills[-1]
                said = f"kill {number}, {kill.kind}: well after {kill.well - kill.began:.1f} s"
                if number % reckon_every == 0:
                    found = house.reckon(is_whole=False)
                    faults += [f"after kill {number}, {kill.kind}: {fault}" for fault in found]
                    said += f", all current after {time.monotonic() - kill.began:.1f} s; {len(found)} faults"
                say(said)
                if house.districts:
                    house.edit_config()
        faults += house.reckon(is_whole=True)
        faults += [f"left behind: {path}" for path in house.folder.glob("feeds/**/.tmp*")]
    faults += [*pollers.faults, *find_unexplained([*pollers.lost, *house.desk.lost], house.kills)]
    lost = len(pollers.lost) + len(house.desk.lost)
    live, polls = count_live(house.desk.acknowledged), pollers.told.get("polls", 0)
    return Outcome(faults, house.kills, house.desk.done, live, polls, lost)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2, help="web processes")
    options = parser.parse_args()
    kinds = choose_kinds(options.kills, options.seed)
    faults = 0
    with tempfile.TemporaryDirectory(prefix="feedsvc-kills-") as name, ExitStack() as stack:
        Path(name).chmod(0o755)
        for engine, chosen in (("SQLite", kinds[::2]), ("PostgreSQL", kinds[1::2])):
            folder = Path(name) / engine
            folder.mkdir()
            url = stack.enter_context(postgresql(folder / "database"))[0] if engine == "PostgreSQL" else None
            outcome = run(folder, chosen, seed=options.seed, workers=options.workers, database=url, say=say)
            _tell(engine, outcome)
            faults += len(outcome.faults)
    return 1 if faults else 0


def _tell(engine: str, outcome: Outcome) -> None:
    slowest = max(outcome.kills, key=lambda kill: kill.well - kill.began)
    say(
        f"{engine}: {len(outcome.kills)} kills ({dict(Counter(kill.kind for kill in outcome.kills))}); "
        f"edits {dict(outcome.done)}; {outcome.live} live, once each; {outcome.polls} polls; {outcome.lost} polls and "
        f"edits not answered, during kills; slowest: {slowest.kind}, well after {slowest.well - slowest.began:.1f} s; "
        f"{len(outcome.faults)} faults"
    )
    for fault in outcome.faults[:20]:
        say(fault)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
