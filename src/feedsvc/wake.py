"""Between processes of one machine: who waits sleeps, and who has changed something wakes them, saying what.

Each sleeper has a FIFO of its own in a folder that all know who belong together. Names (slugs) are written into it, a
line each, at once or not at all (PIPE_BUF, pipe(7)). A FIFO that nobody reads refuses to be opened, so what a killed
sleeper leaves behind is told from one who sleeps, and cleared away by whoever finds it. A full one needs no further
call: its reader is awake, and takes so much for "anything may have changed".

A call is a hint. It may be lost with the process that was about to make it, so whoever sleeps looks by itself now and
then.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import select
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

ANYTHING = "*"
"""Called as a name: more may have changed than is named."""

_NAME = re.compile("[a-z0-9-]+")
_READ_BYTES = 1 << 20
_NEW = ".new."
_LEFT_OVER_SECONDS = 60.0
_STAYS_OPEN = os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Call:
    """What a sleeper heard; nothing at all when the time was up. `is_anything`: more may have changed than `names`."""

    names: frozenset[str] = frozenset()
    is_anything: bool = False


class Sleeper:
    """One that can be woken: by its own process, and by others if it has a FIFO in a folder. Close it at the end."""

    def __init__(self, path: Path | None, fds: tuple[int, int]) -> None:
        self._path = path
        self.fds = fds
        self._ears, self._mouth = fds
        self._closing = Lock()
        self._is_closed = False

    def sleep(self, seconds: float) -> Call:
        """Until something is called, or so long. What was called since the last time is heard at once."""
        poll = select.poll()
        poll.register(self._ears, select.POLLIN)
        if not poll.poll(max(0.0, seconds) * 1000):
            return Call()
        return self._listen()

    def call(self, names: Iterable[str] = ()) -> None:
        """Wake it, from any thread; nothing happens once it is closed."""
        with self._closing:
            if not self._is_closed:
                _write(self._mouth, message_of(names))

    def is_lost(self) -> bool:
        """Has somebody taken its FIFO away?"""
        return self._path is not None and not self._path.is_fifo()

    def close(self) -> None:
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()
        with self._closing:
            if not self._is_closed:
                self._is_closed = True
                for fd in {self._ears, self._mouth}:
                    os.close(fd)

    def _listen(self) -> Call:
        try:
            said = os.read(self._ears, _READ_BYTES)
        except BlockingIOError:
            return Call()
        # Pages of it may be half empty, so one that is full need not hold twice as much.
        is_anything = len(said) >= _capacity_bytes(self._ears) // 2
        names = set()
        for name in said.decode("ascii", errors="replace").split("\n"):
            if _NAME.fullmatch(name):
                names.add(name)
            else:
                is_anything |= bool(name)
        return Call(frozenset(names), is_anything)


class Sleepers:
    """All who sleep in one folder. `akin` is a file or folder whose writers may wake them."""

    def __init__(self, folder: Path, akin: Path) -> None:
        self.folder = folder
        self._akin = akin

    @contextlib.contextmanager
    def sleeper(self) -> Iterator[Sleeper]:
        """One more. Raises OSError where the folder takes no FIFO."""
        sleeper = self.join()
        try:
            yield sleeper
        finally:
            sleeper.close()

    def join(self) -> Sleeper:
        """One more, to be closed. Raises OSError where the folder takes no FIFO."""
        try:
            status = self._akin.stat()
        except FileNotFoundError:  # it is about to be made
            status = self._akin.parent.stat()
        writers = stat.S_IMODE(status.st_mode) & 0o222
        self._make_folder(status, writers)
        token = secrets.token_hex(8)
        new, path = self.folder / f"{_NEW}{token}", self.folder / token
        os.mkfifo(new, 0o600)
        try:
            # Open for writing, too, so that it never ends. Under its name only then: one without a reader is dead.
            fd = os.open(new, os.O_RDWR | os.O_NOFOLLOW | _STAYS_OPEN)
            try:
                with contextlib.suppress(OSError):
                    os.fchown(fd, -1, status.st_gid)
                os.fchmod(fd, 0o400 | writers)
                new.rename(path)
            except BaseException:
                os.close(fd)
                raise
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        return Sleeper(path, (fd, fd))

    def call(self, names: Iterable[str] = ()) -> None:
        """Wake all. Never raises, and never waits."""
        with contextlib.suppress(OSError):
            found = os.listdir(self.folder)  # noqa: PTH208  # a third of iterdir's time, for each article
            message = message_of(names) if found else b""
            for each in found:
                path = self.folder / each
                if each.startswith(_NEW):
                    self._clear_away(path)
                else:
                    self._wake(path, message)

    def _wake(self, path: Path, message: bytes) -> None:
        try:
            fd = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | _STAYS_OPEN)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nobody reads it, fifo(7)
                with contextlib.suppress(OSError):
                    path.unlink()
            return
        try:
            if stat.S_ISFIFO(os.fstat(fd).st_mode):
                _write(fd, message)
        finally:
            os.close(fd)

    def _clear_away(self, path: Path) -> None:
        """Of one who was killed in the midst of joining."""
        with contextlib.suppress(OSError):
            if time.time() - path.lstat().st_mtime > _LEFT_OVER_SECONDS:
                path.unlink()

    def _make_folder(self, status: os.stat_result, writers: int) -> None:
        if self.folder.is_symlink():  # it would have us make and delete FIFOs where it leads
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(self.folder))
        if self.folder.is_dir():
            return
        self.folder.mkdir(exist_ok=True)
        with contextlib.suppress(OSError):
            os.chown(self.folder, -1, status.st_gid)
        # Whoever may write finds the FIFOs (r, x) and clears dead ones away (w).
        self.folder.chmod(0o700 | writers | writers << 1 | writers >> 1)


def sleep_alone() -> Sleeper:
    """One that its own process alone can wake."""
    ears, mouth = os.pipe()
    os.set_blocking(ears, False)
    os.set_blocking(mouth, False)
    return Sleeper(None, (ears, mouth))


def message_of(names: Iterable[str]) -> bytes:
    """A line for each of these slugs; too many of them are "anything"."""
    message = "".join(f"{name}\n" for name in names).encode("ascii", errors="replace") or b"\n"
    return message if len(message) <= select.PIPE_BUF else f"{ANYTHING}\n".encode("ascii")


def _write(fd: int, message: bytes) -> None:
    with contextlib.suppress(OSError):  # full, or gone
        os.write(fd, message)


def _capacity_bytes(fd: int) -> int:
    try:
        return fcntl.fcntl(fd, fcntl.F_GETPIPE_SZ)
    except (OSError, AttributeError):  # no Linux
        return select.PIPE_BUF
