"""HTML in a feed: nothing that acts, nothing relative, nothing left open, since a reader shows it in its own name.

The fragment is read once, in linear time, as the HTML standard's tokeniser reads it; no tree is built.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from feedsvc.feed.grammar.rules import Fault, Rule
from feedsvc.feed.grammar.values import ACTIVE_SCHEMES
from feedsvc.htmltags import BOGUS_COMMENT, COMMENT, TAG, UNFINISHED_TAG, read_attributes

_ATOM = "RFC 4287 §8.1"
_HTML = "HTML Living Standard"

ELEMENT = Rule(
    name="html.active",
    standard=_ATOM,
    message="the element runs, loads or asks for something: readers take it out, and some the whole entry",
    mend="take it out; a picture, sound or film stands as img, audio, video, or as an enclosure",
)
HANDLER = Rule(
    name="html.handler",
    standard=_ATOM,
    message="the attribute is a script",
    mend="take the attribute out",
)
SCRIPT_URL = Rule(
    name="html.script-url",
    standard=_ATOM,
    message="the address is a program or a document in itself",
    mend="lead to a web page, or take the attribute out",
)
FRAME = Rule(
    name="html.frame",
    standard=_ATOM,
    message="a frame shows a page of another host in the reader's own window",
    mend="lead to it with a link; a player's host may be allowed: `embeds` in config.yaml, --embed of verify",
)
RELATIVE = Rule(
    name="html.relative",
    standard="RSS Profile, description",
    message="the address is relative, and in a feed there is nothing to count it from",
    mend="write the whole address: https://example.org/picture.png",
)
ANCHOR = Rule(
    name="html.anchor",
    standard="RSS Profile, description",
    message="the address leads to a place in this text, which a reader that shows several entries does not find",
    mend="write the page's address before the #",
    severity="warning",
)
DATA = Rule(
    name="html.data",
    standard="RFC 2397 §2",
    message="the picture stands in the address itself, which many readers take out",
    mend="publish the picture and lead to it",
    severity="warning",
)
STYLE = Rule(
    name="html.style",
    standard=_ATOM,
    message="the style loads something or moves the text over the reader's own window",
    mend="take the style attribute out",
    severity="warning",
)
OPEN = Rule(
    name="html.open",
    standard=f"{_HTML} §13.2.5",
    message="a tag or a comment is opened and never closed: all that follows is lost",
    mend="close it, or write &lt; where a bare < is meant",
)
RULES = (ELEMENT, HANDLER, SCRIPT_URL, FRAME, RELATIVE, ANCHOR, DATA, STYLE, OPEN)

MAX_FAULTS = 20
"""Told of one fragment; whoever mends these will ask again."""

_ACTIVE = frozenset(
    "script style object embed applet param form input button select textarea base meta link frame frameset portal "
    "noscript noembed noframes template plaintext xmp animate animatemotion animatetransform set".split()
)
_RAW = frozenset("script style iframe noscript noembed noframes textarea xmp".split())
"""What stands in them is no markup to a reader."""

_ADDRESSES = frozenset(
    "href src cite poster background longdesc action formaction data lowsrc dynsrc xlink:href".split()
)
_PICTURES = frozenset({"img", "source", "picture", "image", "video"})
_OPENING = re.compile(f"{UNFINISHED_TAG.pattern}|<!--")
_SHOWN = 40
_SHORT = 1 << 15
"""Characters of a fragment that is remembered: all that are take some megabytes."""

_IGNORED = re.compile("[\t\n\r]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_HOST = re.compile(r"https://([^/?#\\@]+)(?:[/?#]|$)", re.IGNORECASE)
_HARMFUL_STYLE = re.compile(r"url\s*\(|expression\s*\(|@import|-moz-binding|behavior\s*:|position\s*:", re.IGNORECASE)

_BLANKS = "".join(map(chr, range(0x21)))
"""C0 controls and the space, which stand around an address without being of it (https://url.spec.whatwg.org/)."""


def check_html(fragment: str, embeds: Collection[str] = (), *, has_base: bool = False) -> Sequence[Fault]:
    """What doesn't belong into a feed's HTML, each place told once, at most MAX_FAULTS of them.

    `embeds` are hosts (in lower case) whose https frames may stand in it; with `has_base` relative addresses are right.
    """
    check = _check_short if len(fragment) <= _SHORT else _check
    return check(fragment, frozenset(embeds), has_base=has_base)


def _check(fragment: str, embeds: frozenset[str], *, has_base: bool) -> Sequence[Fault]:
    told: dict[tuple[str, str], Fault] = {}
    for fault in _read(fragment, embeds, has_base=has_base):
        told.setdefault((fault.rule.name, fault.found), fault)
        if len(told) == MAX_FAULTS:
            break
    return tuple(told.values())


# The same article stands in a feed's RSS, Atom and JSON, and in feeds that are made after one another.
_check_short = lru_cache(maxsize=256)(_check)


def check_element(
    name: str, attributes: Iterable[tuple[str, str]], embeds: Collection[str] = (), *, has_base: bool = False
) -> Iterator[Fault]:
    """The same of one element of XHTML or HTML: its name and its attributes' names in lower case, values as meant."""
    if name in _ACTIVE:
        yield Fault(ELEMENT, f"<{name}>")
    has_source = False
    for attribute, value in attributes:
        has_source = has_source or (name == "iframe" and attribute == "src")
        yield from _check_attribute(name, attribute, value, embeds, has_base=has_base)
    if name == "iframe" and not has_source:
        yield Fault(FRAME, "<iframe>")


def _read(fragment: str, embeds: frozenset[str], *, has_base: bool) -> Iterator[Fault]:
    position = 0
    # After the last `>` no tag and no comment ends.
    last_end = fragment.rfind(">")
    while 0 <= (start := fragment.find("<", position)) < last_end:
        if tag := TAG.match(fragment, start):
            position = tag.end()
            if tag[1]:
                continue
            name = tag[2].lower()
            for fault in check_element(name, read_attributes(tag[3]), embeds, has_base=has_base):
                yield replace(fault, place=f"character {start + 1}")
            position = _skip_raw(fragment, name, position)
            if position < 0:
                yield Fault(OPEN, f"<{name}>", f"character {start + 1}")
                return
        elif comment := _match_comment(fragment, start):
            position = comment.end()
        elif _OPENING.match(fragment, start):
            break
        else:
            position = start + 1
    if unfinished := _OPENING.search(fragment, position):
        start = unfinished.start()
        yield Fault(OPEN, fragment[start : start + _SHOWN], f"character {start + 1}")


def _match_comment(fragment: str, start: int) -> re.Match[str] | None:
    if fragment.startswith("<!--", start):
        return COMMENT.match(fragment, start)
    return BOGUS_COMMENT.match(fragment, start)


def _skip_raw(fragment: str, name: str, position: int) -> int:
    """Where markup goes on after an element's start tag; -1 where it never does."""
    if name == "plaintext":
        return len(fragment)
    if name not in _RAW:
        return position
    end = re.compile(rf"</{name}(?=[\t\n\f\r />])", re.IGNORECASE).search(fragment, position)
    return end.start() if end else -1


def _check_attribute(
    element: str, attribute: str, value: str, embeds: Collection[str], *, has_base: bool
) -> Iterator[Fault]:
    shown = f'{attribute}="{value}"'
    if attribute.startswith("on") and attribute[2:].isalpha():
        yield Fault(HANDLER, shown)
    elif element == "iframe" and attribute in {"src", "srcdoc"}:
        if attribute == "srcdoc" or not _is_allowed_frame(value, embeds):
            yield Fault(FRAME, shown, expected=f"https://{' or https://'.join(sorted(embeds))}" if embeds else "")
    elif attribute == "style":
        if _HARMFUL_STYLE.search(value):
            yield Fault(STYLE, shown)
    elif attribute == "srcset":
        for address in _read_srcset(value):
            yield from _check_address(element, address, shown, has_base=has_base)
    elif attribute in _ADDRESSES:
        yield from _check_address(element, value, shown, has_base=has_base)


def _check_address(element: str, value: str, shown: str, *, has_base: bool) -> Iterator[Fault]:
    """An address as a browser reads it: blanks around it, tabs and line breaks in it count for nothing."""
    address = _IGNORED.sub("", value).strip(_BLANKS)
    found = _SCHEME.match(address)
    if found is None:
        if not has_base:
            yield Fault(ANCHOR if address.startswith("#") else RELATIVE, shown)
        return
    scheme = found[1].lower()
    if scheme == "data" and element in _PICTURES and address[5:11].lower() == "image/":
        yield Fault(DATA, shown)
    elif scheme in ACTIVE_SCHEMES:
        yield Fault(SCRIPT_URL, shown)


def _read_srcset(value: str) -> Iterator[str]:
    """The addresses; each may be followed by its width or density, and a comma ends it."""
    is_next = True
    for word in value.split():
        if is_next:
            address = word.strip(",")
            if address:
                yield address
                is_next = word.endswith(",")
        else:
            is_next = "," in word


def _is_allowed_frame(value: str, embeds: Collection[str]) -> bool:
    host = _HOST.match(_IGNORED.sub("", value).strip(_BLANKS))
    return host is not None and host[1].lower() in embeds
