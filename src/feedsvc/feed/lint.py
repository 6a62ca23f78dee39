"""Anybody's feed -> what is wrong with it: by its format's standard, and as a feed reader would see it.

bytes --sniff--> format --grammar--> breaches --feedparser, within bounds (see parse)--> what readers make of it
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from feedsvc.errors import ParseError
from feedsvc.feed import grammar
from feedsvc.feed.formats import FORMATS
from feedsvc.feed.grammar.frame import SIZE
from feedsvc.feed.grammar.jsonfeed import read_items
from feedsvc.feed.grammar.rules import Fault, Rule, breach
from feedsvc.feed.grammar.tally import Tally
from feedsvc.feed.sniff import sniff
from feedsvc.model import Finding
from feedsvc.parse import ParsedFeed, Reading, parse_feed

_FEEDPARSER = "feedparser 6"

REFUSED = Rule(
    name="reader.refused",
    standard=_FEEDPARSER,
    message="a feed reader gives up on it, or would take too long",
    mend="make it smaller and flatter; the reason says where",
)
FAULTY = Rule(
    name="reader.fault",
    standard=_FEEDPARSER,
    message="a feed reader stumbles over it, and what it shows is a guess",
    mend="mend what the reason names",
)
MISTAKEN = Rule(
    name="reader.format",
    standard=_FEEDPARSER,
    message="a feed reader takes it for something else than it is meant to be",
    mend='write the root element as <rss version="2.0"> or <feed xmlns="http://www.w3.org/2005/Atom">, and declare no '
    "namespace of another format in it",
)
NAMELESS = Rule(
    name="reader.id",
    standard=_FEEDPARSER,
    message="an entry has neither id nor link, so readers can't tell whether they showed it before",
    mend="give it a guid (RSS) or an id (Atom) that never changes",
)
BLANK = Rule(
    name="reader.blank",
    standard=_FEEDPARSER,
    message="an entry shows nothing: readers find neither title nor text in it",
    mend="give it a title, and a summary or a content",
    severity="warning",
)
DATELESS = Rule(
    name="reader.date",
    standard=_FEEDPARSER,
    message="an entry has no time that readers can read, so they show when they first saw it",
    mend="give it a pubDate (RSS) or published and updated (Atom), with the offset from UTC",
    severity="warning",
)
RULES = (REFUSED, FAULTY, MISTAKEN, NAMELESS, BLANK, DATELESS)

_READ_AS = {"rss": "rss20", "atom": "atom10"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Linted:
    """What came of it. `format` is None where the bytes are no feed; `titles` are the entries', by entry id.

    `entries` is None where they could not be counted.
    """

    format: str | None
    entries: int | None
    titles: Mapping[str, str]
    findings: tuple[Finding, ...]


def lint(
    content: bytes, *, format: str | None = None, self_url: str | None = None, embeds: Collection[str] = ()
) -> Linted:
    """Everything wrong with a feed of any publisher, in time that its length bounds.

    `format` is found from the bytes if not given; `self_url` and `embeds` are as in grammar.check.
    """
    found = format or sniff(content)
    if isinstance(found, Fault):
        finding = breach(found.rule, "", found=found.found)
        return Linted(format=None, entries=0, titles={}, findings=(finding,))
    breaches = grammar.check(content, found, self_url=self_url, embeds=embeds)
    if found == "json":
        items = read_items(content)
        number = None if items is None else len(items)
        return Linted(format=found, entries=number, titles=_by_id(items), findings=tuple(breaches))
    try:
        parsed = parse_feed(content, FORMATS[found].media_type)
    except ParseError as error:
        is_said = any(finding.rule == SIZE.name for finding in breaches)
        refused = () if is_said else (breach(REFUSED, found, found=str(error)),)
        return Linted(format=found, entries=None, titles={}, findings=(*breaches, *refused))
    return Linted(
        format=found,
        entries=len(parsed.entries),
        titles=_read_titles(parsed),
        findings=(*breaches, *_check_reading(found, parsed, breaches)),
    )


def read_titles(content: bytes, format: str) -> Mapping[str, str]:
    """The titles of a document's entries by entry id, as far as it can be read."""
    if format not in FORMATS:
        return {}
    if format == "json":
        return _by_id(read_items(content))
    try:
        return _read_titles(parse_feed(content, FORMATS[format].media_type))
    except ParseError:
        return {}


def _by_id(items: list[tuple[str | None, str | None]] | None) -> dict[str, str]:
    return {item_id: title for item_id, title in items or () if item_id and title}


def _read_titles(parsed: ParsedFeed) -> dict[str, str]:
    return {entry["id"]: entry["title"] for entry in parsed.entries if entry["id"] and entry["title"]}


def _check_reading(format: str, parsed: ParsedFeed, breaches: list[Finding]) -> Iterator[Finding]:
    """What the grammar has not said already."""
    if parsed.fault and not any(finding.rule.startswith("xml.") for finding in breaches):
        yield breach(FAULTY, format, found=parsed.fault)
    elif parsed.version != _READ_AS[format] and not any(finding.severity == "error" for finding in breaches):
        yield breach(MISTAKEN, format, found=parsed.version or "no feed", expected=_READ_AS[format])
    tally = Tally()
    for number, entry in enumerate(parsed.entries, 1):
        for rule in filter(tally.keeps, _find_wants(entry)):
            yield breach(rule, format, entry_id=entry["id"], place=f"entry {number}")
    yield from tally.rest(format)


def _find_wants(entry: Reading) -> Iterator[Rule]:
    if not entry["id"] and not entry["link"]:
        yield NAMELESS
    if not (entry["title"] or entry["summary"] or entry["content"]):
        yield BLANK
    if entry["published"] is None and entry["updated"] is None:
        yield DATELESS
