"""Where older entries are: RFC 5005 §4, and its Appendix B for RSS 2.0, written and expected.

A live document leads to the newest archive, each archive to the one before it. There is no next-archive: an archive
that is done would have to change for a newer one, and the walk of a reader begins at the live document anyway.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from feedsvc.feed.namespaces import ATOM, HISTORY
from feedsvc.feed.verify import Letters
from feedsvc.model import Feed

Element = Any
"""An lxml element; lxml's stubs leave the type of feedgen's trees open."""

_ATOM_TYPE = "application/atom+xml"


def add_history(head: Element, feed: Feed) -> None:
    """Append the links that lead through the feed's history, and fh:archive, to a feed without a namespace."""
    if feed.current_url:
        etree.SubElement(head, "link", href=feed.current_url, rel="current", type=_ATOM_TYPE)
        etree.SubElement(head, f"{{{HISTORY}}}archive", None, {"fh": HISTORY})
    _add_previous(head, "link", feed)


def add_history_to_rss(channel: Element, feed: Feed) -> None:
    """Archives come as Atom only, so the link says of what type they are."""
    _add_previous(channel, f"{{{ATOM}}}link", feed)


def expect_history(feed: Feed) -> Letters:
    """What is written in an Atom document, to the letter."""
    return {
        "atom:link[@rel='current']/@href": (feed.current_url,) if feed.current_url else (),
        "fh:archive": ("",) if feed.current_url else (),
        **expect_history_in_rss(feed),
    }


def expect_history_in_rss(feed: Feed) -> Letters:
    """What is written in an RSS document, to the letter."""
    previous = "atom:link[@rel='prev-archive']"
    return {
        f"{previous}/@href": (feed.prev_archive_url,) if feed.prev_archive_url else (),
        f"{previous}/@type": (_ATOM_TYPE,) if feed.prev_archive_url else (),
    }


def _add_previous(head: Element, tag: str, feed: Feed) -> None:
    if feed.prev_archive_url:
        etree.SubElement(head, tag, href=feed.prev_archive_url, rel="prev-archive", type=_ATOM_TYPE)
