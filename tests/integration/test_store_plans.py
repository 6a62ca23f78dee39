"""The cost of a question follows its answer, not the archive: the databases' own plans say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from feedsvc.model import MemberState, State
from feedsvc.store import Store
from feedsvc.store.queries import Time
from plans import NOON, SECTIONS, asked, fill, postgresql_plans, sqlite_plan_of, steps


def test_the_newest_of_one_section_are_read_off_an_index(sqlite_store: Store) -> None:
    fill(sqlite_store, 400)
    assert sqlite_plan_of(sqlite_store, lambda: sqlite_store.newest_live(["macro"], 50)) == [
        "SEARCH article_section USING COVERING INDEX article_section_newest (section=? AND state=? AND published>?)",
        "SEARCH article USING INTEGER PRIMARY KEY (rowid=?)",
    ]


def test_the_newest_of_several_sections_sort_only_what_each_gives(sqlite_store: Store) -> None:
    fill(sqlite_store, 400)
    plan = sqlite_plan_of(sqlite_store, lambda: sqlite_store.newest_live(SECTIONS, 50))
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
    plan = sqlite_plan_of(sqlite_store, lambda: sqlite_store.newest(SECTIONS, 50, states, by=by))
    searches = [line for line in plan if line.startswith("SEARCH article_section")]
    assert searches == [
        f"SEARCH article_section USING COVERING INDEX {index} (section=? AND state=? AND {by}>?)"
    ] * len(SECTIONS) * len(states)
    tables = {line.split()[1] for line in plan if line.startswith("SCAN")}
    assert not tables & {"article", "article_section"}


@pytest.mark.parametrize(
    ("question", "index"),
    [
        (lambda store: store.next_due(), "article_scheduled"),
        (lambda store: store.due(NOON + timedelta(days=9)), "article_scheduled"),
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
    plan = sqlite_plan_of(sqlite_store, lambda: question(sqlite_store))
    assert any(index in line for line in plan)
    assert not [line for line in plan if "TEMP B-TREE" in line or line == "SCAN article"]


def test_archives_are_read_off_their_index(sqlite_store: Store) -> None:
    fill(sqlite_store, 400)
    with sqlite_store.write() as tx:
        tx.register_sections(["macro"], NOON, {"macro": "urn:macro"})
        tx.cut_archives("macro", (), 30, 1 << 30)
    tail = sqlite_plan_of(sqlite_store, lambda: sqlite_store.has_loose_end("macro", {1, 2, 3}))
    index = "article_section USING COVERING INDEX article_section_archived"
    assert tail == [f"SEARCH {index} (section=? AND archive=? AND state>? AND state<?)"]
    archive = sqlite_plan_of(sqlite_store, lambda: sqlite_store.archived("macro", 2))
    assert archive == [
        f"SEARCH {index} (section=? AND archive=? AND state=?)",
        "SEARCH article USING INTEGER PRIMARY KEY (rowid=?)",
    ]
    stale = sqlite_plan_of(sqlite_store, lambda: sqlite_store.stale_archives("here", "macro", "look"))
    assert [line.split(" (")[0] for line in stale] == [
        "SEARCH archive USING INDEX sqlite_autoindex_archive_1",
        "SEARCH archive_publication USING INDEX sqlite_autoindex_archive_publication_1",
    ]


def test_a_list_of_a_section_walks_its_key(sqlite_store: Store) -> None:
    fill(sqlite_store, 400)
    plan = sqlite_plan_of(sqlite_store, lambda: sqlite_store.list_articles(section="macro", before_seq=90))
    assert plan == [
        "SEARCH article_section USING PRIMARY KEY (section=? AND seq<?)",
        "SEARCH article USING INTEGER PRIMARY KEY (rowid=?)",
    ]


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
    with asked(postgres_store) as sent:
        postgres_store.newest_live(["macro"], 50)
        postgres_store.newest_live(SECTIONS, 50)
        postgres_store.next_due()
        postgres_store.has_loose_end("macro", {1, 2, 3})
        postgres_store.archived("macro", 2)
    questions = [each for each in sent if "FROM article" in each.statement]
    assert len(questions) == 8
    plans = postgresql_plans(postgres_store, questions, "(ANALYZE, TIMING OFF)")
    one, several, due, tail, archive = plans[0], plans[2], *plans[4:7]
    assert "Seq Scan" not in f"{one}{several}{due}{tail}{archive}"
    assert tail.count("article_section_archived") == 1
    assert "Sort" not in tail
    assert "article_section_archived" in archive
    assert "Sort" not in one
    assert one.count("article_section_newest") == 1
    assert several.count("article_section_newest") == len(SECTIONS)
    assert "article_scheduled" in due
