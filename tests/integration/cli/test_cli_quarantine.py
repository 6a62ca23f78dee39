"""`feedsvc quarantine`: what is kept out, why, and trying it again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from commands import Site
from feedsvc.model import Article

REASON = "title holds U+0001 at character 2 (“坏‹U+0001›了”), which no feed can carry; remove it"


def smuggle(site: Site, title: str) -> Article:
    """Write a title past the gate into the row of an article that stands in a feed; the feeds follow."""
    with site.opened() as runtime:
        article = runtime.store.article_by_external_id("sample-tech-font")
        assert article is not None
        with runtime.store.write() as tx:
            tx.update_article(replace(article, title=title))
            tx.raise_generations(article.sections)
        for slug in runtime.regenerator.stale(runtime.settings):
            runtime.regenerator.regenerate(runtime.settings, slug)
    return article


@pytest.fixture
def bad(site: Site) -> Article:
    return smuggle(site, "坏\x01了")


def test_nothing_is_kept_out_of_the_sample(site: Site) -> None:
    assert "No article is in quarantine." in site.run("quarantine").output
    assert json.loads(site.run("quarantine", "--json").stdout) == []
    assert "quarantine" not in site.run("status").output


def test_the_list_says_who_since_when_and_why(site: Site, bad: Article) -> None:
    said = site.run("quarantine").stdout
    assert bad.id in said
    assert REASON in said
    (row,) = json.loads(site.run("quarantine", "--json").stdout)
    assert (row["id"], row["reason"], row["revision"]) == (bad.id, REASON, bad.revision)
    assert datetime.fromisoformat(row["since"]) <= datetime.now(UTC)
    assert "In quarantine: 1. `feedsvc quarantine`" in site.run("status").stderr
    assert REASON in site.run("article", "why", bad.id).stdout


def test_show_says_everything(site: Site, bad: Article) -> None:
    said = site.run("quarantine", "show", bad.id).stdout
    assert REASON in said
    assert "render" in said
    assert f"feedsvc article edit {bad.id}" in said
    assert json.loads(site.run("quarantine", "show", bad.id, "--json").stdout)["findings"]
    site.run("article", "edit", bad.id, "--set", "title=好了")
    said = site.run("quarantine", "show", bad.id, expect=1).stderr
    assert "is not in quarantine" in said
    site.run("quarantine", "show", "nosuch", expect=1)


@pytest.mark.parametrize("all_of_them", [True, False])
def test_retry_proves_it_here_where_no_worker_runs(site: Site, bad: Article, *, all_of_them: bool) -> None:
    arguments = ("quarantine", "retry", "--all" if all_of_them else bad.id)
    failed = site.run(*arguments, expect=1)
    assert "still kept out" in failed.stdout
    assert f"Still kept out: {bad.id}." in failed.stderr
    smuggle(site, "好了")
    done = site.run(*arguments)
    assert "released" in done.stdout
    assert "The feed shows it." in done.stderr
    assert bad.entry_id in (site.feeds / "tech.rss").read_text("utf-8")
    assert "No article is in quarantine." in site.run("quarantine").output


def test_retry_tells_in_json(site: Site, bad: Article) -> None:
    (said,) = json.loads(site.run("quarantine", "retry", bad.id, "--json", expect=1).stdout)
    assert (said["id"], said["outcome"]) == (bad.id, "still kept out")
    assert {feed["standing"] for feed in said["feeds"]} == {"quarantined"}


def test_retry_leaves_what_is_not_kept_out(site: Site) -> None:
    with site.opened() as runtime:
        article = runtime.store.list_articles(limit=1)[0]
    assert "is not in quarantine" in site.run("quarantine", "retry", article.id).stderr
    site.run("quarantine", "retry", expect=2)
    site.run("quarantine", "retry", "--all", article.id, expect=2)


def test_where_a_worker_runs_the_worker_does_it(site: Site, bad: Article, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its heart beats, but nobody does the work: after some seconds the command says how it stands."""
    monkeypatch.setattr("feedsvc.cli.quarantine._WAIT_SECONDS", 0.5)
    with site.opened() as runtime, runtime.store.write() as tx:
        tx.beat(runtime.folder_id, runtime.clock(), {})
    said = site.run("quarantine", "retry", bad.id)
    assert ": waiting" in said.stdout
