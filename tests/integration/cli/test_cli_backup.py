"""`backup`, `restore` and `db copy`: nothing is lost, nothing is mixed, and the feeds are the same to the byte."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest
from click.testing import Result
from sqlalchemy import Engine, event

from commands import Site
from feedsvc import archive as archives
from feedsvc.publish import withdraw
from feedsvc.store import Store, copying
from feedsvc.tokens import hash_token

TAKEN_IN = [table.name for table in copying.TAKEN_IN]
COPIED = [*TAKEN_IN, *(table.name for table in copying.MADE)]


@pytest.fixture(scope="module")
def _full_site(_sample_site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With archives, a withdrawn and a scheduled article, a draft, a token; all feeds live."""
    site = Site(tmp_path_factory.mktemp("full") / "site")
    shutil.copytree(_sample_site, site.folder)
    site.change_config("    title: 宏观\n", "    title: 宏观\n    limit: 1\n")
    site.run("token", "create", "--name", "cms")
    site.run("article", "add", "--title", "草稿", "--summary", "未写完。", "--section", "world", "--draft")
    with site.opened() as runtime:
        article = runtime.store.article_by_external_id("sample-world-ferry")
        assert article is not None
        withdraw(runtime.store, runtime.clock, article.id)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archives, "ARCHIVE_ENTRIES", 2)
        site.run("regenerate", "--all")
    assert (site.feeds / "macro/archive/1.atom").exists()
    return site.folder


@pytest.fixture
def full_site(_full_site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """One of this test's own."""
    monkeypatch.setattr(archives, "ARCHIVE_ENTRIES", 2)
    shutil.copytree(_full_site, tmp_path / "site")
    return Site(tmp_path / "site")


def run_on(url: str, site: Site, *arguments: str) -> Result:
    return site.run(*arguments, FEEDSVC_DATABASE_URL=url)


def rows(database: Path, tables: list[str] = TAKEN_IN) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(database)) as connection:
        return {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in tables}


def documents(site: Site) -> dict[str, bytes]:
    """All that is served, twins aside, whose bytes hang on libraries."""
    found = (path.relative_to(site.feeds) for path in site.feeds.rglob("*") if path.is_file())
    return {
        str(path): (site.feeds / path).read_bytes()
        for path in found
        if path.suffix in {".rss", ".atom", ".json", ".opml"} and not any(part[0] == "." for part in path.parts)
    }


def empty(site: Site) -> None:
    """As on a new machine: the database and the feeds are gone."""
    for path in site.folder.glob("feedsvc.db*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(site.feeds)


def test_everything_deleted_comes_back_to_the_byte(full_site: Site, tmp_path: Path) -> None:
    before, stored = documents(full_site), rows(full_site.folder / "feedsvc.db")
    told = full_site.run("backup", tmp_path / "news.backup", "--check").stderr
    assert f"{len(before)} documents would be the same" in told
    empty(full_site)
    full_site.config.unlink()
    told = full_site.run("restore", tmp_path / "news.backup").stderr
    assert "config.yaml is written as it was" in told
    assert rows(full_site.folder / "feedsvc.db") == stored
    full_site.run("regenerate", "--all")
    assert documents(full_site) == before
    assert "cms" in full_site.run("token", "list").stdout


def test_a_backup_holds_what_cannot_be_made_again_and_nothing_else(full_site: Site, tmp_path: Path) -> None:
    full_site.run("backup", tmp_path / "news.backup")
    found = rows(tmp_path / "news.backup", COPIED)
    assert {name for name, lying in found.items() if not lying} == {*COPIED[len(TAKEN_IN) :], "quarantine"}
    assert stat.S_IMODE((tmp_path / "news.backup").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob("*news*")] == ["news.backup"]  # no log beside it, no left-over


def test_a_backup_is_of_one_moment_while_others_write(full_site: Site, tmp_path: Path) -> None:
    """A writer who is in the midst of it keeps nobody waiting, and what it has not committed is not there."""
    is_writing, may_end = Event(), Event()

    def write() -> None:
        with full_site.opened() as runtime, runtime.store.write() as tx:
            tx.add_token("late", hash_token("late"), (), runtime.clock())
            is_writing.set()
            may_end.wait(60)

    writer = Thread(target=write)
    writer.start()
    try:
        assert is_writing.wait(60)
        full_site.run("backup", tmp_path / "news.backup")
    finally:
        may_end.set()
        writer.join()
    assert len(rows(tmp_path / "news.backup")["token"]) == 1
    assert len(rows(full_site.folder / "feedsvc.db")["token"]) == 2


def test_a_backup_replaces_none_unasked(full_site: Site, tmp_path: Path) -> None:
    path = tmp_path / "news.backup"
    content = write_yesterdays(path)
    assert "--replace" in full_site.run("backup", path, expect=1).stderr
    assert path.read_bytes() == content
    full_site.run("backup", path, "--replace")
    assert len(rows(path)["token"]) == 1
    path.write_bytes(b"")  # mktemp's
    full_site.run("backup", path, "--replace")
    assert len(rows(path)["token"]) == 1


def write_yesterdays(path: Path) -> bytes:
    run_sql(path, "CREATE TABLE backup (version TEXT, made TEXT, database TEXT, config TEXT)")
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("feedsvc.db", "is the database that is in use"),
        ("link.db", "is the database that is in use"),
        ("config.yaml", "is no backup, and stays as it is"),
        ("other.db", "is no backup, and stays as it is"),
    ],
)
def test_a_slip_of_the_pen_replaces_nothing_but_a_backup(full_site: Site, name: str, told: str) -> None:
    (full_site.folder / "link.db").symlink_to("feedsvc.db")
    run_sql(full_site.folder / "other.db", "CREATE TABLE another (service)")
    run_sql(full_site.folder / "feedsvc.db", "CREATE TABLE backup (version)")  # as in one that was copied, not restored
    path = full_site.folder / name
    before = path.stat().st_ino, path.read_bytes()
    assert told in full_site.run("backup", path, "--replace", expect=1).stderr
    assert (path.stat().st_ino, path.read_bytes()) == before


def test_what_another_hand_wrote_is_in_the_backup_as_it_is(full_site: Site, tmp_path: Path) -> None:
    with closing(sqlite3.connect(full_site.folder / "feedsvc.db")) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("UPDATE article SET title = x'ff00', published = 'then', tags = 'no json' WHERE seq = 2")
        connection.execute("INSERT INTO article_section VALUES ('macro', 999, 'live', 'then', NULL, 0)")
    full_site.run("backup", tmp_path / "news.backup")
    assert rows(tmp_path / "news.backup") == rows(full_site.folder / "feedsvc.db")


def test_a_full_disk_leaves_the_last_backup(full_site: Site, full_disk: Path) -> None:
    path = full_disk / "news.backup"
    content = write_yesterdays(path)
    told = full_site.run("backup", path, "--replace", expect=1).stderr
    assert "full" in told
    assert path.read_bytes() == content
    assert [each.name for each in full_disk.iterdir()] == ["news.backup"]


def test_a_backup_is_written_where_others_can_put_nothing_in_its_way(full_site: Site, tmp_path: Path) -> None:
    path, victim = tmp_path / "news.backup", tmp_path / "victim"
    victim.write_text("precious")
    for planted in (".news.backup.part", ".news.backup.part-journal"):
        (tmp_path / planted).symlink_to(victim)
    full_site.run("backup", path)
    assert victim.read_text() == "precious"
    left = tmp_path / ".news.backup.part"  # as by a kill
    left.mkdir()
    (left / "news.backup").write_text("half")
    full_site.run("backup", path, "--replace")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not left.exists()


def test_ctrl_c_within_a_statement_ends_quietly(full_site: Site, tmp_path: Path) -> None:
    def press(*told: object) -> None:
        if str(told[2]).startswith("INSERT INTO main.article "):
            raise KeyboardInterrupt

    event.listen(Engine, "after_cursor_execute", press)
    try:
        told = full_site.run("backup", tmp_path / "news.backup", expect=130).stderr
    finally:
        event.remove(Engine, "after_cursor_execute", press)
    assert not told.strip()
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_folder_that_is_not_there_is_named(full_site: Site, tmp_path: Path) -> None:
    told = full_site.run("backup", tmp_path / "none/news.backup", expect=1).stderr
    assert "none/news.backup can't be written: No such file or directory" in told


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda path: path.unlink(), "There is no backup"),
        (lambda path: path.write_text("some text, and more of it" * 100), "is no backup of feedsvc"),
        (lambda path: path.write_bytes(path.read_bytes()[:60_000]), "damaged"),
        (lambda path: run_sql(path, "DROP TABLE backup"), "is a database, but no backup"),
        (lambda path: run_sql(path, "DELETE FROM backup"), "is no backup of feedsvc"),
        (lambda path: run_sql(path, "UPDATE alembic_version SET version_num = '9999'"), "made by a newer feedsvc"),
    ],
)
def test_what_is_no_whole_backup_is_refused_and_changes_nothing(
    full_site: Site, tmp_path: Path, spoil: object, told: str
) -> None:
    path = tmp_path / "news.backup"
    full_site.run("backup", path)
    empty(full_site)
    assert callable(spoil)
    spoil(path)
    assert told in full_site.run("restore", path, expect=1).stderr
    assert not (full_site.folder / "feedsvc.db").exists()


ENDLESS = "WITH RECURSIVE more(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more)"


@pytest.mark.parametrize(
    "statements",
    [
        ["DROP TABLE backup", f"CREATE VIEW backup AS {ENDLESS} SELECT n AS version, n, n, n FROM more WHERE n < 0"],
        ["DROP TABLE quarantine", f"CREATE VIEW quarantine AS {ENDLESS} SELECT n AS article_id FROM more"],
        ["CREATE TRIGGER sly AFTER UPDATE ON alembic_version BEGIN DELETE FROM token; END"],
        ["ALTER TABLE section ADD COLUMN sly AS (hex(zeroblob(100000000)))"],
        ["CREATE INDEX sly ON section (hex(slug))"],
        ["CREATE VIRTUAL TABLE sly USING fts5(words)"],
    ],
)
def test_a_backup_that_would_run_statements_is_refused_before_it_runs_one(
    full_site: Site, tmp_path: Path, statements: list[str]
) -> None:
    path = tmp_path / "news.backup"
    full_site.run("backup", path)
    empty(full_site)
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    told = full_site.run("restore", path, expect=1).stderr
    assert "no plain table or index" in told
    assert not (full_site.folder / "feedsvc.db").exists()


def test_a_journal_that_lies_beside_a_backup_is_not_played_back(full_site: Site, tmp_path: Path) -> None:
    """It may name any file, which SQLite then deletes (sqlite.org/atomiccommit.html, section 5.5)."""
    path = tmp_path / "news.backup"
    full_site.run("backup", path)
    victim, content = tmp_path / "victim", path.read_bytes()
    victim.write_text("precious")
    Path(f"{path}-journal").write_bytes(journal_of(path, naming=victim))
    empty(full_site)
    full_site.run("restore", path)
    assert victim.exists()
    assert path.read_bytes() == content


def journal_of(database: Path, naming: Path) -> bytes:
    """Of a transaction over several files that changed no page (sqlite.org/fileformat.html, section 3)."""
    page_bytes, name = 4096, str(naming).encode("ascii")
    magic = bytes.fromhex("d9d505f920a163d7")
    numbers = (0, 0, database.stat().st_size // page_bytes, 512, page_bytes)
    head = magic + b"".join(number.to_bytes(4) for number in numbers)
    page = 0x4000_0000 // page_bytes + 1
    end = page.to_bytes(4) + name + len(name).to_bytes(4) + sum(name).to_bytes(4) + magic
    return head.ljust(512, b"\0") + end


def run_sql(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(statement)


def test_an_older_backup_is_brought_up_to_date_and_stays_as_it_is(full_site: Site, tmp_path: Path) -> None:
    path = tmp_path / "news.backup"
    full_site.run("backup", path)
    run_sql(path, "DROP INDEX article_section_all_published")
    run_sql(path, "DROP INDEX article_section_all_updated")
    run_sql(path, "DROP INDEX article_scheduled")
    run_sql(path, "DROP TABLE bucket_lease")
    run_sql(path, "DROP TABLE bucket_object")
    run_sql(path, "CREATE INDEX article_by_time ON article (state, published, seq)")
    run_sql(path, "UPDATE alembic_version SET version_num = '0004'")
    content = path.read_bytes()
    before = rows(full_site.folder / "feedsvc.db")
    empty(full_site)
    full_site.run("restore", path)
    assert rows(full_site.folder / "feedsvc.db") == before
    assert path.read_bytes() == content


def test_nothing_is_restored_over_articles(full_site: Site, tmp_path: Path) -> None:
    full_site.run("backup", tmp_path / "news.backup")
    before = rows(full_site.folder / "feedsvc.db")
    assert "holds articles or tokens already" in full_site.run("restore", tmp_path / "news.backup", expect=1).stderr
    assert rows(full_site.folder / "feedsvc.db") == before


def test_nothing_is_restored_beside_a_service(full_site: Site, tmp_path: Path) -> None:
    full_site.run("backup", tmp_path / "news.backup")
    empty(full_site)
    with full_site.opened() as runtime, runtime.store.write() as tx:
        tx.beat(runtime.folder_id, runtime.clock(), {})
    assert "stop it first" in full_site.run("restore", tmp_path / "news.backup", expect=1).stderr
    assert not rows(full_site.folder / "feedsvc.db")["article"]


def test_a_copy_in_postgresql_makes_the_same_feeds(full_site: Site, empty_postgres_url: str, tmp_path: Path) -> None:
    before, stored = documents(full_site), rows(full_site.folder / "feedsvc.db")
    told = full_site.run("db", "copy", "-", stdin=f"{empty_postgres_url}\n").stderr
    assert f"{len(before)} documents would be the same" in told
    assert "live" in run_on(empty_postgres_url, full_site, "status").stdout
    with full_site.opened() as runtime:
        assert runtime.regenerator.stale(runtime.settings) == []
    shutil.rmtree(full_site.feeds)
    run_on(empty_postgres_url, full_site, "regenerate", "--all")
    assert documents(full_site) == before
    # What comes next is numbered behind what came along.
    run_on(empty_postgres_url, full_site, "token", "create", "--name", "other")
    run_on(
        empty_postgres_url,
        full_site,
        "article",
        "add",
        "--title",
        "新的一篇",
        "--summary",
        "短讯。",
        "--section",
        "tech",
    )
    # And the way back.
    run_on(empty_postgres_url, full_site, "token", "revoke", "other")
    back = tmp_path / "back.db"
    run_on(empty_postgres_url, full_site, "db", "copy", f"sqlite:///{back}")
    found = rows(back)
    assert len(found["article"]) == len(stored["article"]) + 1
    assert set(stored["article"]) <= set(found["article"])
    assert found["section"] != []


def test_a_backup_of_postgresql_comes_back_in_sqlite(full_site: Site, empty_postgres_url: str, tmp_path: Path) -> None:
    stored = rows(full_site.folder / "feedsvc.db")
    full_site.run("db", "copy", empty_postgres_url)
    full_site.run("backup", tmp_path / "news.backup", FEEDSVC_DATABASE_URL=empty_postgres_url)
    empty(full_site)
    full_site.run("restore", tmp_path / "news.backup")
    assert rows(full_site.folder / "feedsvc.db") == stored


def test_a_row_that_another_database_would_not_take_is_named_and_nothing_is_kept(
    full_site: Site, empty_postgres_url: str
) -> None:
    run_sql(full_site.folder / "feedsvc.db", "UPDATE article SET published = 'then' WHERE seq = 2")
    told = full_site.run("db", "copy", empty_postgres_url, expect=1).stderr
    assert "Table article, row 2: the column published is no whole number of seconds" in told
    run_sql(full_site.folder / "feedsvc.db", "UPDATE article SET published = updated WHERE seq = 2")
    full_site.run("db", "copy", empty_postgres_url)


def test_a_copy_within_sqlite_is_whole(full_site: Site, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    full_site.run("db", "copy", f"sqlite:///{other}")
    assert rows(other, COPIED) == rows(full_site.folder / "feedsvc.db", COPIED)
    assert "already" in full_site.run("db", "copy", f"sqlite:///{other}", expect=1).stderr
    told = full_site.run("db", "copy", f"sqlite:///{full_site.folder / 'feedsvc.db'}", expect=1).stderr
    assert "in use" in told


def test_a_relative_copy_lies_where_config_yaml_will_look_for_it(
    full_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    full_site.run("db", "copy", "sqlite:///other.db")
    assert rows(full_site.folder / "other.db") == rows(full_site.folder / "feedsvc.db")
    assert not list(elsewhere.iterdir())


def migrate(url: str) -> None:
    with closing(Store.open(url)) as store:
        store.migrate()


def test_what_does_not_read_back_as_it_was_written_is_not_kept(
    full_site: Site, empty_postgres_url: str, tmp_path: Path
) -> None:
    """A database that alters what it is given: a trigger takes the place of a fault that nobody knows yet."""
    other = tmp_path / "other.db"
    migrate(f"sqlite:///{other}")
    run_sql(
        other,
        "CREATE TRIGGER alter_title AFTER INSERT ON article WHEN new.seq = 3 BEGIN"
        " UPDATE article SET title = 'another' WHERE seq = 3; END",
    )
    told = full_site.run("db", "copy", f"sqlite:///{other}", expect=1).stderr
    assert "Table article: of" in told
    assert not rows(other)["article"]
    migrate(empty_postgres_url)
    run_postgresql(
        empty_postgres_url,
        "CREATE FUNCTION alter_title() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF new.seq = 3 THEN new.title := 'another'; END IF; RETURN new; END $$;"
        "CREATE TRIGGER alter_title BEFORE INSERT ON article FOR EACH ROW EXECUTE FUNCTION alter_title()",
    )
    told = full_site.run("db", "copy", empty_postgres_url, expect=1).stderr
    assert "Table article, row 3 does not read back as it was written (title)" in told


def run_postgresql(url: str, statement: str) -> None:
    import psycopg  # noqa: PLC0415  # as the fixtures do, where there is one

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_feeds_that_a_copy_would_make_otherwise_are_named(full_site: Site, tmp_path: Path) -> None:
    """Whatever is the reason: a document on disk is another one."""
    (full_site.feeds / "world.rss").write_bytes(b"<rss/>")
    told = full_site.run("db", "copy", f"sqlite:///{tmp_path / 'other.db'}", expect=1).stderr
    assert "Would be others: " in told
    assert "rss" in told


def test_a_config_that_leads_nowhere_is_not_left_behind(full_site: Site, tmp_path: Path) -> None:
    """Else the next try would take it for the admin's own."""
    full_site.run("backup", tmp_path / "news.backup")
    full_site.config.unlink()
    (full_site.folder / ".config.yaml.accepted").unlink(missing_ok=True)
    assert "holds articles or tokens already" in full_site.run("restore", tmp_path / "news.backup", expect=1).stderr
    assert not [path.name for path in full_site.folder.iterdir() if "config.yaml" in path.name]


def test_a_url_that_config_yaml_would_not_take_is_refused_first(full_site: Site) -> None:
    told = full_site.run("db", "copy", "postgres://someone:secret@db/news", expect=2).stderr
    assert "Write postgresql:// at its beginning" in told
    assert "secret" not in told
