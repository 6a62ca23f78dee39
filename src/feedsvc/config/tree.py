"""The text of config.yaml -> a tree of values that know their places.

Values are read by the YAML 1.2 core schema (https://yaml.org/spec/1.2.2/#103-core-schema): `no` and `2024-01-01` are
text. Nothing is ever constructed from a tag. What aliases and merge keys multiply is counted before it is built.

Two parsers give the same events. libyaml takes a tenth of the time; ruamel.yaml knows more places and reads YAML 1.2,
so by it everything is told that is wrong, and read what libyaml refuses or may take for something else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from feedsvc.config.libyaml import read_events
from feedsvc.config.syntax import COLON_HINT, explain_syntax, find_wide_colon

_SCALARS = (ScalarEvent, yaml.ScalarEvent)
_SEQUENCES = (SequenceStartEvent, yaml.SequenceStartEvent)
_MAPPINGS = (MappingStartEvent, yaml.MappingStartEvent)

MAX_VALUES = 500_000
"""As many values as the file may come to, aliases written out: 10,000 sections with 50 values each."""

MAX_DEPTH = 20
"""Four levels are all that a right file needs; anchors may take a few more."""


class Absent:
    """A value that is not there: `title:` with nothing behind it, or one whose problem is reported already."""

    def __init__(self, words: str) -> None:
        self.words = words

    def __repr__(self) -> str:
        return self.words


NOTHING = Absent("nothing")
BROKEN = Absent("something broken")

KeyPath = tuple[str | int, ...]
"""The way to a value from the root: keys, and places in lists from 0."""

Scalar = str | int | float | bool | Absent


class Mark(NamedTuple):
    """A place in the file; both count from 1."""

    line: int
    column: int


class Trouble(NamedTuple):
    """Something wrong at a place in the file."""

    mark: Mark
    path: KeyPath
    found: str
    expected: str
    hint: str = ""


class Node(NamedTuple):
    """A value, where it starts and where its key stands. `written` is a scalar as the file has it."""

    value: Scalar | list[Node] | dict[str, Node]
    mark: Mark
    key_mark: Mark | None = None
    written: str = ""
    is_plain: bool = False
    size: int = 1

    @property
    def place(self) -> Mark:
        """Where to point for this value: at it, or at its key when that stands on another line."""
        return self.key_mark if self.key_mark and self.key_mark.line != self.mark.line else self.mark


class _StopError(Exception):
    """Reading can't go on after this trouble."""

    def __init__(self, trouble: Trouble) -> None:
        self.trouble = trouble
        super().__init__(trouble)


def read_at_once(text: str) -> Node | None:
    """As parse_tree where there are no troubles, by libyaml; None where there may be any.

    Only its values are to be relied on: the places of those that are empty differ.
    """
    composer = _Composer()
    try:
        root = composer.compose(read_events(text))
    except (yaml.YAMLError, _StopError, ValueError):
        return None
    return None if composer.troubles else root


def parse_tree(text: str) -> tuple[Node | None, list[Trouble]]:
    """Read the one document in `text`: None if there is none, or where the last trouble says that it can't be read."""
    composer = _Composer()
    try:
        return composer.compose(YAML(typ="safe", pure=True).parse(text)), composer.troubles
    except _StopError as stop:
        trouble = stop.trouble
    except ReaderError as error:
        before = text[: error.position].replace("\r\n", "\n").replace("\r", "\n")
        mark = Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))
        hint = "Take it out, or write it as \\u…… in double quotes."
        trouble = Trouble(mark, (), f"the character U+{error.character:04X}", "printable text", hint)
    except MarkedYAMLError as error:
        at, found, expected, hint = explain_syntax(error)
        trouble = Trouble(_mark(at), (), found, expected, hint)
        if wide := find_wide_colon(text, at.line):
            mark = Mark(wide[0] + 1, wide[1] + 1)
            trouble = Trouble(mark, (), "a full-width colon", "one `key: value`", COLON_HINT)
    except (ValueError, OverflowError, IndexError, AssertionError, AttributeError, TypeError):
        # ruamel.yaml reads some broken escapes and directives without a check of its own.
        trouble = composer.trouble(composer.mark, "an escape or directive that is no YAML", "YAML")
    return None, [*composer.troubles, trouble]


def plain_value(node: Node) -> Any:
    """The tree as dicts, tuples and scalars, places forgotten."""
    if isinstance(node.value, dict):
        return {key: plain_value(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return tuple(plain_value(child) for child in node.value)
    return node.value


def dotted(path: KeyPath) -> str:
    """`sections.macro.formats[1]`; a key with other letters stands in quotes."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = shorten(part if re.fullmatch(r"[\w-]+", part) else repr(part))
            text += f".{name}" if text else name
    return text


@dataclass
class _Composer:
    """One pass over the parser's events. `troubles` are those after which reading could go on."""

    troubles: list[Trouble] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)
    path: list[str | int] = field(default_factory=list)
    count: int = 0
    mark: Mark = field(default_factory=lambda: Mark(1, 1))  # of the newest key or value

    def trouble(self, mark: Mark, found: str, expected: str, hint: str = "") -> Trouble:
        return Trouble(mark, tuple(self.path), found, expected, hint)

    def note(self, mark: Mark, found: str, expected: str, hint: str = "") -> None:
        self.troubles.append(self.trouble(mark, found, expected, hint))

    def compose(self, events: Iterator[Event]) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in events:
            if isinstance(event, (DocumentStartEvent, yaml.DocumentStartEvent)):
                documents += 1
                if documents > 1:
                    mark = _mark(event.start_mark)
                    raise _StopError(self.trouble(mark, "a second document", "one document a file"))
            elif isinstance(event, (NodeEvent, yaml.NodeEvent)):
                root = self.node(event, events)
        return root

    def node(self, event: Event, events: Iterator[Event], key_mark: Mark | None = None) -> Node:
        mark = self.mark = _mark(event.start_mark)
        if isinstance(event, (AliasEvent, yaml.AliasEvent)):
            return self.alias(event.anchor, mark, key_mark)
        self.spend(1, mark)
        tag = getattr(event, "ctag", None)
        if isinstance(event, _MAPPINGS):
            node = self.mapping(events, mark, key_mark)
        elif isinstance(event, _SEQUENCES):
            node = self.sequence(events, mark, key_mark)
        elif isinstance(event, _SCALARS):
            node = self.scalar(event, mark, key_mark)
        else:  # pragma: no cover  # the parser gives no other
            raise TypeError(event)
        if tag is not None:
            hint = "Take it out; text that must stay text goes in quotes."
            self.note(mark, f"the tag {shorten(str(tag))}", "a value without tag", hint)
            node = node._replace(value=BROKEN)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def alias(self, name: str, mark: Mark, key_mark: Mark | None) -> Node:
        target = self.anchors.get(name)
        if target is None:
            hint = "An anchor must stand, and end, before it is used; text that begins with * goes in quotes."
            self.note(mark, f"*{shorten(name)}", "an anchor of that name further up", hint)
            return Node(BROKEN, mark, key_mark)
        self.spend(target.size, mark)
        return target._replace(mark=mark, key_mark=key_mark)

    def sequence(self, events: Iterator[Event], mark: Mark, key_mark: Mark | None) -> Node:
        items: list[Node] = []
        while not isinstance(event := next(events), (SequenceEndEvent, yaml.SequenceEndEvent)):
            self.descend(len(items), mark)
            items.append(self.item(self.node(event, events)))
            self.path.pop()
        return Node(items, mark, key_mark, size=1 + sum(item.size for item in items))

    def item(self, node: Node) -> Node:
        """YAML knows no `，`: a list that is written with it is one long entry."""
        if not (node.is_plain and "，" in node.written):
            return node
        hint = "Type `,` in its place, or put the text in quotes if it is meant as one entry."
        self.note(node.mark, "a full-width comma", "a comma between two entries", hint)
        return node._replace(value=BROKEN)

    def mapping(self, events: Iterator[Event], mark: Mark, key_mark: Mark | None) -> Node:
        entries: dict[str, Node] = {}
        merges: list[Node] = []
        while not isinstance(event := next(events), (MappingEndEvent, yaml.MappingEndEvent)):
            key, at = self.key(event, events)
            self.descend("?" if key is None else key, at)
            value = self.node(next(events), events, at)
            if key == "<<" and not getattr(event, "style", None):
                merges.append(value)
            elif key is None:
                pass
            elif key in entries:
                first = entries[key].key_mark or mark
                hint = f"It stands at line {first.line}, column {first.column} already: keep one of the two."
                self.note(at, f"the key `{shorten(key)}` a second time", "each key once", hint)
            else:
                entries[key] = value
            self.path.pop()
        for merge in merges:
            self.merge(merge, entries)
        return Node(entries, mark, key_mark, size=1 + sum(entry.size for entry in entries.values()))

    def key(self, event: Event, events: Iterator[Event]) -> tuple[str | None, Mark]:
        """The key as it is written: `1:` and `no:` are text here, as they are to an editor's schema check."""
        mark = self.mark = _mark(event.start_mark)
        if isinstance(event, _SCALARS):
            return event.value, mark
        self.note(mark, "a key that is no text", "a word and a colon")
        self.descend("?", mark)
        self.node(event, events)
        self.path.pop()
        return None, mark

    def merge(self, source: Node, entries: dict[str, Node]) -> None:
        """Take over what `entries` lacks (https://yaml.org/type/merge.html)."""
        if source.value is BROKEN:
            return
        for one in source.value if isinstance(source.value, list) else [source]:
            if not isinstance(one.value, dict):
                expected = "a mapping to merge, such as *anchor"
                self.note(source.place, f"{describe(one)} after <<", expected)
                continue
            self.spend(len(one.value), source.mark)
            for key, value in one.value.items():
                entries.setdefault(key, value)

    def scalar(self, event: ScalarEvent, mark: Mark, key_mark: Mark | None) -> Node:
        text: str = event.value
        is_plain = not event.style  # None in one library, "" in the other
        try:
            value = read_plain(text) if is_plain else text
            text.encode()
        except ValueError:  # a number of thousands of digits, or half a surrogate pair
            found = f"{shorten(ascii(text))}, which stands for nothing"
            self.note(mark, found, "text or a number")
            value = BROKEN
        if "\0" in text:
            self.note(mark, "the character U+0000", "printable text")
            value = BROKEN
        return Node(value, mark, key_mark, text, is_plain)

    def descend(self, part: str | int, mark: Mark) -> None:
        if len(self.path) == MAX_DEPTH:
            raise _StopError(self.trouble(mark, "too many levels", f"at most {MAX_DEPTH}"))
        self.path.append(part)

    def spend(self, values: int, mark: Mark) -> None:
        self.count += values
        if self.count > MAX_VALUES:
            raise _StopError(self.trouble(mark, "too many values", f"at most {MAX_VALUES:,}, aliases written out"))


_NULL = {"", "~", "null", "Null", "NULL"}
_BOOLEANS = {
    text: truth for truth, word in ((True, "true"), (False, "false")) for text in (word, word.title(), word.upper())
}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def read_plain(text: str) -> Scalar:
    """An unquoted scalar's value. ValueError for a number of thousands of digits."""
    if text in _NULL:
        return NOTHING
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if text[0] not in "-+.0123456789":
        return text
    if _INTEGER.fullmatch(text):
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return math.nan if _NOT_FINITE.fullmatch(text) else text


def _hide_credentials(text: str) -> str:
    """All between the first :// and the last @ may belong to a password."""
    before, _, address = text.partition("://")
    _, found, host = address.rpartition("@")
    return f"{before}://***@{host}" if found else text


def describe(node: Node) -> str:
    """What stands there, in a few words and without the credentials of a URL."""
    if isinstance(node.value, dict):
        return "a mapping"
    if isinstance(node.value, list):
        return "a list"
    if isinstance(node.value, str):
        return shorten(repr(_hide_credentials(node.written)))
    return repr(node.value) if isinstance(node.value, Absent) else shorten(node.written)


def shorten(text: str, limit: int = 60) -> str:
    """At most `limit` characters, on one line."""
    line = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def find(root: Node, path: KeyPath) -> Node:
    """The node at `path`, or the deepest one on the way to it."""
    return _walk(root, path)[-1]


def reach(root: Node, path: KeyPath) -> KeyPath:
    """As much of `path` as there is in the tree."""
    return path[: len(_walk(root, path)) - 1]


def _walk(root: Node, path: KeyPath) -> list[Node]:
    nodes = [root]
    for part in path:
        value = nodes[-1].value
        if isinstance(value, dict) and part in value:
            nodes.append(value[str(part)])
        elif isinstance(value, list) and isinstance(part, int):
            nodes.append(value[part])
        else:
            break
    return nodes


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)
