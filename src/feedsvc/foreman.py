"""Renders feeds in processes of its own: python -m feedsvc.foreman CONFIG LEVEL MEMORY_BYTES LINK_FD FD...

    pool  == socket i ==  process i     a Job, then Began and an Answer
    pool  == link ======  foreman       its end ends all of it; the pool sees by its end that all have ended

The foreman has read config.yaml and imported everything once; its processes are forked from it, which takes
milliseconds and shares that memory. It has no thread and no connection that a fork could take along. One that dies is
replaced, and whoever waits for its answer is told. All run with a lower priority than the rest of the service. The
worker's foremen are forked themselves (nursery.py); one that is started by its command line reads all anew.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from feedsvc import log
from feedsvc.errors import FeedsvcError, OutputError, StoreUnavailableError, UnknownSectionError
from feedsvc.jobs import Answer, Began, Died, Job
from feedsvc.prctl import end_with_parent, name_process
from feedsvc.precautions import make_files_private
from feedsvc.runtime import Runtime

LESS_URGENT = 10
"""Niceness, nice(1): a fifth of the processor beside whoever wants all of it."""

_RESTART_SECONDS = 1.0
"""A process that ended sooner after its start is not replaced at once."""

_ARCHIVES_AT_ONCE = 20
_KIBIBYTE = 1024


def main(arguments: Sequence[str]) -> None:
    config, level, memory_bytes, *fds = arguments
    log.configure()
    lead(Runtime.open(Path(config), migrate=False), level, int(memory_bytes), [int(fd) for fd in fds])


def lead(runtime: Runtime, level: str, memory_bytes: int, fds: Sequence[int]) -> None:
    """Be the foreman of a pool, over a runtime that has asked the database nothing; the first of `fds` is the link."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: the pool ends us
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.nice(LESS_URGENT)
    name_process("feedsvc-pool")
    make_files_private()
    logging.getLogger().setLevel(level.upper())
    runtime.source.refresh()
    runtime.regenerator.surveyor.prepare(runtime.settings)
    gc.freeze()  # what is shared stays shared
    link, *posts = fds
    _Foreman(runtime, memory_bytes, link, [Connection(fd) for fd in posts]).run()


class _Foreman:
    def __init__(
        self, runtime: Runtime, memory_bytes: int, link: int, posts: Sequence[Connection[object, object]]
    ) -> None:
        self._runtime = runtime
        self._memory_bytes = memory_bytes
        self._link = link
        self._posts = posts
        self._at_work: dict[int, tuple[Connection[object, object], float]] = {}

    def run(self) -> None:
        """Until the link ends."""
        ears, mouth = os.pipe()
        os.set_blocking(mouth, False)
        os.set_blocking(ears, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(mouth)
        waiting: dict[Connection[object, object], float] = dict.fromkeys(self._posts, 0.0)
        poll = select.poll()
        poll.register(self._link, select.POLLIN)
        poll.register(ears, select.POLLIN)
        while True:
            now = time.monotonic()
            for post in [post for post, at in waiting.items() if at <= now]:
                del waiting[post]
                self._at_work[self._fork(post)] = (post, now)
            left = min((at - now for at in waiting.values()), default=None)
            if any(fd != ears for fd, _ in poll.poll(None if left is None else left * 1000)):
                break
            with contextlib.suppress(BlockingIOError):
                os.read(ears, 1 << 16)
            waiting |= self._bury()
        for pid in self._at_work:
            os.kill(pid, signal.SIGKILL)

    def _bury(self) -> Mapping[Connection[object, object], float]:
        """Those whose process ended, and when it is to be replaced."""
        bereft = {}
        for pid, (post, began) in list(self._at_work.items()):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                del self._at_work[pid]
                code = os.waitstatus_to_exitcode(status)
                if code:
                    with contextlib.suppress(OSError):
                        post.send(Died(code))
                is_young = code and time.monotonic() - began < _RESTART_SECONDS
                bereft[post] = began + _RESTART_SECONDS if is_young else 0.0
        return bereft

    def _fork(self, post: Connection[object, object]) -> int:
        foreman = os.getpid()
        pid = os.fork()
        if pid:
            return pid
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            end_with_parent(foreman, signal.SIGKILL)
            os.close(self._link)
            self._work(post)
        finally:
            os._exit(1)

    def _work(self, post: Connection[object, object]) -> None:
        while True:
            try:
                job = post.recv()
            except (EOFError, OSError):  # the pool is gone
                os._exit(0)
            assert isinstance(job, Job)
            post.send(Began(os.getpid()))
            post.send(_answer(self._runtime, job))
            if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIBIBYTE > self._memory_bytes:
                os._exit(0)


def _answer(runtime: Runtime, job: Job) -> Answer:
    try:
        runtime.refresh()
        return _do(runtime, job)
    except UnknownSectionError:  # taken out of config.yaml since
        return Answer()
    except (OutputError, StoreUnavailableError) as error:
        return Answer(error=str(error))
    except FeedsvcError as error:
        return Answer(error=str(error), is_told=False)
    except Exception as error:  # noqa: BLE001  # a fault of ours is told of like any other
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f" ({place.tb_frame.f_code.co_filename}:{place.tb_lineno})" if place else ""
        return Answer(error=f"{type(error).__name__}: {error}{where}", is_told=False)


def _do(runtime: Runtime, job: Job) -> Answer:
    settings, regenerator = runtime.settings, runtime.regenerator
    match job.task:
        case "mend_twins":
            return Answer(error=regenerator.mend_twins(settings, job.slug))
        case "bring_up_archives":
            return Answer(error=regenerator.archivist.bring_up(settings, job.slug, go_on=_has_time).error)
        case "regenerate":
            result = regenerator.regenerate(settings, job.slug, force=job.force)
            return Answer(result, result.error or result.twin_error)


def _has_time(made: int) -> bool:
    return made < _ARCHIVES_AT_ONCE


if __name__ == "__main__":
    main(sys.argv[1:])
