"""sfeed, a shell script around curl that knows no conditional request, sees what the store holds."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from feedsvc.model import Feed
from programs import require
from service import DEADLINE_SECONDS, Service, feedsvc, wait_until

SLUGS = ("macro", "finance", "tech", "culture", "world", "briefing", "letters", "economy", "all")


@pytest.fixture
def update(home: Path) -> Callable[[list[str]], None]:
    """Fetch these feeds; each becomes a file of the name that its address ends with."""
    program = require("sfeed_update")

    def update(urls: list[str]) -> None:
        lines = "\n".join(f'feed "{url.rpartition("/")[2]}" "{url}"' for url in urls)
        (home / "sfeedrc").write_text(f"feeds() {{\n{lines}\n}}\n")
        environment = os.environ | {"HOME": str(home), "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            [program, str(home / "sfeedrc")],
            env=environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    return update


def read(home: Path, name: str) -> list[tuple[str, str, str, str]]:
    """Id, title, link and time of each item, as sfeed(5) has them."""
    lines = (home / ".sfeed/feeds" / name).read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    return [(row[5], row[1], row[2], row[0]) for row in rows]


def test_shows_what_the_store_holds(
    update: Callable[[list[str]], None], home: Path, front: Service, stored: Callable[[str], Feed]
) -> None:
    names = [f"{slug}.{suffix}" for slug in SLUGS for suffix in ("rss", "atom")]
    update([f"{front.url}/feeds/{name}" for name in names])
    for name in names:
        expected = [
            (entry.entry_id, entry.title, entry.link, str(int(entry.published.timestamp())))
            for entry in stored(name.partition(".")[0]).entries
        ]
        assert sorted(read(home, name)) == sorted(expected), name


def test_gets_a_new_article_once(
    update: Callable[[list[str]], None], home: Path, front: Service, service: Service
) -> None:
    url = f"{front.url}/feeds/tech.atom"
    update([url])
    before = read(home, "tech.atom")
    title = f"Ferries run later, says {front.url}"
    feedsvc(
        "--config", service.config, "article", "add", "--section", "tech", "--title", title, "--summary", "By an hour."
    )
    wait_until(lambda: title.encode() in service.get("/feeds/tech.atom").body, "the new article to be live")
    for _ in range(2):
        update([url])
    after = read(home, "tech.atom")
    assert [row[1] for row in after if row not in before] == [title]
    assert len(after) == len(before) + 1
