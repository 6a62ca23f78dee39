"""A whole document held to the form of its standard alone, and the ids of its entries.

Is it XML or JSON within bounds, is every element where the schema lets it stand, which entries are there? What each of
them says is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from feedsvc.feed.grammar.atomrules import SCHEMA as ATOM_SCHEMA
from feedsvc.feed.grammar.elements import Element
from feedsvc.feed.grammar.frame import DOCTYPE, WELLFORMED
from feedsvc.feed.grammar.jsonfeed import read_ids
from feedsvc.feed.grammar.jsonframe import read_json, write_path
from feedsvc.feed.grammar.jsonrules import TWICE
from feedsvc.feed.grammar.rssrules import SCHEMA as RSS_SCHEMA
from feedsvc.feed.grammar.rules import Rule, breach
from feedsvc.feed.grammar.schema import refusal_of
from feedsvc.feed.namespaces import ATOM
from feedsvc.model import Finding


@dataclass(frozen=True, slots=True)
class Form:
    """`entry_ids` come in the document's order, None for one without; they count only where nothing was found."""

    findings: tuple[Finding, ...]
    entry_ids: tuple[str | None, ...]


def read_form(content: bytes, format: str) -> Form:
    """What is wrong with a document's form, and whose entries stand in it."""
    return _read_json(content) if format == "json" else _read_xml(content, format)


def _read_xml(content: bytes, format: str) -> Form:
    try:
        root = etree.fromstring(content, etree.XMLParser(encoding="utf-8", resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        return Form((breach(WELLFORMED, format, found=str(error)),), ())
    tree = root.getroottree()
    if tree.docinfo.internalDTD is not None:
        return Form((breach(DOCTYPE, format),), ())
    rule, ids_in = _XML[format]
    refusal = refusal_of(tree, format)
    if refusal is not None:
        message, line = refusal
        return Form((breach(rule, format, found=message, place=f"line {line}"),), ())
    return Form((), tuple(ids_in(root)))


def _read_json(content: bytes) -> Form:
    value, faults = read_json(content)
    findings = [breach(fault.rule, "json", place=fault.place, found=fault.found) for fault in faults]
    findings += [breach(TWICE, "json", place=write_path((key,))) for key in getattr(value, "twice", ())]
    return Form(tuple(findings), tuple(read_ids(value)) if not findings else ())


def _ids_in_rss(root: Element) -> Iterator[str | None]:
    return (item.findtext("guid") for item in root.iterfind("channel/item"))


def _ids_in_atom(root: Element) -> Iterator[str | None]:
    return (entry.findtext(f"{{{ATOM}}}id") for entry in root.iterfind(f"{{{ATOM}}}entry"))


_XML: Mapping[str, tuple[Rule, Callable[[Element], Iterator[str | None]]]] = {
    "rss": (RSS_SCHEMA, _ids_in_rss),
    "atom": (ATOM_SCHEMA, _ids_in_atom),
}
