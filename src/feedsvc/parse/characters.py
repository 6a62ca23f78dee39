"""What XML forbids, taken out before a parser meets it: written as itself, or as a reference such as &#xD800;.

libxml2 mends what is not well-formed, but some of these end its reading, or come out as text that is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

# https://www.w3.org/TR/xml/#charsets, the complement of production [2] Char.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LITERALS = {"<![CDATA[": "]]>", "<!--": "-->"}
_OPENING = re.compile(r"<!\[CDATA\[|<!--")
_RUN = re.compile(r"(?:&#(?:x[0-9A-Fa-f]++|[0-9]++);)+")  # no possessive group: see feed/sniff.py
_REFERENCE = re.compile(r"&#(?:x0*+([0-9A-Fa-f]++)?|0*+([0-9]++)?);")
_DIGITS = 7
"""Those of the last character, U+10FFFF, in decimal."""


def legalize(text: str) -> tuple[str, int]:
    """The text without what XML 1.0 forbids, and how many characters went.

    References to both halves of a character, as &#xD83D;&#xDE00;, become one to the whole.
    """
    text, dropped = _ILLEGAL.subn("", text)

    def rewrite(run: re.Match[str]) -> str:
        nonlocal dropped
        meant = "".join(_read(each[1], each[2]) for each in _REFERENCE.finditer(run[0]))
        if not _ILLEGAL.search(meant):
            return run[0]
        whole = meant.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        legal, number = _ILLEGAL.subn("", whole)
        dropped += number
        return "".join(f"&#{ord(character)};" for character in legal)

    return rewrite_outside_literals(text, lambda piece: _RUN.sub(rewrite, piece)), dropped


def rewrite_outside_literals(text: str, rewrite: Callable[[str], str]) -> str:
    """Rewrite all but CDATA sections and comments, which XML takes to the letter."""
    pieces: list[str] = []
    position = 0
    for start, end in _find_literals(text):
        pieces += [rewrite(text[position:start]), text[start:end]]
        position = end
    pieces.append(rewrite(text[position:]))
    return "".join(pieces)


def _find_literals(text: str) -> Iterator[tuple[int, int]]:
    """One that is never closed ends the search, so that it costs one pass."""
    position = 0
    while match := _OPENING.search(text, position):
        closing = _LITERALS[match[0]]
        end = text.find(closing, match.end())
        if end < 0:
            return
        position = end + len(closing)
        yield match.start(), position


def _read(hexadecimal: str | None, decimal: str | None) -> str:
    """The character meant; U+FFFF, which XML forbids, for what is none."""
    digits = hexadecimal or decimal or "0"
    code = int(digits, 16 if hexadecimal else 10) if len(digits) <= _DIGITS else 0xFFFF
    return chr(code) if code <= 0x10FFFF else "\uffff"  # noqa: PLR2004 - the last character
