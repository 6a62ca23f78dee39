"""`feedsvc serve`: web server and worker under one supervisor."""

from __future__ import annotations

import errno
import os
import socket
import sys

import click

from feedsvc.cli.commands import Failure, config_option, given_config
from feedsvc.cli.messages import warn
from feedsvc.cli.opening import open_runtime
from feedsvc.errors import StoreError
from feedsvc.runtime import find_config

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
    with open_runtime(migrate=False) as runtime:
        server = runtime.settings.server
        try:
            runtime.refresh()  # here, so that the processes need not do it all at once
        except StoreError as error:
            warn(f"{error} The feeds there are will be served; the rest waits for the database.")
    port = port or server.port
    address = claim(host or server.host, port)
    options = ["--host", address, "--port", str(port), "--workers", str(workers or server.workers)]
    options += ["--no-scheduler"] if no_scheduler else []
    sys.stdout.flush()
    config = ("--config", str(find_config(given_config())))
    # The same process, so that whoever started it watches and ends it, without all that checking took.
    os.execv(sys.executable, (sys.executable, "-P", "-m", "feedsvc", *config, "_supervise", *options))  # noqa: S606  # no shell


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
