"""What is looked for before feeds are made: a database that was lost, beside feeds that it would empty."""

from __future__ import annotations

import multiprocessing
import sys

from feedsvc.cli.commands import Failure
from feedsvc.errors import OutputError, StoreError
from feedsvc.runtime import Runtime

_ENTRIES = (b"<item>", b"<entry", b'"items":[\n{')
_LOST = 3


def refuse_emptied(runtime: Runtime) -> None:
    """Raise Failure where the database is unused, and entries are live that only another one can have brought.

    Its volume may be mounted late, `database` may name another file: made from what is not there, each feed would be
    empty, and each reader would see that. It is asked in a process of its own, so that this one keeps no connection.
    """
    process = multiprocessing.get_context("fork").Process(target=_look, args=(runtime,), name="database")
    process.start()
    process.join()
    if process.exitcode == _LOST:
        raise _emptied(runtime)


def refuse_emptied_here(runtime: Runtime) -> None:
    """Likewise, in this process: for a command, which ends soon anyway."""
    if runtime.store.is_unused() and _has_entries(runtime):
        raise _emptied(runtime)


def _emptied(runtime: Runtime) -> Failure:
    return Failure(
        f"Database {runtime.store.label} is empty, and {runtime.folder.path} holds feeds with entries, which would "
        "be made empty, too. Restore a backup, or correct `database`; to begin anew delete that folder first."
    )


def _look(runtime: Runtime) -> None:
    try:
        is_lost = runtime.store.is_unused() and _has_entries(runtime)
    except (OutputError, StoreError):
        return  # for whoever needs it to tell
    finally:
        runtime.close()
    if is_lost:
        sys.exit(_LOST)


def _has_entries(runtime: Runtime) -> bool:
    feeds = runtime.settings.feeds.values()
    lying = (runtime.folder.read(section.slug, section.formats[0]) for section in feeds)
    return any(mark in document.content for document in lying if document is not None for mark in _ENTRIES)
