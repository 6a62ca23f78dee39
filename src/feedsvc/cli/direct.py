"""What granian calls for each request: polls are answered at once, what may wait is handed to other threads.

request --poll?-------> answered here, with no WSGI in between; then the thread rests if enough others are awake
        --no body?----> by WSGI, in threads of our own
        --with a body-> by WSGI, here: granian takes a request's body away as soon as its own thread comes back

WSGI costs a poll more than its answer does: a copy of the process's environment, a response in two steps, a stream for
one piece of bytes. And all threads want the interpreter: the fewer granian has, the less one poll waits for another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock, Semaphore, get_ident
from typing import Any, Protocol

import granian.server.mp as granian_processes

from feedsvc.log import get_logger
from feedsvc.web import AnswerPoll, has_body
from feedsvc.web.pace import Monotonic
from feedsvc.web.places import CARRYING, POLLING, THREADS
from feedsvc.web.polls.answer import NO_STORE, SECURITY

log = get_logger(__name__)

_ALIVE_SECONDS = 20.0
"""Whoever has answered a poll so lately has not been ended by granian."""

_WRAPPER = "_wsgi_call_wrap"
"""granian's function that makes of a WSGI application what its Rust part calls. No public option replaces it."""


class Exchange(Protocol):
    """granian's side of one request. An answer after the first is dropped."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes, /) -> None: ...


Scope = dict[str, Any]
"""What WSGI knows of the request alone: its environment without that of the process and the server."""

Call = Callable[[Exchange, Scope], object]


class Spare:
    """Keeps asleep those of granian's threads that are needed neither for polls nor for a body.

    granian starts as many as it may as soon as polls come in a burst, and each that is awake makes every poll dearer.
    So one that has answered its poll sleeps before it goes back, in a place that no body takes up. At least POLLING
    others are awake then, and surely there: granian ends a thread only after 30 s in which it had nothing to do. Places
    and threads for polls are all that granian may start, so it can always start another of the latter.
    """

    def __init__(self, monotonic: Monotonic = time.monotonic) -> None:
        self.places = CARRYING
        """Those in which neither a thread sleeps nor a body is carried. Read without the lock, at each poll."""
        self._monotonic = monotonic
        self._lock = Lock()
        self._wake = Semaphore(0)
        self._sleeping = 0
        self._awake: dict[int, float] = {}

    def rest(self) -> None:
        """Sleep until a body needs a thread; go on at once if too few others are awake."""
        me, now = get_ident(), self._monotonic()
        with self._lock:
            self._awake = {each: at for each, at in self._awake.items() if now - at < _ALIVE_SECONDS and each != me}
            if len(self._awake) < POLLING or self.places <= 0:
                self._awake[me] = now
                return
            self.places -= 1
            self._sleeping += 1
        self._wake.acquire()

    @contextmanager
    def carrying(self) -> Iterator[None]:
        """Takes up a place while a body is carried, that of one who sleeps if there is one: that takes up the work."""
        with self._lock:
            self._awake.pop(get_ident(), None)
            if self._sleeping:
                self._sleeping -= 1
                self._wake.release()
            else:
                self.places -= 1
        try:
            yield
        finally:
            with self._lock:
                self.places += 1


def can_answer_directly() -> bool:
    """Does this granian have the function that `answer_directly` replaces? Without, all is WSGI, and slower."""
    return callable(getattr(granian_processes, _WRAPPER, None))


def threads_of_granian() -> int:
    """How many it is to have: with fewer than all, there have to be others to hand requests to."""
    return POLLING + CARRYING if can_answer_directly() else THREADS


def answer_directly(answer_poll: AnswerPoll) -> None:
    """From now on, in this process, let polls be answered by `answer_poll`, and what it has no answer for by WSGI."""
    wrap = getattr(granian_processes, _WRAPPER)
    setattr(granian_processes, _WRAPPER, lambda *arguments: divide(answer_poll, wrap(*arguments)))


def divide(answer_poll: AnswerPoll, otherwise: Call) -> Call:
    """A call that answers what `answer_poll` answers, and lets `otherwise` be called for the rest."""
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="behind-polls")
    spare = Spare()

    def call(exchange: Exchange, scope: Scope) -> None:
        answer = answer_poll(scope)
        if answer is not None:
            exchange.response_bytes(answer.status, answer.headers, answer.body)
            if spare.places > 0 and not has_body(scope):
                spare.rest()
        elif has_body(scope):
            with spare.carrying():
                otherwise(exchange, scope)
        else:
            threads.submit(_call_safely, otherwise, exchange, scope)

    return call


def _call_safely(otherwise: Call, exchange: Exchange, scope: Scope) -> None:
    """Flask answers what fails in it; what fails around it is told, too, since nobody asks a thread what it raised."""
    try:
        otherwise(exchange, scope)
    except Exception:  # whatever it was, there is somebody waiting
        log.exception("request_failed", method=scope["REQUEST_METHOD"], path=scope["PATH_INFO"])
        headers = [("Content-Type", "text/plain; charset=utf-8"), NO_STORE, *SECURITY]
        exchange.response_bytes(500, headers, b"The service failed.\n")
