"""PostgreSQL crashes in the midst of a long command: it says so, nothing is half done, and to run it again works."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, event

from commands import Site
from engine import newsroom_on
from feedsvc.cli import import_ as importing
from feedsvc.runtime import now
from feedsvc.store import Store
from newsroom import CONFIG

if TYPE_CHECKING:
    from integration.conftest import PostgresServer

ARTICLES = 5

# SQLAlchemy leaves a cursor open whose connection is gone, and psycopg tells of it.
pytestmark = pytest.mark.filterwarnings("ignore:.*ServerCursor.*:ResourceWarning")


def fill(url: str, folder: Path) -> Site:
    """A site on this database, with articles and feeds."""
    with newsroom_on(url, folder, now) as newsroom:
        for number in range(ARTICLES):
            newsroom.put(external_id=f"a{number}", title=f"第{number}篇")
        newsroom.regenerate()
    return Site(folder)


@contextmanager
def crashing(server: PostgresServer, statement: str, *, times: int = 1) -> Iterator[None]:
    """Within the block it crashes before the first such statement, or the `times`th; afterwards it runs again."""
    seen = 0

    def see(_connection: Any, _cursor: Any, said: str, *_: Any) -> None:
        nonlocal seen
        if said.startswith(statement):
            seen += 1
            if seen == times:
                server.crash()

    event.listen(Engine, "before_cursor_execute", see)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", see)
        server.start()
    assert seen >= times


def run_in_vain(site: Site, *arguments: str | Path) -> str:
    """What a command says when PostgreSQL is gone in the midst of it."""
    said = site.run(*arguments, expect=1).stderr
    assert "Database postgresql://" in said
    assert "next call opens a new one" in said or "PostgreSQL" in said
    assert "Traceback" not in said
    return said


def count_articles(url: str) -> int:
    with closing(Store.open(url)) as store:
        return len(store.list_articles())


def test_a_copy_into_postgresql(
    sqlite_url: str, empty_postgres_url: str, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    site = fill(sqlite_url, tmp_path / "site")
    with crashing(postgres_server, "INSERT INTO article_section "):
        run_in_vain(site, "db", "copy", empty_postgres_url)
    with closing(Store.open(empty_postgres_url)) as store:
        assert store.is_unused()
    assert f"{ARTICLES} articles" in site.run("db", "copy", empty_postgres_url).stderr
    assert count_articles(empty_postgres_url) == ARTICLES


def test_a_copy_and_a_backup_out_of_postgresql(
    postgres_url: str, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    site, url, backup = fill(postgres_url, tmp_path / "site"), f"sqlite:///{tmp_path / 'other.db'}", tmp_path / "one"
    with crashing(postgres_server, "INSERT INTO article "):
        run_in_vain(site, "db", "copy", url)
    assert count_articles(url) == 0
    assert f"{ARTICLES} articles" in site.run("db", "copy", url).stderr
    assert count_articles(url) == ARTICLES
    with crashing(postgres_server, "INSERT INTO article "):
        run_in_vain(site, "backup", backup)
    assert not [path for path in tmp_path.iterdir() if "one" in path.name]
    site.run("backup", backup)
    assert count_articles(f"sqlite:///{backup}") == ARTICLES


def test_an_import_and_a_restore_into_postgresql(
    postgres_url: str,
    sqlite_url: str,
    postgres_server: PostgresServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importing, "_AT_ONCE", 2)
    backup, file = tmp_path / "news.backup", tmp_path / "articles.jsonl"
    fill(sqlite_url, tmp_path / "old").run("backup", backup)
    site = Site(tmp_path / "site")
    site.folder.mkdir()
    site.config.write_text(f"{CONFIG}database: '{postgres_url}'\n", "utf-8")
    with crashing(postgres_server, "INSERT INTO article_section "):
        run_in_vain(site, "restore", backup)
    assert count_articles(postgres_url) == 0
    site.run("restore", backup)
    assert count_articles(postgres_url) == ARTICLES
    lines = (
        {"external_id": f"b{number}", "title": "题", "sections": ["macro"], "summary": "文"} for number in range(5)
    )
    file.write_text("".join(f"{json.dumps(each)}\n" for each in lines), "utf-8")
    with crashing(postgres_server, "INSERT INTO article ", times=3):
        said = run_in_vain(site, "import", file)
    assert "run it again: the rest comes, and nothing twice" in said
    assert count_articles(postgres_url) == ARTICLES + 2
    site.run("import", file)
    assert count_articles(postgres_url) == ARTICLES + 5
