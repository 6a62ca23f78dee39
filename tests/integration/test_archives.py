"""A section's whole history over HTTP: from the live document through the archives to every article."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lxml import etree
from structlog.testing import capture_logs

from effort import EFFORT
from engine import broken_formats, forget_spares, newsroom_on, regenerator, run, settings_with
from feedsvc import archive as archives
from feedsvc.audit import audit_archives
from feedsvc.errors import OutputError
from feedsvc.feed.formats import FORMATS
from feedsvc.feed.namespaces import PREFIXES
from feedsvc.model import Article, Feed, Finding, MemberState, State
from feedsvc.output import FeedsFolder, Shelf
from feedsvc.parse import parse_feed
from feedsvc.presence import presence
from feedsvc.publish import promote_due, withdraw
from feedsvc.regenerate import Regenerator
from feedsvc.runtime import Runtime
from feedsvc.trial import OTHERS_SECONDS
from newsroom import Newsroom

if TYPE_CHECKING:
    from integration.conftest import SettableClock

ATOM = FORMATS["atom"].media_type
BASE = "https://news.example.org"
PREVIOUS = "/atom:feed/atom:link[@rel='prev-archive']/@href"


@pytest.fixture
def newsroom(sqlite_url: str, tmp_path: Path, clock: SettableClock) -> Iterator[Newsroom]:
    """Macro holds three articles in its live document, an archive four."""
    with newsroom_on(sqlite_url, tmp_path / "site", clock) as newsroom:
        yield newsroom


@pytest.fixture(autouse=True)
def _small_archives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "ARCHIVE_ENTRIES", 4)


def bring_up(runtime: Runtime) -> None:
    """All feeds and archives, as the worker would."""
    for _ in range(3):
        for slug in runtime.regenerator.stale(runtime.settings):
            run(runtime, slug)
        for slug in runtime.regenerator.survey(runtime.settings).archives:
            runtime.regenerator.archivist.bring_up(runtime.settings, slug)
    assert not runtime.regenerator.survey(runtime.settings).archives


def fill(newsroom: Newsroom, clock: SettableClock, count: int, **fields: object) -> list[Article]:
    """That many, a minute apart, each published as soon as it came."""
    articles = []
    for number in range(count):
        clock.advance(60)
        articles.append(newsroom.put(title=f"第{number}篇", **fields))
        run(newsroom.runtime, "macro")
    return articles


def walk(newsroom: Newsroom, slug: str = "macro") -> tuple[list[str], list[str]]:
    """The entry ids in the live document, and those in all archives that it leads to, newest first."""
    url: str | None = f"{BASE}/feeds/{slug}.atom"
    documents: list[list[str]] = []
    while url:
        response = newsroom.client.get(url.removeprefix(BASE))
        assert response.status_code == 200, (url, response.get_data(as_text=True))
        parsed = parse_feed(response.get_data(), ATOM)
        assert parsed.channel["self"] == (url,)
        documents.append([entry["id"] for entry in parsed.entries])
        found = etree.fromstring(response.get_data()).xpath(PREVIOUS, namespaces=PREFIXES)
        assert isinstance(found, list)
        url = str(found[0]) if found else None
    return documents[0], [entry for document in documents[1:] for entry in document]


def assert_whole(newsroom: Newsroom, slug: str = "macro") -> None:
    """Each article that stands in the section is reached, and stands in one archive at most; nobody else does."""
    live, archived = walk(newsroom, slug)
    standing = {
        article.entry_id
        for article in newsroom.runtime.store.list_articles(section=slug, limit=10_000)
        if article.state_in(slug) in (MemberState.LIVE, MemberState.NOTICE)
    }
    assert set(live) | set(archived) == standing
    assert not [entry for entry, count in Counter(archived).items() if count > 1]


def test_what_leaves_the_live_document_is_found_in_archives(newsroom: Newsroom, clock: SettableClock) -> None:
    articles = fill(newsroom, clock, 12)
    bring_up(newsroom.runtime)
    live, archived = walk(newsroom)
    assert live == [article.entry_id for article in reversed(articles[-3:])]
    assert archived == [article.entry_id for article in reversed(articles)]
    assert newsroom.runtime.store.section_states()["macro"].archives == 3


def test_a_new_article_touches_no_archive_until_the_live_document_lets_one_go(
    newsroom: Newsroom, clock: SettableClock
) -> None:
    fill(newsroom, clock, 4)
    bring_up(newsroom.runtime)
    folder = newsroom.runtime.folder.path / "macro/archive"
    before = {path.name: path.stat().st_ino for path in folder.iterdir()}
    assert sorted(before) == ["1.atom", "1.atom.br", "1.atom.gz"]
    fill(newsroom, clock, 3)
    assert {path.name: path.stat().st_ino for path in folder.iterdir()} == before
    assert newsroom.runtime.regenerator.survey(newsroom.runtime.settings).archives == {}
    fill(newsroom, clock, 1)
    assert {path.name: path.stat().st_ino for path in folder.iterdir()}.items() > before.items()
    assert_whole(newsroom)


def test_a_correction_changes_its_archive_alone_and_comes_back(newsroom: Newsroom, clock: SettableClock) -> None:
    articles = fill(newsroom, clock, 12)
    bring_up(newsroom.runtime)
    before = {number: newsroom.client.get(f"/feeds/macro/archive/{number}.atom") for number in (1, 2, 3)}
    clock.advance(60)
    newsroom.put(external_id=None, title="无关", sections=("finance",))
    changed = replace(articles[0], title="更正之后", updated=clock(), revision=2)
    with newsroom.runtime.store.write() as tx:
        tx.update_article(changed)
        tx.raise_generations(["macro"])
    bring_up(newsroom.runtime)
    for number, response in before.items():
        after = newsroom.client.get(
            f"/feeds/macro/archive/{number}.atom", headers={"If-None-Match": response.headers["ETag"]}
        )
        assert after.status_code == (200 if number == 1 else 304)
    assert "更正之后" in newsroom.client.get("/feeds/macro/archive/1.atom").get_data(as_text=True)
    assert articles[0].entry_id in walk(newsroom)[0]
    assert_whole(newsroom)


def entries_read(monkeypatch: pytest.MonkeyPatch, newsroom: Newsroom, act: Callable[[], object]) -> list[int]:
    """How many entries each Atom document had that was read back while this was done."""
    found: list[int] = []
    row = FORMATS["atom"]

    def verify(content: bytes, feed: Feed) -> list[Finding]:
        found.append(len(feed.entries))
        return row.verify(content, feed)

    archivist = newsroom.runtime.regenerator.archivist
    with monkeypatch.context() as patch:
        patch.setattr(archivist, "_formats", {**FORMATS, "atom": replace(row, verify=verify)})
        act()
    return found


def test_of_a_changed_archive_only_what_is_new_is_read_back(
    newsroom: Newsroom, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    articles = fill(newsroom, clock, 8)
    bring_up(newsroom.runtime)
    archivist, settings = newsroom.runtime.regenerator.archivist, newsroom.runtime.settings
    path = newsroom.runtime.folder.path / "macro/archive/1.atom"

    def correct(title: str) -> None:
        clock.advance(60)
        known = newsroom.runtime.store.article(articles[0].id)
        assert known is not None
        with newsroom.runtime.store.write() as tx:
            tx.update_article(replace(known, title=title, updated=clock(), revision=known.revision + 1))
            tx.raise_generations(["macro"])
        archivist.bring_up(settings, "macro")
        assert title in path.read_text()

    assert entries_read(monkeypatch, newsroom, lambda: correct("更正")) == [1]
    made = path.read_bytes()
    assert entries_read(monkeypatch, newsroom, lambda: archivist.renew(settings, "macro", 1)) == [4]
    assert path.read_bytes() == made
    path.write_bytes(made.replace("更正".encode(), "偽造".encode()))
    archivist.break_seals()
    assert entries_read(monkeypatch, newsroom, lambda: correct("再更正")) == [1]
    assert "偽造" not in path.read_text()
    forget_spares(newsroom.runtime)
    path.unlink()
    assert entries_read(monkeypatch, newsroom, lambda: archivist.bring_up(settings, "macro")) == [0]
    assert "再更正" in path.read_text()


def test_of_a_new_archive_only_what_was_not_live_is_read_back(
    newsroom: Newsroom, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(newsroom, clock, 3)
    path = newsroom.runtime.folder.path / "macro/archive/1.atom"
    assert not path.exists()
    assert entries_read(monkeypatch, newsroom, lambda: fill(newsroom, clock, 1)) == [1]  # the one that has come now
    made = path.read_bytes()
    archivist, settings = newsroom.runtime.regenerator.archivist, newsroom.runtime.settings
    assert entries_read(monkeypatch, newsroom, lambda: archivist.renew(settings, "macro", 1)) == [4]
    assert path.read_bytes() == made


def test_an_emptied_archive_stays_as_an_empty_document(newsroom: Newsroom, clock: SettableClock) -> None:
    articles = fill(newsroom, clock, 8)
    for article in articles[:4]:
        withdraw(newsroom.runtime.store, clock, article.id)
    bring_up(newsroom.runtime)
    document = parse_feed(newsroom.client.get("/feeds/macro/archive/1.atom").get_data(), ATOM)
    assert (document.fault, document.entries) == ("", ())
    assert_whole(newsroom)


@pytest.mark.uncounted
def test_hundreds_of_articles_are_all_reached_while_they_change(
    newsroom: Newsroom, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Added, corrected, withdrawn, moved, promoted and backfilled with old dates, in rounds of many changes."""
    monkeypatch.setattr(archives, "ARCHIVE_ENTRIES", 10)
    runtime = newsroom.runtime
    chance = random.Random(5005)
    source = settings_with(runtime, "macro", limit=12)
    source = replace(source, sections={**source.sections, "finance": replace(source.sections["finance"], limit=6)})
    monkeypatch.setattr(type(runtime), "settings", property(lambda _: source))
    stored: list[Article] = []
    count = 360 * EFFORT

    def change() -> None:
        article, kind = chance.choice(stored), chance.random()
        current = runtime.store.article(article.id)
        assert current is not None
        given = {"external_id": current.external_id, "title": current.title, "sections": current.sections}
        if kind < 0.5:
            newsroom.put(**given | {"title": f"更正{chance.random()}"})
        elif kind < 0.75 and current.state is State.LIVE:
            withdraw(runtime.store, clock, current.id)
        else:
            newsroom.put(**given | {"sections": chance.choice([("macro",), ("finance",), ("macro", "finance")])})

    for number in range(count):
        clock.advance(7)
        old = clock() - timedelta(days=chance.randrange(2_000))
        later = clock() + timedelta(seconds=chance.randrange(600))
        published = chance.choices([None, old, later], [8, 3, 1])[0]
        sections = chance.choices([("macro",), ("macro", "finance")], [4, 1])[0]
        stored.append(
            newsroom.put(external_id=f"a{number}", title=f"第{number}篇", sections=sections, published=published)
        )
        if number % 3 == 0:
            change()
        if number % 15 == 14:
            promote_due(runtime.store, clock)
            run(runtime, "macro")
            run(runtime, "finance")
            if number % 75 == 74 or number == count - 1:
                bring_up(runtime)
                assert_whole(newsroom)
                assert_whole(newsroom, "finance")
    assert runtime.store.section_states()["macro"].archives >= 25


def test_a_replica_makes_the_same_bytes(newsroom: Newsroom, clock: SettableClock, tmp_path: Path) -> None:
    runtime = newsroom.runtime
    fill(newsroom, clock, 12)
    bring_up(runtime)
    clock.advance(3_600)
    folder = FeedsFolder(tmp_path / "replica")
    replica = Regenerator(runtime.store, folder, folder.prepare(), clock)
    replica.regenerate(runtime.settings, "macro")
    for number in (3, 2):
        assert folder.stat(f"macro/archive/{number}", "atom") is not None, "the newest come before what leads to them"
    assert folder.stat("macro/archive/1", "atom") is None
    assert replica.archivist.bring_up(runtime.settings, "macro").made == (1,)
    for name in ("macro", "macro/archive/1", "macro/archive/2", "macro/archive/3"):
        assert folder.read(name, "atom") == runtime.folder.read(name, "atom")


def test_another_start_finds_nothing_to_do(newsroom: Newsroom, clock: SettableClock) -> None:
    fill(newsroom, clock, 8)
    bring_up(newsroom.runtime)
    again = regenerator(newsroom.runtime)
    assert again.survey(newsroom.runtime.settings).archives == {}
    again.archivist.break_seals()
    assert list(again.survey(newsroom.runtime.settings).archives) == ["macro"]
    assert again.archivist.bring_up(newsroom.runtime.settings, "macro").made == ()
    assert again.survey(newsroom.runtime.settings).archives == {}


@pytest.mark.parametrize("how", ["deleted", "replaced", "all deleted", "beyond", "left over"])
def test_whatever_somebody_does_to_the_files_is_mended(newsroom: Newsroom, clock: SettableClock, how: str) -> None:
    fill(newsroom, clock, 12)
    bring_up(newsroom.runtime)
    shelf = newsroom.runtime.folder.path / "macro/archive"
    before = {path.name: path.read_bytes() for path in shelf.iterdir()}
    if how == "deleted":
        (shelf / "2.atom").unlink()
    elif how == "replaced":
        (shelf / "new").write_bytes(b"<feed/>")
        (shelf / "new").rename(shelf / "2.atom")
    elif how == "all deleted":
        shutil.rmtree(shelf.parent)
    elif how == "beyond":
        (shelf / "9.atom").write_bytes(b"<feed/>")
    else:
        (shelf / ".tmp.2.atom.0123").write_bytes(b"<fe")
    bring_up(newsroom.runtime)
    assert {path.name: path.read_bytes() for path in shelf.iterdir()} == before
    assert_whole(newsroom)


def test_a_crash_after_the_cut_is_finished_by_the_next_look(
    newsroom: Newsroom, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(newsroom, clock, 3)
    before = newsroom.client.get("/feeds/macro.atom").get_data()
    clock.advance(60)
    newsroom.put()

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(FeedsFolder, "write", crash)
        with pytest.raises(KeyboardInterrupt):
            run(newsroom.runtime)
    assert newsroom.runtime.store.section_states()["macro"].archives == 1
    assert newsroom.client.get("/feeds/macro.atom").get_data() == before
    assert newsroom.client.get("/feeds/macro/archive/1.atom").status_code == 404, "nothing leads to it yet"
    bring_up(newsroom.runtime)
    assert_whole(newsroom)


def test_settings_that_show_make_them_anew_others_do_not(newsroom: Newsroom, clock: SettableClock) -> None:
    runtime = newsroom.runtime
    fill(newsroom, clock, 8)
    bring_up(runtime)
    quiet = settings_with(runtime, "macro", limit=9, on_change=False, max_bytes=10, aliases=("x",))
    assert runtime.regenerator.survey(quiet).archives == {}
    loud = settings_with(runtime, "macro", title="总体")
    assert list(runtime.regenerator.survey(loud).archives) == ["macro"]
    assert runtime.regenerator.archivist.bring_up(loud, "macro").made == (2, 1)
    assert "总体" in newsroom.client.get("/feeds/macro/archive/1.atom").get_data(as_text=True)


def test_a_batch_ends_when_it_is_told_to(newsroom: Newsroom, clock: SettableClock) -> None:
    runtime = newsroom.runtime
    fill(newsroom, clock, 16)
    bring_up(runtime)
    loud = settings_with(runtime, "macro", title="总体")
    progress = runtime.regenerator.archivist.bring_up(loud, "macro", go_on=lambda made: made < 2)
    assert (progress.made, progress.waiting, progress.error) == ((4, 3), 2, None)
    states = runtime.store.section_states()
    assert runtime.regenerator.archivist.count_waiting(loud, "macro", states["macro"]) == 2


def test_a_missing_one_is_made_before_those_that_are_only_stale(newsroom: Newsroom, clock: SettableClock) -> None:
    articles = fill(newsroom, clock, 12)
    bring_up(newsroom.runtime)
    shelf = newsroom.runtime.folder.path / "macro/archive"
    (shelf / "1.atom").unlink()
    with newsroom.runtime.store.write() as tx:
        tx.update_article(replace(articles[-1], title="更正之后", updated=clock(), revision=2))
        tx.raise_generations(["macro"])
    archivist = newsroom.runtime.regenerator.archivist
    assert archivist.bring_up(newsroom.runtime.settings, "macro", go_on=lambda _: False).made == (1,)
    assert archivist.bring_up(newsroom.runtime.settings, "macro").made == (3,)


def test_a_guilty_article_is_kept_out_of_its_archive_and_comes_back(newsroom: Newsroom, clock: SettableClock) -> None:
    runtime = newsroom.runtime
    articles = fill(newsroom, clock, 8)
    bring_up(runtime)

    def render(feed: Feed, right: object) -> bytes:
        if any(entry.article_id == articles[0].id for entry in feed.entries):
            raise ZeroDivisionError
        return right(feed)  # type: ignore[operator,no-any-return]

    strict = regenerator(runtime, broken_formats("atom", render=render), renderer="strict")
    assert strict.archivist.bring_up(runtime.settings, "macro").made == (2, 1)
    assert list(runtime.store.quarantined()) == [articles[0].id]
    assert articles[0].entry_id not in newsroom.client.get("/feeds/macro/archive/1.atom").get_data(as_text=True)
    clock.advance(OTHERS_SECONDS)
    assert runtime.regenerator.archivist.bring_up(runtime.settings, "macro").made == (2, 1)
    assert runtime.store.quarantined() == {}
    bring_up(runtime)
    assert_whole(newsroom)


def test_archives_that_cannot_be_proved_keep_no_news_back_and_show_in_health(
    newsroom: Newsroom, clock: SettableClock
) -> None:
    runtime = newsroom.runtime
    fill(newsroom, clock, 3)
    clock.advance(60)
    newest = newsroom.put(title="最新")

    def render(feed: Feed, right: object) -> bytes:
        if feed.current_url:
            raise ZeroDivisionError
        return right(feed)  # type: ignore[operator,no-any-return]

    broken = regenerator(runtime, broken_formats("atom", render=render))
    with capture_logs() as events:
        assert broken.regenerate(runtime.settings, "macro").outcome == "published"
        assert broken.archivist.bring_up(runtime.settings, "macro").error
    assert [event["event"] for event in events].count("archive_blocked") == 1
    assert newest.entry_id in newsroom.client.get("/feeds/macro.atom").get_data(as_text=True)
    coming = newsroom.client.get("/feeds/macro/archive/1.atom")
    assert (coming.status_code, coming.headers["Retry-After"]) == (503, "2")
    check = next(each for each in runtime.checks() if each.name == "section macro")
    assert (check.ok, check.detail.startswith("archives blocked: Archive 1: ")) == (False, True)
    (section,) = (each for each in runtime.status()["sections"] if each["slug"] == "macro")
    assert section["archives"]["count"] == section["archives"]["waiting"] == 1
    bring_up(runtime)
    assert all(check.ok for check in runtime.checks() if check.name == "section macro")
    assert_whole(newsroom)


def test_after_some_failures_the_rest_waits(newsroom: Newsroom, clock: SettableClock) -> None:
    runtime = newsroom.runtime
    fill(newsroom, clock, 24)
    bring_up(runtime)

    def render(_feed: Feed, _right: object) -> bytes:
        raise ZeroDivisionError

    broken = regenerator(runtime, broken_formats("atom", render=render), renderer="broken")
    progress = broken.archivist.bring_up(runtime.settings, "macro")
    assert (progress.made, progress.waiting) == ((), 6)


def test_a_folder_that_refuses_is_noted(newsroom: Newsroom, clock: SettableClock) -> None:
    runtime = newsroom.runtime
    fill(newsroom, clock, 8)
    bring_up(runtime)
    shutil.rmtree(runtime.folder.path / "macro")
    (runtime.folder.path / "macro").write_text("in the way")
    with pytest.raises(OutputError):
        runtime.regenerator.archivist.bring_up(runtime.settings, "macro")
    noted = runtime.store.publication(runtime.folder_id, "macro")
    assert noted is not None
    assert noted.archive_error is not None
    assert "macro" in noted.archive_error


def test_they_go_with_their_section_or_with_atom(newsroom: Newsroom, clock: SettableClock) -> None:
    runtime = newsroom.runtime
    fill(newsroom, clock, 8)
    bring_up(runtime)
    stranger = runtime.folder.path / "someone/archive"
    stranger.mkdir(parents=True)
    without_atom = settings_with(runtime, "macro", formats=("rss",))
    assert runtime.store.proofs("macro/archive/1")
    runtime.regenerator.remove_unconfigured(without_atom)
    assert not runtime.store.proofs("macro/archive/1")
    assert runtime.store.proofs("macro")
    assert not (runtime.folder.path / "macro").exists()
    assert stranger.is_dir()
    assert runtime.store.archive_records(runtime.folder_id, "macro") == {}
    runtime.regenerator.regenerate(without_atom, "macro")
    assert b"prev-archive" not in newsroom.client.get("/feeds/macro.rss").get_data()
    assert runtime.regenerator.archivist.bring_up(without_atom, "macro").made == ()
    bring_up(runtime)
    assert_whole(newsroom)


def test_verify_looks_at_every_archive(newsroom: Newsroom, clock: SettableClock) -> None:
    runtime = newsroom.runtime
    fill(newsroom, clock, 16)
    bring_up(runtime)

    def rules() -> dict[str, list[str]]:
        found = audit_archives(runtime, runtime.settings, "macro")
        return {name: [finding.rule for finding in findings] for name, findings in found.items()}

    assert rules() == {f"macro/archive/{number}": [] for number in (1, 2, 3, 4)}
    shelf = runtime.folder.path / "macro/archive"
    (shelf / "1.atom").unlink()
    (shelf / "2.atom").write_bytes(b"<feed/>")
    (shelf / "3.atom").write_bytes((shelf / "4.atom").read_bytes())
    found = rules()
    assert found["macro/archive/1"] == ["file.missing", "twin.orphan", "twin.orphan"]
    assert "file.altered" in found["macro/archive/2"]
    assert {"feed.self", "twin.altered"} <= set(found["macro/archive/3"])
    assert found["macro/archive/4"] == []
    with runtime.store.write() as tx:
        tx.forget_archives(runtime.folder_id, "macro")
    assert rules()["macro/archive/4"] == ["file.unknown"]
    for slug in ("economy", "unknown", "science"):
        assert audit_archives(runtime, runtime.settings, slug) == {}


def test_an_article_beyond_the_limit_knows_its_archive(newsroom: Newsroom, clock: SettableClock) -> None:
    runtime = newsroom.runtime
    articles = fill(newsroom, clock, 8)
    newsroom.regenerate()
    macro, *combinations = presence(runtime.store, runtime.settings, runtime.folder_id, articles[0])
    assert macro.standing == "beyond_limit"
    assert macro.reason.endswith(f"It is in {BASE}/feeds/macro/archive/1.atom")
    assert not [each for each in combinations if "archive" in each.reason]


# over HTTP


def test_an_archive_is_served_for_a_day_under_its_etag(newsroom: Newsroom, clock: SettableClock) -> None:
    fill(newsroom, clock, 4)
    path = "/feeds/macro/archive/1.atom"
    file = newsroom.runtime.folder.path / "macro/archive/1.atom"
    get, head = newsroom.client.get(path), newsroom.client.head(path)
    assert get.get_data() == file.read_bytes()
    assert get.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert get.headers["Cache-Control"].startswith("max-age=86400,")
    assert get.last_modified is not None
    assert get.last_modified.timestamp() == file.stat().st_mtime
    assert (head.get_data(), dict(head.headers)) == (b"", dict(get.headers))
    for headers in (
        {"If-None-Match": get.headers["ETag"]},
        {"If-Modified-Since": get.headers["Last-Modified"]},
    ):
        assert newsroom.client.get(path, headers=headers).status_code == 304
    assert newsroom.client.post(path).status_code == 405
    assert newsroom.client.options(path).status_code == 204


NO_ARCHIVES = (
    "macro/archive/2.atom",
    "macro/archive/0.atom",
    "macro/archive/01.atom",
    "macro/archive/1.rss",
    "macro/archive/1",
    "macro/archive/-1.atom",
    "macro/archive/９.atom",
    "macro/archive/9999999999.atom",
    "macro/archive/..%2fmacro.atom",
    "nothere/archive/1.atom",
    "economy/archive/1.atom",
    "all/archive/1.atom",
    "science/archive/1.atom",
)


def test_a_number_that_never_was_is_not_found(newsroom: Newsroom, clock: SettableClock) -> None:
    fill(newsroom, clock, 4)
    newsroom.regenerate()
    for path in NO_ARCHIVES:
        response = newsroom.client.get(f"/feeds/{path}")
        assert response.status_code == 404, path
        assert newsroom.runtime.settings.site.title in response.get_data(as_text=True)


def test_an_explanation_says_where_archives_are(newsroom: Newsroom, clock: SettableClock) -> None:
    fill(newsroom, clock, 4)
    told = newsroom.client.get("/feeds/macro/archive/7.atom").get_data(as_text=True)
    assert told.startswith(f"There is no archive at this address. {BASE}/feeds/macro.atom leads to the newest one")
    told = newsroom.client.get("/feeds/economy/archive/7.atom").get_data(as_text=True)
    assert told.startswith("economy is a combination: the archives are those of its sections (macro, finance).")


def test_one_that_is_still_to_be_made_is_asked_for_again(newsroom: Newsroom, clock: SettableClock) -> None:
    fill(newsroom, clock, 12)
    bring_up(newsroom.runtime)
    shelf = newsroom.runtime.folder.path / "macro/archive"
    (shelf / "1.atom").unlink()
    response = newsroom.client.get("/feeds/macro/archive/1.atom")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "2")
    (newsroom.runtime.folder.path / "macro.atom").unlink()
    assert newsroom.client.get("/feeds/macro/archive/1.atom").status_code == 503
    assert newsroom.client.get("/feeds/macro/archive/4.atom").status_code == 404
    bring_up(newsroom.runtime)
    assert newsroom.client.get("/feeds/macro/archive/1.atom").status_code == 200


def test_a_link_out_of_the_folder_is_not_followed(newsroom: Newsroom, clock: SettableClock, tmp_path: Path) -> None:
    fill(newsroom, clock, 4)
    outside = tmp_path / "outside"
    (newsroom.runtime.folder.path / "macro").rename(outside)
    (newsroom.runtime.folder.path / "macro").symlink_to(outside)
    assert newsroom.client.get("/feeds/macro/archive/1.atom").status_code == 503
    with pytest.raises(OutputError, match="a link stands where a folder belongs"):
        newsroom.runtime.folder.read("macro/archive/1", "atom")
    assert not Shelf(newsroom.runtime.folder, "macro").is_sealed()
