"""A sign of life that others can see without asking: a page of memory that a process shares with whoever forked it.

    whoever does the work     moves it, and says what is at work before it begins
    supervisor                sees that it stands still; what the dead one was at is there for the next one

It costs no system call. Who hangs with Python's lock in hand can say nothing any more, by whatever thread; that shows
here, and nowhere else.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Sequence

_BEAT = struct.Struct("=Qd")
_FLAG = struct.Struct("=?")
_LENGTH = struct.Struct("=I")
_FLAG_AT = _BEAT.size
_LENGTH_AT = _FLAG_AT + 8
_NAMES_AT = _LENGTH_AT + 8


class Pulse:
    """Made before the fork. One process moves it at a time."""

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, mmap.PAGESIZE)

    @property
    def count(self) -> int:
        """Another one than before: it lives."""
        return int(_BEAT.unpack_from(self._page)[0])

    @property
    def patience_seconds(self) -> float:
        """How long what it does may take: until then it sees to that by itself, if it can."""
        return float(_BEAT.unpack_from(self._page)[1])

    def beat(self, patience_seconds: float) -> None:
        _BEAT.pack_into(self._page, 0, self.count + 1, patience_seconds)

    @property
    def at_work(self) -> Sequence[str]:
        """What it said last."""
        (length_bytes,) = _LENGTH.unpack_from(self._page, _LENGTH_AT)
        return self._page[_NAMES_AT : _NAMES_AT + length_bytes].decode("ascii").split()

    def say_at_work(self, names: Sequence[str]) -> None:
        """Words without spaces; so many as there is room for."""
        listed = " ".join(names).encode("ascii")
        while len(listed) > mmap.PAGESIZE - _NAMES_AT:
            listed = listed.rpartition(b" ")[0]
        _LENGTH.pack_into(self._page, _LENGTH_AT, 0)  # whoever is killed in between has said nothing
        self._page[_NAMES_AT : _NAMES_AT + len(listed)] = listed
        _LENGTH.pack_into(self._page, _LENGTH_AT, len(listed))

    def note_ended(self) -> None:
        """By no fault of anybody else: it hung, or crashed."""
        _FLAG.pack_into(self._page, _FLAG_AT, True)  # noqa: FBT003  # as struct takes it

    def take_suspects(self) -> Sequence[str]:
        """What the one before was at when it ended so; asked once, by the next one, before it begins."""
        (is_suspect,) = _FLAG.unpack_from(self._page, _FLAG_AT)
        suspects = self.at_work if is_suspect else ()
        _FLAG.pack_into(self._page, _FLAG_AT, False)  # noqa: FBT003  # likewise
        self.say_at_work(())
        return suspects
