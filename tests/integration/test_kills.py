"""kill -9 before each single step of what lasts: readers keep whole documents, and one more run finishes the job."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import MetaData, Table, select, text

from dying import ALL, BATCH, STATEMENTS, Death, Reaper, reaper
from engine import newsroom_on, temp_names
from feedsvc.audit import audit, audit_archives
from feedsvc.model import ArticleInput
from feedsvc.output import CODINGS, unpack
from feedsvc.parse import parse_feed
from feedsvc.publish import put
from feedsvc.runtime import Runtime, now
from feedsvc.store import Store
from feedsvc.store.migrate import alembic_config
from feedsvc.store.schema import REVISION

NEVER = 1_000_000

NAMES = "abc"
"""One more than an import stores in a transaction here."""

pytestmark = pytest.mark.uncounted

CONFIG = """\
site: {title: 江畔新闻, base_url: "https://news.example.org", language: zh-Hans}
sections:
  macro: {title: 宏观, limit: 3, formats: [atom]}
"""


@pytest.fixture(scope="module")
def killer() -> Iterator[Reaper]:
    with reaper() as one:
        yield one


def read_live(runtime: Runtime) -> str:
    """The live document as a reader gets it, whole, and in each coding the same."""
    document = runtime.folder.read("macro", "atom")
    assert document is not None
    assert not parse_feed(document.content, "application/atom+xml").fault
    for coding in CODINGS:
        twin = runtime.folder.read_twin("macro", "atom", coding, document.mtime)
        assert twin is None or unpack(coding, twin, len(document.content)) == document.content
    return document.content.decode()


def finish(runtime: Runtime) -> None:
    """What the worker does when it finds the section stale; then all is as if nobody had been killed."""
    result = runtime.regenerator.regenerate(runtime.settings, "macro")
    assert (result.error, result.twin_error, result.quarantined) == (None, None, ())
    assert runtime.regenerator.archivist.bring_up(runtime.settings, "macro").error is None
    assert "macro" not in runtime.regenerator.survey(runtime.settings).stale


def count_articles(store: Store, external_id: str) -> int:
    with store._database.read() as connection:
        counted = text("SELECT count(*) FROM article WHERE external_id = :id")
        return int(connection.execute(counted, {"id": external_id}).scalar_one())


def test_of_storing_and_publishing_an_article(killer: Reaper, store_url: str, tmp_path: Path) -> None:
    with newsroom_on(store_url, tmp_path / "site", now, CONFIG) as newsroom:
        runtime = newsroom.runtime
        for number in range(4):
            newsroom.put(title=f"旧闻{number}")
        newsroom.regenerate()
        config = str(runtime.settings.path)
        last, steps = read_live(runtime), []
        # The files are the same with either database.
        kinds = ALL if store_url.startswith("sqlite") else STATEMENTS

        def give(step: int) -> list[Any]:
            return [config, f"kill-{step}", f"第{step}篇。"]

        for number, death in killer.walk("publish", give, kinds=kinds):
            steps.append(death.step)
            title = f"第{number}篇。"
            live = read_live(runtime)
            assert live == last or title in live, death
            assert count_articles(runtime.store, f"kill-{number}") == 1 or not death.said, death
            newsroom.put(external_id=f"kill-{number}", title=title, content_html=f"<p>{title}</p>")
            assert count_articles(runtime.store, f"kill-{number}") == 1
            finish(runtime)
            last = read_live(runtime)
            assert title in last
        assert temp_names(runtime.folder.path) == []
        assert not audit(runtime, runtime.settings, "macro")
        archives = audit_archives(runtime, runtime.settings, "macro")
        assert archives
        assert not any(archives.values())
    assert set(steps) >= {"commit", "INSERT INTO", "UPDATE section"}
    assert kinds == STATEMENTS or set(steps) >= {"open", "rename", "sync", "delete", "link"}


def read_ids(store: Store, prefix: str) -> list[str]:
    with store._database.read() as connection:
        ids = text("SELECT external_id FROM article WHERE external_id LIKE :prefix ORDER BY 1")
        return list(connection.execute(ids, {"prefix": f"{prefix}-%"}).scalars())


def test_of_an_import(killer: Reaper, store_url: str, tmp_path: Path) -> None:
    """What came before the kill is whole transactions, and to run it again brings the rest and nothing twice."""
    with newsroom_on(store_url, tmp_path / "site", now, CONFIG) as newsroom:
        runtime, file = newsroom.runtime, tmp_path / "articles.jsonl"
        kinds = ALL if store_url.startswith("sqlite") else STATEMENTS

        def write_file(step: int) -> list[Any]:
            articles = (
                {"external_id": f"{step}-{number}", "title": "题", "sections": ["macro"], "summary": "文"}
                for number in NAMES
            )
            file.write_text("".join(f"{json.dumps(each)}\n" for each in articles), "utf-8")
            return [str(runtime.settings.path), str(file)]

        steps, come = [], set()
        for step, death in killer.walk("import", write_file, kinds=kinds):
            steps.append(death.step)
            come.add(len(read_ids(runtime.store, str(step))))
            again = killer.kill("import", [str(runtime.settings.path), str(file)], NEVER)
            assert again == Death(None, "done")
            assert read_ids(runtime.store, str(step)) == [f"{step}-{number}" for number in NAMES]
        assert come == {0, BATCH, len(NAMES)}
    assert steps.count("commit") == 2


@pytest.fixture(params=["sqlite", "postgresql"])
def older_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of the first version."""
    is_sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'older.db'}" if is_sqlite else str(request.getfixturevalue("empty_postgres_url"))
    store = Store.open(url)
    with store._database.write() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    store.close()
    return url


@pytest.fixture
def full(sqlite_store: Store) -> Store:
    """Articles of each kind that there was in the first version."""
    article = ArticleInput(title="题", sections=("macro", "tech"), summary="文", tags=("宏观",))
    for number in range(7):
        put(sqlite_store, now, replace(article, title=f"第{number}篇", draft=number == 3))
    with sqlite_store.write() as tx:
        tx.add_token("cms", "0" * 64, ("macro",), now())
    return sqlite_store


_Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def read_rows(store: Store, names: Mapping[str, Collection[str]]) -> _Rows:
    """As they lie there: table -> rows, of the columns that are named."""
    found = {}
    with store._database.read() as connection:
        for table, columns in names.items():
            there = Table(table, MetaData(), autoload_with=connection)
            asked = select(*(there.c[column] for column in columns)).order_by(*there.primary_key.columns)
            found[table] = [dict(row) for row in connection.execute(asked).mappings()]
    return found


def find_columns(store: Store) -> Mapping[str, Collection[str]]:
    with store._database.read() as connection:
        metadata = MetaData()
        metadata.reflect(connection)
        return {
            table.name: [column.name for column in table.columns]
            for table in metadata.sorted_tables
            if table.name != "alembic_version"
        }


def write_rows(store: Store, rows: _Rows) -> None:
    with store._database.write() as connection:
        for table, each in rows.items():
            there = Table(table, MetaData(), autoload_with=connection)
            for row in each:
                said = {name: value for name, value in row.items() if value is not None}
                connection.execute(there.insert().values(said))


def test_of_a_migration(killer: Reaper, older_url: str, full: Store) -> None:
    """The schema of before with all its rows, or the new one with the same, never one between; a start ends it."""
    steps = []
    store = Store.open(older_url)
    columns = find_columns(store)
    before = read_rows(full, columns)
    write_rows(store, before)
    # PostgreSQL takes longer, and begins each of them from nothing.
    for _, death in killer.walk("migrate", lambda _step: [older_url], stride=1 if store._database.is_sqlite else 4):
        steps.append(death.step)
        with store._database.read() as connection:
            revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        assert revision == (REVISION if death.step is None else "0001"), death
        assert read_rows(store, columns) == before, death
    assert len(before["article"]) == 7
    assert store.list_articles() == full.list_articles()
    assert store.newest_live(["macro"], 50) == full.newest_live(["macro"], 50)
    store.close()
    assert len(steps) > 4
