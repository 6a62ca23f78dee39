"""`feedsvc serve`: web server and worker under one supervisor, which forks them.

    serve       imports everything, reads config.yaml, asks no database, has one thread; then it is the supervisor
      database  looks at the database, and ends
      web       web_child.py; forks the processes that answer
      worker    worker.py; forks a nursery, for the pool's foremen

So what all of them need is there once, and is shared until one writes to it.
"""

from __future__ import annotations

import errno
import gc
import multiprocessing
import socket
import sys
from functools import partial

import click

from feedsvc import heap, log
from feedsvc.cli.commands import Failure, config_option
from feedsvc.cli.emptied import refuse_emptied
from feedsvc.cli.forked import run_forked
from feedsvc.cli.messages import warn
from feedsvc.cli.opening import open_runtime
from feedsvc.cli.web_child import serve_web
from feedsvc.cli.worker import worker_child
from feedsvc.errors import StoreError
from feedsvc.prctl import name_process
from feedsvc.runtime import Runtime
from feedsvc.supervisor import Child, Word, supervise

_MENDS = {
    errno.EADDRINUSE: "something listens there already: stop it, or take another --port",
    errno.EACCES: "only root may listen on it: take a --port from 1024 on",
    errno.EADDRNOTAVAIL: "this machine has no such address: 127.0.0.1 is itself, 0.0.0.0 all of its addresses",
}


@click.command("serve")
@click.option("--host", help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65_535), help="The port to listen on.")
@click.option("--workers", type=click.IntRange(1, 64), help="How many processes answer requests.")
@click.option("--no-scheduler", is_flag=True, help="Serve only; a `feedsvc worker` elsewhere keeps the feeds right.")
@config_option
def command(host: str | None, port: int | None, workers: int | None, no_scheduler: bool) -> None:
    """Serve the feeds and keep them right, until SIGTERM or Ctrl-C. What is not given stands in config.yaml.

    Prints one line once it answers. A changed config.yaml is taken over by itself, or at once with SIGHUP.
    """
    heap.hold_little()
    with open_runtime(migrate=False) as runtime:
        server = runtime.settings.server
        runtime.regenerator.surveyor.prepare(runtime.settings)
        if not no_scheduler:
            refuse_emptied(runtime)
        _prepare_database(runtime)
        port = port or server.port
        address = claim(host or server.host, port)
        answered = Word()
        web = partial(serve_web, runtime, address, port, workers or server.workers, when_answered=answered.say)
        children = [Child("web", partial(run_forked, web), answered)]
        if not no_scheduler:
            children.append(worker_child(runtime))
        sys.stdout.flush()
        log.configure()
        name_process("feedsvc")
        gc.collect()
        gc.freeze()  # what is shared stays shared
        code = supervise(children)
    raise click.exceptions.Exit(code)


def _prepare_database(runtime: Runtime) -> None:
    """In a process of its own, so that this one keeps neither connections nor what they take."""

    def prepare() -> None:
        try:
            runtime.refresh()  # here, so that the processes need not do it all at once
        except StoreError as error:
            warn(f"{error} The feeds there are will be served; the rest waits for the database.")
        finally:
            runtime.close()

    process = multiprocessing.get_context("fork").Process(target=run_forked, args=(prepare,), name="database")
    process.start()
    process.join()


def claim(host: str, port: int) -> str:
    """The IP address to listen on, tried out. Raises Failure with the mend where that is not possible.

    The web server's processes share the port (SO_REUSEPORT) and would share it with a second service, too.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except socket.gaierror as error:
        raise Failure(f"Can't listen on {host}: no such host ({error.strerror}).") from error
    except OSError as error:
        mend = _MENDS.get(error.errno or 0, error.strerror)
        raise Failure(f"Can't listen on {host} port {port}: {mend}.") from error
    return str(address[0])
