"""The web server's own process, which `feedsvc serve` forks and watches; it forks those that answer."""

from __future__ import annotations

import encodings.idna  # noqa: F401  # see _Server.startup
import gc
import http.client
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import Any

from flask import Flask
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.mp import MPServer

from feedsvc.cli.connections import give_up_on_dead_clients, raise_file_limit
from feedsvc.cli.direct import answer_directly, can_answer_directly, threads_of_granian
from feedsvc.cli.terminal import print_line
from feedsvc.log import configure, get_logger
from feedsvc.precautions import make_files_private
from feedsvc.runtime import Runtime
from feedsvc.web import create_app, keep_report_card, poll_answerer_of

log = get_logger(__name__)

_BUFFER_BYTES = 64 * 1024

HUNG_SECONDS = 30.0
"""Of processor time, in which one of these processes let none of its other threads come to a turn: then it is ended.
It would answer nobody as long as that goes on, and everything that it does by itself takes a fraction of that."""

_SIGN_OF_LIFE_SECONDS = 1.0
_STOP_SECONDS = 3
_ANNOUNCE_SECONDS = 60.0
_LOOK_EVERY_SECONDS = 0.05


class _Server(MPServer):
    when_answered: Callable[[], None]

    def startup(self, spawn_target: Any, target_loader: Any) -> None:
        """Start the processes, and only then a thread: a fork in the midst of its work would take locks along.

        A process that granian starts anew later is forked beside that thread, while it announces. The one module
        that both would import lazily (to connect, and to route a request) is imported before. What is there by then is
        never collected, so that collecting does not write into pages that all processes share.
        """
        gc.collect()
        gc.freeze()
        super().startup(spawn_target, target_loader)  # type: ignore[no-untyped-call]  # granian does not annotate it
        where = (self.bind_addr, self.bind_port, self.when_answered)
        Thread(target=announce, args=where, name="announce", daemon=True).start()

    def _respawn_workers(self, workers: Any, *args: Any, **kwargs: Any) -> None:
        for index in workers:
            code = self.wrks[index].inner.exitcode
            reason = f"it hung for {HUNG_SECONDS} s of processor time" if code == -signal.SIGPROF else "it died"
            log.error("web_process_died", exit_code=code, reason=reason)
        super()._respawn_workers(workers, *args, **kwargs)

    def signal_handler_reload(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: the application looks at config.yaml by itself, so SIGHUP need not start its processes anew."""


def serve_web(runtime: Runtime, host: str, port: int, workers: int, *, when_answered: Callable[[], None]) -> None:
    """Serve the feeds on this address, as so many processes, until stopped; over a runtime that asked no database.

    `when_answered` is called as soon as a request was.
    """
    configure()
    make_files_private()
    limits = runtime.settings.limits
    raise_file_limit(limits.connections)
    server = _Server(
        "feedsvc.web:create_app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=limits.head * 1_000, max_buffer_size=_BUFFER_BYTES),
        blocking_threads=threads_of_granian(),
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_SECONDS,
        websockets=False,
        log_enabled=False,
    )
    server.when_answered = when_answered
    server.serve(target_loader=partial(load_app, runtime, port, workers), wrap_loader=False)


def load_app(runtime: Runtime, port: int, workers: int) -> Flask:
    """The application, in a process of granian's that ends when the one that started it is gone (even by kill -9)."""
    Thread(target=end_if_it_hangs, name="end-if-it-hangs", daemon=True).start()
    Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()
    Thread(
        target=give_up_on_dead_clients,
        args=(port, runtime.settings.limits.silence),
        name="give-up-on-dead-clients",
        daemon=True,
    ).start()
    app = create_app(runtime, processes=workers)
    keep_report_card(app)
    if can_answer_directly():
        answer_directly(poll_answerer_of(app))
    return app


def end_if_it_hangs() -> None:
    """Wind up a timer of Linux's again and again; when nobody can any more, it ends the process (setitimer(2)).

    It counts the processor time of this process: so neither a busy machine, nor one that sleeps, nor SIGSTOP ends it.
    """
    while True:
        signal.setitimer(signal.ITIMER_PROF, HUNG_SECONDS)
        time.sleep(_SIGN_OF_LIFE_SECONDS)


def announce(host: str, port: int, when_answered: Callable[[], None]) -> None:
    """Say on standard output where the service answers, once it does."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # read, not listened on
    deadline = time.monotonic() + _ANNOUNCE_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection(reachable, port, timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == http.client.OK:
                when_answered()
                shown = f"[{reachable}]" if ":" in reachable else reachable
                print_line(f"feedsvc serves http://{shown}:{port}/")
                return
        time.sleep(_LOOK_EVERY_SECONDS)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
