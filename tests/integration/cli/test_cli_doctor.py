"""`feedsvc doctor`: says what is wrong and what it would do, does that alone, and all is well afterwards."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from commands import Site
from feedsvc.carrying.parcels import Parcels
from feedsvc.carrying.porter import Porter
from feedsvc.model import ArticleInput
from feedsvc.output import Bucket
from feedsvc.publish import Clock, put, register_sections
from feedsvc.store import Store
from s3 import Hand, S3Server
from service import free_port

Spoil = Callable[[Site], object]


def execute(site: Site, statement: str) -> None:
    with closing(sqlite3.connect(site.folder / "feedsvc.db")) as connection, connection:
        connection.execute(statement)


def complaints(site: Site, *options: str, expect: int = 1) -> list[tuple[str, str, str]]:
    """Where, what, and who is to mend it; but for what is true of any test."""
    told = json.loads(site.run("doctor", "--json", *options, expect=expect).stdout)
    return [(each["where"], each["what"], each["by"]) for each in told if each["grave"]]


def state_of(site: Site) -> dict[str, tuple[bytes, int, int]]:
    """Content, mode and time of all that lies in the feeds folder, but for what each look at it touches."""
    return {
        str(path): (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns)
        for path in site.feeds.rglob("*")
        if path.is_file() and ".locks" not in path.parts and path.name != ".bell"
    }


def test_a_site_that_is_well_has_no_complaint(site: Site) -> None:
    before = state_of(site)
    assert complaints(site, expect=0) == []
    assert "All is well" in site.run("doctor").stderr
    assert state_of(site) == before


def alter(path: Path) -> None:
    """Another content of the same length and time, as no stat tells."""
    status, content = path.stat(), path.read_bytes()
    path.write_bytes(content.replace(b"</title>", b"!/title>"[:8], 1))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


MENDABLE: list[tuple[Spoil, str, str]] = [
    (lambda site: (site.feeds / "macro.rss").unlink(), "feed macro", "not there"),
    (lambda site: alter(site.feeds / "macro.rss"), "feed macro", "not the published ones"),
    (lambda site: (site.feeds / "macro.atom.gz").write_bytes(b"x"), "feed macro", "compressed form"),
    (lambda site: (site.feeds / "index.opml").write_text("<opml/>"), "feed index", "not as it was published"),
    (lambda site: (site.feeds / "world.json").chmod(0o600), "feeds_dir", "world.json: a web server can't read it"),
    (lambda site: (site.feeds / "world.json").chmod(0o666), "feeds_dir", "others may write to it"),
    (lambda site: site.feeds.chmod(0o700), "feeds_dir", "can't read it"),
    (lambda site: (site.feeds / ".tmp.macro.rss").touch(), "feeds_dir", "left on the way by a crash"),
    (lambda site: site.change_config("  letters:\n", "  others:\n"), "feeds_dir", "letters"),
    (
        lambda site: execute(site, "UPDATE section SET generation = generation + 1 WHERE slug = 'tech'"),
        "feed tech",
        "now",
    ),
    (lambda site: execute(site, "DELETE FROM article WHERE seq = 1"), "database", "articles that are not there"),
    (lambda site: execute(site, "DELETE FROM article_section WHERE seq = 2"), "database", "otherwise than its own row"),
    (
        lambda site: execute(site, "UPDATE article_section SET published = 7 WHERE seq = 3"),
        "database",
        "otherwise than its own row",
    ),
    (
        lambda site: execute(site, "UPDATE article_section SET state = 'draft' WHERE seq = 3"),
        "database",
        "otherwise than its own row",
    ),
    (lambda site: execute(site, "UPDATE alembic_version SET version_num = '0006'"), "database", "is older"),
]


@pytest.mark.parametrize(("spoil", "where", "what"), MENDABLE)
def test_what_it_would_mend_it_says_and_then_does(site: Site, spoil: Spoil, where: str, what: str) -> None:
    spoil(site)
    if what == "is older":
        execute(site, "DROP TABLE bucket_lease")
        execute(site, "DROP TABLE bucket_object")
    before = state_of(site)
    found = complaints(site)
    assert [each for each in found if each[0] == where and what in each[1] and each[2] == "doctor"], found
    assert state_of(site) == before, "a look changes nothing"
    assert complaints(site, "--mend", expect=0) == []
    site.run("verify")


def test_what_a_person_has_to_do_is_left_to_them(site: Site) -> None:
    site.config.write_text("sections: 7\n", "utf-8")
    site.feeds.joinpath("macro.rss").unlink()
    (config,) = complaints(site, "--mend")
    assert config[0] == "config"
    assert config[2] == "you"
    assert (site.feeds / "macro.rss").exists()


def test_a_database_of_a_newer_version_is_left_alone(site: Site) -> None:
    execute(site, "UPDATE alembic_version SET version_num = '9999'")
    assert complaints(site, "--mend") == [("database", "its schema is that of a newer feedsvc", "you")]


def test_a_damaged_database_is_left_to_a_backup(site: Site) -> None:
    path = site.folder / "feedsvc.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'article_section'").fetchone()
    content = bytearray(path.read_bytes())
    content[(root - 1) * page_bytes : root * page_bytes] = b"\xa5" * page_bytes
    path.write_bytes(content)
    found = complaints(site, "--mend")
    assert [(where, by) for where, _, by in found] == [("database", "you")]
    assert "damaged" in found[0][1]


def test_a_clock_that_went_back_is_told_of(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with site.opened() as runtime:
        now = runtime.clock()
    monkeypatch.setattr("feedsvc.runtime.now", lambda: now - timedelta(days=1))
    assert [(where, by) for where, _, by in complaints(site)] == [("clock", "you")]


def test_a_disk_that_is_nearly_full_is_told_of(site: Site, full_disk: Path) -> None:
    site.change_config("server:", f"feeds: {full_disk / 'feeds'}\nserver:")
    assert "disk of" in " ".join(what for _, what, _ in complaints(site))


def test_a_feed_that_finds_no_room_on_the_disk_is_left_to_a_person(site: Site, full_disk: Path) -> None:
    site.change_config("server:", f"feeds: {full_disk / 'feeds'}\nserver:")
    assert ("feed macro", "you") in [(where, by) for where, _, by in complaints(site)]


@pytest.mark.parametrize("name", ["macro.rss", "macro.rss.gz"])
@pytest.mark.parametrize("is_blocked", [False, True])
def test_a_folder_in_the_way_of_a_document_is_left_to_a_person(site: Site, name: str, *, is_blocked: bool) -> None:
    path = site.feeds / name
    path.unlink()
    path.mkdir()
    if is_blocked and name == "macro.rss":
        assert "move it away" in site.run("regenerate", "macro", expect=1).stderr
    told = ("feed macro", f"{path}: a folder stands where a document belongs", "you")
    assert complaints(site) == [told]
    assert "--mend" not in site.run("doctor", expect=1).stderr
    assert complaints(site, "--mend") == [told]
    path.rmdir()
    assert complaints(site, "--mend", expect=0) == []


def test_what_it_fails_to_mend_is_left_to_a_person(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feedsvc.doctor.find_obstacle", lambda *_: None)
    (site.feeds / "macro.rss").unlink()
    (site.feeds / "macro.rss").mkdir()
    assert [(where, by) for where, _, by in complaints(site)] == [("feed macro", "doctor")]
    assert [(where, by) for where, _, by in complaints(site, "--mend")] == [("feed macro", "you")]
    assert "you: " in (told := site.run("doctor", "--mend", expect=1).stdout)
    assert "move it away" in told


def test_left_overs_of_somebody_at_work_are_no_complaint(site: Site) -> None:
    (site.feeds / ".tmp.macro.rss").touch()
    with site.opened() as runtime, runtime.store.write() as tx:
        tx.beat(runtime.folder_id, runtime.clock(), {})
    assert complaints(site, expect=0) == []


def test_strays_are_found_and_mended_in_both_databases(store: Store, clock: Clock) -> None:
    register_sections(store, clock, ("macro", "world"))
    kept, moved = (
        put(store, clock, ArticleInput(title=title, sections=("macro",), content_html="<p>x</p>")).article
        for title in ("a", "b")
    )
    assert store.find_strays().misplaced == []
    with store.write() as tx:
        tx._connection.exec_driver_sql(f"UPDATE article_section SET section = 'world' WHERE seq = {moved.seq}")
    assert (store.find_strays().orphans, store.find_strays().misplaced) == ([], [moved.id])
    with store.write() as tx:
        assert tx.replace_places(moved) == {"macro", "world"}
    assert store.find_strays().misplaced == []
    assert [each.id for each in store.newest_live(("macro",), 5)] == [moved.id, kept.id]


@pytest.mark.parametrize("is_there", [False, True])
def test_a_lost_database_is_not_made_anew(site: Site, is_there: bool) -> None:
    """Started with an empty one, a service would make all feeds empty."""
    for path in site.folder.glob("feedsvc.db*"):
        if path.is_file():
            path.unlink()
    database = site.folder / "feedsvc.db"
    if is_there:
        database.touch()
    ((where, what, by),) = complaints(site, "--mend")
    assert (where, by) == ("database", "you")
    assert ("empty" if is_there else "no file") in what
    assert database.stat().st_size == 0 if is_there else not database.exists()


def test_a_bucket_is_looked_at_and_left_to_the_worker(site: Site, server: S3Server, hand: Hand) -> None:
    config = site.config.read_text("utf-8")
    site.config.write_text(f"{config}\nbucket: {{url: {hand.url}, endpoint: '{server.endpoint}'}}\n", "utf-8")
    assert complaints(site, expect=0) == []
    with site.opened() as runtime:
        ledger = runtime.store.ledger(hand.url)
        lease = ledger.take("somebody", None, 30)
        assert lease is not None
        parcel = Parcels(runtime.settings, runtime.store, runtime.folder_id).of("macro")[0]
        assert runtime.settings.bucket is not None
        porter = Porter(Bucket(runtime.settings.bucket), ledger, runtime.folder, lambda: 60.0)
        ledger.note(lease, [porter.settle(parcel, porter.read(parcel) or b"")])
    assert complaints(site, expect=0) == []
    hand.put("macro.rss", b"altered")
    ((where, what, by),) = complaints(site, "--mend")
    assert (where, by) == ("bucket", "you")
    assert what == "macro.rss: is not there, or not as it was left"
    trouble = "can't put tech.rss: the store answers AccessDenied. Give the credentials the rights"
    with site.opened() as runtime:
        with runtime.store.write() as tx:
            tx.beat(runtime.folder_id, runtime.clock(), None)
        runtime.store.ledger(hand.url).beat(lease, {"trouble": trouble, "since": "2026-03-02T08:00:00Z"})
    assert ("bucket", f"the worker that carries there says: {trouble}", "you") in complaints(site)
    site.change_config(server.endpoint, f"http://127.0.0.1:{free_port()}")
    ((where, what, _),) = complaints(site)
    assert where == "bucket"
    assert what.endswith("can't list what lies there: it can't be reached")
