"""A document read to the letter, entry by entry, and what an entry must read like: told without any code of feedsvc.

An Item has the fields that a reader gives, no others:

    id title link published updated         texts, and aware times in UTC
    authors categories                      names, terms
    enclosures                              (url, type, length) of each
    enclosure                               RSS: of the one that stands there
    language image                          as written
    description encoded                     RSS: the HTML in them
    summary content                         Atom: the text and the HTML
    summary content_html content_text       JSON Feed
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from html import escape
from typing import Any, TypeVar

from lxml import etree

from feedsvc.model import Entry

Item = Mapping[str, Any]
T = TypeVar("T")

_NAMES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "media": "http://search.yahoo.com/mrss/",
    "xml": "http://www.w3.org/XML/1998/namespace",
}


def read_letters(content: bytes, format: str) -> list[Item]:
    """The entries of a document, in its order."""
    if format == "json":
        return [shape_json(item) for item in json.loads(content)["items"]]
    root = etree.fromstring(content, etree.XMLParser(no_network=True, huge_tree=True))
    if format == "rss":
        return [_read_item(item) for item in _find(root, "channel/item")]
    return [_read_entry(entry) for entry in _find(root, "atom:entry")]


def _read_item(item: Any) -> Item:
    (link,), (title,), (published,) = _texts(item, "link"), _texts(item, "title"), _texts(item, "pubDate")
    first = [(file.get("url"), file.get("type"), read_length(file.get("length"))) for file in _find(item, "enclosure")]
    others = [
        (file.get("url"), file.get("type"), read_length(file.get("fileSize")))
        for file in _find(item, ".//media:content[not(@medium='image')]")
    ]
    return {
        "id": only(_texts(item, "guid")),
        "title": title,
        "link": link,
        "published": parsedate_to_datetime(published),
        "updated": datetime.fromisoformat(_texts(item, "dcterms:modified")[0]),
        "description": only(_texts(item, "description")),
        "encoded": only(_texts(item, "content:encoded")),
        "authors": tuple(_texts(item, "dc:creator")),
        "categories": tuple(_texts(item, "category")),
        "language": only(_texts(item, "dc:language")),
        "image": only(_find(item, ".//media:content[@medium='image']/@url")),
        "enclosures": tuple(first + others),
    }


def _read_entry(entry: Any) -> Item:
    ((link,), (title,)) = _find(entry, "atom:link[@rel='alternate']/@href"), _texts(entry, "atom:title")
    return {
        "id": only(_texts(entry, "atom:id")),
        "title": title,
        "link": link,
        "published": datetime.fromisoformat(_texts(entry, "atom:published")[0]),
        "updated": datetime.fromisoformat(_texts(entry, "atom:updated")[0]),
        "summary": only(_texts(entry, "atom:summary")),
        "content": only(_texts(entry, "atom:content")),
        "authors": tuple(_texts(entry, "atom:author/atom:name")),
        "categories": tuple(_find(entry, "atom:category/@term")),
        "language": entry.get(f"{{{_NAMES['xml']}}}lang"),
        "image": only(_find(entry, ".//media:content[@medium='image']/@url")),
        "enclosures": tuple(
            (file.get("href"), file.get("type"), read_length(file.get("length")))
            for file in _find(entry, "atom:link[@rel='enclosure']")
        ),
    }


def _find(node: Any, path: str) -> list[Any]:
    return list(node.xpath(path, namespaces=_NAMES))


def _texts(node: Any, path: str) -> list[str]:
    found = _find(node, path)
    assert not any(len(element) for element in found), f"{path} has elements in it"
    return [element.text or "" for element in found]


def only(found: list[T]) -> T | None:
    """The one that is there, or none."""
    assert len(found) <= 1
    return found[0] if found else None


def read_length(found: str | None) -> int | None:
    """A length as an attribute gives it."""
    return None if found is None else int(found)


def shape_json(item: Mapping[str, Any]) -> Item:
    """An item of a JSON Feed."""
    return {
        "id": item["id"],
        "title": item["title"],
        "link": item["url"],
        "published": datetime.fromisoformat(item["date_published"]),
        "updated": datetime.fromisoformat(item["date_modified"]),
        "summary": item.get("summary"),
        "content_html": item.get("content_html"),
        "content_text": item.get("content_text"),
        "authors": tuple(each["name"] for each in item.get("authors", ())),
        "categories": tuple(item.get("tags", ())),
        "language": item.get("language"),
        "image": item.get("image"),
        "enclosures": tuple(
            (each["url"], each["mime_type"], each.get("size_in_bytes")) for each in item.get("attachments", ())
        ),
    }


def expect_letters(entry: Entry, format: str) -> dict[str, Any]:
    """What any reader must read of an entry in this format; a reader looks at the fields that it gives."""
    return _EXPECTED[format](entry)


def _files(entry: Entry) -> tuple[tuple[str, str, int], ...]:
    return tuple((each.url, each.type, each.length_bytes) for each in entry.enclosures)


def _expect_any(entry: Entry) -> dict[str, Any]:
    terms = tuple(category.term for category in entry.categories)
    return {
        "id": entry.entry_id,
        "title": entry.title,
        "link": entry.link,
        "published": entry.published,
        "updated": entry.updated,
        "authors": tuple(author.name for author in entry.authors),
        "categories": terms,
        "enclosures": _files(entry),
        "language": entry.language,
        "image": entry.image and entry.image.url,
        "body": entry.content_html or entry.summary,
    }


def _expect_rss(entry: Entry) -> dict[str, Any]:
    described = escape(entry.summary, quote=False)
    return _expect_any(entry) | {
        "description": described or entry.content_html,
        "encoded": entry.content_html if described else None,
        "summary": described or entry.content_html,
        "content": entry.content_html,
        "body": entry.content_html or described,
        "enclosure": next(iter(_files(entry)), None),
        "enclosures": (*_files(entry)[:1], *map(_leave_out_unknown, _files(entry)[1:])),
    }


def _expect_atom(entry: Entry) -> dict[str, Any]:
    return _expect_any(entry) | {
        "enclosures": tuple(map(_leave_out_unknown, _files(entry))),
        "summary": entry.summary or None,
        "content": entry.content_html,
    }


def _expect_json(entry: Entry) -> dict[str, Any]:
    return _expect_any(entry) | {
        "summary": entry.summary or None,
        "content_html": entry.content_html,
        "content_text": entry.summary if entry.content_html is None else None,
        "enclosures": tuple(map(_leave_out_unknown, _files(entry))),
        "categories": tuple(dict.fromkeys(category.term for category in entry.categories if not category.is_path)),
    }


def _leave_out_unknown(enclosure: tuple[str, str, int]) -> tuple[str, str, int | None]:
    """RSS wants a length, 0 where it is not known; the others leave it out."""
    url, media_type, length_bytes = enclosure
    return url, media_type, length_bytes or None


_EXPECTED = {"rss": _expect_rss, "atom": _expect_atom, "json": _expect_json}
