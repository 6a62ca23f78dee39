"""The feeds folder: `<slug>.rss`, `<slug>.atom`, `<slug>.json`, `index.opml`; everything else in it is hidden (dot-) state.

`.folder-id` names this folder in the database; `.locks/<slug>.lock` are its flock files; `.tmp-*` are files on
their way (same folder, so that rename is atomic).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from feedsvc.model import Document


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as it lies on disk. `mtime` is whole seconds UTC (its Last-Modified), `digest` SHA-256 of content."""

    slug: str
    format: str
    content: bytes
    digest: str
    mtime: datetime


class FeedsFolder:
    """One folder of documents. Raises OutputError, with path and reason, for whatever the file system refuses."""

    def __init__(self, path: Path) -> None:
        raise NotImplementedError

    path: Path

    def prepare(self) -> str:
        """Make the folder and its hidden state where they are missing; return the folder's id (minted once, kept in it)."""
        raise NotImplementedError

    def lock(self, slug: str) -> AbstractContextManager[None]:
        """Hold this folder's lock for one section, against other threads and other processes; blocks until it is had."""
        raise NotImplementedError

    def write(self, documents: Sequence[Document], last_modified: Mapping[str, datetime]) -> None:
        """Replace these files (all of one slug; `last_modified` by format), under that slug's lock.

        First every temp file is written, given its mtime and fsynced, then all are renamed, then the folder is fsynced:
        a crash at any point leaves each name with a complete old or new document. On an error no temp file stays.
        """
        raise NotImplementedError

    def remove(self, slug: str, formats: Sequence[str]) -> bool:
        """Delete these formats of a section; True if something was there."""
        raise NotImplementedError

    def read(self, slug: str, format: str) -> StoredDocument | None:
        """The file whole (content and stat from one open descriptor), or None if there is none."""
        raise NotImplementedError

    def stat(self, slug: str, format: str) -> tuple[int, datetime] | None:
        """(length in bytes, mtime) of the file or None: cheap."""
        raise NotImplementedError

    def slugs(self) -> Mapping[str, tuple[str, ...]]:
        """slug -> formats that lie in the folder now (index -> ("opml",))."""
        raise NotImplementedError

    def sweep(self, slug: str) -> int:
        """Delete this slug's left-over temp files; call it under the slug's lock. How many there were."""
        raise NotImplementedError

    def sweep_all(self) -> int:
        """sweep every slug that has left-overs, taking each one's lock (skipping a lock that is held now)."""
        raise NotImplementedError
