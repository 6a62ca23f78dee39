"""The archives of one section in a feeds folder: `<slug>/archive/<number>.atom`, thousands of them perhaps.

So that nobody has to look at all of them all the time, the folder is sealed: it is given a date that no change of it
can leave behind. As long as it stands, nothing was put there, replaced or taken away.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

from feedsvc.model import ARCHIVE_FORMAT, Coding
from feedsvc.output.files import make_folder, refuse_links, stat_file, sync_folder, telling
from feedsvc.output.folder import FeedsFolder
from feedsvc.output.replacing import TEMP_PREFIX, delete_files
from feedsvc.output.twins import SUFFIXES

_FILE = re.compile(rf"([1-9][0-9]{{0,8}})\.{ARCHIVE_FORMAT}")
_CODINGS: Mapping[str, Coding] = {suffix: coding for coding, suffix in SUFFIXES.items()}
_TWIN = re.compile(rf"([1-9][0-9]{{0,8}})\.{ARCHIVE_FORMAT}\.({'|'.join(_CODINGS)})")
_SEAL_SECONDS = 946_684_800
"""The first second of the year 2000."""


class Shelf:
    """All but `is_sealed` and `newest` under the folder's lock of these archives. Raises OutputError, as it does."""

    def __init__(self, folder: FeedsFolder, slug: str) -> None:
        self._path = folder.path / slug / "archive"
        self._name = f"{slug}/archive"
        self._folder = folder

    def is_sealed(self) -> bool:
        """Has nothing been put, replaced or taken away since `seal`? One stat."""
        try:
            return self._path.stat(follow_symlinks=False).st_mtime_ns == _SEAL_SECONDS * 1_000_000_000
        except OSError:  # whoever looks closer tells why
            return False

    def seal(self) -> None:
        """Seal it as it is, whatever that be: whoever finds it wrong afterwards has changed it by then."""
        with telling(self._path):
            self._refuse_links()
            make_folder(self._path)
            os.utime(self._path, (_SEAL_SECONDS, _SEAL_SECONDS))

    def break_seal(self) -> None:
        """Let it be looked at anew."""
        with telling(self._path), contextlib.suppress(FileNotFoundError):
            self._refuse_links()
            os.utime(self._path)

    def stats(self) -> Mapping[int, tuple[int, datetime]]:
        """Number -> (length in bytes, mtime) of every archive that lies there."""
        found = {number: stat_file(path) for number, path in self._files()}
        return {number: status for number, status in found.items() if status}

    def twin_stats(self) -> Mapping[tuple[int, Coding], tuple[int, datetime]]:
        """(number, coding) -> (length in bytes, mtime) of what lies where a twin would."""
        found: dict[tuple[int, Coding], tuple[int, datetime]] = {}
        for path in self._paths():
            match = _TWIN.fullmatch(path.name)
            status = stat_file(path) if match else None
            if match and status:
                found[int(match[1]), _CODINGS[match[2]]] = status
        return found

    def newest(self) -> int:
        """The highest number that lies there, 0 if none does."""
        return max((number for number, _ in self._files()), default=0)

    def sweep(self) -> int:
        """Delete left-over temp files, and twins whose archive is gone. How many there were."""
        paths = self._paths()
        left = [path for path in paths if path.name.startswith(TEMP_PREFIX)]
        lying = {path.name for path in paths}
        left += [path for path in paths if _TWIN.fullmatch(path.name) and path.stem not in lying]
        for path in left:
            with telling(path):
                path.unlink(missing_ok=True)
        return len(left)

    def remove(self, numbers: Collection[int]) -> None:
        """Delete these archives where they lie there, with their twins."""
        for number in numbers:
            self._folder.spares.drop(f"{self._name}/{number}", [ARCHIVE_FORMAT])
        with telling(self._path):
            self._refuse_links()
        delete_files([self._path / f"{number}.{ARCHIVE_FORMAT}" for number in numbers])
        self._folder.bell.ring()
        if numbers:
            with telling(self._path):
                sync_folder(self._path)

    def clear(self) -> bool:
        """Delete all of it; True if there was something."""
        self._folder.spares.clear(self._name)
        if not self._path.is_dir():
            return False
        with telling(self._path):
            self._refuse_links()
            shutil.rmtree(self._path)
            self._folder.bell.ring()
            with contextlib.suppress(OSError):  # somebody else put something beside it
                self._path.parent.rmdir()
        return True

    def _files(self) -> list[tuple[int, Path]]:
        matched = [(_FILE.fullmatch(path.name), path) for path in self._paths()]
        return [(int(match[1]), path) for match, path in matched if match]

    def _paths(self) -> list[Path]:
        with telling(self._path):
            self._refuse_links()
            try:
                return list(self._path.iterdir())
            except FileNotFoundError:
                return []

    def _refuse_links(self) -> None:
        refuse_links(self._path, below=self._folder.path)


def slugs_with_archives(folder: FeedsFolder) -> list[str]:
    """Slugs (and whatever else is named so) under which archives lie in the folder."""
    with telling(folder.path):
        try:
            return sorted(path.parent.name for path in folder.path.glob("*/archive") if path.is_dir())
        except FileNotFoundError:
            return []
