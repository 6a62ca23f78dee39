"""Writers at the same time: each article is stored once, and nobody sees the database's own quarrels."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from feedsvc.errors import ConflictError
from feedsvc.model import Article, ArticleInput, State
from feedsvc.publish import Outcome, promote_due, put, register_sections, withdraw
from feedsvc.store import Store
from service import DEADLINE_SECONDS

if TYPE_CHECKING:
    from integration.conftest import SettableClock

WRITERS = 6

FIELDS = ArticleInput(external_id="cms-1", title="題", content_html="<p>正文</p>", sections=("macro", "finance"))


@pytest.fixture(autouse=True)
def sections(store: Store, clock: SettableClock) -> None:
    register_sections(store, clock, ("macro", "finance"))


@pytest.mark.parametrize("round_", range(5))
def test_one_of_many_creates_and_the_others_correct(store: Store, clock: SettableClock, round_: int) -> None:
    together = Barrier(WRITERS)

    def put_one(number: int) -> Outcome:
        together.wait(timeout=DEADLINE_SECONDS)
        return put(store, clock, replace(FIELDS, title=f"第{number}稿"))

    with ThreadPoolExecutor(WRITERS) as threads:
        outcomes = list(threads.map(put_one, range(WRITERS)))
    assert sum(outcome.created for outcome in outcomes) == 1
    assert all(outcome.changed for outcome in outcomes)
    assert len({outcome.article.id for outcome in outcomes}) == 1
    last = max((outcome.article for outcome in outcomes), key=lambda article: article.revision)
    assert last.revision == WRITERS
    assert store.list_articles() == [last]
    assert {state.generation for state in store.section_states().values()} == {WRITERS}


def test_the_same_article_from_many_is_one_creation_and_no_change(store: Store, clock: SettableClock) -> None:
    together = Barrier(WRITERS)

    def put_one(_: int) -> Outcome:
        together.wait(timeout=DEADLINE_SECONDS)
        return put(store, clock, replace(FIELDS, entry_id="tag:old.example,2020:1"))

    with ThreadPoolExecutor(WRITERS) as threads:
        outcomes = list(threads.map(put_one, range(WRITERS)))
    assert sorted(outcome.changed for outcome in outcomes) == [False] * (WRITERS - 1) + [True]
    assert {state.generation for state in store.section_states().values()} == {1}


def test_of_many_that_would_replace_nothing_one_creates(store: Store, clock: SettableClock) -> None:
    together = Barrier(WRITERS)

    def refuse(stored: Article) -> None:
        raise ConflictError("external_id", f"taken by {stored.id}")

    def put_one(number: int) -> Outcome | ConflictError:
        together.wait(timeout=DEADLINE_SECONDS)
        try:
            return put(store, clock, replace(FIELDS, title=f"第{number}稿"), may_replace=refuse)
        except ConflictError as error:
            return error

    with ThreadPoolExecutor(WRITERS) as threads:
        results = list(threads.map(put_one, range(WRITERS)))
    (created,) = (result for result in results if isinstance(result, Outcome))
    assert created.created
    assert store.list_articles() == [created.article]


def test_processes_too_agree_on_one_article(store: Store, store_url: str) -> None:
    code = """
import sys
from datetime import UTC, datetime
from feedsvc.model import ArticleInput
from feedsvc.publish import put
from feedsvc.store import Store
store = Store.open(sys.argv[1])
store.ping()
input()
for number in range(10):
    fields = ArticleInput(external_id=f"cms-{number}", title=sys.argv[2], sections=("macro", "finance"))
    put(store, lambda: datetime.now(UTC), fields)
"""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", code, store_url, f"第{number}稿"],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    said = []
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    said = [writer.communicate(timeout=DEADLINE_SECONDS)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 3, said
    articles = store.list_articles()
    assert sorted(article.external_id or "" for article in articles) == sorted(f"cms-{number}" for number in range(10))
    assert {article.revision for article in articles} == {3}


def test_a_scheduled_article_is_promoted_once(store: Store, clock: SettableClock) -> None:
    waiting = [
        put(store, clock, replace(FIELDS, external_id=f"cms-{number}", published=clock.now + timedelta(seconds=1)))
        for number in range(10)
    ]
    clock.advance(1)
    together = Barrier(4)

    def promote(_: int) -> list[Article]:
        together.wait(timeout=DEADLINE_SECONDS)
        return promote_due(store, clock)

    with ThreadPoolExecutor(4) as threads:
        promoted = [article.id for articles in threads.map(promote, range(4)) for article in articles]
    assert sorted(promoted) == sorted(outcome.article.id for outcome in waiting)
    assert {state.generation for state in store.section_states().values()} == {10}


def test_a_withdrawal_beside_corrections_ends_in_one_state(store: Store, clock: SettableClock) -> None:
    article = put(store, clock, FIELDS).article
    together = Barrier(2)

    def correct() -> None:
        together.wait(timeout=DEADLINE_SECONDS)
        for number in range(10):
            put(store, clock, replace(FIELDS, title=f"第{number}稿"))

    def take_out() -> None:
        together.wait(timeout=DEADLINE_SECONDS)
        for _ in range(10):
            withdraw(store, clock, article.id)

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(correct), threads.submit(take_out)]:
            done.result()
    found = store.article(article.id)
    assert found is not None
    shown = [found] if found.state is State.LIVE else []
    assert store.newest_live(["macro", "finance"], 5) == shown


def test_two_articles_that_want_one_external_id_are_told_apart(store: Store, clock: SettableClock) -> None:
    articles = [put(store, clock, replace(FIELDS, external_id=None)).article for _ in range(2)]
    together = Barrier(2)

    def claim(article: Article) -> str:
        together.wait(timeout=DEADLINE_SECONDS)
        try:
            return put(store, clock, FIELDS, article_id=article.id).article.id
        except ConflictError as error:
            return error.field

    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(claim, articles))
    assert "external_id" in results
    assert len({article.id for article in articles} & set(results)) == 1


def test_a_withdrawal_that_may_not_be_leaves_everything(store: Store, clock: SettableClock) -> None:
    article = put(store, clock, FIELDS).article

    def refuse(stored: Article) -> None:
        raise ConflictError("sections", f"{stored.id} is not yours")

    with pytest.raises(ConflictError):
        withdraw(store, clock, article.id, may_replace=refuse)
    assert store.article(article.id) == article
