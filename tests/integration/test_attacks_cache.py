"""No header but those that a cache knows of changes an answer that a cache may keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from attacks import CACHE_VALUES, HEADER_NAMES
from effort import EFFORT
from newsroom import CONFIG, Newsroom, open_newsroom

PATHS = (
    "/feeds/macro.rss",
    "/feeds/all.json",
    "/feeds.opml",
    "/feeds/macro/archive/1.atom",
    "/",
    "/sections/macro/",
    "/sections/macro",
    "/articles/ID",
    "/static/site.css",
    "/old/feed",
    "/feeds/none.rss",
    "/nowhere",
)
CONDITIONAL = {"If-None-Match", "If-Modified-Since", "If_None_Match"}
KNOWN: dict[str, set[str]] = {
    # A cache asks by these itself, and keeps no 206 or 304 as if it were the whole.
    "/static/site.css": {"Range", "If-Range"},
    # Vary names it. Its name with an underscore is the same to WSGI: docs/operations.md, "Another proxy, or a cache".
    "/feeds": {"Accept-Encoding", "Accept_Encoding"},
}


@pytest.fixture
def newsroom(tmp_path: Path, clock: Callable[[], datetime], sqlite_url: str) -> Iterator[Newsroom]:
    config = CONFIG.replace("aliases: [宏觀]", "aliases: [宏觀]\n    old_urls: [/old/feed]")
    with open_newsroom(tmp_path, clock, config) as newsroom:
        for number in range(6):
            newsroom.put(external_id=str(number), title=f"甲{number}")
        newsroom.regenerate()
        yield newsroom


def answer(newsroom: Newsroom, path: str, headers: dict[str, str]) -> tuple[int, list[tuple[str, str]], bytes]:
    with newsroom.client.get(path, headers=headers) as response:
        told = [(name, value) for name, value in response.headers if name not in {"Date", "Expires"}]
        return response.status_code, told, response.get_data()


def may_be_kept(got: tuple[int, list[tuple[str, str]], bytes]) -> bool:
    caching = dict(got[1]).get("Cache-Control", "")
    return "no-store" not in caching and "private" not in caching


def names_for(path: str) -> set[str]:
    """Those that may change it."""
    return CONDITIONAL | {name for prefix, names in KNOWN.items() if path.startswith(prefix) for name in names}


def test_no_other_header_changes_what_may_be_kept(newsroom: Newsroom) -> None:
    key = newsroom.call("GET", "/articles/0", token=newsroom.token()).get_json()["id"]
    values = CACHE_VALUES if EFFORT > 1 else CACHE_VALUES[:2]
    tried, found = 0, []
    for path in (each.replace("ID", key) for each in PATHS):
        plain = answer(newsroom, path, {})
        assert answer(newsroom, path, {}) == plain, path
        for name in HEADER_NAMES:
            for value in values:
                tried += 1
                got = answer(newsroom, path, {name: value})
                if got != plain and may_be_kept(got) and name not in names_for(path):
                    found.append((path, name, value, got))
    assert tried > 4_000
    assert [each[:3] for each in found if each[1] != "Feedsvc-Tags"] == []
    # Of nginx, which says by it whose names it goes by: another name, which means the same bytes.
    for path, _, _, got in found:
        tag = dict(got[1])["ETag"]
        assert got[2] == answer(newsroom, path, {})[2]
        assert answer(newsroom, path, {"If-None-Match": tag})[0] == 304
