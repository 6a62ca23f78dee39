"""Pure: a document's bytes, compressed once, in each coding that a poll may ask for (RFC 9110 §8.4.1).

The same content, level and library give the same bytes. gzip's levels 1 to 3 are ISA-L's, several times faster than
zlib's, which are 4 to 9; brotli has 1 to 11. zlib-ng unpacks what either packed. The figures behind the choice:
bench/compression.py, docs/design.md.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import get_args

import brotli
from isal import isal_zlib
from zlib_ng import zlib_ng

from feedsvc.model import Coding

CODINGS: tuple[Coding, ...] = get_args(Coding)
"""As they are preferred where a poll likes both alike."""

SUFFIXES: Mapping[Coding, str] = {"br": "br", "gzip": "gz"}
"""What stands behind a document's name and a dot; nginx looks for these (gzip_static, brotli_static)."""

_GZIP = 31
"""zlib's word for a window of 32 KB in gzip's frame, whose time is 0 and which holds no name."""

_ISAL_HIGHEST = 3


def make_twins(content: bytes, levels: Mapping[Coding, int], lying: Mapping[Coding, bytes]) -> Mapping[Coding, bytes]:
    """What is to lie beside a document: a twin for each coding whose level is not 0.

    One of `lying` that unpacks to the document stays as it is, whatever its level. A twin is left out if it is no
    smaller than the document, and brotli's if it is no smaller than gzip's: who takes both is to get the smallest;
    and nginx makes an ETag of a file's time and length, so that two of one length would share it. Raises
    ArithmeticError where a library does not give back what it was given.
    """
    found: dict[Coding, bytes] = {}
    for coding in CODINGS:
        if levels.get(coding):
            twin = lying.get(coding)
            if twin is None or unpack(coding, twin, len(content)) != content:
                twin = make_twin(coding, content, levels[coding])
            if len(twin) < len(content):
                found[coding] = twin
    if "br" in found and len(found["br"]) >= len(found.get("gzip", content)):
        del found["br"]
    return found


def make_twin(coding: Coding, content: bytes, level: int) -> bytes:
    """The content in one coding, unpacked and compared. Raises ArithmeticError likewise."""
    twin = pack(coding, content, level)
    if unpack(coding, twin, len(content)) != content:
        raise ArithmeticError(f"the library for {coding} does not give back what it was given")
    return twin


def pack(coding: Coding, content: bytes, level: int) -> bytes:
    """The content in this coding; `level` from 1 to 9 for gzip, to 11 for brotli."""
    return _PACK[coding](content, level)


def unpack(coding: Coding, twin: bytes, most_bytes: int) -> bytes | None:
    """What it holds; None if it is damaged, cut short, followed by something else, or holds more than `most_bytes`."""
    content = _UNPACK[coding](twin, most_bytes)
    return content if content is not None and len(content) <= most_bytes else None


def _gzip(content: bytes, level: int) -> bytes:
    if level <= _ISAL_HIGHEST:
        return isal_zlib.compress(content, level, _GZIP)
    return zlib.compress(content, level, _GZIP)


def _brotli(content: bytes, level: int) -> bytes:
    packed: bytes = brotli.compress(content, mode=brotli.MODE_TEXT, quality=level)
    return packed


def _gunzip(twin: bytes, most_bytes: int) -> bytes | None:
    """By zlib-ng, which packed none: so that no library vouches for itself. It takes half of zlib's time."""
    opened = zlib_ng.decompressobj(_GZIP)
    try:
        content = opened.decompress(twin, most_bytes + 1)
    except zlib_ng.error:  # type: ignore[misc]  # its stub takes the class for an instance
        return None
    return content if opened.eof and not opened.unused_data else None


def _unbrotli(twin: bytes, most_bytes: int) -> bytes | None:
    opened = brotli.Decompressor()
    try:
        content: bytes = opened.process(twin, output_buffer_limit=most_bytes + 1)
    except brotli.error:
        return None
    return content if opened.is_finished() else None


_PACK: Mapping[Coding, Callable[[bytes, int], bytes]] = {"br": _brotli, "gzip": _gzip}
_UNPACK: Mapping[Coding, Callable[[bytes, int], bytes | None]] = {"br": _unbrotli, "gzip": _gunzip}
