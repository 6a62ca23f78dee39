"""In which encoding do these bytes come? Labels mean what they mean on the web: https://encoding.spec.whatwg.org.

What else Python calls an encoding is no text (base64), takes more than linear time (punycode, idna), or is read by
nobody (utf-7). Where the standard's decoder takes more than Python's codec of that name, the wider one reads: what says
gb2312 in China holds GBK, or GB18030.
"""

from __future__ import annotations

import codecs
import re

import webencodings

# The longest first: UTF-32's begins with UTF-16's.
_MARKS = {
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF16_LE: "utf-16",
}
_BEGINNINGS = {b"\0<": "utf-16-be", b"<\0": "utf-16-le", b"\0\0\0<": "utf-32-be", b"<\0\0\0": "utf-32-le"}
_DECLARED = re.compile(rb"""<\?xml\b[^>]{0,500}?\bencoding\s{0,20}=\s{0,20}["']([A-Za-z0-9._:-]{1,40})["']""")
_WIDER = {"gbk": "gb18030", "big5": "big5hkscs", "shift_jis": "cp932", "euc-kr": "cp949"}
_ALSO = {
    **dict.fromkeys(
        ("cp936", "ms936", "windows-936", "euc-cn", "gb18030-2000", "gb18030-2005", "gb18030-2022"), "gb18030"
    ),
    **dict.fromkeys(("cp950", "ms950", "windows-950"), "big5"),
    **dict.fromkeys(("latin-1", "cp-1252"), "windows-1252"),
}
"""The standard knows them by other names only; documents of the web have them all the same."""

_ASCII = frozenset({"ascii", "us-ascii", "ansi_x3.4-1968", "iso-ir-6"})
"""Windows-1252 on the web. In a feed the rest is far more often UTF-8."""


def codec_of(label: str) -> str | None:
    """Python's codec for an encoding of the web; None for a label that there is not."""
    label = label.lower()
    if label in _ASCII:
        return "ascii"
    encoding = webencodings.lookup(_ALSO.get(label, label))
    # In UTF-16 no declaration could be read before the encoding is known: who says so in ASCII is mistaken.
    if encoding is None or encoding.name in {"replacement", "x-user-defined", "utf-16le", "utf-16be"}:
        return None
    return _WIDER.get(encoding.name) or str(encoding.codec_info.name)


def told_by_first_bytes(content: bytes) -> str | None:
    """A byte order mark, or XML whose first character is two or four bytes long, tells the codec."""
    mark = next((name for mark, name in _MARKS.items() if content.startswith(mark)), None)
    if mark:
        return mark
    return next((name for length in (4, 2) if (name := _BEGINNINGS.get(content[:length]))), None)


def has_mark(content: bytes) -> bool:
    """Does it begin with a byte order mark?"""
    return content.startswith(tuple(_MARKS))


def declared_in(content: bytes) -> str | None:
    """What the XML declaration says, in lower case."""
    declared = _DECLARED.match(content)
    return declared[1].decode("ascii").lower() if declared else None


def is_surely_utf8(content: bytes) -> bool:
    """Is it valid throughout, with characters of three bytes? No text in another encoding looks like that for long."""
    try:
        return max(content.decode("utf-8"), default="") >= "\u0800"
    except UnicodeDecodeError:
        return False
