"""An editor can live with quarantine: it is seen, explained with its place, mended, tried again, and over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from engine import broken_formats, regenerator, texts
from feedsvc import publish, quarantine
from feedsvc.errors import ArticleNotFoundError
from feedsvc.model import Article, Feed
from feedsvc.runtime import Runtime
from feedsvc.web.health import examine
from newsroom import WAIT, Newsroom

REASON = "title holds U+0001 at character 3 (“控制‹U+0001›字符”), which no feed can carry; remove it"


def smuggle(runtime: Runtime, article: Article, **changes: Any) -> Article:
    """Change a row behind the gate's back, its revision as it was."""
    changed = replace(article, **changes)
    with runtime.store.write() as tx:
        tx.update_article(changed)
        tx.raise_generations(article.sections)
    return changed


def bad_article(newsroom: Newsroom, **fields: Any) -> Article:
    """One in quarantine, its feeds published without it."""
    article = newsroom.put(**fields)
    smuggle(newsroom.runtime, article, title="控制\x01字符")
    newsroom.regenerate()
    return article


def status_of(runtime: Runtime) -> str:
    with runtime.store.write() as tx:
        tx.beat(runtime.folder_id, runtime.clock(), {})
    return str(examine(runtime)["status"])


def test_the_whole_story(newsroom: Newsroom, runtime: Runtime, clock: Callable[[], datetime]) -> None:
    token = newsroom.token()
    newsroom.regenerate()
    assert status_of(runtime) == "ok"
    good = newsroom.put(title="好消息")
    with capture_logs() as events:
        bad = bad_article(newsroom, external_id="坏/1")
        newsroom.regenerate()
    assert [event["event"] for event in events].count("article_quarantined") == 1
    for slug in ("macro", "economy", "all"):
        assert good.entry_id in texts(runtime, slug)["atom"]
        assert bad.entry_id not in texts(runtime, slug)["atom"]
    # It degrades health visibly, by name
    assert status_of(runtime) == "degraded"
    checks = {check.name: check for check in runtime.checks()}
    assert bad.id in checks["section macro"].detail
    assert runtime.status()["quarantined"] == 1
    # It is listed, with reason and place, in the words that stand elsewhere, too
    (listed,) = newsroom.call("GET", "/quarantine", token=token).get_json()["articles"]
    assert (listed["id"], listed["external_id"], listed["reason"]) == (bad.id, "坏/1", REASON)
    assert listed["feeds"] == ["macro", "economy", "all"]
    assert listed["since"] == "2026-03-02T08:00:00Z"
    assert {finding["format"] for finding in listed["findings"]} == {"rss", "atom"}
    said = newsroom.call("GET", f"/articles/{bad.id}", token=token).get_json()
    assert {finding["rule"] for finding in said["findings"]} == {"quarantined"}
    assert all(REASON in finding["message"] for finding in said["findings"])
    # The mend releases it
    with capture_logs() as events:
        newsroom.put(external_id="坏/1", title="改好了")
        newsroom.regenerate()
        newsroom.regenerate()
    assert [event["event"] for event in events].count("article_released") == 1
    assert bad.entry_id in texts(runtime)["rss"]
    assert newsroom.call("GET", "/quarantine", token=token).get_json() == {"articles": []}
    assert runtime.status()["quarantined"] == 0
    assert status_of(runtime) == "ok"


def test_a_withdrawn_article_leaves_the_list(newsroom: Newsroom, runtime: Runtime) -> None:
    bad = bad_article(newsroom)
    assert len(quarantine.held(runtime.store, runtime.settings)) == 1
    publish.withdraw(runtime.store, runtime.clock, bad.id)
    assert quarantine.held(runtime.store, runtime.settings) == []
    newsroom.regenerate()
    assert quarantine.held(runtime.store, runtime.settings) == []


def test_what_is_still_bad_goes_back_and_stays_since_it_came(newsroom: Newsroom, runtime: Runtime, clock: Any) -> None:
    bad = bad_article(newsroom, external_id="a1")
    since = clock()
    clock.advance(60)
    assert [article.id for article in quarantine.try_again(runtime.store, [bad.id])] == [bad.id]
    assert quarantine.held(runtime.store, runtime.settings) == []
    assert set(runtime.regenerator.stale(runtime.settings)) == {"macro", "economy", "all"}
    newsroom.regenerate()
    assert [one.item.since for one in quarantine.held(runtime.store, runtime.settings)] == [since]
    clock.advance(60)
    newsroom.put(external_id="a1", title="还是坏的")
    smuggle(runtime, runtime.store.article(bad.id) or bad, title="还是\x02坏的")
    newsroom.regenerate()
    (one,) = quarantine.held(runtime.store, runtime.settings)
    assert (one.item.since, one.item.revision) == (since, 2)


def test_what_was_mended_outside_the_article_is_released_by_trying_again(newsroom: Newsroom, runtime: Runtime) -> None:
    bad = bad_article(newsroom)
    smuggle(runtime, bad, title="好了")
    newsroom.regenerate()
    assert bad.entry_id not in texts(runtime)["rss"]
    quarantine.try_again(runtime.store, [bad.id])
    newsroom.regenerate()
    assert bad.entry_id in texts(runtime)["rss"]
    assert runtime.store.quarantined() == {}
    assert quarantine.try_again(runtime.store, [bad.id]) == []
    assert runtime.regenerator.stale(runtime.settings) == []


def test_one_that_is_not_there_is_told(runtime: Runtime) -> None:
    with pytest.raises(ArticleNotFoundError):
        quarantine.try_again(runtime.store, ["nosuch"])


def test_a_difference_says_where_in_the_text_it_begins(newsroom: Newsroom, runtime: Runtime) -> None:
    body = f"<p>{'江畔的老码头已经热闹起来。' * 20}甲{'渔民们说，今年的鱼比去年多。' * 20}</p>"

    def mangle(feed: Feed, render: Callable[[Feed], bytes]) -> bytes:
        return render(feed).replace("甲".encode(), "乙\u200b".encode())

    article = newsroom.put(content_html=body)
    regenerator(runtime, broken_formats("atom", render=mangle)).regenerate(runtime.settings, "macro")
    item = runtime.store.quarantined()[article.id]
    (finding, *_) = [each for each in item.findings if each.rule == "entry.content"]
    assert finding.place == f"content_html, character {body.index('甲') + 1}"
    assert finding.expected.startswith("…")
    assert "热闹起来。甲渔民们说" in finding.expected
    assert "热闹起来。乙‹U+200B›渔民们说" in finding.found
    assert item.reason.startswith(f"atom: {finding.place}: it does not read back as it should (expected “…")


# over HTTP


def test_the_list_is_scoped_by_the_token_s_sections(newsroom: Newsroom) -> None:
    bad = bad_article(newsroom, sections=("macro", "science"))
    for sections, seen in ((("science",), [bad.id]), (("finance",), []), ((), [bad.id])):
        said = newsroom.call("GET", "/quarantine", token=newsroom.token(*sections)).get_json()
        assert [each["id"] for each in said["articles"]] == seen
    assert newsroom.client.get("/api/v1/quarantine").status_code == 401


@pytest.mark.parametrize(
    "path", ["/articles/{id}/retry", "/articles/%E5%9D%8F%2F1/retry", "/articles/retry?external_id=坏/1"]
)
def test_a_retry_is_accepted_and_the_worker_proves_it(newsroom: Newsroom, runtime: Runtime, path: str) -> None:
    bad = bad_article(newsroom, external_id="坏/1")
    token = newsroom.token()
    answer = newsroom.call("POST", path.format(id=bad.id), token=token)
    assert answer.status_code == 202
    assert answer.get_json()["id"] == bad.id
    newsroom.regenerate()
    assert bad.id in runtime.store.quarantined()
    smuggle(runtime, bad, title="好了")
    with newsroom.worker():
        answer = newsroom.call("POST", path.format(id=bad.id), token=token, Prefer=WAIT)
    assert answer.status_code == 200
    assert answer.get_json()["findings"] == []
    again = newsroom.call("POST", path.format(id=bad.id), token=token)
    assert again.status_code == 200


def test_a_retry_that_fails_says_so_when_it_is_waited_for(newsroom: Newsroom) -> None:
    bad = bad_article(newsroom)
    with newsroom.worker():
        answer = newsroom.call("POST", f"/articles/{bad.id}/retry", token=newsroom.token(), Prefer=WAIT)
    assert answer.status_code == 202
    assert all(REASON in finding["message"] for finding in answer.get_json()["findings"])
    assert answer.get_json()["feeds"] == []


def test_a_retry_needs_a_token_for_all_its_sections(newsroom: Newsroom, runtime: Runtime) -> None:
    bad = bad_article(newsroom, sections=("macro", "science"))
    assert newsroom.call("POST", f"/articles/{bad.id}/retry", token=newsroom.token("macro")).status_code == 403
    assert runtime.store.quarantined()[bad.id].keeps_out(runtime.store.article(bad.id) or bad, "") is False
    assert runtime.regenerator.stale(runtime.settings) == []
    assert newsroom.call("POST", "/articles/nosuch/retry", token=newsroom.token()).status_code == 404
