"""Is a document what its standard says it must be, whoever made it? bytes -> Findings, one for each breach.

`verify` (one floor up) asks whether a document says what the store says; here nothing is known but the bytes.
Each module names its rules in `RULES`; here they come together, and docs/rules.md lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial

from feedsvc.feed.grammar import atomrules, frame, jsonfeed, markup, rssrules, tally, values, vocabularyrules
from feedsvc.feed.grammar.document import check_xml
from feedsvc.feed.grammar.jsonfeed import check_json
from feedsvc.feed.grammar.rules import Rule
from feedsvc.model import Finding

CHECKS: Mapping[str, Callable[..., list[Finding]]] = {
    "rss": partial(check_xml, format="rss"),
    "atom": partial(check_xml, format="atom"),
    "json": check_json,
}
"""Format -> how a document of it is checked: content, self_url and embeds -> Findings."""

_MODULES = (frame, tally, atomrules, rssrules, jsonfeed, vocabularyrules, values, markup)
RULES: Mapping[str, Rule] = {rule.name: rule for module in _MODULES for rule in module.RULES}
"""Every rule by its name."""


def check(content: bytes, format: str, *, self_url: str | None = None, embeds: Collection[str] = ()) -> list[Finding]:
    """Every breach of the standard of `format` in a document, in the document's order; none for a right one.

    `self_url` is the address it is published under, if known; `embeds` are hosts whose frames may stand in it.
    """
    return CHECKS[format](content, self_url=self_url, embeds=embeds)
