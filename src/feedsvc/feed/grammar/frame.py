"""The frame of any XML feed: is it XML at all, within bounds, in UTF-8, without a DOCTYPE?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from feedsvc.feed.grammar.elements import Breach, Element, at
from feedsvc.feed.grammar.rules import Fault, Rule
from feedsvc.feed.grammar.values import check_language
from feedsvc.parse import (
    MAX_BYTES,
    MAX_ELEMENTS,
    codec_of,
    declared_in,
    has_too_many_elements,
    told_by_first_bytes,
)

_XML = "XML 1.0"

SIZE = Rule(
    name="xml.size",
    standard="feedsvc",
    message="the document is larger than anything that is parsed here",
    mend="publish fewer entries in one document and lead to the older ones by archives (RFC 5005 §4)",
)
WELLFORMED = Rule(
    name="xml.wellformed",
    standard=f"{_XML} §2.1",
    message="it is not well-formed XML, so no strict reader gets past this point",
    mend="write the document with an XML library; escape & and < in texts",
)
DOCTYPE = Rule(
    name="xml.doctype",
    standard=f"{_XML} §2.8",
    message="it has a DOCTYPE, which feed readers refuse or ignore, since it can hold entities",
    mend="leave the DOCTYPE out",
)
ENTITY = Rule(
    name="xml.entity",
    standard=f"{_XML} §4.1",
    message="it refers to an entity of its own, which feed readers don't expand",
    mend="write the character itself",
)
BYTES = Rule(
    name="xml.bytes",
    standard=f"{_XML} §4.3.3",
    message="its bytes are not in the encoding that it says, so no strict reader gets past them",
    mend='write it in UTF-8 and say so: <?xml version="1.0" encoding="UTF-8"?>',
)
ENCODING = Rule(
    name="xml.encoding",
    standard=f"{_XML} §4.3.3",
    message="it doesn't say that it is in UTF-8, the one encoding that every reader knows",
    mend='write it in UTF-8 and say so: <?xml version="1.0" encoding="UTF-8"?>',
    severity="warning",
)
BASE = Rule(
    name="xml.base",
    standard="RFC 4287 §2",
    message="it counts addresses from an xml:base, which many readers don't know",
    mend="leave xml:base out and write every address whole",
    severity="warning",
)
RULES = (SIZE, BYTES, WELLFORMED, DOCTYPE, ENTITY, ENCODING, BASE)

_BASES = etree.XPath("//@xml:base")
_LANGUAGES = etree.XPath("//@xml:lang")


def parse_frame(content: bytes) -> etree._ElementTree | Fault:
    """Parse within libxml2's own bounds (no entity expanded, nothing fetched); a Fault where that is not possible."""
    if len(content) > MAX_BYTES:
        return Fault(SIZE, found=f"{len(content)} bytes", expected=f"at most {MAX_BYTES}")
    in_utf8 = _recode(content)
    if isinstance(in_utf8, Fault):
        return in_utf8
    if in_utf8.count(b"<") > MAX_ELEMENTS and has_too_many_elements(in_utf8):
        return Fault(SIZE, found=f"more than {MAX_ELEMENTS} elements")
    # huge_tree stays off: libxml2 then bounds depth, text length and the growth by entities.
    parser = etree.XMLParser(
        encoding="utf-8",  # whatever it declares: it has been read so
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.ElementTree(etree.fromstring(in_utf8, parser))
    except etree.XMLSyntaxError as error:
        line, column = error.position
        return Fault(WELLFORMED, found=error.msg.partition(", line ")[0], place=f"line {line}, column {column}")


def _recode(content: bytes) -> bytes | Fault:
    """The document in UTF-8, read in the encoding of the web that it declares, which takes more than libxml2 does."""
    label = declared_in(content) or "utf-8"
    codec = told_by_first_bytes(content) or codec_of(label)
    if codec is None:
        return Fault(BYTES, found=f'encoding="{label}"', expected="an encoding that readers know")
    try:
        text = content.decode(codec)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        place = f"line {line}, byte {error.start + 1}"
        return Fault(BYTES, found=f"{content[error.start]:#04x}", place=place, expected=label.upper())
    return content if codec in {"utf-8", "utf-8-sig"} else text.encode(errors="replace")


def check_frame(tree: etree._ElementTree, content: bytes) -> Iterator[Breach]:
    """What is wrong with the document around its elements."""
    root, info = tree.getroot(), tree.docinfo
    if info.internalDTD is not None:
        yield root, Fault(DOCTYPE, found=f"<!DOCTYPE {info.root_name} …>")
    for entity in tree.iter(etree.Entity):
        yield root, Fault(ENTITY, found=str(entity.text))
    encoding = declared_in(content) or (told_by_first_bytes(content) or "utf-8").removesuffix("-sig")
    if encoding != "utf-8":
        yield root, Fault(ENCODING, found=encoding.upper())
    for base in _select(_BASES, root):
        yield base.getparent(), Fault(BASE, found=base)
    for language in _select(_LANGUAGES, root):
        if language:  # an empty one says that the language is not known (XML 1.0 §2.12)
            yield from at(language.getparent(), check_language(language))


def _select(path: etree.XPath, root: Element) -> list[Any]:
    return list(path(root))  # type: ignore[arg-type]  # lxml's stubs know no kinds of results
