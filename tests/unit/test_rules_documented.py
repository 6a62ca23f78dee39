"""docs/rules.md lists every rule of the grammar as it is. To take over a change: FEEDSVC_WRITE_GOLDEN=1 make test."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from feedsvc.feed import lint, sniff
from feedsvc.feed.grammar import RULES, atomrules, frame, jsonfeed, markup, rssrules, tally, values, vocabularyrules
from feedsvc.feed.grammar.rules import Rule
from feedsvc.web import proving

DOCUMENT = Path(__file__).parents[2] / "docs" / "rules.md"

INTRODUCTION = """\
# Rules

What a feed is held to, whoever made it, beyond being parsed. Every document of feedsvc keeps all of them before it goes
live; `feedsvc verify` holds a file to them. An **error** is against the standard, or shuts readers out: the article
waits in quarantine, or the document does not go live. A **warning** is against what the standard recommends, or what
many readers need: it keeps nothing back, and `feedsvc verify` tells it.

A finding names the rule, the element by its line and path (`line 12, entry[3]/link[2]`), the entry by its id, and what
was found. The standards:

- [RFC 4287](https://www.rfc-editor.org/rfc/rfc4287): Atom
- [RFC 5005](https://www.rfc-editor.org/rfc/rfc5005): archives
- [RFC 6721](https://www.rfc-editor.org/rfc/rfc6721): tombstones
- [RSS 2.0](https://www.rssboard.org/rss-specification), the [RSS Profile](https://www.rssboard.org/rss-profile)
- [JSON Feed 1.1](https://www.jsonfeed.org/version/1.1/)
- [Media RSS](https://www.rssboard.org/media-rss)
- [RSS 1.0 modules](https://web.resource.org/rss/1.0/modules/syndication/): how often to ask
"""
HEAD = "| rule | severity | what is wrong | the mend | standard |\n| --- | --- | --- | --- | --- |\n"
TABLES: dict[str, Sequence[Rule]] = {
    "Any feed": tally.RULES,
    "Any feed in XML": frame.RULES,
    "Atom": atomrules.RULES,
    "RSS": rssrules.RULES,
    "What RSS and Atom borrow": vocabularyrules.RULES,
    "JSON Feed": jsonfeed.RULES,
    "Values": values.RULES,
    "HTML": markup.RULES,
}
ASKED_BY_VERIFY: dict[str, Sequence[Rule]] = {
    "What is no feed": sniff.RULES,
    "As a reader sees it": lint.RULES,
    "Over HTTP": proving.RULES,
}
"""Not of a format's standard: what `feedsvc verify` asks of a file or an address besides."""


def cell(text: str) -> str:
    """A text in a table of Markdown, in which no sign means anything."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").replace("*", "\\*").replace("_", "\\_")


def written() -> str:
    parts = [INTRODUCTION]
    for heading, rules in (TABLES | ASKED_BY_VERIFY).items():
        rows = "".join(
            f"| `{rule.name}` | {rule.severity} | {cell(rule.message)} | {cell(rule.mend)} | {cell(rule.standard)} |\n"
            for rule in rules
        )
        parts.append(f"\n## {heading}\n\n{HEAD}{rows}")
    return "".join(parts)


def test_the_document_lists_every_rule_as_it_is() -> None:
    if os.environ.get("FEEDSVC_WRITE_GOLDEN"):
        DOCUMENT.write_text(written(), "utf-8")

    assert DOCUMENT.read_text("utf-8") == written()


def test_no_rule_is_left_out() -> None:
    assert {rule.name for rules in TABLES.values() for rule in rules} == set(RULES)
