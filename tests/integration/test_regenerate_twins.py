"""The compressed forms of what is published: made once, mended alone, and never a reason to keep news back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from engine import files, forget_spares, mtime, newsroom_on, regenerator, run, settings_with
from feedsvc.audit import audit, audit_archives, find_strangers
from feedsvc.config import Settings
from feedsvc.config.settings import Compression
from feedsvc.delivery import finish
from feedsvc.feed.formats import FORMATS
from feedsvc.model import ARCHIVE_FORMAT, Coding, DocumentRecord, Publication
from feedsvc.output import CODINGS, SUFFIXES, FeedsFolder, Shelf, make_twins, unpack
from feedsvc.runtime import Check, Runtime
from newsroom import CONFIG, Newsroom

if TYPE_CHECKING:
    from integration.conftest import SettableClock

Files = dict[str, tuple[bytes, float, int]]


@pytest.fixture
def newsroom(sqlite_url: str, tmp_path: Path, clock: SettableClock) -> Iterator[Newsroom]:
    with newsroom_on(sqlite_url, tmp_path / "site", clock) as newsroom:
        newsroom.put()
        newsroom.regenerate()
        yield newsroom


def compressing(runtime: Runtime, **levels: int) -> Settings:
    return replace(runtime.settings, compression=Compression(**levels))


def publication(runtime: Runtime, slug: str = "macro") -> Publication:
    found = runtime.store.publication(runtime.folder_id, slug)
    assert found is not None
    return found


def documents_of(found: Files) -> Files:
    return {name: value for name, value in found.items() if not name.endswith((".gz", ".br"))}


def check(runtime: Runtime, slug: str = "macro") -> Check | None:
    return next((each for each in runtime.checks() if each.name == f"section {slug}"), None)


def assert_twinned(folder: FeedsFolder, codings: tuple[Coding, ...] = CODINGS) -> None:
    """Each document in the folder has these twins, and there are no others."""
    lying = files(folder.path)
    names = documents_of(lying)
    assert names
    assert set(lying) == {*names, *(f"{name}.{SUFFIXES[coding]}" for name in names for coding in codings)}
    for name, (content, at, _) in names.items():
        for coding in codings:
            twin, twin_at, _ = lying[f"{name}.{SUFFIXES[coding]}"]
            assert unpack(coding, twin, len(content)) == content
            assert twin_at == at


def test_every_document_goes_live_with_its_twins(newsroom: Newsroom, clock: SettableClock) -> None:
    runtime = newsroom.runtime
    assert_twinned(runtime.folder)
    assert "index.opml.br" in files(runtime.folder.path)
    clock.advance(60)
    newsroom.put(title="雾散了")
    newsroom.regenerate()
    assert_twinned(runtime.folder)
    for record in publication(runtime).documents:
        assert record.twins == {
            coding: (runtime.folder.path / f"macro.{record.format}.{suffix}").stat().st_size
            for coding, suffix in SUFFIXES.items()
        }
        assert record.twin_error is None
    assert runtime.regenerator.stale(runtime.settings) == []


def delete(path: Path) -> None:
    path.unlink()


def shorten(path: Path) -> None:
    status = path.stat()
    path.write_bytes(path.read_bytes()[:-1])
    os.utime(path, (status.st_mtime, status.st_mtime))


def redate(path: Path) -> None:
    os.utime(path)


@pytest.mark.parametrize("spoil", [delete, shorten, redate])
@pytest.mark.parametrize(("slug", "name"), [("macro", "macro.atom.gz"), ("index", "index.opml.br")])
def test_a_spoilt_twin_is_made_anew_and_its_document_left_alone(
    newsroom: Newsroom, clock: SettableClock, spoil: Callable[[Path], None], slug: str, name: str
) -> None:
    runtime = newsroom.runtime
    before = files(runtime.folder.path)
    published = publication(runtime, slug)
    clock.advance(60)
    forget_spares(runtime)
    spoil(runtime.folder.path / name)
    assert runtime.regenerator.stale(runtime.settings) == [slug]
    (stale,) = runtime.regenerator.survey(runtime.settings).stale.values()
    assert (stale.lacks_twins, stale.is_missing, stale.is_urgent) == (True, False, False)
    if slug == "macro":
        assert check(runtime) == Check("section macro", ok=True, detail=stale_detail())
    assert run(runtime, slug).outcome == "compressed"
    after = files(runtime.folder.path)
    assert {each: content for each, (content, _, _) in after.items()} == {
        each: content for each, (content, _, _) in before.items()
    }
    assert {each for each in after if after[each] != before[each]} <= {name}
    assert publication(runtime, slug) == published
    assert run(runtime, slug).outcome == "fresh"


def stale_detail() -> str:
    return "a compressed form is to be made or to go; the worker does it"


def test_nothing_is_proved_to_make_a_twin(newsroom: Newsroom) -> None:
    def refuse(*_: object) -> object:
        raise AssertionError("a document was rendered")

    forget_spares(newsroom.runtime)
    row = FORMATS["rss"]
    lazy = regenerator(newsroom.runtime, {**FORMATS, "rss": replace(row, render=refuse, verify=refuse)})  # type: ignore[arg-type]
    (newsroom.runtime.folder.path / "macro.rss.gz").unlink()
    assert lazy.regenerate(newsroom.runtime.settings, "macro").outcome == "compressed"
    assert_twinned(newsroom.runtime.folder)


def test_a_document_that_was_altered_too_is_made_anew(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    path = runtime.folder.path / "macro.rss"
    right, at = path.read_bytes(), path.stat().st_mtime
    path.write_bytes(right.replace(b"2026", b"2062", 1))
    os.utime(path, (at, at))
    (runtime.folder.path / "macro.rss.gz").unlink()
    assert run(runtime).outcome == "published"
    assert path.read_bytes() == right
    assert_twinned(runtime.folder)


def test_a_twin_of_another_document_is_found_by_force(newsroom: Newsroom) -> None:
    """Its length and time say nothing; `feedsvc regenerate` unpacks it."""
    runtime = newsroom.runtime
    path = runtime.folder.path / "macro.rss.gz"
    twin, at = path.read_bytes(), path.stat().st_mtime
    path.write_bytes(bytes(len(twin)))
    os.utime(path, (at, at))
    assert run(runtime).outcome == "fresh"
    assert run(runtime, force=True).outcome == "compressed"
    assert path.read_bytes() == twin
    assert run(runtime, force=True).outcome == "unchanged"


def test_a_coding_can_be_turned_off_and_on(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    before = files(runtime.folder.path)
    for settings, codings in (
        (compressing(runtime, brotli=0), ("gzip",)),
        (compressing(runtime, gzip=0, brotli=0), ()),
        (compressing(runtime, gzip=0), ("br",)),
        (runtime.settings, CODINGS),
    ):
        assert set(runtime.regenerator.stale(settings)) == {*settings.feeds, "index"}
        for slug in runtime.regenerator.stale(settings):
            assert runtime.regenerator.regenerate(settings, slug).outcome == "compressed"
        assert_twinned(runtime.folder, codings)
        assert runtime.regenerator.stale(settings) == []
    assert documents_of(files(runtime.folder.path)) == documents_of(before)


def test_another_level_counts_for_what_is_written_next(newsroom: Newsroom, clock: SettableClock) -> None:
    runtime = newsroom.runtime
    before = files(runtime.folder.path)
    small = compressing(runtime, gzip=9, brotli=11)
    assert runtime.regenerator.stale(small) == []
    assert runtime.regenerator.regenerate(small, "macro", force=True).outcome == "unchanged"
    assert files(runtime.folder.path) == before
    clock.advance(60)
    newsroom.put(title="雾散了")
    runtime.regenerator.regenerate(small, "macro")
    content = (runtime.folder.path / "macro.rss").read_bytes()
    wanted = make_twins(content, small.compression.levels, {})
    assert {coding: (runtime.folder.path / f"macro.rss.{SUFFIXES[coding]}").read_bytes() for coding in wanted} == wanted


def forget_twins(runtime: Runtime) -> None:
    """As an older feedsvc left it: no twins, and no word of them."""
    for path in runtime.folder.path.rglob("*"):
        if path.suffix in {".gz", ".br"}:
            path.unlink()
    with runtime.store.write() as tx:
        for slug in runtime.store.publications(runtime.folder_id):
            known = runtime.store.publication(runtime.folder_id, slug)
            assert known is not None
            records = tuple(replace(each, twins={}) for each in known.documents)
            tx.save_publication(runtime.folder_id, replace(known, documents=records))
            archived_from = (known.archived_from or "").rpartition(":")[0] or None
            tx.note_archives(runtime.folder_id, slug, archived_from, None)


def test_an_older_folder_gets_its_twins(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    before = files(runtime.folder.path)
    forget_twins(runtime)
    assert set(runtime.regenerator.stale(runtime.settings)) == {*runtime.settings.feeds, "index"}
    newsroom.regenerate()
    assert documents_of(files(runtime.folder.path)) == documents_of(before)
    assert_twinned(runtime.folder)


def test_rows_of_an_older_feedsvc_can_be_read(newsroom: Newsroom) -> None:
    from feedsvc.store.records import _document_from  # noqa: PLC0415  # the one way to hand it such a row

    old = {"format": "rss", "digest": "d", "length_bytes": 3, "mtime": 0}
    read = _document_from(old)
    assert (read.twins, read.twin_error) == ({}, None)


# what goes


def test_twins_go_with_their_format_and_with_their_section(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    without = settings_with(runtime, "macro", formats=("atom",))
    runtime.regenerator.remove_unconfigured(without)
    left = sorted(name for name in files(runtime.folder.path) if name.startswith("macro."))
    assert left == ["macro.atom", "macro.atom.br", "macro.atom.gz"]
    sections = {slug: section for slug, section in runtime.settings.sections.items() if slug != "science"}
    runtime.regenerator.remove_unconfigured(replace(runtime.settings, sections=sections))
    assert not [name for name in files(runtime.folder.path) if name.startswith("science")]


def test_an_orphan_goes_and_a_strangers_file_stays(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    folder = runtime.folder.path
    strangers = {"robots.txt.gz", "notes.json.gz", "README.rss.gz", "macro.txt.gz", "macro.rss.zst", "macro.gz"}
    for name in strangers:
        (folder / name).write_text("mine")
    (folder / "finance.json.gz").write_text("of a format that it never had")
    (folder / "macro.rss").unlink()
    runtime.regenerator.remove_unconfigured(runtime.settings)
    assert not (folder / "macro.rss.gz").exists()
    assert not (folder / "finance.json.gz").exists()
    newsroom.regenerate()
    runtime.folder.sweep_all()
    assert strangers <= set(files(folder))
    for name in strangers:
        (folder / name).unlink()
    assert_twinned(runtime.folder)


def test_an_orphan_of_a_section_that_cannot_go_live_is_not_served(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    forget_spares(runtime)
    (runtime.folder.path / "macro.rss").unlink()
    broken = replace(FORMATS["rss"], render=lambda _feed: b"<rss")
    assert regenerator(runtime, {**FORMATS, "rss": broken}).regenerate(runtime.settings, "macro").error
    assert not (runtime.folder.path / "macro.rss.gz").exists()
    assert (runtime.folder.path / "macro.atom.gz").exists()


# what fails


def test_a_blocked_section_gets_twins_for_what_is_live(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    newsroom.put(title="不会上线")
    before = mtime(runtime)
    (runtime.folder.path / "macro.rss.gz").unlink()
    broken = replace(FORMATS["atom"], render=lambda _feed: b"<feed")
    assert regenerator(runtime, {**FORMATS, "atom": broken}).regenerate(runtime.settings, "macro").outcome == "blocked"
    assert_twinned(runtime.folder)
    assert mtime(runtime) == before
    assert publication(runtime).error is not None


def test_twins_alone_can_be_asked_for(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    before = mtime(runtime)
    newsroom.put(title="等着定时发布")
    (runtime.folder.path / "macro.rss.gz").unlink()
    assert runtime.regenerator.survey(runtime.settings).stale["macro"].lacks_twins
    assert runtime.regenerator.mend_twins(runtime.settings, "macro") is None
    assert_twinned(runtime.folder)
    assert mtime(runtime) == before
    assert not runtime.regenerator.survey(runtime.settings).stale["macro"].lacks_twins


def test_what_stands_in_a_twins_place_is_told_once_and_healed(newsroom: Newsroom, clock: SettableClock) -> None:
    runtime = newsroom.runtime
    place = runtime.folder.path / "macro.rss.gz"
    place.unlink()
    place.mkdir()
    clock.advance(60)
    newsroom.put(title="照样上线")
    with capture_logs() as events:
        results = [run(runtime), run(runtime)]
    assert [result.outcome for result in results] == ["published", "compressed"]
    assert all(result.error is None for result in results)
    assert all(str(place) in str(result.twin_error) for result in results)
    assert [event["event"] for event in events].count("twins_missing") == 1
    found = check(runtime)
    assert found is not None
    assert not found.ok
    assert found.detail.startswith(f"live without a compressed form: {place}: is a directory; ")
    assert "照样上线".encode() in (runtime.folder.path / "macro.rss").read_bytes()
    assert (runtime.folder.path / "macro.rss.br").exists()
    place.rmdir()
    with capture_logs() as events:
        assert run(runtime).twin_error is None
    assert [event["event"] for event in events] == ["twins_made"]
    assert check(runtime) is None
    newsroom.regenerate()
    assert_twinned(runtime.folder)


def test_a_disk_that_is_full_keeps_no_news_back(sqlite_url: str, full_disk: Path, clock: SettableClock) -> None:
    folder = full_disk / "feeds"
    with newsroom_on(sqlite_url, full_disk.parent / "site", clock, f"{CONFIG}feeds: '{folder}'\n") as newsroom:
        runtime = newsroom.runtime
        quiet = settings_with(runtime, "macro", formats=("rss",))
        stuffing = full_disk / "stuffing"
        stuffing.write_bytes(bytes(shutil.disk_usage(full_disk).free - 4096))
        newsroom.put(title="照样上线")
        result = runtime.regenerator.regenerate(quiet, "macro")
        assert (result.outcome, result.error) == ("published", None)
        assert "no space left on device" in str(result.twin_error)
        assert "照样上线".encode() in (folder / "macro.rss").read_bytes()
        found = check(runtime)
        assert found is not None
        assert "no space left" in found.detail
        assert not list(folder.glob(".tmp*"))
        stuffing.unlink()
        assert runtime.regenerator.regenerate(quiet, "macro").outcome == "compressed"
        assert_twinned(runtime.folder)


def test_a_library_gone_wrong_is_told(
    newsroom: Newsroom, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feedsvc.output.twins.unpack", lambda *_: b"")
    clock.advance(60)
    newsroom.put(title="照样上线")
    result = run(newsroom.runtime)
    assert result.outcome == "published"
    assert str(result.twin_error).startswith("macro.rss can't be compressed: the library for br does not give back")


# what verify says


def told(runtime: Runtime, settings: Settings | None = None, slug: str = "macro") -> dict[str, str]:
    """Rule -> severity of what is wrong with the twins of one feed."""
    found = audit(runtime, settings or runtime.settings, slug)
    assert all(finding.rule.startswith(("twin.", "file.")) for finding in found)
    return {finding.rule: finding.severity for finding in found}


def test_verify_holds_each_twin_against_its_document(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    twin = runtime.folder.path / "macro.atom.br"
    right, at = twin.read_bytes(), twin.stat().st_mtime
    assert told(runtime) == {}
    other = make_twins((runtime.folder.path / "macro.rss").read_bytes(), {"br": 2}, {})["br"]
    for wrong in (other, right[:-1], right + b"x", b"", bytes(10**6)):
        twin.write_bytes(wrong)
        os.utime(twin, (at, at))
        (finding,) = audit(runtime, runtime.settings, "macro")
        assert (finding.rule, finding.format, finding.severity) == ("twin.altered", "atom", "error")
        assert finding.message == "macro.atom.br does not unpack to its document; `feedsvc regenerate` makes it anew"
    twin.write_bytes(right)
    assert told(runtime) == {"twin.dated": "error"}
    twin.unlink()
    assert told(runtime) == {"twin.missing": "warning"}
    assert told(runtime, compressing(runtime, brotli=0)) == {"twin.surplus": "warning"}
    (runtime.folder.path / "index.opml").unlink()
    assert told(runtime, slug="index") == {"file.missing": "error", "twin.orphan": "error"}
    newsroom.regenerate()
    assert told(runtime) == told(runtime, slug="index") == {}


def test_verify_finds_orphans_that_no_feed_names(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    (runtime.folder.path / "finance.json.gz").write_text("left over")
    (runtime.folder.path / "stranger.json.gz").write_text("mine")
    found = find_strangers(runtime, runtime.settings)
    assert {slug: [finding.rule for finding in findings] for slug, findings in found.items()} == {
        "finance": ["file.surplus"]
    }


def test_a_twin_that_was_not_worth_keeping_is_not_missed(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    known = publication(runtime)
    records = tuple(replace(each, twins={"gzip": each.twins["gzip"], "br": 0}) for each in known.documents)
    with runtime.store.write() as tx:
        tx.save_publication(runtime.folder_id, replace(known, documents=records))
    for record in records:
        (runtime.folder.path / f"macro.{record.format}.br").unlink()
    assert told(runtime) == {}
    assert runtime.regenerator.stale(runtime.settings) == []


# archives


@pytest.fixture
def archived(
    sqlite_url: str, tmp_path: Path, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Newsroom]:
    """Macro holds three articles in its live document, an archive four."""
    monkeypatch.setattr("feedsvc.archive.ARCHIVE_ENTRIES", 4)
    with newsroom_on(sqlite_url, tmp_path / "archived", clock) as newsroom:
        for number in range(15):
            clock.advance(60)
            newsroom.put(title=f"第{number}篇")
        newsroom.regenerate()
        bring_up(newsroom.runtime)
        yield newsroom


def bring_up(runtime: Runtime, settings: Settings | None = None) -> tuple[int, ...]:
    """Look as often as a worker would; the numbers of what was made."""
    in_force = settings or runtime.settings
    made: list[int] = []
    for _ in range(5):
        if not runtime.regenerator.survey(in_force).archives:
            return tuple(made)
        progress = runtime.regenerator.archivist.bring_up(in_force, "macro")
        assert progress.error is None
        made += progress.made
    raise AssertionError("the archives are never right")


def shelf_of(runtime: Runtime) -> FeedsFolder:
    return FeedsFolder(runtime.folder.path / "macro/archive")


def records(runtime: Runtime) -> Mapping[int, DocumentRecord]:
    return runtime.store.archive_records(runtime.folder_id, "macro")


def test_archives_have_twins(archived: Newsroom) -> None:
    runtime = archived.runtime
    assert_twinned(shelf_of(runtime))
    assert set(records(runtime)) == {1, 2, 3}
    for number, record in records(runtime).items():
        assert set(record.twins) == set(CODINGS)
        twin = runtime.folder.read_twin(f"macro/archive/{number}", ARCHIVE_FORMAT, "br", record.mtime)
        assert twin is not None
        assert len(twin) == record.twins["br"]


@pytest.mark.parametrize("spoil", [delete, shorten, redate])
def test_a_spoilt_twin_of_an_archive_is_mended_alone(archived: Newsroom, spoil: Callable[[Path], None]) -> None:
    runtime = archived.runtime
    before = files(shelf_of(runtime).path)
    spoil(runtime.folder.path / "macro/archive/2.atom.gz")
    runtime.regenerator.archivist.break_seals()
    assert bring_up(runtime) == (2,)
    after = files(shelf_of(runtime).path)
    assert {name for name in after if after[name] != before[name]} <= {"2.atom.gz"}
    assert_twinned(shelf_of(runtime))


def test_archives_of_an_older_folder_get_twins_without_being_proved(
    archived: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = archived.runtime
    before = files(shelf_of(runtime).path)
    forget_twins(runtime)
    with runtime.store._database.write() as connection:
        connection.exec_driver_sql("UPDATE archive_publication SET twins = NULL")
    Shelf(runtime.folder, "macro").seal()
    status = next(each for each in runtime.status()["sections"] if each["slug"] == "macro")
    assert status["archives"] == {"count": 3, "waiting": 3, "error": None}

    def refuse(*_: object) -> object:
        raise AssertionError("an archive was proved")

    monkeypatch.setattr("feedsvc.archive.prove", refuse)
    assert bring_up(runtime) == (3, 2, 1)
    assert_twinned(shelf_of(runtime))
    assert documents_of(files(shelf_of(runtime).path)) == documents_of(before)
    assert all(set(record.twins) == set(CODINGS) for record in records(runtime).values())


def test_a_coding_turned_off_leaves_the_archives_too(archived: Newsroom) -> None:
    runtime = archived.runtime
    off = compressing(runtime, brotli=0)
    assert runtime.regenerator.survey(off).archives
    assert bring_up(runtime, off) == (3, 2, 1)
    assert_twinned(shelf_of(runtime), ("gzip",))
    assert bring_up(runtime) == (3, 2, 1)
    assert_twinned(shelf_of(runtime))


def test_an_archive_that_goes_takes_its_twins_along(archived: Newsroom) -> None:
    runtime = archived.runtime
    shelf = runtime.folder.path / "macro/archive"
    for name in ("9.atom", "9.atom.gz", "7.atom.br", "notes.gz", ".tmp.1.atom.gz.0123456789abcdef"):
        (shelf / name).write_text("of another time")
    runtime.regenerator.archivist.break_seals()
    bring_up(runtime)
    left = {path.name for path in shelf.iterdir()}
    assert left == {f"{number}.atom{suffix}" for number in (1, 2, 3) for suffix in ("", ".gz", ".br")} | {"notes.gz"}
    without_atom = settings_with(runtime, "macro", formats=("rss",))
    runtime.regenerator.remove_unconfigured(without_atom)
    assert not shelf.exists()


def test_verify_holds_the_twins_of_archives_too(archived: Newsroom) -> None:
    runtime = archived.runtime
    shelf = runtime.folder.path / "macro/archive"
    (shelf / "1.atom.gz").unlink()
    (shelf / "2.atom.gz").write_bytes((shelf / "3.atom.gz").read_bytes())
    (shelf / "3.atom").unlink()
    found = audit_archives(runtime, runtime.settings, "macro")
    assert {name: [finding.rule for finding in findings] for name, findings in found.items()} == {
        "macro/archive/1": ["twin.missing"],
        "macro/archive/2": ["twin.altered"],
        "macro/archive/3": ["file.missing", "twin.orphan", "twin.orphan"],
    }
    assert found["macro/archive/2"][0].message.startswith("2.atom.gz does not unpack")


def test_a_twin_that_an_archive_cannot_have_is_told(archived: Newsroom) -> None:
    runtime = archived.runtime
    place = runtime.folder.path / "macro/archive/2.atom.br"
    place.unlink()
    place.mkdir()
    progress = runtime.regenerator.archivist.bring_up(runtime.settings, "macro")
    assert progress.made == ()
    assert str(progress.error).startswith(f"Archive 2 is there without a compressed form: {place}: is a directory")
    found = check(runtime)
    assert found is not None
    assert "Archive 2 is there without" in found.detail
    place.rmdir()
    assert bring_up(runtime) == (2,)
    assert check(runtime) is None


# two who make them


def test_two_replicas_make_the_same_twins(store_url: str, tmp_path: Path, clock: SettableClock) -> None:
    with (
        newsroom_on(store_url, tmp_path / "one", clock) as one,
        newsroom_on(store_url, tmp_path / "two", clock) as two,
    ):
        for number in range(3):
            clock.advance(60)
            one.put(title=f"第{number}篇")
            one.regenerate()
            clock.advance(timedelta(hours=1).total_seconds())
            two.regenerate()
        found = [
            {name: (content, at) for name, (content, at, _) in files(each.runtime.folder.path).items()}
            for each in (one, two)
        ]
        assert found[0] == found[1]
        assert_twinned(one.runtime.folder)


# what takes long, after the news


def between(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Act when the documents are live and their slow twins are not made yet."""

    def finish_after(*arguments: Any) -> tuple[DocumentRecord, ...]:
        act()
        return finish(*arguments)

    monkeypatch.setattr("feedsvc.regenerate.finish", finish_after)


def test_news_goes_live_before_the_slow_twin_is_made(
    newsroom: Newsroom, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = newsroom.runtime
    clock.advance(60)
    newsroom.put(title="先上线")
    seen: list[tuple[list[str], str]] = []

    def look() -> None:
        found = check(runtime)
        assert found is not None
        seen.append((sorted(path.suffix for path in runtime.folder.path.glob("macro.*")), found.detail))

    between(monkeypatch, look)
    result = run(runtime, when_live=lambda: None)
    assert (result.outcome, result.twin_error) == ("published", None)
    suffixes = [".atom", ".gz", ".gz", ".gz", ".json", ".rss"]
    assert seen == [(suffixes, "a compressed form is to be made or to go; the worker does it")]
    assert_twinned(runtime.folder)
    assert runtime.regenerator.stale(runtime.settings) == ["economy", "all"]
    made = files(runtime.folder.path)
    assert run(runtime, when_live=lambda: None).outcome == "fresh"
    assert files(runtime.folder.path) == made


def test_a_crash_before_the_slow_twin_leaves_it_to_the_next_look(
    newsroom: Newsroom, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = newsroom.runtime
    clock.advance(60)
    newsroom.put(title="先上线")

    def crash() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        between(patch, crash)
        with pytest.raises(KeyboardInterrupt):
            run(runtime, when_live=lambda: None)
    assert not list(runtime.folder.path.glob("macro.*.br"))
    assert "macro" in runtime.regenerator.stale(runtime.settings)
    documents = {name: found for name, found in files(runtime.folder.path).items() if not name.endswith(".br")}
    assert run(runtime, when_live=lambda: None).outcome == "compressed"
    assert_twinned(runtime.folder)
    assert {name: found for name, found in files(runtime.folder.path).items() if name in documents} == documents


def test_a_library_gone_wrong_afterwards_is_told_too(
    newsroom: Newsroom, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.advance(60)
    newsroom.put(title="照样上线")
    between(monkeypatch, lambda: monkeypatch.setattr("feedsvc.output.twins.unpack", lambda *_: b""))
    result = run(newsroom.runtime, when_live=lambda: None)
    assert result.outcome == "published"
    assert "the library for br does not give back" in str(result.twin_error)


def test_what_stands_in_the_slow_twins_place_is_told_afterwards(
    newsroom: Newsroom, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = newsroom.runtime
    clock.advance(60)
    newsroom.put(title="照样上线")
    path = runtime.folder.path / "macro.rss.br"
    between(monkeypatch, lambda: (path / "in the way").mkdir(parents=True))
    result = run(runtime, when_live=lambda: None)
    assert result.outcome == "published"
    assert str(path) in str(result.twin_error)
    shutil.rmtree(path)
    assert run(runtime).outcome == "compressed"
    assert_twinned(runtime.folder)
