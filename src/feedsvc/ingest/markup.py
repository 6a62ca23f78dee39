"""A body in HTML, made safe to sanitise: hostile nesting is refused before a parser pays for it.

HTML parsers answer deep or misnested markup with time that grows with its square. So the markup is read once, in
linear time, by the tokeniser rules of the HTML standard (https://html.spec.whatwg.org/#tokenization): what the
sanitiser drops with its content anyway, and comments, go here; stray `<` are escaped; elements are counted as a tree
builder would stack them, never too few.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import NoReturn

from feedsvc.htmltags import BOGUS_COMMENT, COMMENT, SPACE, TAG, UNFINISHED_TAG
from feedsvc.ingest.bounds import MAX_DEPTH, MAX_ELEMENTS, MAX_REFERENCES
from feedsvc.text import is_visible

_HANDLER = re.compile(rf"""(?:^|[\t\n\f\r /"'])(on[a-z]++){SPACE}*+=""", re.IGNORECASE)
_SCRIPT_URL = re.compile(rf"""={SPACE}*+["']?+{SPACE}*+(?:javascript|vbscript){SPACE}*+:""", re.IGNORECASE)

_OPAQUE = frozenset("script style svg math noscript template iframe noembed noframes xmp textarea title".split())
"""Dropped with their content; for a parser it is no HTML."""

_SHOWING = re.compile(r"<(?:img|audio|video|hr)[\t\n\f\r />]", re.IGNORECASE)
_ACTIVE = _OPAQUE - {"title"} | frozenset("object embed applet form frame frameset base meta link".split())
_VOID = frozenset(
    "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr".split()
)
_SELF_LIMITING = frozenset(
    "a body caption colgroup dd dt form head html li nobr option p tbody td tfoot th thead tr".split()
)
"""One closes the one before it, or needs a container that is counted."""

_FORMATTING = frozenset("b big code em font i s small strike strong tt u".split())
"""A parser opens them again after a block that left them open, so only their own end tag counts."""

_SPECIAL = frozenset(
    "address article aside blockquote button center details dir div dl fieldset figcaption figure footer h1 h2 h3 h4 "
    "h5 h6 header hgroup listing main marquee menu nav object ol pre search section select summary table ul "
    "applet frameset".split()
)
_BARRIERS = frozenset("table object marquee applet".split())
"""What an end tag inside them can't reach beyond."""


class MarkupError(ValueError):
    """The markup can't be taken; the message says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Markup ready for the sanitiser, and the names of active things in it, sorted (`<script>`, `onclick`)."""

    markup: str
    active: tuple[str, ...]


def read_markup(markup: str) -> Reading:
    """Read a fragment of HTML once. Raises MarkupError for nesting, size and what is opened and never closed."""
    pieces: list[str] = []
    active: set[str] = set()
    stack = _Stack()
    position = 0
    if markup.count("&") > MAX_REFERENCES:
        raise MarkupError(f"holds more than {MAX_REFERENCES} character references (&): split it")
    # After the last `>` no tag and no comment ends, so all is text there.
    last_end = markup.rfind(">")
    while 0 <= (start := markup.find("<", position)) < last_end:
        pieces.append(markup[position:start])
        if comment := _match_comment(markup, start):
            position = comment.end()
        elif tag := TAG.match(markup, start):
            position = _take_tag(markup, tag, pieces, active, stack)
        else:
            # No tag: a lone `<`. Where a tag begins but no `>` ends it, none can end a later one, so all is text.
            unfinished = UNFINISHED_TAG.match(markup, start)
            position = len(markup) if unfinished else start + 1
            pieces.append(markup[start:position].replace("<", "&lt;"))
    rest = markup[position:]
    if "<!--" in rest:
        _refuse_open_comment(position + rest.index("<!--"))
    pieces.append(rest.replace("<", "&lt;"))
    return Reading("".join(pieces), tuple(sorted(active)))


def measure_depth(canonical: str) -> int:
    """How deep elements lie in each other in sanitised HTML, where every element but a void one is closed."""
    depth = deepest = 0
    for tag in TAG.finditer(canonical):
        if tag[1]:
            depth -= 1
        elif tag[2] not in _VOID:
            depth += 1
            deepest = max(deepest, depth)
    return deepest


def is_showing(canonical: str) -> bool:
    """Whether sanitised HTML shows anything: text or media."""
    return _SHOWING.search(canonical) is not None or is_visible(html.unescape(TAG.sub("", canonical)))


def _match_comment(markup: str, start: int) -> re.Match[str] | None:
    if markup.startswith("<!--", start):
        comment = COMMENT.match(markup, start)
        if comment is None:
            _refuse_open_comment(start)
        return comment
    return BOGUS_COMMENT.match(markup, start)


def _refuse_open_comment(start: int) -> NoReturn:
    raise MarkupError(f"the comment <!-- at character {start + 1} is never closed: end it with -->")


def _take_tag(markup: str, tag: re.Match[str], pieces: list[str], active: set[str], stack: _Stack) -> int:
    """Keep or drop one tag; where to read on."""
    name = tag[2].lower()
    if name in _ACTIVE:
        active.add(f"<{name}>")
    if name in _OPAQUE:
        return tag.end() if tag[1] else _skip_element(markup, tag, name)
    if name == "plaintext":
        return tag.end()
    active.update(handler.lower() for handler in _HANDLER.findall(tag[3]))
    if _SCRIPT_URL.search(tag[3]):
        active.add("javascript: URL")
    if tag[1]:
        stack.close(name)
    else:
        stack.open(name, tag.start())
    pieces.append(tag[0])
    return tag.end()


def _skip_element(markup: str, tag: re.Match[str], name: str) -> int:
    if name in {"svg", "math"} and tag[0].endswith("/>"):
        return tag.end()
    end_tag = re.compile(rf"</{name}(?=[\t\n\f\r />])", re.IGNORECASE).search(markup, tag.end())
    end = markup.find(">", end_tag.end()) if end_tag else -1
    if end < 0:
        raise MarkupError(f"the <{name}> at character {tag.start() + 1} is never closed: end it with </{name}>")
    return end + 1


@dataclass(slots=True)
class _Stack:
    """The open elements, never fewer than a parser would have open (but for the self-limiting)."""

    elements: list[str] = field(default_factory=list)
    formatting: dict[str, int] = field(default_factory=dict)
    open_formatting: int = 0
    opened: int = 0

    def open(self, name: str, start: int) -> None:
        self.opened += 1
        if self.opened > MAX_ELEMENTS:
            raise MarkupError(f"holds more than {MAX_ELEMENTS} elements: split it")
        if name in _VOID or name in _SELF_LIMITING:
            return
        if name in _FORMATTING:
            self.formatting[name] = self.formatting.get(name, 0) + 1
            self.open_formatting += 1
        else:
            self.elements.append(name)
        if len(self.elements) + self.open_formatting > MAX_DEPTH:
            raise MarkupError(
                f"the <{name}> at character {start + 1} lies in more than {MAX_DEPTH} open elements: close them"
            )

    def close(self, name: str) -> None:
        if self.formatting.get(name):
            self.formatting[name] -= 1
            self.open_formatting -= 1
            return
        walls = _BARRIERS if name in _SPECIAL else _SPECIAL
        for index in range(len(self.elements) - 1, -1, -1):
            if self.elements[index] == name:
                del self.elements[index:]
                return
            if self.elements[index] in walls:
                return
