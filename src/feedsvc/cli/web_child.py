"""`feedsvc _web`: the web server's own process, which `feedsvc serve` starts and watches."""

from __future__ import annotations

import multiprocessing
import os
from threading import Thread

import click
from flask import Flask
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings

from feedsvc import log
from feedsvc.cli.commands import config_option, given_config
from feedsvc.runtime import find_config
from feedsvc.web import wsgi

_HEADER_MILLISECONDS = 5_000
"""Whoever has not sent a request's head by then is cut off: half-sent ones cost nobody else anything."""

_HEADER_BYTES = 64 * 1024

_THREADS = 64
"""Requests a process answers at once: far more than may wait (`Prefer: wait`), or send their bodies slowly."""

_STOP_SECONDS = 5


@click.command("_web", hidden=True)
@click.option("--host", required=True)
@click.option("--port", type=int, required=True)
@click.option("--workers", type=int, required=True)
@config_option
def command(host: str, port: int, workers: int) -> None:
    """Serve the feeds on this address, as so many processes, until stopped."""
    os.environ["FEEDSVC_CONFIG"] = str(find_config(given_config()))  # for the processes that granian starts
    log.configure()
    Granian(
        "feedsvc.web.wsgi:app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADER_MILLISECONDS, max_buffer_size=_HEADER_BYTES),
        blocking_threads=_THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=_STOP_SECONDS,
        websockets=False,
        log_enabled=False,
    ).serve(target_loader=load_app, wrap_loader=False)


def load_app() -> Flask:
    """The application, in a process of granian's that ends when the one that started it is gone (even by kill -9)."""
    log.configure()
    Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()
    return wsgi.make_app()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
