"""The bytes of somebody's RSS or Atom document -> its entries as a feed reader sees them, each under its id.

    bytes --decode--> text --spell out--> text --tame--> well-formed, within bounds --feedparser--> entries
                                                                                    `--lxml--> their ids, to the letter

Feeds in the wild are not well-formed, nor always in the encoding that they declare; what was mended is told. The ids
that feedparser gives are stripped and repaired: lxml gives them as they stand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.entities import html5

from lxml import etree

from feedsvc.errors import ParseError
from feedsvc.ingest.charset import guess_chinese
from feedsvc.ingest.jsontext import WHOLE
from feedsvc.ingest.report import Report, refused
from feedsvc.parse import (
    Reading,
    codec_of,
    declared_in,
    is_surely_utf8,
    legalize,
    parse_feed,
    rewrite_outside_literals,
    tame,
    told_by_first_bytes,
)

_ENTRY_TAGS = frozenset(
    f"{{{namespace}}}{name}" if namespace else name
    for name in ("item", "entry")
    for namespace in (
        "",
        "http://www.w3.org/2005/Atom",
        "http://purl.org/atom/ns#",
        "http://purl.org/rss/1.0/",
        "http://my.netscape.com/rdf/simple/0.9/",
        "http://backend.userland.com/rss2",
    )
)
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_XML_SPACE = " \t\r\n"

_ROOTS = ("rss", "feed", "RDF")
_ROOT = re.compile(rf"<(?:[A-Za-z_][\w.-]*:)?(?:{'|'.join(_ROOTS)})[\s>]")
_AMPERSAND = re.compile(r"&(?:(#[0-9]+|#x[0-9A-Fa-f]+|amp|lt|gt|quot|apos);|([A-Za-z][A-Za-z0-9]*);)?")
_DIV = re.compile(r"^<div[^>]*>(.*)</div>$", re.DOTALL)
"""Around content in XHTML it is no part of it (RFC 4287 §3.1.1.3)."""

_HEAD = 4096
_MEDIA_TYPE = "application/xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Found:
    """An entry as feedparser reads it. `id` is as the document has it, None where it has none.

    `xhtml` is content of Atom's type="xhtml" written as HTML: feedparser writes <br/> as <br></br>, which HTML reads as
    two.
    """

    reading: Reading
    id: str | None
    is_permalink: bool
    xhtml: str | None


@dataclass(frozen=True, slots=True)
class FoundFeed:
    """`link` and `language` are the channel's, None where it says nothing; `authors` are those of all Atom entries."""

    link: str | None
    authors: tuple[tuple[str, str | None], ...]
    language: str | None
    entries: tuple[Found, ...]


def looks_like_xml_feed(content: bytes) -> bool:
    """Whether the beginning holds the root element of an RSS or Atom document, whatever the file is called."""
    head = content[:_HEAD]
    if codec := told_by_first_bytes(head):
        return bool(_ROOT.search(head.decode(codec, errors="ignore")))
    return head.lstrip().startswith(b"<") and bool(_ROOT.search(head.decode("latin-1")))


def read_xml_feed(content: bytes, report: Report) -> FoundFeed:
    """Read RSS 0.9x, 1.0, 2.0 or Atom 0.3, 1.0. What was mended is in the report.

    Raises RefusedError for what is none of them or goes beyond the bounds of parse/.
    """
    try:
        tamed = tame(_spell_out(_read_text(content, report), report).encode(), _MEDIA_TYPE)
        if not tamed.content:
            raise refused(WHOLE, "", f"is no XML, {tamed.fault}")
        parsed = parse_feed(tamed.content, _MEDIA_TYPE)
    except ParseError as error:
        raise refused(WHOLE, "", f"goes beyond what is read of a feed: {error}") from error
    if tamed.fault:
        report.note("file", f"is not well-formed; look at what became of it: {tamed.fault}", "warning")
    # Depth and length were counted already, so libxml2's own bound on a text (10 MB) would only be another one. It is
    # well-formed, but libxml2 alone asks of the name of a namespace that it be a URI: hence `recover`.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True, huge_tree=True, recover=True
    )
    root = etree.fromstring(tamed.content, parser)
    elements = [element for element in root.iter() if element.tag in _ENTRY_TAGS]
    if _split_tag(root)[1] not in _ROOTS or not parsed.version or len(elements) != len(parsed.entries):
        raise refused(WHOLE, str(root.tag), "is no RSS or Atom document that could be read as a feed reader reads it")
    entries = tuple(
        Found(reading, *_read_id(element), _read_xhtml(element))
        for reading, element in zip(parsed.entries, elements, strict=True)
    )
    channel = parsed.channel
    authors = channel["authors"] if parsed.version.startswith("atom") else ()  # RSS names its editor there
    return FoundFeed(channel["link"], authors, channel["language"], entries)


def _read_text(content: bytes, report: Report) -> str:
    text, dropped = legalize(_decode(content, report))
    if dropped:
        report.note("file", f"holds {dropped} characters that XML forbids, which are left out", "warning")
    return text


def _decode(content: bytes, report: Report) -> str:
    if codec := told_by_first_bytes(content):
        return content.decode(codec, errors="replace")
    label = declared_in(content[:_HEAD]) or "utf-8"
    codec = codec_of(label)
    if codec != "utf-8" and is_surely_utf8(content):
        report.note("file", f"is not {label.upper()}, as it says: read as UTF-8", "warning")
        return content.decode("utf-8")
    if codec is None:
        raise refused(WHOLE, label, "declares an encoding that is none of the web's: convert it to UTF-8")
    try:
        return content.decode(codec)
    except UnicodeDecodeError as error:
        at = error.start + 1
    guessed = guess_chinese(content)
    if guessed is not None:
        report.note("file", f"is not {label.upper()}, as it says: read as {guessed[0].upper()}", "warning")
        return guessed[1]
    report.note("file", f"is damaged: byte {at} and others are not {label.upper()}, and became U+FFFD", "warning")
    return content.decode(codec, errors="replace")


def _spell_out(text: str, report: Report) -> str:
    """Make references of HTML and lone ampersands what they mean, outside of what XML takes literally.

    libxml2, which mends the rest, would drop them.
    """
    text = text.lstrip("\ufeff" + _XML_SPACE)
    lone = 0

    def mean(match: re.Match[str]) -> str:
        nonlocal lone
        if match[1]:
            return match[0]
        known = html5.get(f"{match[2]};") if match[2] else None
        if known:
            return "".join(f"&#{ord(character)};" for character in known)
        lone += 1
        return "&amp;" + match[0][1:]

    spelt = rewrite_outside_literals(text, lambda piece: _AMPERSAND.sub(mean, piece))
    if lone:
        report.note("file", f"is not well-formed: {lone} ampersands stand for themselves", "warning")
    return spelt


def _read_id(element: etree._Element) -> tuple[str | None, bool]:
    """The id as it stands there, but for the white space that a writer of XML puts around it."""
    namespace = _split_tag(element)[0]
    named = {child.tag: child for child in element if _split_tag(child)[0] == namespace}
    guid, atom_id = named.get(f"{namespace}guid"), named.get(f"{namespace}id")
    if guid is not None:
        return _text(guid), guid.get("isPermaLink", "true").strip().lower() == "true"
    return (None if atom_id is None else _text(atom_id)) or element.get(_ABOUT) or None, False


def _read_xhtml(element: etree._Element) -> str | None:
    content = element.find("{http://www.w3.org/2005/Atom}content[@type='xhtml']")
    if content is None or len(content) != 1:
        return None
    for inner in content.iter():
        inner.tag = _split_tag(inner)[1]
    written = etree.tostring(content[0], method="html", encoding="unicode", with_tail=False)
    return _DIV.sub(r"\1", written)


def _split_tag(element: etree._Element) -> tuple[str, str]:
    """Its namespace in braces, or "", and its name. etree.QName refuses a namespace that holds a brace itself."""
    before, brace, name = str(element.tag).rpartition("}")
    return before + brace, name


def _text(element: etree._Element) -> str | None:
    return "".join(map(str, element.itertext())).strip(_XML_SPACE) or None
