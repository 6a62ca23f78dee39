"""Feed -> JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/), and a strict reader of it.

What JSON Feed has no word for stands under `_feedsvc` ("Extensions": a custom object beginning with an underscore):

    editor, source {name, url}, breadcrumb [...], categories [{term, scheme}], image {type, width, height, alt},
    corrections [{note, at}]
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from feedsvc.errors import RenderError
from feedsvc.feed import grammar
from feedsvc.feed.blame import explain
from feedsvc.feed.pieces import JSON_CLOSING, JSON_OPENING, JSON_SEPARATOR
from feedsvc.feed.verify import compare, expect_entry, expect_feed
from feedsvc.model import Author, Enclosure, Entry, Feed, Finding, Image
from feedsvc.parse import Reading

NAME = "json"
SUFFIX = "json"
MEDIA_TYPE = "application/feed+json; charset=utf-8"
VERSION = "https://jsonfeed.org/version/1.1"

_FEED_KEYS = {
    "version", "title", "home_page_url", "feed_url", "description", "icon", "authors", "language", "items", "_feedsvc"
}  # fmt: skip
_ITEM_KEYS = {
    "id", "url", "title", "content_html", "content_text", "summary", "image", "date_published", "date_modified",
    "authors", "tags", "language", "attachments", "_feedsvc"
}  # fmt: skip
_OWN_FEED_KEYS = {"id", "updated", "copyright", "categories", "ttl_seconds"}
_OWN_ITEM_KEYS = {"editor", "source", "breadcrumb", "categories", "image", "corrections"}
_ATTACHMENT_KEYS = {"url", "mime_type", "title", "size_in_bytes", "duration_in_seconds"}


def render(feed: Feed) -> bytes:
    """The document's bytes, the same for the same feed: UTF-8, keys in a fixed order. RenderError names the guilty."""
    items = [_encode(_item(entry), entry) for entry in feed.entries]
    head = {
        "version": VERSION,
        "title": feed.title,
        "home_page_url": feed.home_url,
        "feed_url": feed.self_urls[NAME],
        "description": feed.description,
        "icon": feed.image.url if feed.image else None,
        "authors": [_author(feed.author)],
        "language": feed.language,
        "_feedsvc": {
            "id": feed.feed_id,
            "updated": feed.updated.isoformat(),
            "copyright": feed.copyright,
            "categories": [category.term for category in feed.categories],
            "ttl_seconds": feed.ttl_seconds,
        },
    }
    return b"".join((_encode(head, None)[:-1], JSON_OPENING, JSON_SEPARATOR.join(items), JSON_CLOSING))


def _encode(node: dict[str, Any], entry: Entry | None) -> bytes:
    try:
        return json.dumps(_present(node), ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        if entry is None:
            raise RenderError(NAME, None, str(error)) from error
        raise RenderError(NAME, entry.entry_id, explain(entry, error)) from error


def _item(entry: Entry) -> dict[str, Any]:
    body = {"content_text": entry.summary} if entry.content_html is None else {"content_html": entry.content_html}
    return {
        "id": entry.entry_id,
        "url": entry.link,
        "title": entry.title,
        **body,
        "summary": entry.summary,
        "image": entry.image.url if entry.image else None,
        "date_published": entry.published.isoformat(),
        "date_modified": entry.updated.isoformat(),
        "authors": [_author(author) for author in entry.authors],
        "tags": _tags(entry),
        "language": entry.language,
        "attachments": [_attachment(each) for each in entry.enclosures],
        "_feedsvc": {
            "editor": entry.editor,
            "source": {"name": entry.source.name, "url": entry.source.url} if entry.source else None,
            "breadcrumb": list(entry.breadcrumb),
            "categories": [{"term": each.term, "scheme": each.scheme} for each in entry.categories],
            "image": _image(entry.image),
            "corrections": [{"note": each.note, "at": each.at.isoformat()} for each in entry.corrections],
        },
    }


def _tags(entry: Entry) -> list[str]:
    """ "tags": words for the subject, each once; the breadcrumb is a way, not a word, and stands under `_feedsvc`."""
    return list(dict.fromkeys(category.term for category in entry.categories if not category.is_path))


def _author(author: Author) -> dict[str, Any]:
    """ "Author": `url` may be a mailto link; a page says more, so the address stands there only without one."""
    mailto = f"mailto:{author.email}" if author.email else None
    return {"name": author.name, "url": author.url or mailto, "_feedsvc": {"email": author.email}}


def _attachment(enclosure: Enclosure) -> dict[str, Any]:
    return {
        "url": enclosure.url,
        "mime_type": enclosure.type,
        "title": enclosure.title,
        "size_in_bytes": enclosure.length_bytes or None,
        "duration_in_seconds": enclosure.duration_seconds,
    }


def _image(image: Image | None) -> dict[str, Any] | None:
    if image is None:
        return None
    return {"type": image.type, "width": image.width, "height": image.height, "alt": image.alt}


def _present(value: Any) -> Any:
    """Without what is not there: JSON Feed leaves a key out rather than naming nothing."""
    if isinstance(value, dict):
        pruned = {key: _present(each) for key, each in value.items()}
        return {key: each for key, each in pruned.items() if each not in (None, "", [], {})}
    if isinstance(value, list):
        return [_present(each) for each in value]
    return value


def verify(content: bytes, feed: Feed) -> list[Finding]:
    """Every place where the document does not say what the feed says, or not as the standard wants it said."""
    return [
        *_compare(content, feed),
        *grammar.check(content, NAME, self_url=feed.self_urls[NAME], embeds=feed.embeds),
    ]


def _compare(content: bytes, feed: Feed) -> list[Finding]:
    try:
        found = read(content)
    except ValueError as error:
        return [Finding(rule="document.parse", message=str(error), format=NAME)]
    expected = _expect_feed(feed), [_expect_item(entry) for entry in feed.entries]
    return compare(NAME, [entry.entry_id for entry in feed.entries], expected, found)


def _expect_feed(feed: Feed) -> Reading:
    return expect_feed(feed, NAME) | {
        "ttl": feed.ttl_seconds,
        "authors": _expect_authors([feed.author]),
        "categories": tuple(category.term for category in feed.categories),
    }


def _expect_item(entry: Entry) -> Reading:
    image = entry.image
    return expect_entry(entry) | {
        "content": ("content_text", entry.summary)
        if entry.content_html is None
        else ("content_html", entry.content_html),
        "authors": _expect_authors(entry.authors),
        "tags": tuple(_tags(entry)),
        "breadcrumb": entry.breadcrumb,
        "enclosures": tuple(
            (each.url, each.type, each.length_bytes or None, each.title, each.duration_seconds)
            for each in entry.enclosures
        ),
        "corrections": tuple((each.note, each.at) for each in entry.corrections),
        "media": (image.url, image.type, image.width, image.height, image.alt) if image else None,
        "thumbnails": None,  # JSON Feed has no word for it
    }


def _expect_authors(authors: Sequence[Author]) -> tuple[tuple[str, str | None, str | None], ...]:
    return tuple((author.name, author.email, _author(author)["url"]) for author in authors)


def read(content: bytes) -> tuple[Reading, tuple[Reading, ...]]:
    """A JSON Feed of ours as readings of its head and items; ValueError says what is not as the standard wants it."""
    try:
        document = json.loads(content.decode("utf-8"), object_pairs_hook=_unique_keys)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    where = "the feed"
    _check_keys(document, _FEED_KEYS, {"version", "title", "items"}, where)
    if document["version"] != VERSION:
        raise ValueError(f"version is {document['version']!r}, not {VERSION!r}")
    own = _object(document, "_feedsvc", _OWN_FEED_KEYS, where)
    channel = {
        "id": own.get("id"),
        "title": _text(document, "title", where),
        "description": _text(document, "description", where),
        "link": _text(document, "home_page_url", where),
        "self": tuple(_present_only(_text(document, "feed_url", where))),
        "language": _text(document, "language", where),
        "copyright": own.get("copyright"),
        "image": _text(document, "icon", where),
        "updated": _instant(own, "updated", where),
        "ttl": own.get("ttl_seconds"),
        "authors": _read_authors(document, where),
        "categories": tuple(_list(own, "categories", where)),
    }
    items = enumerate(_list(document, "items", where), 1)
    return channel, tuple(_read_item(item, f"item {number}") for number, item in items)


def _read_item(item: Any, where: str) -> Reading:
    _check_keys(item, _ITEM_KEYS, {"id"}, where)
    bodies = [name for name in ("content_html", "content_text") if name in item]
    if len(bodies) != 1:
        raise ValueError(f"{where}: exactly one of content_html and content_text is wanted")
    own = _object(item, "_feedsvc", _OWN_ITEM_KEYS, where)
    source = _object(own, "source", {"name", "url"}, where)
    image = _object(own, "image", {"type", "width", "height", "alt"}, where)
    url = _text(item, "image", where)
    return {
        "id": _text(item, "id", where),
        "title": _text(item, "title", where),
        "link": _text(item, "url", where),
        "published": _instant(item, "date_published", where),
        "updated": _instant(item, "date_modified", where),
        "authors": _read_authors(item, where),
        "editor": tuple(_present_only(own.get("editor"))),
        "source": source.get("name"),
        "source_url": tuple(_present_only(source.get("url"))),
        "breadcrumb": tuple(_list(own, "breadcrumb", where)),
        "corrections": tuple(
            (each.get("note"), _instant(each, "at", where))
            for each in _objects(own, "corrections", {"note", "at"}, where)
        ),
        "categories": tuple(
            (each.get("term"), each.get("scheme")) for each in _objects(own, "categories", {"term", "scheme"}, where)
        ),
        "tags": tuple(_list(item, "tags", where)),
        "language": _text(item, "language", where),
        "summary": _text(item, "summary", where),
        "content": (bodies[0], _text(item, bodies[0], where)),
        "enclosures": tuple(_read_attachment(each, where) for each in _list(item, "attachments", where)),
        "media": (url, *(image.get(name) for name in ("type", "width", "height", "alt"))) if url or image else None,
    }


def _read_attachment(node: Any, where: str) -> tuple[Any, ...]:
    """ "attachments": `url` and `mime_type` are required, the rest is there where it is known."""
    _check_keys(node, _ATTACHMENT_KEYS, {"url", "mime_type"}, f"{where}: an attachment")
    names = ("url", "mime_type", "size_in_bytes", "title", "duration_in_seconds")
    return tuple(node.get(name) for name in names)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"a key stands twice among {', '.join(key for key, _ in pairs)}")
    return found


def _check_keys(node: Any, known: set[str], required: set[str], where: str) -> None:
    if not isinstance(node, dict):
        raise ValueError(f"{where} is no object")  # noqa: TRY004  # a ValueError is what a reader of documents raises
    if unknown := set(node) - known:
        raise ValueError(f"{where}: unknown {', '.join(sorted(unknown))}")
    if missing := required - set(node):
        raise ValueError(f"{where}: {', '.join(sorted(missing))} is missing")


def _text(node: Mapping[str, Any], name: str, where: str) -> str | None:
    value = node.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{where}: {name} is no text")
    return value


def _instant(node: Mapping[str, Any], name: str, where: str) -> datetime | None:
    """RFC 3339 with a numeric offset, which datetime.isoformat writes for an aware one."""
    text = _text(node, name, where)
    if text is None:
        return None
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{where}: {name} has no zone")
    return instant


def _read_authors(node: Mapping[str, Any], where: str) -> tuple[tuple[str | None, str | None, str | None], ...]:
    found = []
    for author in _objects(node, "authors", {"name", "url", "_feedsvc"}, where):
        own = _object(author, "_feedsvc", {"email"}, where)
        found.append((_text(author, "name", where), _text(own, "email", where), _text(author, "url", where)))
    return tuple(found)


def _list(node: Mapping[str, Any], name: str, where: str) -> list[Any]:
    """A list; an empty one where there is none."""
    found = node.get(name, [])
    if not isinstance(found, list):
        raise ValueError(f"{where}: {name} is no list")  # noqa: TRY004  # likewise
    return found


def _objects(node: Mapping[str, Any], name: str, known: set[str], where: str) -> list[dict[str, Any]]:
    """A list of objects that hold no other keys than these."""
    found = _list(node, name, where)
    for each in found:
        _check_keys(each, known, set(), f"{where}: one of {name}")
    return found


def _object(node: Mapping[str, Any], name: str, known: set[str], where: str) -> dict[str, Any]:
    """An object that holds no other keys than these; an empty one where there is none."""
    found = node.get(name, {})
    _check_keys(found, known, set(), f"{where}: {name}")
    return dict(found)


def _present_only(value: Any) -> list[Any]:
    return [] if value is None else [value]
