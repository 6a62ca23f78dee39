"""Documents from memory, each time checked against the file's stat."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from feedsvc.errors import OutputError
from feedsvc.log import get_logger
from feedsvc.output import FeedsFolder, StoredDocument
from feedsvc.web.pace import Pace

log = get_logger(__name__)

_KEPT_BYTES = 64 * 1024 * 1024


class DocumentCache:
    """The feeds folder's documents, least recently asked for dropped beyond `limit_bytes`.

    A document costs one stat while its length and mtime stay; every change of bytes moves the mtime (see
    Transaction.allot_last_modified), so nothing staler than the file is ever given out.
    """

    def __init__(self, folder: FeedsFolder, limit_bytes: int = _KEPT_BYTES) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._lock = Lock()
        self._kept: OrderedDict[tuple[str, str], StoredDocument] = OrderedDict()
        self._kept_bytes = 0
        self._complaints = Pace(10)

    def get(self, slug: str, format: str) -> StoredDocument | None:
        """The document as it lies in the folder now, or None if there is none.

        While the folder can't be read the last known document is given, since a reader is better off with it than with
        an error; raises OutputError where there is none.
        """
        kept = self._look_up(slug, format)
        try:
            stat = self._folder.stat(slug, format)
            if stat is not None and kept is not None and stat == (len(kept.content), kept.mtime):
                return kept
            found = None if stat is None else self._folder.read(slug, format)
        except OutputError as error:
            if kept is None:
                raise
            if self._complaints.is_due():
                log.warning("feed_served_from_memory", path=str(error.path), reason=error.reason)
            return kept
        self._keep(slug, format, found)
        return found

    def _look_up(self, slug: str, format: str) -> StoredDocument | None:
        with self._lock:
            kept = self._kept.get((slug, format))
            if kept is not None:
                self._kept.move_to_end((slug, format))
            return kept

    def _keep(self, slug: str, format: str, document: StoredDocument | None) -> None:
        with self._lock:
            before = self._kept.pop((slug, format), None)
            if before is not None:
                self._kept_bytes -= len(before.content)
            if document is not None:
                self._kept[slug, format] = document
                self._kept_bytes += len(document.content)
            while self._kept_bytes > self._limit_bytes:
                _, dropped = self._kept.popitem(last=False)
                self._kept_bytes -= len(dropped.content)
