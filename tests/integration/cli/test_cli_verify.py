"""`feedsvc verify`: the truth about the feeds on disk, about this service's addresses, and about anybody's feed."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from commands import Site, run
from service import DEADLINE_SECONDS

PLANTED = Path(__file__).parents[2] / "planted"
FEED = "https://yantang.example/feed"

WATER, MARKET, SONG = (f"tag:yantang.example,2026:{name}" for name in ("water", "market", "song"))
FAULTS: dict[str, list[tuple[str, str | None]]] = {
    "rss": [
        ("language.form", None),
        ("rss.person.address", None),
        ("rss.ttl", None),
        ("rss.self.differs", None),
        ("iri.absolute", WATER),
        ("html.handler", WATER),
        ("html.relative", WATER),
        ("date.rfc822.weekday", WATER),
        ("html.active", MARKET),
        ("date.rfc822", MARKET),
        ("rss.enclosure.length", SONG),
        ("rss.guid.unique", SONG),
    ],
    "atom": [
        ("language.form", None),
        ("atom.id.iri", None),
        ("atom.self.differs", None),
        ("iri.active", WATER),
        ("date.rfc3339.zone", WATER),
        ("date.exists", WATER),
        ("atom.category.term", WATER),
        ("html.frame", WATER),
        ("date.rfc3339.capitals", MARKET),
        ("atom.xhtml.div", MARKET),
        ("media-type.form", SONG),
        ("atom.element.unknown", SONG),
    ],
    "json": [
        ("json.key-twice", None),
        ("language.form", None),
        ("jsonfeed.author", None),
        ("jsonfeed.feed_url.self", None),
        ("iri.absolute", WATER),
        ("html.handler", WATER),
        ("html.relative", WATER),
        ("date.rfc3339", WATER),
        ("jsonfeed.type", WATER),
        ("jsonfeed.content", MARKET),
        ("jsonfeed.attachment.mime_type", SONG),
        ("jsonfeed.id", None),
    ],
}
"""What was planted in tests/planted/faulty.*: rule and entry."""


def snapshot(site: Site) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in site.feeds.glob("[!.]*.*")}


def report(*arguments: str | Path, expect: int = 0, stdin: str | None = None) -> dict[str, Any]:
    """The one document of a report."""
    (document,) = json.loads(run("verify", "--json", *arguments, expect=expect, stdin=stdin).stdout)["documents"]
    return dict(document)


def rules(document: dict[str, Any]) -> list[str]:
    return [finding["rule"] for finding in document["findings"]]


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a config.yaml."""
    folder = tmp_path / "nowhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("FEEDSVC_CONFIG", raising=False)
    return folder


# feeds of this service


def test_all_is_clean_and_nothing_is_changed(site: Site) -> None:
    before = snapshot(site)
    done = site.run("verify", "--strict")
    assert done.stderr == "28 documents verified: no errors, no warnings.\n"
    assert done.stdout == ""
    told = json.loads(site.run("verify", "--json").stdout)
    assert (told["errors"], told["warnings"], len(told["documents"])) == (0, 0, 28)
    assert {"name": "macro.rss", "feed": "macro", "format": "rss", "entries": None, "findings": []} in told["documents"]
    assert snapshot(site) == before


def test_slugs_and_paths(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    (site.feeds / "tech.rss").unlink()
    found = {("tech", "rss", "file.missing"), ("tech", "rss", "twin.orphan")}
    assert site.findings("tech", "index") == found
    assert site.findings(site.feeds / "tech.rss") == found
    site.run("verify", site.feeds / "tech.atom", site.feeds / "tech.json", "world", "index")
    monkeypatch.chdir(site.feeds)
    site.run("verify", "tech.atom")


def test_what_someone_else_wrote_is_named(site: Site) -> None:
    path = site.feeds / "world.rss"
    path.write_text(path.read_text("utf-8").replace("ferry", "fairy"), "utf-8")
    found = site.findings()
    assert ("world", "rss", "file.altered") in found
    assert ("world", "rss", "entry.title") in found
    assert {slug for slug, _, _ in found} == {"world"}
    lines = site.run("verify", expect=1).stdout.splitlines()
    assert lines[0] == "world.rss: RSS 2.0"
    assert all(line == line.rstrip() for line in lines)
    titles = [line for line in lines if line.startswith("  “") and "fairy" in line and "(urn:uuid:" in line]
    assert len(titles) == 1


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"<rss><channel>", b"{}", b"<html/>", b"null"])
def test_any_rubbish_is_read(site: Site, content: bytes) -> None:
    files = {("tech", "rss"), ("tech", "atom"), ("tech", "json"), ("index", "opml")}
    for slug, suffix in files:
        (site.feeds / f"{slug}.{suffix}").write_bytes(content)
    found = site.findings()
    assert {(*file, "file.altered") for file in files} < found
    assert {(slug, suffix) for slug, suffix, rule in found if rule != "file.altered"} == files


def test_the_store_has_moved_on(site: Site) -> None:
    site.run("article", "edit", "sample-tech-font", "--set", "title=改过的标题")
    done = site.run("verify", "tech", expect=1)
    assert "regenerate" in done.stderr
    site.run("regenerate", "tech")
    site.run("verify", "tech")


def test_a_feed_that_was_never_published_here(site: Site) -> None:
    text = site.config.read_text("utf-8")
    site.config.write_text(text.replace("  tech:\n", "  new:\n    title: 新\n  tech:\n"), "utf-8")
    assert site.findings("new") == {("new", each, "file.missing") for each in ("rss", "atom", "json")}
    (site.feeds / "new.json").write_bytes((site.feeds / "tech.json").read_bytes())
    assert ("new", "json", "file.unknown") in site.findings("new")


@pytest.mark.parametrize(
    "what", ["teck", "feeds/teck.rss", "feeds/tech.opml", "feeds/tech", "/etc/passwd.rss", "tech.xml", "feeds"]
)
def test_what_there_is_not_is_wrong_use(site: Site, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(site.folder)
    assert site.run("verify", what, expect=2).stdout == ""


def test_a_file_that_can_not_be_read(site: Site) -> None:
    (site.feeds / "tech.rss").chmod(0)
    if os.geteuid() == 0:  # root can
        site.run("verify")
    else:
        assert site.findings() == {("tech", "rss", "file.unreadable")}


@pytest.mark.parametrize("name", ["tech.rss", "tech.json", "index.opml"])
def test_a_huge_file_in_the_folder_is_named_and_replaced(site: Site, name: str) -> None:
    os.truncate(site.feeds / name, 200_000_000)
    slug, _, suffix = name.partition(".")
    assert site.findings() == {(slug, suffix, "file.unreadable")}
    told = site.run("verify", site.feeds / name, expect=1).stdout
    assert "200000000 bytes" in told
    assert "delete it" in told
    site.run("verify", "/feeds.opml" if suffix == "opml" else f"/feeds/{name}", expect=1)
    site.run("regenerate", "--all" if suffix == "opml" else slug)
    site.run("verify", "--strict")


def test_a_huge_file_from_elsewhere_is_not_read_whole(nowhere: Path) -> None:
    (nowhere / "feed.xml").write_bytes(b"<rss version='2.0'>")
    os.truncate(nowhere / "feed.xml", 200_000_000)
    assert rules(report("feed.xml", expect=1))[0] == "xml.size"


# addresses of this service


def test_an_address_is_asked_for_as_a_reader_would(site: Site) -> None:
    with site.opened() as runtime:
        base = runtime.settings.site.base_url
    for address in ("/feeds/macro.rss", f"{base}/feeds/all.atom", f"{base}/feeds/all.json", "/feeds.opml"):
        site.run("verify", "--strict", address)
    told = json.loads(site.run("verify", "--json", "/feeds/all.atom?x=1").stdout)["documents"]
    assert [(each["name"], each["format"], each["entries"]) for each in told] == [
        (f"{base}/feeds/all.atom", "atom", 10)
    ]


def test_an_address_that_holds_something_else_than_its_feed(site: Site) -> None:
    (site.feeds / "macro.rss").write_bytes((site.feeds / "tech.rss").read_bytes())
    (site.feeds / "index.opml").write_bytes(b"<opml/>")
    assert {rule for _, _, rule in site.findings("/feeds/macro.rss")} == {"rss.self.differs"}
    assert "opml.head" in {rule for _, _, rule in site.findings("/feeds.opml")}


@pytest.mark.parametrize(("path", "said"), [("/feeds/mcaro.rss", "404"), ("/feeds/macro.rss", "503")])
def test_an_address_without_a_feed(site: Site, path: str, said: str) -> None:
    (site.feeds / "macro.rss").unlink()
    (document,) = json.loads(site.run("verify", "--json", path, expect=1).stdout)["documents"]
    assert rules(document) == ["http.status"]
    assert document["findings"][0]["found"].startswith(said)


def test_an_address_of_somebody_else_is_not_fetched(site: Site) -> None:
    assert "curl" in site.run("verify", "https://other.example/feed.rss", expect=2).stderr
    with site.opened() as runtime:
        base = runtime.settings.site.base_url
    assert "/feeds/" in site.run("verify", f"{base}/articles/x", expect=2).stderr


# anybody's feeds


@pytest.mark.parametrize("format", FAULTS)
def test_a_clean_feed_is_clean(nowhere: Path, format: str) -> None:
    done = run("verify", "--strict", "--self-url", f"{FEED}.{format}", PLANTED / f"clean.{format}")
    assert done.stdout.endswith(", 3 entries: nothing is wrong\n")
    assert done.stderr == "1 document verified: no errors, no warnings.\n"
    assert list(nowhere.iterdir()) == []


@pytest.mark.parametrize("format", FAULTS)
def test_every_planted_fault_is_found(nowhere: Path, format: str) -> None:
    path = PLANTED / f"faulty.{format}"
    document = report("--self-url", f"{FEED}.{format}", path, expect=1)
    assert (document["name"], document["feed"], document["format"]) == (str(path), None, format)
    found = {(finding["rule"], finding["entry_id"]) for finding in document["findings"]}
    assert len(FAULTS[format]) == 12
    assert set(FAULTS[format]) <= found
    # The one thing else that is told: the misspelt key that left an item without its content.
    assert found - set(FAULTS[format]) == ({("jsonfeed.key", MARKET)} if format == "json" else set())


@pytest.mark.parametrize("format", FAULTS)
def test_a_finding_says_all_that_one_needs(nowhere: Path, format: str) -> None:
    for finding in report(PLANTED / f"faulty.{format}", expect=1)["findings"]:
        assert set(finding) == {
            *(
                "severity",
                "rule",
                "message",
                "entry_id",
                "entry_title",
                "place",
                "found",
                "expected",
                "standard",
                "mend",
            )
        }
        assert all(finding[name] for name in ("severity", "rule", "message", "place", "standard", "mend"))
        if finding["entry_id"] == WATER:
            assert finding["entry_title"] == "水厂换上新滤池"


def test_the_report_goes_entry_by_entry(nowhere: Path) -> None:
    lines = run("verify", PLANTED / "faulty.json", expect=1).stdout.splitlines()
    assert lines[0] == f"{PLANTED / 'faulty.json'}: JSON Feed 1.1, 4 entries"
    heads = [line for line in lines if line.startswith("  ") and not line.startswith("   ")]
    assert heads == [
        "  the document",
        f"  “水厂换上新滤池” ({WATER})",
        f"  “桥头集市改到周六” ({MARKET})",
        f"  “听一听老船工的号子” ({SONG})",
    ]
    at = lines.index("    error: date.rfc3339 (items[0].date_published)")
    assert lines[at + 1 : at + 5] == [
        "      it is not a date and time that a program can read",
        "      found: 2026年3月6日",
        "      mend: write it as 2026-03-01T20:00:00+08:00",
        "      standard: RFC 3339 §5.6",
    ]


def test_the_page_on_checking_shows_what_comes(nowhere: Path) -> None:
    page = (PLANTED.parents[1] / "docs" / "checking.md").read_text("utf-8")
    (feed,) = re.findall(r"```xml\n(.*?)```", page, re.DOTALL)
    (told,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    (nowhere / "feed.xml").write_text(feed, "utf-8")
    assert run("verify", "feed.xml", expect=1).stdout == told


def test_standard_input(nowhere: Path) -> None:
    document = report("-", stdin=(PLANTED / "clean.atom").read_text("utf-8"))
    assert (document["name"], document["format"], document["entries"]) == ("standard input", "atom", 3)
    assert rules(report("-", stdin="<html><body>", expect=1)) == ["input.page"]
    assert rules(report("-", stdin="", expect=1)) == ["input.empty"]
    assert rules(report("-", "--format", "json", stdin="<html>", expect=1)) == ["json.syntax"]


def test_a_pipe_of_the_shell(nowhere: Path) -> None:
    command = f"exec {sys.executable} -m feedsvc verify <(cat {PLANTED / 'clean.rss'})"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, encoding="utf-8", check=False, timeout=DEADLINE_SECONDS
    )
    assert done.returncode == 0, done.stderr
    assert "RSS 2.0, 3 entries" in done.stdout


def test_warnings_alone_fail_only_when_strict(nowhere: Path) -> None:
    (nowhere / "feed.json").write_text(
        (PLANTED / "clean.json").read_text("utf-8").replace('"tags": ["民生"]', '"tag": "民生"'), "utf-8"
    )
    assert "1 document verified: no errors, 1 warning.\n" in run("verify", "feed.json").stderr
    run("verify", "--strict", "feed.json", expect=1)


def test_frames_of_hosts_that_are_named(nowhere: Path) -> None:
    assert "html.frame" not in rules(report("--embed", "Video.example", PLANTED / "faulty.atom", expect=1))


def test_several_files_at_once(nowhere: Path) -> None:
    done = run("verify", *sorted(PLANTED.glob("*.*")), expect=1)
    assert done.stderr == "6 documents verified: 34 errors, 1 warning.\n"


def test_no_config_is_asked_for_and_a_broken_one_does_not_matter(nowhere: Path) -> None:
    (nowhere / "config.yaml").write_text("sections: [\n")
    run("verify", PLANTED / "clean.rss")
    assert run("verify", "macro", expect=2).stdout == ""
    run("verify", expect=2)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("nope.xml", "There is no file nope.xml"),
        ("macro", "There is no file macro"),
        (".", ". is a folder"),
        ("https://example.org/feed.xml", "curl -s https://example.org/feed.xml | feedsvc verify -"),
    ],
)
def test_without_a_config_what_is_no_file_is_named(nowhere: Path, what: str, said: str) -> None:
    done = run("verify", PLANTED / "clean.rss", what, expect=2)
    assert said in done.stderr
    assert "found no such file" not in done.stderr


def test_without_a_config_the_feeds_of_a_service_need_one(nowhere: Path) -> None:
    assert "config.yaml:1:1" in run("verify", expect=2).stderr
    assert "other.yaml:1:1" in run("-c", "other.yaml", "verify", "nope.xml", expect=2).stderr


def test_a_path_that_is_none_of_ours_is_a_file_that_is_not_there(site: Site) -> None:
    assert "There is no file /feed." in site.run("verify", "/feed/", expect=2).stderr


def test_a_file_elsewhere_beside_a_site(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is nobody's of this service: the database is not even opened."""
    with closing(sqlite3.connect(site.folder / "feedsvc.db")) as database:
        database.execute("BEGIN EXCLUSIVE")
        site.run("verify", PLANTED / "clean.rss")
    told = json.loads(site.run("verify", "--json", PLANTED / "clean.rss", "macro", "/feeds/all.rss").stdout)
    names = [each["name"].rpartition("/")[2] for each in told["documents"]]
    assert names == ["macro.rss", "macro.atom", "macro.json", "clean.rss", "all.rss"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--self-url", f"{FEED}.rss", "macro"),
        ("--format", "rss"),
        ("--self-url", "feed.rss", str(PLANTED / "clean.rss")),
        ("--embed", "a.example", "macro"),
        ("--self-url", f"{FEED}.rss", str(PLANTED / "clean.rss"), str(PLANTED / "faulty.rss")),
    ],
)
def test_options_that_mean_nothing_are_wrong_use(site: Site, arguments: tuple[str, ...]) -> None:
    site.run("verify", *arguments, expect=2)


def test_nothing_from_a_stranger_s_feed_moves_the_cursor(nowhere: Path) -> None:
    evil = "\x1b[2J\u202e\x9b1m\u2028"
    feed = {"version": "1", "items": [{"id": evil, "title": evil, "url": evil, evil: 1}]}
    (nowhere / "\x1b[1m.json").write_text(json.dumps(feed))
    done = run("verify", "\x1b[1m.json", expect=1)
    assert not set("\x1b\x9b\u202e\u2028") & set(done.output)
    assert "‹U+001B›[2J‹U+202E›‹U+009B›1m‹U+2028›" in done.stdout


def test_half_a_character_can_be_told(nowhere: Path) -> None:
    feed = {"version": "1", "items": [{"id": "\ud83d", "title": "半\ud83d个", "content_text": "x"}]}
    (nowhere / "feed.json").write_text(json.dumps(feed))
    assert "“半‹U+D83D›个” (‹U+D83D›)" in run("verify", "feed.json", expect=1).stdout
    assert {finding["entry_title"] for finding in report("feed.json", expect=1)["findings"]} == {None, "半\\ud83d个"}
