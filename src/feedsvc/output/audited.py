"""Which live documents were audited as they lie there, and the last good ones: `.audited/` in the feeds folder.

    <slug>.<format>.<digest>.<basis>    the audited document: a hard link, so that it takes no room while it is live
    <slug>.entries                      what the documents of that basis hold: JSON
    state                               how far the audit has come, its alarms: JSON
    lock                                held (flock) by the one process that audits this folder

`digest` is the first 32 hex digits of its SHA-256, by which it is believed; `basis` 16 of what it was made from. A link
shares its bytes with the live document until that is replaced: so it is no help against what alters a file in its
place, and is not used then, since its digest is another. Nothing is lost with all of it but the knowledge of what was
audited, and the way back to it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from feedsvc.errors import OutputError
from feedsvc.model import Alarm, AuditState, Publication, Standing
from feedsvc.output.claim import Claim
from feedsvc.output.files import DOCUMENT_MODE, make_private_folder, read_whole, refuse_links, telling
from feedsvc.output.folder import DOCUMENT_FORMATS, FeedsFolder
from feedsvc.output.replacing import TEMP_PREFIX

_FOLDER = ".audited"
_NAME = re.compile(r"([a-z0-9-]+)\.(rss|atom|json|opml)\.([0-9a-f]{32})\.([0-9a-f]{16})")
_ENTRIES = re.compile(r"([a-z0-9-]+)\.entries")
_STATE = "state"
_LOCK = "lock"
_DIGEST_DIGITS = 32
_BASIS_DIGITS = 16
_LONGEST_BYTES = 16_000_000

Marks = Mapping[tuple[str, str], tuple[str, str]]
"""(slug, format) -> digest and basis, as in the name."""


@dataclass(frozen=True, slots=True)
class LastGood:
    """The documents of one feed that were audited last, by format, and what the store knew of them then."""

    documents: Mapping[str, bytes]
    made_from: str
    generation: int
    entries: Mapping[str, int]


class Audited:
    """What was audited in one feeds folder. Raises OutputError for what the file system refuses."""

    def __init__(self, folder: FeedsFolder) -> None:
        self._folder = folder
        self._path = folder.path / _FOLDER
        self._claim = Claim(self._path / _LOCK)

    def claim(self) -> bool:
        """Is this the one that audits the folder? It is until it lets go, or its process ends."""
        with telling(self._path):
            make_private_folder(self._path, self._folder.path)
        return self._claim.claim()

    def let_go(self) -> None:
        """Another one may audit it."""
        self._claim.let_go()

    def marks(self) -> Marks:
        """All there are. One walk, no file is opened."""
        return {(match[1], match[2]): (match[3], match[4]) for match in self._matches()}

    def keep(self, publication: Publication, marks: Marks) -> Marks | None:
        """Note that these documents were found right as they lie there, under the feed's lock: their marks.

        `marks` are those that there were. None, and nothing is noted, where others lie there by now. A file system
        without hard links gets copies.
        """
        with telling(self._path):
            make_private_folder(self._path, self._folder.path)
        new = _marks_of(publication)
        for each in publication.documents:
            key = (publication.slug, each.format)
            if not self._link(self._folder.locate(*key), _name_of(key, new[key]), each.digest):
                return None
        is_new = any(marks.get(key) != mark for key, mark in new.items())
        if is_new or not (self._path / f"{publication.slug}.entries").exists():
            told = {"made_from": publication.made_from, "generation": publication.generation}
            self._write(f"{publication.slug}.entries", told | {"entries": dict(publication.entries)})
        for key in ((publication.slug, name) for name in DOCUMENT_FORMATS):
            if key in marks and marks[key] != new.get(key):
                self._delete(_name_of(key, marks[key]))
        return new

    def last_good(self, slug: str) -> LastGood | None:
        """None where nothing was audited, or no word of it can be believed. Under the feed's lock."""
        try:
            told = self._read(f"{slug}.entries")
            made_from, generation = str(told["made_from"]), int(told["generation"])
            entries = {str(key): int(revision) for key, revision in told["entries"].items()}
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
        documents = {}
        for match in self._matches(slug):
            content = self._content(match[0])
            if match[4] == _basis(made_from) and _sha256(content)[:_DIGEST_DIGITS] == match[3]:
                documents[match[2]] = content
        return LastGood(documents, made_from, generation, entries) if documents else None

    def forget(self, slugs: Sequence[str]) -> None:
        """Delete what is kept of these feeds."""
        for slug in slugs:
            for match in self._matches(slug):
                self._delete(match[0])
            self._delete(f"{slug}.entries")

    def slugs(self) -> frozenset[str]:
        """Those of which something is kept."""
        entries = (match[1] for name in self._names() if (match := _ENTRIES.fullmatch(name)))
        return frozenset({*entries, *(match[1] for match in self._matches())})

    def clear(self) -> None:
        """Delete all of it."""
        self.let_go()
        with telling(self._path), contextlib.suppress(FileNotFoundError):
            refuse_links(self._path, below=self._folder.path)
            shutil.rmtree(self._path)

    def sweep(self) -> None:
        """Delete what a crash left half done, and all but one of two marks of a document."""
        seen = set()
        for name in self._names():
            match = _NAME.fullmatch(name)
            if name.startswith(TEMP_PREFIX) or (match and match.group(1, 2) in seen):
                self._delete(name)
            elif match:
                seen.add(match.group(1, 2))

    def read_state(self) -> AuditState:
        """As it was written last; a fresh one where nothing can be read."""
        try:
            told = self._read(_STATE)
            alarms = tuple(Alarm(**each | {"at": _instant(each["at"])}) for each in told.pop("alarms"))
            times = {name: _instant(told.pop(name)) for name in ("began", "ended")}
            return AuditState(**told, **times, alarms=alarms)
        except (OutputError, KeyError, TypeError, ValueError, AttributeError):
            return AuditState()

    def write_state(self, state: AuditState) -> None:
        """Replace it."""
        with telling(self._path):
            make_private_folder(self._path, self._folder.path)
        self._write(_STATE, asdict(state))

    def _matches(self, slug: str | None = None) -> list[re.Match[str]]:
        found = [match for name in self._names() if (match := _NAME.fullmatch(name))]
        return [match for match in found if slug in (None, match[1])]

    def _names(self) -> list[str]:
        with telling(self._path):
            try:
                with os.scandir(self._path) as entries:
                    return sorted(entry.name for entry in entries)
            except FileNotFoundError:
                return []

    def _link(self, path: Path, name: str, digest: str) -> bool:
        """Link it under this name, if its bytes are the right ones."""
        kept, temp = self._path / name, self._path / f"{TEMP_PREFIX}{name}"
        with telling(kept), contextlib.suppress(FileNotFoundError):
            if kept.exists() and kept.samefile(path):
                return True
            try:
                temp.unlink(missing_ok=True)
                if not _is_linked(path, temp):
                    if _sha256(self._content(name)) == digest:
                        return True
                    shutil.copy2(path, temp, follow_symlinks=False)
                if _sha256(self._content(temp.name)) == digest:
                    temp.replace(kept)
                    return True
            finally:
                temp.unlink(missing_ok=True)
        return False

    def _content(self, name: str) -> bytes:
        found = read_whole(self._path / name)
        return found[0] if found else b""

    def _delete(self, name: str) -> None:
        with telling(self._path / name):
            (self._path / name).unlink(missing_ok=True)

    def _read(self, name: str) -> Any:
        """What it says; raises ValueError where it says nothing that can be read."""
        found = read_whole(self._path / name, below_bytes=_LONGEST_BYTES)
        return json.loads(found[0] if found else b"null")

    def _write(self, name: str, told: Mapping[str, Any]) -> None:
        temp = self._path / f"{TEMP_PREFIX}{name}"
        with telling(self._path / name):
            temp.write_bytes(json.dumps(told, default=datetime.isoformat).encode())
            temp.chmod(DOCUMENT_MODE)
            temp.replace(self._path / name)


def is_audited(publication: Publication | Standing, marks: Marks) -> bool:
    """Were all of its documents found right as they lie there, made from what they are made from?"""
    return all(marks.get(key) == mark for key, mark in _marks_of(publication).items())


def _marks_of(publication: Publication | Standing) -> Marks:
    basis = _basis(publication.made_from)
    return {(publication.slug, each.format): (each.digest[:_DIGEST_DIGITS], basis) for each in publication.documents}


def _name_of(key: tuple[str, str], mark: tuple[str, str]) -> str:
    return ".".join((*key, *mark))


def _basis(made_from: str) -> str:
    return _sha256(made_from.encode())[:_BASIS_DIGITS]


def _is_linked(path: Path, temp: Path) -> bool:
    """False where the file system has no hard links, or no more of them."""
    try:
        os.link(path, temp, follow_symlinks=False)
    except FileNotFoundError:
        raise
    except OSError:
        return False
    return True


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _instant(told: str | None) -> Any:
    return None if told is None else datetime.fromisoformat(told)
