"""What markup would cost a parser that builds a tree: counted tag by tag, in linear time, before anybody pays.

A tree builder (https://html.spec.whatwg.org/#tree-construction) compares a tag with every open element, and opens
formatting elements again wherever a block left them open. How many are open can't be told without being one, so two
counts are kept: what an author would take to be open, for refusals that help, and the most that any parser can have.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from feedsvc.ingest.bounds import MAX_DEPTH, MAX_ELEMENTS, MAX_REOPENED, MAX_UNCLOSED

VOID = frozenset(
    "area base basefont bgsound br col embed frame hr image img input keygen link meta param source track wbr".split()
)
SPECIAL = frozenset(
    "address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer h1 h2 h3 h4 "
    "h5 h6 header hgroup listing main menu nav object ol pre search section summary table ul".split()
)
"""Blocks: what a parser closes paragraphs for, and what an end tag of another kind can't reach beyond."""

_SELF_LIMITING = frozenset("a caption colgroup dd dt form li p tbody td tfoot th thead tr".split())
"""One closes the one before it, or needs a container that is counted."""

_BARRIERS = frozenset({"table", "object"})
"""What an end tag inside them can't reach beyond."""

_FORMATTING = frozenset("b code em i s small strong u".split())
"""A parser opens them again after a block that left them open, so only their own end tag counts."""

_TWINS = 3
"""A parser keeps no more of the very same formatting element (the Noah's Ark clause)."""


class MarkupError(ValueError):
    """The markup can't be taken; the message says why and how to mend it."""


@dataclass(slots=True)
class Reopening:
    """The formatting elements that a parser may have to open again at each tag, never too few."""

    blocks: int = 0
    open_tags: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    active: int = 0
    steps: int = 0

    def open(self, name: str, tag: str) -> None:
        self._step()
        if name in _FORMATTING:
            self.open_tags.setdefault(name, []).append((tag, self.blocks))
            self._count(tag, 1)
        elif name not in VOID:
            self.blocks += name in SPECIAL or name in _SELF_LIMITING

    def close(self, name: str) -> None:
        """An end tag surely ends its element only if no block began since: see the adoption agency algorithm."""
        self._step()
        if self.open_tags.get(name):
            tag, blocks = self.open_tags[name].pop()
            if blocks == self.blocks:
                self._count(tag, -1)

    def _count(self, tag: str, change: int) -> None:
        before = self.counts.get(tag, 0)
        self.counts[tag] = before + change
        self.active += min(before + change, _TWINS) - min(before, _TWINS)

    def _step(self) -> None:
        self.steps += self.active
        if self.steps > MAX_REOPENED:
            raise MarkupError(
                f"would open formatting elements (b, i, ...) again more than {MAX_REOPENED} times: close each of them "
                "inside the block that it stands in"
            )


@dataclass(slots=True)
class Nesting:
    """The open elements. Raises MarkupError, naming the tag and the mend, where they are too many."""

    elements: list[str] = field(default_factory=list)
    formatting: dict[str, int] = field(default_factory=dict)
    open_formatting: int = 0
    opened: int = 0
    closed: int = 0
    unclosed: list[str] = field(default_factory=list)
    reopening: Reopening = field(default_factory=Reopening)

    def open(self, name: str, tag: str, start: int) -> None:
        """Take a start tag, which is written `tag` and stands at `start`."""
        self.opened += 1
        if self.opened > MAX_ELEMENTS:
            raise MarkupError(f"holds more than {MAX_ELEMENTS} elements: split it")
        self.reopening.open(name, tag)
        if name in VOID:
            return
        self._add_unclosed(name, start)
        if name in _SELF_LIMITING:
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
        """Take an end tag."""
        self.closed += 1
        if self.closed > MAX_ELEMENTS:
            raise MarkupError(f"holds more than {MAX_ELEMENTS} end tags: remove those that close nothing, or split it")
        self.reopening.close(name)
        if self.unclosed and self.unclosed[-1] == name:
            self.unclosed.pop()
        if self.formatting.get(name):
            self.formatting[name] -= 1
            self.open_formatting -= 1
            return
        walls = _BARRIERS if name in SPECIAL else SPECIAL
        for index in range(len(self.elements) - 1, -1, -1):
            if self.elements[index] == name:
                del self.elements[index:]
                return
            if self.elements[index] in walls:
                return

    def _add_unclosed(self, name: str, start: int) -> None:
        """Whatever a parser makes of tags in odd places, it closes nothing that is not counted here.

        An end tag counts for the newest element alone: where a parser ignored the start tag, it ignores the end tag.
        """
        if name in _SELF_LIMITING and self.unclosed and self.unclosed[-1] == name:
            return  # <li>...<li>: the first is closed, or neither was opened
        self.unclosed.append(name)
        if len(self.unclosed) > MAX_UNCLOSED:
            raise MarkupError(
                f"more than {MAX_UNCLOSED} elements up to the <{name}> at character {start + 1} are not closed, or not "
                "in order: close each before the one around it"
            )
