"""Looks at files in the feeds folder, many thousand times a second."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

from feedsvc.output.bell import SAID_BYTES, Bell
from feedsvc.output.files import output_error

Mark = str
"""What moves with a file's bytes; compared whole."""

LOOK_AGAIN_SECONDS = 1.0
"""What other hands do in the folder, which ring no bell, is seen after so long."""


_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Neither a link out of the folder nor a pipe that would block counts as a document."""


def mark_of(status: os.stat_result) -> Mark:
    """The ctime is in it, since an inode is used again, and a length and a time can be kept."""
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


class Moment:
    """A time in which no file has changed, as far as is known. Compared by identity."""

    __slots__ = ()


class _Open:
    """The folder and its bell held open; closed when nobody looks through them any more."""

    def __init__(self, path: Path) -> None:
        self.folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self.bell = Bell(path).open()

    def __del__(self) -> None:
        for fd in (getattr(self, "folder", None), getattr(self, "bell", None)):
            if fd is not None:
                with contextlib.suppress(OSError):
                    os.close(fd)


class Lookout:
    """Tells whether a file has to be looked at, and looks without walking the whole path."""

    def __init__(self, path: Path, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._monotonic = monotonic
        self._open: _Open | None = None
        self._next = float("-inf")
        self._said: bytes | None = None
        self._moment = Moment()

    def moment(self) -> Moment:
        """The one that it is now: what was seen in it need not be looked at again while it lasts.

        Ask before looking, so that what changes in between is seen the next time. Raises OutputError.
        """
        now = self._monotonic()
        if now >= self._next or self._open is None:
            self._renew(now)
        said = self._hear()
        if said != self._said or not said:
            self._said, self._moment = said, Moment()
        return self._moment

    def look(self, name: str) -> os.stat_result | None:
        """What lies under this name, counted from the folder; a link is not followed. None if nothing does.

        Raises OutputError.
        """
        opened = self._open or self._renew(self._monotonic())
        try:
            return os.stat(name, dir_fd=opened.folder, follow_symlinks=False)
        except FileNotFoundError:
            if self._is_open(opened):
                return None
        except OSError:
            pass
        opened = self._renew(self._monotonic())  # it may be the folder itself that is gone
        try:
            return os.stat(name, dir_fd=opened.folder, follow_symlinks=False)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise output_error(self._path / name, error) from error

    def read(self, name: str, mark: Mark) -> bytes | None:
        """What lies under this name, read from the very file that was looked at; None if another does, or none.

        As cheap as can be: four system calls, no path walked. Raises OutputError.
        """
        opened = self._open or self._renew(self._monotonic())
        try:
            fd = os.open(name, _READING, dir_fd=opened.folder)
            try:
                status = os.fstat(fd)
                return os.read(fd, status.st_size) if mark_of(status) == mark else None
            finally:
                os.close(fd)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ELOOP):
                return None
            raise output_error(self._path / name, error) from error

    def _is_open(self, opened: _Open) -> bool:
        """Is the folder that is held open the one that lies there?"""
        try:
            return os.path.samestat(self._path.stat(), os.fstat(opened.folder))
        except OSError:
            return False

    def _hear(self) -> bytes:
        """What the bell said last; nothing where there is none."""
        opened = self._open  # held, since another thread may let it go at any time
        if opened is None or opened.bell is None:
            return b""
        try:
            return os.pread(opened.bell, SAID_BYTES, 0)
        except OSError:
            return b""

    def _renew(self, now: float) -> _Open:
        """Open the folder that lies there now, and let a new moment begin."""
        self._next = now + LOOK_AGAIN_SECONDS
        self._said = None
        try:
            self._open = opened = _Open(self._path)
        except OSError as error:
            self._open = None
            raise output_error(self._path, error) from error
        return opened
