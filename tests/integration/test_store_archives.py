"""Archives are cut so that nothing that stands in a section is lost, and each article is in one of them at most."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import insert, text

from feedsvc.model import (
    Article,
    ArticleInput,
    DocumentRecord,
    MemberState,
    Publication,
    Quarantined,
    State,
    Withdrawal,
)
from feedsvc.store import Store, archives, schema
from service import DEADLINE_SECONDS

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECTIONS = ("finance", "macro")
LARGE = 1 << 30
_numbers = count(1)


def put(store: Store, *, state: State = State.LIVE, published: datetime = NOON, body: str = "") -> Article:
    """A new article in `macro`, with the generations raised as a use case would."""
    name = f"id{next(_numbers)}"
    fields = ArticleInput(title="雾中码头", sections=("macro",), content_html=body or None)
    with store.write() as tx:
        article = tx.insert_article(
            fields, id=name, entry_id=f"urn:{name}", state=state, published=published, updated=published, now=NOON
        )
        tx.raise_generations(["macro"])
    return article


def change(store: Store, article: Article, **changes: object) -> Article:
    changed = replace(article, **changes, revision=article.revision + 1)  # type: ignore[arg-type]
    with store.write() as tx:
        tx.update_article(changed)
        tx.raise_generations({*article.sections, *changed.sections})
    return changed


def cut(store: Store, *held: Article, section: str = "macro", most: int = 3, max_bytes: int = LARGE) -> int:
    """The number of the newest archive afterwards."""
    with store.write() as tx:
        tx.cut_archives(section, {article.seq for article in held}, most, max_bytes)
    return store.section_states()[section].archives


def generations(store: Store) -> dict[int, int]:
    """Those of macro's archives, by number, as of a folder that holds none."""
    return {each.number: each.generation for each in store.stale_archives("nowhere", "macro", "")}


def ids(articles: list[Article]) -> list[str]:
    return [article.id for article in articles]


@pytest.fixture
def store(store: Store) -> Store:
    return registered(store)


def registered(store: Store) -> Store:
    with store.write() as tx:
        tx.register_sections(SECTIONS, NOON, {slug: f"urn:feed:{slug}" for slug in SECTIONS})
    return store


def test_what_the_live_document_lets_go_is_cut_with_what_arrived_beside_it(store: Store) -> None:
    articles = [put(store, published=NOON + timedelta(minutes=minute)) for minute in range(7)]

    assert not store.has_loose_end("macro", {article.seq for article in articles})
    assert cut(store, *articles) == 0
    assert store.has_loose_end("macro", {article.seq for article in articles[1:]})
    assert cut(store, *articles[1:]) == 1
    assert ids(store.archived("macro", 1)) == ids([articles[2], articles[1], articles[0]])
    assert not store.has_loose_end("macro", {article.seq for article in articles[3:]})
    assert cut(store, articles[6]) == 2
    assert ids(store.archived("macro", 2)) == ids([articles[5], articles[4], articles[3]])
    assert cut(store) == 3
    assert ids(store.archived("macro", 3)) == ids([articles[6]])


def test_a_cut_of_very_many_takes_several_transactions(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "ARCHIVES_AT_ONCE", 2)
    for _ in range(8):
        put(store)
    assert [cut(store), cut(store), cut(store)] == [2, 3, 3]
    assert not store.has_loose_end("macro", ())


def test_an_archive_holds_bodies_of_so_many_bytes_and_one_article_at_least(store: Store) -> None:
    articles = [put(store, body=body) for body in ("甲" * 40, "乙" * 10, "丙" * 10, "丁" * 10)]
    assert cut(store, max_bytes=60) == 3
    assert [len(store.archived("macro", number)) for number in (1, 2, 3)] == [1, 2, 1]
    assert ids(store.archived("macro", 1)) == [articles[0].id]


def test_what_has_not_gone_live_waits_outside(store: Store) -> None:
    draft, live = put(store, state=State.DRAFT), put(store)
    assert cut(store) == 1
    assert ids(store.archived("macro", 1)) == [live.id]
    change(store, draft, state=State.LIVE)
    assert cut(store) == 2
    assert ids(store.archived("macro", 2)) == [draft.id]


def test_an_article_keeps_its_archive_until_it_leaves_the_section(store: Store) -> None:
    first, second = put(store), put(store)
    cut(store)
    first = change(store, first, title="改題", published=NOON - timedelta(days=9))
    assert ids(store.archived("macro", 1)) == [second.id, first.id]
    moved = change(store, first, sections=("finance",))
    assert ids(store.archived("macro", 1)) == [second.id]
    assert store.has_loose_end("finance", ())
    change(store, moved, sections=("finance", "macro"))
    assert ids(store.archived("macro", 1)) == [second.id]
    assert cut(store) == 2
    assert ids(store.archived("macro", 2)) == [first.id]


def test_a_notice_stays_where_its_article_was_and_a_tombstone_leaves(store: Store) -> None:
    noticed, buried = put(store), put(store)
    cut(store)
    grave = Withdrawal(at=NOON + timedelta(hours=1), shown_in=("macro",))
    noticed = change(store, noticed, state=State.WITHDRAWN, withdrawal=grave)
    buried = change(store, buried, state=State.WITHDRAWN, withdrawal=replace(grave, shown_in=()))
    assert noticed.state_in("macro") is MemberState.NOTICE
    assert ids(store.archived("macro", 1)) == [noticed.id]
    change(store, buried, state=State.LIVE, withdrawal=None)
    assert ids(store.archived("macro", 1)) == [noticed.id]
    assert store.has_loose_end("macro", ())


def test_only_the_archive_that_holds_the_article_is_raised(store: Store) -> None:
    old = put(store)
    cut(store)
    put(store)
    cut(store)
    before, section = generations(store), store.section_states()["macro"]
    put(store)
    assert store.section_states()["macro"].archive_generation == section.archive_generation
    change(store, old, title="改題")
    after = generations(store)
    assert (after[1] > before[1], after[2]) == (True, before[2])
    assert store.section_states()["macro"].archive_generation == after[1] > section.archive_generation


def test_the_quarantine_raises_them_too(store: Store) -> None:
    article = put(store)
    cut(store)
    item = Quarantined(article_id=article.id, revision=1, reason="坏", renderer="2", since=NOON)
    seen = [generations(store)[1]]
    with store.write() as tx:
        tx.quarantine(item)
        tx.raise_generations(article.sections)
    seen.append(generations(store)[1])
    with store.write() as tx:
        tx.release(article.id)
        tx.raise_generations(article.sections)
    seen.append(generations(store)[1])
    with store.write() as tx:
        assert not tx.release("unknown")
        tx.raise_generations(article.sections)
    assert seen == sorted(set(seen))
    assert generations(store)[1] == seen[-1]


def test_what_a_folder_holds_is_stale_by_generation_and_by_settings(store: Store) -> None:
    for _ in range(2):
        put(store)
        cut(store)
    record = DocumentRecord(format="atom", digest="d", length_bytes=7, mtime=NOON)
    publication = Publication(
        slug="macro",
        made_from="x",
        generation=1,
        entries={},
        documents=(),
        findings=(),
        error=None,
        attempted=NOON,
        published=NOON,
    )
    with store.write() as tx:
        tx.save_publication("here", publication)
        for archive in store.stale_archives("here", "macro", "look"):
            tx.save_archive("here", archive, "look", record)
        tx.note_archives("here", "macro", "look:2", "boom")
    assert store.stale_archives("here", "macro", "look") == []
    assert [each.name for each in store.stale_archives("here", "macro", "other")] == [
        "macro/archive/2",
        "macro/archive/1",
    ]
    assert len(store.stale_archives("there", "macro", "look")) == 2
    assert store.archive_records("here", "macro") == {1: record, 2: record}
    with store.write() as tx:
        tx.save_publication("here", publication)
    noted = store.publication("here", "macro")
    assert noted is not None
    assert (noted.archived_from, noted.archive_error) == ("look:2", "boom")
    with store.write() as tx:
        tx.forget_archives("here", "macro")
    assert store.archive_records("here", "macro") == {}
    assert store.publications("here")["macro"].archived_from is None


def test_writers_and_cuts_beside_each_other_lose_nothing(store: Store) -> None:
    """Changes of the same articles in two sections, from several threads, while both sections are cut."""
    articles = [put(store) for _ in range(12)]

    def correct(article: Article) -> None:
        for number in range(6):
            both = ("finance", "macro") if number % 2 else ("macro", "finance")
            with store.write() as tx:
                stored = tx.article(article.id)
                assert stored is not None
                tx.update_article(replace(stored, sections=both, title=f"第{number}版"))
                tx.raise_generations(both)

    def cut_often(section: str) -> None:
        for _ in range(12):
            cut(store, section=section, most=2)

    with ThreadPoolExecutor(8) as threads:
        work = [threads.submit(correct, article) for article in articles]
        work += [threads.submit(cut_often, section) for section in SECTIONS * 2]
        for each in work:
            each.result(timeout=DEADLINE_SECONDS)
    for section in SECTIONS:
        newest = cut(store, section=section, most=2)
        found = [article.id for number in range(1, newest + 1) for article in store.archived(section, number)]
        assert sorted(found) == sorted(ids(articles))


def test_a_writer_that_commits_late_is_not_missed(postgres_store: Store) -> None:
    """The cut does not see it, whatever its seq: its commit raises the section, and the next cut takes it."""
    store = registered(postgres_store)
    with store._database.write() as connection:
        sequence = "nextval(pg_get_serial_sequence('article', 'seq'))"
        early = connection.execute(text(f"SELECT {sequence}")).scalar_one()
        put(store)
        assert cut(store) == 1
        article = {
            "seq": early,
            "id": "late",
            "entry_id": "urn:late",
            "is_permalink": False,
            "state": State.LIVE,
            "published": NOON,
            "created": NOON,
            "revision": 1,
            "title": "晚到",
            "sections": ["macro"],
        }
        place = {"section": "macro", "seq": early, "state": MemberState.LIVE, "published": NOON}
        connection.execute(insert(schema.article), article)
        connection.execute(insert(schema.article_section), place)
    assert cut(store) == 2
    assert ids(store.archived("macro", 2)) == ["late"]


class Cutting(RuleBasedStateMachine):
    """Whatever editors do, after a cut each article in its place is held or in exactly one archive, for good."""

    path: Path
    articles = Bundle("articles")

    def __init__(self) -> None:
        super().__init__()
        self.store = Store.open(f"sqlite:///{self.path}")
        with self.store._database.write() as connection:
            for table in ("article_section", "article", "archive", "section"):
                connection.execute(text(f"DELETE FROM {table}"))
        registered(self.store)
        self.stored: dict[str, Article] = {}
        self.placed: dict[str, int] = {}

    def teardown(self) -> None:
        self.store.close()

    @rule(target=articles, state=st.sampled_from([State.LIVE, State.LIVE, State.DRAFT]))
    def arrive(self, state: State) -> str:
        article = put(self.store, state=state, body="文" * 10)
        self.stored[article.id] = article
        return article.id

    @rule(name=articles, sections=st.sampled_from([("macro",), ("finance",), ("macro", "finance")]))
    def move(self, name: str, sections: tuple[str, ...]) -> None:
        self._change(name, sections=sections)

    @rule(name=articles, state=st.sampled_from([State.LIVE, State.WITHDRAWN]), shown_in=st.sampled_from([(), SECTIONS]))
    def turn(self, name: str, state: State, shown_in: tuple[str, ...]) -> None:
        gone = Withdrawal(at=NOON, shown_in=shown_in) if state is State.WITHDRAWN else None
        self._change(name, state=state, withdrawal=gone)

    @rule(name=consumes(articles))
    def correct(self, name: str) -> None:
        before = generations(self.store)
        self._change(name, title="改題")
        after = generations(self.store)
        raised = {number for number in after if after[number] != before[number]}
        assert raised == ({self.placed[name]} if name in self.placed else set())

    @rule(most=st.integers(1, 4), max_bytes=st.sampled_from([1, 70, LARGE]), data=st.data())
    def cut(self, most: int, max_bytes: int, data: st.DataObject) -> None:
        shown = [article for article in self.stored.values() if self._is_in_place(article)]
        held = data.draw(st.lists(st.sampled_from(shown), unique_by=lambda each: each.id) if shown else st.just([]))
        newest = cut(self.store, *held, most=most, max_bytes=max_bytes)
        found = [
            (article.id, number) for number in range(1, newest + 1) for article in self.store.archived("macro", number)
        ]
        now = dict(found)
        assert len(found) == len(now), "an article stands in two archives"
        assert {article.id for article in shown} - {article.id for article in held} <= now.keys()
        new = {name: number for name, number in now.items() if name not in self.placed}
        assert {name: now[name] for name in self.placed} == self.placed
        assert all(list(new.values()).count(number) <= most for number in new.values())
        self.placed = now

    @invariant()
    def what_left_is_in_no_archive(self) -> None:
        self.placed = {name: number for name, number in self.placed.items() if self._is_in_place(self.stored[name])}

    def _change(self, name: str, **changes: object) -> None:
        self.stored[name] = change(self.store, self.stored[name], **changes)

    def _is_in_place(self, article: Article) -> bool:
        is_shown = article.state_in("macro") in (MemberState.LIVE, MemberState.NOTICE)
        return "macro" in article.sections and is_shown


def test_the_rule_of_the_cut_holds_whatever_happens(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cutting, "path", Path(sqlite_url.removeprefix("sqlite:///")), raising=False)
    run_state_machine_as_test(
        Cutting,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
