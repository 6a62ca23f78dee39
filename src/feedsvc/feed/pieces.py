"""A document of ours in pieces: its head, the bytes of each entry, its foot. Put together they are its bytes again.

In RSS and Atom no `<` of ours stands for itself in a text or an attribute, and no entry holds another; in JSON no line
ends within a text. So the cuts can be found without reading what lies between them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

_TAGS = {"rss": (b"<item>", b"</item>", b"</channel>"), "atom": (b"<entry", b"</entry>", b"</feed>")}

JSON_OPENING = b',"items":[\n'
JSON_SEPARATOR = b",\n"
JSON_CLOSING = b"\n]}\n"

_DIGEST_DIGITS = 24


@dataclass(frozen=True, slots=True)
class Pieces:
    """`entries` come in the document's order; `separator` stands between them."""

    head: bytes
    entries: tuple[bytes, ...]
    foot: bytes
    separator: bytes = b""

    def join(self, entries: Iterable[bytes]) -> bytes:
        """The document with these entries in the place of its own."""
        return b"".join((self.head, self.separator.join(entries), self.foot))


def split(content: bytes, format: str) -> Pieces | None:
    """Cut a document that we made between its entries; None where it is not as we would make it."""
    return _split_json(content) if format == "json" else _split_xml(content, *_TAGS[format])


def digest_of(piece: bytes) -> str:
    """What a piece is known by: the first 24 hex digits of its SHA-256."""
    return hashlib.sha256(piece).hexdigest()[:_DIGEST_DIGITS]


def _split_xml(content: bytes, opening: bytes, closing: bytes, end: bytes) -> Pieces | None:
    *begun, foot = content.split(closing)
    if not begun:
        head, tag, rest = content.rpartition(end)
        return Pieces(head, (), tag + rest) if tag else None
    head, tag, first = begun[0].partition(opening)
    begun[0] = tag + first
    if not all(each.startswith(opening) for each in begun):
        return None
    return Pieces(head, tuple(each + closing for each in begun), foot)


def _split_json(content: bytes) -> Pieces | None:
    head, opening, rest = content.partition(JSON_OPENING)
    if not opening or not rest.endswith(JSON_CLOSING):
        return None
    items = rest.removesuffix(JSON_CLOSING)
    entries = tuple(items.split(JSON_SEPARATOR)) if items else ()
    return Pieces(head + opening, entries, JSON_CLOSING, JSON_SEPARATOR)
