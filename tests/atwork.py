"""A worker at work in this process, and the events it logs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from structlog.testing import capture_logs

from feedsvc.scheduler import Worker
from newsroom import Newsroom


@contextmanager
def working(newsroom: Newsroom, **options: Any) -> Iterator[list[Any]]:
    """Until the block ends; what it logged stands beside whatever goes wrong in there."""
    worker = Worker(newsroom.runtime, **options)
    with capture_logs() as events:
        worker.start()
        try:
            yield events
        except BaseException as error:
            error.add_note("\n".join(map(str, events)))
            raise
        finally:
            worker.stop()
