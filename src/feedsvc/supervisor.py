"""Forks processes, keeps them running, and ends them together. It knows their names and what they run, nothing else.

All are forked from this one, so what is there before the first is theirs, too, and shared. No thread, no handler:
signals are blocked and taken one by one (sigtimedwait), so nothing can come between two steps, and a fork takes no lock
along.
The children stay in the process group in which the supervisor was started, so that Ctrl-C of a terminal and a kill of
the whole group (by a shell, make, or a test) reach them all; should the supervisor alone be killed, even by SIGKILL,
Linux sends them SIGTERM (prctl(2), PR_SET_PDEATHSIG). What a dead child leaves behind is adopted
(PR_SET_CHILD_SUBREAPER) and ended, so that it can't hold the port that the next one needs.
"""

from __future__ import annotations

import contextlib
import mmap
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.context import ForkProcess
from pathlib import Path

from feedsvc.log import get_logger
from feedsvc.prctl import CRASHES, adopt_orphans, end_with_parent, is_stopped, name_process
from feedsvc.pulse import Pulse

log = get_logger(__name__)

STOP_SECONDS = 8.0
"""How long children may take to end before they are killed."""

START_SECONDS = 10.0
"""A child that ends with an error within so long of the very first start, before it was at work, can't run here (its
port is in use, say)."""

GRACE_SECONDS = 30.0
"""A child whose pulse stands still for so much longer than it has patience itself hangs as a whole."""

_LOOK_SECONDS = 1.0
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 30.0
_STEADY_SECONDS = 10.0
"""A child that lived so long is restarted after the first pause again."""

_FORK = multiprocessing.get_context("fork")
_SIGNALS = {signal.SIGCHLD, signal.SIGHUP, signal.SIGINT, signal.SIGTERM}


class Word:
    """One word from a forked process to the one that it was forked from: a byte that they share, and nobody locks."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 1)

    def say(self) -> None:
        self._shared[0] = 1

    def is_said(self) -> bool:
        return bool(self._shared[0])


@dataclass(frozen=True, slots=True)
class Child:
    """A process to keep running: what it does until it ends. SystemExit says with which code, any other error 1.

    `at_work` is said by it as soon as it does what it is there for; some never say so.

    One with a pulse is ended, and started again, if that once moved and then stands still. It is silent only while it
    could have moved it: neither before its first beat (a migration may take long), nor while somebody has stopped it.
    """

    name: str
    run: Callable[[], None]
    at_work: Word = field(default_factory=Word)
    pulse: Pulse | None = None


@dataclass(slots=True)
class _Post:
    """One child's place: its process, or when the next one is to be started (monotonic time)."""

    child: Child
    process: ForkProcess | None = None
    started_at: float = 0.0
    restart_at: float = 0.0
    pause_seconds: float = _FIRST_PAUSE_SECONDS
    starts: int = field(default=0)
    beats: int = 0
    has_beaten: bool = False
    silent_seconds: float = 0.0


def supervise(children: Sequence[Child]) -> int:
    """Run these until SIGTERM or SIGINT; the exit code.

    A child that dies is started again, after 0.2 s, then 0.4 s, up to 30 s. SIGHUP is passed on. All are gone within
    ten seconds of a stop; a second SIGINT or SIGTERM kills at once. 0 after a stop; if a child can't even start (it
    ends with an error within START_SECONDS of the first start, and was never at work), all are stopped and its exit
    code is given.
    """
    adopt_orphans()
    spared = frozenset(_children())
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    posts = [_Post(child) for child in children]
    try:
        for post in posts:
            _start(post, before)
        return _watch(posts, before, spared)
    finally:
        _stop(posts, spared)
        while _next_signal(0.0) is not None:
            pass  # what was said meanwhile has been done
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _watch(posts: Sequence[_Post], mask: set[signal.Signals | int], spared: frozenset[int]) -> int:
    """Until a stop is asked for, or a child can't start."""
    has_terminal = _has_terminal()
    looked_at = time.monotonic()
    while True:
        match _next_signal(min((post.restart_at for post in posts if post.process is None), default=None)):
            case signal.SIGTERM | signal.SIGINT:
                return 0
            case signal.SIGHUP if has_terminal and not _has_terminal():
                return 0  # it told that the terminal was closed
            case signal.SIGHUP:
                _send(posts, signal.SIGHUP)
        for post in posts:
            if post.process is not None and (code := post.process.exitcode) is not None:
                if code > 0 and _is_in_vain(post):
                    log.error("child_cannot_start", child=post.child.name, exit_code=code)
                    post.process = None
                    return code
                _note_death(post, code)
            elif post.process is None and time.monotonic() >= post.restart_at:
                _start(post, mask)
        looked_before, looked_at = looked_at, time.monotonic()
        # What passed while this process stood still itself, with the others or with the machine, says nothing.
        _end_silent(posts, min(looked_at - looked_before, _LOOK_SECONDS))
        _end_orphans(posts, spared)


def _start(post: _Post, mask: set[signal.Signals | int]) -> None:
    supervisor = os.getpid()

    def run() -> None:
        end_with_parent(supervisor, signal.SIGTERM)
        name_process(f"feedsvc-{post.child.name}")
        with contextlib.suppress(KeyboardInterrupt):
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            post.child.run()

    post.beats = post.child.pulse.count if post.child.pulse else 0
    post.process = _FORK.Process(target=run, name=post.child.name)
    post.process.start()
    post.started_at = time.monotonic()
    post.starts += 1
    post.has_beaten, post.silent_seconds = False, 0.0
    log.info("child_started", child=post.child.name, pid=post.process.pid)


def _is_in_vain(post: _Post) -> bool:
    """Is it the very first start, and a short one that came to nothing?"""
    is_short = time.monotonic() - post.started_at < START_SECONDS
    return post.starts == 1 and is_short and not (post.has_beaten or post.child.at_work.is_said())


def _end_silent(posts: Sequence[_Post], seconds: float) -> None:
    """Kill whose pulse stood still for too long; so many seconds have passed since the last look."""
    for post in _running(posts):
        process, pulse = post.process, post.child.pulse
        if pulse is None or process is None or process.pid is None:
            continue
        if (beats := pulse.count) != post.beats:
            post.beats, post.has_beaten, post.silent_seconds = beats, True, 0.0
        elif post.has_beaten and not is_stopped(process.pid):
            post.silent_seconds += seconds
        if post.silent_seconds > pulse.patience_seconds + GRACE_SECONDS:
            pulse.note_ended()
            log.error("child_hung", child=post.child.name, seconds=round(post.silent_seconds), at_work=pulse.at_work)
            process.kill()
            process.join()


def _note_death(post: _Post, code: int) -> None:
    lived_seconds = time.monotonic() - post.started_at
    post.process = None
    if post.child.pulse is not None and -code in CRASHES:
        post.child.pulse.note_ended()
    if lived_seconds >= _STEADY_SECONDS:
        post.pause_seconds = _FIRST_PAUSE_SECONDS
    post.restart_at = time.monotonic() + post.pause_seconds
    log.error(
        "child_died",
        child=post.child.name,
        exit_code=code,
        lived_seconds=round(lived_seconds, 1),
        restart_in_seconds=post.pause_seconds,
    )
    post.pause_seconds = min(post.pause_seconds * 2, _LONGEST_PAUSE_SECONDS)


def _stop(posts: Sequence[_Post], spared: frozenset[int]) -> None:
    """End all children and what they left behind: politely, then by force."""
    _send(posts, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while _running(posts) and time.monotonic() < deadline:
        if _next_signal(deadline) in (signal.SIGTERM, signal.SIGINT):
            break
    for post in _running(posts):
        log.error("child_killed", child=post.child.name, pid=post.process.pid if post.process else None)
    _send(posts, signal.SIGKILL)
    for post in posts:
        if post.process is not None:
            post.process.join()
    while _end_orphans(posts, spared):
        pass


def _next_signal(until: float | None) -> int | None:
    """The next signal, SIGINT and SIGTERM before others; None when the time has come (or a second has passed)."""
    seconds = _LOOK_SECONDS if until is None else min(_LOOK_SECONDS, max(0.0, until - time.monotonic()))
    found = signal.sigtimedwait(_SIGNALS, seconds)
    return None if found is None else found.si_signo


def _running(posts: Sequence[_Post]) -> list[_Post]:
    return [post for post in posts if post.process is not None and post.process.exitcode is None]


def _send(posts: Sequence[_Post], number: int) -> None:
    for post in _running(posts):
        if post.process is not None and post.process.pid is not None:
            os.kill(post.process.pid, number)


def _end_orphans(posts: Sequence[_Post], spared: frozenset[int]) -> int:
    """Kill and bury what dead children left behind: whatever became a child of ours without being one of `posts`."""
    known = {post.process.pid for post in posts if post.process is not None}
    orphans = [pid for pid in _children() if pid not in known and pid not in spared]
    for pid in orphans:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
    return len(orphans)


def _children() -> list[int]:
    try:
        return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text("ascii").split()]
    except OSError:  # no Linux, or one without this file
        return []


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
