"""Tags, attributes and comments as the HTML standard's tokeniser finds them, matched in linear time.

https://html.spec.whatwg.org/#tokenization; every quantifier is possessive, so that no text is read twice.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import islice

SPACE = r"[\t\n\f\r ]"
_VALUE = r"""(?:"[^"]*+"|'[^']*+'|[^\t\n\f\r >]*+)"""
_ATTRIBUTES = rf"(?:[\t\n\f\r /]*+[^\t\n\f\r />][^\t\n\f\r />=]*+(?:{SPACE}*+={SPACE}*+{_VALUE})?+)*+"
_ATTRIBUTE = re.compile(rf"[\t\n\f\r /]*+([^\t\n\f\r />][^\t\n\f\r />=]*+)(?:{SPACE}*+={SPACE}*+({_VALUE}))?+")

TAG = re.compile(rf"<(/?)([A-Za-z][^\t\n\f\r />]*+)({_ATTRIBUTES})[\t\n\f\r /]*+>")
"""`/` or nothing, the name, the attributes as they stand."""

COMMENT = re.compile(r"<!--(?:-?>|.*?--!?>)", re.DOTALL)
BOGUS_COMMENT = re.compile(r"<(?:[!?]|/(?![A-Za-z]))[^>]*+>")
"""What a reader takes for a comment: `<!DOCTYPE html>`, `<?xml?>`, `</ >`."""

UNFINISHED_TAG = re.compile("<[/!?]?[A-Za-z]")
"""Where TAG does not match here, the rest of the text is lost to a reader: no `>` ends this tag."""


_ZEROS = re.compile("&#0+(?=[0-9])")
_TOO_GREAT = re.compile("&#[0-9]{8,}")


def resolve(text: str) -> str:
    """The text with its character references resolved, as html.unescape does it, but whatever their length.

    Python turns no more than 4,300 digits into a number; what has eight is beyond Unicode in any case.
    """
    return html.unescape(_TOO_GREAT.sub("&#99999999", _ZEROS.sub("&#", text)))


def count_attributes(attributes: str, most: int) -> int:
    """How many attributes a tag has, repeated ones too; `most` at most are counted."""
    return sum(1 for _ in islice(_ATTRIBUTE.finditer(attributes), most))


def read_attributes(attributes: str) -> Iterator[tuple[str, str]]:
    """Name in lower case, and value with its character references resolved."""
    for found in _ATTRIBUTE.finditer(attributes):
        value = found[2] or ""
        if value[:1] in {'"', "'"}:
            value = value[1:-1]
        yield found[1].lower(), resolve(value)
