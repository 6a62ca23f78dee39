"""What any vocabulary asks of its elements in the same way: which may stand where, how often, with which attributes.

A vocabulary is a table of Parts. `check_parts` holds a parent's children to it and hands each to its own check; a check
gives Breaches, the element with what is wrong there. `locate` says where an element stands in words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from lxml import etree

from feedsvc.feed.grammar.rules import Fault, Rule
from feedsvc.feed.namespaces import ATOM, PREFIXES

Element: TypeAlias = etree._Element  # noqa: SLF001  # lxml names its type no other way
Breach: TypeAlias = tuple[Element, Fault]

_MARKUP = re.compile(
    r"</?(?:a|b|big|br|code|div|em|font|i|img|li|p|s|small|span|strong|sub|sup|u|ul)\b[^<>]*>"
    r"|&(?:[a-z]{2,8}|#[0-9]+|#x[0-9a-f]+);",
    re.IGNORECASE,
)
_ENTRY_IDS = {f"{{{ATOM}}}entry": f"{{{ATOM}}}id", "item": "guid"}
_PREFIX_OF = {f"{{{name}}}": f"{prefix}:" for prefix, name in PREFIXES.items()} | {f"{{{ATOM}}}": ""}


@dataclass(frozen=True, slots=True)
class Given:
    """What is known beside the bytes: the document's address, and the hosts whose frames may stand in a body."""

    self_url: str | None = None
    embeds: tuple[str, ...] = ()


Check: TypeAlias = Callable[[Element, Given], Iterable[Breach]]
ValueCheck: TypeAlias = Callable[[str], Iterable[Fault]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What may stand in a parent under one name.

    `missing` is broken where it does not, `repeated` where it stands twice; None means that both are right.
    `attributes` are those without a namespace. A `leaf` holds text alone.
    """

    check: Check | None = None
    missing: Rule | None = None
    repeated: Rule | None = None
    attributes: frozenset[str] = frozenset()
    leaf: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Names with `prefix` ("{namespace}", or "" for none) belong to it, and these rules hold for all of them."""

    prefix: str
    unknown: Rule
    attribute: Rule
    stray: Rule
    markup: Rule

    def owns(self, tag: str) -> bool:
        """Whether this vocabulary alone says where such an element may stand."""
        return tag.startswith(self.prefix) if self.prefix else not tag.startswith("{")


def check_parts(parent: Element, parts: Mapping[str, Part], words: Vocabulary, given: Given) -> Iterator[Breach]:
    """Hold the children of `parent` to the table; what belongs to other vocabularies may stand anywhere."""
    seen: set[str] = set()
    if parent.text and not parent.text.isspace():
        yield parent, Fault(words.stray, found=parent.text.strip())
    for child in parent.iterchildren(tag=etree.Element):
        tag = str(child.tag)
        part = parts.get(tag)
        if child.tail and not child.tail.isspace():
            yield parent, Fault(words.stray, found=child.tail.strip())
        if part is None:
            if words.owns(tag):
                yield child, Fault(words.unknown, found=name_of(child))
            continue
        if tag in seen and part.repeated is not None:
            yield child, Fault(part.repeated)
        seen.add(tag)
        yield from _check_part(child, part, words, given)
    for tag, part in parts.items():
        if part.missing is not None and tag not in seen:
            yield parent, Fault(part.missing)


def _check_part(element: Element, part: Part, words: Vocabulary, given: Given) -> Iterator[Breach]:
    for name in element.attrib:
        if name not in part.attributes and not str(name).startswith("{"):
            yield element, Fault(words.attribute, found=str(name))
    if part.leaf and len(element):
        yield element, Fault(words.markup, found=name_of(element[0]))
    elif part.check is not None:
        yield from part.check(element, given)


def holding(check: ValueCheck, *, strip: bool = False) -> Check:
    """Give the check of an element whose text is one value; `strip` takes white space around it for layout."""

    def check_text(element: Element, _given: Given) -> Iterator[Breach]:
        text = text_of(element)
        return at(element, check(text.strip() if strip else text))

    return check_text


def at(element: Element, faults: Iterable[Fault]) -> Iterator[Breach]:
    """Faults in a value, at the element that holds it."""
    return ((element, fault) for fault in faults)


def text_of(element: Element) -> str:
    """All text in it, that of its children too."""
    return "".join(map(str, element.itertext())) if len(element) else element.text or ""


def name_of(element: Element) -> str:
    """Its name as one would write it, with the prefix that its namespace is known by."""
    if not isinstance(element.tag, str):
        return str(element)
    namespace, brace, local = element.tag.rpartition("}")
    if not brace:
        return local
    known = _PREFIX_OF.get(namespace + brace)
    return f"{element.prefix}:{local}" if known is None and element.prefix else f"{known or ''}{local}"


def looks_like_html(rule: Rule, element: Element) -> Iterator[Breach]:
    """Break `rule` where plain text holds a tag or a character reference of HTML."""
    found = _MARKUP.search(text_of(element))
    if found:
        yield element, Fault(rule, found=found[0], place=f"character {found.start() + 1}")


class Locator:
    """Says where elements of one document stand. It counts siblings once, however many findings there are."""

    def __init__(self) -> None:
        self._steps: dict[Element, Mapping[Element, str]] = {}

    def entry_id_of(self, element: Element) -> str | None:
        """The id of the entry or item that it stands in; None in the head, and in an entry without one."""
        for each in (element, *element.iterancestors()):
            if (id_tag := _ENTRY_IDS.get(str(each.tag))) is not None:
                return each.findtext(id_tag) or None
        return None

    def locate(self, element: Element, place: str = "") -> str:
        """Its line, its path below the root, and the place in its value: `line 12, entry[3]/link[2], character 7`."""
        line, path = f"line {element.sourceline}", list[str]()
        for parent in element.iterancestors():
            path.insert(0, self._steps_below(parent)[element])
            element = parent
        return ", ".join(filter(None, (line, "/".join(path) or name_of(element), place)))

    def _steps_below(self, parent: Element) -> Mapping[Element, str]:
        if parent not in self._steps:
            children = list(parent)
            totals, numbers = Counter(str(child.tag) for child in children), Counter[str]()
            steps = {}
            for child in children:
                tag, name = str(child.tag), name_of(child)
                numbers[tag] += 1
                steps[child] = name if totals[tag] == 1 else f"{name}[{numbers[tag]}]"
            self._steps[parent] = steps
        return self._steps[parent]
