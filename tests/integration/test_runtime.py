"""Wiring, and what it tells of itself: checks and status never raise, and hold the truth."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine import broken_formats, regenerator, run
from feedsvc import __version__
from feedsvc.errors import ConfigError, OutputError, RenderError, StoreUnavailableError
from feedsvc.model import Feed
from feedsvc.publish import withdraw
from feedsvc.runtime import Check, Runtime, find_config, now
from newsroom import CONFIG, Newsroom, open_newsroom


def beat(runtime: Runtime, next_runs: dict[str, str] | None = None) -> None:
    with runtime.store.write() as tx:
        tx.beat(runtime.folder_id, runtime.clock(), next_runs or {})


def checks(runtime: Runtime) -> dict[str, Check]:
    return {check.name: check for check in runtime.checks()}


def section(runtime: Runtime, slug: str = "macro") -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in runtime.status()["sections"] if each["slug"] == slug)
    return found


def test_the_config_is_the_one_given_else_named_else_beside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FEEDSVC_CONFIG", raising=False)
    assert find_config(None) == tmp_path / "config.yaml"
    monkeypatch.setenv("FEEDSVC_CONFIG", "/etc/feedsvc.yaml")
    assert find_config(None) == Path("/etc/feedsvc.yaml")
    assert find_config("site/a.yaml") == tmp_path / "site" / "a.yaml"


def test_opening_brings_everything_up(newsroom: Newsroom, runtime: Runtime) -> None:
    assert set(runtime.store.section_states()) == set(runtime.settings.feeds)
    assert runtime.folder.prepare() == runtime.folder_id
    assert runtime.clock() == newsroom.runtime.clock()
    assert now().tzinfo is not None


def test_opening_without_a_usable_config_database_or_folder(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    with pytest.raises(ConfigError):
        Runtime.open(path, environ={})
    path.write_text(CONFIG + "database: postgresql://desk:hunter2@127.0.0.1:1/news\n")
    with pytest.raises(StoreUnavailableError):
        Runtime.open(path, environ={})
    (tmp_path / "taken").touch()
    path.write_text(CONFIG + "feeds: taken\n")
    with pytest.raises(OutputError, match="a file stands where a folder belongs"):
        Runtime.open(path, environ={})


def test_a_process_may_start_while_the_database_is_away(tmp_path: Path, clock: Any, sqlite_url: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"{CONFIG}database: {sqlite_url}\n")
    runtime = Runtime.open(path, clock=clock, environ={}, migrate=False)
    try:
        assert runtime.store.section_states() == {}
        assert not runtime.refresh()
        assert set(runtime.store.section_states()) == set(runtime.settings.feeds)
    finally:
        runtime.close()


def test_a_changed_config_is_taken_over_and_new_sections_registered(runtime: Runtime) -> None:
    path = runtime.settings.path
    good = path.read_text()
    assert not runtime.refresh()
    path.write_text(good.replace("  science:", "  arts:\n    title: 艺术\n  science:"))
    assert runtime.refresh()
    assert "arts" in runtime.store.section_states()
    path.write_text("site: [")
    assert not runtime.refresh()
    assert "arts" in runtime.settings.feeds
    check = checks(runtime)["config"]
    assert not check.ok
    assert "The last good one is in force" in check.detail
    status = runtime.status()
    assert (status["ok"], status["config"]["ok"]) == (False, False)
    assert "config.yaml:1" in status["config"]["error"]


def test_what_the_database_refused_is_registered_the_next_time(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = runtime.settings.path
    path.write_text(path.read_text().replace("  science:", "  arts:\n    title: 艺术\n  science:"))

    def refuse() -> None:
        raise StoreUnavailableError("away")

    with monkeypatch.context() as patch:
        patch.setattr(runtime.store, "section_states", refuse)
        with pytest.raises(StoreUnavailableError):
            runtime.refresh()
    assert "arts" in runtime.settings.feeds
    runtime.refresh()
    assert "arts" in runtime.store.section_states()


def test_all_is_well(newsroom: Newsroom, runtime: Runtime, clock: Any) -> None:
    newsroom.put()
    newsroom.regenerate()
    beat(runtime)
    found = checks(runtime)
    assert list(found) == ["config", "database", "feeds_dir", "worker"]
    assert all(check.ok for check in found.values())
    assert found["config"].detail == str(runtime.settings.path)
    assert found["database"].detail == runtime.settings.database_label
    clock.advance(15)
    assert checks(runtime)["worker"].ok
    clock.advance(1)
    worker = checks(runtime)["worker"]
    assert not worker.ok
    assert worker.detail.startswith(
        "No worker is running for this feeds folder; the last was heard of at 2026-03-02T08"
    )


def test_no_worker_was_ever_heard_of(runtime: Runtime) -> None:
    assert checks(runtime)["worker"] == Check("worker", ok=False, detail="No worker is running for this feeds folder.")


def test_a_section_that_never_was_published_or_lost_a_file_degrades(newsroom: Newsroom, runtime: Runtime) -> None:
    assert not checks(runtime)["section macro"].ok
    assert section(runtime)["state"] == "never"
    newsroom.regenerate()
    assert "section macro" not in checks(runtime)
    (runtime.folder.path / "macro.rss").unlink()
    assert not checks(runtime)["section macro"].ok
    assert section(runtime)["state"] == "stale"
    (runtime.folder.path / "index.opml").unlink()
    assert not checks(runtime)["section index"].ok


def test_stale_for_a_moment_is_no_trouble_and_for_long_it_is(newsroom: Newsroom, runtime: Runtime, clock: Any) -> None:
    newsroom.regenerate()
    newsroom.put()
    assert checks(runtime)["section macro"].ok
    clock.advance(59)
    newsroom.put(title="又一篇")  # a new change begins a new wait
    assert checks(runtime)["section macro"].ok
    clock.advance(60)
    assert checks(runtime)["section macro"].ok
    clock.advance(1)
    check = checks(runtime)["section macro"]
    assert (check.ok, check.detail) == (False, "stuck: stale for more than 60 s")
    newsroom.regenerate()
    assert "section macro" not in checks(runtime)


def test_a_clock_set_back_hides_no_section_that_is_stuck(newsroom: Newsroom, runtime: Runtime, clock: Any) -> None:
    newsroom.regenerate()
    newsroom.put()
    assert checks(runtime)["section macro"].ok
    clock.advance(-86_400)
    assert checks(runtime)["section macro"].ok
    clock.advance(61)
    assert not checks(runtime)["section macro"].ok


def test_a_section_on_schedule_alone_may_be_stale_for_long(tmp_path: Path, clock: Any) -> None:
    with open_newsroom(tmp_path, clock, CONFIG.replace("    limit: 3\n", "    on_change: false\n")) as newsroom:
        newsroom.regenerate()
        newsroom.put()
        assert checks(newsroom.runtime)["section macro"].ok
        clock.advance(3600)
        assert checks(newsroom.runtime)["section macro"].ok


def test_a_blocked_section_says_why(newsroom: Newsroom, runtime: Runtime) -> None:
    newsroom.regenerate()
    newsroom.put()
    broken = regenerator(runtime, broken_formats(render=lambda feed, render: render(replace(feed, title="别的"))))
    broken.regenerate(runtime.settings, "macro")
    check = checks(runtime)["section macro"]
    assert not check.ok
    assert "blocked: The documents can't be proved: rss: feed.title" in check.detail
    found = section(runtime)
    assert found["state"] == "blocked"
    assert "feed.title" in found["error"]
    assert found["findings"][0]["rule"] == "feed.title"
    assert found["findings"][0]["found"] == "别的"


def test_a_quarantine_is_told_in_each_feed_with_title_and_reason(newsroom: Newsroom, runtime: Runtime) -> None:
    article = newsroom.put(external_id="a1", title="坏文章")

    def refuse(feed: Feed, _render: object) -> bytes:
        raise RenderError("rss", feed.entries[0].entry_id, "can't be written")

    regenerator(runtime, broken_formats(render=refuse)).regenerate(runtime.settings, "macro")
    newsroom.regenerate()
    beat(runtime)
    found = checks(runtime)
    assert found["section macro"] == Check(
        "section macro", ok=False, detail=f"without 1 in quarantine: 坏文章 ({article.id})"
    )
    assert {"section economy", "section all"} <= set(found)
    (item,) = section(runtime, "all")["quarantined"]
    assert item == {
        "article_id": article.id,
        "title": "坏文章",
        "revision": 1,
        "reason": "can't be written",
        "since": "2026-03-02T08:00:00Z",
    }
    newsroom.put(external_id="a1", title="改好了")
    assert section(runtime)["quarantined"] == []
    newsroom.regenerate()
    assert all(check.ok for check in runtime.checks())


def test_what_became_of_a_quarantined_article_that_was_withdrawn(newsroom: Newsroom, runtime: Runtime) -> None:
    article = newsroom.put(title="坏文章")

    def refuse(feed: Feed, _render: object) -> bytes:
        raise RenderError("rss", feed.entries[0].entry_id, "can't be written")

    regenerator(runtime, broken_formats(render=refuse)).regenerate(runtime.settings, "macro")
    withdraw(runtime.store, runtime.clock, article.id)
    newsroom.regenerate()
    assert section(runtime)["quarantined"] == []


def test_status_is_json_and_whole(newsroom: Newsroom, runtime: Runtime, clock: Any) -> None:
    newsroom.put()
    newsroom.put(draft=True)
    newsroom.regenerate()
    beat(runtime, {"macro": "2026-03-02T08:15:00Z"})
    status = json.loads(json.dumps(runtime.status()))
    assert status["version"] == __version__
    assert status["ok"] is True
    assert status["database"] == runtime.settings.database_label
    assert status["feeds_dir"] == str(runtime.folder.path)
    assert status["worker"] == {"alive": True, "last_seen": "2026-03-02T08:00:00Z"}
    assert status["articles"] == {"draft": 1, "scheduled": 0, "live": 1, "withdrawn": 0}
    assert [each["slug"] for each in status["sections"]] == ["macro", "finance", "science", "economy", "all"]
    assert status["unconfigured"] == []
    found = status["sections"][0]
    assert (found["title"], found["state"], found["entries"], found["error"]) == ("宏观", "live", 1, None)
    assert (found["published"], found["attempted"]) == ("2026-03-02T08:00:00Z", "2026-03-02T08:00:00Z")
    assert found["next_run"] == "2026-03-02T08:15:00Z"
    assert [each["format"] for each in found["documents"]] == ["rss", "atom", "json"]
    assert found["documents"][0]["bytes"] == (runtime.folder.path / "macro.rss").stat().st_size
    assert found["documents"][0]["last_modified"] == "2026-03-02T08:00:00Z"
    assert (found["findings"], found["quarantined"]) == ([], [])


def test_a_section_taken_out_is_listed(newsroom: Newsroom, runtime: Runtime) -> None:
    newsroom.put(sections=("science",))
    path = runtime.settings.path
    path.write_text(path.read_text().replace("  science:\n    title: Science & Sea\n    language: en\n", ""))
    assert runtime.refresh()
    assert runtime.status()["unconfigured"] == [{"slug": "science"}]


def test_another_database_or_folder_needs_a_restart(runtime: Runtime) -> None:
    path = runtime.settings.path
    in_use = checks(runtime)["database"].detail
    path.write_text(re.sub("database: .*", "", path.read_text()) + "feeds: elsewhere\ndatabase: sqlite:///other.db\n")
    assert runtime.refresh()
    check = checks(runtime)["config"]
    assert not check.ok
    assert check.detail == "It says otherwise now of database, feeds than what is in use: restart feedsvc to use it."
    assert runtime.needs_restart
    assert checks(runtime)["database"].detail == runtime.status()["database"] == in_use


def test_another_port_or_limit_of_the_server_needs_a_restart(runtime: Runtime) -> None:
    path = runtime.settings.path
    wider = path.read_text().replace("limits: {", "limits: {silence: 30s, tags: 3, ")
    path.write_text(wider + f"server: {{port: {runtime.settings.server.port + 1}}}\n")
    assert runtime.refresh()
    assert runtime.needs_restart
    detail = checks(runtime)["config"].detail
    assert detail.startswith("It says otherwise now of server.port, limits.silence than")
    assert "restart feedsvc" in detail


def test_a_store_that_is_gone_is_a_failed_check(tmp_path: Path, clock: Any) -> None:
    with open_newsroom(tmp_path, clock) as newsroom:
        newsroom.runtime.close()
        database = tmp_path / "feedsvc.db"
        for path in tmp_path.glob("feedsvc.db*"):
            path.unlink()
        database.mkdir()
        found = checks(newsroom.runtime)
        assert list(found) == ["config", "database", "feeds_dir"]
        assert [check.ok for check in found.values()] == [True, False, True]
        status = newsroom.runtime.status()
        assert (status["ok"], status["articles"], status["worker"]["alive"]) == (False, {}, False)


def test_a_folder_that_is_gone_is_a_failed_check(newsroom: Newsroom, runtime: Runtime) -> None:
    newsroom.regenerate()
    runtime.folder.path.rename(runtime.folder.path.with_name("moved"))
    assert not checks(runtime)["feeds_dir"].ok
    runtime.folder.path.touch()
    check = checks(runtime)["feeds_dir"]
    assert not check.ok
    assert "not a directory" in check.detail


def test_even_a_fault_of_ours_is_a_failed_check(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ZeroDivisionError("odd")

    monkeypatch.setattr(runtime.store, "heartbeats", fail)
    assert checks(runtime)["database"].detail == "ZeroDivisionError: odd"
    assert run(runtime).outcome == "published"
