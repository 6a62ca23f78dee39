"""A cable to PostgreSQL that can be pulled: then nothing goes through any more, and nobody is told.

TCP by itself can't tell either: both kernels are there, and acknowledge what they get. So what notices it is ours.
"""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import make_url


class Cable:
    """From a port on this machine to PostgreSQL's Unix socket."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        folder = parsed.query["host"]
        assert isinstance(folder, str)
        self._theirs = next(str(path) for path in Path(folder).glob(".s.PGSQL.*") if path.suffix != ".lock")
        self._port = socket.create_server(("127.0.0.1", 0))
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._port, selectors.EVENT_READ)
        self._other: dict[socket.socket, socket.socket] = {}
        self._is_whole = threading.Event()
        self._is_whole.set()
        self._is_ended = False
        number = self._port.getsockname()[1]
        there = parsed.set(host="127.0.0.1", port=number, query={})
        self.url = there.render_as_string(hide_password=False)
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    @contextmanager
    def pulled(self) -> Iterator[None]:
        self._is_whole.clear()
        try:
            yield
        finally:
            self._is_whole.set()

    def close(self) -> None:
        self._is_ended = True
        self._is_whole.set()
        self._thread.join()
        for end in (self._port, *self._other):
            end.close()
        self._selector.close()

    def _carry(self) -> None:
        while not self._is_ended:
            for key, _ in self._selector.select(0.05):
                self._is_whole.wait()
                if key.fileobj is self._port:
                    self._join()
                elif isinstance(key.fileobj, socket.socket):
                    self._pass_on(key.fileobj)

    def _join(self) -> None:
        near, _ = self._port.accept()
        far = socket.socket(socket.AF_UNIX)
        far.connect(self._theirs)
        self._other |= {near: far, far: near}
        for end in (near, far):
            self._selector.register(end, selectors.EVENT_READ)

    def _pass_on(self, end: socket.socket) -> None:
        if end not in self._other:
            return  # its other end was closed a moment ago
        said = b""
        with suppress(OSError):
            said = end.recv(1 << 16)
            self._other[end].sendall(said)
        if not said:
            for each in (end, self._other[end]):
                self._selector.unregister(each)
                each.close()
                del self._other[each]
