"""What granian calls for each request: polls are answered at once, what may wait is handed to other threads.

request --poll?-------> answered here, with no WSGI in between
        --no body?----> by WSGI, in threads of our own
        --with a body-> by WSGI, here: granian takes a request's body away as soon as its own thread comes back

WSGI costs a poll more than its answer does: a copy of the process's environment, a response in two steps, a stream for
one piece of bytes. And all threads want the interpreter: the fewer granian has, the less one poll waits for another.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import granian.server.mp as granian_processes

from feedsvc.log import get_logger
from feedsvc.web import AnswerPoll, has_body
from feedsvc.web.places import CARRYING, POLLING, THREADS

log = get_logger(__name__)

_WRAPPER = "_wsgi_call_wrap"
"""granian's function that makes of a WSGI application what its Rust part calls. No public option replaces it."""


class Exchange(Protocol):
    """granian's side of one request. An answer after the first is dropped."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes, /) -> None: ...


Scope = dict[str, Any]
"""What WSGI knows of the request alone: its environment without that of the process and the server."""

Call = Callable[[Exchange, Scope], object]


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

    def call(exchange: Exchange, scope: Scope) -> None:
        answer = answer_poll(scope)
        if answer is not None:
            exchange.response_bytes(answer.status, answer.headers, answer.body)
        elif has_body(scope):
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
        exchange.response_bytes(500, [("Content-Type", "text/plain; charset=utf-8")], b"The service failed.\n")
