"""Trails in the feeds folder: `.deltas/<slug>.<format>`, one file beside each live document that has deltas.

    <SHA-256 in hex of all that follows>
    <JSON on one line: mtime, entries, versions, deltas, pieces>
    <the pieces: head, entries, foot>

Nothing is lost with such a file but full answers in the place of deltas. So it is not fsynced: one that is torn, older
or newer than its document, or altered, counts as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import re
import stat
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from feedsvc.model import Trail, Version
from feedsvc.output.files import DOCUMENT_MODE, make_folder, refuse_links, telling
from feedsvc.output.folder import FeedsFolder
from feedsvc.output.replacing import TEMP_PREFIX
from feedsvc.output.spares import TRAILS_FOLDER

_NAME = re.compile(r"([a-z0-9-]+)\.(rss|atom)")
_MAX_BYTES = 16 * 1024 * 1024
"""A poll reads the whole file; nobody is kept waiting for a larger one."""


class Deltas:
    """The trails in one feeds folder. `save` and `remove` under the folder's lock for the slug."""

    def __init__(self, folder: FeedsFolder) -> None:
        self._path = folder.path / TRAILS_FOLDER

    def read(self, slug: str, format: str, from_tag: str, mtime: datetime) -> bytes | None:
        """The delta from one version (the hex digits of its ETag) to the document of this mtime, or None.

        None also in any doubt: a trail to another document, a file that is torn, altered, too big or can't be read.
        """
        trail = self.load(slug, format)
        return trail.delta_from(from_tag) if trail is not None and trail.mtime == mtime else None

    def load(self, slug: str, format: str) -> Trail | None:
        """The trail as it was saved, or None where none can be read."""
        name = f"{slug}.{format}"
        if not _NAME.fullmatch(name):
            return None
        try:
            return _decode(_read(self._path / name))
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError):
            return None

    def save(self, slug: str, format: str, trail: Trail) -> None:
        """Replace what lies there. Raises OutputError."""
        path = self._path / f"{slug}.{format}"
        temp = path.with_name(f"{TEMP_PREFIX}{path.name}")  # one name for ever: what a crash leaves is overwritten
        with telling(path):
            self._refuse_link()
            make_folder(self._path)
            try:
                _write(temp, _encode(trail))
                temp.rename(path)
            except BaseException:
                with contextlib.suppress(OSError):
                    temp.unlink()
                raise

    def remove(self, slug: str, formats: Sequence[str]) -> None:
        """Forget these formats of a section; nothing happens where there is nothing. Raises OutputError."""
        for name in formats:
            path = self._path / f"{slug}.{name}"
            with telling(path):
                self._refuse_link()
                path.unlink(missing_ok=True)
                path.with_name(f"{TEMP_PREFIX}{path.name}").unlink(missing_ok=True)

    def names(self) -> list[tuple[str, str]]:
        """(slug, format) of every trail that lies there, whole or on its way. Raises OutputError."""
        with telling(self._path):
            try:
                lying = {path.name.removeprefix(TEMP_PREFIX) for path in self._path.iterdir()}
            except FileNotFoundError:
                return []
        return [(match[1], match[2]) for name in sorted(lying) if (match := _NAME.fullmatch(name))]

    def _refuse_link(self) -> None:
        refuse_links(self._path, below=self._path.parent)


def _read(path: Path) -> bytes:
    # Neither a link out of the folder nor a pipe that would block counts as a trail.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_BYTES:
            raise ValueError(f"{path} is no trail")
        return file.read()


def _write(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, DOCUMENT_MODE), "wb") as file:
        os.fchmod(file.fileno(), DOCUMENT_MODE)
        file.write(content)


def _encode(trail: Trail) -> bytes:
    """Most versions hold mostly the same entries: each is written once, and versions count them."""
    known = {entry: None for version in trail.versions for entry in version.entries.items()}
    number_of = {entry: number for number, entry in enumerate(known)}
    ids = list(trail.entries)
    place_of = {entry_id: place for place, entry_id in enumerate(ids)}
    pieces = (trail.head, *trail.entries.values(), trail.foot)
    told = {
        "mtime": int(trail.mtime.timestamp()),
        "known": list(known),
        "versions": [[each.tag, [number_of[entry] for entry in each.entries.items()]] for each in trail.versions],
        "entries": ids,
        "deltas": {tag: [place_of[entry_id] for entry_id in entries] for tag, entries in trail.deltas.items()},
        "pieces": [len(piece) for piece in pieces],
    }
    line = json.dumps(told, separators=(",", ":")).encode("ascii")
    content = b"\n".join((line, b"".join(pieces)))
    return b"\n".join((hashlib.sha256(content).hexdigest().encode("ascii"), content))


def _decode(stored: bytes) -> Trail:
    """Raises whatever comes of bytes that `_encode` did not write."""
    digest, _, content = stored.partition(b"\n")
    if hashlib.sha256(content).hexdigest().encode("ascii") != digest:
        raise ValueError("the file is not as it was written")
    line, _, joined = content.partition(b"\n")
    told: dict[str, Any] = json.loads(line)
    ends = list(itertools.accumulate(told["pieces"]))
    head, *entries, foot = [joined[end - length : end] for end, length in zip(ends, told["pieces"], strict=True)]
    ids: list[str] = told["entries"]
    known: list[tuple[str, str]] = [(entry_id, digest) for entry_id, digest in told["known"]]
    return Trail(
        mtime=datetime.fromtimestamp(told["mtime"], UTC),
        versions=tuple(Version(tag, dict(known[number] for number in numbers)) for tag, numbers in told["versions"]),
        deltas={tag: tuple(ids[place] for place in places) for tag, places in told["deltas"].items()},
        head=head,
        entries=dict(zip(ids, entries, strict=True)),
        foot=foot,
    )
