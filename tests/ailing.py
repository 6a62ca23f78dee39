"""A worker in a hurry while the world around it fails, what it logs, and how a site stands meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import atwork
from engine import texts
from feedsvc import backlog, scheduler, watch
from newsroom import Newsroom
from service import DEADLINE_SECONDS, wait_until


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same worker, with pauses so short that tests need not sit them out."""
    monkeypatch.setattr(watch, "SURVEY_SECONDS", 0.5)
    monkeypatch.setattr(watch, "SURVEY_SHARE", 0)
    monkeypatch.setattr(backlog, "FIRST_PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(backlog, "LONGEST_PAUSE_SECONDS", 0.5)
    monkeypatch.setattr(scheduler, "_LONGEST_STORE_PAUSE_SECONDS", 0.5)
    monkeypatch.setattr(scheduler, "_BEAT_SECONDS", 0.5)
    monkeypatch.setattr(scheduler, "_STOP_SECONDS", DEADLINE_SECONDS)


@contextmanager
def working(newsroom: Newsroom) -> Iterator[list[Any]]:
    """A worker at work, everything live, and the events it logs."""
    with atwork.working(newsroom) as events:
        wait_until(lambda: is_well(newsroom), "all to be live")
        yield events


def is_well(newsroom: Newsroom) -> bool:
    runtime = newsroom.runtime
    return not runtime.regenerator.stale(runtime.settings) and all(check.ok for check in runtime.checks())


def shows(newsroom: Newsroom, text: str, slug: str = "macro") -> bool:
    found = texts(newsroom.runtime, slug)
    return len(found) > 1 and all(text in each for each in found.values())


def count(events: list[Any], event: str, **of: Any) -> int:
    return sum(each["event"] == event and of.items() <= each.items() for each in events)
