"""Which lines coverage counts: what a test runs for the first time, and not what it costs to count it again.

On Python 3.11 counting doubles the time of all that runs, counted or not, and of each process that is started. So these
are not counted: drawn and tortured articles (a room of their own each), tests that are marked `uncounted` since they
repeat one thing for its cost, all but the first values of a test outside of unit/, and the processes that tests start,
unless they are marked `counts_processes`. `FEEDSVC_COUNT=all` counts everything.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import coverage
import pytest

import feedsvc

_PROCESSES = "COVERAGE_PROCESS_CONFIG"
"""By this a Python process knows at its start that its lines are counted (coverage's `patch = subprocess`)."""

_TESTS = Path(__file__).parent
_UNCOUNTED_ROOMS = frozenset({"property", "torture"})


@contextmanager
def uncounted() -> Iterator[None]:
    """Nothing that happens in this process meanwhile is counted."""
    counting = coverage.Coverage.current()
    if counting is None:
        yield
        return
    counting.stop()
    try:
        yield
    finally:
        counting.start()


def import_all() -> None:
    """What our own modules do when they are imported, which is counted once (a migration is run, not imported)."""
    for module in pkgutil.walk_packages(feedsvc.__path__, "feedsvc."):
        if not module.name.endswith(".__main__") and ".migrations" not in module.name:
            importlib.import_module(module.name)


class Counting:
    """A plugin of pytest."""

    def __init__(self) -> None:
        self._processes = os.environ.pop(_PROCESSES, None)
        self._seen: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Iterator[None]:
        if coverage.Coverage.current() is not None:
            import_all()
        with uncounted():
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            if self._processes is not None and item.get_closest_marker("counts_processes"):
                patch.setenv(_PROCESSES, self._processes)
            if self._is_counted(item):
                return (yield)
            with uncounted():
                return (yield)

    def _is_counted(self, item: pytest.Item) -> bool:
        room = item.path.relative_to(_TESTS).parts[0]
        name = item.nodeid.partition("[")[0]
        is_first = room == "unit" or name not in self._seen
        self._seen.add(name)
        return is_first and room not in _UNCOUNTED_ROOMS and not item.get_closest_marker("uncounted")


def begin(config: pytest.Config) -> None:
    """In each process that runs tests; who hands them out to processes has nothing to leave out."""
    if not config.getoption("numprocesses", default=None) and os.environ.get("FEEDSVC_COUNT") != "all":
        config.pluginmanager.register(Counting())
