"""The whole torture set, by room."""

from __future__ import annotations

from torture import characters, links, markup, shapes, times
from torture.case import Case

CASES: tuple[Case, ...] = (*characters.CASES, *markup.CASES, *links.CASES, *times.CASES, *shapes.CASES)
