"""Ways to break a document, drawn by hypothesis; and what a document says, so that breaking it can be told from not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st
from lxml import etree

Draw = Callable[..., Any]
"""hypothesis's: strategy -> a value of it."""

Values = dict[str, list[str]]

_ATOM = "{http://www.w3.org/2005/Atom}"
_MEDIA = "{http://search.yahoo.com/mrss/}"
_ENTRIES = {f"/{_ATOM}feed/{_ATOM}entry", "/rss/channel/item"}
_FEEDS = {f"/{_ATOM}feed", "/rss", "/rss/channel"}
_PEOPLE = {f"{path}/{_ATOM}{who}" for path in (*_FEEDS, *_ENTRIES) for who in ("author", "contributor")}
_CONTAINERS = _FEEDS | _ENTRIES | _PEOPLE | {"/rss/channel/image"} | {f"{path}/{_MEDIA}content" for path in _ENTRIES}
_CONTAINERS |= {f"/{_ATOM}feed/{{http://purl.org/atompub/tombstones/1.0}}deleted-entry"}

_BITS = st.sampled_from(
    ["", "x", " ", "\n", "0", "1", "é", "Ã©", "中", "&", "<b>", "]]>", "true", "false", "http://x.example/"]
)


def mutate(draw: Draw, content: bytes, format: str) -> bytes:
    """A document after one to three changes of elements or values, or of its very bytes."""
    if draw(st.integers(0, 3)) == 0:
        return _mutate_bytes(draw, content)
    change = _mutate_json if format == "json" else _mutate_xml
    for _ in range(draw(st.sampled_from([1, 1, 2, 3]))):
        content = change(draw, content)
    return content


def vocabulary(documents: Iterable[bytes]) -> frozenset[str]:
    """The paths in XML documents under which values stand."""
    found: set[str] = set()
    for content in documents:
        head, entries = _gather_all(content)
        found.update(path for values in (head, *entries) for path, texts in values.items() if any(texts))
    return frozenset(found)


def says(content: bytes, format: str, known: frozenset[str] = frozenset()) -> Any:
    """The values of a document, read without any code of feedsvc; None where it can't be read.

    JSON: its value, without the order of keys and without members that are null or empty. XML: for the head and for
    each entry in its order, texts and attributes under each of the `known` paths.
    """
    try:
        if format == "json":
            return json.loads(content, object_pairs_hook=_pairs)
        head, entries = _gather_all(content)
    except (ValueError, RecursionError, etree.XMLSyntaxError):
        return None
    return [{path: texts for path, texts in values.items() if path in known} for values in (head, *entries)]


def _pairs(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    told = [(name, value) for name, value in pairs if value is not None and value not in ([], "")]
    return sorted(told, key=lambda pair: (pair[0], repr(pair[1])))


def _gather_all(content: bytes) -> tuple[Values, list[Values]]:
    parser = etree.XMLParser(remove_comments=True, remove_pis=True, huge_tree=True)
    head: Values = {}
    entries: list[Values] = []
    _gather(etree.fromstring(content, parser), "", head, entries)
    return head, entries


def _gather(element: Any, above: str, values: Values, entries: list[Values]) -> None:
    path = f"{above}/{element.tag}"
    if path in _ENTRIES:
        values = {}
        entries.append(values)
    if path in _CONTAINERS:
        for child in element:
            _gather(child, path, values, entries)
    # Links of different kinds may stand in any order.
    place = f"{path}[{element.get('rel')}]" if element.tag == f"{_ATOM}link" else path
    if path not in _CONTAINERS:
        values.setdefault(place, []).append("".join(element.itertext()))
    for name, value in element.attrib.items():
        values.setdefault(f"{place}/@{name}", []).append(value)


# XML


def _mutate_xml(draw: Draw, content: bytes) -> bytes:
    try:
        root = etree.fromstring(content, etree.XMLParser(huge_tree=True, strip_cdata=False))
    except etree.XMLSyntaxError:
        return content
    elements = [element for element in root.iter() if isinstance(element.tag, str)]
    inner = elements[1:] or elements
    element = draw(st.sampled_from(inner))
    change = draw(
        st.sampled_from([_delete, _double, _swap, _move, _change_text, _change_attribute, _rename, _swap_texts])
    )
    change(draw, element, inner)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _delete(_draw: Draw, element: Any, _all: list[Any]) -> None:
    if (parent := element.getparent()) is not None:
        parent.remove(element)


def _double(draw: Draw, element: Any, _all: list[Any]) -> None:
    if (parent := element.getparent()) is not None:
        parent.insert(draw(st.integers(0, len(parent))), deepcopy(element))


def _swap(draw: Draw, element: Any, _all: list[Any]) -> None:
    parent = element.getparent()
    if parent is not None and len(parent) > 1:
        children = list(parent)
        other = draw(st.sampled_from(children))
        here, there = parent.index(element), parent.index(other)
        children[here], children[there] = other, element
        parent[:] = children


def _move(draw: Draw, element: Any, all_of_them: list[Any]) -> None:
    home = draw(st.sampled_from(all_of_them))
    if home is not element and element not in home.iterancestors():
        home.append(element)


def _change_text(draw: Draw, element: Any, _all: list[Any]) -> None:
    text, bit = element.text or "", draw(_BITS)
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, min(len(text), start + 3)))
    element.text = text[:start] + bit + text[end:]


def _change_attribute(draw: Draw, element: Any, _all: list[Any]) -> None:
    names = [
        *element.attrib,
        "type",
        "rel",
        "href",
        "isPermaLink",
        "{http://www.w3.org/XML/1998/namespace}lang",
        "title",
    ]
    name = draw(st.sampled_from(names))
    if name in element.attrib and draw(st.booleans()):
        del element.attrib[name]
    else:
        element.set(name, draw(st.sampled_from([element.get(name, "") + "x", "", "html", "enclosure", "true", "en"])))


def _rename(draw: Draw, element: Any, all_of_them: list[Any]) -> None:
    element.tag = draw(st.sampled_from(sorted({each.tag for each in all_of_them})))


def _swap_texts(draw: Draw, element: Any, all_of_them: list[Any]) -> None:
    other = draw(st.sampled_from([each for each in all_of_them if not len(each)] or all_of_them))
    if not len(element):
        element.text, other.text = other.text, element.text


# JSON


def _mutate_json(draw: Draw, content: bytes) -> bytes:
    try:
        document = json.loads(content)
    except ValueError:
        return content
    places = list(_places(document))
    holder, key = draw(st.sampled_from(places))
    change = draw(st.sampled_from(["delete", "replace", "edit", "double", "swap", "rename", "add"]))
    if change == "delete":
        del holder[key]
    elif change == "replace":
        holder[key] = draw(st.sampled_from([None, True, 0, 1.5, "", "x", [], {}, ["x"], {"url": "x"}]))
    elif change == "edit" and isinstance(holder[key], str):
        text = holder[key]
        start = draw(st.integers(0, len(text)))
        holder[key] = text[:start] + draw(_BITS) + text[start + draw(st.integers(0, 2)) :]
    elif change == "double" and isinstance(holder, list):
        holder.insert(draw(st.integers(0, len(holder))), deepcopy(holder[key]))
    elif change == "swap":
        other, place = draw(st.sampled_from(places))
        one, two = deepcopy(holder[key]), deepcopy(other[place])
        holder[key] = two
        other[place] = one
    elif change == "rename" and isinstance(holder, dict):
        holder[draw(st.sampled_from([str(each) for _, each in places] + ["x", "_x"]))] = holder.pop(key)
    elif change == "add" and isinstance(holder[key], dict):
        holder[key][draw(st.sampled_from(["x", "_x", "url", "title"]))] = draw(st.sampled_from(["x", 1, None]))
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _places(node: Any) -> Any:
    keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in keys:
        yield node, key
        yield from _places(node[key])


# bytes


def _mutate_bytes(draw: Draw, content: bytes) -> bytes:
    start = draw(st.integers(0, len(content) - 1))
    length = draw(st.sampled_from([1, 1, 1, 2, 5, 40]))
    change = draw(st.sampled_from(["delete", "replace", "insert", "double", "cut"]))
    if change == "cut":
        return content[:start]
    cut = content[start : start + length]
    new: bytes = {
        "delete": b"",
        "replace": draw(
            st.binary(min_size=1, max_size=2) | st.sampled_from([b"&", b"<", b">", b'"', b" ", b"\xff", b"\0"])
        ),
        "insert": cut + draw(st.sampled_from([b"x", b" ", b"<!--x-->", b"&amp;", b"\\u0041", b",", b"\xc2\x85"])),
        "double": cut + cut,
    }[change]
    return content[:start] + new + content[start + length :]
