"""Follows config.yaml while a process runs."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Lock

from feedsvc.config.reading import load_bytes, read_bytes
from feedsvc.config.settings import Settings
from feedsvc.errors import ConfigError

_WRITING_SECONDS = 0.05

_Look = tuple[int, int, int, int] | None
"""mtime and ctime in ns, size and inode of the file; None when there is none to look at."""


class SettingsSource:
    """The settings in force: follows the file, keeps the last good ones when it turns bad.

    An accepted file is remembered beside it as `.<name>.accepted` (only its owner may read it), so that a process that
    starts while config.yaml is broken still knows the last good one. Where that can't be written the service goes on
    without, and `memory_error` says why. Safe to share between threads.
    """

    current: Settings
    error: ConfigError | None
    memory_error: OSError | None

    def __init__(self, path: Path, environ: Mapping[str, str] | None = None) -> None:
        """Load now. A bad file with a remembered good one: that is in force, `error` is set; without: ConfigError."""
        self._path = path.absolute()
        self._environ = dict(os.environ if environ is None else environ)
        self._memory = self.memory_of(self._path)
        self._lock = Lock()
        self.error = None
        self.memory_error = None
        self._seen = self._look()
        self._content: bytes | None = None
        self._is_settled = False
        try:
            self._content = read_bytes(self._path)
            self.current = load_bytes(self._content, self._path, self._environ)
        except ConfigError as error:
            self.error = error
            self.current = self._recall(error)
        else:
            self._remember(self._content)

    @staticmethod
    def memory_of(path: Path) -> Path:
        """Where the last good one is kept."""
        return path.with_name(f".{path.name}.accepted")

    def refresh(self) -> bool:
        """Look at the file (one stat when nothing changed); True if new settings are now in force.

        A file that is bad, or gone, sets `error`; in force stays, or comes, what was accepted last by whichever process
        of the service looked first: they all serve by the same settings.
        """
        with self._lock:
            look = self._look()
            if look == self._seen and self._is_settled:
                return False
            # Written twice within a tick of the clock a file looks the same: after a change it is read once more.
            self._is_settled = look == self._seen
            self._seen = look
            return self._take()

    def _take(self) -> bool:
        try:
            content = self._read()
            if content == self._content:
                return False
            settings = self._load(content)
        except ConfigError as error:
            self.error = error
            return self._catch_up(error)
        self.error = None
        return self._put_in_force(settings)

    def _read(self) -> bytes:
        try:
            return read_bytes(self._path)
        except ConfigError:
            self._content, self._is_settled = None, False
            raise

    def _load(self, content: bytes) -> Settings:
        """An editor that writes in place leaves the file empty, or half, for a moment: a bad one is read once more."""
        self._content = content
        try:
            settings = load_bytes(content, self._path, self._environ)
        except ConfigError:
            time.sleep(_WRITING_SECONDS)
            self._content = content = self._read()
            settings = load_bytes(content, self._path, self._environ)
        self._remember(content)
        return settings

    def _catch_up(self, error: ConfigError) -> bool:
        """Another process may have accepted a version that this one never saw."""
        if self.memory_error is not None:  # what is remembered may be older than what is in force here
            return False
        try:
            return self._put_in_force(self._recall(error))
        except ConfigError:
            return False

    def _put_in_force(self, settings: Settings) -> bool:
        if settings == self.current:
            return False
        self.current = settings
        return True

    def _look(self) -> _Look:
        try:
            found = self._path.stat()
        except (OSError, ValueError):
            return None
        return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino

    def _recall(self, error: ConfigError) -> Settings:
        try:
            return load_bytes(read_bytes(self._memory), self._path, self._environ)
        except ConfigError:
            raise error from None

    def _remember(self, content: bytes) -> None:
        """Replace the copy whole, with rights for its owner alone: the file may hold a password."""
        try:
            if self._memory.exists() and self._memory.read_bytes() == content:
                return
            with NamedTemporaryFile(dir=self._memory.parent, prefix=f"{self._memory.name}-", delete=False) as file:
                try:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                    Path(file.name).replace(self._memory)
                except OSError:
                    with suppress(OSError):
                        Path(file.name).unlink()
                    raise
        except OSError as error:
            self.memory_error = error
        else:
            self.memory_error = None
