"""A document of ours in pieces: its head, the bytes of each entry, its foot. Put together they are its bytes again.

In RSS and Atom no `<` of ours stands for itself in a text or an attribute, and no entry holds another; in JSON no line
ends within a text. So the cuts can be found without reading what lies between them.
"""

from __future__ import annotations

import hashlib
import re
from itertools import pairwise

from feedsvc.model import Pieces

_TAGS = {
    "rss": (b"<item>", re.compile(b"</item>"), b"</channel>"),
    "atom": (b"<entry", re.compile(b"</entry>"), b"</feed>"),
}

JSON_OPENING = b',"items":[\n'
JSON_SEPARATOR = b",\n"
JSON_CLOSING = b"\n]}\n"

_BETWEEN = re.compile(JSON_SEPARATOR)
_DIGEST_DIGITS = 24


def split(content: bytes, format: str) -> Pieces | None:
    """Cut a document that we made between its entries; None where it is not as we would make it."""
    return _split_json(content) if format == "json" else _split_xml(content, *_TAGS[format])


def digest_of(piece: bytes) -> str:
    """What a piece is known by: the first 24 hex digits of its SHA-256."""
    return hashlib.sha256(piece).hexdigest()[:_DIGEST_DIGITS]


def _split_xml(content: bytes, opening: bytes, closing: re.Pattern[bytes], end: bytes) -> Pieces | None:
    ends = [found.end() for found in closing.finditer(content)]  # faster than bytes.split
    if not ends:
        head, tag, rest = content.rpartition(end)
        return _pieces_of(head, (), tag + rest) if tag else None
    start = max(0, content.find(opening))
    entries = tuple(content[begin:end] for begin, end in pairwise((start, *ends)))
    if not all(each.startswith(opening) for each in entries):
        return None
    return _pieces_of(content[:start], entries, content[ends[-1] :])


def _split_json(content: bytes) -> Pieces | None:
    head, opening, rest = content.partition(JSON_OPENING)
    if not opening or not rest.endswith(JSON_CLOSING):
        return None
    items = rest.removesuffix(JSON_CLOSING)
    entries = tuple(_BETWEEN.split(items)) if items else ()
    return _pieces_of(head + opening, entries, JSON_CLOSING, JSON_SEPARATOR)


def _pieces_of(head: bytes, entries: tuple[bytes, ...], foot: bytes, separator: bytes = b"") -> Pieces:
    return Pieces(head, entries, foot, separator, tuple(map(digest_of, entries)))
