"""What Linux does for a process that asks for it: prctl(2), and what it tells of one. Elsewhere nothing happens."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

CRASHES = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT, signal.SIGSYS})
"""By one of these a process ends that went wrong itself, not since somebody wanted it to."""

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36


def end_with_parent(parent: int, number: int) -> None:
    """For a process that was just forked from `parent`: get this signal when that ends, and end now if it has."""
    _prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of whatever our children leave behind."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def name_process(name: str) -> None:
    """What `ps -o comm`, top and pgrep call this process, and those forked from it; at most 15 characters."""
    _prctl(_PR_SET_NAME, name.encode("ascii"))


def is_stopped(pid: int) -> bool:
    """Does it stand still since somebody wants it to: SIGSTOP, Ctrl-Z, a debugger?"""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0] in ("T", "t")
    except (OSError, IndexError):
        return False


def _prctl(option: int, value: int | bytes) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
