"""`feedsvc _supervise`: what `feedsvc serve` becomes once all is checked, as the same process.

Nothing is imported here but what watching takes: whoever only watches need not hold a hundred megabytes.
"""

from __future__ import annotations

import sys

import click

from feedsvc import log
from feedsvc.cli.commands import config_option, given_config
from feedsvc.supervisor import Child, supervise


@click.command("_supervise", hidden=True)
@click.option("--host", required=True)
@click.option("--port", required=True)
@click.option("--workers", required=True)
@click.option("--no-scheduler", is_flag=True)
@config_option
def command(host: str, port: str, workers: str, no_scheduler: bool) -> None:
    """Keep the web server and the worker running, until stopped."""
    log.configure()
    children = [Child("web", feedsvc("_web", "--host", host, "--port", port, "--workers", workers))]
    if not no_scheduler:
        children.append(Child("worker", feedsvc("worker")))
    raise click.exceptions.Exit(supervise(children))


def feedsvc(*arguments: str) -> tuple[str, ...]:
    """This feedsvc, in a process of its own; -P keeps modules of the folder in which it was started out of its way."""
    return (sys.executable, "-P", "-m", "feedsvc", "--config", str(given_config()), *arguments)
