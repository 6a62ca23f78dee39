"""A whole document whose entries were proved before: is its form right, and do just these entries stand in it?"""

from __future__ import annotations

from feedsvc.feed.grammar.form import read_form
from feedsvc.feed.verify import compare_sequence
from feedsvc.model import Feed, Finding


def inspect(content: bytes, feed: Feed, format: str) -> list[Finding]:
    """Parse all of it, hold it to the schema of its format, compare the ids of its entries and their order.

    What the entries say is not read.
    """
    form = read_form(content, format)
    if form.findings:
        return list(form.findings)
    return compare_sequence(format, [entry.entry_id for entry in feed.entries], form.entry_ids)
