"""Forks foremen for a process that can't fork itself any more, since it has threads and connections.

    worker  == socket ==  nursery       orders and descriptors; the pid of the foreman that was forked
                            |
                         foreman        foreman.py

The nursery is forked first, while there is but one thread and the database was asked nothing. It shares all memory with
whom it was forked from until either writes to it, and so do the foremen and their processes.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from types import TracebackType
from typing import Self

from feedsvc.foreman import lead
from feedsvc.log import get_logger
from feedsvc.pool import Foreman, Orders, start_foreman
from feedsvc.prctl import end_with_parent, name_process
from feedsvc.runtime import Runtime

log = get_logger(__name__)

_MOST_BYTES = 64
_MOST_FDS = 250
"""Linux passes no more in one message (SCM_MAX_FD, unix(7))."""

_ANSWER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Forked:
    """A foreman that is the nursery's child."""

    pid: int

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


class Nursery:
    """Lives as long as the block. Its foremen end with their pools."""

    def __init__(self, runtime: Runtime) -> None:
        """`runtime` has asked the database nothing yet."""
        self._lock = Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        parent = os.getpid()
        gc.collect()
        gc.freeze()  # what is shared stays shared
        pid = os.fork()
        if not pid:
            try:
                end_with_parent(parent, signal.SIGKILL)
                self._socket.close()
                _serve(theirs, runtime)
            finally:
                os._exit(0)
        self._pid = pid
        theirs.close()
        self._socket.settimeout(_ANSWER_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _type: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        self._socket.close()
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def start(self, orders: Orders) -> Foreman:
        """As a fork of the nursery; where that is gone, by its command line. Raises OSError."""
        try:
            with self._lock:
                socket.send_fds(self._socket, [f"{orders.level} {orders.memory_bytes}".encode()], orders.fds)
                pid = int(self._socket.recv(_MOST_BYTES))
        except (OSError, ValueError) as error:
            log.warning("nursery_lost", reason=str(error))
            return start_foreman(orders)
        return _Forked(pid)


def _serve(orders: socket.socket, runtime: Runtime) -> None:
    """Until the other end is closed."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):  # of a terminal, and of foremen that nobody waits for
        signal.signal(number, signal.SIG_IGN)
    name_process("feedsvc-nursery")
    while True:
        said, fds, *_ = socket.recv_fds(orders, _MOST_BYTES, _MOST_FDS)
        if not said:
            return
        level, memory_bytes = said.decode().split()
        orders.send(str(_fork(orders, runtime, level, int(memory_bytes), fds)).encode())
        for fd in fds:
            os.close(fd)


def _fork(orders: socket.socket, runtime: Runtime, level: str, memory_bytes: int, fds: Sequence[int]) -> int:
    """The foreman's pid. It ends with its link, and so with whoever gave the orders."""
    pid = os.fork()
    if pid:
        return pid
    try:
        orders.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        lead(runtime, level, memory_bytes, fds)
    finally:
        os._exit(1)
