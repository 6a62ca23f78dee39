"""The newest of very many sections: one way to them reads what stands in any, the other each section's own."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from feedsvc.model import Article, ArticleInput, MemberState, State, Withdrawal
from feedsvc.store import Store, queries
from feedsvc.store.queries import Time
from plans import NOON, asked, fill, postgresql_plans, sqlite_plan_of, steps

if TYPE_CHECKING:
    from collections.abc import Collection

MANY = tuple(f"s{number:02}" for number in range(60))
OTHERS = tuple(f"other{number}" for number in range(20))
IN_PLACE = (MemberState.LIVE, MemberState.NOTICE)


def write_at_random(store: Store, articles: int) -> list[Article]:
    """Articles of all states, in one to three sections, with few different times."""
    chance = random.Random(11)
    stored = []
    with store.write() as tx:
        for number in range(articles):
            named = tuple(chance.sample((*MANY, *OTHERS), chance.randint(1, 3)))
            published = NOON + timedelta(minutes=chance.randrange(40))
            article = tx.insert_article(
                ArticleInput(title=f"第{number}篇", sections=named),
                id=f"id{number}",
                entry_id=f"urn:{number}",
                state=chance.choice((State.LIVE, State.LIVE, State.DRAFT, State.SCHEDULED)),
                published=published,
                updated=published,
                now=NOON,
            )
            if article.state is State.LIVE and chance.random() < 0.3:  # of them are withdrawn
                at = published + timedelta(minutes=chance.randrange(90))
                gone = Withdrawal(at=at, shown_in=named[: chance.randint(0, 1)])
                article = replace(article, state=State.WITHDRAWN, updated=at, withdrawal=gone)
                tx.update_article(article)
            stored.append(article)
    return stored


def expected(
    stored: Collection[Article], states: tuple[MemberState, ...], limit: int, by: Time, since: datetime | None
) -> list[str]:
    """The rule itself, on plain values."""
    standing = [
        (getattr(each, by), each.seq, each.id)
        for each in stored
        if any(each.state_in(slug) in states for slug in each.sections if slug in MANY)
    ]
    newest = sorted((each for each in standing if since is None or each[0] >= since), reverse=True)
    return [article_id for _, _, article_id in newest[:limit]]


@pytest.mark.parametrize("walks", [queries._WALKS, (1, 2), ()], ids=["walked", "hardly ever", "each section's own"])
def test_each_way_finds_the_same(store: Store, monkeypatch: pytest.MonkeyPatch, walks: tuple[int, ...]) -> None:
    stored = write_at_random(store, 300)
    monkeypatch.setattr(queries, "_WALKS", walks)
    for states in (IN_PLACE, (MemberState.LIVE,), (MemberState.TOMBSTONE,)):
        for limit in (1, 7, 50, 500):
            for since in (None, NOON + timedelta(minutes=30)):
                for by in ("published", "updated"):
                    found = store.newest(MANY, limit, states, by=by, since=since)
                    assert [each.id for each in found] == expected(stored, states, limit, by, since)


def test_of_all_sections_one_index_is_read(sqlite_store: Store) -> None:
    fill(sqlite_store, 400, MANY)
    found = sqlite_plan_of(sqlite_store, lambda: sqlite_store.newest(MANY, 50, IN_PLACE))
    index = "article_section USING COVERING INDEX article_section_all_published"
    by_key = "SEARCH article USING INTEGER PRIMARY KEY (rowid=?)"
    assert found == [*[f"SEARCH {index} (state=? AND published>?)"] * 2, by_key]
    found = sqlite_plan_of(sqlite_store, lambda: sqlite_store.newest(MANY, 50, (MemberState.TOMBSTONE,), by="updated"))
    assert found == ["SEARCH article_section USING COVERING INDEX article_section_all_updated (state=? AND updated>?)"]


def test_postgresql_reads_that_index_too(postgres_store: Store) -> None:
    fill(postgres_store, 4_000, MANY)
    with postgres_store._database.write() as connection:
        connection.execute(text("ANALYZE"))
    with asked(postgres_store) as sent:
        postgres_store.newest(MANY, 50, IN_PLACE)
        postgres_store.newest(MANY, 50, (MemberState.TOMBSTONE,), by="updated")
    plans = postgresql_plans(postgres_store, [each for each in sent if "FROM article_section" in each.statement])
    assert ["all_published" in plan for plan in plans] == [True, True, False]
    assert "all_updated" in plans[2]
    assert not [plan for plan in plans if "Seq Scan" in plan or "Sort" in plan]


def test_a_rare_member_among_very_many_others_is_no_reason_for_a_scan(sqlite_store: Store) -> None:
    """No more is read in vain than a bound, however many others there are and however few members."""

    def ask() -> None:
        found.append(sqlite_store.newest(MANY, 10, IN_PLACE))

    found: list[list[Article]] = []
    fill(sqlite_store, 20, MANY, first=100_000, age=timedelta(days=9))
    fill(sqlite_store, 1_000, OTHERS)
    few = steps(sqlite_store, ask)
    with sqlite_store._database.write() as connection:
        connection.execute(text("DELETE FROM article_section WHERE seq < 100000"))
        connection.execute(text("DELETE FROM article WHERE seq < 100000"))
    fill(sqlite_store, 20_000, OTHERS)
    many = steps(sqlite_store, ask)
    assert len(found[0]) == 10
    assert [each.id for each in found[0]] == [each.id for each in found[1]]
    assert many < few * 1.2
