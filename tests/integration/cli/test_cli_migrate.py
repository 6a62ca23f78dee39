"""The whole way: an old feed is imported and published, and its readers, led here, see nothing as new."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import feedparser
import pytest

from commands import Site

OLD_FEEDS = Path(__file__).parents[2] / "oldfeeds"


def check(site: Site, *arguments: str | Path, expect: int = 0) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(site.run("migrate", "check", "--json", *arguments, expect=expect).stdout)
    return report


def ids(content: bytes) -> list[tuple[str, bool]]:
    """As a feed reader knows them, with what it takes for a link."""
    parsed = feedparser.parse(content)
    return [(entry.id, bool(entry.get("guidislink"))) for entry in parsed.entries]


@pytest.fixture
def site(site: Site) -> Site:
    """With a section into which nothing but an old feed is put."""
    site.change_config("sections:\n", "sections:\n  moved:\n    title: 搬来的\n")
    return site


@pytest.mark.parametrize(("name", "suffix"), [("wordpress.rss", "rss"), ("hugo.xml", "rss"), ("letter.atom", "atom")])
def test_who_is_led_from_the_old_feed_to_the_new_one_sees_nothing_as_new(site: Site, name: str, suffix: str) -> None:
    old = OLD_FEEDS / name
    before = check(site, old, "--section", "moved")
    assert (before["ok"], before["same"], len(before["gone"])) == (True, 0, 2)
    assert {fate["reason"] for fate in before["gone"]} == {"is not stored"}
    site.run("import", "--section", "moved", old)
    site.run("regenerate", "moved")
    assert check(site, old, "--section", "moved") == {
        "section": "moved",
        "ok": True,
        "same": 2,
        **{kind: [] for kind in ("twice", "changed", "new", "gone", "refused")},
    }
    assert ids((site.feeds / f"moved.{suffix}").read_bytes()) == ids(old.read_bytes())
    assert "Nobody gets again what they have." in site.run("migrate", "check", old, "--section", "moved").stderr


def test_a_json_feed_keeps_its_ids(site: Site) -> None:
    old = OLD_FEEDS / "feed.json"
    site.run("import", "--section", "moved", old)
    site.run("regenerate", "moved")
    new = json.loads((site.feeds / "moved.json").read_text("utf-8"))
    assert [item["id"] for item in new["items"]] == ["2", "https://ferry.example/1"]
    assert check(site, old, "--section", "moved")["same"] == 2


def test_the_same_stories_under_ids_of_their_own_would_flood(site: Site, tmp_path: Path) -> None:
    old = OLD_FEEDS / "hugo.xml"
    again = tmp_path / "again.json"
    again.write_text(
        json.dumps(
            {
                "external_id": "cms-1",
                "title": "Tides!",
                "link": "https://hugo.example/posts/tides",
                "summary": "x",
                "sections": ["moved"],
            }
        )
    )
    site.run("import", again)
    report = check(site, old, "--section", "moved", expect=1)
    assert [fate["old_id"] for fate in report["twice"]] == ["https://hugo.example/posts/tides/"]
    told = site.run("migrate", "check", old, "--section", "moved", expect=1)
    assert "Would come a second time, under another id:\n  Tides! (urn:uuid:" in told.stdout
    assert f"`feedsvc import {old} --section moved`" in told.stderr
    site.run("article", "withdraw", "cms-1")
    site.run("import", "--section", "moved", old)
    assert check(site, old, "--section", "moved")["same"] == 2


def test_what_is_gone_is_told_with_the_reason(site: Site) -> None:
    old = OLD_FEEDS / "wordpress.rss"
    site.run("import", "--section", "moved", old)
    site.run("article", "withdraw", "https://old.example/?p=123")
    (gone,) = check(site, old, "--section", "moved")["gone"]
    assert (gone["entry_id"], gone["title"]) == ("https://old.example/?p=123", "码头重开 & 运费回落")
    assert "withdrawn" in gone["reason"]
    elsewhere = check(site, old, "--section", "tech")["gone"]
    assert {fate["reason"] for fate in elsewhere} == {"stands in moved, whose articles are not shown here"}


def test_old_entries_that_are_missing_are_pointed_at(site: Site) -> None:
    old = OLD_FEEDS / "wordpress.rss"
    told = site.run("migrate", "check", "--section", "moved", "-", stdin=old.read_text("utf-8"))
    assert "No longer in the feed:\n  春茶上市 (https://old.example/?p=98&lang=zh): is not stored" in told.stdout
    assert "`feedsvc import OLD_FEED --section moved`" in told.stderr


def test_what_could_not_be_imported_is_told(site: Site, tmp_path: Path) -> None:
    old = tmp_path / "old.xml"
    old.write_text('<rss version="2.0"><channel><item><title>x</title></item></channel></rss>')
    (refused,) = check(site, old, "--section", "moved")["refused"]
    assert refused["place"] == "entry 1"
    assert "neither id nor link" in refused["reason"]


def test_wrong_use_is_told(site: Site, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<html></html>")
    assert "is no RSS, Atom or JSON feed" in site.run("migrate", "check", page, expect=2).stderr
    old = OLD_FEEDS / "hugo.xml"
    assert "'mooved'" in site.run("migrate", "check", old, "--section", "mooved", expect=2).stderr
