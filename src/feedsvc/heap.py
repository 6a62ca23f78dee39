"""How a process holds little memory: what is asked of glibc's malloc (mallopt(3), malloc_trim(3)), where it is used."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8

_ARENAS = 2
"""All threads take memory from these, not from two of each thread's own: what one gives back serves another."""

_MAPPED_BYTES = 128 * 1024
"""What is larger is mapped by itself, and goes back at once. That is glibc's own default; but whatever of that kind is
freed raises it, up to 32 MB, and holes of the size of documents would stay between what is kept."""

_TOP_BYTES = 1024 * 1024
"""So much that is free at the end of the heap is kept for the next."""


def hold_little() -> None:
    """From now on, in this process and those that are forked from it."""
    mallopt = _find("mallopt")
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)
        mallopt(_M_MMAP_THRESHOLD, _MAPPED_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _TOP_BYTES)


def give_back() -> None:
    """Whatever is free between what is kept. It takes some milliseconds, and whoever comes next has to ask again."""
    trim = _find("malloc_trim")
    if trim is not None:
        trim(0)


def _find(name: str) -> ctypes._NamedFuncPointer | None:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
