"""Entries that are gone, as Atom says it: at:deleted-entry (RFC 6721 §3), and what a right document holds of them."""

from __future__ import annotations

from typing import Any

from lxml import etree

from feedsvc.feed.namespaces import TOMBSTONES, XML_LANG
from feedsvc.feed.verify import Letters
from feedsvc.model import Feed, Tombstone

Element = Any
"""An lxml element; lxml's stubs leave the type of feedgen's trees open."""


def add_tombstones(parent: Element, feed: Feed) -> None:
    """Append one at:deleted-entry for each of the feed's tombstones, in their order."""
    for tombstone in feed.tombstones:
        attributes = {"ref": tombstone.entry_id, "when": tombstone.when.isoformat()}
        # Declared here and not at the top: a document without tombstones has no use for the name.
        gone = etree.SubElement(parent, f"{{{TOMBSTONES}}}deleted-entry", attributes, {"at": TOMBSTONES})
        if tombstone.notice:
            comment = etree.SubElement(gone, f"{{{TOMBSTONES}}}comment")
            comment.text = tombstone.notice
            if tombstone.language:
                comment.set(XML_LANG, tombstone.language)


def expect_tombstones(feed: Feed) -> Letters:
    """What is written of them, to the letter; feedparser gives back one of several only."""
    letters = {path: texts for number, each in enumerate(feed.tombstones, 1) for path, texts in _expect(number, each)}
    surplus = len(feed.tombstones) + 1
    return letters | {f"at:deleted-entry[{surplus}]/@ref": (), "*//at:deleted-entry/@ref": ()}


def _expect(number: int, tombstone: Tombstone) -> list[tuple[str, tuple[str, ...]]]:
    gone = f"at:deleted-entry[{number}]"
    comment = (tombstone.notice,) if tombstone.notice else ()
    language = (tombstone.language,) if tombstone.notice and tombstone.language else ()
    return [
        (f"{gone}/@ref", (tombstone.entry_id,)),
        (f"{gone}/@when", (tombstone.when.isoformat(),)),
        (f"{gone}/*", comment),
        (f"{gone}/at:comment", comment),
        (f"{gone}/at:comment/@*", language),
    ]
