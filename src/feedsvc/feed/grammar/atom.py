"""RFC 4287, rule by rule, with the documents of RFC 5005 and RFC 6721; atom.rng is the net below.

The tables say what may stand in a feed, an entry, a source and a person; a check beside each says what its value is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from itertools import chain

from feedsvc.feed.grammar import atomrules as rules
from feedsvc.feed.grammar.elements import (
    Breach,
    Check,
    Element,
    Given,
    Part,
    Vocabulary,
    at,
    check_parts,
    holding,
    name_of,
    text_of,
)
from feedsvc.feed.grammar.rules import Fault
from feedsvc.feed.grammar.texts import check_content, check_text
from feedsvc.feed.grammar.values import check_email, check_iri, check_language, check_media_type, check_rfc3339
from feedsvc.feed.namespaces import ATOM, HISTORY, TOMBSTONES

_A = f"{{{ATOM}}}"
_LINK = f"{_A}link"
_DELETED = f"{{{TOMBSTONES}}}deleted-entry"
_FH = f"{{{HISTORY}}}"
LINK_ATTRIBUTES = ("href", "rel", "type", "hreflang", "title", "length")
_PARTS_OF_A_WHOLE = {"prev-archive", "next-archive", "first", "last", "previous", "next"}
_BETWEEN_DOCUMENTS = _PARTS_OF_A_WHOLE | {"current"}
_WORDS = Vocabulary(prefix=_A, unknown=rules.UNKNOWN, attribute=rules.ATTRIBUTE, stray=rules.STRAY, markup=rules.MARKUP)


def check_feed(root: Element, given: Given) -> Iterator[Breach]:
    """Hold a feed document to all of it; where the root is no feed, that is the one thing to say."""
    if root.tag != f"{_A}feed":
        yield root, Fault(rules.ROOT, found=name_of(root) if root.tag != "feed" else "feed without a namespace")
        return
    yield from _check_part_attributes(root)
    yield from check_parts(root, _FEED, _WORDS, given)
    entries = root.findall(f"{_A}entry")
    yield from _check_links(root)
    yield from _check_self(root, given)
    if root.find(f"{_A}author") is None:
        unsigned = [each for each in entries if each.find(f"{_A}author") is None and not _is_signed_by_source(each)]
        yield from ((each, Fault(rules.AUTHOR)) for each in unsigned)
    yield from _check_ids(entries)
    yield from _check_tombstones(root, entries)
    yield from _check_history(root)


def check_link(element: Element, _given: Given) -> Iterator[Breach]:
    """RFC 4287 §4.2.7; what RSS borrows is held to the same."""
    href, rel = element.get("href"), element.get("rel", "alternate")
    yield from ((element, Fault(rules.HREF)),) if href is None else at(element, check_iri(href))
    if not rel or rel.isspace() or (any(sign in rel for sign in " /#?") and ":" not in rel):
        yield element, Fault(rules.REL, found=rel)
    elif ":" in rel:
        yield from at(element, check_iri(rel))
    if (media_type := element.get("type")) is not None:
        yield from at(element, check_media_type(media_type))
    if (language := element.get("hreflang")) is not None:
        yield from at(element, check_language(language))
    length = element.get("length")
    if length is not None and not (length.isascii() and length.isdigit()):
        yield element, Fault(rules.LENGTH, found=length)
    if rel == "enclosure" and length is None:
        yield element, Fault(rules.ENCLOSURE_LENGTH)


def _check_part_attributes(root: Element) -> Iterator[Breach]:
    for name in root.attrib:
        if not str(name).startswith("{"):
            yield root, Fault(rules.ATTRIBUTE, found=str(name))


def _check_entry(element: Element, given: Given) -> Iterator[Breach]:
    yield from check_parts(element, _ENTRY, _WORDS, given)
    yield from _check_links(element)
    for link in element.iterfind(_LINK):
        if link.get("rel") in _BETWEEN_DOCUMENTS:
            yield link, Fault(rules.HISTORY_LINK, found=link.get("rel", ""))
    content = element.find(f"{_A}content")
    if content is None and not any(link.get("rel", "alternate") == "alternate" for link in element.iterfind(_LINK)):
        yield element, Fault(rules.ALTERNATE)
    summary = element.find(f"{_A}summary")
    if summary is None and content is not None and _wants_summary(content):
        yield element, Fault(rules.SUMMARY)
    if not any(_says_something(each) for each in (content, summary)):
        yield element, Fault(rules.BARE)


def _says_something(element: Element | None) -> bool:
    return element is not None and bool(len(element) or element.get("src") or (element.text or "").strip())


def _wants_summary(content: Element) -> bool:
    """RFC 4287 §4.1.2: where the content stands elsewhere or is not text."""
    kind = content.get("type", "text").lower()
    is_text = kind in {"text", "html", "xhtml"} or kind.startswith("text/") or kind.endswith(("+xml", "/xml"))
    return content.get("src") is not None or not is_text


def _check_links(parent: Element) -> Iterator[Breach]:
    seen: set[tuple[str | None, str | None]] = set()
    for link in parent.iterfind(_LINK):
        kind = (link.get("type"), link.get("hreflang"))
        if link.get("rel", "alternate") == "alternate":
            if kind in seen:
                yield link, Fault(rules.ALTERNATE_REPEATED, found=link.get("href", ""))
            seen.add(kind)


def _check_self(root: Element, given: Given) -> Iterator[Breach]:
    selves = [link for link in root.iterfind(_LINK) if link.get("rel") == "self"]
    if not selves:
        yield root, Fault(rules.SELF_MISSING)
    for link in selves:
        if given.self_url is not None and link.get("href") != given.self_url:
            yield link, Fault(rules.SELF, found=link.get("href", ""), expected=given.self_url)


def _is_signed_by_source(entry: Element) -> bool:
    return entry.find(f"{_A}source/{_A}author") is not None


def _check_ids(entries: list[Element]) -> Iterator[Breach]:
    seen: dict[str, set[str | None]] = {}
    for entry in entries:
        entry_id, updated = entry.findtext(f"{_A}id"), entry.findtext(f"{_A}updated")
        if not entry_id:
            continue
        versions = seen.setdefault(entry_id, set())
        if versions:
            yield entry, Fault(rules.ID_TWICE if updated in versions else rules.ID_VERSIONS, found=entry_id)
        versions.add(updated)


def _check_id_text(element: Element, _given: Given) -> Iterator[Breach]:
    return _check_id(element, text_of(element))


def _check_id(element: Element, text: str) -> Iterator[Breach]:
    """An id is an IRI that nobody opens: what is advisable in an address does not matter here."""
    if any(fault.rule.severity == "error" for fault in check_iri(text)):
        rule = rules.TOMBSTONE_IRI if element.tag == _DELETED else rules.ID_IRI
        yield element, Fault(rule, found=text)


def _check_tombstones(root: Element, entries: list[Element]) -> Iterator[Breach]:
    living = {entry.findtext(f"{_A}id"): entry.findtext(f"{_A}updated") for entry in entries}
    for tombstone in root.iter(_DELETED):
        ref, when = tombstone.get("ref"), tombstone.get("when")
        if tombstone.getparent() is not root:
            yield tombstone, Fault(rules.TOMBSTONE_PLACE)
        yield from ((tombstone, Fault(rules.TOMBSTONE_REF)),) if ref is None else _check_id(tombstone, ref)
        yield from ((tombstone, Fault(rules.TOMBSTONE_WHEN)),) if when is None else at(tombstone, check_rfc3339(when))
        if ref in living and not _is_later(living[ref], when):
            yield tombstone, Fault(rules.TOMBSTONE_LIVE, found=ref or "")


def _is_later(updated: str | None, when: str | None) -> bool:
    """Whether an entry came back after it was deleted, so that its tombstone is void. What is no date is told apart."""
    try:
        return datetime.fromisoformat(updated or "") > datetime.fromisoformat(when or "")
    except (TypeError, ValueError):
        return True


def _check_history(root: Element) -> Iterator[Breach]:
    """RFC 5005: complete feeds (§2) and archives (§4)."""
    marks = list(root.iter(f"{_FH}archive", f"{_FH}complete"))
    for mark in marks:
        if mark.getparent() is not root or len(mark) or (mark.text or "").strip():
            yield mark, Fault(rules.ARCHIVE_PLACE, found=name_of(mark))
    names = {str(mark.tag) for mark in marks if mark.getparent() is root}
    rels = {link.get("rel") for link in root.iterfind(_LINK)}
    if f"{_FH}archive" in names and "current" not in rels:
        yield root, Fault(rules.ARCHIVE_CURRENT)
    if f"{_FH}complete" in names and (f"{_FH}archive" in names or rels & _PARTS_OF_A_WHOLE):
        yield root, Fault(rules.ARCHIVE_COMPLETE)


def _check_person(element: Element, given: Given) -> Iterator[Breach]:
    return check_parts(element, _PERSON, _WORDS, given)


def _check_source(element: Element, given: Given) -> Iterator[Breach]:
    return chain(check_parts(element, _SOURCE, _WORDS, given), _check_links(element))


def _check_category(element: Element, _given: Given) -> Iterator[Breach]:
    if not element.get("term"):
        yield element, Fault(rules.TERM)
    if (scheme := element.get("scheme")) is not None:
        yield from at(element, check_iri(scheme))


def _check_generator(element: Element, _given: Given) -> Iterator[Breach]:
    if (uri := element.get("uri")) is not None:
        yield from at(element, check_iri(uri))


def _check_title(element: Element, given: Given) -> Iterator[Breach]:
    if not text_of(element).strip():
        yield element, Fault(rules.TITLE_EMPTY)
    yield from check_text(element, given)


def _part(name: str, check: Check | None = None, *attributes: str, leaf: bool = True, is_needed: bool = True) -> Part:
    """A row of a table; what is needed at all and what may stand once is said by the rules."""
    return Part(
        check=check,
        missing=rules.MISSING.get(name) if is_needed else None,
        repeated=rules.REPEATED.get(name),
        attributes=frozenset(attributes),
        leaf=leaf,
    )


def _table(**parts: Part) -> Mapping[str, Part]:
    return {f"{_A}{name}": part for name, part in parts.items()}


_IRI = holding(check_iri)
_DATE = holding(partial(check_rfc3339, capitals=True))  # RFC 4287 §3.3
_PERSON = _table(name=_part("name"), uri=_part("uri", _IRI), email=_part("email", holding(check_email)))
_EVERYWHERE = {
    "author": _part("author", _check_person, leaf=False),
    "category": _part("category", _check_category, "term", "scheme", "label", leaf=False),
    "contributor": _part("contributor", _check_person, leaf=False),
    "link": _part("link", check_link, *LINK_ATTRIBUTES, leaf=False),
    "rights": _part("rights", check_text, "type", leaf=False),
}
_HEAD = _EVERYWHERE | {
    "generator": _part("generator", _check_generator, "uri", "version"),
    "icon": _part("icon", _IRI),
    "logo": _part("logo", _IRI),
    "subtitle": _part("subtitle", check_text, "type", leaf=False),
}
_IDENTITY = {
    "id": _part("id", _check_id_text),
    "title": _part("title", _check_title, "type", leaf=False),
    "updated": _part("updated", _DATE),
}
_SOURCE = _table(
    **_HEAD,
    id=_part("id", _check_id_text, is_needed=False),
    title=_part("title", _check_title, "type", leaf=False, is_needed=False),
    updated=_part("updated", _DATE, is_needed=False),
)
_ENTRY = _table(
    **_EVERYWHERE,
    **_IDENTITY,
    content=_part("content", check_content, "type", "src", leaf=False),
    published=_part("published", _DATE),
    source=_part("source", _check_source, leaf=False),
    summary=_part("summary", check_text, "type", leaf=False),
)
_FEED = _table(**_HEAD, **_IDENTITY, entry=_part("entry", _check_entry, leaf=False))
