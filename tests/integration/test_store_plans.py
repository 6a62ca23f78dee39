"""The cost of a question follows its answer, not the archive: the databases' own plans say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, insert, text

from feedsvc.model import ArticleInput, MemberState, State
from feedsvc.store import Store, schema
from feedsvc.store.mapping import field_columns
from feedsvc.store.queries import Time

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECTIONS = ("macro", "finance", "sport", "world")


def fill(store: Store, articles: int) -> None:
    """That many live articles, each in two sections, and one scheduled in a hundred."""
    rows = []
    for number in range(1, articles + 1):
        fields = ArticleInput(title=f"第{number}篇", sections=(SECTIONS[number % 4], SECTIONS[(number + 1) % 4]))
        rows.append(
            field_columns(fields)
            | {"id": f"id{number}", "entry_id": f"urn:{number}", "is_permalink": False, "seq": number}
            | {"state": State.SCHEDULED if number % 100 == 0 else State.LIVE, "revision": 1}
            | {"published": NOON + timedelta(seconds=number * 7_919 % 100_003), "updated": NOON, "created": NOON}
        )
    places = [
        {
            "section": slug,
            "state": MemberState(row["state"].value),
            **{key: row[key] for key in ("seq", "published", "updated")},
        }
        for row in rows
        for slug in row["sections"]
    ]
    with store._database.write() as connection:
        connection.execute(insert(schema.article), rows)
        connection.execute(insert(schema.article_section), places)


@contextmanager
def statements(store: Store) -> Iterator[list[tuple[str, Any]]]:
    """The statements, with their values, that the store sends while the block runs."""
    engine: Engine = store._database._engine
    sent: list[tuple[str, Any]] = []

    def note(_connection: Connection, _cursor: object, statement: str, values: Any, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            sent.append((statement, values))

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def sqlite_plan(store: Store, question: Callable[[], object]) -> list[str]:
    """Every line of EXPLAIN QUERY PLAN for what the question sends."""
    with statements(store) as sent:
        question()
    with store._database.read() as connection:
        return [
            row.detail
            for statement, values in list(sent)
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]


def test_the_newest_of_one_section_are_read_off_an_index(sqlite_store: Store) -> None:
    fill(sqlite_store, 400)
    assert sqlite_plan(sqlite_store, lambda: sqlite_store.newest_live(["macro"], 50)) == [
        "SEARCH article_section USING COVERING INDEX article_section_newest (section=? AND state=? AND published>?)",
        "SEARCH article USING INTEGER PRIMARY KEY (rowid=?)",
    ]


def test_the_newest_of_several_sections_sort_only_what_each_gives(sqlite_store: Store) -> None:
    fill(sqlite_store, 400)
    plan = sqlite_plan(sqlite_store, lambda: sqlite_store.newest_live(SECTIONS, 50))
    searches = [line for line in plan if line.startswith("SEARCH article_section")]
    assert len(searches) == len(SECTIONS)
    assert all(
        "USING COVERING INDEX article_section_newest (section=? AND state=? AND published>?)" in line
        for line in searches
    )
    tables = {line.split()[1] for line in plan if line.startswith("SCAN")}
    assert not tables & {"article", "article_section"}


@pytest.mark.parametrize(
    ("states", "by", "index"),
    [
        ((MemberState.LIVE, MemberState.NOTICE), "published", "article_section_newest"),
        ((MemberState.TOMBSTONE,), "updated", "article_section_changed"),
    ],
)
def test_each_state_has_an_index_range_of_its_own(
    sqlite_store: Store, states: tuple[MemberState, ...], by: Time, index: str
) -> None:
    fill(sqlite_store, 400)
    plan = sqlite_plan(sqlite_store, lambda: sqlite_store.newest(SECTIONS, 50, states, by=by))
    searches = [line for line in plan if line.startswith("SEARCH article_section")]
    assert searches == [
        f"SEARCH article_section USING COVERING INDEX {index} (section=? AND state=? AND {by}>?)"
    ] * len(SECTIONS) * len(states)
    tables = {line.split()[1] for line in plan if line.startswith("SCAN")}
    assert not tables & {"article", "article_section"}


@pytest.mark.parametrize(
    ("question", "index"),
    [
        (lambda store: store.next_due(), "article_by_time"),
        (lambda store: store.due(NOON + timedelta(days=9)), "article_by_time"),
        (lambda store: store.count_articles(), "COVERING INDEX article_by_"),
        (lambda store: store.list_articles(state=State.LIVE, before_seq=90), "article_by_state"),
        (lambda store: store.sections_of_live([f"urn:{number}" for number in range(8)]), "(entry_id=?)"),
        (lambda store: store.articles_by_entry_id([f"urn:{number}" for number in range(8)]), "(entry_id=?)"),
    ],
)
def test_other_questions_use_their_index_and_sort_nothing(
    sqlite_store: Store, question: Callable[[Store], object], index: str
) -> None:
    fill(sqlite_store, 400)
    plan = sqlite_plan(sqlite_store, lambda: question(sqlite_store))
    assert any(index in line for line in plan)
    assert not [line for line in plan if "TEMP B-TREE" in line or line == "SCAN article"]


def test_archives_are_read_off_their_index(sqlite_store: Store) -> None:
    fill(sqlite_store, 400)
    with sqlite_store.write() as tx:
        tx.register_sections(["macro"], NOON, {"macro": "urn:macro"})
        tx.cut_archives("macro", (), 30, 1 << 30)
    tail = sqlite_plan(sqlite_store, lambda: sqlite_store.has_loose_end("macro", {1, 2, 3}))
    index = "article_section USING COVERING INDEX article_section_archived"
    assert tail == [f"SEARCH {index} (section=? AND archive=? AND state>? AND state<?)"]
    archive = sqlite_plan(sqlite_store, lambda: sqlite_store.archived("macro", 2))
    assert archive == [
        f"SEARCH {index} (section=? AND archive=? AND state=?)",
        "SEARCH article USING INTEGER PRIMARY KEY (rowid=?)",
    ]
    stale = sqlite_plan(sqlite_store, lambda: sqlite_store.stale_archives("here", "macro", "look"))
    assert [line.split(" (")[0] for line in stale] == [
        "SEARCH archive USING INDEX sqlite_autoindex_archive_1",
        "SEARCH archive_publication USING INDEX sqlite_autoindex_archive_publication_1",
    ]


def test_a_list_of_a_section_walks_its_key(sqlite_store: Store) -> None:
    fill(sqlite_store, 400)
    plan = sqlite_plan(sqlite_store, lambda: sqlite_store.list_articles(section="macro", before_seq=90))
    assert plan == [
        "SEARCH article_section USING PRIMARY KEY (section=? AND seq<?)",
        "SEARCH article USING INTEGER PRIMARY KEY (rowid=?)",
    ]


def steps(store: Store, question: Callable[[], object]) -> int:
    """How many instructions SQLite's machine ran, within 10, to answer."""
    ran = 0

    def tick() -> int:
        nonlocal ran
        ran += 10
        return 0

    with store._database.read() as connection:
        # The pool holds one connection here, which every question of this thread gets again.
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(tick, 10)
    question()
    driver.set_progress_handler(None, 0)
    return ran


def test_a_larger_archive_costs_no_more(sqlite_store: Store) -> None:
    def ask_for_all() -> None:
        for members in (["macro"], SECTIONS):
            sqlite_store.newest_live(members, 10)
            sqlite_store.newest(members, 10, (MemberState.LIVE, MemberState.NOTICE))
            sqlite_store.newest(members, 10, (MemberState.LIVE,), by="updated")
        sqlite_store.has_loose_end("macro", set(range(50)))
        sqlite_store.archived("macro", 1)
        sqlite_store.list_articles(limit=10)
        sqlite_store.next_due()
        with sqlite_store.write() as tx:
            article = tx.article("id7")
            assert article is not None
            tx.update_article(replace(article, title="改題"))

    fill(sqlite_store, 200)
    small = steps(sqlite_store, ask_for_all)
    with sqlite_store._database.write() as connection:
        connection.execute(text("DELETE FROM article_section"))
        connection.execute(text("DELETE FROM article"))
    fill(sqlite_store, 20_000)
    assert small > 100
    assert steps(sqlite_store, ask_for_all) < small * 1.2


def test_postgresql_reads_the_newest_off_the_index_too(postgres_store: Store) -> None:
    fill(postgres_store, 2_000)
    with postgres_store.write() as tx:
        tx.register_sections(["macro"], NOON, {"macro": "urn:macro"})
        tx.cut_archives("macro", set(range(1_900, 2_001)), 100, 1 << 30)
    with postgres_store._database.write() as connection:
        connection.execute(text("ANALYZE"))
    with statements(postgres_store) as sent:
        postgres_store.newest_live(["macro"], 50)
        postgres_store.newest_live(SECTIONS, 50)
        postgres_store.next_due()
        postgres_store.has_loose_end("macro", {1, 2, 3})
        postgres_store.archived("macro", 2)
    questions = [(statement, values) for statement, values in sent if "FROM article" in statement]
    assert len(questions) == 8
    plans = []
    with postgres_store._database.read() as connection:
        for statement, values in questions:
            rows = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, TIMING OFF) {statement}", values)
            plans.append("\n".join(row[0] for row in rows))
    one, several, due, tail, archive = plans[0], plans[2], *plans[4:7]
    assert "Seq Scan" not in f"{one}{several}{due}{tail}{archive}"
    assert tail.count("article_section_archived") == 1
    assert "Sort" not in tail
    assert "article_section_archived" in archive
    assert "Sort" not in one
    assert one.count("article_section_newest") == 1
    assert several.count("article_section_newest") == len(SECTIONS)
    assert "article_by_time" in due
