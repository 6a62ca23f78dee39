"""A JSON Feed, whoever made it -> Findings: what is wrong by version 1.1, where, and how one mends it.

Each kind of object is a table of keys; a key's check gets the value and its path, and gives Breaches.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from functools import partial
from itertools import chain
from math import isfinite
from typing import Any, TypeAlias

from feedsvc.feed.grammar import jsonrules as rules
from feedsvc.feed.grammar.jsonframe import Object, Path, check_everywhere, read_json, write_path
from feedsvc.feed.grammar.markup import check_html
from feedsvc.feed.grammar.rules import Fault, Rule, breach
from feedsvc.feed.grammar.tally import Tally
from feedsvc.feed.grammar.values import WEB, check_iri, check_language, check_media_type, check_rfc3339
from feedsvc.model import Finding

NAME = "json"
VERSION = "https://jsonfeed.org/version/1.1"
OLD_VERSION = "https://jsonfeed.org/version/1"
RULES = rules.RULES

_LARGE_BYTES = 1_000_000
_LONGEST_GUESSED_KEY = 40
_MAILABLE = WEB | {"mailto"}
_ELEMENTS = frozenset(
    "a b blockquote div em figure h1 h2 h3 h4 h5 h6 i li ol p pre section span strong table ul".split()
)

Breach: TypeAlias = tuple[Path, Fault]
Check: TypeAlias = Callable[[Any, Path], Iterable[Breach]]


@dataclass(frozen=True, slots=True)
class Given:
    """What is known beside the bytes: the document's address, and the hosts whose frames may stand in a body."""

    self_url: str | None = None
    embeds: Collection[str] = ()


def check_json(content: bytes, *, self_url: str | None = None, embeds: Collection[str] = ()) -> list[Finding]:
    """Every breach of JSON Feed 1.1, the head's first; none for a right one.

    `self_url` is the address it is published under, if known; `embeds` are hosts whose frames may stand in it.
    """
    value, faults = read_json(content)
    breaches: Iterable[Breach] = [((), fault) for fault in faults]
    ids: list[str | None] = []
    if value is not None or not faults:
        found = _check_feed(value, Given(self_url, frozenset(embeds)))
        breaches = chain(breaches, check_everywhere(value), found)
        ids = read_ids(value)
    findings = []
    if len(content) > _LARGE_BYTES:
        findings.append(breach(rules.LARGE, NAME, found=f"{len(content)} bytes"))
    tally = Tally()
    findings += [_tell(path, fault, ids) for path, fault in breaches if tally.keeps(fault.rule)]
    return [*findings, *tally.rest(NAME)]


def read_items(content: bytes) -> list[tuple[str | None, str | None]] | None:
    """Id and title of each item as readers take them, None for what is none; None of what can't be read at all."""
    feed, _ = read_json(content)
    if feed is None:
        return None
    titles = (item.get("title") if isinstance(item, dict) else None for item in _list_items(feed))
    return list(zip(read_ids(feed), (title if isinstance(title, str) else None for title in titles), strict=True))


def read_ids(feed: Any) -> list[str | None]:
    """The id of each item of a parsed document as readers take it, None where there is none."""
    return [_read_id(item) for item in _list_items(feed)]


def _list_items(feed: Any) -> list[Any]:
    items = feed.get("items") if isinstance(feed, dict) else None
    return items if isinstance(items, list) else []


def _read_id(item: Any) -> str | None:
    value = item.get("id") if isinstance(item, dict) else None
    if _is_number(value):
        return str(value)
    return value if isinstance(value, str) and value.strip() else None


def _tell(path: Path, fault: Fault, ids: list[str | None]) -> Finding:
    """A finding hangs on the item in whose path it is."""
    number = path[1] if path[:1] == ("items",) and len(path) > 1 else None
    place = ", ".join(filter(None, (write_path(path), fault.place)))
    entry_id = ids[number] if isinstance(number, int) and number < len(ids) else None
    return breach(fault.rule, NAME, entry_id=entry_id, place=place, found=fault.found, expected=fault.expected)


def _check_feed(feed: Any, given: Given) -> Iterator[Breach]:
    if not isinstance(feed, dict):
        yield (), Fault(rules.OBJECT, _kind(feed))
        return
    yield from _check_needed(feed, (), needed=_FEED_NEEDS)
    yield from _check_members(feed, (), _FEED)
    yield from _check_addresses(feed, given)
    if "author" in feed and "authors" not in feed:
        yield ("author",), Fault(rules.AUTHOR_OLD)
    if isinstance(feed.get("items"), list):
        yield from _check_items(feed["items"], given)
    else:
        yield ("items",), Fault(rules.ITEMS)


def _check_addresses(feed: Mapping[str, Any], given: Given) -> Iterator[Breach]:
    feed_url, next_url = feed.get("feed_url"), feed.get("next_url")
    if given.self_url and isinstance(feed_url, str) and feed_url.strip() and feed_url != given.self_url:
        yield ("feed_url",), Fault(rules.SELF, feed_url, expected=given.self_url)
    if isinstance(next_url, str) and next_url in (feed_url, given.self_url):
        yield ("next_url",), Fault(rules.NEXT, next_url)


def _check_items(items: list[Any], given: Given) -> Iterator[Breach]:
    seen: dict[str, int] = {}
    for number, item in enumerate(items):
        path: Path = ("items", number)
        yield from _check_object(item, path, _ITEM, partial(_check_item, given=given))
        item_id = _read_id(item)
        if item_id is not None and seen.setdefault(item_id, number) != number:
            yield (
                (*path, "id"),
                Fault(rules.ID_UNIQUE, item_id, expected=f"another than that of items[{seen[item_id]}]"),
            )


def _check_item(item: Mapping[str, Any], path: Path, given: Given) -> Iterator[Breach]:
    yield from _check_needed(item, path, needed=_ITEM_NEEDS)
    if "content_html" not in item and "content_text" not in item:
        yield path, Fault(rules.CONTENT)
    published, modified = _instant(item.get("date_published")), _instant(item.get("date_modified"))
    if published and modified and modified < published:
        yield (*path, "date_modified"), Fault(rules.DATE_ORDER, item["date_modified"], expected=item["date_published"])
    if "author" in item and "authors" not in item:
        yield (*path, "author"), Fault(rules.AUTHOR_OLD)
    if isinstance(item.get("content_html"), str):
        for fault in check_html(item["content_html"], given.embeds):
            yield (*path, "content_html"), fault


def _check_members(node: Mapping[str, Any], path: Path, keys: Mapping[str, Check]) -> Iterator[Breach]:
    for key, value in node.items():
        if key in keys:
            yield from keys[key](value, (*path, key))
        elif key.startswith("_"):
            yield from _check_extension(key, value, (*path, key))
        else:
            near = get_close_matches(key, keys, n=1) if len(key) <= _LONGEST_GUESSED_KEY else []
            yield (*path, key), Fault(rules.KEY, key, expected="".join(near))


def _check_extension(name: str, value: Any, path: Path) -> Iterator[Breach]:
    if not name[1:2].isalpha() or "." in name:
        yield path, Fault(rules.EXTENSION, name)
    if not isinstance(value, dict):
        yield path, Fault(rules.TYPE, _kind(value), expected="an object")
        return
    for key in value:
        if "." in key or key.startswith("_"):
            yield (*path, key), Fault(rules.EXTENSION, key)


def _check_object(
    value: Any, path: Path, keys: Mapping[str, Check], whole: Callable[[Mapping[str, Any], Path], Iterable[Breach]]
) -> Iterator[Breach]:
    if not isinstance(value, Object):
        yield path, Fault(rules.TYPE, _kind(value), expected="an object")
        return
    yield from _check_members(value, path, keys)
    yield from whole(value, path)


def _check_list(value: Any, path: Path, *, each: Check) -> Iterator[Breach]:
    if not isinstance(value, list):
        yield path, Fault(rules.TYPE, _kind(value), expected="an array")
        return
    for number, member in enumerate(value):
        yield from each(member, (*path, number))


def _check_text(value: Any, path: Path, *, check: Callable[[str], Iterable[Fault]] | None = None) -> Iterator[Breach]:
    """A text that `check` says more of. An empty one says nothing; where one is needed, that is told elsewhere."""
    if not isinstance(value, str):
        yield path, Fault(rules.TYPE, _kind(value), expected="a text")
    elif check is not None and value.strip():
        for fault in check(value):
            yield path, fault


def _check_plain(text: str) -> Iterator[Fault]:
    """Plain text that is HTML from its first character to its last was written into the wrong key."""
    name = text.lstrip().removeprefix("<")[:12].partition(">")[0].partition(" ")[0].lower()
    if text.lstrip().startswith("<") and name in _ELEMENTS and text.rstrip()[-20:].lower().endswith(f"</{name}>"):
        yield Fault(rules.HTML_AS_TEXT, text)


def _check_id(value: Any, path: Path) -> Iterator[Breach]:
    if _is_number(value):
        yield path, Fault(rules.ID_NUMBER, str(value))
    else:
        yield from _check_text(value, path)


def _check_version(version: str) -> Iterator[Fault]:
    if version == OLD_VERSION:
        yield Fault(rules.VERSION_OLD, version)
    elif version != VERSION:
        yield Fault(rules.VERSION, version, expected=VERSION)


def _check_boolean(value: Any, path: Path) -> Iterator[Breach]:
    if not isinstance(value, bool):
        yield path, Fault(rules.TYPE, _kind(value), expected="true or false")


def _check_number(value: Any, path: Path) -> Iterator[Breach]:
    if not _is_number(value):
        yield path, Fault(rules.TYPE, _kind(value), expected="a number")
    elif value < 0 or not isfinite(value):
        yield path, Fault(rules.NUMBER, str(value))


def _check_author(author: Mapping[str, Any], path: Path) -> Iterator[Breach]:
    if all(_is_missing(author, key) for key in ("name", "url", "avatar")):
        yield path, Fault(rules.AUTHOR)


def _check_needed(node: Mapping[str, Any], path: Path, *, needed: Mapping[str, Rule]) -> Iterator[Breach]:
    for key, rule in needed.items():
        if _is_missing(node, key):
            yield (*path, key), Fault(rule)


def _is_missing(node: Mapping[str, Any], key: str) -> bool:
    """Null is there, and of the wrong kind."""
    value = node.get(key, "")
    return isinstance(value, str) and not value.strip()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _instant(text: Any) -> datetime | None:
    if not isinstance(text, str) or any(check_rfc3339(text)):
        return None
    return datetime.fromisoformat(text.upper())


def _kind(value: Any) -> str:
    """What stands there, in JSON's words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    kinds = ((str, "a text"), (list, "an array"), (dict, "an object"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "a number")


_TEXT = partial(_check_text, check=None)
_PLAIN = partial(_check_text, check=_check_plain)
_WEB_URL = partial(_check_text, check=partial(check_iri, schemes=WEB))
_LANGUAGE = partial(_check_text, check=check_language)
_DATE = partial(_check_text, check=check_rfc3339)

_PERSON: Mapping[str, Check] = {
    "name": _TEXT,
    "url": partial(_check_text, check=partial(check_iri, schemes=_MAILABLE)),
    "avatar": _WEB_URL,
}
_AUTHOR = partial(_check_object, keys=_PERSON, whole=_check_author)
_AUTHORS = partial(_check_list, each=_AUTHOR)

_HUB: Mapping[str, Check] = {"type": _TEXT, "url": _WEB_URL}
_HUB_NEEDS = partial(_check_needed, needed={"type": rules.HUB, "url": rules.HUB})

_ATTACHMENT: Mapping[str, Check] = {
    "url": _WEB_URL,
    "mime_type": partial(_check_text, check=check_media_type),
    "title": _PLAIN,
    "size_in_bytes": _check_number,
    "duration_in_seconds": _check_number,
}
_ATTACHMENT_NEEDS = partial(_check_needed, needed={"url": rules.ATTACHMENT_URL, "mime_type": rules.ATTACHMENT_TYPE})

_FEED_NEEDS = {
    "version": rules.VERSION,
    "title": rules.TITLE,
    "home_page_url": rules.HOME,
    "feed_url": rules.FEED_URL,
}
_FEED: Mapping[str, Check] = {
    "version": partial(_check_text, check=_check_version),
    "title": _PLAIN,
    "home_page_url": _WEB_URL,
    "feed_url": _WEB_URL,
    "description": _PLAIN,
    "user_comment": _TEXT,
    "next_url": _WEB_URL,
    "icon": _WEB_URL,
    "favicon": _WEB_URL,
    "author": _AUTHOR,
    "authors": _AUTHORS,
    "language": _LANGUAGE,
    "expired": _check_boolean,
    "hubs": partial(_check_list, each=partial(_check_object, keys=_HUB, whole=_HUB_NEEDS)),
    "items": lambda _items, _path: (),  # each under its own path, and with what is given
}
_ITEM_NEEDS = {"id": rules.ID, "url": rules.URL, "date_published": rules.DATE}
_ITEM: Mapping[str, Check] = {
    "id": _check_id,
    "url": _WEB_URL,
    "external_url": _WEB_URL,
    "title": _PLAIN,
    "content_html": _TEXT,
    "content_text": _PLAIN,
    "summary": _PLAIN,
    "image": _WEB_URL,
    "banner_image": _WEB_URL,
    "date_published": _DATE,
    "date_modified": _DATE,
    "author": _AUTHOR,
    "authors": _AUTHORS,
    "tags": partial(_check_list, each=_TEXT),
    "language": _LANGUAGE,
    "attachments": partial(_check_list, each=partial(_check_object, keys=_ATTACHMENT, whole=_ATTACHMENT_NEEDS)),
}
