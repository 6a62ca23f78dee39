"""What a YAML parser complains of, in the words of someone who edits a file."""

from __future__ import annotations

import re
from typing import Any

from ruamel.yaml.error import MarkedYAMLError

_QUOTES = "Put the text in quotes."

# What the parser says (its beginning) -> found, expected, the mend.
_EXPLANATIONS = {
    "mapping values are not allowed here": ("a second colon in one line", "one `key: value`", _QUOTES),
    "found character '\\t'": ("a tab", "spaces before the text", "Indent with spaces only."),
    "found unexpected end of stream": ("a quotation mark that is never closed", "its partner", "Close the quotes."),
    "found unexpected document separator": (
        "a quotation mark that is never closed",
        "its partner",
        "Close the quotes.",
    ),
    "could not find expected ':'": (
        "a line without a colon and a space",
        "`key: value`",
        "Add the colon and the space, or indent it as the text above.",
    ),
    "expected <block end>": (
        "a line that does not fit those above it",
        "the same indentation",
        "Align it with its neighbours.",
    ),
    "expected ',' or": ("a list or mapping that is not closed", "a comma or the closing bracket", ""),
    "did not find expected key": ("a line that does not fit those above it", "a key and a colon", ""),
    "found unknown escape character": ("a backslash in double quotes", "an escape such as \\n", "Use single quotes."),
}

_POINTS_AT_START = (
    "found unexpected end of stream",
    "found unexpected document separator",
    "could not find expected ':'",
)


COLON_HINT = "Type `:` and a space in place of the full-width `：`."

_WIDE_COLON = re.compile(r"\s*(?:- +)?[\w-]+(：)")


def find_wide_colon(text: str, line: int) -> tuple[int, int] | None:
    """Line and column, from 0, of a full-width colon after a key, in this line or the one before it.

    To YAML such a line is text that goes on in the next one, so that it complains of that.
    """
    lines = text.splitlines()
    for at in (line, line - 1):
        if 0 <= at < len(lines) and (found := _WIDE_COLON.match(lines[at])):
            return at, found.start(1)
    return None


def explain_syntax(error: MarkedYAMLError) -> tuple[Any, str, str, str]:
    """(the parser's mark, found, expected, hint). The text of the file is never quoted: it may hold a secret."""
    said = str(error.problem or error.context or "something unreadable")
    mark = error.problem_mark or error.context_mark
    if said.startswith(_POINTS_AT_START) and error.context_mark is not None:
        mark = error.context_mark
    for beginning, (found, expected, hint) in _EXPLANATIONS.items():
        if said.startswith(beginning):
            return mark, found, expected, hint
    if said.startswith("found character") and said.endswith("that cannot start any token"):
        character = said.removeprefix("found character ").partition(" that")[0]
        return mark, f"text that begins with {character}", "text that begins with a letter, or quotes", _QUOTES
    return mark, "something that is no YAML", f"YAML (the parser says: {said.splitlines()[0]})", ""
