"""What a well-formed document would cost feedparser, counted in one pass of expat before anybody pays for it.

Most of feedparser 6.0.14's strict way is linear. Here are the places that are not, each under its bound.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn
from xml.parsers import expat

from feedsvc.errors import ParseError

MAX_DEPTH = 250
"""Elements inside each other; libxml2 reads 256."""

MAX_ELEMENTS = 250_000
"""feedparser spends some twenty microseconds on each."""

MAX_ATTRIBUTES = 100
"""Of one element: xml.sax looks each up by going through all."""

MAX_NAMESPACES = 100
"""Prefixes declared: feedparser looks through them at each element of a namespace that it does not know."""

MAX_BASE = 2_000
"""Characters of xml:base in force: feedparser joins and splits them at each element."""

MAX_BLANKS = 20_000
"""Characters of white space before XHTML content: feedparser drops them one by one, moving all the rest each time."""

MAX_NAME = 20_000
MAX_NAME_STEPS = 10_000_000_000
"""In a person's name feedparser seeks an e-mail address, from each letter to the end of the unbroken word."""

MAX_TAG_STEPS = 10_000_000
"""feedparser compares each tag with those before it in the same entry, or in the head."""

_NAMES = frozenset("author contributor creator editor managingeditor name owner publisher webmaster".split())
_TAGS = frozenset("category keywords subject tags".split())
_ITEMS = frozenset({"item", "entry"})
_ASIDES = frozenset({"image", "source", "textinput"})
_MARKUP = frozenset({"body", "fullitem"})
_WORD = re.compile(r"[A-Za-z0-9_.+@-]+")


MAX_ENTRIES = 50_000
"""What is read of each costs more than its elements."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """Why a document is not well-formed XML, and where; lines count from 1, columns from 1."""

    reason: str
    line: int
    column: int


def count(content: bytes) -> Malformed | None:
    """Read UTF-8 XML once; None if it is well-formed. Raises ParseError, at once, where a bound is exceeded."""
    return _Census().read(content)


def has_too_many_elements(content: bytes) -> bool:
    """Are there more than MAX_ELEMENTS? Whatever else is wrong with it; it is read no further than that."""
    found = 0

    def start(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal found
        found += 1
        if found > MAX_ELEMENTS:
            raise OverflowError

    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = start
    try:
        parser.Parse(content, True)  # noqa: FBT003  (expat's signature)
    except OverflowError:
        return True
    except expat.ExpatError:
        pass
    return False


class _Census:
    """Follows feedparser's state as far as it says in which list a tag or a name would end."""

    def __init__(self) -> None:
        parser = expat.ParserCreate("utf-8", " ")
        parser.buffer_text = True
        parser.buffer_size = 1 << 16
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartNamespaceDeclHandler = self._declare
        self._parser = parser
        self._elements = self._entries = 0
        self._prefixes: set[str | None] = set()
        self._bases: list[int] = [0]
        self._leading: int | None = None
        self._markup_from: int | None = None
        self._name_from: int | None = None
        self._name: list[str] = []
        self._longest_word = self._name_steps = 0
        self._tag: str | None = None
        self._entry_tags = self._other_tags = self._tag_steps = 0
        self._is_in_entry = False
        self._aside: str | None = None

    def read(self, content: bytes) -> Malformed | None:
        try:
            self._parser.Parse(content, True)  # noqa: FBT003  (expat's signature)
        except expat.ExpatError as error:
            return Malformed(expat.ErrorString(error.code) or "no XML", error.lineno, error.offset + 1)
        return None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2].lower()
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            self._refuse(f"holds more than {MAX_ELEMENTS} elements")
        if len(attributes) > MAX_ATTRIBUTES:
            self._refuse(f"an element has more than {MAX_ATTRIBUTES} attributes")
        if len(self._bases) > MAX_DEPTH:
            self._refuse(f"more than {MAX_DEPTH} elements lie in each other")
        if local != "div":
            self._check_leading()
            self._leading = 0
        self._follow_base(local, attributes)
        depth = len(self._bases)
        if self._markup_from is None and (local in _MARKUP or "xhtml" in attributes.get("type", "").lower()):
            self._markup_from = depth
        if local in _ITEMS:
            self._begin_entry()
        elif local in _ASIDES:
            self._aside = local
        elif local in _TAGS:
            self._tag = local
            self._add_tags(1)
        if self._name_from is None and local in _NAMES:
            self._name_from, self._name = depth, []

    def _begin_entry(self) -> None:
        self._is_in_entry, self._entry_tags = True, 0
        self._entries += 1
        if self._entries > MAX_ENTRIES:
            self._refuse(f"holds more than {MAX_ENTRIES} entries")

    def _end(self, name: str) -> None:
        local = name.rpartition(" ")[2].lower()
        if local != "div":
            if self._markup_from is not None:
                self._check_leading()
            self._leading = None
        if local in _ITEMS:
            self._is_in_entry = False
        elif local == self._aside:
            self._aside = None
        elif local in _NAMES:
            self._add_name()
        self._tag = None
        depth = len(self._bases)
        if self._markup_from == depth:
            self._markup_from = None
        if self._name_from == depth:
            self._name_from = None
        self._bases.pop()

    def _text(self, text: str) -> None:
        if self._leading is not None:
            blanks = len(text) - len(text.lstrip())
            self._leading += blanks
            if blanks < len(text):
                if self._markup_from is not None:
                    self._check_leading()
                # Too many matter still if an element follows, which makes this XHTML for feedparser.
                self._leading = self._leading if self._leading > MAX_BLANKS else None
        if self._tag is not None:
            self._add_tags(text.count(",") + 1)
        if self._name_from is not None:
            self._name.append(text)

    def _declare(self, prefix: str | None, _uri: str | None) -> None:
        self._prefixes.add(prefix)
        if len(self._prefixes) > MAX_NAMESPACES:
            self._refuse(f"declares more than {MAX_NAMESPACES} prefixes of namespaces")

    def _check_leading(self) -> None:
        if self._leading is not None and self._leading > MAX_BLANKS:
            self._refuse(f"more than {MAX_BLANKS} characters of white space begin a content")

    def _follow_base(self, local: str, attributes: dict[str, str]) -> None:
        length = sum(len(value) for key, value in attributes.items() if key.lower().endswith("base"))
        if local == "div":
            # feedparser forgets to take back the base of a div in escaped content.
            self._bases[0] += length
            self._bases.append(self._bases[-1] + length)
        else:
            self._bases.append(self._bases[-1] + length)
        if length and self._bases[0] + self._bases[-1] > MAX_BASE:
            self._refuse(f"more than {MAX_BASE} characters of xml:base are in force together")

    def _add_tags(self, tags: int) -> None:
        for _ in range(tags):
            if self._is_in_entry and self._aside is None:
                self._entry_tags += 1
                self._tag_steps += self._entry_tags
            else:
                self._other_tags += 1
                self._tag_steps += self._other_tags
            if self._tag_steps > MAX_TAG_STEPS:
                self._refuse("holds too many tags (categories, subjects, keywords)")

    def _add_name(self) -> None:
        name = "".join(self._name)
        if len(name) > MAX_NAME:
            self._refuse(f"a person's name has more than {MAX_NAME} characters")
        # feedparser may look at the longest one again where a later one stands deeper.
        self._longest_word = max(self._longest_word, *map(len, _WORD.findall(name)), 0)
        self._name_steps += self._longest_word**2
        if self._name_steps > MAX_NAME_STEPS:
            self._refuse("holds too many long names of persons")

    def _refuse(self, reason: str) -> NoReturn:
        raise ParseError(f"{reason} (line {self._parser.CurrentLineNumber}): it costs too much to parse")
