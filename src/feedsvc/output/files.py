"""Files and folders, written so that they last; what the file system refuses, in words with the mend."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from io import FileIO
from pathlib import Path

from feedsvc.errors import OutputError
from feedsvc.parse import MAX_BYTES

DOCUMENT_MODE = 0o644  # whatever the umask: a web server under another user reads them
FOLDER_MODE = 0o755
_READ_BYTES = 1 << 20

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_SECOND = int(datetime.min.replace(tzinfo=UTC).timestamp())
_LAST_SECOND = int(datetime.max.replace(tzinfo=UTC, microsecond=0).timestamp())

LARGEST_BYTES = MAX_BYTES
"""No document is larger: what could not be parsed could not be proved."""

_MENDS = {
    errno.ENOSPC: "free some space; what is missing is written as soon as there is room",
    errno.EDQUOT: "free some space or raise the quota; what is missing is written as soon as there is room",
    errno.EACCES: "let the user that feedsvc runs as read and write this folder",
    errno.EPERM: "let the user that feedsvc runs as read and write this folder",
    errno.EROFS: "mount it writable, or name another folder as `feeds` in config.yaml",
    errno.ENOENT: "the folder is not there: a running service makes it again; where it can't, name another one as "
    "`feeds` in config.yaml",
    errno.EMFILE: "raise the limit of open files (ulimit -n, or LimitNOFILE in a systemd unit)",
    errno.ENFILE: "the whole system has too many open files: raise fs.file-max",
    errno.ENOTDIR: "a part of this path is a file: move it away, or name another folder as `feeds` in config.yaml",
    errno.EISDIR: "a folder stands where a document belongs: move it away",
    errno.ENOLCK: "this file system has no locks: name a folder on a local disk as `feeds` in config.yaml",
    errno.EEXIST: "a file stands where a folder belongs: move it away",
    errno.ELOOP: "a link stands where a folder belongs, or a file: move it away",
    errno.EIO: "the disk fails: look at the system's log",
}


def write_durably(path: Path, content: bytes) -> None:
    with begin_writing(path, content) as file:
        os.fsync(file.fileno())


def begin_writing(path: Path, content: bytes, mtime: datetime | None = None) -> FileIO:
    """A new file on its way to the disk: who begins with several before the first is synced waits less for all."""
    file = FileIO(path, "wb", opener=_create)
    try:
        os.fchmod(file.fileno(), DOCUMENT_MODE)
        left = memoryview(content)
        while left:
            left = left[file.write(left) :]
        if mtime is not None:
            seconds = int(mtime.timestamp())
            os.utime(file.fileno(), (seconds, seconds))
        # Linux begins to write out what is said not to be needed, and keeps in memory what is not written out yet.
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    except BaseException:
        file.close()
        raise
    return file


def _create(path: str, _flags: int) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, DOCUMENT_MODE)


def read_whole(path: Path, *, below_bytes: int | None = None) -> tuple[bytes, datetime] | None:
    """A file's content and mtime, from one open descriptor; None if there is none, or not one below this length.

    Raises OutputError, without reading it, for one that is larger than any document.
    """
    with telling(path):
        try:
            # Neither a link out of the folder nor a pipe that would block counts as a document.
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ELOOP):
                return None
            raise
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode) or (below_bytes is not None and status.st_size >= below_bytes):
                return None
            content = _read_bounded(path, fd, status.st_size)
        finally:
            os.close(fd)
    return content, mtime_of(status)


def _read_bounded(path: Path, fd: int, length_bytes: int) -> bytes:
    """All of it, also where it grows meanwhile."""
    chunks: list[bytes] = []
    read_bytes = 0
    while max(length_bytes, read_bytes) <= LARGEST_BYTES:
        chunk = os.read(fd, _READ_BYTES)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
        read_bytes += len(chunk)
    raise OutputError(
        path,
        f"it holds {max(length_bytes, read_bytes)} bytes, more than the {LARGEST_BYTES} that a document can have: "
        "something else wrote it; delete it, and it is made anew",
    )


def stat_file(path: Path) -> tuple[int, datetime] | None:
    """(length in bytes, mtime) of a file, None where there is none."""
    with telling(path):
        try:
            status = path.lstat()
        except FileNotFoundError:
            return None
    return (status.st_size, mtime_of(status)) if stat.S_ISREG(status.st_mode) else None


def sync_folder(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def mtime_of(status: os.stat_result) -> datetime:
    """Whole seconds. A file system knows times that datetime does not: the nearest stands for one of these."""
    return _instant_of(status.st_mtime_ns // 1_000_000_000)


@lru_cache(maxsize=1_000)
def _instant_of(seconds: int) -> datetime:
    """Kept, since a document and its twins have one."""
    return _EPOCH + timedelta(seconds=min(max(seconds, _FIRST_SECOND), _LAST_SECOND))


@contextlib.contextmanager
def telling(path: Path) -> Iterator[None]:
    """What the file system refuses becomes an OutputError that says how to mend it."""
    try:
        yield
    except OSError as error:
        raise output_error(path, error) from error


def output_error(path: Path, error: OSError) -> OutputError:
    said = (error.strerror or str(error)).lower()
    mend = _MENDS.get(error.errno or 0)
    return OutputError(path, f"{said}; {mend}" if mend else said)


def refuse_links(path: Path, *, below: Path) -> None:
    """Raise OSError where `path`, or what lies between it and `below`, is a link.

    Whoever may put one into a folder of ours would have us write and delete where it leads, with our rights. `below`
    itself may be one: that is where an admin has put the folder.
    """
    while path != below:
        if path.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        path = path.parent


def make_private_folder(path: Path, akin: Path) -> None:
    """Make a folder into which only those may look who may write to `akin`; close one that is open to others.

    Whoever can open a lock file, if only to read it, can hold its lock (flock(2)). Raises OSError for a link.
    """
    refuse_links(path, below=path.parent)
    make_folder(path.parent)  # if somebody has deleted it: a web server has to be let in, whatever our umask
    path.mkdir(exist_ok=True)
    mode = 0o770 if akin.stat().st_mode & stat.S_IWGRP else 0o700
    if path.stat().st_mode & 0o077 & ~mode:
        with contextlib.suppress(PermissionError):  # another user's
            path.chmod(mode)


def make_folder(path: Path) -> None:
    """Make it, and what is missing above it, so that it lasts; nothing happens where it is there."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    path.chmod(FOLDER_MODE)
    sync_folder(path.parent)
