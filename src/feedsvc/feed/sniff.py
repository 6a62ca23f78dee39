"""Which feed format are these bytes in? Found from the bytes alone, as a reader has to where a server says nothing."""

from __future__ import annotations

import codecs
import re

from feedsvc.feed.grammar.rules import Fault, Rule

EMPTY = Rule(
    name="input.empty",
    standard="feedsvc",
    message="there is nothing in it",
    mend="look at what made it: a feed without entries still has a head",
)
COMPRESSED = Rule(
    name="input.compressed",
    standard="RFC 9110 §8.4",
    message="it is compressed; only a server that says so in Content-Encoding may send it like this",
    mend="unpack it first (gzip -d, or curl --compressed)",
)
PAGE = Rule(
    name="input.page",
    standard="feedsvc",
    message="it is a web page, not a feed",
    mend='look in the page for <link rel="alternate" type="application/rss+xml" href="..."> and take that address',
)
LIST = Rule(
    name="input.opml",
    standard="OPML 2.0",
    message="it is a list of feeds, not a feed",
    mend="check the feeds that it names",
)
OLD = Rule(
    name="input.old",
    standard="RSS 2.0, RFC 4287",
    message="it is in an old format (RSS 0.9 or 1.0, Atom 0.3), which is not checked here",
    mend="publish RSS 2.0 or Atom 1.0",
)
UNKNOWN = Rule(
    name="input.unknown",
    standard="RSS 2.0, RFC 4287, JSON Feed 1.1",
    message="it is none of RSS 2.0, Atom 1.0 and JSON Feed",
    mend="look at what made it: a feed begins with <rss, <feed or {",
)
RULES = (EMPTY, COMPRESSED, PAGE, LIST, OLD, UNKNOWN)

_HEAD = 64 * 1024
"""Bytes that are looked at: a root element that begins later is none that a reader finds."""

_SHOWN = 40
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
}
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_BE: "utf-16-be", codecs.BOM_UTF16_LE: "utf-16-le"}
# No possessive group: Python 3.11.2, Debian's, does not go back to where one that failed began.
_PROLOGUE = re.compile(
    r"(?:\s++|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*+(?:\[[^\]]*+\]\s*+)?>)+", re.DOTALL | re.IGNORECASE
)
_ROOT = re.compile(r"<(?:([A-Za-z_][\w.-]*+):)?([A-Za-z_][\w.-]*+)([^>]*+)", re.DOTALL)
_VERSION = re.compile(r"""\bversion\s*+=\s*+["']([^"']{0,20})""")
_OLD_ATOM = "http://purl.org/atom/ns#"

_OTHERS = {"RDF": OLD, "opml": LIST}
_OF_PAGES = frozenset("html head body title meta link script div p h1".split())
"""A page may do without its outer tags."""


def sniff(content: bytes) -> str | Fault:
    """The name of the format ("rss", "atom", "json"), or why it is none that can be checked."""
    packed = next((name for magic, name in _PACKED.items() if content.startswith(magic)), None)
    if packed:
        return Fault(COMPRESSED, packed)
    head = _decode(content[:_HEAD])
    if not head.strip() and len(content) <= _HEAD:
        return Fault(EMPTY, "white space alone" if content else "")
    if head.lstrip()[:1] in {"{", "["}:
        return "json"
    prologue = _PROLOGUE.match(head)
    start = prologue.end() if prologue else 0
    root = _ROOT.match(head, start)
    if root is None:
        return Fault(UNKNOWN, head[start : start + _SHOWN].strip())
    return _name(root[2], root[3], _namespace(root))


def _decode(head: bytes) -> str:
    mark = next((mark for mark in _MARKS if head.startswith(mark)), None)
    if mark:
        return head.removeprefix(mark).decode(_MARKS[mark], errors="replace")
    if head[:2] in {b"<\0", b"\0<", b"{\0", b"\0{"}:
        return head.decode("utf-16-le" if head[1:2] == b"\0" else "utf-16-be", errors="replace")
    return head.decode("utf-8", errors="replace")


def _namespace(root: re.Match[str]) -> str:
    """The root element's own, '' for none."""
    name = f"xmlns:{root[1]}" if root[1] else "xmlns"
    found = re.search(rf"""(?:^|\s){re.escape(name)}\s*+=\s*+["']([^"']*+)""", root[3])
    return found[1] if found else ""


def _name(local: str, attributes: str, namespace: str) -> str | Fault:
    version = _VERSION.search(attributes)
    if local == "rss":
        is_old = version is not None and version[1].startswith("0.")
        return Fault(OLD, f"RSS {version[1]}") if version and is_old else "rss"
    if local == "feed":
        return Fault(OLD, "Atom 0.3") if namespace == _OLD_ATOM else "atom"
    rule = _OTHERS.get(local) or (PAGE if local.lower() in _OF_PAGES else UNKNOWN)
    return Fault(rule, f"<{local}>")
