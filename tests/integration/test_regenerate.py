"""One section, from stale to live: what is written, when nothing is, and what lies on disk after a crash."""

import subprocess
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from engine import broken_formats, files, forget_spares, mtime, regenerator, run, settings_with, temp_names, texts
from feedsvc import publish
from feedsvc.errors import OutputError, StoreError, UnknownSectionError
from feedsvc.feed.formats import FORMATS
from feedsvc.model import Document, Feed, Finding, Section
from feedsvc.output import FeedsFolder
from feedsvc.runtime import Runtime
from newsroom import Newsroom


def test_a_new_article_goes_live_in_every_format_and_feed(newsroom: Newsroom, runtime: Runtime, clock: Any) -> None:
    article = newsroom.put(title="雾中码头 🚢")
    assert set(runtime.regenerator.stale(runtime.settings)) == {*runtime.settings.feeds, "index"}
    result = run(runtime)
    assert (result.outcome, result.entries, result.error, result.findings) == ("published", 1, None, ())
    assert result.length_bytes == sum(len(text.encode()) for text in texts(runtime).values())
    assert result.seconds > 0
    for text in texts(runtime).values():
        assert "雾中码头" in text
        assert article.entry_id in text
    assert set(texts(runtime)) == {"rss", "atom", "json"}
    newsroom.regenerate()
    assert runtime.regenerator.stale(runtime.settings) == []
    assert runtime.folder.slugs()["index"] == ("opml",)
    assert "https://news.example.org/feeds/macro." in texts(runtime, "index")["opml"]
    assert article.entry_id in texts(runtime, "all")["rss"]
    assert article.entry_id in texts(runtime, "economy")["atom"]
    assert article.entry_id not in texts(runtime, "finance")["atom"]
    assert set(texts(runtime, "finance")) == {"rss", "atom"}
    assert temp_names(runtime.folder.path) == []
    publication = runtime.store.publication(runtime.folder_id, "macro")
    assert publication is not None
    assert dict(publication.entries) == {article.id: 1}
    assert publication.published == publication.attempted == clock()
    assert {record.mtime for record in publication.documents} == {clock()}


def test_nothing_changed_touches_nothing_however_often_and_whoever_asks(
    newsroom: Newsroom, runtime: Runtime, clock: Any
) -> None:
    newsroom.put()
    newsroom.regenerate()
    before = files(runtime.folder.path)
    clock.advance(600)
    assert run(runtime).outcome == "fresh"
    forced = run(runtime, force=True)
    assert (forced.outcome, forced.entries) == ("unchanged", 1)
    assert run(runtime, "index", force=True).outcome == "unchanged"
    restarted = Runtime.open(runtime.settings.path, clock=clock, environ={})
    try:
        assert restarted.regenerator.stale(restarted.settings) == []
        assert run(restarted, "all", force=True).outcome == "unchanged"
    finally:
        restarted.close()
    assert files(runtime.folder.path) == before


def test_a_correction_moves_last_modified_and_keeps_the_id(newsroom: Newsroom, runtime: Runtime, clock: Any) -> None:
    article = newsroom.put(external_id="a1")
    newsroom.regenerate()
    first = mtime(runtime)
    corrected = newsroom.put(external_id="a1", title="雾散了")
    assert runtime.regenerator.stale(runtime.settings) == ["macro", "economy", "all"]
    assert run(runtime).outcome == "published"
    assert mtime(runtime) == first + timedelta(seconds=1)  # the clock stood still
    assert corrected.entry_id == article.entry_id
    assert "雾散了" in texts(runtime)["atom"]
    clock.advance(3600)
    newsroom.put(external_id="a1", title="雾又来了")
    run(runtime)
    assert mtime(runtime) == clock()


def test_the_newest_up_to_the_limit(newsroom: Newsroom, runtime: Runtime, clock: Any) -> None:
    titles = [
        newsroom.put(title=f"第{number}篇", published=clock() - timedelta(hours=number)).title for number in range(5)
    ]
    assert run(runtime).entries == 3
    text = texts(runtime)["rss"]
    assert [title in text for title in titles] == [True, True, True, False, False]
    assert run(runtime, "all").entries == 5


def test_an_empty_section_has_valid_feeds(runtime: Runtime) -> None:
    result = run(runtime)
    assert (result.outcome, result.entries) == ("published", 0)
    assert run(runtime).outcome == "fresh"


def test_a_withdrawal_is_urgent_wherever_it_shows(newsroom: Newsroom, runtime: Runtime) -> None:
    article = newsroom.put()
    newsroom.put(title="另一篇")
    newsroom.regenerate()
    assert runtime.regenerator.urgent(runtime.settings) == []
    newsroom.put(title="第三篇", sections=("finance",))
    assert runtime.regenerator.stale(runtime.settings) == ["finance", "economy", "all"]
    assert runtime.regenerator.urgent(runtime.settings) == []
    publish.withdraw(runtime.store, runtime.clock, article.id)
    assert runtime.regenerator.urgent(runtime.settings) == ["macro", "economy", "all"]
    newsroom.regenerate()
    assert runtime.regenerator.urgent(runtime.settings) == []
    assert article.entry_id not in texts(runtime, "all")["json"]
    newsroom.put(title="第四篇")
    assert runtime.regenerator.urgent(runtime.settings) == []


def test_settings_that_show_make_stale_and_others_leave_alone(newsroom: Newsroom, runtime: Runtime) -> None:
    newsroom.put(sections=("macro", "science"))
    newsroom.regenerate()
    retitled = settings_with(runtime, "macro", title="宏观经济")
    assert {"macro", "science", "index"} <= set(runtime.regenerator.stale(retitled))
    assert runtime.regenerator.regenerate(retitled, "science").outcome == "published"
    assert "宏观经济" in texts(runtime, "science")["rss"]
    assert run(runtime, "science").outcome == "published"
    fewer = settings_with(runtime, "macro", limit=1)
    assert runtime.regenerator.stale(fewer) == ["macro", "index"]
    result = runtime.regenerator.regenerate(fewer, "macro")
    assert result.outcome == "unchanged"
    newer = regenerator(runtime, renderer="another")
    assert set(newer.stale(runtime.settings)) == {*runtime.settings.feeds, "index"}


def test_a_section_moved_to_another_site_keeps_its_ids(newsroom: Newsroom, runtime: Runtime) -> None:
    article = newsroom.put()
    newsroom.regenerate()
    moved = replace(runtime.settings, site=replace(runtime.settings.site, base_url="https://new.example.org"))
    assert len(runtime.regenerator.stale(moved)) == len(runtime.settings.feeds) + 1
    runtime.regenerator.regenerate(moved, "macro")
    assert article.entry_id in texts(runtime)["rss"]
    assert runtime.store.section_states()["macro"].feed_id in texts(runtime)["atom"]


@pytest.mark.parametrize("harm", ["deleted", "edited", "touched"])
def test_a_file_that_is_not_as_published_is_made_anew(
    newsroom: Newsroom, runtime: Runtime, clock: Any, harm: str
) -> None:
    newsroom.put()
    newsroom.regenerate()
    before = texts(runtime)
    last_modified = mtime(runtime)
    path = runtime.folder.path / "macro.atom"
    clock.advance(60)
    if harm == "deleted":
        forget_spares(runtime)
        path.unlink()
    elif harm == "edited":
        path.write_text("oops")
    else:
        path.touch()
    (stale,) = runtime.regenerator.survey(runtime.settings).stale.values()
    assert (stale.slug, stale.is_missing, stale.is_urgent) == ("macro", True, False)
    inode = (runtime.folder.path / "macro.rss").stat().st_ino
    with capture_logs() as logs:
        assert run(runtime).outcome == "published"
        assert run(runtime).outcome == "fresh"
    (why,) = (each for each in logs if each["event"] == "documents_not_as_published")
    told = {"slug": "macro", "missing" if harm == "deleted" else "altered": ["atom"]}
    assert why == told | {"event": "documents_not_as_published", "log_level": "warning"}
    assert texts(runtime) == before
    assert mtime(runtime, name="atom") == mtime(runtime, name="rss") == last_modified
    assert (runtime.folder.path / "macro.rss").stat().st_ino == inode


def test_a_format_taken_out_goes_and_comes_back(newsroom: Newsroom, runtime: Runtime) -> None:
    newsroom.put()
    newsroom.regenerate()
    fewer = settings_with(runtime, "macro", formats=("rss", "json"))
    assert runtime.regenerator.regenerate(fewer, "macro").outcome == "published"
    assert set(texts(runtime)) == {"rss", "json"}
    assert runtime.regenerator.regenerate(fewer, "macro").outcome == "fresh"
    assert run(runtime).outcome == "published"
    assert set(texts(runtime)) == {"rss", "atom", "json"}


def test_a_file_of_a_format_never_asked_for_is_stale(newsroom: Newsroom, runtime: Runtime) -> None:
    newsroom.regenerate()
    (runtime.folder.path / "finance.json").write_text("{}")
    assert runtime.regenerator.stale(runtime.settings) == ["finance"]
    assert run(runtime, "finance").outcome == "published"
    assert set(texts(runtime, "finance")) == {"rss", "atom"}


def test_unknown_and_unregistered_sections(runtime: Runtime) -> None:
    with pytest.raises(UnknownSectionError) as caught:
        run(runtime, "marco")
    assert caught.value.nearest == "macro"
    new = Section(slug="new", title="新", description="", language="zh-Hans")
    added = replace(runtime.settings, sections={**runtime.settings.sections, "new": new})
    with pytest.raises(StoreError, match="'new' is not registered"):
        runtime.regenerator.regenerate(added, "new")
    publication = runtime.store.publication(runtime.folder_id, "new")
    assert publication is not None
    assert "not registered" in (publication.error or "")


def test_what_config_no_longer_names_goes_and_what_others_put_there_stays(newsroom: Newsroom, runtime: Runtime) -> None:
    article = newsroom.put(sections=("science",))
    newsroom.regenerate()
    (runtime.folder.path / "manifest.json").write_text("{}")
    (runtime.folder.path / "index.rss").write_text("old")
    sections = {slug: section for slug, section in runtime.settings.sections.items() if slug != "science"}
    less = replace(runtime.settings, sections=sections)
    assert runtime.regenerator.remove_unconfigured(less) == ["index", "science"]
    assert runtime.regenerator.remove_unconfigured(less) == []
    assert "science" not in runtime.folder.slugs()
    assert "science" not in runtime.store.publications(runtime.folder_id)
    assert (runtime.folder.path / "manifest.json").exists()
    assert runtime.folder.slugs()["index"] == ("opml",)
    assert runtime.store.article(article.id) == article
    assert run(runtime, "science").outcome == "published"


# the world outside fails


def test_a_folder_that_refuses_keeps_the_old_documents_and_is_noted(newsroom: Newsroom, runtime: Runtime) -> None:
    newsroom.put(external_id="a1")
    newsroom.regenerate()
    before = texts(runtime)
    newsroom.put(external_id="a1", title="改了")
    blocker = runtime.folder.path / "macro.atom"
    blocker.unlink()
    blocker.mkdir()
    with pytest.raises(OutputError, match="a folder stands where a document belongs"):
        run(runtime)
    publication = runtime.store.publication(runtime.folder_id, "macro")
    assert publication is not None
    assert "a folder stands where a document belongs" in (publication.error or "")
    assert "macro" in runtime.regenerator.stale(runtime.settings)
    assert temp_names(runtime.folder.path) == []
    assert texts(runtime)["json"] == before["json"]
    blocker.rmdir()
    assert run(runtime).outcome == "published"
    publication = runtime.store.publication(runtime.folder_id, "macro")
    assert publication is not None
    assert publication.error is None
    assert "改了" in texts(runtime)["atom"]


def test_an_error_that_is_over_is_forgotten_though_nothing_else_changed(newsroom: Newsroom, runtime: Runtime) -> None:
    newsroom.regenerate()
    bad = regenerator(runtime, broken_formats(render=lambda _feed, _render: b"<rss"))
    assert bad.regenerate(runtime.settings, "macro", force=True).outcome == "blocked"
    assert runtime.regenerator.stale(runtime.settings) == ["macro"]
    assert run(runtime).outcome == "unchanged"
    assert runtime.regenerator.stale(runtime.settings) == []


class Crash(BaseException):
    """Like a kill -9 to the code around: no handler that says `except Exception` sees it."""


@pytest.mark.parametrize("step", ["before the write", "between the renames", "after the write"])
def test_a_crash_between_any_two_steps_heals_at_the_next_run(
    newsroom: Newsroom, runtime: Runtime, clock: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    newsroom.put(external_id="a1")
    newsroom.regenerate()
    newsroom.put(external_id="a1", title="改了")
    write, rename = FeedsFolder.write, Path.rename
    count = 0

    def crashing_write(self: FeedsFolder, documents: list[Document], times: Any, twins: Any, **hooks: Any) -> None:
        if step == "after the write":
            write(self, documents, times, twins, **hooks)
        raise Crash

    def crashing_rename(self: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == 2:
            raise Crash
        return rename(self, target)

    with monkeypatch.context() as patch:
        if step == "between the renames":
            patch.setattr(Path, "rename", crashing_rename)
        else:
            patch.setattr(FeedsFolder, "write", crashing_write)
        with pytest.raises(Crash):
            run(runtime)
    promised = runtime.store.publication(runtime.folder_id, "macro")
    clock.advance(60)
    assert "macro" in runtime.regenerator.stale(runtime.settings)
    result = run(runtime)
    assert result.outcome == ("unchanged" if step == "after the write" else "published")
    assert "改了" in texts(runtime)["atom"]
    # Bytes that were allotted a time before the crash keep it.
    assert mtime(runtime) == clock() - timedelta(seconds=59)
    assert promised != runtime.store.publication(runtime.folder_id, "macro")
    assert run(runtime).outcome == "fresh"


def test_a_feeds_folder_deleted_whole_comes_back_as_it_was(newsroom: Newsroom, runtime: Runtime, clock: Any) -> None:
    newsroom.put()
    newsroom.regenerate()
    before = {name: (content, at) for name, (content, at, _) in files(runtime.folder.path).items()}
    clock.advance(600)
    subprocess.run(["rm", "-rf", str(runtime.folder.path)], check=True)
    newsroom.regenerate()
    assert {name: (content, at) for name, (content, at, _) in files(runtime.folder.path).items()} == before


# replicas


def open_replica(runtime: Runtime, folder: Path) -> Runtime:
    """One with the same settings, store and clock, and a feeds folder of its own."""
    config = folder / "replica.yaml"
    config.write_text(runtime.settings.path.read_text() + f"feeds: {folder / 'replica'}\n")
    return Runtime.open(config, clock=runtime.clock, environ={})


def test_replicas_serve_the_same_bytes_with_the_same_times(
    newsroom: Newsroom, runtime: Runtime, clock: Any, tmp_path: Path
) -> None:
    newsroom.put()
    newsroom.regenerate()
    clock.advance(45)
    replica = open_replica(runtime, tmp_path)
    try:
        assert replica.folder_id != runtime.folder_id
        for slug in replica.regenerator.stale(replica.settings):
            run(replica, slug)
        mine, other = files(runtime.folder.path), files(replica.folder.path)
        assert {name: known[:2] for name, known in mine.items()} == {name: known[:2] for name, known in other.items()}
        assert replica.regenerator.stale(replica.settings) == []
        assert runtime.regenerator.stale(runtime.settings) == []
    finally:
        replica.close()


def test_a_replica_that_is_overtaken_begins_anew(newsroom: Newsroom, tmp_path: Path, clock: Any) -> None:
    """Were it to publish what it had read before, the newest bytes would go live under another time there."""
    runtime = newsroom.runtime
    newsroom.put(title="第一篇")
    with closing(open_replica(runtime, tmp_path)) as other:
        tries: list[Feed] = []

        def verify_late(content: bytes, feed: Feed) -> list[Finding]:
            tries.append(feed)
            if len(tries) == 1:
                clock.advance(5)
                newsroom.put(title="第二篇")
                run(runtime)
                clock.advance(5)
            return FORMATS["rss"].verify(content, feed)

        late = regenerator(other, broken_formats(verify=verify_late))
        assert late.regenerate(other.settings, "macro").outcome == "published"
        assert len(tries) == 2
        mine, theirs = files(runtime.folder.path), files(other.folder.path)
        names = [name for name in theirs if name.startswith("macro.")]
        assert {name: mine[name][:2] for name in names} == {name: theirs[name][:2] for name in names}


def test_a_replica_that_is_overtaken_each_time_goes_live_at_last(
    newsroom: Newsroom, tmp_path: Path, clock: Any
) -> None:
    runtime = newsroom.runtime
    newsroom.put(title="第一篇")
    with closing(open_replica(runtime, tmp_path)) as other:
        tries: list[Feed] = []

        def verify_late(content: bytes, feed: Feed) -> list[Finding]:
            tries.append(feed)
            clock.advance(5)
            newsroom.put(title=f"第{len(tries) + 1}篇")
            run(runtime)
            newsroom.put(title="未及发布的一篇")  # so that what is read next was never published
            return FORMATS["rss"].verify(content, feed)

        late = regenerator(other, broken_formats(verify=verify_late))
        assert late.regenerate(other.settings, "macro").outcome == "published"
        assert len(tries) == 4
        assert run(runtime).outcome == "published"
        assert run(other).outcome == "published"
        mine, theirs = texts(runtime), texts(other)
        assert mine == {**mine, **theirs}


def test_the_time_never_goes_back_when_a_combination_loses_a_member(
    newsroom: Newsroom, runtime: Runtime, clock: Any
) -> None:
    newsroom.put()
    newsroom.regenerate()
    alone = texts(runtime, "economy")
    first = mtime(runtime, "economy")
    clock.advance(10)
    newsroom.put(sections=("finance",), title="新")
    newsroom.regenerate()
    second = mtime(runtime, "economy")
    clock.advance(10)
    # Without its second member its generations sum up to less, and its bytes are those of before.
    only = settings_with(runtime, "economy", include=("macro",))
    runtime.regenerator.regenerate(only, "economy")
    assert texts(runtime, "economy") == alone
    assert first < second < mtime(runtime, "economy") == datetime(2026, 3, 2, 8, 0, 20, tzinfo=UTC)
