"""Looks at files in the feeds folder, many thousand times a second."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from feedsvc.output.files import output_error

_TRUSTED_SECONDS = 1.0


class _Open:
    """A folder held open; closed when nobody looks through it any more."""

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        status = os.fstat(self.fd)
        self.identity = (status.st_dev, status.st_ino)

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError, OSError):
            os.close(self.fd)


class Lookout:
    """A stat that does not walk the whole path each time: the folder is held open, which takes a third off it.

    A folder that is put in the place of this one is noticed within a second, one that was deleted at once.
    """

    def __init__(self, path: Path, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._monotonic = monotonic
        self._open: _Open | None = None
        self._trusted_until = float("-inf")

    def look(self, name: str) -> os.stat_result | None:
        """What lies under this name, counted from the folder; a link is not followed. None if nothing does.

        Raises OutputError.
        """
        folder = self._open
        now = self._monotonic()
        if folder is None or now >= self._trusted_until:
            folder = self._renew(now)
        try:
            return os.stat(name, dir_fd=folder.fd, follow_symlinks=False)
        except OSError:
            folder = self._renew(now)  # it may be the folder itself that is gone
        try:
            return os.stat(name, dir_fd=folder.fd, follow_symlinks=False)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise output_error(self._path / name, error) from error

    def _renew(self, now: float) -> _Open:
        """The folder that lies there now."""
        try:
            status = self._path.stat()
            if self._open is None or self._open.identity != (status.st_dev, status.st_ino):
                self._open = _Open(self._path)
        except OSError as error:
            self._open = None
            raise output_error(self._path, error) from error
        self._trusted_until = now + _TRUSTED_SECONDS
        return self._open
