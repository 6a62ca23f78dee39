"""What is missing in the feeds folder comes back as it was published, and nothing else ever does."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from auditing import audit_all, audit_one, auditor_of, flip, overwrite
from engine import broken_formats, files, newsroom_on, regenerator, run, settings_with, texts
from feedsvc import archive as archives
from feedsvc import publish, watch
from feedsvc.audit import audit
from feedsvc.config.settings import Compression
from feedsvc.errors import RenderError
from feedsvc.feed.formats import FORMATS
from feedsvc.model import INDEX_SLUG, Feed
from feedsvc.output import Deltas, FeedsFolder, Spares
from feedsvc.regenerate import Result
from feedsvc.runtime import Runtime, now
from feedsvc.scheduler import Worker
from newsroom import CONFIG, Newsroom
from service import wait_until

if TYPE_CHECKING:
    from integration.conftest import SettableClock

SUFFIXES = ("rss", "atom", "json", "rss.gz", "rss.br", "atom.gz", "json.br")


@pytest.fixture
def newsroom(sqlite_url: str, tmp_path: Path, clock: SettableClock) -> Iterator[Newsroom]:
    with newsroom_on(sqlite_url, tmp_path / "site", clock) as newsroom:
        for number in range(3):
            newsroom.put(external_id=f"a{number}", title=f"第{number}篇")
        newsroom.put(external_id="f1", sections=("finance",))
        newsroom.regenerate()
        clock.advance(60)
        yield newsroom


@pytest.fixture
def events() -> Iterator[list[Any]]:
    with capture_logs() as events:
        yield events


def named(events: list[Any], event: str) -> list[Any]:
    return [each for each in events if each["event"] == event]


def no_rendering(_feed: Feed, _render: Callable[[Feed], bytes]) -> bytes:
    raise RenderError("rss", None, "nothing is to be rendered")


def block(runtime: Runtime) -> None:
    """Whatever is rendered from now on fails."""
    runtime.regenerator = regenerator(runtime, {**FORMATS, **broken_formats(render=no_rendering)})


def bring_back(runtime: Runtime) -> tuple[str, ...]:
    """As the worker does after each survey."""
    return runtime.regenerator.bring_back(runtime.settings, runtime.regenerator.survey(runtime.settings))


def spares(runtime: Runtime, name: str = "macro") -> dict[str, Path]:
    """Suffix -> the spare of this name's document or twin."""
    folder = runtime.folder.spares.path / name
    found = {path.name.rpartition(".")[0]: path for path in folder.glob("*.*")}
    return {suffix: path for suffix, path in found.items() if not suffix.endswith("trail")}


def publish_news(newsroom: Newsroom) -> None:
    """Twins of what goes live in a hurry get no digest of their own."""
    newsroom.put(title="新的一篇")
    assert run(newsroom.runtime, when_live=lambda: None).outcome == "published"
    newsroom.regenerate()


def assert_spared(runtime: Runtime) -> None:
    """Whatever is live has one second name, and nothing else has."""
    found = {
        f"{slug.name}.{suffix}": path.stat().st_ino
        for slug in runtime.folder.spares.path.iterdir()
        if slug.is_dir()
        for suffix, path in spares(runtime, slug.name).items()
    }
    assert found == {name: inode for name, (_, _, inode) in files(runtime.folder.path).items()}


def assert_sound(runtime: Runtime, slug: str = "macro") -> None:
    assert list(audit(runtime, runtime.settings, slug)) == []


def test_whatever_is_live_is_spared_and_nothing_else(newsroom: Newsroom, clock: SettableClock) -> None:
    runtime = newsroom.runtime
    assert_spared(runtime)
    article = newsroom.put(title="新的一篇")
    newsroom.regenerate()
    assert_spared(runtime)
    clock.advance(60)
    publish.withdraw(runtime.store, clock, article.id)
    run(runtime, when_live=lambda: None)
    newsroom.regenerate()
    assert_spared(runtime)
    assert not [path for path in spares(runtime).values() if article.title.encode() in path.read_bytes()]
    newsroom.put(external_id="a0", title="第0篇")  # as it is: the same bytes
    run(runtime, force=True)
    run(runtime, force=True, renew=["rss"])  # and under another time
    assert_spared(runtime)


def test_all_of_a_folder_that_was_deleted_comes_back(newsroom: Newsroom, events: list[Any]) -> None:
    """With nothing rendered, under the same times and names, and noted nowhere."""
    runtime = newsroom.runtime
    before, known = files(runtime.folder.path), runtime.store.publications(runtime.folder_id)
    trails = {name: Deltas(runtime.folder).load("macro", name) for name in ("rss", "atom")}
    assert all(trails.values())
    shutil.rmtree(runtime.folder.path)
    block(runtime)
    assert set(bring_back(runtime)) == {*runtime.settings.feeds, INDEX_SLUG}
    assert files(runtime.folder.path) == before
    assert {name: Deltas(runtime.folder).load("macro", name) for name in trails} == trails
    assert runtime.regenerator.stale(runtime.settings) == []
    assert runtime.store.publications(runtime.folder_id) == known
    assert [each["feeds"] for each in named(events, "feeds_brought_back")] == [len(known)]
    assert bring_back(runtime) == ()
    assert_spared(runtime)


def test_the_folder_that_comes_back_is_the_same_to_the_next_process(newsroom: Newsroom, tmp_path: Path) -> None:
    runtime = newsroom.runtime
    before = files(runtime.folder.path)
    shutil.rmtree(runtime.folder.path)
    with_another = Runtime.open(runtime.settings.path, environ={})
    try:
        assert with_another.folder_id == runtime.folder_id
        block(with_another)
        bring_back(with_another)
        assert files(runtime.folder.path) == before
    finally:
        with_another.close()
    copied = tmp_path / "copied"
    shutil.copytree(runtime.folder.spares.path, copied / ".feeds.spare")
    assert FeedsFolder(copied / "feeds").prepare() != runtime.folder_id


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_single_file_comes_back_by_the_same_way(newsroom: Newsroom, events: list[Any], suffix: str) -> None:
    runtime = newsroom.runtime
    before = files(runtime.folder.path)
    (runtime.folder.path / f"macro.{suffix}").unlink()
    block(runtime)
    assert run(runtime).outcome == "fresh"
    assert files(runtime.folder.path) == before
    assert [each["slug"] for each in named(events, "feeds_brought_back")] == ["macro"]


@pytest.mark.parametrize("suffix", ["rss.gz", "json.br"])
def test_a_twin_comes_back_although_its_feed_is_stale(newsroom: Newsroom, suffix: str) -> None:
    runtime = newsroom.runtime
    before = files(runtime.folder.path)
    newsroom.put(title="新的一篇")
    (runtime.folder.path / f"macro.{suffix}").unlink()
    runtime.regenerator.mend_twins(runtime.settings, "macro")
    assert files(runtime.folder.path) == before


def test_what_has_changed_meanwhile_is_made_anew(newsroom: Newsroom, clock: SettableClock) -> None:
    runtime = newsroom.runtime
    publish.withdraw(runtime.store, clock, newsroom.put(external_id="a0", title="第0篇").id)
    settings = replace(settings_with(runtime, "finance", description="别的说明"), path=runtime.settings.path)
    shutil.rmtree(runtime.folder.path)
    survey = runtime.regenerator.survey(settings)
    brought_back = runtime.regenerator.bring_back(settings, survey)
    assert set(brought_back) == {"science"}  # all others show the article, or the description
    for slug in runtime.regenerator.stale(settings):
        assert runtime.regenerator.regenerate(settings, slug).outcome == "published"
    assert "第0篇" not in texts(runtime)["rss"]
    assert "别的说明" in texts(runtime, "finance")["rss"]
    assert_spared(runtime)


def test_what_can_not_be_made_anew_does_not_come_back_older(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    newsroom.put(title="新的一篇")
    shutil.rmtree(runtime.folder.path)
    block(runtime)
    assert "macro" not in bring_back(runtime)
    assert run(runtime).error is not None
    assert texts(runtime) == {}


def test_force_makes_anew(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    shutil.rmtree(runtime.folder.path)
    regenerated: Result = run(runtime, force=True)
    assert regenerated.outcome == "published"
    assert_sound(runtime)


@pytest.mark.parametrize(
    ("suffix", "is_news"),
    [*((suffix, True) for suffix in SUFFIXES), ("rss", False), ("atom.gz", False), ("json.br", False)],
)
def test_what_was_altered_in_its_place_does_not_come_back(newsroom: Newsroom, suffix: str, is_news: bool) -> None:
    """The live file shares its bytes with the spare, and length and time stay what they were."""
    runtime = newsroom.runtime
    if is_news:
        publish_news(newsroom)
    path = runtime.folder.path / f"macro.{suffix}"
    before = files(runtime.folder.path)
    overwrite(path, flip)
    altered = path.read_bytes()
    assert spares(runtime)[suffix].read_bytes() == altered
    shutil.rmtree(runtime.folder.path)
    bring_back(runtime)
    assert not path.exists()
    assert suffix not in spares(runtime)
    newsroom.regenerate()
    after = files(runtime.folder.path)
    assert {name: each[:2] for name, each in after.items()} == {name: each[:2] for name, each in before.items()}
    assert_spared(runtime)


AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="root alone gives files away")


@pytest.mark.parametrize(
    "spoil",
    ["shorter", "later", "locked", "another's", "a pipe", "a link", pytest.param("a neighbour's", marks=AS_ROOT)],
)
def test_a_spare_that_is_not_as_it_was_does_not_come_back(newsroom: Newsroom, tmp_path: Path, spoil: str) -> None:
    runtime = newsroom.runtime
    before = files(runtime.folder.path)
    shutil.rmtree(runtime.folder.path)
    spare = spares(runtime)["rss.gz"]
    content, status = spare.read_bytes(), spare.stat()
    spare.unlink()
    match spoil:
        case "shorter":
            spare.write_bytes(content[:-1])
        case "later" | "locked" | "a neighbour's":
            spare.write_bytes(content)
        case "another's":
            spare.write_bytes(spares(runtime, "economy")["rss.gz"].read_bytes())
        case "a pipe":
            os.mkfifo(spare)
        case "a link":
            (tmp_path / "elsewhere").write_bytes(content)
            spare.symlink_to(tmp_path / "elsewhere")
    os.utime(spare, (status.st_mtime + (spoil == "later"),) * 2)
    spare.chmod(0o600 if spoil == "locked" else 0o644)
    if spoil == "a neighbour's":
        os.chown(spare, 65534, -1)
    bring_back(runtime)
    assert set(files(runtime.folder.path)) == set(before) - {"macro.rss.gz"}
    newsroom.regenerate()
    assert files(runtime.folder.path)["macro.rss.gz"][:2] == before["macro.rss.gz"][:2]
    assert_spared(runtime)


def test_who_publishes_meanwhile_is_not_undone(newsroom: Newsroom) -> None:
    """A process brings back what it found missing a moment ago, and another has made it anew since."""
    runtime = newsroom.runtime
    shutil.rmtree(runtime.folder.path)
    survey = runtime.regenerator.survey(runtime.settings)
    article = newsroom.put(title="新的一篇")
    run(runtime)
    after = {name: each for name, each in files(runtime.folder.path).items() if name.startswith("macro.")}
    assert "macro" not in runtime.regenerator.bring_back(runtime.settings, survey)
    assert files(runtime.folder.path).items() >= after.items()
    assert article.entry_id in texts(runtime)["rss"]
    (runtime.folder.path / "macro.rss").unlink()  # and even that is gone again
    assert "macro" not in runtime.regenerator.bring_back(runtime.settings, survey)
    assert not (runtime.folder.path / "macro.rss").exists()


def test_what_lies_there_by_now_stays(newsroom: Newsroom) -> None:
    """Put there between the look and the link, by whoever holds a lock of a folder that was deleted."""
    runtime = newsroom.runtime
    known = runtime.store.publication(runtime.folder_id, "macro")
    assert known is not None
    for record in known.documents:
        path = runtime.folder.path / f"macro.{record.format}"
        path.unlink()
        path.write_text("newer")
        assert not runtime.folder.spares.bring_back("macro", record)
        assert path.read_text() == "newer"


def test_a_coding_that_is_switched_off_does_not_come_back(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    settings = replace(runtime.settings, compression=Compression(brotli=0))
    shutil.rmtree(runtime.folder.path)
    runtime.regenerator.bring_back(settings, runtime.regenerator.survey(settings))
    assert {path.suffix for path in runtime.folder.path.glob("macro.*")} == {".rss", ".atom", ".json", ".gz"}


def test_a_removed_section_has_no_spares(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    sections = {slug: each for slug, each in runtime.settings.sections.items() if slug not in ("science", "economy")}
    fewer = settings_with(runtime, "finance", formats=("rss",))
    fewer = replace(fewer, sections={slug: fewer.sections[slug] for slug in sections})
    (runtime.folder.path / "science.rss").unlink()
    runtime.regenerator.remove_unconfigured(fewer)
    assert not spares(runtime, "science")
    assert not spares(runtime, "economy")
    assert set(spares(runtime, "finance")) == {"rss", "rss.gz", "rss.br"}


def test_what_a_crash_left_is_made_good(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill between the renames and the links: the spares are those of what was live before."""
    runtime = newsroom.runtime
    newsroom.put(title="新的一篇")
    with monkeypatch.context() as patch:
        patch.setattr(Spares, "keep", lambda *_, **__: None)
        newsroom.regenerate()
    before = files(runtime.folder.path)
    shutil.rmtree(runtime.folder.path)
    assert set(bring_back(runtime)) == {"finance", "science", INDEX_SLUG}
    newsroom.regenerate()
    after = files(runtime.folder.path)
    assert {name: each[:2] for name, each in after.items()} == {name: each[:2] for name, each in before.items()}
    assert_spared(runtime)


def test_the_audit_spares_what_it_found_right(newsroom: Newsroom) -> None:
    """After an upgrade, after the feeds folder was moved, after somebody cleared the spares away."""
    runtime = newsroom.runtime
    shutil.rmtree(runtime.folder.spares.path)
    overwrite(runtime.folder.path / "macro.rss.gz", flip, in_place=True)
    shutil.rmtree(runtime.folder.spares.path, ignore_errors=True)
    auditor = auditor_of(runtime)
    audit_one(auditor, "finance")
    assert set(spares(runtime, "finance")) == {"rss", "rss.gz", "rss.br", "atom", "atom.gz", "atom.br"}
    assert not spares(runtime)
    audit_all(auditor, runtime)
    assert_spared(runtime)


def test_what_was_audited_comes_back_without_being_unpacked(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = newsroom.runtime
    publish_news(newsroom)
    before = files(runtime.folder.path)
    shutil.rmtree(runtime.folder.path)
    bring_back(runtime)
    assert files(runtime.folder.path) == before
    monkeypatch.setattr("feedsvc.output.spares.unpack", lambda *_: None)
    audit_all(auditor_of(runtime), runtime)
    assert_spared(runtime)
    shutil.rmtree(runtime.folder.path)
    bring_back(runtime)
    assert files(runtime.folder.path) == before


def test_where_there_can_be_no_links_all_is_made_anew_and_told_once(
    newsroom: Newsroom, events: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.setattr(os, "link", refuse)
    config = folder / "config.yaml"
    config.write_text(f"{CONFIG}audit_cpu: 0\n", encoding="utf-8")
    runtime = Runtime.open(config, environ={})
    try:
        shown = Newsroom(runtime, newsroom.app, newsroom.client)
        shown.put()
        shown.regenerate()
        shown.put(title="新的一篇")
        shown.regenerate()
        before = files(runtime.folder.path)
        shutil.rmtree(runtime.folder.path)
        assert bring_back(runtime) == ()
        shown.regenerate()
        assert set(files(runtime.folder.path)) == set(before)
        assert runtime.regenerator.stale(runtime.settings) == []
        assert "cross-device" in runtime.status()["spares"]["trouble"]
        assert all(check.ok for check in runtime.checks() if check.name.startswith("section"))
    finally:
        runtime.close()
    assert len(named(events, "spares_not_kept")) == 1
    assert newsroom.runtime.status()["spares"]["trouble"] is None


def test_something_else_in_their_place_harms_nobody(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    shutil.rmtree(runtime.folder.spares.path)
    runtime.folder.spares.path.write_text("somebody's")
    newsroom.put(title="新的一篇")
    newsroom.regenerate()
    runtime.regenerator.remove_unconfigured(runtime.settings)
    shutil.rmtree(runtime.folder.path)
    assert bring_back(runtime) == ()
    newsroom.regenerate()
    assert_sound(runtime)
    assert runtime.folder.spares.trouble is not None
    assert runtime.folder.spares.path.read_text() == "somebody's"


def test_a_folder_that_can_not_be_made_is_told_of_by_others(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    shutil.rmtree(runtime.folder.path)
    survey = runtime.regenerator.survey(runtime.settings)
    runtime.folder.path.write_text("somebody's")
    assert runtime.regenerator.bring_back(runtime.settings, survey) == ()


def test_archives_come_back_unless_they_have_changed(
    newsroom: Newsroom, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = newsroom.runtime
    monkeypatch.setattr(archives, "ARCHIVE_ENTRIES", 4)
    articles = []
    for number in range(16):
        clock.advance(60)
        articles.append(newsroom.put(external_id=f"b{number}", title=f"旧闻{number}"))
        run(runtime)
    for _ in range(2):
        runtime.regenerator.archivist.bring_up(runtime.settings, "macro")
    shelf = runtime.folder.path / "macro" / "archive"
    before = files(shelf)
    assert len(before) >= 9
    publish.withdraw(runtime.store, clock, articles[0].id)
    newsroom.regenerate()
    stale = {
        name for name, (content, _, _) in before.items() if name.endswith(".atom") and "旧闻0<".encode() in content
    }
    assert len(stale) == 1
    shutil.rmtree(runtime.folder.path)
    bring_back(runtime)
    runtime.regenerator.archivist.bring_up(runtime.settings, "macro")
    assert set(files(shelf)) == set(before)
    changed = {name for name, each in files(shelf).items() if each != before[name]}
    assert changed == {name for name in before if name.removesuffix(".gz").removesuffix(".br") in stale}
    for name in before:
        (shelf / name).unlink()
    before = {**before, **files(shelf)}
    block(runtime)
    for _ in range(2):
        error = runtime.regenerator.archivist.bring_up(runtime.settings, "macro").error
        assert error is None
    assert {name: each for name, each in files(shelf).items() if name not in changed} == {
        name: each for name, each in before.items() if name not in changed
    }
    runtime.regenerator.archivist.remove_unconfigured(settings_with(runtime, "macro", formats=("rss",)))
    assert not spares(runtime, "macro/archive/1")


def test_a_worker_brings_all_back_at_once_and_audits_it_again(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "SURVEY_SECONDS", 0.5)
    monkeypatch.setattr(watch, "SURVEY_SHARE", 0)
    with newsroom_on(sqlite_url, tmp_path / "site", now, f"{CONFIG}audit_cpu: 50\n") as newsroom:
        runtime = newsroom.runtime
        newsroom.put()
        newsroom.regenerate()
        worker = Worker(runtime)
        with capture_logs() as events:
            worker.start()
            try:
                wait_until(lambda: runtime.status()["audit"]["waiting"] == 0, "all to be audited")
                events.clear()
                before = files(runtime.folder.path)
                runtime.folder.path.rename(tmp_path / "gone")  # at once, or the worker might put back what goes
                wait_until(lambda: named(events, "feeds_brought_back"), "all to come back")
                wait_until(lambda: not runtime.regenerator.stale(runtime.settings), "nothing to be missing")
                assert files(runtime.folder.path) == before
                assert not named(events, "section_published")
                wait_until(lambda: runtime.status()["audit"]["waiting"] == 0, "all to be audited again")
            finally:
                worker.stop()
