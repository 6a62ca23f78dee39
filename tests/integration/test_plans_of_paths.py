"""On no path of a poll, a publication or a page does a database read a table from end to end, or sort what it read."""

from __future__ import annotations

import re

import pytest

from engine import run
from feedsvc.publish import withdraw
from feedsvc.store import Store
from newsroom import Newsroom
from plans import Question, asked, crowd, fill, postgresql_plans, sqlite_plan

COUNTERS = "sum(section.generation)"
"""Adds up a row for each section, not for each article: what tells whether anything moved anywhere."""

TABLES = frozenset(
    {"article", "article_section", "archive", "archive_publication", "document_version", "publication", "proof"}
    | {"quarantine", "section", "token"}
)

SORT = re.compile(r"\bSort\b")

VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE")


@pytest.fixture
def stocked(newsroom: Newsroom) -> Newsroom:
    """With 3,000 articles and sections, all feeds live, and the statistics by which a database plans."""
    fill(newsroom.runtime.store, 3_000, ("macro", "finance", "science"))
    newsroom.regenerate()
    crowd(newsroom.runtime.store, 3_000)
    return newsroom


def publish(newsroom: Newsroom) -> None:
    """An article comes, is corrected and withdrawn; after each, the feeds in which it shows are made anew."""
    runtime = newsroom.runtime
    for title in ("新聞", "更正"):
        article = newsroom.put(external_id="a1", title=title)
        for slug in ("macro", "economy", "all"):
            run(runtime, slug, when_live=lambda: None)
    withdraw(runtime.store, runtime.clock, article.id)
    run(runtime, "macro")


def show(newsroom: Newsroom) -> None:
    for path in ("/", "/sections/macro/", "/sections/economy/", "/articles/id7", "/articles/nothing"):
        assert newsroom.client.get(path).status_code in (200, 404)


def send(newsroom: Newsroom) -> None:
    token = newsroom.token()
    body = {"title": "題", "summary": "文", "sections": ["macro"]}
    answer = newsroom.call("PUT", "/articles/b1", body, token=token, Prefer="wait=0")
    assert answer.status_code == 202
    assert newsroom.call("GET", "/articles/b1", token=token).status_code == 200
    assert newsroom.call("GET", "/articles/id9", token=token).status_code == 200


def look(newsroom: Newsroom) -> None:
    """As the worker does after a change."""
    runtime = newsroom.runtime
    runtime.regenerator.surveyor.look(runtime.settings, ["macro", "economy", "all"], at_files=True)
    runtime.store.next_due()
    runtime.store.read_sections(())


def test_every_question_is_answered_by_an_index(stocked: Newsroom) -> None:
    """One stock for all walks: to lay it in costs more than they do."""
    store = stocked.runtime.store
    find = find_scans_of_sqlite if store._database.is_sqlite else find_scans_of_postgresql
    for walk in (publish, show, send, look):
        with asked(store, *VERBS) as sent:
            walk(stocked)
        questions = [each for each in sent if COUNTERS not in each.statement and "pg_" not in each.statement]
        assert len(questions) >= 3, walk
        for question in {each.statement: each for each in questions}.values():
            assert not find(store, question), (walk, question.statement)


def find_scans_of_sqlite(store: Store, question: Question) -> list[str]:
    """Where it would read a table or an index from end to end, or sort; of several ranges what each gives is sorted."""
    plan = sqlite_plan(store, [question])
    scans = [line for line in plan if line.startswith("SCAN") and line.split()[1] in TABLES]
    return scans + [line for line in plan if "TEMP B-TREE" in line and "UNION" not in question.statement]


def find_scans_of_postgresql(store: Store, question: Question) -> list[str]:
    """Likewise."""
    (plan,) = postgresql_plans(store, [question])
    scans = [line for line in plan.splitlines() if "Seq Scan" in line]
    return scans + [line for line in plan.splitlines() if SORT.search(line) and "UNION" not in question.statement]


def test_a_poll_asks_nothing(newsroom: Newsroom) -> None:
    newsroom.regenerate()
    with asked(newsroom.runtime.store, *VERBS) as sent:
        for name in ("macro.rss", "economy.atom", "all.json"):
            assert newsroom.client.get(f"/feeds/{name}").status_code == 200
    assert not sent
