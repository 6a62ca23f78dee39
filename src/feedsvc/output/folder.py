"""The feeds folder: `<slug>.rss`, `<slug>.atom`, `<slug>.json`, `index.opml`; the rest is hidden (dot-) state.

A document's name is a slug, or `<slug>/archive/<number>`: the archives of a section lie in a folder of their own.
`.folder-id` names this folder in the database; `.bell` tells that something changed (bell.py); in `.waiting` lie the
FIFOs of those who wait for a publication (wake.py); `.locks/<slug>.lock` are its flock files; `.removed` holds the
slugs of sections that there were, one a line; `.progress` says how far the worker has come with many feeds;
`.tmp.<slug>.<format>` are files on their way (in the folder of the document, so that rename is atomic; slugs hold no
dot, so that each tells whose it is).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import get_args
from uuid import UUID, uuid4

from feedsvc.errors import OutputError
from feedsvc.model import ARCHIVE_FORMAT, INDEX_SLUG, Coding, Document, FormatName
from feedsvc.output.bell import Bell
from feedsvc.output.claim import Claim
from feedsvc.output.files import (
    DOCUMENT_MODE,
    FOLDER_MODE,
    make_private_folder,
    mtime_of,
    output_error,
    read_whole,
    refuse_links,
    stat_file,
    sync_folder,
    telling,
    write_durably,
)
from feedsvc.output.replacing import TEMP_PREFIX, Replacement, delete_files, replace_files, twin_path
from feedsvc.output.spares import Spares
from feedsvc.output.twins import CODINGS, SUFFIXES
from feedsvc.wake import Sleepers

DOCUMENT_FORMATS = (*get_args(FormatName), "opml")
"""What is ours in the folder; a format's name is its files' suffix."""

_SLUG = re.compile("[a-z0-9-]+")
_ARCHIVE_NAME = re.compile("[a-z0-9-]+/archive/[1-9][0-9]{0,8}")
_REMOVED = ".removed"

_TWIN_SUFFIXES = {f"{name}.{suffix}" for name in DOCUMENT_FORMATS for suffix in SUFFIXES.values()}

FileStats = Mapping[tuple[str, str], tuple[int, datetime]]
"""(slug, format) -> (length in bytes, mtime) of the documents in the folder; (slug, "rss.gz") of their twins."""

Refused = Mapping[tuple[str, Coding], OutputError]
"""(format, coding) -> why this twin could not be written."""


@dataclass(frozen=True)
class StoredDocument:
    """A document as it lies on disk. `mtime` is whole seconds UTC (its Last-Modified)."""

    slug: str
    format: str
    content: bytes
    mtime: datetime

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content in hex."""
        return hashlib.sha256(self.content).hexdigest()


class FeedsFolder:
    """One folder of documents. Raises OutputError, with path and reason, for whatever the file system refuses."""

    def __init__(self, path: Path) -> None:
        """Nothing is touched yet; `prepare` makes what is missing."""
        self.path = path
        self.bell = Bell(path)
        self.waiters = Sleepers(path / ".waiting", akin=path)
        self.spares = Spares(path)
        self._id: str | None = None

    path: Path
    bell: Bell
    spares: Spares
    waiters: Sleepers

    def prepare(self) -> str:
        """Make the folder and its hidden state where they are missing; the folder's id (minted once, kept in it).

        One that was deleted is the same folder when it comes back, if its spares are still beside it.
        """
        self._make_folders()
        path, temp = self.path / ".folder-id", self.path / f"{TEMP_PREFIX}.folder-id"
        with self._flock(".folder-id"), telling(path):
            temp.unlink(missing_ok=True)
            found = self._read_id()
            if found is None:
                found = self._id or self.spares.read_id() or str(uuid4())
                write_durably(temp, found.encode("ascii"))
                temp.rename(path)
                sync_folder(self.path)
            self.spares.prepare(found)
        self._id = found
        self.bell.ring()
        return found

    def lock(self, slug: str) -> AbstractContextManager[None]:
        """Hold this folder's lock for one section, against other threads and processes; blocks until it is had."""
        return self._flock(_checked(self.path, slug))

    def lock_archives(self, slug: str) -> AbstractContextManager[None]:
        """Likewise for the archives of one section, which are made beside its live documents."""
        return self._flock(f"{_checked(self.path, slug)}.archive")

    def claim(self, task: str) -> Claim:
        """To do a task for this folder that one process at a time does."""
        return Claim(self.path / ".locks" / f".{task}.lock")

    def write(
        self,
        documents: Sequence[Document],
        last_modified: Mapping[str, datetime],
        twins: Mapping[str, Mapping[Coding, bytes]] = MappingProxyType({}),
        *,
        before: Callable[[], None] = lambda: None,
    ) -> Refused:
        """Replace these files (all of one name; `last_modified` and `twins` by format), under that name's lock.

        Beside each lie the twins that are given with it and no others. A crash at any point leaves each name with a
        complete old or new document, never with another one's twin (replacing.py). On an error no temp file stays. A
        twin that can't be written keeps no document back: it is in what comes back. `before` is called when all of it
        lies there under other names, with nothing replaced yet.
        """
        return self._replace(
            [
                Replacement(
                    self.locate(each.slug, each.format),
                    last_modified[each.format],
                    each.content,
                    dict.fromkeys(CODINGS) | dict(twins.get(each.format, {})),
                )
                for each in documents
            ],
            before,
        )

    def write_twins(
        self,
        slug: str,
        last_modified: Mapping[str, datetime],
        twins: Mapping[str, Mapping[Coding, bytes | None]],
    ) -> Refused:
        """Replace these twins of documents that stay as they are (None: delete it), under that name's lock."""
        paths = {name: self.locate(slug, name) for name in twins}
        return self._replace([Replacement(paths[name], last_modified[name], None, twins[name]) for name in twins])

    def _replace(self, replacements: Sequence[Replacement], before: Callable[[], None] = lambda: None) -> Refused:
        refused = replace_files(replacements, self.bell.ring, before=before)
        return {
            (each.path.suffix.removeprefix("."), coding): error
            for each in replacements
            for coding in CODINGS
            if (error := refused.get(twin_path(each.path, coding))) is not None
        }

    def remove(self, slug: str, formats: Sequence[str]) -> bool:
        """Delete these formats of a section with their twins and spares; True if something was there."""
        paths = [self.locate(slug, name) for name in formats]
        if formats:
            self.spares.drop(slug, formats)
        return self._remove(paths)

    def _remove(self, paths: Sequence[Path]) -> bool:
        is_any = delete_files(paths)
        self.bell.ring()
        if is_any:
            with telling(self.path):
                sync_folder(self.path)
        return is_any

    def sync(self, slug: str = INDEX_SLUG) -> None:
        """Let what has come to this name last."""
        folder = self.locate(slug, ARCHIVE_FORMAT).parent
        with telling(folder):
            sync_folder(folder)

    def read(self, slug: str, format: str) -> StoredDocument | None:
        """The file whole (content and stat from one open descriptor), or None if there is none."""
        found = read_whole(self.locate(slug, format))
        if found is None:
            return None
        content, mtime = found
        return StoredDocument(slug, format, content, mtime)

    def read_twin(self, slug: str, format: str, coding: Coding, mtime: datetime) -> bytes | None:
        """The compressed form of the document whose mtime this is (content and stat from one open descriptor).

        None if there is none, or it is another document's, or it is no smaller than the document that lies there.
        """
        document = self.stat(slug, format)
        if document is None:
            return None
        found = read_whole(twin_path(self.locate(slug, format), coding), below_bytes=document[0])
        return found[0] if found is not None and found[1] == mtime else None

    def locate(self, slug: str, format: str) -> Path:
        """Where a document lies or would; `slug` may be the name of an archive.

        Neither leads out of the folder, nor an archive's through a link.
        """
        if _ARCHIVE_NAME.fullmatch(slug) and format == ARCHIVE_FORMAT:
            path = self.path / f"{slug}.{format}"
            with telling(path.parent):
                refuse_links(path.parent, below=self.path)
            return path
        path = self.path / f"{_checked(self.path, slug)}.{format}"
        if format not in DOCUMENT_FORMATS:
            raise OutputError(path, f"{format!r} is no format; there are {', '.join(DOCUMENT_FORMATS)}")
        return path

    def stat(self, slug: str, format: str) -> tuple[int, datetime] | None:
        """(length in bytes, mtime) of the file or None: cheap."""
        return stat_file(self.locate(slug, format))

    def stat_twin(self, slug: str, format: str, coding: Coding) -> tuple[int, datetime] | None:
        """(length in bytes, mtime) of what lies where this twin would, or None: cheap."""
        return stat_file(twin_path(self.locate(slug, format), coding))

    def stats_of(self, slug: str) -> FileStats:
        """What `stats` says of one slug (or of one archive), by a few stats."""
        base = str(self.locate(slug, ARCHIVE_FORMAT)).removesuffix(ARCHIVE_FORMAT)
        stats = {suffix: stat_file(Path(f"{base}{suffix}")) for suffix in (*DOCUMENT_FORMATS, *_TWIN_SUFFIXES)}
        return {(slug, suffix): status for suffix, status in stats.items() if status is not None}

    def stats(self) -> FileStats:
        """What `stat` says of every document, and of what lies where a twin would, by one walk over the folder."""
        found = {}
        for entry in self._entries():
            slug, _, suffix = entry.name.partition(".")
            if (suffix in DOCUMENT_FORMATS or suffix in _TWIN_SUFFIXES) and _SLUG.fullmatch(slug):
                try:  # not by `telling`, which would cost more than the stat
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                except OSError as error:
                    raise output_error(self.path / entry.name, error) from error
                if stat.S_ISREG(status.st_mode):
                    found[slug, suffix] = (status.st_size, mtime_of(status))
        return found

    def slugs(self) -> Mapping[str, tuple[str, ...]]:
        """slug -> formats that lie in the folder now (index -> ("opml",))."""
        found: dict[str, tuple[str, ...]] = {}
        for slug, suffix in sorted(self.stats()):
            if suffix in DOCUMENT_FORMATS:
                found[slug] = (*found.get(slug, ()), suffix)
        return found

    def orphans(self) -> Mapping[str, tuple[str, ...]]:
        """slug -> formats of which twins lie in the folder, and no document; it may be nobody's of ours."""
        files = self.stats()
        found: dict[str, tuple[str, ...]] = {}
        for slug, name in sorted({(slug, suffix.partition(".")[0]) for slug, suffix in files}):
            if (slug, name) not in files:
                found[slug] = (*found.get(slug, ()), name)
        return found

    def remove_orphans(self, slug: str, files: FileStats | None = None) -> bool:
        """Delete this slug's twins whose document is gone; call it under the slug's lock. True if there were any.

        `files` is what `stats_of` has said under the same lock.
        """
        files = self.stats_of(slug) if files is None else files
        names = {suffix.partition(".")[0] for _, suffix in files}
        gone = [name for name in sorted(names) if (slug, name) not in files]
        return bool(gone) and self._remove([self.locate(slug, name) for name in gone])

    def removed(self) -> frozenset[str]:
        """The slugs of sections that there were; what a poll may ask without the database."""
        path = self.path / _REMOVED
        with telling(path):
            try:
                return frozenset(path.read_text("ascii", errors="replace").split())
            except FileNotFoundError:
                return frozenset()

    def note_removed(self, slugs: Collection[str]) -> None:
        """Replace them, if they are others than before; what can be no section's name is none."""
        path, temp = self.path / _REMOVED, self.path / f"{TEMP_PREFIX}{_REMOVED}"
        slugs = frozenset(slug for slug in slugs if _SLUG.fullmatch(slug))
        with self._flock(_REMOVED):
            if slugs == self.removed():
                return
            with telling(path):
                temp.unlink(missing_ok=True)
                write_durably(temp, "".join(f"{slug}\n" for slug in sorted(slugs)).encode("ascii"))
                temp.rename(path)
                sync_folder(self.path)

    def sweep(self, slug: str) -> int:
        """Delete this slug's left-over temp files; call it under the slug's lock. How many there were."""
        return self._sweep(f"{TEMP_PREFIX}{slug}.{suffix}" for suffix in (*DOCUMENT_FORMATS, *_TWIN_SUFFIXES))

    def sweep_all(self) -> int:
        """sweep every slug that has left-overs, taking each one's lock (skipping a lock that is held now).

        It looks at the whole folder, and finds those of former versions, too, whose names ended otherwise.
        """
        found: dict[str, list[str]] = {}
        for entry in self._entries():
            if entry.name.startswith(TEMP_PREFIX) and _SLUG.fullmatch(slug := _slug_of_temp(entry.name)):
                found.setdefault(slug, []).append(entry.name)
        count = 0
        for slug, names in sorted(found.items()):
            with contextlib.suppress(BlockingIOError), self._flock(slug, wait=False):
                count += self._sweep(names)
        return count

    def _sweep(self, names: Iterable[str]) -> int:
        # Asked first: to unlink what is not there waits for whoever writes into the folder.
        left = [path for name in names if os.path.lexists(path := self.path / name)]
        for path in left:
            with telling(path):
                path.unlink(missing_ok=True)
        return len(left)

    def _entries(self) -> Iterator[os.DirEntry[str]]:
        """What lies in the folder; nothing if it was deleted, since writing makes it anew. Each is let go at once."""
        with telling(self.path):
            try:
                with os.scandir(self.path) as entries:
                    yield from entries
            except FileNotFoundError:
                return

    def _read_id(self) -> str | None:
        """The id that lies in the folder; None also if what lies there is none."""
        try:
            return str(UUID((self.path / ".folder-id").read_text("ascii")))
        except (FileNotFoundError, ValueError):
            return None

    def _make_folders(self) -> None:
        with telling(self.path):
            if not self.path.is_dir():
                self.path.mkdir(parents=True, exist_ok=True)
                self.path.chmod(FOLDER_MODE)
        with telling(self.path / ".locks"):
            make_private_folder(self.path / ".locks", self.path)

    @contextlib.contextmanager
    def _flock(self, name: str, *, wait: bool = True) -> Iterator[None]:
        """flock belongs to the open file: two openings exclude each other within one process, too (flock(2))."""
        path = self.path / ".locks" / f"{name}.lock"
        with telling(path):
            fd = self._open_lock(path)
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise
            except OSError as error:
                raise output_error(path, error) from error
            yield
        finally:
            # Said, not left to close: a child forked meanwhile still has the file open.
            fcntl.flock(fd, fcntl.LOCK_UN)
            os.close(fd)

    def _open_lock(self, path: Path) -> int:
        # Read-only is enough for flock, and works on a file that another user (an admin's command) made.
        flags = os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW
        refuse_links(path.parent, below=self.path)
        try:
            return os.open(path, flags, DOCUMENT_MODE)
        except FileNotFoundError:
            if self._id is None:
                raise
        # The folder was deleted under a running service: make it anew, under the id that the database knows.
        self._make_folders()
        if path.name != ".folder-id.lock":
            self.prepare()
        return os.open(path, flags, DOCUMENT_MODE)


def _checked(folder: Path, slug: str) -> str:
    if not _SLUG.fullmatch(slug):
        raise OutputError(folder / slug, "no section can have this name; only a-z, 0-9 and hyphens are in one")
    return slug


def _slug_of_temp(name: str) -> str:
    return name.removeprefix(TEMP_PREFIX).partition(".")[0]
