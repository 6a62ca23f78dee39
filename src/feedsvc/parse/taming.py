"""Bytes from anywhere -> well-formed XML in UTF-8, which feedparser reads in time proportional to its length.

What is not well-formed feedparser reads with an SGML parser of its own, whose time grows with the square of what is
hostile (64,000 times `<!--`: 16 seconds). So nothing but well-formed UTF-8 is ever handed to it: the rest is mended by
libxml2 first, in one pass, and the fault told. Encodings are chosen as RFC 7303 §3 says: byte order mark, then the
charset of the media type, then the XML declaration, then UTF-8; what can't be read so is read as windows-1252.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.entities import name2codepoint

from lxml import etree

from feedsvc.errors import ParseError
from feedsvc.parse.census import Malformed, count
from feedsvc.parse.characters import legalize, rewrite_outside_literals
from feedsvc.parse.encodings import codec_of, declared_in, has_mark, told_by_first_bytes

MAX_BYTES = 64 * 1024 * 1024
"""No document of ours comes near; beyond it a parse would cost minutes."""

MAX_HEAD = 16 * 1024
"""Characters before the first element: from each blank line there feedparser looks for a DOCTYPE to the end."""

_DECLARATION = re.compile(r"<\?xml\b[^>]{0,1000}>")
_CHARSET = re.compile(r""";\s{0,20}charset\s{0,20}=\s{0,20}["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_FIRST_ELEMENT = re.compile(r"<\w")
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]*(\[[^\]]*\]\s*)?>", re.IGNORECASE)
_REFERENCE = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_LINE_OF_ROOT = 2
_OF_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})
_PREFIX = re.compile(r"</?([A-Za-z][\w.-]{0,50}):")
_BOUND_PREFIX = re.compile(r"\bxmlns:([A-Za-z][\w.-]{0,50})\s{0,20}=")
_ROOT = re.compile(r"<[\w:.-]{1,100}")
_USUAL_NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "wfw": "http://wellformedweb.org/CommentAPI/",
}

_FALLBACK = "cp1252"


@dataclass(frozen=True, slots=True)
class Tame:
    """A well-formed document in UTF-8, or b"" where nothing could be mended.

    `encoding` is the one in which it came. `fault` says what was wrong, '' if nothing was.
    """

    content: bytes
    encoding: str
    fault: str


def tame(content: bytes, media_type: str) -> Tame:
    """Decode, count and, where it is not well-formed, mend. Raises ParseError beyond any bound."""
    if len(content) > MAX_BYTES:
        raise ParseError(f"{len(content)} bytes are more than the {MAX_BYTES} that are parsed")
    text, encoding, fault = _decode(content, media_type)
    declaration = _DECLARATION.match(text)
    rest = text[declaration.end() :] if declaration else text
    first = _FIRST_ELEMENT.search(rest)
    if first and first.start() > MAX_HEAD:
        raise ParseError(
            f"{first.start()} characters before the first element are more than the {MAX_HEAD} that are read"
        )
    head, body = (rest[: first.start()], rest[first.start() :]) if first else (rest[:MAX_HEAD], "")
    doctype = _DOCTYPE.search(head)
    head = _DOCTYPE.sub(_blank_lines, head)
    document = _write(head + body)
    malformed = count(document)
    if doctype and doctype[1]:
        malformed = malformed or Malformed("it declares entities of its own, which are not read", 2, 1)
    if malformed is None:
        return Tame(document, encoding, fault)
    mended = _mend(head, body)
    place = _place(malformed, declaration[0] if declaration else "", head)
    return Tame(b"" if count(mended) else mended, encoding, f"{place}: {malformed.reason}")


def _decode(content: bytes, media_type: str) -> tuple[str, str, str]:
    """The text, its encoding, and what is wrong with how it was declared."""
    declared, told = "", told_by_first_bytes(content)
    for encoding in _declared_encodings(content, media_type):
        declared = declared or encoding.removesuffix("-sig")
        name = encoding if encoding == told else codec_of(encoding)
        try:
            text = content.decode(name) if name else None
        except UnicodeDecodeError:
            continue
        if text is not None:
            found = encoding.removesuffix("-sig")
            return text, found, "" if found == declared else f"it is declared as {declared}, but read as {found}"
    text = content.decode(_FALLBACK, errors="replace")
    return text, _FALLBACK, f"it is declared as {declared}, but read as {_FALLBACK}"


def _declared_encodings(content: bytes, media_type: str) -> Iterator[str]:
    """Labels and codecs, the one that goes first first."""
    told = told_by_first_bytes(content)
    if told and has_mark(content):
        yield told
    if charset := _CHARSET.search(media_type):
        yield charset[1].lower()
    if told:
        yield told
    if declared := declared_in(content):
        yield declared
    yield "utf-8"


def _write(text: str) -> bytes:
    # On a line of its own: feedparser seeks an encoding in the whole of the first line, again and again.
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + text.removeprefix("\n").encode(errors="replace")


def _place(malformed: Malformed, declaration: str, head: str) -> str:
    """Where it broke in the document as it came, whose declaration may not have had a line of its own."""
    if declaration and head.startswith("\n"):
        return f"line {malformed.line}, column {malformed.column}"
    is_behind = malformed.line == _LINE_OF_ROOT
    return f"line {malformed.line - 1}, column {malformed.column + (len(declaration) if is_behind else 0)}"


def _blank_lines(doctype: re.Match[str]) -> str:
    return "\n" * doctype[0].count("\n")


def _mend(head: str, body: str) -> bytes:
    """What libxml2 makes of it, once undeclared prefixes are bound, HTML's &nbsp; and the like written out.

    What XML forbids goes before, since libxml2 hands on half a character as if it were one.
    """
    head, body = legalize(head)[0], legalize(body)[0]
    body = rewrite_outside_literals(body, lambda piece: _REFERENCE.sub(_write_character, piece))
    unbound = {*_PREFIX.findall(body)} - {*_BOUND_PREFIX.findall(body)}
    bindings = (f' xmlns:{each}="{_USUAL_NAMESPACES.get(each, f"urn:x-unbound:{each}")}"' for each in sorted(unbound))
    if unbound and (root_name := _ROOT.match(body)):
        body = "".join((root_name[0], *bindings, body[root_name.end() :]))
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(_write(head + body), parser)
    except etree.XMLSyntaxError:
        return b""
    return b"" if root is None else _write(etree.tostring(root, encoding="unicode"))


def _write_character(reference: re.Match[str]) -> str:
    name = reference[1]
    if name in _OF_XML:
        return reference[0]
    return f"&#{name2codepoint[name]};" if name in name2codepoint else f"&amp;{name};"
