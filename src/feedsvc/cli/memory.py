"""How a process of many threads holds little memory."""

from __future__ import annotations

import ctypes
import sys

_M_ARENA_MAX = -8
"""mallopt(3), glibc's."""


def share_arenas() -> None:
    """Let all threads take memory from two places, not two of each thread's own: what one gives back serves another."""
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        mallopt(_M_ARENA_MAX, 2)
