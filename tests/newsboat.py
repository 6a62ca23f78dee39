"""newsboat, a feed reader for terminals, run without its screen."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from service import DEADLINE_SECONDS


@dataclass(frozen=True)
class Item:
    """A row of newsboat's cache."""

    guid: str
    title: str
    link: str
    published: int
    content: str
    enclosure: tuple[str, str]


class Newsboat:
    """newsboat with a home of its own, run without its screen."""

    def __init__(self, program: str, home: Path, urls: list[str]) -> None:
        self._program = program
        self._home = home
        self._cache = home / "cache.db"
        (home / "urls").write_text("".join(f"{url}\n" for url in urls))
        (home / "config").write_text(f"auto-reload no\ndownload-timeout {int(DEADLINE_SECONDS)}\n")

    def reload(self) -> str:
        """Poll every feed; what newsboat then says of unread articles."""
        files = ("-u", self._home / "urls", "-C", self._home / "config", "-c", self._cache)
        command = [self._program, *map(str, files), "-x", "reload", "print-unread"]
        environment = os.environ | {"HOME": str(self._home), "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def items(self, url: str) -> list[Item]:
        with closing(sqlite3.connect(self._cache)) as cache:
            rows = cache.execute(
                "SELECT guid, title, url, pubDate, content, enclosure_url, enclosure_type FROM rss_item"
                " WHERE feedurl = ? AND deleted = 0",
                (url,),
            ).fetchall()
        return [
            Item(guid, title, link, published, content, (enclosure_url or "", enclosure_type or ""))
            for guid, title, link, published, content, enclosure_url, enclosure_type in rows
        ]

    def title(self, url: str) -> str:
        with closing(sqlite3.connect(self._cache)) as cache:
            (title,) = cache.execute("SELECT title FROM rss_feed WHERE rssurl = ?", (url,)).fetchone()
        assert isinstance(title, str)
        return title
