"""Atom's text constructs and content (RFC 4287 §3.1, §4.1.3): of the type they say, and harmless as HTML."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from lxml import etree

from feedsvc.feed.grammar import atomrules as rules
from feedsvc.feed.grammar.elements import Breach, Element, Given, at, looks_like_html, name_of, text_of
from feedsvc.feed.grammar.markup import check_element, check_html
from feedsvc.feed.grammar.rules import Fault
from feedsvc.feed.grammar.values import check_iri, check_media_type

_XHTML = "{http://www.w3.org/1999/xhtml}"
_TEXT_TYPES = {"text", "html", "xhtml"}


def check_text(element: Element, given: Given) -> Iterator[Breach]:
    """Hold a title, summary, subtitle or rights to its type (RFC 4287 §3.1.1)."""
    kind = element.get("type", "text")
    if kind not in _TEXT_TYPES:
        yield element, Fault(rules.TEXT_TYPE, found=kind)
    else:
        yield from _check_typed(element, kind, given)


def check_content(element: Element, given: Given) -> Iterator[Breach]:
    """Hold an entry's content to its type, or to standing elsewhere (RFC 4287 §4.1.3)."""
    kind, source = element.get("type"), element.get("src")
    if source is not None:
        yield from at(element, check_iri(source))
        if len(element) or text_of(element).strip():
            yield element, Fault(rules.CONTENT_SRC)
        if kind is None:
            yield element, Fault(rules.CONTENT_SRC_UNTYPED)
        elif kind in _TEXT_TYPES:
            yield element, Fault(rules.CONTENT_SRC_TYPE, found=kind)
        else:
            yield from _check_media_type(element, kind)
    elif kind is None or kind in _TEXT_TYPES:
        yield from _check_typed(element, kind or "text", given)
    else:
        yield from _check_media_type(element, kind)
        yield from _check_media(element, kind.partition(";")[0].strip().lower(), given)


def _check_typed(element: Element, kind: str, given: Given) -> Iterator[Breach]:
    if kind == "xhtml":
        yield from _check_xhtml(element, given)
    elif len(element):
        yield element, Fault(rules.TEXT_MARKUP, found=name_of(element[0]))
    elif kind == "html":
        yield from at(element, check_html(element.text or "", given.embeds, has_base=element.base is not None))
    else:
        yield from looks_like_html(rules.TEXT_HTML, element)


def _check_xhtml(element: Element, given: Given) -> Iterator[Breach]:
    first = element[0] if len(element) else None
    if first is None or len(element) > 1 or first.tag != f"{_XHTML}div" or has_text_beside(element):
        yield element, Fault(rules.XHTML_DIV, found="" if first is None else name_of(first))
    else:
        yield from check_xhtml(first, given)


def check_xhtml(element: Element, given: Given) -> Iterator[Breach]:
    """An element and all below it, as a reader shows it: what is said of HTML, each fault at its own element."""
    for each in element.iter(etree.Element):
        name = etree.QName(each).localname.lower()
        attributes = ((etree.QName(str(key)).localname.lower(), str(value)) for key, value in each.attrib.items())
        yield from at(each, check_element(name, attributes, given.embeds, has_base=each.base is not None))


def has_text_beside(element: Element) -> bool:
    """Whether words stand between its children."""
    return any(text and not text.isspace() for text in (element.text, *(child.tail for child in element)))


def _check_media_type(element: Element, kind: str) -> Iterator[Breach]:
    yield from at(element, check_media_type(kind))
    if kind.lower().startswith(("multipart/", "message/")):
        yield element, Fault(rules.CONTENT_COMPOSITE, found=kind)


def _check_media(element: Element, kind: str, given: Given) -> Iterator[Breach]:
    """Content of a media type that stands here (RFC 4287 §4.1.3.3)."""
    if kind.endswith(("+xml", "/xml")):
        if len(element) != 1 or has_text_beside(element):
            yield element, Fault(rules.CONTENT_XML)
    elif len(element):
        yield element, Fault(rules.CONTENT_MARKUP, found=name_of(element[0]))
    elif kind == "text/html":
        yield from at(element, check_html(element.text or "", given.embeds, has_base=element.base is not None))
    elif not kind.startswith("text/"):
        try:
            base64.b64decode("".join((element.text or "").split()), validate=True)
        except ValueError:  # binascii.Error is one; characters beyond ASCII raise a plain one
            yield element, Fault(rules.CONTENT_BASE64)
