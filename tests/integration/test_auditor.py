"""The audit at real files: what no stat tells is found and healed; nobody is kept waiting, nothing is done twice."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from auditing import audit_all, audit_one, auditor_of, flip, forge, overwrite
from engine import broken_formats, mtime, newsroom_on, regenerator, run, texts
from feedsvc import publish
from feedsvc.audit import audit
from feedsvc.errors import OutputError, RenderError
from feedsvc.feed.atom import NAME as ATOM
from feedsvc.feed.formats import FORMATS
from feedsvc.feed.pieces import split
from feedsvc.model import INDEX_SLUG, Feed, Finding, Proofs
from feedsvc.output import Audited, is_audited
from feedsvc.presence import presence
from feedsvc.runtime import Runtime
from newsroom import CONFIG, Newsroom

if TYPE_CHECKING:
    from integration.conftest import SettableClock

SUFFIXES = ("rss", "atom", "json", "rss.gz", "rss.br", "atom.gz", "json.br")
SPLICES = ("stale", "swapped", "foreign", "lost", "doubled", "another feed's")


@pytest.fixture
def newsroom(sqlite_url: str, tmp_path: Path, clock: SettableClock) -> Iterator[Newsroom]:
    with newsroom_on(sqlite_url, tmp_path / "site", clock) as newsroom:
        for number in range(1, 4):
            newsroom.put(external_id=f"a{number}", title=f"第{number}篇")
            clock.advance(60)
        newsroom.put(external_id="f1", title="另一栏", sections=("finance",))
        newsroom.regenerate()
        clock.advance(60)
        yield newsroom


@pytest.fixture
def events() -> Iterator[list[Any]]:
    with capture_logs() as events:
        yield events


def named(events: list[Any], event: str) -> list[Any]:
    return [each for each in events if each["event"] == event]


def wrong(runtime: Runtime, slug: str = "macro") -> list[Finding]:
    return list(audit(runtime, runtime.settings, slug))


def checks(runtime: Runtime) -> dict[str, bool]:
    return {check.name: check.ok for check in runtime.checks()}


def alarms(runtime: Runtime) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = runtime.status()["audit"]["alarms"]
    return found


def no_rendering(feed: Feed, render: Callable[[Feed], bytes]) -> bytes:
    raise RenderError("rss", None, "nothing works here")


def block(runtime: Runtime) -> None:
    runtime.regenerator = regenerator(runtime, broken_formats(render=no_rendering))


def unblock(runtime: Runtime) -> None:
    runtime.regenerator = regenerator(runtime)


def test_what_is_right_is_known_to_be_as_it_lies_there(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    live = sum(len(each.documents) for each in runtime.store.publications(runtime.folder_id).values())
    assert runtime.status()["audit"]["waiting"] == runtime.status()["audit"]["live"] == live
    audit_all(auditor_of(runtime), runtime)
    assert runtime.status()["audit"]["waiting"] == 0
    assert runtime.status()["audit"]["round"]["done"] == live
    for name in ("macro.rss", "economy.json", "index.opml"):
        (kept,) = (runtime.folder.path / ".audited").glob(f"{name}.*")
        assert kept.samefile(runtime.folder.path / name)
    run(runtime, force=True)  # the same bytes
    assert runtime.status()["audit"]["waiting"] == 0
    newsroom.put(title="第四篇")
    newsroom.regenerate()
    assert runtime.status()["audit"]["waiting"] == 3 * 3  # macro, economy, all


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("in_place", [True, False], ids=["in place", "replaced"])
def test_bit_rot_that_no_stat_tells_is_found_and_healed(
    newsroom: Newsroom, clock: SettableClock, events: list[Any], suffix: str, in_place: bool
) -> None:
    runtime, name = newsroom.runtime, suffix.partition(".")[0]
    auditor = auditor_of(runtime)
    audit_all(auditor, runtime)
    path = runtime.folder.path / f"macro.{suffix}"
    before, modified = path.read_bytes(), mtime(runtime, name=name)
    overwrite(path, flip, in_place=in_place)
    assert runtime.regenerator.stale(runtime.settings) == []
    audit_one(auditor, "macro")
    assert path.read_bytes() == before
    assert mtime(runtime, name=name) > modified
    assert wrong(runtime) == []
    assert runtime.regenerator.stale(runtime.settings) == []
    (alarm,) = named(events, "audit_alarm")
    assert (alarm["log_level"], alarm["slug"], alarm["format"]) == ("error", "macro", name)
    assert "altered" in alarm["finding"]
    assert checks(runtime)["audit"] is False
    audit_all(auditor, runtime)
    assert "audit" not in checks(runtime)
    assert [(each["feed"], each["format"], each["open"]) for each in alarms(runtime)] == [("macro", name, False)]
    assert "made anew" in alarms(runtime)[0]["done"]
    assert runtime.status()["audit"]["waiting"] == 0
    (kept,) = (runtime.folder.path / ".audited").glob(f"macro.{name}.*")
    assert kept.samefile(runtime.folder.path / f"macro.{name}")


def test_who_read_the_rotten_document_gets_the_whole(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    auditor = auditor_of(runtime)
    overwrite(runtime.folder.path / "macro.rss", flip)
    rotten = newsroom.client.get("/feeds/macro.rss")
    audit_one(auditor, "macro")
    for headers in ({"If-None-Match": rotten.headers["ETag"]}, {"If-Modified-Since": rotten.headers["Last-Modified"]}):
        answer = newsroom.client.get("/feeds/macro.rss", headers=headers)
        assert answer.status_code == 200
        assert answer.data != rotten.data
        assert answer.last_modified is not None
        assert rotten.last_modified is not None
        assert answer.last_modified > rotten.last_modified


def splice(newsroom: Newsroom, how: str, name: str) -> bytes:
    """What a bug in the reasoning about kept bytes could bring out."""
    runtime = newsroom.runtime
    lying = runtime.folder.read("macro", name)
    assert lying is not None
    pieces = split(lying.content, name)
    assert pieces is not None
    first, *rest = pieces.entries
    if how == "stale":
        return pieces.join([first.replace("第3篇".encode(), "旧三篇".encode()), *rest])
    if how == "swapped":
        return pieces.join([*rest, first])
    if how == "lost":
        return pieces.join(rest)
    if how == "doubled":
        return pieces.join([first, first, *rest])
    other = runtime.folder.read("finance" if how == "another feed's" else "macro", "rss" if name == ATOM else "atom")
    if how == "another feed's":
        other = runtime.folder.read("all", name)
        assert other is not None
        found = split(other.content, name)
        assert found is not None
        return pieces.join([found.entries[0], *pieces.entries])
    assert other is not None
    found = split(other.content, other.format)
    assert found is not None
    return pieces.join([found.entries[0], *rest])


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("how", SPLICES)
def test_wrong_pieces_in_a_document_that_the_store_vouches_for(
    newsroom: Newsroom, clock: SettableClock, how: str, name: str
) -> None:
    runtime = newsroom.runtime
    right, modified = texts(runtime)[name], mtime(runtime, name=name)
    forge(runtime, "macro", name, splice(newsroom, how, name))
    assert texts(runtime)[name] != right
    auditor = auditor_of(runtime)
    audit_one(auditor, "macro")
    assert texts(runtime)[name] == right
    assert mtime(runtime, name=name) > modified
    assert wrong(runtime) == []
    assert [(each["feed"], each["open"]) for each in alarms(runtime)] == [("macro", True)]
    audit_all(auditor, runtime)
    assert [(each["feed"], each["open"]) for each in alarms(runtime)] == [("macro", False)]


def prove_wrongly(newsroom: Newsroom, clock: SettableClock) -> None:
    """Its bytes say what an older renderer wrote; the proof says that this one's were proved. Then an article comes."""
    runtime, store = newsroom.runtime, newsroom.runtime.store
    new = store.proofs("macro")

    def render(feed: Feed, right: Callable[[Feed], bytes]) -> bytes:
        entries = tuple(replace(entry, title=f"旧：{entry.title}") for entry in feed.entries)
        return right(replace(feed, entries=entries))

    old = broken_formats(render=render, verify=lambda *_: [])
    regenerator(runtime, old, renderer="older").regenerate(runtime.settings, "macro", force=True)
    kept = store.proofs("macro")
    with store.write() as tx:
        tx.save_proofs("macro", {name: Proofs(new[name].context, kept[name].digests) for name in kept})
    newsroom.put(title="第四篇")
    newsroom.regenerate()
    clock.advance(60)
    assert "旧：第3篇" in texts(runtime)["rss"]
    assert {finding.rule for finding in wrong(runtime)} == {"entry.title"}


def test_a_proof_that_was_kept_from_an_older_renderer(newsroom: Newsroom, clock: SettableClock) -> None:
    runtime = newsroom.runtime
    prove_wrongly(newsroom, clock)
    audit_one(auditor_of(runtime), "macro")
    assert wrong(runtime) == []
    assert "旧：" not in texts(runtime)["rss"]
    newsroom.put(title="第五篇")
    newsroom.regenerate()
    assert wrong(runtime) == []


def test_a_wrong_proof_is_forgotten_also_where_nothing_can_be_made_anew(
    newsroom: Newsroom, clock: SettableClock
) -> None:
    runtime = newsroom.runtime
    prove_wrongly(newsroom, clock)
    block(runtime)
    audit_one(auditor_of(runtime), "macro")
    assert "旧：" in texts(runtime)["rss"]
    unblock(runtime)
    run(runtime)
    assert wrong(runtime) == []


@pytest.mark.parametrize("how", ["rot", "forged"])
def test_the_list_of_sections(newsroom: Newsroom, how: str) -> None:
    runtime = newsroom.runtime
    path = runtime.folder.path / "index.opml"
    right = path.read_bytes()
    if how == "rot":
        overwrite(path, flip)
    else:
        forge(runtime, INDEX_SLUG, "opml", right.replace("宏观".encode(), "微观".encode()))
    auditor = auditor_of(runtime)
    audit_one(auditor, INDEX_SLUG)
    assert path.read_bytes() == right
    assert [each["feed"] for each in alarms(runtime)] == [INDEX_SLUG]
    audit_all(auditor, runtime)
    assert "audit" not in checks(runtime)


@pytest.mark.parametrize("suffix", ["atom", "atom.gz"])
def test_an_archive_has_its_turn(newsroom: Newsroom, clock: SettableClock, suffix: str) -> None:
    runtime = newsroom.runtime
    for number in range(4, 9):
        newsroom.put(title=f"第{number}篇", external_id=f"a{number}")
        newsroom.regenerate()
        clock.advance(60)
    runtime.regenerator.archivist.bring_up(runtime.settings, "macro")
    path = runtime.folder.path / "macro" / "archive" / f"1.{suffix}"
    right, modified = path.read_bytes(), path.stat().st_mtime
    overwrite(path, flip)
    auditor = auditor_of(runtime)
    audit_all(auditor, runtime)
    assert path.read_bytes() == right
    assert path.stat().st_mtime > modified
    assert [(each["feed"], each["open"]) for each in alarms(runtime)] == [("macro/archive/1", False)]


def test_an_archive_that_is_to_be_made_anew_is_no_alarm(newsroom: Newsroom, clock: SettableClock) -> None:
    runtime = newsroom.runtime
    for number in range(4, 9):
        newsroom.put(title=f"第{number}篇", external_id=f"a{number}")
        newsroom.regenerate()
        clock.advance(60)
    newsroom.put(external_id="a1", title="改过的第一篇")
    audit_one(auditor_of(runtime), "macro/archive/1")
    assert alarms(runtime) == []


def test_what_is_stale_is_only_held_against_what_was_published(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    newsroom.put(external_id="a3", title="改过的第三篇")
    assert wrong(runtime) != []
    auditor = auditor_of(runtime)
    audit_one(auditor, "macro")
    assert alarms(runtime) == []
    assert runtime.status()["audit"]["waiting"] > 0
    overwrite(runtime.folder.path / "macro.atom", flip)
    audit_one(auditor, "macro")
    assert [each["feed"] for each in alarms(runtime)] == ["macro"]
    assert "改过的第三篇" in texts(runtime)["atom"]


def test_what_the_worker_sees_by_itself_is_left_to_it(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    path = runtime.folder.path / "macro.rss"
    path.write_bytes(path.read_bytes() + b"<!-- -->")
    (runtime.folder.path / "macro.atom").unlink()
    (runtime.folder.path / "macro.json.gz").unlink()
    audit_one(auditor_of(runtime), "macro")
    assert alarms(runtime) == []
    assert "macro" in runtime.regenerator.stale(runtime.settings)


def test_a_document_is_audited_before_its_twins_are_made(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    right = texts(runtime)["rss"]
    (runtime.folder.path / "macro.rss.br").unlink()
    (runtime.folder.path / "macro.atom.gz").write_bytes(b"cut")
    auditor = auditor_of(runtime)
    audit_one(auditor, "macro")
    assert alarms(runtime) == []
    assert ("macro", "rss") in Audited(runtime.folder).marks()
    overwrite(runtime.folder.path / "macro.rss", flip)
    audit_one(auditor, "macro")
    assert texts(runtime)["rss"] == right
    assert [each["format"] for each in alarms(runtime)] == ["rss"]


def test_a_change_while_it_reads_is_no_alarm(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    auditor = auditor_of(runtime)
    forge(runtime, "macro", "rss", splice(newsroom, "stale", "rss"))
    auditor.note_made("macro")
    auditor.step()  # read
    newsroom.put(external_id="a3", title="改过的第三篇")
    while auditor._case is not None:
        auditor.step()
    assert alarms(runtime) == []


def test_what_goes_live_while_it_reads_is_not_taken_for_audited(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    auditor = auditor_of(runtime)
    auditor.note_made("macro")
    auditor.step()  # read
    newsroom.put(external_id="a3", title="改过的第三篇")
    newsroom.regenerate()
    while auditor._case is not None:
        auditor.step()
    assert Audited(runtime.folder).marks() == {}
    audit_all(auditor, runtime)
    for name in ("rss", "atom", "json"):
        (kept,) = (runtime.folder.path / ".audited").glob(f"macro.{name}.*")
        assert "改过的第三篇" in kept.read_text()


def audit_then_go_wrong(newsroom: Newsroom, clock: SettableClock) -> tuple[dict[str, str], dict[str, str]]:
    """All is audited; an article comes, and with it a wrong document. The good ones and those."""
    runtime = newsroom.runtime
    good = texts(runtime)
    newsroom.put(external_id="a4", title="第四篇")
    newsroom.regenerate()
    clock.advance(60)
    forge(runtime, "macro", "rss", splice(newsroom, "swapped", "rss"))
    return good, texts(runtime)


def test_a_blocked_feed_gets_its_last_good_documents_back(
    newsroom: Newsroom, clock: SettableClock, events: list[Any]
) -> None:
    runtime = newsroom.runtime
    auditor = auditor_of(runtime)
    audit_all(auditor, runtime)
    good, bad = audit_then_go_wrong(newsroom, clock)
    rotten = newsroom.client.get("/feeds/macro.rss")
    block(runtime)
    audit_one(auditor, "macro")
    assert texts(runtime) == good
    assert texts(runtime) != bad
    for headers in ({"If-None-Match": rotten.headers["ETag"]}, {"If-Modified-Since": rotten.headers["Last-Modified"]}):
        answer = newsroom.client.get("/feeds/macro.rss", headers=headers)
        assert (answer.status_code, answer.data.decode()) == (200, good["rss"])
        assert answer.last_modified is not None
        assert rotten.last_modified is not None
        assert answer.last_modified > rotten.last_modified
    assert "put back" in alarms(runtime)[0]["done"]
    assert checks(runtime)["audit"] is False
    assert checks(runtime)["section macro"] is False
    known = runtime.store.publication(runtime.folder_id, "macro")
    assert known is not None
    assert len(known.entries) == 3
    assert not [finding for finding in wrong(runtime) if finding.rule.startswith(("file.", "twin."))]
    stale = runtime.regenerator.survey(runtime.settings).stale["macro"]
    assert (stale.is_missing, stale.lacks_twins) == (False, False)
    article = runtime.store.article_by_external_id("a4")
    assert article is not None
    found = presence(runtime.store, runtime.settings, runtime.folder_id, article)
    assert {each.slug: each.standing for each in found}["macro"] in ("blocked", "pending")

    audit_all(auditor, runtime)
    assert len(named(events, "audit_alarm")) == 1
    unblock(runtime)
    clock.advance(60)
    run(runtime)
    assert wrong(runtime) == []
    auditor.note_made("macro")
    audit_all(auditor, runtime)
    assert "audit" not in checks(runtime)
    assert checks(runtime).get("section macro", True)


def test_nothing_is_dated_ahead(newsroom: Newsroom, clock: SettableClock) -> None:
    """RFC 9110 §8.8.2.1. What went live in this second is made anew in the next."""
    runtime = newsroom.runtime
    newsroom.put(external_id="a4", title="第四篇")
    newsroom.regenerate()
    auditor = auditor_of(runtime)
    overwrite(runtime.folder.path / "macro.rss", flip)
    audit_one(auditor, "macro")
    assert mtime(runtime) == clock.now
    clock.advance(1)
    auditor._rota._later["macro"] = float("-inf")
    audit_all(auditor, runtime)
    assert mtime(runtime) == clock.now
    assert wrong(runtime) == []


def test_what_rots_again_in_the_same_way_is_healed_again(newsroom: Newsroom, clock: SettableClock) -> None:
    """Also of a feed that is blocked, whose alarm stays open."""
    runtime = newsroom.runtime
    auditor = auditor_of(runtime)
    audit_all(auditor, runtime)
    good = texts(runtime)
    newsroom.put(external_id="a4", title="第四篇")
    block(runtime)
    run(runtime)
    for _ in range(2):
        overwrite(runtime.folder.path / "macro.rss", flip, in_place=False)
        audit_one(auditor, "macro")
        assert texts(runtime) == good
        clock.advance(60)
        audit_one(auditor, "macro")


def test_what_was_withdrawn_does_not_come_back(newsroom: Newsroom, clock: SettableClock) -> None:
    runtime = newsroom.runtime
    auditor = auditor_of(runtime)
    audit_all(auditor, runtime)
    article = runtime.store.article_by_external_id("a2")
    assert article is not None
    publish.withdraw(runtime.store, clock, article.id)
    newsroom.regenerate()
    clock.advance(60)
    forge(runtime, "macro", "rss", splice(newsroom, "swapped", "rss"))
    bad = texts(runtime)
    block(runtime)
    audit_one(auditor, "macro")
    assert texts(runtime) == bad
    assert article.id in alarms(runtime)[0]["done"]


def test_a_last_good_document_that_was_altered_is_not_believed(newsroom: Newsroom, clock: SettableClock) -> None:
    runtime = newsroom.runtime
    auditor = auditor_of(runtime)
    audit_all(auditor, runtime)
    _, bad = audit_then_go_wrong(newsroom, clock)
    (kept,) = (runtime.folder.path / ".audited").glob("macro.rss.*")
    overwrite(kept, flip)
    block(runtime)
    audit_one(auditor, "macro")
    assert texts(runtime) == bad
    assert "no documents are kept" in alarms(runtime)[0]["done"]


def test_an_altered_document_of_a_blocked_feed_comes_back_as_it_was(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    auditor = auditor_of(runtime)
    audit_all(auditor, runtime)
    good, modified = texts(runtime), mtime(runtime)
    newsroom.put(external_id="a4", title="第四篇")
    block(runtime)
    run(runtime)
    overwrite(runtime.folder.path / "macro.rss", flip, in_place=False)
    audit_one(auditor, "macro")
    assert texts(runtime) == good
    assert mtime(runtime) > modified
    known = runtime.store.publication(runtime.folder_id, "macro")
    assert known is not None
    assert len(known.entries) == 3


def test_the_same_finding_is_answered_once(newsroom: Newsroom, clock: SettableClock, events: list[Any]) -> None:
    """Nothing is kept that could be put back, and nothing can be made anew: so it stays, and the alarm with it."""
    runtime = newsroom.runtime
    forge(runtime, "macro", "rss", splice(newsroom, "swapped", "rss"))
    tries = []

    def fail(_feed: Feed, _right: Callable[[Feed], bytes]) -> bytes:
        tries.append("rss")
        raise RenderError("rss", None, "nothing works here")

    runtime.regenerator = regenerator(runtime, broken_formats(render=fail))
    auditor = auditor_of(runtime)
    audit_one(auditor, "macro")
    tried = len(tries)
    assert tried > 0
    for _ in range(4):
        audit_one(auditor, "macro")
        audit_all(auditor, runtime)
        clock.advance(4000)
    assert len(tries) == tried
    assert len(named(events, "audit_alarm")) == len(named(events, "audit_alarm_answered")) == 1
    assert [each["open"] for each in alarms(runtime)] == [True]


def test_a_finding_that_no_making_anew_ends_is_answered_once_for_what_came_of_it(
    newsroom: Newsroom, events: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the audit itself is wrong: the document is made anew, the same, and stays."""
    runtime = newsroom.runtime
    odd = Finding(rule="odd", message="odd", format="rss")
    monkeypatch.setitem(FORMATS, "rss", replace(FORMATS["rss"], verify=lambda *_: [odd]))
    runtime.regenerator = regenerator(runtime, {**FORMATS, "rss": replace(FORMATS["rss"], verify=lambda *_: [])})
    auditor = auditor_of(runtime)
    for _ in range(5):
        audit_one(auditor, "macro")
    assert len(named(events, "audit_alarm")) == 1
    assert len(named(events, "section_published")) == 1
    monkeypatch.undo()
    audit_one(auditor, "macro")
    assert len(named(events, "audit_alarm_over")) == 1


def test_what_the_world_kept_from_being_mended_is_tried_again(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, events: list[Any]
) -> None:
    runtime = newsroom.runtime
    auditor = auditor_of(runtime)
    audit_all(auditor, runtime)
    path = runtime.folder.path / "macro.rss"
    right = path.read_bytes()
    overwrite(path, flip)

    def refuse(*_: object, **__: object) -> None:
        raise OutputError(path, "no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(runtime.folder, "write", refuse)
        audit_one(auditor, "macro")
    assert "no space left" in alarms(runtime)[0]["done"]
    assert auditor.step() > 0
    auditor._rota._later["macro"] = float("-inf")
    audit_all(auditor, runtime)
    assert path.read_bytes() == right
    assert len(named(events, "audit_alarm")) == 1
    assert [each["open"] for each in alarms(runtime)] == [False]


def test_a_guilty_article_goes_to_quarantine(newsroom: Newsroom) -> None:
    """Found afterwards: the row was changed by another hand, which made nothing stale."""
    runtime = newsroom.runtime
    article = runtime.store.article_by_external_id("a2")
    assert article is not None

    def verify(content: bytes, feed: Feed) -> list[Finding]:
        found = FORMATS["rss"].verify(content, feed)
        guilty = [entry.entry_id for entry in feed.entries if entry.entry_id == article.entry_id]
        return [*found, *(Finding(rule="odd", message="odd", format="rss", entry_id=each) for each in guilty)]

    runtime.regenerator = regenerator(runtime, broken_formats(verify=verify))
    overwrite(runtime.folder.path / "macro.rss", flip)
    auditor = auditor_of(runtime)
    audit_one(auditor, "macro")
    assert article.entry_id not in texts(runtime)["rss"]
    assert f"In quarantine: {article.id}." in alarms(runtime)[0]["done"]


def test_a_restart_knows_what_was_audited(newsroom: Newsroom, clock: SettableClock) -> None:
    runtime = newsroom.runtime
    assert audit_all(auditor_of(runtime), runtime) > 0
    assert audit_all(auditor_of(runtime), runtime) == 0
    newsroom.put(sections=("finance",))
    newsroom.regenerate()
    again = auditor_of(runtime)
    audit_all(again, runtime)
    publications = runtime.store.publications(runtime.folder_id).values()
    assert all(is_audited(each, Audited(runtime.folder).marks()) for each in publications)
    began = runtime.status()["audit"]["round"]["began"]
    clock.advance(3600)
    assert audit_all(auditor_of(runtime), runtime) > 0
    assert runtime.status()["audit"]["round"]["began"] > began


def test_a_round_goes_on_where_it_was(newsroom: Newsroom, clock: SettableClock) -> None:
    runtime = newsroom.runtime
    audit_all(auditor_of(runtime), runtime)
    audited = Audited(runtime.folder)
    audited.write_state(
        replace(audited.read_state(), ended=None, last="index", done=11, began=clock.now - timedelta(days=2))
    )
    auditor = auditor_of(runtime)
    auditor.note_survey(runtime.store.publications(runtime.folder_id), runtime.store.section_states())
    auditor.step()
    assert auditor._case is not None
    assert auditor._case.exhibit.slug == "macro"


def test_a_file_system_without_hard_links_gets_copies(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = newsroom.runtime

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    auditor = auditor_of(runtime)
    audit_all(auditor, runtime)
    (kept,) = (runtime.folder.path / ".audited").glob("macro.rss.*")
    assert not kept.samefile(runtime.folder.path / "macro.rss")
    assert kept.read_text() == texts(runtime)["rss"]
    inode = kept.stat().st_ino
    audit_one(auditor, "macro")
    assert kept.stat().st_ino == inode


def test_without_an_audit_nothing_is_kept_for_it(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    auditor = auditor_of(runtime)
    audit_all(auditor, runtime)
    path = runtime.settings.path
    path.write_text(path.read_text() + "audit_cpu: 0\n")
    runtime.refresh()
    overwrite(runtime.folder.path / "macro.rss", flip)
    assert audit_all(auditor, runtime) == 0
    assert not (runtime.folder.path / ".audited").exists()
    assert runtime.status()["audit"]["limit_percent"] == 0


def test_what_is_not_configured_any_more_is_forgotten(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    auditor = auditor_of(runtime)
    audit_all(auditor, runtime)
    path = runtime.settings.path
    path.write_text(CONFIG.replace("  science:\n    title: Science & Sea\n    language: en\n", ""))
    path.write_text(path.read_text() + f"database: '{newsroom.runtime.source.current.database_url}'\n")
    assert runtime.refresh()
    audit_all(auditor, runtime)
    assert "science" not in Audited(runtime.folder).slugs()
    assert "macro" in Audited(runtime.folder).slugs()


def test_what_a_crash_left_is_swept(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    audit_all(auditor_of(runtime), runtime)
    kept = runtime.folder.path / ".audited"
    names = sorted(each.name for each in kept.iterdir())
    (kept / ".tmp.macro.rss.x").touch()
    (kept / f"macro.rss.{'f' * 32}.{'0' * 16}").touch()
    (kept / "state").write_text("no JSON")
    auditor = auditor_of(runtime)
    audit_all(auditor, runtime)
    assert len(list(kept.glob("macro.rss.*"))) == 1
    assert sorted(each.name for each in kept.iterdir()) == names


def test_a_fault_of_the_audit_is_told_once_and_outlived(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, events: list[Any]
) -> None:
    runtime = newsroom.runtime
    auditor = auditor_of(runtime)
    with monkeypatch.context() as patch:
        patch.setattr(Audited, "keep", lambda *_: 1 / 0)
        audit_one(auditor, "macro")
        audit_one(auditor, "finance")
    assert [each["reason"] for each in named(events, "audit_trouble")] == ["division by zero"]
    audit_all(auditor, runtime)
    assert runtime.status()["audit"]["waiting"] == 0


def test_one_process_audits_a_folder(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    one, other = auditor_of(runtime), auditor_of(runtime)
    one.step()
    assert audit_all(other, runtime) == 0
    one._audited.let_go()
    assert audit_all(other, runtime) > 0
    assert runtime.status()["audit"]["waiting"] == 0


def test_verify_and_the_folder_take_no_notice_of_what_is_kept(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    before = (runtime.folder.stats(), runtime.folder.slugs(), runtime.folder.orphans())
    audit_all(auditor_of(runtime), runtime)
    assert (runtime.folder.stats(), runtime.folder.slugs(), runtime.folder.orphans()) == before
    assert runtime.folder.sweep_all() == 0
    assert runtime.regenerator.remove_unconfigured(runtime.settings) == []
    (kept,) = (runtime.folder.path / ".audited").glob("macro.rss.*")
    assert newsroom.client.get(f"/feeds/.audited/{kept.name}").status_code == 404
