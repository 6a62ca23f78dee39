"""`feedsvc regenerate` and `status`: feeds made right by hand, and the truth about them."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from commands import Site
from feedsvc.model import Alarm, AuditState
from feedsvc.output import Audited, FeedsFolder


def snapshot(site: Site) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in site.feeds.glob("[!.]*")}


def status(site: Site) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(site.run("status", "--json").stdout)
    return told


def break_in_database(site: Site, external_id: str, column: str, value: object) -> str:
    """Put a value where no way in would let it; the article's id."""
    with closing(sqlite3.connect(site.folder / "feedsvc.db")) as database, database:
        (article_id,) = database.execute(
            f"UPDATE article SET {column} = ? WHERE external_id = ? RETURNING id", (value, external_id)
        ).fetchone()
    return str(article_id)


# regenerate


@pytest.mark.parametrize(
    "arguments",
    [
        ("regenerate", "--all"), ("regenerate", "macro"), ("doctor", "--mend"), ("status",), ("article", "list"),
        ("token", "create", "--name", "cms"), ("import", "."),
    ],
)  # fmt: skip
def test_a_lost_database_empties_no_feed_by_hand(site: Site, arguments: tuple[str, ...]) -> None:
    """Nor is another one made in its place, whoever comes first."""
    (site.folder / "feedsvc.db").rename(site.folder / "elsewhere.db")
    before = snapshot(site)
    done = site.run(*arguments, expect=1)
    assert "restore a backup" in (done.stdout + done.stderr).lower()
    assert snapshot(site) == before
    assert not (site.folder / "feedsvc.db").exists()


def test_nothing_changed_leaves_every_file_untouched(site: Site) -> None:
    before = snapshot(site)
    lines = site.run("regenerate", "--all").stdout.splitlines()[2:]
    assert {line.split()[0] for line in lines} == {
        *("macro", "finance", "tech", "culture", "world", "briefing", "letters", "economy", "all", "index")
    }
    assert {line.split()[1] for line in lines} == {"unchanged"}
    assert snapshot(site) == before


def test_only_the_feeds_that_were_named(site: Site) -> None:
    site.run("article", "edit", "sample-tech-font", "--set", "title=改过的标题")
    site.run("regenerate", "tech")
    assert "改过的标题" in (site.feeds / "tech.rss").read_text("utf-8")
    assert "改过的标题" not in (site.feeds / "all.rss").read_text("utf-8")


def test_a_file_that_was_lost_or_altered_comes_back_the_same(site: Site) -> None:
    before = snapshot(site)
    (site.feeds / "macro.rss").unlink()
    (site.feeds / "macro.atom").write_text("<feed/>")
    site.run("regenerate", "--all")
    assert snapshot(site) == before


def test_an_article_whose_time_has_come_goes_live_first(site: Site) -> None:
    command = ("article", "add", "--title", "Soon", "--section", "world", "--summary", "s", "--published")
    site.run(*command, "2999-01-01T00:00:00Z", "--external-id", "soon")
    break_in_database(site, "soon", "published", 1_767_225_600)  # 2026-01-01
    site.run("regenerate", "world")
    shown = json.loads(site.run("article", "show", "soon", "--json").stdout)
    assert shown["state"] == "live"
    assert shown["entry_id"] in (site.feeds / "world.atom").read_text("utf-8")


def test_files_of_a_section_that_is_gone_go_with_all(site: Site) -> None:
    text = site.config.read_text("utf-8")
    start, end = text.index("  culture:"), text.index("  world:")
    site.config.write_text(text[:start] + text[end:], "utf-8")
    assert ("culture", "rss", "file.surplus") in site.findings()
    assert [section["slug"] for section in status(site)["unconfigured"] if section["slug"] != "index"] == ["culture"]
    assert "culture" in site.run("status").stderr
    site.run("regenerate", "--all")
    assert not list(site.feeds.glob("culture.*"))
    site.run("verify")


def test_a_feed_that_can_not_be_written_is_told_and_exit_code_1(site: Site) -> None:
    site.run("article", "edit", "sample-tech-font", "--set", "title=改过的标题")
    (site.feeds / "tech.rss").unlink()
    (site.feeds / "tech.rss").mkdir()
    failed = site.run("regenerate", "tech", "world", expect=1)
    assert "Not live: tech." in failed.stderr
    rows = {line.split()[0]: line for line in failed.stdout.splitlines()[2:]}
    assert "blocked" in rows["tech"]
    assert str(site.feeds / "tech.rss") in failed.stdout
    assert "unchanged" in rows["world"]


@pytest.mark.parametrize("arguments", [(), ("--all", "tech"), ("teck",), ("tech", "teck")])
def test_regenerate_wants_feeds_that_there_are(site: Site, arguments: tuple[str, ...]) -> None:
    before = snapshot(site)
    site.run("regenerate", *arguments, expect=2)
    assert snapshot(site) == before


def test_an_article_that_can_not_be_rendered_costs_the_others_nothing(site: Site) -> None:
    article_id = break_in_database(site, "sample-tech-font", "title", "bad \x01 title")
    done = site.run("regenerate", "tech")
    assert article_id in done.stdout
    assert article_id not in (site.feeds / "tech.json").read_text("utf-8")
    assert "RISC-V" in (site.feeds / "tech.json").read_text("utf-8")
    (tech,) = [section for section in status(site)["sections"] if section["slug"] == "tech"]
    assert [held["article_id"] for held in tech["quarantined"]] == [article_id]
    assert article_id in site.run("status").stderr
    site.run("verify", "tech")


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("link", "javascript:alert(document.domain)", "iri.active"),
        ("link", "/relative", "iri.absolute"),
        ("content_html", "<p>一</p><script src='https://evil.example/x.js'></script>", "html.active"),
        ("content_html", "<p onclick='steal()'>一</p>", "html.handler"),
        ("content_html", "<p><img src='/picture.png'></p>", "html.relative"),
        ("content_html", "<iframe src='https://evil.example/'></iframe>", "html.frame"),
        ("image", '{"url": "data:image/png;base64,AAAA"}', "iri.active"),
        ("source", '{"name": "报", "url": "javascript:1"}', "iri.active"),
        ("language", "chinese_", "language.form"),
    ],
)
def test_what_no_way_in_lets_by_is_quarantined_where_it_is_there_all_the_same(
    site: Site, column: str, value: str, rule: str
) -> None:
    """A row written by another hand reads back as it is stored: only the standards tell that it must not go live."""
    article_id = break_in_database(site, "sample-tech-font", column, value)
    site.run("regenerate", "tech")
    (tech,) = [section for section in status(site)["sections"] if section["slug"] == "tech"]
    (held,) = tech["quarantined"]
    assert held["article_id"] == article_id
    assert f": {rule}: " in held["reason"]
    assert ". To mend it, " in held["reason"]
    for name in ("rss", "atom", "json"):
        text = (site.feeds / f"tech.{name}").read_text("utf-8")
        assert article_id not in text
        assert "RISC-V" in text


# status


def test_status_tells_each_section(site: Site) -> None:
    told = status(site)
    assert {section["slug"]: section["state"] for section in told["sections"]}["macro"] == "live"
    table = site.run("status")
    assert [line.split()[0] for line in table.stdout.splitlines()[2:]] == [
        *("macro", "finance", "tech", "culture", "world", "briefing", "letters", "economy", "all")
    ]
    assert "worker" in table.stderr  # none is running


def test_status_tells_of_the_audit(site: Site) -> None:
    audit = status(site)["audit"]
    assert (audit["live"], audit["waiting"], audit["limit_percent"]) == (28, 28, 10)
    assert "Audit: 0 of 28 live documents were read back" in site.run("status").stderr
    at = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    alarm = Alarm(at=at, name="macro", format="rss", finding="rss: file.altered: its bytes", done="It was made anew.")
    audited = Audited(FeedsFolder(site.feeds))
    audited.write_state(AuditState(began=at, ended=at, alarms=(alarm,)))
    told = site.run("status").stderr
    assert "audit: macro: rss: file.altered: its bytes. It was made anew." in told
    assert "the last round ended at 2026-03-02T08:00:00Z" in told
    audited.write_state(AuditState(began=at, last="macro", done=4, alarms=(replace(alarm, is_open=False),)))
    told = site.run("status").stderr
    assert (
        "The audit's last alarm, 2026-03-02T08:00:00Z: macro: rss: file.altered: its bytes. It was made anew." in told
    )
    assert "this round 4 of 28" in told
    site.change_config("sections:", "audit_cpu: 0\nsections:")
    assert "No audit" in site.run("status").stderr


def test_status_tells_what_waits_and_what_is_blocked(site: Site) -> None:
    site.run("article", "edit", "sample-tech-font", "--set", "title=改过的标题")
    states = {section["slug"]: section["state"] for section in status(site)["sections"]}
    assert (states["tech"], states["world"]) == ("stale", "live")
    (site.feeds / "tech.rss").unlink()
    (site.feeds / "tech.rss").mkdir()
    site.run("regenerate", "tech", expect=1)
    told = site.run("status")
    assert "blocked" in told.stdout
    assert "tech.rss" in told.stderr


# archives


def test_archives_are_made_verified_and_counted(site: Site) -> None:
    site.change_config("    title: 科技\n", "    title: 科技\n    limit: 1\n")
    site.run("regenerate", "--all")
    assert (site.feeds / "tech/archive/1.atom").is_file(), "it comes before what leads to it"
    (tech,) = (each for each in status(site)["sections"] if each["slug"] == "tech")
    assert tech["archives"] == {"count": 1, "waiting": 0, "error": None}
    assert "tech/archive" not in site.run("regenerate", "tech").stdout
    site.run("verify", "tech")
    (site.feeds / "tech/archive/1.atom").write_bytes(b"<feed/>")
    assert ("tech/archive/1", "atom", "file.altered") in site.findings("tech")
    (line,) = [line for line in site.run("regenerate", "tech").stdout.splitlines() if line.startswith("tech/archive")]
    assert line.split()[1:3] == ["published", "1"]
    site.run("verify")
    shutil.rmtree(site.feeds / "tech")
    (site.feeds / "tech").write_text("in the way")
    done = site.run("regenerate", "tech", expect=1)
    assert "tech/archive" in done.stdout
    assert "blocked" in done.stdout
