"""A second name for whatever lies in the feeds folder, outside of it: `.<its name>.spare/` beside it.

    <name>/<suffix>.<digest>    a hard link to a live document (`rss`), its twin (`rss.gz`) or its trail (`rss.trail`);
                                `name` is a slug, or `<slug>/archive/<number>`
    id.<inode>                  the feeds folder's id; a copy of this folder has another inode, and brings no id along

`digest` is the first 32 hex digits of a SHA-256: the document's. A twin with its document's digest is believed if it
unpacks to that; since this takes long, who is in no hurry, and the audit, gives the twin its own. A trail tells itself
whether it is as it was written (deltas.py). A link shares its bytes with the live file, so what is altered in its place
is altered here, too, and comes back from neither. It takes no room while the file is live, and goes as soon as it is
not. Nothing is lost with all of it but the quick way back: so it is not fsynced, and what the file system refuses (it
may know no hard links, or be another one) is told of once and harms nobody.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import stat
from collections.abc import Collection, Mapping
from pathlib import Path
from uuid import UUID

from feedsvc.errors import OutputError
from feedsvc.log import get_logger
from feedsvc.model import Coding, DocumentRecord
from feedsvc.output.files import DOCUMENT_MODE, FOLDER_MODE, make_folder, mtime_of, output_error, refuse_links
from feedsvc.output.twins import CODINGS, SUFFIXES, unpack

log = get_logger(__name__)

TRAIL = "trail"
"""Stands where a twin's coding does."""

TRAILS_FOLDER = ".deltas"

_DIGEST_DIGITS = 32
_NAME = re.compile(rf"([a-z]+(?:\.[a-z]+)?)\.([0-9a-f]{{{_DIGEST_DIGITS}}})")
_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Spares:
    """Those of one feeds folder. All but `prepare`, `sweep` and `read_id` under the folder's lock for the name."""

    def __init__(self, feeds: Path) -> None:
        """`trouble` is why there are none, or not of everything; None as long as all goes well."""
        self.trouble: str | None = None
        self._told: set[int | None] = set()
        self._feeds = Path(os.path.realpath(feeds))
        self.path = self._feeds.with_name(f".{self._feeds.name}.spare")

    def read_id(self) -> str | None:
        """The id of the feeds folder that lay there before it was deleted; None where none is kept."""
        try:
            return str(UUID(self._id_path().read_text("ascii")))
        except (OSError, ValueError):
            return None

    def prepare(self, folder_id: str) -> None:
        """Make what is missing, and see whether there can be links. Never raises; who writes here tells the log."""
        try:
            self._refuse_links(self.path)
            if self.read_id() != folder_id:
                self._begin()
        except OSError as error:
            self.trouble = str(output_error(self.path, error))

    def keep(self, name: str, lying: Mapping[str, str], *, is_all: bool = True) -> None:
        """Give these files of this name (suffix -> digest) their second name; what they replaced loses its own.

        `is_all`: so does whatever else there was in their formats. Never raises.
        """
        folder = f"{self.path}/{name}"
        wanted = {f"{suffix}.{digest[:_DIGEST_DIGITS]}": suffix for suffix, digest in lying.items()}
        try:
            self._refuse_links(folder)
            kept = _list(folder)
            if kept is None:
                self._make_folder(Path(folder))
                kept = []
            replaced = {_format_of(suffix) for suffix in lying} if is_all else set()
            for each in kept:
                if each not in wanted and (_suffix_of(each) in lying or _format_of(each) in replaced):
                    _delete(folder, each)
            for spare, suffix in wanted.items():
                if suffix.endswith(TRAIL) and not self._has_trail(name, suffix):
                    continue  # not every document has one
                _link(self._locate(name, suffix), f"{folder}/{spare}", is_there=spare in kept)
            self.trouble = None
        except OSError as error:
            self._complain(Path(folder), error)

    def find_lacking(self, name: str, record: DocumentRecord) -> list[Coding | None]:
        """Of this live document (None) and its twins those that have no second name, or a twin not its own digest."""
        found: list[Coding | None] = []
        for coding in (None, *(coding for coding in CODINGS if record.twins.get(coding))):
            suffix = _suffix(record, coding)
            lying = self._feeds / f"{name}.{suffix}"
            named = [
                each for each in self._digests(name, suffix) if coding is None or not record.digest.startswith(each)
            ]
            try:
                is_kept = any(lying.samefile(self.path / name / f"{suffix}.{each}") for each in named)
            except OSError:
                is_kept = False
            if not is_kept:
                found.append(coding)
        return found

    def drop(self, name: str, formats: Collection[str]) -> None:
        """What was live in these formats is not any more. Never raises."""
        folder = f"{self.path}/{name}"
        try:
            self._refuse_links(folder)
            for each in _list(folder) or ():
                if _format_of(each) in formats:
                    _delete(folder, each)
        except OSError as error:
            self._complain(Path(folder), error)

    def bring_back(self, name: str, record: DocumentRecord, coding: Coding | None = None) -> bool:
        """Put this document, or its twin, where nothing lies; False where that can't be. Never raises.

        It is read whole and compared first. What lies there stays, since somebody else may just have put it there. A
        spare that is not as it was is deleted.
        """
        suffix = _suffix(record, coding)
        for digest in self._digests(name, suffix):
            spare = self.path / name / f"{suffix}.{digest}"
            if coding is None and not record.digest.startswith(digest):
                continue  # another document's, which goes when this one is kept
            with contextlib.suppress(OSError):
                refuse_links((self._feeds / name).parent, below=self._feeds)
                if not _is_whole(spare, record, coding, digest, self._owners()):
                    spare.unlink()
                    continue
                make_folder((self._feeds / name).parent)
                os.link(spare, self._locate(name, suffix), follow_symlinks=False)
                return True
        return False

    def bring_back_trail(self, name: str, record: DocumentRecord) -> None:
        """Put the trail to this document back, where there is one and nothing lies. Never raises."""
        suffix = f"{record.format}.{TRAIL}"
        with contextlib.suppress(OSError, OutputError):
            spare = self.path / name / f"{suffix}.{record.digest[:_DIGEST_DIGITS]}"
            if spare.exists():
                self._refuse_links(spare.parent)
                refuse_links(self._feeds / TRAILS_FOLDER, below=self._feeds)
                make_folder(self._feeds / TRAILS_FOLDER)
                os.link(spare, self._locate(name, suffix), follow_symlinks=False)

    def sweep(self, is_kept: Collection[str]) -> None:
        """Delete what is there of other slugs than these. Never raises."""
        with contextlib.suppress(OSError):
            self._refuse_links(self.path)
            for each in self.path.iterdir():
                if each.is_dir() and each.name not in is_kept:
                    shutil.rmtree(each, ignore_errors=True)

    def clear(self, name: str) -> None:
        """Delete all there is of this name, or below it. Never raises."""
        with contextlib.suppress(OSError):
            self._refuse_links(self.path / name)
            shutil.rmtree(self.path / name, ignore_errors=True)

    def _locate(self, name: str, suffix: str) -> str:
        """Where a live file lies, or would."""
        if suffix.endswith(TRAIL):
            return f"{self._feeds}/{TRAILS_FOLDER}/{name}.{_format_of(suffix)}"
        return f"{self._feeds}/{name}.{suffix}"

    def _begin(self) -> None:
        """The folder and the id, whose link is the first to show whether there can be any; else no folder stays."""
        self._make_folder(self.path)
        try:
            self._id_path().unlink(missing_ok=True)
            os.link(self._feeds / ".folder-id", self._id_path(), follow_symlinks=False)
        except OSError:
            with contextlib.suppress(OSError):
                self.path.rmdir()
            raise

    def _owners(self) -> set[int]:
        """Whose files may go live: ours, and an admin's; to an admin those of whom the feeds folder belongs to."""
        owners = {0, os.geteuid()}
        with contextlib.suppress(FileNotFoundError):
            owners.add(self._feeds.stat().st_uid)
        return owners

    def _has_trail(self, name: str, suffix: str) -> bool:
        trails = f"{self._feeds}/{TRAILS_FOLDER}"
        return not os.path.islink(trails) and os.path.lexists(self._locate(name, suffix))  # noqa: PTH114  # as above

    def _refuse_links(self, folder: str | Path) -> None:
        refuse_links(Path(folder), below=self.path.parent)

    def _id_path(self) -> Path:
        return self.path / f"id.{self.path.stat().st_ino}"

    def _digests(self, name: str, suffix: str) -> list[str]:
        """Those of its spares; more than one where a crash came between."""
        try:
            self._refuse_links(self.path / name)
            matches = map(_NAME.fullmatch, _list(f"{self.path}/{name}") or ())
            return [match[2] for match in matches if match and match[1] == suffix]
        except OSError:
            return []

    def _make_folder(self, path: Path) -> None:
        """Of the user to whom the feeds folder belongs, also where an admin's command makes it."""
        self._refuse_links(path)
        if path.is_dir():
            return
        if path.parent == self.path and not self.path.is_dir():
            self._begin()
        elif path != self.path:
            self._make_folder(path.parent)
        path.mkdir(exist_ok=True)
        path.chmod(FOLDER_MODE)
        if os.geteuid() == 0:
            owner = self._feeds.stat()
            os.chown(path, owner.st_uid, owner.st_gid)

    def _complain(self, path: Path, error: OSError) -> None:
        self.trouble = str(output_error(path, error))
        if error.errno not in self._told:
            self._told.add(error.errno)
            log.warning("spares_not_kept", reason=self.trouble)


def digest_of(content: bytes) -> str:
    """By which a twin is known that was found right."""
    return hashlib.sha256(content).hexdigest()


def _suffix(record: DocumentRecord, coding: Coding | None) -> str:
    return record.format if coding is None else f"{record.format}.{SUFFIXES[coding]}"


def _format_of(name: str) -> str:
    return name.partition(".")[0]


def _suffix_of(name: str) -> str:
    return name.rpartition(".")[0]


def _list(folder: str) -> list[str] | None:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries]
    except FileNotFoundError:
        return None


def _delete(folder: str, name: str) -> None:
    if _NAME.fullmatch(name):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{folder}/{name}")  # noqa: PTH108  # nine times a publication


def _link(lying: str, spare: str, *, is_there: bool) -> None:
    if is_there:
        if Path(lying).samefile(spare):
            return
        Path(spare).unlink()  # the same bytes under an older time, or a copy
    os.link(lying, spare, follow_symlinks=False)


def _is_whole(path: Path, record: DocumentRecord, coding: Coding | None, digest: str, owners: Collection[int]) -> bool:
    """Is it, to the last byte, what was published? And nobody else's, who could alter it once it is live."""
    length_bytes = record.length_bytes if coding is None else record.twins.get(coding, 0)
    with os.fdopen(os.open(path, _READING), "rb") as file:
        status = os.fstat(file.fileno())
        is_like = stat.S_ISREG(status.st_mode) and stat.S_IMODE(status.st_mode) == DOCUMENT_MODE
        if (
            not is_like
            or status.st_uid not in owners
            or (status.st_size, mtime_of(status)) != (length_bytes, record.mtime)
        ):
            return False
        content = file.read()
    found = digest_of(content)
    if coding is None:
        return found == record.digest
    if found.startswith(digest):
        return True
    document = unpack(coding, content, record.length_bytes) if record.digest.startswith(digest) else None
    return document is not None and digest_of(document) == record.digest
