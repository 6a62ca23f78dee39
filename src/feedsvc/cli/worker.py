"""`feedsvc worker`: keeps the feeds right, without serving them."""

from __future__ import annotations

from threading import Event

import click

from feedsvc import log
from feedsvc.bulk import open_pool
from feedsvc.cli.commands import config_option
from feedsvc.cli.memory import share_arenas
from feedsvc.cli.opening import open_runtime
from feedsvc.scheduler import Worker


@click.command("worker")
@config_option
def command() -> None:
    """Keep the feeds right until SIGTERM or Ctrl-C: on schedule, after each change, at each article's time.

    SIGHUP makes it look at config.yaml at once. `feedsvc serve` runs one by itself.
    """
    share_arenas()
    with open_runtime(migrate=False) as runtime:
        log.configure()
        Worker(runtime, open_pool=open_pool).run_forever(Event())
