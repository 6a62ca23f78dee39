"""What the worker and the processes of its pool say to each other; pickled, since both are the same feedsvc."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from feedsvc.regenerate import Result

Task = Literal["regenerate", "mend_twins", "bring_up_archives"]


@dataclass(frozen=True, slots=True)
class Job:
    """What to do for one feed. `force` as Regenerator.regenerate takes it."""

    slug: str
    task: Task = "regenerate"
    force: bool = False


@dataclass(frozen=True, slots=True)
class Began:
    """The process with this id is at it."""

    pid: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of it. `error` is why it is not as it should be; `is_told` if somebody else tells of that.

    `has_hung`: it took too long, or the process died of it.
    """

    result: Result | None = None
    error: str | None = None
    is_told: bool = True
    has_hung: bool = False


@dataclass(frozen=True, slots=True)
class Died:
    """The process ended in the midst of it."""

    code: int
