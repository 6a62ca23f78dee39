"""What is counted of a running service, by all its processes together, for whoever watches it (web/metrics.py).

Each process counts in memory and writes what is new into the feeds folder: the worker and its pool after each
publication, a web process every half minute. So the numbers are those of all processes, they outlive each of them, and
whoever asks for them wakes nobody. No number hangs on one section: of these there may be ten thousand.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from pathlib import Path
from threading import Lock

from feedsvc.config import Settings
from feedsvc.errors import OutputError
from feedsvc.log import get_logger
from feedsvc.model import ALL_SLUG, INDEX_SLUG
from feedsvc.output import CountsFile, Key

log = get_logger(__name__)

POLLS, REQUESTS, REFUSED = "polls", "requests", "refused"
PUBLICATIONS, SECONDS, SECONDS_SUM = "publications", "publication_seconds", "publication_seconds_sum"

KINDS = ("section", "combination", "all", "index")
"""Of feeds: plain sections, combinations, the feed of everything, the list of all feeds."""

BUCKETS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Upper bounds of the seconds that a publication took."""

_COUNTED_OUTCOMES = frozenset({"published", "unchanged", "compressed", "blocked", "failed"})


class Tally:
    """One process's counts on their way into the folder. Safe to share between threads; never raises."""

    def __init__(self, feeds: Path) -> None:
        self._file = CountsFile(feeds)
        self._lock = Lock()
        self._writing = Lock()
        self._added: Counter[Key] = Counter()
        self._put: dict[Key, float] = {}
        self._is_refused = False

    def count(self, *key: str, by: float = 1) -> None:
        """Add to a number; `write` makes it last."""
        with self._lock:
            self._added[key] += by  # type: ignore[assignment]  # Counter adds up whatever adds up

    def show(self, *key: str, value: float) -> None:
        """Put a reading in the place of the one before; `write` makes it last."""
        with self._lock:
            self._put[key] = value

    def write(self) -> None:
        """Hand over what is new. What the disk refuses is kept in memory until it takes it; the log says so once."""
        with self._writing:
            with self._lock:
                added, put = self._added, self._put
                self._added, self._put = Counter(), {}
            if not added and not put:
                return
            try:
                self._file.change(added, put)
            except OutputError as error:
                with self._lock:
                    self._added.update(added)
                    self._put = {**put, **self._put}
                # A folder that was deleted is brought back within seconds, and health tells of it.
                is_gone = isinstance(error.__cause__, FileNotFoundError)
                if not (self._is_refused or is_gone):
                    log.warning("counts_not_kept", path=str(error.path), reason=error.reason)
                self._is_refused |= not is_gone
            else:
                self._is_refused = False

    def read(self) -> dict[Key, float]:
        """Those of all processes, and of those that were. Raises OutputError."""
        return self._file.read()


def kind_of(settings: Settings, slug: str) -> str:
    """One of KINDS."""
    if slug in (ALL_SLUG, INDEX_SLUG):
        return slug
    return "section" if slug in settings.plain else "combination"


def count_publication(tally: Tally, settings: Settings, slug: str, outcome: str, seconds: float) -> None:
    """One attempt to make a feed, and how it ended; one that found nothing to do is none."""
    if outcome not in _COUNTED_OUTCOMES:
        return
    kind = kind_of(settings, slug)
    tally.count(PUBLICATIONS, kind, outcome)
    if outcome == "published":
        at = bisect_left(BUCKETS, seconds)
        tally.count(SECONDS, kind, str(BUCKETS[at]) if at < len(BUCKETS) else "+Inf")
        tally.count(SECONDS_SUM, kind, by=seconds)
    tally.write()
