"""What one process at a time does for a feeds folder: a lock that falls with whoever holds it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from feedsvc.output.files import DOCUMENT_MODE, telling


class Claim:
    """To what the lock at `path` stands for. Its folder has to be there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock: int | None = None

    def claim(self) -> bool:
        """Is this the one that has it? It has until it lets go, or its process ends. Raises OutputError."""
        if self._lock is None:
            with telling(self._path):
                lock = os.open(self._path, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, DOCUMENT_MODE)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    os.close(lock)
                    return False
            self._lock = lock
        return True

    def let_go(self) -> None:
        """Another one may have it."""
        if self._lock is not None:
            fcntl.flock(self._lock, fcntl.LOCK_UN)  # said, since a child forked meanwhile still has the file open
            os.close(self._lock)
            self._lock = None
