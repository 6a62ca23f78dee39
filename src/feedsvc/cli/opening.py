"""How a command gets at everything it works with."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from feedsvc import log
from feedsvc.cli.commands import given_config
from feedsvc.cli.emptied import refuse_emptied_here
from feedsvc.cli.messages import warn
from feedsvc.runtime import Runtime, find_config


def show_what_goes_wrong() -> None:
    """Of the log only that is shown; what went well a command tells itself."""
    log.configure()
    logging.getLogger().setLevel(logging.WARNING)


@contextmanager
def open_runtime(*, migrate: bool = True) -> Iterator[Runtime]:
    """The config that was asked for, its database brought up to date, its feeds folder prepared.

    A database that was lost is not made anew beside feeds that were made from it. Without `migrate` nothing is asked of
    it yet, and it may be away: what serves starts all the same, and asks again.
    """
    show_what_goes_wrong()
    runtime = Runtime.open(find_config(given_config()), migrate=False)
    try:
        if migrate:
            refuse_emptied_here(runtime)
            runtime.refresh()
        if runtime.source.error:
            warn(f"config.yaml is broken; the last good one is in force:\n{runtime.source.error}")
        yield runtime
    finally:
        runtime.close()
