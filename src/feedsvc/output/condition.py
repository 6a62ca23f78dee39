"""In which condition the files are that nobody looks at while all goes well: rights, left-overs, room."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from feedsvc.errors import OutputError
from feedsvc.output.files import DOCUMENT_MODE, FOLDER_MODE, telling
from feedsvc.output.folder import FeedsFolder
from feedsvc.output.replacing import TEMP_PREFIX

_RIGHTS = 0o777

_LEAST_BYTES = 65_536
"""A document with its twins takes that much in any case, more or less, and so does what is noted of it."""


def find_closed(folder: FeedsFolder) -> list[Path]:
    """What is to be read by a web server under another user, and can't be, or can be written by anybody."""
    return [path for path in (folder.path, *_served(folder.path)) if _rights_of(path) != _wanted(path)]


def open_up(paths: Iterable[Path]) -> None:
    """Give each the rights that feedsvc gives it. Raises OutputError."""
    for path in paths:
        with telling(path):
            path.chmod(_wanted(path))


def find_left_overs(folder: FeedsFolder) -> list[Path]:
    """Files on their way to a name: of somebody who is at work now, or of a crash."""
    return sorted(path for path in folder.path.rglob(f"{TEMP_PREFIX}*") if path.is_file())


def free_bytes(path: Path) -> tuple[int, int]:
    """Of the file system on which a path lies: what is free for this user, and all of it. Raises OutputError."""
    while not path.exists():
        path = path.parent
    with telling(path):
        usage = shutil.disk_usage(path)
    return usage.free, usage.total


def find_obstacle(folder: FeedsFolder, name: str, suffixes: Iterable[str], needed_bytes: int) -> OutputError | None:
    """What keeps files of a feed or an archive from being written till a person does something; none is tried."""
    if not os.access(folder.path, os.R_OK | os.W_OK | os.X_OK):
        return OutputError(folder.path, "it is not there, or this user may not write to it: give this user the right")
    above = (folder.path / name).parent
    if above.exists() and not above.is_dir():
        return OutputError(above, "a file stands where a folder belongs: move it away")
    for path in (folder.path / f"{name}.{suffix}" for suffix in suffixes):
        if path.is_dir() and not path.is_symlink():
            return OutputError(path, "a folder stands where a document belongs: move it away")
    free, _ = free_bytes(folder.path)
    if free < max(needed_bytes, _LEAST_BYTES):
        return OutputError(folder.path, f"{free:,} bytes are free on its disk: make room")
    return None


def _served(folder: Path) -> Iterator[Path]:
    """Folders and files that are not hidden; links are followed nowhere."""
    with telling(folder):
        entries = sorted(folder.iterdir())
    for path in entries:
        if path.name.startswith(".") or path.is_symlink():
            continue
        yield path
        if path.is_dir():
            yield from _served(path)


def _rights_of(path: Path) -> int:
    with telling(path):
        return stat.S_IMODE(path.stat().st_mode) & _RIGHTS


def _wanted(path: Path) -> int:
    return FOLDER_MODE if path.is_dir() else DOCUMENT_MODE
