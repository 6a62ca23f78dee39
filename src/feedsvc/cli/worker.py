"""`feedsvc worker`: keeps the feeds right, without serving them."""

from __future__ import annotations

from functools import partial
from threading import Event

import click

from feedsvc import heap, log
from feedsvc.bulk import open_pool
from feedsvc.cli.commands import config_option
from feedsvc.cli.emptied import refuse_emptied
from feedsvc.cli.opening import open_runtime
from feedsvc.nursery import Nursery
from feedsvc.precautions import make_files_private, tell_risks
from feedsvc.runtime import Runtime
from feedsvc.scheduler import Worker


@click.command("worker")
@config_option
def command() -> None:
    """Keep the feeds right until SIGTERM or Ctrl-C: on schedule, after each change, at each article's time.

    SIGHUP makes it look at config.yaml at once. `feedsvc serve` runs one by itself.
    """
    heap.hold_little()
    with open_runtime(migrate=False) as runtime:
        refuse_emptied(runtime)
        keep_feeds_right(runtime)


def keep_feeds_right(runtime: Runtime) -> None:
    """Until SIGTERM or Ctrl-C, in this process, which has one thread yet and has asked the database nothing."""
    log.configure()
    make_files_private()
    tell_risks(runtime.settings)
    with Nursery(runtime) as nursery:
        Worker(runtime, open_pool=partial(open_pool, start=nursery.start)).run_forever(Event())
