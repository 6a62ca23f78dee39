"""`feedsvc worker`: keeps the feeds right, without serving them."""

from __future__ import annotations

import gc
from functools import partial
from threading import Event

import click

from feedsvc import heap, log
from feedsvc.bulk import open_pool
from feedsvc.cli.commands import config_option
from feedsvc.cli.emptied import refuse_emptied
from feedsvc.cli.forked import run_forked
from feedsvc.cli.opening import open_runtime
from feedsvc.nursery import Nursery
from feedsvc.prctl import name_process
from feedsvc.precautions import make_files_private, tell_risks
from feedsvc.pulse import Pulse
from feedsvc.runtime import Runtime
from feedsvc.scheduler import Worker
from feedsvc.supervisor import Child, supervise


@click.command("worker")
@config_option
def command() -> None:
    """Keep the feeds right until SIGTERM or Ctrl-C: on schedule, after each change, at each article's time.

    SIGHUP makes it look at config.yaml at once. `feedsvc serve` runs one by itself.
    """
    heap.hold_little()
    with open_runtime(migrate=False) as runtime:
        refuse_emptied(runtime)
        log.configure()
        name_process("feedsvc")
        gc.collect()
        gc.freeze()  # what is shared stays shared
        code = supervise([worker_child(runtime)])
    raise click.exceptions.Exit(code)


def worker_child(runtime: Runtime) -> Child:
    """For a supervisor that has one thread yet and has asked the database nothing."""
    pulse = Pulse()
    return Child("worker", partial(run_forked, partial(keep_feeds_right, runtime, pulse)), pulse=pulse)


def keep_feeds_right(runtime: Runtime, pulse: Pulse) -> None:
    """Until SIGTERM or Ctrl-C, in this process, which has one thread yet and has asked the database nothing."""
    log.configure()
    make_files_private()
    tell_risks(runtime.settings)
    with Nursery(runtime) as nursery:
        Worker(runtime, open_pool=partial(open_pool, start=nursery.start), pulse=pulse).run_forever(Event())
