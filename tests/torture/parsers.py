"""Five independent parsers of feeds, each giving what it read of an entry under the same names.

An Item has the fields that the parser gives, no others:

    id title link published updated         texts, and aware times in UTC
    authors categories                      names, terms
    enclosures                              (url, type, length) of each
    enclosure                               RSS: of the one that stands there
    language image                          as written
    description encoded                     RSS: the HTML in them
    summary content                         Atom: the text and the HTML
    summary content_html content_text       JSON Feed

Those that run in a process of their own have a deadline: no document of ours may keep a reader busy.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, TypeVar

from lxml import etree

from newsboat import Newsboat

Item = Mapping[str, Any]
T = TypeVar("T")

_DEADLINE_SECONDS = 60
_HERE = Path(__file__).parent
_NAMES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "media": "http://search.yahoo.com/mrss/",
    "xml": "http://www.w3.org/XML/1998/namespace",
}


# feedparser


def read_by_feedparser(document: Path) -> list[Item]:
    read = _run(sys.executable, _HERE / "read_feedparser.py", document)
    assert read["format"] == {".rss": "rss20", ".atom": "atom10"}[document.suffix]
    items = []
    for item in read["items"]:
        dates = {name: item[name] and datetime.fromisoformat(item[name]) for name in ("published", "updated")}
        enclosures = tuple((url, media_type, _length(length)) for url, media_type, length in item["enclosures"])
        files = {"enclosures": enclosures} if document.suffix == ".atom" else {"enclosure": _only(list(enclosures))}
        body = {"content": item["content"][0]} if item["content"] else {}
        lists = {"authors": tuple(item["authors"]), "categories": tuple(item["categories"])}
        del item["content"], item["enclosures"]
        items.append(item | dates | lists | files | body)
    return items


# lxml, to the letter


def read_by_lxml(document: Path) -> list[Item]:
    root = etree.parse(document, etree.XMLParser(no_network=True, huge_tree=True)).getroot()
    if document.suffix == ".rss":
        return [_read_item(item) for item in _find(root, "channel/item")]
    return [_read_entry(entry) for entry in _find(root, "atom:entry")]


def _read_item(item: Any) -> Item:
    (link,), (title,), (published,) = _texts(item, "link"), _texts(item, "title"), _texts(item, "pubDate")
    first = [(file.get("url"), file.get("type"), _length(file.get("length"))) for file in _find(item, "enclosure")]
    others = [
        (file.get("url"), file.get("type"), _length(file.get("fileSize")))
        for file in _find(item, ".//media:content[not(@medium='image')]")
    ]
    return {
        "id": _only(_texts(item, "guid")),
        "title": title,
        "link": link,
        "published": parsedate_to_datetime(published),
        "updated": datetime.fromisoformat(_texts(item, "dcterms:modified")[0]),
        "description": _only(_texts(item, "description")),
        "encoded": _only(_texts(item, "content:encoded")),
        "authors": tuple(_texts(item, "dc:creator")),
        "categories": tuple(_texts(item, "category")),
        "language": _only(_texts(item, "dc:language")),
        "image": _only(_find(item, ".//media:content[@medium='image']/@url")),
        "enclosures": tuple(first + others),
    }


def _read_entry(entry: Any) -> Item:
    ((link,), (title,)) = _find(entry, "atom:link[@rel='alternate']/@href"), _texts(entry, "atom:title")
    return {
        "id": _only(_texts(entry, "atom:id")),
        "title": title,
        "link": link,
        "published": datetime.fromisoformat(_texts(entry, "atom:published")[0]),
        "updated": datetime.fromisoformat(_texts(entry, "atom:updated")[0]),
        "summary": _only(_texts(entry, "atom:summary")),
        "content": _only(_texts(entry, "atom:content")),
        "authors": tuple(_texts(entry, "atom:author/atom:name")),
        "categories": tuple(_find(entry, "atom:category/@term")),
        "language": entry.get(f"{{{_NAMES['xml']}}}lang"),
        "image": _only(_find(entry, ".//media:content[@medium='image']/@url")),
        "enclosures": tuple(
            (file.get("href"), file.get("type"), _length(file.get("length")))
            for file in _find(entry, "atom:link[@rel='enclosure']")
        ),
    }


def _find(node: Any, path: str) -> list[Any]:
    return list(node.xpath(path, namespaces=_NAMES))


def _texts(node: Any, path: str) -> list[str]:
    found = _find(node, path)
    assert not any(len(element) for element in found), f"{path} has elements in it"
    return [element.text or "" for element in found]


def _only(found: list[T]) -> T | None:
    assert len(found) <= 1
    return found[0] if found else None


def _length(found: str | None) -> int | None:
    return None if found is None else int(found)


# newsboat


def read_by_newsboat(program: str, home: Path, url: str) -> list[Item]:
    """It keeps what it polled in a database; in which order is its own affair."""
    reader = Newsboat(program, home, [url])
    reader.reload()
    return [
        {
            "id": item.guid,
            "title": item.title,
            "link": item.link,
            "published": datetime.fromtimestamp(item.published, UTC),
            "body": item.content,
        }
        for item in reader.items(url)
    ]


# Ruby's rss


def read_by_ruby(program: str, document: Path) -> list[Item]:
    """Strictly: what RSS 2.0 or RFC 4287 does not allow is an error there."""
    read = _run(program, _HERE / "read_rss.rb", document)
    assert read["format"] == document.suffix.removeprefix(".")
    return [
        item
        | {name: datetime.fromisoformat(item[name]) for name in ("published", "updated") if name in item}
        | ({"enclosures": tuple(map(tuple, item["enclosures"]))} if "enclosures" in item else {})
        | ({"enclosure": item["enclosure"] and tuple(item["enclosure"])} if "enclosure" in item else {})
        | {name: tuple(item[name]) for name in ("authors", "categories")}
        for item in read["items"]
    ]


# feedsmith


def read_by_feedsmith(program: str, packages: Path, document: Path) -> list[Item]:
    read = _run(program, _HERE / "read_feedsmith.mjs", packages, document)
    assert read["format"] == document.suffix.removeprefix(".")
    feed = read["feed"]
    shape = {"rss": _shape_rss, "atom": _shape_atom, "json": _shape_json}[read["format"]]
    return [shape(item) for item in feed.get("entries", feed.get("items", ()))]


def _shape_rss(item: Mapping[str, Any]) -> Item:
    dc = item.get("dc", {})
    return {
        "id": item["guid"]["value"],
        "title": item["title"],
        "link": item["link"],
        "published": parsedate_to_datetime(item["pubDate"]),
        "description": item.get("description"),
        "encoded": item.get("content", {}).get("encoded"),
        "authors": tuple(dc.get("creators", ())),
        "categories": tuple(each["name"] for each in item.get("categories", ())),
        "language": next(iter(dc.get("languages", ())), None),
        "enclosure": _only([(each["url"], each["type"], each["length"]) for each in item.get("enclosures", ())]),
    }


def _shape_atom(entry: Mapping[str, Any]) -> Item:
    links = entry["links"]
    return {
        "id": entry["id"],
        "title": _text_of(entry["title"]),
        "link": next(each["href"] for each in links if each["rel"] == "alternate"),
        "published": datetime.fromisoformat(entry["published"]),
        "updated": datetime.fromisoformat(entry["updated"]),
        "summary": _text_of(entry.get("summary")),
        "content": _text_of(entry.get("content")),
        "authors": tuple(each["name"] for each in entry.get("authors", ())),
        "categories": tuple(each["term"] for each in entry.get("categories", ())),
        "enclosures": tuple(
            (each["href"], each["type"], each.get("length")) for each in links if each["rel"] == "enclosure"
        ),
    }


def _text_of(construct: Any) -> Any:
    return construct.get("value") if isinstance(construct, Mapping) else construct


def _shape_json(item: Mapping[str, Any]) -> Item:
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


def read_by_json(document: Path) -> list[Item]:
    """Python's json, to the letter: a JSON Feed is JSON, and nothing in it may be lost."""
    return [_shape_json(item) for item in json.loads(document.read_bytes())["items"]]


def _run(*command: str | Path) -> Any:
    done = subprocess.run(list(map(str, command)), capture_output=True, timeout=_DEADLINE_SECONDS, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-4000:]
    return json.loads(done.stdout)
