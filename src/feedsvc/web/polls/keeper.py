"""Keeps a report card: every half minute it is written into the feeds folder, by a thread of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import date, datetime
from multiprocessing.util import Finalize
from threading import Event, Lock, Thread

from feedsvc.counting import POLLS, Tally
from feedsvc.errors import OutputError
from feedsvc.log import get_logger
from feedsvc.model.polling import COUNTED, Counts, Poller, add_up
from feedsvc.output import KEPT_DAYS, LARGEST_TALLY, OwnFile, PollerFiles
from feedsvc.web.pace import Pace
from feedsvc.web.polls.card import ReportCard

log = get_logger(__name__)

EVERY_SECONDS = 30.0
_COMPLAIN_SECONDS = 600
_STOP_SECONDS = 1.0


class Keeper:
    """Neither a poll nor the database is ever waited for, and while the folder can't be written nothing is lost."""

    def __init__(self, card: ReportCard, files: PollerFiles, tally: Tally, clock: Callable[[], datetime]) -> None:
        self._card = card
        self._files = files
        self._tally = tally
        self._clock = clock
        self._own: OwnFile | None = None
        self._days: dict[date, dict[Poller, Counts]] = {}
        self._is_saved = True
        self._complaints = Pace(_COMPLAIN_SECONDS)
        self._pid = 0
        self._ended = Event()
        self._starting = Lock()
        self._writing = Lock()

    def start_here(self) -> None:
        """Begin in this process, unless that has been done: a server may fork after it has loaded the application."""
        if self._pid == os.getpid():
            return
        with self._starting:
            if self._pid != os.getpid():
                self._pid = os.getpid()
                Thread(target=self._run, name="keep-report-card", daemon=True).start()
                # Where multiprocessing started this process, which granian does, atexit's functions are not called.
                Finalize(None, self.stop, exitpriority=0)

    def stop(self) -> None:
        """Write what is left; the process ends."""
        if not self._ended.is_set():
            self._ended.set()
            self.write()
            with self._writing:
                if self._own is not None:
                    self._own.close()

    def write(self) -> None:
        """Add what was counted since the last time to this process's file."""
        with self._writing:
            self._write()

    def _write(self) -> None:
        today = self._clock().date()
        taken = self._card.take()
        self._count(taken)
        self._days[today] = add_up(self._days.get(today, {}), taken, limit=LARGEST_TALLY)
        self._is_saved = self._is_saved and not taken
        for day in sorted(self._days)[:-KEPT_DAYS]:
            del self._days[day]
        try:
            self._save(today)
        except OutputError as error:
            if self._complaints.is_due():
                log.warning("pollers_not_kept", path=str(error.path), reason=error.reason)

    def _count(self, taken: Mapping[Poller, Counts]) -> None:
        """The same of all pollers together, for who watches the service and not them."""
        for name in COUNTED:
            if number := sum(getattr(counts, name) for counts in taken.values()):
                self._tally.count(POLLS, name, by=number)
        self._tally.write()

    def _save(self, today: date) -> None:
        if self._own is None:
            self._own = self._files.open_own()
        over = {day: tally for day, tally in self._days.items() if day != today}
        if over:
            self._own.put_away(over)
            self._days = {today: self._days[today]}
            self._is_saved = False
        if not self._is_saved:
            self._own.save(self._days)
            self._is_saved = True

    def _run(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            self.write()
