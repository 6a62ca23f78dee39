"""Five independent parsers of feeds, each giving what it read of an entry as an Item (letters.py).

Those that run in a process of their own have so much time of a processor: no document of ours may keep a reader busy.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from letters import Item, only, read_length, shape_json
from newsboat import Newsboat

_PROCESSOR_SECONDS = 60
_HERE = Path(__file__).parent

# feedparser


def read_by_feedparser(document: Path) -> list[Item]:
    read = _run(sys.executable, _HERE / "read_feedparser.py", document)
    assert read["format"] == {".rss": "rss20", ".atom": "atom10"}[document.suffix]
    items = []
    for item in read["items"]:
        dates = {name: item[name] and datetime.fromisoformat(item[name]) for name in ("published", "updated")}
        enclosures = tuple((url, media_type, read_length(length)) for url, media_type, length in item["enclosures"])
        files = {"enclosures": enclosures} if document.suffix == ".atom" else {"enclosure": only(list(enclosures))}
        body = {"content": item["content"][0]} if item["content"] else {}
        lists = {"authors": tuple(item["authors"]), "categories": tuple(item["categories"])}
        del item["content"], item["enclosures"]
        items.append(item | dates | lists | files | body)
    return items


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
    shape = {"rss": _shape_rss, "atom": _shape_atom, "json": shape_json}[read["format"]]
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
        "enclosure": only([(each["url"], each["type"], each["length"]) for each in item.get("enclosures", ())]),
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


def _run(*command: str | Path) -> Any:
    before = _processor_seconds_of_children()
    done = subprocess.run(list(map(str, command)), capture_output=True, timeout=10 * _PROCESSOR_SECONDS, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-4000:]
    assert _processor_seconds_of_children() - before < _PROCESSOR_SECONDS
    return json.loads(done.stdout)


def _processor_seconds_of_children() -> float:
    """Of those that have ended. A busy machine makes the wall clock's say nothing."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
