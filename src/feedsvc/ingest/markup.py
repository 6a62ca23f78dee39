"""A body in HTML, made safe to sanitise: hostile nesting is refused before a parser pays for it.

HTML parsers answer deep or misnested markup with time that grows with its square. So the markup is read once, in
linear time, by the tokeniser rules of the HTML standard (https://html.spec.whatwg.org/#tokenization): what the
sanitiser drops anyway, and comments, go here; stray `<` are escaped; elements (nesting.py), attributes and character
references are counted.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import NoReturn

from feedsvc.htmltags import BOGUS_COMMENT, COMMENT, SPACE, TAG, UNFINISHED_TAG, count_attributes
from feedsvc.ingest.bounds import MAX_ATTRIBUTES, MAX_BODY_ATTRIBUTES, MAX_LINE_BREAKS, MAX_REFERENCES
from feedsvc.ingest.nesting import SPECIAL, VOID, MarkupError, Nesting
from feedsvc.text import KEPT_TAGS, is_visible

__all__ = ["MarkupError", "Reading", "is_showing", "measure_depth", "read_markup"]

_HANDLER = re.compile(rf"""(?:^|[\t\n\f\r /"'])(on[a-z]++){SPACE}*+=""", re.IGNORECASE)
_SCRIPT_URL = re.compile(rf"""={SPACE}*+["']?+{SPACE}*+(?:javascript|vbscript){SPACE}*+:""", re.IGNORECASE)

_OPAQUE = frozenset("script style svg math noscript template iframe noembed noframes xmp textarea title".split())
"""Dropped with their content; for a parser it is no HTML."""

_SHOWING = re.compile(r"<(?:img|audio|video|hr)[\t\n\f\r />]", re.IGNORECASE)
_ACTIVE = _OPAQUE - {"title"} | frozenset("object embed applet form frame frameset base meta link".split())
_PASSING = KEPT_TAGS | SPECIAL | frozenset("embed form image".split())
"""What is kept, what parts paragraphs, and what the sanitiser drops with its content. The tags of everything else go
here: they would not be kept, but select, marquee, body and others change how a parser takes the tags around them."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Markup ready for the sanitiser, and the names of active things in it, sorted (`<script>`, `onclick`)."""

    markup: str
    active: tuple[str, ...]


def read_markup(markup: str) -> Reading:
    """Read a fragment of HTML once. Raises MarkupError for nesting, size and what is opened and never closed."""
    if markup.count("&") + markup.count("\xa0") > MAX_REFERENCES:
        raise MarkupError(f"holds more than {MAX_REFERENCES} character references (&) and no-break spaces: split it")
    if markup.count("\n") > MAX_LINE_BREAKS:
        raise MarkupError(f"holds more than {MAX_LINE_BREAKS} line breaks: split it")
    census = _Census()
    pieces, position = census.pieces, 0
    # After the last `>` no tag and no comment ends, so all is text there.
    last_end = markup.rfind(">")
    while 0 <= (start := markup.find("<", position)) < last_end:
        pieces.append(markup[position:start])
        if comment := _match_comment(markup, start):
            position = comment.end()
        elif tag := TAG.match(markup, start):
            position = census.take_tag(markup, tag)
        else:
            # No tag: a lone `<`. Where a tag begins but no `>` ends it, none can end a later one, so all is text.
            unfinished = UNFINISHED_TAG.match(markup, start)
            position = len(markup) if unfinished else start + 1
            pieces.append(markup[start:position].replace("<", "&lt;"))
    rest = markup[position:]
    if "<!--" in rest:
        _refuse_open_comment(position + rest.index("<!--"))
    pieces.append(rest.replace("<", "&lt;"))
    return Reading("".join(pieces), tuple(sorted(census.active)))


def measure_depth(canonical: str) -> int:
    """How deep elements lie in each other in sanitised HTML, where every element but a void one is closed."""
    depth = deepest = 0
    for tag in TAG.finditer(canonical):
        if tag[1]:
            depth -= 1
        elif tag[2] not in VOID:
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


@dataclass(slots=True)
class _Census:
    """What was read so far: the pieces to keep, the names of active things, and what is counted."""

    pieces: list[str] = field(default_factory=list)
    active: set[str] = field(default_factory=set)
    nesting: Nesting = field(default_factory=Nesting)
    attributes: int = 0

    def take_tag(self, markup: str, tag: re.Match[str]) -> int:
        """Keep or drop one tag; where to read on."""
        name = tag[2].lower()
        if name in _ACTIVE:
            self.active.add(f"<{name}>")
        if name in _OPAQUE:
            return tag.end() if tag[1] else _skip_element(markup, tag, name)
        self.active.update(handler.lower() for handler in _HANDLER.findall(tag[3]))
        if _SCRIPT_URL.search(tag[3]):
            self.active.add("javascript: URL")
        if name in _PASSING:
            self._count_attributes(name, tag)
            if tag[1]:
                self.nesting.close(name)
            else:
                self.nesting.open(name, tag[0], tag.start())
            self.pieces.append(tag[0])
        return tag.end()

    def _count_attributes(self, name: str, tag: re.Match[str]) -> None:
        if not tag[3]:
            return
        count = count_attributes(tag[3], MAX_ATTRIBUTES + 1)
        if count > MAX_ATTRIBUTES:
            raise MarkupError(
                f"the <{tag[1]}{name}> at character {tag.start() + 1} has more than {MAX_ATTRIBUTES} attributes: "
                "remove those that say nothing"
            )
        self.attributes += count
        if self.attributes > MAX_BODY_ATTRIBUTES:
            raise MarkupError(f"holds more than {MAX_BODY_ATTRIBUTES} attributes: remove some, or split it")


def _skip_element(markup: str, tag: re.Match[str], name: str) -> int:
    if name in {"svg", "math"} and tag[0].endswith("/>"):
        return tag.end()
    end_tag = re.compile(rf"</{name}(?=[\t\n\f\r />])", re.IGNORECASE).search(markup, tag.end())
    end = markup.find(">", end_tag.end()) if end_tag else -1
    if end < 0:
        raise MarkupError(f"the <{name}> at character {tag.start() + 1} is never closed: end it with </{name}>")
    return end + 1
