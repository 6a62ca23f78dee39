"""A pool of processes that make feeds: started when there is enough to do, ended when it is done (foreman.py).

No feed waits in here: each process is given one, and the next when that is done. One that dies or takes too long is
replaced; what it was at is told as an error, so that it is tried again, and the others go on.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Any, Protocol

from feedsvc.config import Bulk
from feedsvc.jobs import Answer, Began, Died, Job
from feedsvc.log import get_logger
from feedsvc.prctl import CRASHES

log = get_logger(__name__)

_BEGIN_SECONDS = 300.0
"""For a process to begin with a feed: it may have to start first."""

GONE = "The processes that make feeds are gone."

_BURIAL_SECONDS = 10.0


def processes_of(bulk: Bulk) -> int:
    """How many are to be used: as many as this process has cores unless config.yaml says so."""
    if bulk.processes is not None:
        return bulk.processes
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Orders:
    """What a foreman is to lead. `level` is what of its log is shown; the first of the descriptors is its link."""

    config: Path
    level: str
    memory_bytes: int
    fds: Sequence[int]


class Foreman(Protocol):
    """One that was started. That it has ended shows by the end of its link."""

    @property
    def pid(self) -> int: ...

    def kill(self) -> None:
        """If it runs, kill it; bury it."""


StartForeman = Callable[[Orders], Foreman]
"""Raises OSError. The descriptors stay open here."""


class _Started:
    """A foreman that is a child of this process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def start_foreman(orders: Orders) -> Foreman:
    """By its command line, from any process: it imports and reads everything anew."""
    # -P keeps modules of the folder in which it was started out of its way.
    command = (sys.executable, "-P", "-m", "feedsvc.foreman", str(orders.config), orders.level)
    numbers = map(str, (orders.memory_bytes, *orders.fds))
    return _Started(subprocess.Popen((*command, *numbers), stdin=subprocess.DEVNULL, pass_fds=orders.fds))  # noqa: S603  # of our own


class Pool:
    """Processes at work on one config.yaml, from the start till `stop`. Safe to share between threads."""

    def __init__(
        self,
        config: Path,
        bulk: Bulk,
        *,
        start: StartForeman = start_foreman,
        deadline_seconds: float,
        is_quiet: bool = False,
    ) -> None:
        """`deadline_seconds`: for one feed. `is_quiet`: only what went wrong is logged. Raises OSError."""
        self.size = processes_of(bulk)
        self._deadline_seconds = deadline_seconds
        self._posts: SimpleQueue[Connection[Any, Any]] = SimpleQueue()
        self._lock = Lock()
        with contextlib.ExitStack() as theirs:
            self._link, other = socket.socketpair()
            fds = [theirs.enter_context(other).fileno()]
            for _ in range(self.size):
                mine, other = socket.socketpair()
                self._posts.put(Connection(mine.detach()))
                fds.append(theirs.enter_context(other).fileno())
            self._foreman = start(Orders(config, "warning" if is_quiet else "info", bulk.memory, fds))
        self.pid = self._foreman.pid
        log.info("pool_started", processes=self.size, pid=self.pid)

    def is_lost(self) -> bool:
        """Has the foreman ended?"""
        with self._lock:
            return self._link.fileno() < 0 or self._is_over(0)

    def _is_over(self, seconds: float) -> bool:
        """Has it, or does it within so long?"""
        poll = select.poll()
        poll.register(self._link, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def work(self, job: Job) -> Answer:
        """Have it done by the next process that is free; waits for it. Never raises."""
        post = self._posts.get()
        try:
            return self._work(post, job)
        except (EOFError, OSError):
            return Answer(error=GONE)
        finally:
            self._posts.put(post)

    def _work(self, post: Connection[Any, Any], job: Job) -> Answer:
        while post.poll():
            post.recv()  # of one that died after its answer
        post.send(job)
        pid: int | None = None
        while True:
            seconds = _BEGIN_SECONDS if pid is None else self._deadline_seconds
            if not post.poll(seconds):
                return self._give_up(post, pid, seconds)
            match post.recv():
                case Began(pid=pid):
                    continue
                case Died(code=code):
                    reason = f"signal {-code}" if code < 0 else f"exit code {code}"
                    error = f"The process that was making it died ({reason})."
                    return Answer(error=error, is_told=False, has_hung=-code in CRASHES)
                case Answer() as answer:
                    return answer

    def _give_up(self, post: Connection[Any, Any], pid: int | None, seconds: float) -> Answer:
        if pid is None:  # not even begun: the foreman itself hangs
            self._foreman.kill()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            if post.poll(_BURIAL_SECONDS):
                post.recv()
        error = f"The process that was making it took more than {round(seconds, 1)} s and was ended."
        return Answer(error=error, is_told=False, has_hung=pid is not None)

    def stop(self) -> None:
        """End all at once; what they are at is abandoned: its old documents stay whole."""
        with self._lock:
            if self._link.fileno() < 0:
                return
            was_running = not self._is_over(0)
            self._foreman.kill()  # its processes are killed with it (PR_SET_PDEATHSIG)
            self._is_over(_BURIAL_SECONDS)
            self._link.close()
            if was_running:
                log.info("pool_stopped")
