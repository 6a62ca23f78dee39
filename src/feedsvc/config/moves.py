"""Addresses that once were feeds, here or on the site that stood here before, and the section each leads to now.

`/category/macro/feed?type=atom`: a path of this service, percent-encoded or not, with the query it needs. Paths are
compared as bytes, since old Chinese sites encoded them in GBK, and without the slash at their end; a request may say
more in its query than an address asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote_to_bytes

from feedsvc.config.hints import HintedError
from feedsvc.config.tree import KeyPath, Mark, Node, Trouble, describe
from feedsvc.model import ALL_SLUG, INDEX_SLUG, FormatName, Section

_RESERVED = ("/api", "/articles", "/healthz", "/metrics", "/readyz", "/static", "/sections", "/feeds.opml")
"""What the service answers itself, with all that lies below; of /feeds/… and /sections/… what its sections have."""

_OF_SECTION = re.compile(rb"/(?:feeds|sections)/([a-z0-9-]+)(?:[./].*)?", re.DOTALL)
_WORD = re.compile(r"[a-z]+[0-9]*")
_FORMAT_OF: Mapping[str, FormatName] = {
    "atom": "atom",
    "atom1": "atom",
    "json": "json",
    "jsonfeed": "json",
    "rss": "rss",
    "rss2": "rss",
    "rdf": "rss",
}


class Address(NamedTuple):
    """A path as bytes, without a slash at its end, and what its query says, in any order."""

    path: bytes
    query: frozenset[tuple[str, str]]


class Move(NamedTuple):
    """Where an old address leads: a section's feed in this format."""

    section: Section
    format: FormatName


def read_old_url(text: str) -> str:
    """Check and spell one address of config.yaml; ValueError with the mend."""
    if not text.startswith("/") or text.startswith("//"):
        raise HintedError("Write the path alone, from its first slash on: /feed/")
    if "#" in text or re.search(r"\s", text):
        raise HintedError("Leave out white space and the fragment (# and what follows).")
    address = _read_address(text)
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in sorted(address.query))
    return quote(address.path) + (f"?{query}" if query else "")


def _read_address(text: str) -> Address:
    path, _, query = text.partition("?")
    return make_address(unquote_to_bytes(path), query)


def make_address(path: bytes, query: str) -> Address:
    """As they came in a request: `path` percent-decoded, `query` not."""
    pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=None)
    return Address(path.rstrip(b"/") or b"/", frozenset(pairs))


class Moves:
    """Every old address of some sections."""

    def __init__(self, sections: Iterable[Section]) -> None:
        found: dict[bytes, list[tuple[Address, Move]]] = {}
        for section in sections:
            for text in section.old_urls:
                address = _read_address(text)
                found.setdefault(address.path, []).append((address, Move(section, _choose_format(text, section))))
        for of_path in found.values():
            of_path.sort(key=lambda one: len(one[0].query), reverse=True)  # the one that asks for most comes first
        self._by_path = found

    def find(self, path: bytes, query: str = "") -> Move | None:
        """Where a request is led, if anywhere."""
        candidates = self._by_path.get(path.rstrip(b"/") or b"/")
        if candidates is None:
            return None
        said = make_address(path, query).query
        return next((move for address, move in candidates if address.query <= said), None)


def _choose_format(text: str, section: Section) -> FormatName:
    """The one that its name tells, query first, last segment next; RSS where none is told. If made, else the first."""
    path, _, query = text.lower().partition("?")
    *above, last = [segment for segment in path.split("/") if segment] or [""]
    words = [*_WORD.findall(query), *reversed(_WORD.findall(last)), *reversed(above)]
    told: FormatName = next((_FORMAT_OF[word] for word in words if word in _FORMAT_OF), "rss")
    return told if told in section.formats else section.formats[0]


def check_old_urls(sections: Mapping[str, Sequence[tuple[KeyPath, Node]]]) -> Iterator[Trouble]:
    """What is wrong between the addresses of all feeds (slug -> its entries): each leads to one, and none is ours."""
    owners: dict[Address, tuple[str, Mark]] = {}
    for slug, entries in sections.items():
        for path, node in entries:
            text = str(node.value)
            try:
                address = _read_address(read_old_url(text))
            except ValueError:
                continue  # told by its kind
            owner, mark = owners.setdefault(address, (slug, node.place))
            if answered := _who_answers(address, sections):
                hint = "It can't lead elsewhere; take it out."
                yield Trouble(node.place, path, f"{describe(node)}, {answered}", "an address that is free", hint)
            elif mark != node.place:
                found = f"{describe(node)}, which leads to `{owner}` already"
                hint = f"See line {mark.line}, column {mark.column}."
                yield Trouble(node.place, path, found, "an address that leads to one section", hint)


def _who_answers(address: Address, configured: Iterable[str]) -> str:
    """What the service itself has at this address, in words; '' for nothing."""
    path = address.path
    if match := _OF_SECTION.fullmatch(path):
        slug = match[1].decode()
        if slug in {*configured, ALL_SLUG, INDEX_SLUG}:
            return f"which belongs to `{slug}`"
        return "which has a query, and feeds have none" if address.query and path.startswith(b"/feeds/") else ""
    if path == b"/":
        return "" if address.query else "the home page"
    is_ours = any(path == own.encode() or path.startswith(f"{own}/".encode()) for own in _RESERVED)
    return "which the service answers itself" if is_ours else ""
