"""bytes + Feed -> Findings: does the document say what the feed says, no more, no less, in this order?

Two readers look at an RSS or Atom document: feedparser, as a feed reader would, and lxml, to the letter, for what
feedparser does not give back or changes on its way. A JSON Feed has a strict reader of its own (jsonfeed.py).
Each format tells what a right document reads like (its Expectation); here readings are compared, differences named.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml import etree

from feedsvc.errors import ParseError
from feedsvc.feed.difference import around, find_difference
from feedsvc.feed.media import expect_media
from feedsvc.feed.namespaces import PREFIXES
from feedsvc.model import Enclosure, Entry, Feed, Finding
from feedsvc.parse import ParsedFeed, Reading, as_feedparser_reads, parse_feed

Document = tuple[Reading, Sequence[Reading]]
"""A document as it reads: its head, and its entries in their order."""

Letters = Mapping[str, tuple[str, ...]]
"""XPath, relative to the channel or an entry -> the exact texts (or attributes) that it selects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a right document of one feed in one format reads like.

    `version` is feedparser's name of the format. `entries` come in the document's order, `entry_letters` are parallel
    to them. `channel_path` and `entry_path` find the elements that the letters count from.
    """

    format: str
    media_type: str
    version: str
    channel: Reading
    entries: tuple[Reading, ...]
    channel_path: str
    entry_path: str
    channel_letters: Letters
    entry_letters: tuple[Letters, ...]

    @property
    def entry_ids(self) -> list[str]:
        return [entry["id"] for entry in self.entries]


def expect_feed(feed: Feed, format: str) -> dict[str, Any]:
    """What a feed's head reads like where a format can carry all of it; each format's module says where it differs."""
    return {
        "id": feed.feed_id,
        "title": feed.title,
        "description": feed.description,
        "link": feed.home_url,
        "self": (feed.self_urls[format],),
        "language": feed.language,
        "copyright": feed.copyright,
        "image": feed.image.url if feed.image else None,
        "updated": feed.updated,
        "authors": ((feed.author.name, feed.author.url),),
        "categories": tuple((category.term, category.scheme) for category in feed.categories),
    }


def expect_entry(entry: Entry) -> dict[str, Any]:
    """What an entry reads like where a format can carry all of it; each format's module says where it differs."""
    return {
        "id": entry.entry_id,
        "title": entry.title,
        "link": entry.link,
        "published": entry.published,
        "updated": entry.updated,
        "authors": tuple((author.name, author.url) for author in entry.authors),
        "editor": (entry.editor,) if entry.editor else (),
        "source": entry.source.name if entry.source else None,
        "source_url": (entry.source.url,) if entry.source and entry.source.url else (),
        "categories": tuple((category.term, category.scheme) for category in entry.categories),
        "language": entry.language,
        "summary": entry.summary or None,
        "content": (("text/html", entry.content_html),) if entry.content_html is not None else (),
        "enclosures": tuple(_enclosure(enclosure) for enclosure in entry.enclosures),
        **expect_media(entry.image, ()),
    }


def _enclosure(enclosure: Enclosure) -> tuple[str, str, str | None, str | None]:
    """A length that is not known is left out (RFC 4287 §4.2.7.6; JSON Feed 1.1, "attachments")."""
    length = str(enclosure.length_bytes) if enclosure.length_bytes else None
    return (enclosure.url, enclosure.type, length, enclosure.title)


def verify_xml(content: bytes, expected: Expectation) -> list[Finding]:
    """Hold an RSS or Atom document to what it should read like; no finding means that it does, in every field."""
    try:
        parsed = parse_feed(content, expected.media_type)
    except ParseError as error:
        return [Finding(rule="document.parse", message=str(error), format=expected.format)]
    wanted = _with_categories_once(expected.channel, expected.entries)
    found = _with_categories_once(parsed.channel, parsed.entries)
    return (
        _check_frame(parsed, expected)
        or compare(expected.format, expected.entry_ids, wanted, found, agree=_read_alike)
        or _check_letters(content, expected)
    )


def compare(
    format: str,
    entry_ids: Sequence[str],
    expected: Document,
    found: Document,
    *,
    agree: Callable[[Any, Any], bool] = operator.eq,
) -> list[Finding]:
    """Every difference between what a document should read like and what it does; `agree` says what is none."""
    (channel, entries), (found_channel, found_entries) = expected, found
    findings = _compare_readings(format, None, "feed", (channel, found_channel), agree)
    sequence = compare_sequence(format, entry_ids, [entry.get("id") for entry in found_entries])
    if sequence:
        return findings + sequence
    for entry_id, entry, found_entry in zip(entry_ids, entries, found_entries, strict=True):
        findings += _compare_readings(format, entry_id, "entry", (entry, found_entry), agree)
    return findings


def _compare_readings(
    format: str, entry_id: str | None, whose: str, pair: tuple[Reading, Reading], agree: Callable[[Any, Any], bool]
) -> list[Finding]:
    expected, found = pair
    return [
        _differ(format, f"{whose}.{name}", entry_id, value, found.get(name))
        for name, value in expected.items()
        if not agree(value, found.get(name))
    ]


def _with_categories_once(channel: Reading, entries: Sequence[Reading]) -> Document:
    """feedparser tells of two categories that it repairs to the same only once; the letters tell them apart."""

    def once(reading: Reading) -> Reading:
        told = ((term and as_feedparser_reads(term), scheme) for term, scheme in reading["categories"])
        return {**reading, "categories": tuple(dict.fromkeys(told))}

    return once(channel), [once(entry) for entry in entries]


def _check_frame(parsed: ParsedFeed, expected: Expectation) -> list[Finding]:
    """Is it well-formed, in UTF-8, and taken for the format it is?"""
    if parsed.fault:
        return [Finding(rule="document.wellformed", message=parsed.fault, format=expected.format)]
    found = {"version": (expected.version, parsed.version), "encoding": ("utf-8", parsed.encoding)}
    return [
        _differ(expected.format, f"document.{name}", None, wanted, got)
        for name, (wanted, got) in found.items()
        if wanted != got
    ]


def compare_sequence(format: str, wanted: Sequence[str], found: Sequence[Any]) -> list[Finding]:
    """Are the right entries there, each once, in the right order? Both are ids."""
    if list(wanted) == list(found):
        return []
    missing, surplus = Counter(wanted) - Counter(found), Counter(found) - Counter(wanted)
    findings = [
        Finding(rule="entries.missing", message="the entry is not in the document", format=format, entry_id=entry_id)
        for entry_id in missing
    ]
    findings += [
        Finding(
            rule="entries.surplus",
            message="an entry stands there that does not belong, or stands twice",
            format=format,
            entry_id=entry_id if entry_id in wanted else None,
            found=around(str(entry_id), 0),
        )
        for entry_id in surplus
    ]
    return findings or [Finding(rule="entries.order", message="the entries stand in another order", format=format)]


def _check_letters(content: bytes, expected: Expectation) -> list[Finding]:
    """The second reading. feedparser found the document readable and its entries in their order before."""
    try:
        root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
    except etree.XMLSyntaxError as error:  # feedparser reads over some faults
        return [Finding(rule="document.wellformed", message=str(error), format=expected.format)]
    heads, elements = _select(root, expected.channel_path), _select(root, expected.entry_path)
    if (len(heads), len(elements)) != (1, len(expected.entry_ids)):
        message = "its elements do not stand where its format wants them, though feedparser finds them"
        return [Finding(rule="document.structure", message=message, format=expected.format)]
    findings = _compare_letters(expected.format, None, "feed", expected.channel_letters, heads[0])
    for entry_id, element, letters in zip(expected.entry_ids, elements, expected.entry_letters, strict=True):
        findings += _compare_letters(expected.format, entry_id, "entry", letters, element)
    return findings


def _compare_letters(
    format: str, entry_id: str | None, whose: str, letters: Letters, element: etree._Element
) -> list[Finding]:
    found = {path: tuple(map(_letters_of, _select(element, path))) for path in letters}
    return [
        _differ(format, f"{whose}.{path}", entry_id, texts, found[path])
        for path, texts in letters.items()
        if texts != found[path]
    ]


def _select(element: etree._Element, path: str) -> list[Any]:
    return list(_compiled(path)(element))  # type: ignore[arg-type]


@lru_cache(maxsize=500)
def _compiled(path: str) -> etree.XPath:
    """The paths are few, the elements many; an XPath locks itself, so threads may share it."""
    return etree.XPath(path, namespaces=PREFIXES)


def _letters_of(node: Any) -> str:
    if isinstance(node, str):
        return str(node)
    return "".join(node.itertext()) if len(node) else node.text or ""


def _read_alike(expected: Any, found: Any) -> bool:
    """Equal, or what feedparser makes of it."""
    if isinstance(expected, tuple) and isinstance(found, tuple):
        return len(expected) == len(found) and all(map(_read_alike, expected, found))
    if isinstance(expected, str) and isinstance(found, str):
        return found in (expected, as_feedparser_reads(expected))
    return bool(expected == found)


def _differ(format: str, rule: str, entry_id: str | None, expected: Any, found: Any) -> Finding:
    difference = find_difference(rule.partition(".")[2], expected, found)
    return Finding(
        rule=rule,
        message="it does not read back as it should",
        format=format,
        entry_id=entry_id,
        expected=difference.expected,
        found=difference.found,
        place=difference.place,
    )
