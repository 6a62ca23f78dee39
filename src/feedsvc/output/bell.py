"""Who changes the feeds folder rings; whoever serves it need not look at each file each time.

The bell is a small file, `.bell`, in which other bytes stand after each ring. To read them costs a quarter of a stat. A
bell that can't be rung or heard harms nobody: everyone looks once a second in any case (lookout.py).
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from feedsvc.output.files import DOCUMENT_MODE

SAID_BYTES = 8


class Bell:
    """The bell of one feeds folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / ".bell"

    def ring(self) -> None:
        """Tell that a file was put, replaced or taken away. Never raises."""
        # A pipe in its place must keep nobody waiting.
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with contextlib.suppress(OSError):
            fd = os.open(self._path, flags, DOCUMENT_MODE)
            try:
                os.pwrite(fd, secrets.token_bytes(SAID_BYTES), 0)
            finally:
                os.close(fd)

    def open(self) -> int | None:
        """A descriptor to hear it by: the first SAID_BYTES bytes of it. None where there is no bell."""
        try:
            return os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
