"""Text of strangers on a terminal: all that a command writes goes through here, so that nothing of it is obeyed.

Words stay as they are, whatever their script; so do a zero-width joiner (an emoji's) and its like.
"""

from __future__ import annotations

import re

# What moves the cursor, rewrites the line or turns the direction of what follows, and halves of characters.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_LAYOUT = frozenset("\n\t")


def safe(text: str) -> str:
    """One line of it: what would do something is written as ‹U+001B›."""
    return _UNSAFE.sub(lambda found: f"‹U+{ord(found[0]):04X}›", text)


def safe_lines(text: str) -> str:
    """Likewise, with its line breaks and tabs."""
    return _UNSAFE.sub(lambda found: found[0] if found[0] in _LAYOUT else safe(found[0]), text)


def safe_json(written: str) -> str:
    """JSON as it was written, with the same values: what would do something is escaped."""
    return _UNSAFE.sub(lambda found: found[0] if found[0] in _LAYOUT else f"\\u{ord(found[0]):04x}", written)
