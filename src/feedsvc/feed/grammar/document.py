"""An RSS or Atom document, whoever made it -> Findings: what is wrong with it, where, and how one mends it."""

from __future__ import annotations

from collections.abc import Collection

from feedsvc.feed.grammar.frame import check_frame, parse_frame
from feedsvc.feed.grammar.rules import Fault, breach
from feedsvc.model import Finding


def check_xml(
    content: bytes,
    *,
    format: str,
    self_url: str | None = None,  # noqa: ARG001  # the rules that ask for it follow
    embeds: Collection[str] = (),  # noqa: ARG001  # likewise
) -> list[Finding]:
    """Hold a document to the standard of its format ("rss" or "atom"); none for a right one.

    `self_url` is the address it is published under, if known; `embeds` are hosts whose frames may stand in it.
    """
    tree = parse_frame(content)
    if isinstance(tree, Fault):
        return [breach(tree.rule, format, place=tree.place, found=tree.found, expected=tree.expected)]
    return [breach(fault.rule, format, found=fault.found) for _, fault in check_frame(tree)]
