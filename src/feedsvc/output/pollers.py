"""How the feeds are polled, as it lies in the feeds folder: `.pollers/`, for the owner's eyes only.

    <id>.json     what one process counted: {"days": {"2026-03-02": [[network, agent, counts], ...]}}
    <id>.lock     held (flock) while that process lives
    before.json   the same of processes that have ended and of days that are over, and whose files are in it already
    before.lock   held by whoever writes it

Each is replaced whole. None is fsynced: a machine that loses power loses some counts, and nothing else.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from feedsvc.errors import OutputError
from feedsvc.model.polling import COUNTED, Counts, Poller, Tally, add_up
from feedsvc.output.files import make_folder, read_whole, refuse_links, telling
from feedsvc.output.replacing import TEMP_PREFIX

KEPT_DAYS = 7
"""Today among them."""

LARGEST_TALLY = 1_000
"""Pollers kept of a day: with seven days about 5 MB at most."""

_FOLDER = ".pollers"
_BEFORE = "before"
_ID = re.compile("[0-9a-f]{12}")
_MODE = 0o600
_FOLDER_MODE = 0o700
_LONGEST_BYTES = 16_000_000
_REMEMBERED = 1_000

Days = Mapping[date, Tally]


class PollerFiles:
    """The counts in one feeds folder. Raises OutputError for what the file system refuses."""

    def __init__(self, feeds: Path) -> None:
        self._folder = feeds / _FOLDER

    def open_own(self) -> OwnFile:
        """A file for this process; what processes that have ended left is put with the days before."""
        own = OwnFile(self._folder, uuid4().hex[:12])
        self.gather()
        return own

    def read(self, today: date) -> dict[date, dict[Poller, Counts]]:
        """All there is of the last days, of every process; what can't be read counts as none."""
        taken, before = _read_before(self._folder)
        days = [before, *(_read(self._folder / f"{name}.json") for name in self._ids() if name not in taken)]
        wanted = sorted({day for each in days for day in each if _is_kept(day, today)})
        return {day: add_up(*(each.get(day, {}) for each in days), limit=LARGEST_TALLY) for day in wanted}

    def gather(self) -> None:
        """Put what ended processes left with the days before."""
        for name in self._ids():
            lock = self._folder / f"{name}.lock"
            with contextlib.suppress(BlockingIOError), _locked(lock, wait=False):
                add_before(self._folder, _read(self._folder / f"{name}.json"), source=name)
                with telling(self._folder):
                    for left in (f"{name}.json", f"{TEMP_PREFIX}{name}.json", f"{name}.lock"):
                        (self._folder / left).unlink(missing_ok=True)

    def _ids(self) -> list[str]:
        with telling(self._folder):
            try:
                names = [path.name for path in self._folder.iterdir()]
            except FileNotFoundError:
                return []
        return sorted({stem for stem, _, suffix in (name.partition(".") for name in names) if _is_own(stem, suffix)})


class OwnFile:
    """One process's counts; its lock says that the process lives."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._path = folder / f"{name}.json"
        self._lock_path = folder / f"{name}.lock"
        self._lock = self._begin()

    def save(self, days: Days) -> None:
        """Replace it; days that are over go with those before and are not to be given again."""
        self._come_back()
        _write(self._path, _encode(days))

    def put_away(self, days: Days) -> None:
        """Put days that are over with those before."""
        self._come_back()
        add_before(self._folder, days)

    def close(self) -> None:
        """The process ends: its counts go with the days before."""
        with contextlib.suppress(OutputError, OSError):  # then the next process gathers it
            add_before(self._folder, _read(self._path), source=self._path.stem)
            self._path.unlink(missing_ok=True)
            self._lock_path.unlink(missing_ok=True)
        os.close(self._lock)

    def _begin(self) -> int:
        with telling(self._folder):
            refuse_links(self._folder, below=self._folder.parent)
            make_folder(self._folder)
            self._folder.chmod(_FOLDER_MODE)
            return _take(self._lock_path)

    def _come_back(self) -> None:
        """Somebody may have deleted the feeds folder."""
        with telling(self._lock_path):
            is_there = self._lock_path.exists()
        if not is_there:
            lock = self._begin()
            os.close(self._lock)
            self._lock = lock


def add_before(folder: Path, days: Days, source: str = "") -> None:
    """Add these to the days before, once for each `source`, and forget what is too old."""
    if not days:
        return
    with _locked(folder / f"{_BEFORE}.lock"):
        taken, before = _read_before(folder)
        if source and source in taken:
            return
        newest = max({*days, *before})
        kept = {
            day: add_up(before.get(day, {}), days.get(day, {}), limit=LARGEST_TALLY)
            for day in {*days, *before}
            if _is_kept(day, newest)
        }
        _write(folder / f"{_BEFORE}.json", _encode(kept, taken=[*taken, source][-_REMEMBERED:] if source else taken))


def _read_before(folder: Path) -> tuple[list[str], Days]:
    """(whose files are in it, its days)."""
    value = _load(folder / f"{_BEFORE}.json")
    taken = value.get("taken", [])
    return [str(name) for name in taken] if isinstance(taken, list) else [], _decode(value)


def _read(path: Path) -> Days:
    return _decode(_load(path))


def _load(path: Path) -> dict[str, Any]:
    """What is no file of ours counts as an empty one: counts are no reason to stop anything."""
    try:
        found = read_whole(path, below_bytes=_LONGEST_BYTES)
        value = json.loads(found[0]) if found is not None else {}
    except (OutputError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _encode(days: Days, taken: list[str] | None = None) -> bytes:
    written: dict[str, Any] = {
        "days": {
            day.isoformat(): [[*poller, _written(counts)] for poller, counts in tally.items()]
            for day, tally in days.items()
        }
    }
    if taken is not None:
        written["taken"] = taken
    # In ASCII: whoever looks at it with a pager is safe from what strangers call themselves.
    return json.dumps(written, separators=(",", ":")).encode("ascii")


def _written(counts: Counts) -> dict[str, Any]:
    """What is nothing is left out."""
    values = {name: getattr(counts, name) for name in COUNTED}
    values |= {"gaps": dict(counts.gaps), "subscribers": dict(counts.subscribers)}
    return {name: value for name, value in values.items() if value}


def _decode(value: dict[str, Any]) -> Days:
    try:
        return {
            date.fromisoformat(day): {(str(network), str(agent)): _counts(counts) for network, agent, counts in rows}
            for day, rows in value.get("days", {}).items()
        }
    except (ValueError, TypeError, AttributeError):
        return {}


def _counts(value: dict[str, Any]) -> Counts:
    return Counts(
        **{name: int(value.get(name, 0)) for name in COUNTED},
        gaps={int(bucket): int(times) for bucket, times in value.get("gaps", {}).items()},
        subscribers={str(path): int(number) for path, number in value.get("subscribers", {}).items()},
    )


def _write(path: Path, content: bytes) -> None:
    temp = path.with_name(f"{TEMP_PREFIX}{path.name}")
    with telling(path):
        with os.fdopen(os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE), "wb") as file:
            file.write(content)
        temp.rename(path)


def _take(path: Path) -> int:
    """A lock that is held and lies there: who gathers may have deleted it between the two steps."""
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        fcntl.flock(lock, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(lock).st_ino:
                return lock
        os.close(lock)


@contextlib.contextmanager
def _locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    with telling(path):
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(lock)


def _is_kept(day: date, today: date) -> bool:
    return today - timedelta(days=KEPT_DAYS) < day <= today + timedelta(days=1)


def _is_own(stem: str, suffix: str) -> bool:
    return suffix in {"json", "lock"} and _ID.fullmatch(stem) is not None
