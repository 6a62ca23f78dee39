"""What a poller who holds an older version is sent in the place of the whole, over the life of a section."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from structlog.testing import capture_logs

from engine import broken_formats, newsroom_on, regenerator, run, settings_with
from feedsvc import publish
from feedsvc.delta import DELTA_FORMATS
from feedsvc.errors import OutputError
from feedsvc.feed.namespaces import PREFIXES
from feedsvc.model import Article, Feed, Finding
from feedsvc.output import Deltas, StoredDocument
from feedsvc.runtime import Runtime, now
from newsroom import Newsroom
from regenerating import nursery

SLUG = "science"
BODY = f"<p>{'清晨六点，江畔的老码头已经热闹起来。' * 20}</p>"


@dataclass(frozen=True)
class Desk:
    """A section with ten articles, live."""

    newsroom: Newsroom
    runtime: Runtime
    clock: Any

    def put(self, number: int, **fields: Any) -> Article:
        self.clock.advance(60)
        given = {"title": f"A{number}", "external_id": f"a{number}", "content_html": BODY, "sections": (SLUG,)}
        return self.newsroom.put(**given | fields)

    def publish(self, number: int, **fields: Any) -> Article:
        article = self.put(number, **fields)
        assert run(self.runtime, SLUG).outcome == "published"
        return article

    def withdraw(self, article: Article, **fields: Any) -> None:
        self.clock.advance(60)
        publish.withdraw(self.runtime.store, self.runtime.clock, article.id, **fields)
        assert run(self.runtime, SLUG).outcome == "published"


@pytest.fixture
def newsroom(sqlite_url: str, tmp_path: Path, clock: Any) -> Iterator[Newsroom]:
    """The store is asked two questions that its own tests ask of both databases."""
    with newsroom_on(sqlite_url, tmp_path / "site", clock) as newsroom:
        yield newsroom


@pytest.fixture
def desk(newsroom: Newsroom, runtime: Runtime, clock: Any) -> Desk:
    desk = Desk(newsroom, runtime, clock)
    for number in range(9):
        desk.put(number)
    desk.publish(9)
    return desk


@dataclass(frozen=True)
class Holding:
    """What a poller holds of the section: a version in each format that has deltas."""

    documents: dict[str, StoredDocument]

    @classmethod
    def of(cls, runtime: Runtime, slug: str = SLUG) -> Holding:
        found = {name: runtime.folder.read(slug, name) for name in DELTA_FORMATS}
        return cls({name: stored for name, stored in found.items() if stored})

    def catch_up(self, runtime: Runtime) -> list[str] | None:
        """The titles in the deltas to what is live now, the same in each format; None where the whole is sent.

        A reader who merges a delta into what it holds must end up with every entry of the document as it is.
        """
        found = [self._catch_up(runtime, document) for document in self.documents.values()]
        assert all(titles == found[0] for titles in found)
        return found[0]

    def _catch_up(self, runtime: Runtime, held: StoredDocument) -> list[str] | None:
        live = runtime.folder.read(held.slug, held.format)
        assert live is not None
        delta = Deltas(runtime.folder).read(held.slug, held.format, held.digest[:32], live.mtime)
        if delta is None:
            return None
        before, fresh, whole = (entries_of(content) for content in (held.content, delta, live.content))
        merged = before | fresh
        assert {entry_id: merged[entry_id] for entry_id in whole} == whole
        assert fresh.keys() <= whole.keys()
        assert not before.items() & fresh.items()
        assert head_of(delta) == head_of(live.content)
        return [str(etree.fromstring(entry).xpath("string(*[local-name() = 'title'])")) for entry in fresh.values()]


def elements_of(content: bytes) -> tuple[Any, list[Any]]:
    root: Any = etree.fromstring(content)
    return root, root.xpath("//item | //atom:entry", namespaces=PREFIXES)


def entries_of(content: bytes) -> dict[str, bytes]:
    _, entries = elements_of(content)
    return {
        entry.xpath("string(guid | atom:id)", namespaces=PREFIXES): etree.tostring(entry, method="c14n")
        for entry in entries
    }


def head_of(content: bytes) -> bytes:
    root, entries = elements_of(content)
    for entry in entries:
        entry.getparent().remove(entry)
    return etree.tostring(root)


def test_a_new_article_is_all_that_is_sent(desk: Desk) -> None:
    before = Holding.of(desk.runtime)
    desk.publish(10)
    assert before.catch_up(desk.runtime) == ["A10"]
    assert Holding.of(desk.runtime).catch_up(desk.runtime) is None  # a 304
    desk.publish(11)
    assert before.catch_up(desk.runtime) == ["A11", "A10"]
    assert {name for _, name in Deltas(desk.runtime.folder).names()} == {"rss", "atom"}


def test_a_correction_comes_again_and_a_touched_one_does_not(desk: Desk) -> None:
    before = Holding.of(desk.runtime)
    desk.publish(4, title="A4, corrected", correction="It said B4.")
    assert before.catch_up(desk.runtime) == ["A4, corrected"]
    between = Holding.of(desk.runtime)
    desk.publish(10)
    desk.publish(4, title="A4, corrected", content_html=f"{BODY}<p>Typo.</p>", minor=True)
    assert before.catch_up(desk.runtime) == ["A10", "A4, corrected"]
    assert between.catch_up(desk.runtime) == ["A10", "A4, corrected"]


def test_who_holds_a_withdrawn_article_gets_the_whole_and_the_others_do_not(desk: Desk) -> None:
    before = Holding.of(desk.runtime)
    rumour = desk.publish(10)
    with_rumour = Holding.of(desk.runtime)
    desk.withdraw(rumour, notice="Not true.", mode="tombstone")
    after = Holding.of(desk.runtime)
    desk.publish(11)
    assert with_rumour.catch_up(desk.runtime) is None
    assert before.catch_up(desk.runtime) == ["A11"]
    assert after.catch_up(desk.runtime) == ["A11"]
    delta = Deltas(desk.runtime.folder).load(SLUG, "atom")
    assert delta is not None
    assert b"deleted-entry" in delta.head


def test_a_notice_is_sent_in_the_articles_place(desk: Desk) -> None:
    rumour = desk.publish(10)
    before = Holding.of(desk.runtime)
    desk.withdraw(rumour, notice="Not true.", mode="notice", notice_sections=(SLUG,))
    titles = before.catch_up(desk.runtime)
    assert titles is not None
    assert len(titles) == 1
    assert "A10" not in titles


def test_an_article_that_moves_away_left_this_section_and_changed_in_all(desk: Desk) -> None:
    moving = desk.publish(10)
    run(desk.runtime, "all")
    here, everywhere = Holding.of(desk.runtime), Holding.of(desk.runtime, "all")
    desk.publish(10, sections=("macro",))
    run(desk.runtime, "all")
    desk.publish(11)
    run(desk.runtime, "all")
    assert here.catch_up(desk.runtime) is None
    assert everywhere.catch_up(desk.runtime) == ["A11", moving.title]


def test_what_slid_out_is_no_reason_for_the_whole(desk: Desk) -> None:
    runtime = desk.runtime
    short = settings_with(runtime, SLUG, limit=10)
    runtime.regenerator.regenerate(short, SLUG)
    before = Holding.of(runtime)
    for number in (10, 11):
        desk.put(number)
        runtime.regenerator.regenerate(short, SLUG)
    after = Holding.of(runtime)
    assert [b"<title>A1<" in held.documents["rss"].content for held in (before, after)] == [True, False]
    assert before.catch_up(runtime) == ["A11", "A10"]


def test_what_slid_out_and_was_withdrawn_then_is_one(desk: Desk) -> None:
    runtime = desk.runtime
    short = settings_with(runtime, SLUG, limit=10)
    runtime.regenerator.regenerate(short, SLUG)
    before = Holding.of(runtime)
    desk.put(10)
    runtime.regenerator.regenerate(short, SLUG)
    after = Holding.of(runtime)
    oldest = runtime.store.article_by_external_id("a0")
    assert oldest is not None
    publish.withdraw(runtime.store, runtime.clock, oldest.id, mode="tombstone")
    desk.put(11)
    runtime.regenerator.regenerate(short, SLUG)
    assert before.catch_up(runtime) is None
    assert after.catch_up(runtime) == ["A11"]


def test_settings_change_the_head_or_everything(desk: Desk) -> None:
    runtime = desk.runtime
    before = Holding.of(runtime)
    renamed = replace(runtime.settings, site=replace(runtime.settings.site, copyright="© 2027"))
    runtime.regenerator.regenerate(renamed, SLUG)
    assert before.catch_up(runtime) is None
    desk.put(10)
    runtime.regenerator.regenerate(renamed, SLUG)
    assert before.catch_up(runtime) == ["A10"]
    runtime.regenerator.regenerate(settings_with(runtime, SLUG, content="summary"), SLUG)
    assert before.catch_up(runtime) is None


def test_who_holds_an_article_that_went_to_quarantine_gets_the_whole(desk: Desk) -> None:
    runtime = desk.runtime
    before = Holding.of(runtime)
    desk.publish(10, title="A10 bad")
    with_bad = Holding.of(runtime)

    def refuse(content: bytes, feed: Feed) -> list[Finding]:
        bad = [entry.entry_id for entry in feed.entries if "bad" in entry.title]
        return [Finding(rule="entry.title", message="bad", format="rss", entry_id=entry_id) for entry_id in bad]

    newer = regenerator(runtime, broken_formats(verify=refuse), renderer="newer")
    assert newer.regenerate(runtime.settings, SLUG).quarantined
    desk.put(11)
    newer.regenerate(runtime.settings, SLUG)
    assert with_bad.catch_up(runtime) is None
    assert before.catch_up(runtime) == ["A11"]


def test_a_ninth_version_is_forgotten(desk: Desk) -> None:
    held = [Holding.of(desk.runtime)]
    for number in range(10, 20):
        desk.publish(number)
        held.append(Holding.of(desk.runtime))
    assert held[-9].catch_up(desk.runtime) == [f"A{number}" for number in range(19, 11, -1)]
    assert held[-10].catch_up(desk.runtime) is None


def test_a_restart_forgets_nothing_and_a_lost_folder_only_what_was(desk: Desk) -> None:
    runtime = desk.runtime
    before = Holding.of(runtime)
    desk.publish(10)
    restarted = Runtime.open(runtime.settings.path, clock=desk.clock, environ={})
    try:
        desk.put(11)
        run(restarted, SLUG)
        assert before.catch_up(restarted) == ["A11", "A10"]
    finally:
        restarted.close()
    shutil.rmtree(runtime.folder.path / ".deltas")
    lost = Holding.of(runtime)
    desk.publish(12)
    assert lost.catch_up(runtime) is None
    after = Holding.of(runtime)
    desk.publish(13)
    assert after.catch_up(runtime) == ["A13"]


def test_a_folder_from_a_backup_tells_no_lies(desk: Desk, tmp_path: Path) -> None:
    runtime = desk.runtime
    backed_up = Holding.of(runtime)
    shutil.copytree(runtime.folder.path, tmp_path / "backup")
    desk.publish(10)
    lost = Holding.of(runtime)
    gone = runtime.store.article_by_external_id("a9")
    assert gone is not None
    desk.withdraw(gone, mode="tombstone")
    shutil.rmtree(runtime.folder.path)
    shutil.copytree(tmp_path / "backup", runtime.folder.path)
    assert backed_up.catch_up(runtime) is None
    assert run(runtime, SLUG).outcome == "published"
    assert (backed_up.catch_up(runtime), lost.catch_up(runtime)) == (None, None)
    restored = Holding.of(runtime)
    desk.publish(11)
    assert restored.catch_up(runtime) == ["A11"]
    assert (backed_up.catch_up(runtime), lost.catch_up(runtime)) == (None, None)


def test_a_full_disk_costs_the_deltas_and_is_told_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Holding.of(desk.runtime)

    def refuse(self: Deltas, slug: str, name: str, trail: object) -> None:
        raise OutputError(desk.runtime.folder.path / ".deltas" / slug, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full, capture_logs() as events:
        full.setattr(Deltas, "save", refuse)
        desk.publish(10)
        run(desk.runtime, SLUG, force=True)
        desk.publish(11)
        told = [event for event in events if event["event"] == "deltas_missing"]
    assert [(event["slug"], "No space left" in event["reason"]) for event in told] == [(SLUG, True)]
    assert before.catch_up(desk.runtime) is None  # what lies there leads to another document
    publication = desk.runtime.store.publication(desk.runtime.folder_id, SLUG)
    assert publication is not None
    assert publication.error is None
    with capture_logs() as events:
        desk.publish(12)
    assert before.catch_up(desk.runtime) == ["A12", "A11", "A10"]
    assert [event for event in events if event["event"] == "deltas_missing"] == []
    with monkeypatch.context() as full, capture_logs() as events:
        full.setattr(Deltas, "save", refuse)
        desk.publish(13)
    assert [event["event"] for event in events if event["event"] == "deltas_missing"] == ["deltas_missing"]


def test_a_fault_of_ours_costs_the_deltas_only(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feedsvc.delta.left", lambda *_: 1 / 0)
    before = Holding.of(desk.runtime)
    with capture_logs() as events:
        desk.publish(10)
    assert before.catch_up(desk.runtime) is None
    assert "rss: ZeroDivisionError" in str(events) or "atom: ZeroDivisionError" in str(events)


def test_a_document_that_can_not_be_cut_goes_live_without(desk: Desk) -> None:
    runtime = desk.runtime
    before = Holding.of(runtime)
    desk.put(10)
    spaced = broken_formats(render=lambda feed, render: render(feed).replace(b"</item><item>", b"</item>\n<item>"))
    with capture_logs() as events:
        whole = replace(runtime.settings, proof="full")
        assert regenerator(runtime, spaced).regenerate(whole, SLUG).outcome == "published"
    assert "rss: the document can't be cut into its entries" in str(events)
    assert Holding({"rss": before.documents["rss"]}).catch_up(runtime) is None
    assert Holding({"atom": before.documents["atom"]}).catch_up(runtime) == ["A10"]


def test_a_delta_that_does_not_prove_is_not_sent(desk: Desk) -> None:
    runtime = desk.runtime
    before = Holding.of(runtime)
    desk.put(10)

    def refuse_few(content: bytes, feed: Feed) -> list[Finding]:
        return [Finding(rule="entries.missing", message="few", format="rss")] if len(feed.entries) < 5 else []

    with capture_logs() as events:
        picky = regenerator(runtime, broken_formats(inspect=refuse_few))
        assert picky.regenerate(runtime.settings, SLUG).outcome == "published"
    assert Holding({"rss": before.documents["rss"]}).catch_up(runtime) is None
    assert Holding({"atom": before.documents["atom"]}).catch_up(runtime) == ["A10"]
    assert "deltas can't be proved: rss: entries.missing: few" in str(events)
    desk.publish(11)
    assert before.catch_up(runtime) == ["A11", "A10"]


def test_nothing_new_leaves_the_trail_alone(desk: Desk) -> None:
    before = Holding.of(desk.runtime)
    desk.publish(10)
    path = desk.runtime.folder.path / f".deltas/{SLUG}.rss"
    inode = path.stat().st_ino
    run(desk.runtime, SLUG, force=True)
    assert path.stat().st_ino == inode
    assert before.catch_up(desk.runtime) == ["A10"]


def test_a_document_that_was_only_touched_keeps_its_deltas(desk: Desk) -> None:
    before = Holding.of(desk.runtime)
    desk.publish(10)
    os.utime(desk.runtime.folder.path / f"{SLUG}.rss", (0, 0))
    assert Holding({"rss": before.documents["rss"]}).catch_up(desk.runtime) is None
    run(desk.runtime, SLUG)
    assert before.catch_up(desk.runtime) == ["A10"]


def test_a_section_that_goes_takes_its_trails_with_it(desk: Desk) -> None:
    runtime = desk.runtime
    desk.newsroom.regenerate()
    others = [pair for pair in Deltas(runtime.folder).names() if pair[0] != SLUG]
    assert others
    settings = runtime.settings
    left = {slug: section for slug, section in settings.sections.items() if slug != SLUG}
    runtime.regenerator.remove_unconfigured(replace(settings, sections=left))
    assert Deltas(runtime.folder).names() == others
    fewer = replace(left["macro"], formats=("rss", "json"))
    runtime.regenerator.remove_unconfigured(replace(settings, sections=left | {"macro": fewer}))
    assert Deltas(runtime.folder).names() == [pair for pair in others if pair != ("macro", "atom")]


def test_trails_that_can_not_be_removed_stop_nothing(desk: Desk) -> None:
    folder = desk.runtime.folder.path / ".deltas"
    shutil.rmtree(folder)
    folder.write_bytes(b"")
    with capture_logs() as events:
        desk.runtime.regenerator.remove_unconfigured(desk.runtime.settings)
        desk.runtime.regenerator.remove_unconfigured(desk.runtime.settings)
        desk.publish(10)
    assert [event["event"] for event in events if "deltas" in event["event"]] == [
        "deltas_not_removed",
        "deltas_missing",
    ]


@pytest.fixture
def busy(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_on(store_url, tmp_path / "busy", now) as newsroom:
        yield newsroom


def test_processes_that_race_lay_right_trails(busy: Newsroom) -> None:
    """Two processes and this one publish what comes in; whoever polled at any time merges to what is live."""
    runtime = busy.runtime
    fields: dict[str, Any] = {"sections": (SLUG,), "content_html": BODY}
    start = now() - timedelta(days=1)
    for number in range(10):
        busy.put(title=f"A{number}", external_id=f"a{number}", published=start + timedelta(hours=number), **fields)
    run(runtime, SLUG)
    held, found = [Holding.of(runtime)], []
    with nursery(runtime.settings.path) as processes:
        for _ in range(2):
            processes.fork(rounds=60)
        for number in range(10, 18):
            busy.put(title=f"A{number}", external_id=f"a{number}", **fields)
            run(runtime, SLUG)
            with runtime.folder.lock(SLUG):
                found += [each.catch_up(runtime) for each in held[-4:]]
                held.append(Holding.of(runtime))
        code, complaint = processes.wait()
    assert code == 0, complaint
    assert None not in found
    with runtime.folder.lock(SLUG):
        assert held[-2].catch_up(runtime) == ["A17"]


def test_a_poller_never_gets_a_delta_to_another_document(desk: Desk) -> None:
    """While documents change, whatever is read for one document's mtime leads to that document."""
    runtime = desk.runtime
    held = Holding.of(runtime).documents["rss"]
    ended = threading.Event()
    faults: list[str] = []

    def poll() -> None:
        while not ended.is_set():
            live = runtime.folder.read(SLUG, "rss")
            assert live is not None
            delta = Deltas(runtime.folder).read(SLUG, "rss", held.digest[:32], live.mtime)
            if delta is not None and not entries_of(delta).items() <= entries_of(live.content).items():
                faults.append(live.digest)

    poller = threading.Thread(target=poll)
    poller.start()
    try:
        for number in range(10, 16):
            desk.publish(number)
    finally:
        ended.set()
        poller.join()
    assert faults == []
