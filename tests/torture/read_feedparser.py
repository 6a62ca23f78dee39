"""feedparser with its defaults, as a feed reader uses it. Prints what it read as JSON."""

from __future__ import annotations

import json
import sys
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import feedparser


def read_entry(entry: Any) -> dict[str, Any]:
    return {
        "id": entry.get("id"),
        "title": entry.get("title"),
        "link": entry.get("link"),
        "published": write_time(entry.published_parsed),
        "updated": write_time(entry.updated_parsed) if "updated" in entry else None,
        "summary": entry.get("summary"),
        "content": [part["value"] for part in entry.get("content", ())],
        "authors": [author.get("name") for author in entry.get("authors", ())],
        "categories": [tag.get("term") for tag in entry.get("tags", ())],
        "enclosures": [[file.get("href"), file.get("type"), file.get("length")] for file in entry.enclosures],
    }


def write_time(parts: time.struct_time) -> str:
    return "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+00:00".format(*parts)


if __name__ == "__main__":
    parsed = feedparser.parse(BytesIO(Path(sys.argv[1]).read_bytes()))
    assert not parsed.bozo, parsed.bozo_exception
    sys.stdout.write(json.dumps({"format": parsed.version, "items": [read_entry(entry) for entry in parsed.entries]}))
