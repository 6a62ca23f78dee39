"""An RSS or Atom document, whoever made it -> Findings: what is wrong with it, where, and how one mends it.

bytes -> frame (is it XML?) -> rules of the format, of what it borrows, of the frame -> the schema, where no rule spoke
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from lxml import etree

from feedsvc.feed.grammar import atom, rss
from feedsvc.feed.grammar.atomrules import SCHEMA as ATOM_SCHEMA
from feedsvc.feed.grammar.elements import Breach, Element, Given, Locator
from feedsvc.feed.grammar.frame import check_frame, parse_frame
from feedsvc.feed.grammar.rssrules import SCHEMA as RSS_SCHEMA
from feedsvc.feed.grammar.rules import Fault, Rule, breach
from feedsvc.feed.grammar.schema import refusal_of
from feedsvc.feed.grammar.tally import Tally
from feedsvc.feed.grammar.vocabularies import check_borrowed
from feedsvc.model import Finding

_CHECKS: Mapping[str, tuple[Callable[[Element, Given], Iterator[Breach]], Rule]] = {
    "atom": (atom.check_feed, ATOM_SCHEMA),
    "rss": (rss.check_feed, RSS_SCHEMA),
}


def check_xml(
    content: bytes, *, format: str, self_url: str | None = None, embeds: Collection[str] = ()
) -> list[Finding]:
    """Hold a document to the standard of its format ("rss" or "atom"); none for a right one.

    `self_url` is the address it is published under, if known; `embeds` are hosts whose frames may stand in it.
    """
    tree = parse_frame(content)
    if isinstance(tree, Fault):
        return [breach(tree.rule, format, place=tree.place, found=tree.found, expected=tree.expected)]
    locator, tally = Locator(), Tally()
    findings = [
        breach(
            fault.rule,
            format,
            entry_id=locator.entry_id_of(element),
            place=locator.locate(element, fault.place),
            found=fault.found,
            expected=fault.expected,
        )
        for element, fault in _find(tree, content, format, Given(self_url, tuple(embeds)))
        if tally.keeps(fault.rule)
    ]
    return [*findings, *tally.rest(format)]


def _find(tree: etree._ElementTree, content: bytes, format: str, given: Given) -> Iterator[Breach]:
    check, schema_rule = _CHECKS[format]
    root = tree.getroot()
    is_faulty = False
    for checking in (check_frame(tree, content), check(root, given), check_borrowed(root, given)):
        for element, fault in checking:
            is_faulty = is_faulty or fault.rule.severity == "error"
            yield element, fault
    if not is_faulty and (refusal := refusal_of(tree, format)):
        message, line = refusal
        yield root, Fault(schema_rule, found=message, place=f"line {line}")
