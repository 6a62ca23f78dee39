"""What the gate has to say of one input: problems that refuse it, notes that tell what was changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from feedsvc.errors import Problem, RefusedError
from feedsvc.ingest.bounds import MAX_PROBLEMS
from feedsvc.model import Note

_SHOWN = 80
_MAX_SHOWN_NUMBER = 10**30
_BASIC_PLANE_END = 0xFFFF


class Report:
    """Collects problems and notes, so that a sender hears all of them at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.notes: list[Note] = []
        self.unsaid = 0

    def refuse(self, field: str, value: object, reason: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(field, shorten(value), reason))
        else:
            self.unsaid += 1

    def note(self, place: str, message: str, severity: Literal["info", "warning"] = "info") -> None:
        self.notes.append(Note(place=place, message=message, severity=severity))

    def raise_problems(self) -> None:
        """Raise RefusedError if there is any problem."""
        if not self.problems:
            return
        rest = [Problem("", "", f"and {self.unsaid} more problems")] if self.unsaid else []
        raise RefusedError([*self.problems, *rest])


def refused(field: str, value: object, reason: str) -> RefusedError:
    """Make the error for a single problem."""
    return RefusedError([Problem(field, shorten(value), reason)])


def shorten(value: object) -> str:
    """Show a JSON value for reading: at most 80 characters, every unprintable one as an escape (encodable anywhere)."""
    if value is None or isinstance(value, bool):
        text = {None: "null", True: "true", False: "false"}[value]
    elif isinstance(value, dict):
        text = "{" + ", ".join(str(key) for key in list(value)[:5]) + "}"
    elif isinstance(value, list):
        text = f"a list of {len(value)}"
    elif isinstance(value, int) and abs(value) > _MAX_SHOWN_NUMBER:
        text = "a number of many digits"  # str() itself refuses more than some thousand
    else:
        text = str(value)
    cut = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return "".join(_escape(character) for character in cut)


def _escape(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= _BASIC_PLANE_END else f"\\U{code:08x}"


def quote_all(words: Iterable[str]) -> str:
    """List words for a sentence: `macro, finance`, or `none`."""
    return ", ".join(words) or "none"
