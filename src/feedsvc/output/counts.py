"""Numbers of all processes of a feeds folder in one file, `.counts`, for the owner's eyes only: a line each.

    <the number, 24 columns><its name, labels behind it, a space between them><blanks up to 128 bytes, a line end>

Whoever adds to them holds the file's lock for some microseconds and writes over what stands there, so it needs no room:
a disk that is full keeps nobody from telling so. No line lies across two pages of memory, so a kill leaves the old
number or the new one. Nothing is fsynced: a machine that loses power loses some counts, and nothing else.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from feedsvc.errors import OutputError
from feedsvc.output.files import telling

Key = tuple[str, ...]
"""A name and its labels: words without spaces."""

_LINE = 128
_NUMBER = 24
_NAME = _LINE - _NUMBER - 1
_MODE = 0o600
_RESERVED = 256
"""Lines for which there is room from the beginning."""

_MOST_BYTES = _LINE * 4_096


class CountsFile:
    """The numbers of one feeds folder. Raises OutputError for what the file system refuses."""

    def __init__(self, feeds: Path) -> None:
        self._path = feeds / ".counts"

    def change(self, added: Mapping[Key, float], put: Mapping[Key, float]) -> None:
        """Add to some numbers, and put others in the place of what was there."""
        with telling(self._path), self._open(os.O_RDWR | os.O_CREAT) as fd:
            fcntl.flock(fd, fcntl.LOCK_EX)
            lines = _parse(_load(fd))
            if not lines:
                os.ftruncate(fd, 0)  # it is new, or no file of ours
                os.pwrite(fd, (b" " * (_LINE - 1) + b"\n") * _RESERVED, 0)
            end = max((at for at, _ in lines.values()), default=-_LINE) + _LINE
            for key, value in [*added.items(), *put.items()]:
                at, before = lines.get(key, (end, 0.0))
                number = float(value if key in put else before + value)
                lines[key] = at, number
                end = max(end, at + _LINE)
                os.pwrite(fd, _line(key, number), at)

    def read(self) -> dict[Key, float]:
        """All of them; none where there is no such file."""
        with telling(self._path):
            try:
                with self._open(os.O_RDONLY) as fd:
                    fcntl.flock(fd, fcntl.LOCK_SH)
                    return {key: number for key, (_, number) in _parse(_load(fd)).items()}
            except FileNotFoundError:
                return {}

    @contextlib.contextmanager
    def _open(self, flags: int) -> Iterator[int]:
        # Neither a link out of the folder nor a pipe that would block is the file.
        fd = os.open(self._path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, _MODE)
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise OutputError(self._path, "something else stands where counts are kept: move it away")
            yield fd
        finally:
            os.close(fd)


def _load(fd: int) -> bytes:
    length_bytes = os.fstat(fd).st_size
    return os.pread(fd, length_bytes, 0) if length_bytes <= _MOST_BYTES else b""


def _parse(content: bytes) -> dict[Key, tuple[int, float]]:
    """Name -> where its line begins, and its number. What is no such line ends it: blanks stand behind the last."""
    found: dict[Key, tuple[int, float]] = {}
    for at in range(0, len(content) - _LINE + 1, _LINE):
        name = content[at + _NUMBER : at + _LINE].decode("ascii", "replace").split()
        try:
            found[tuple(name)] = at, float(content[at : at + _NUMBER])
        except ValueError:
            break
        if not name:
            return {}
    return found


def _line(key: Key, number: float) -> bytes:
    text = str(int(number)) if number.is_integer() else repr(round(number, 6))
    name = " ".join(key)
    assert len(text) < _NUMBER, f"{name} is beyond all counting: {text}"
    assert len(name) <= _NAME, f"{name} is too long for its line"
    return f"{text:<{_NUMBER}}{name:<{_NAME}}\n".encode("ascii")
