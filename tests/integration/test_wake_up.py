"""A change reaches the worker from another process at once: here it would not look by itself for an hour."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from engine import mtime, newsroom_on, texts
from feedsvc.feed.formats import RENDERER
from feedsvc.model import Article, Quarantined
from feedsvc.output import lookout
from feedsvc.publish import withdraw
from feedsvc.runtime import now
from feedsvc.web.polls import documents
from newsroom import CONFIG, WAIT, Newsroom
from service import feedsvc, wait_until
from watching import watching

ON_SCHEDULE = CONFIG.replace("    limit: 3\n", "    on_change: false\n    schedule: {every: 1h}\n")


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_on(store_url, tmp_path / "site", now) as newsroom:
        yield newsroom


@pytest.fixture
def sqlite_newsroom(sqlite_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_on(sqlite_url, tmp_path / "site", now) as newsroom:
        yield newsroom


def is_in_rss(newsroom: Newsroom, slug: str, text: str) -> bool:
    return text in texts(newsroom.runtime, slug).get("rss", "")


def wait_for(newsroom: Newsroom, shown: str, *slugs: str) -> None:
    for slug in slugs:
        wait_until(partial(is_in_rss, newsroom, slug, shown), f"{slug} to show it")


def test_whoever_changes_something_wakes_the_worker(newsroom: Newsroom, tmp_path: Path) -> None:
    config = newsroom.runtime.settings.path
    with watching(config):
        answer = newsroom.call(
            "POST",
            "/articles",
            {"title": "经由接口", "sections": ["macro"], "content_html": "<p>一</p>"},
            token=newsroom.token(),
            Prefer=WAIT,
        )
        assert answer.status_code == 201
        wait_for(newsroom, "经由接口", "macro", "economy", "all")
        (tmp_path / "body.html").write_text("<p>二</p>")
        given = ("--title", "经由命令", "--section", "finance", "--body-file", str(tmp_path / "body.html"))
        feedsvc("--config", config, "article", "add", *given)
        wait_for(newsroom, "经由命令", "finance", "economy", "all")
        article = {"title": "经由导入", "sections": ["science"], "content_html": "<p>三</p>"}
        (tmp_path / "article.json").write_text(json.dumps(article))
        feedsvc("--config", config, "import", str(tmp_path / "article.json"))
        wait_for(newsroom, "经由导入", "science", "all")


def test_trying_a_quarantined_article_again_wakes_the_worker(sqlite_newsroom: Newsroom) -> None:
    newsroom = sqlite_newsroom
    article = newsroom.put(title="再试一次")
    with newsroom.runtime.store.write() as tx:
        tx.quarantine(
            Quarantined(article_id=article.id, revision=1, reason="odd", renderer=RENDERER, since=now(), findings=())
        )
        tx.raise_generations(["macro"])
    with watching(newsroom.runtime.settings.path):
        assert "再试一次" not in texts(newsroom.runtime)["rss"]
        feedsvc("--config", newsroom.runtime.settings.path, "quarantine", "retry", article.id)
        wait_for(newsroom, "再试一次", "macro", "all")


def test_an_article_with_a_time_goes_live_at_it(newsroom: Newsroom) -> None:
    with watching(newsroom.runtime.settings.path):
        newsroom.put(title="定时", published=now() + timedelta(seconds=2))
        wait_for(newsroom, "定时", "macro", "all")


def test_all_workers_on_one_database_are_woken(store_url: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        rooms = [stack.enter_context(newsroom_on(store_url, tmp_path / name, now)) for name in ("one", "two")]
        for room in rooms:
            stack.enter_context(watching(room.runtime.settings.path))
        rooms[0].put(title="两处都有")
        for room in rooms:
            wait_for(room, "两处都有", "macro", "all")


def test_a_worker_that_was_killed_harms_nobody_and_the_next_one_is_woken(sqlite_newsroom: Newsroom) -> None:
    newsroom = sqlite_newsroom
    wakes = newsroom.runtime.settings.path.parent.parent / "feedsvc.db-wake"
    with watching(newsroom.runtime.settings.path) as process:
        process.kill()
        process.wait()
    assert len(list(wakes.iterdir())) == 1
    newsroom.put(title="没人在")
    assert list(wakes.iterdir()) == []
    with watching(newsroom.runtime.settings.path):
        wait_for(newsroom, "没人在", "macro")
        newsroom.put(title="又有人了")
        wait_for(newsroom, "又有人了", "macro")


def test_what_nobody_called_out_is_found_by_the_net(store_url: str, tmp_path: Path) -> None:
    with newsroom_on(store_url, tmp_path / "site", now) as newsroom:
        article = newsroom.put(title="第一稿")
        with watching(newsroom.runtime.settings.path, net_seconds=0.2):
            wait_for(newsroom, "第一稿", "macro")
            engine = create_engine(store_url.replace("postgresql:", "postgresql+psycopg:"))
            with engine.begin() as connection:
                connection.execute(text("UPDATE article SET title = '第二稿'"))
                connection.execute(text("UPDATE section SET generation = generation + 1 WHERE slug = 'macro'"))
            engine.dispose()
            wait_for(newsroom, "第二稿", "macro", "all")
            assert article.entry_id in texts(newsroom.runtime)["rss"]


def test_a_withdrawal_from_a_section_on_schedule_is_called_out_too(sqlite_url: str, tmp_path: Path) -> None:
    with newsroom_on(sqlite_url, tmp_path / "site", now, ON_SCHEDULE) as newsroom:
        article: Article = newsroom.put(title="要撤回")
        with watching(newsroom.runtime.settings.path):
            assert "要撤回" in texts(newsroom.runtime)["rss"]
            withdraw(newsroom.runtime.store, now, article.id)
            wait_until(lambda: "要撤回" not in texts(newsroom.runtime)["rss"], "it to go")


def test_a_burst_goes_live_in_a_document_a_second(sqlite_newsroom: Newsroom) -> None:
    """Each is dated a second later than the one before, and none ahead: so there are no more of them than seconds."""
    newsroom = sqlite_newsroom
    with watching(newsroom.runtime.settings.path):
        began, number = now(), 0
        while now() < began + timedelta(seconds=2.5):
            number += 1
            newsroom.put(external_id="a1", title=f"第{number}稿")
            assert mtime(newsroom.runtime) <= now()
        wait_for(newsroom, f"第{number}稿", "macro")
        assert mtime(newsroom.runtime) <= now()


def test_an_edit_shows_though_neither_worker_nor_web_server_look_by_themselves(
    sqlite_newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookout, "LOOK_AGAIN_SECONDS", 3600.0)
    monkeypatch.setattr(documents, "_LOOK_AGAIN_SECONDS", 3600.0)
    newsroom = sqlite_newsroom

    def is_shown(title: str) -> bool:
        return title in newsroom.client.get("/feeds/macro.atom").text

    with watching(newsroom.runtime.settings.path):
        for title in ("一稿", "二稿", "三稿"):
            newsroom.put(external_id="a1", title=title)
            wait_until(partial(is_shown, title), "it to show")
