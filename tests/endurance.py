"""An hour's mixed load on a real service, of which a process is killed every minute; then the sum of it.

usage: python tests/endurance.py [--minutes 60] [--seed 1] [--workers 2] [--folder FOLDER]

Polls, articles that come, are corrected, withdrawn and revived, imports, edits of config.yaml, now and then one that is
broken. In the first third of the time all kinds of processes are killed by turns; in the second the supervisor and the
web server live on, in the third the supervisor and the worker: so that it shows whether one that lives long grows.
After each kill what was acknowledged is held to what is stored and to the feeds. Ends with 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from house import (
    KINDS,
    NURSERY,
    POOL,
    WEB_PROCESS,
    WEB_SERVER,
    WORKER,
    House,
    Pollers,
    editing,
    find_unexplained,
    polling,
)
from killing import say
from reckoning import count_in_feeds, count_live, count_stored
from service import DEADLINE_SECONDS, FEEDSVC, wait_until
from weighing import Scales, count_events, describe_folders, find_in_log, find_left_overs

FIRST_ARTICLES = 1_000
EDIT_PAUSE_SECONDS = 0.5
CONNECTIONS = 4
IMPORTED = 30
IMPORT_EVERY, EDIT_CONFIG_EVERY, BREAK_CONFIG_EVERY, REPORT_EVERY = 4, 5, 10, 3
"""minutes"""

_WEIGH_EVERY_SECONDS = 10.0
_BROKEN_SECONDS = 3.0
_KILL_IMPORT_SECONDS = (0.5, 2.0)
"""After its start; one that is quicker is spared."""

_SHOWN_FAULTS = 40
_PATIENCE_SECONDS = 5 * DEADLINE_SECONDS
"""Beside other work all archives may take their time."""


PHASES = (KINDS, (WORKER, POOL, NURSERY), (WEB_PROCESS, WEB_SERVER, POOL))


@dataclass
class Soak:
    """What goes on, and what came to light so far."""

    house: House
    pollers: Pollers
    minutes: int
    began: float
    scales: Scales = field(default_factory=Scales)
    faults: list[str] = field(default_factory=list)
    stored: int = 0
    in_feeds: int = 0

    def run(self, troubles: list[Exception]) -> None:
        """Minute after minute."""
        for minute in range(self.minutes):
            end = self.began + 60 * (minute + 1)
            self._do_chores(minute)
            self._rest(min(end, time.monotonic() + self.house.chance.uniform(0, 20)))
            kinds = PHASES[min(2, 3 * minute // self.minutes)]
            self._kill(kinds[minute % len(kinds)], instead=kinds[0])
            self._rest(end)
            if troubles:
                return  # raised where the editor ends
            if self.pollers.process.poll() is not None:
                self.blame(["the pollers have ended"])
                return
            if (minute + 1) % REPORT_EVERY == 0:
                self.report()

    def report(self) -> None:
        house = self.house
        lost = len(self.pollers.lost) + len(house.desk.lost)
        say(
            f"{self._elapsed()}: {len(house.kills)} kills, {len(self.faults) + len(self.pollers.faults)} faults; "
            f"{len(house.desk.acknowledged)} articles acknowledged, {count_live(house.desk.acknowledged)} live; "
            f"edits {dict(house.desk.done)}; {self.pollers.polls} polls; {lost} not answered"
        )
        say(f"    {self.scales.describe()}")
        say(f"    files: {describe_folders(house.folder)}; log: {house.service.log.stat().st_size} bytes")

    def end(self) -> None:
        """All at rest: reckon up everything, and look for what is left."""
        house = self.house
        self.blame(house.reckon(is_whole=True))
        with house.desk.turn:
            self.stored, self.in_feeds = count_stored(house.runtime), count_in_feeds(house.runtime)
        command = [*FEEDSVC, "--config", str(house.config), "doctor"]
        doctor = subprocess.run(command, capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS)
        if doctor.returncode:
            self.blame([f"feedsvc doctor: {doctor.stdout}{doctor.stderr}"])
        self.report()

    def sum_up(self, events: Counter[str]) -> None:
        """After the service was stopped."""
        house = self.house
        lost = [*self.pollers.lost, *house.desk.lost]
        unexplained = find_unexplained(lost, house.kills)
        self.blame(self.pollers.faults)
        self.blame(unexplained)
        self.blame(find_left_overs(house.folder))
        self.blame(find_in_log(events, len(house.kills)))
        acknowledged = house.desk.acknowledged
        kinds = Counter(kill.kind for kill in house.kills)
        away = sum(kill.well - kill.began for kill in house.kills)
        say(f"\nSUM after {self._elapsed()}, {self.minutes} minutes of load:")
        say(f"  kills: {len(house.kills)}: {', '.join(f'{kind} {count}' for kind, count in kinds.items())}")
        say(f"  well again after {away / max(1, len(house.kills)):.1f} s on average, {self._slowest():.1f} s at most")
        say(f"  edits acknowledged: {dict(house.desk.done)}")
        say(
            f"  articles: {len(acknowledged)} acknowledged, {self.stored} stored; {count_live(acknowledged)} of them "
            f"not withdrawn, {self.in_feeds} in feeds and archives"
        )
        say(f"  polls: {self.pollers.told.get('polls')}: {self.pollers.told.get('counts')}")
        say(f"  states seen: {self.pollers.told.get('versions')} of {self.pollers.told.get('addresses')} addresses")
        failed = sum(bool(re.search(r": 5\d\d\b", each.why)) for each in lost)
        say(
            f"  polls and edits answered with 5xx: {failed}, not at all: {len(lost) - failed}; "
            f"{len(lost) - len(unexplained)} of them between a kill and health being well again, {len(unexplained)} not"
        )
        for line, is_flat in self.scales.compare(60 * self.minutes / 4):
            say(f"  {line}")
            if not is_flat:
                self.blame([line])
        say(f"  files: {describe_folders(house.folder)}")
        say(f"  log: {dict(events)}")
        say(f"  FAULTS: {len(self.faults)}")
        for fault in self.faults[:_SHOWN_FAULTS]:
            say(f"    {fault}")

    def _do_chores(self, minute: int) -> None:
        house = self.house
        if minute % IMPORT_EVERY == 1:
            threading.Timer(house.chance.uniform(*_KILL_IMPORT_SECONDS), house.desk.kill_import).start()
            house.desk.take_in(IMPORTED, house.folder)
        if minute % EDIT_CONFIG_EVERY == 2:
            house.edit_config()
        if minute % BREAK_CONFIG_EVERY == 3:
            house.break_config()
            time.sleep(_BROKEN_SECONDS)
            house.edit_config()

    def _kill(self, kind: str, instead: str) -> None:
        house = self.house
        house.kill(kind, instead=instead)
        found = house.reckon(is_whole=False)
        self.blame(found)
        kill = house.kills[-1]
        say(f"{self._elapsed()}: {kill.kind} killed, well after {kill.well - kill.began:.1f} s; {len(found)} faults")
        if house.districts:
            house.edit_config()

    def _rest(self, until: float) -> None:
        """The load goes on; processes are weighed now and then."""
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _WEIGH_EVERY_SECONDS))
            self.scales.weigh(self.house.service.process.pid)

    def blame(self, faults: list[str]) -> None:
        self.faults += faults
        for fault in faults:
            say(f"{self._elapsed()}: FAULT: {fault[:2000]}")

    def _elapsed(self) -> str:
        seconds = int(time.monotonic() - self.began)
        return f"{seconds // 60}:{seconds % 60:02}"

    def _slowest(self) -> float:
        return max((kill.well - kill.began for kill in self.house.kills), default=0.0)


def run(folder: Path, *, minutes: int, seed: int, workers: int) -> int:
    """How many faults came to light."""
    os.environ["FEEDSVC_LOG"] = "json"
    house = House(folder, seed=seed, workers=workers, patience_seconds=_PATIENCE_SECONDS)
    with ExitStack() as stack:
        stack.callback(house.stop)
        house.start()
        house.desk.take_in(FIRST_ARTICLES, folder)
        wait_until(house.is_settled, "the first articles to be live", _PATIENCE_SECONDS)
        pollers = stack.enter_context(polling(house.address, CONNECTIONS))
        soak = Soak(house, pollers, minutes, time.monotonic())
        say(f"{FIRST_ARTICLES} articles are live; {minutes} minutes begin")
        try:
            with editing(house.desk, pause_seconds=EDIT_PAUSE_SECONDS) as troubles:
                soak.run(troubles)
            soak.end()
        except (AssertionError, OSError, subprocess.SubprocessError) as error:  # the sum is told all the same
            soak.blame([f"{type(error).__name__}: {error}"])
    if code := house.service.process.returncode:
        soak.blame([f"the service ended with {code}"])
    soak.sum_up(count_events(house.service.log))
    return len(soak.faults)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2, help="web processes")
    parser.add_argument("--folder", help="where the site is made")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="feedsvc-endurance-", dir=options.folder) as name:
        faults = run(Path(name), minutes=options.minutes, seed=options.seed, workers=options.workers)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
