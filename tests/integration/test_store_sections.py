"""Sections, publications, versions of documents, quarantine, heartbeats and tokens are kept as they were told."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from feedsvc.errors import ConflictError, OutdatedError, StoreError
from feedsvc.model import DocumentRecord, Finding, Publication, Quarantined, SectionState, Token
from feedsvc.store import Store
from feedsvc.store.schema import document_version

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)

PUBLICATION = Publication(
    slug="macro",
    made_from="f00d",
    generation=7,
    entries={"zz": 3, "aa": 1, "mm": 2},
    documents=(
        DocumentRecord(format="rss", digest="d1", length_bytes=10, mtime=NOON),
        DocumentRecord(format="atom", digest="d2", length_bytes=20, mtime=datetime(1960, 1, 1, tzinfo=UTC)),
    ),
    findings=(
        Finding(rule="entry.title", message="標題不同", format="rss", entry_id="urn:1", expected="甲", found="乙"),
    ),
    error="磁碟已滿",
    attempted=NOON + SECOND,
    published=NOON,
)


@pytest.fixture
def register(store: Store) -> Callable[..., None]:
    """Registers sections at noon with the feed ids urn:<slug>."""

    def register_all(*slugs: str) -> None:
        with store.write() as tx:
            tx.register_sections(slugs, NOON, {slug: f"urn:{slug}" for slug in slugs})

    return register_all


def test_a_section_is_registered_once(store: Store, register: Callable[..., None]) -> None:
    register()
    assert store.section_states() == {}
    register("macro", "all", "macro")
    with store.write() as tx:
        tx.register_sections(["macro", "finance"], NOON + SECOND, {"macro": "urn:late", "finance": "urn:finance"})
    first = SectionState(slug="macro", feed_id="urn:macro", created=NOON, generation=0, urgent_generation=0)
    assert list(store.section_states().values()) == [
        replace(first, slug="all", feed_id="urn:all"),
        replace(first, slug="finance", feed_id="urn:finance", created=NOON + SECOND),
        first,
    ]


def test_generations_rise_by_one_and_only_where_they_are_asked_to(store: Store, register: Callable[..., None]) -> None:
    register("finance", "macro", "sport")
    with store.write() as tx:
        assert tx.raise_generations([]) == {}
        assert tx.raise_generations(["macro", "finance", "macro"]) == {"finance": 1, "macro": 1}
        assert tx.raise_generations(["macro", "unknown"]) == {"macro": 2}
        assert tx.raise_generations(["finance"], urgent=True) == {"finance": 2}
        assert tx.raise_generations(["finance"]) == {"finance": 3}
    generations = {slug: (one.generation, one.urgent_generation) for slug, one in store.section_states().items()}
    assert generations == {"finance": (3, 2), "macro": (2, 0), "sport": (0, 0)}


def test_writers_that_raise_the_same_sections_never_block_each_other_for_good(
    store: Store, register: Callable[..., None]
) -> None:
    register("a", "b", "c")

    def raise_often(slugs: tuple[str, ...]) -> None:
        for _ in range(20):
            with store.write() as tx:
                tx.raise_generations(slugs)

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(raise_often, [("a", "b", "c"), ("c", "b", "a"), ("b", "c", "a")]))
    assert {one.generation for one in store.section_states().values()} == {60}


def test_a_publication_is_kept_per_folder_and_section(store: Store) -> None:
    newer = replace(PUBLICATION, generation=8, entries={}, documents=(), findings=(), error=None, published=None)
    with store.write() as tx:
        tx.save_publication("folder", PUBLICATION)
        tx.save_publication("folder", replace(PUBLICATION, slug="all"))
        tx.save_publication("other", newer)
    assert store.publication("folder", "macro") == PUBLICATION
    assert list(store.publications("folder")) == ["all", "macro"]
    assert store.publications("folder")["macro"].holds == len(PUBLICATION.entries)
    assert store.publication("other", "macro") == newer
    assert store.publication("folder", "unknown") is None
    with store.write() as tx:
        tx.save_publication("folder", newer)
        tx.delete_publication("folder", "all")
        tx.delete_publication("folder", "unknown")
    assert list(store.publications("folder")) == ["macro"]
    assert store.publication("folder", "macro") == newer


def test_a_publication_keeps_its_entries_in_the_order_of_the_feed(store: Store) -> None:
    with store.write() as tx:
        tx.save_publication("folder", PUBLICATION)
    found = store.publication("folder", "macro")
    assert found is not None
    assert list(found.entries) == ["zz", "aa", "mm"]


def test_a_key_with_nul_is_refused_inside_json_too(store: Store) -> None:
    with pytest.raises(StoreError, match="NUL"), store.write() as tx:
        tx.save_publication("folder", replace(PUBLICATION, entries={"a\0": 1}))


def test_a_reading_answers_about_one_moment(store: Store) -> None:
    def register(slug: str) -> None:
        with store.write() as tx:
            tx.register_sections([slug], NOON, {slug: f"urn:{slug}"})
            tx.raise_generations([slug])

    register("macro")
    with store.reading() as reading:
        before = reading.read_sections()
        register("sport")
        assert reading.read_sections() == before
        assert reading.section_states(["sport"]) == {}
        assert reading.publication("folder", "sport") is None
    assert store.read_sections(["sport"]).sums.generation == before.sums.generation + 1 == 2


def allot(
    store: Store, digest: str, generation: int, now: datetime, format: str = "rss", *, is_anew: bool = False
) -> datetime:
    with store.write() as tx:
        anew = [format] if is_anew else []
        return tx.allot_last_modified("macro", {format: digest}, generation, now, anew=anew)[format]


def test_new_bytes_are_last_modified_now_and_the_same_bytes_when_they_were_first(store: Store) -> None:
    assert allot(store, "one", 1, NOON.replace(microsecond=7)) == NOON
    assert allot(store, "one", 1, NOON + 9 * SECOND) == NOON
    assert allot(store, "one", 5, NOON + 9 * SECOND) == NOON
    assert allot(store, "two", 6, NOON + 10 * SECOND) == NOON + 10 * SECOND
    assert allot(store, "one", 1, NOON + 20 * SECOND, "atom") == NOON + 20 * SECOND


def test_last_modified_always_moves_forward(store: Store) -> None:
    assert allot(store, "one", 1, NOON) == NOON
    assert allot(store, "two", 2, NOON) == NOON + SECOND
    assert allot(store, "three", 3, NOON - timedelta(days=1)) == NOON + 2 * SECOND
    assert allot(store, "one", 4, NOON) == NOON + 3 * SECOND


def test_what_is_made_anew_has_a_new_time_from_then_on(store: Store) -> None:
    assert allot(store, "one", 1, NOON) == NOON
    assert allot(store, "one", 1, NOON, is_anew=True) == NOON + SECOND
    assert allot(store, "one", 1, NOON + 9 * SECOND) == NOON + SECOND
    assert allot(store, "two", 2, NOON + 9 * SECOND) == NOON + 9 * SECOND
    assert allot(store, "one", 1, NOON + 9 * SECOND) == NOON + SECOND, "a replica that lags behind"
    assert allot(store, "one", 1, NOON + 20 * SECOND, is_anew=True) == NOON + 20 * SECOND
    assert allot(store, "one", 2, NOON + 30 * SECOND) == NOON + 20 * SECOND


def test_a_replica_that_lags_behind_gets_the_time_that_its_bytes_had(store: Store) -> None:
    allot(store, "one", 1, NOON)
    allot(store, "two", 2, NOON + 10 * SECOND)
    assert allot(store, "one", 1, NOON + 20 * SECOND) == NOON
    assert allot(store, "two", 2, NOON + 20 * SECOND) == NOON + 10 * SECOND
    with pytest.raises(OutdatedError), store.write() as tx:
        tx.allot_last_modified("macro", {"rss": "unknown"}, 1, NOON + 20 * SECOND, may_lag=False)
    assert allot(store, "unknown", 1, NOON + 20 * SECOND) == NOON + 20 * SECOND


def test_bytes_that_stayed_the_same_count_as_made_from_the_newer_generation(store: Store) -> None:
    allot(store, "one", 1, NOON)
    allot(store, "two", 2, NOON + SECOND)
    allot(store, "two", 9, NOON + 2 * SECOND)
    assert allot(store, "one", 8, NOON + 3 * SECOND) == NOON


def test_fifty_versions_of_a_document_are_remembered_at_least(store: Store) -> None:
    for number in range(61):
        allot(store, f"digest {number}", number, NOON + number * SECOND)
    allot(store, "other format", 1, NOON, "atom")
    with store._database.read() as connection:
        assert connection.execute(select(func.count()).select_from(document_version)).scalar_one() == 50 + 1
    assert allot(store, "digest 11", 1, NOON + timedelta(hours=1)) == NOON + 11 * SECOND
    assert allot(store, "digest 10", 1, NOON + timedelta(hours=1)) == NOON + timedelta(hours=1)
    assert allot(store, "other format", 1, NOON + SECOND, "atom") == NOON


def test_all_documents_of_a_feed_are_allotted_their_times_at_once(store: Store) -> None:
    def allot_all(now: datetime, **digests: str) -> dict[str, datetime]:
        with store.write() as tx:
            return dict(tx.allot_last_modified("macro", digests, 1, now, anew=["json"]))

    assert allot_all(NOON, rss="r", atom="a", json="j") == {"rss": NOON, "atom": NOON, "json": NOON}
    later = NOON + 5 * SECOND
    assert allot_all(later, rss="r", atom="b", json="j") == {"rss": NOON, "atom": later, "json": later}
    assert allot_all(NOON, rss="r", atom="b", json="k") == {"rss": NOON, "atom": later, "json": later + SECOND}


def test_replicas_at_once_agree_on_last_modified(store: Store) -> None:
    def allot_one(number: int) -> datetime:
        return allot(store, f"digest {number % 5}", 1, NOON)

    with ThreadPoolExecutor(5) as threads:
        first = list(threads.map(allot_one, range(5)))
    assert sorted(first) == [NOON + number * SECOND for number in range(5)]


def test_an_article_is_quarantined_until_it_is_released(store: Store) -> None:
    item = Quarantined(article_id="a", revision=2, reason="標題太長", renderer="1", since=NOON)
    others = [replace(item, article_id=f"other {number}") for number in range(3)]
    with store.write() as tx:
        for one in (replace(item, revision=1), item, *others):
            tx.quarantine(one)
    assert store.quarantined(["a", "unknown"]) == {"a": item}
    assert store.quarantined([]) == {}
    assert store.quarantined() == {one.article_id: one for one in (item, *others)}
    assert len(store.quarantined(f"other {number}" for number in range(1_100))) == 3
    with store.write() as tx:
        assert tx.release("a")
        assert not tx.release("a")
    assert "a" not in store.quarantined()


def test_the_newest_heartbeat_of_each_folder_is_kept(store: Store) -> None:
    with store.write() as tx:
        tx.beat("one", NOON, {"macro": "2026-03-02T12:15:00Z"})
        tx.beat("two", NOON, {})
        tx.beat("one", NOON + SECOND, {"macro": "2026-03-02T12:30:00Z"})
    assert store.heartbeats() == {
        "one": (NOON + SECOND, {"macro": "2026-03-02T12:30:00Z"}),
        "two": (NOON, {}),
    }


def test_a_token_is_found_by_its_hash_and_stays_listed_when_revoked(store: Store) -> None:
    with store.write() as tx:
        cms = tx.add_token("cms", "hash 1", ["macro", "finance"], NOON)
        admin = tx.add_token("admin", "hash 2", [], NOON)
        tx.note_token_use(cms.id, NOON + SECOND)
    assert cms == Token(
        id=cms.id, name="cms", sections=("macro", "finance"), created=NOON, last_used=None, revoked=None
    )
    used = replace(cms, last_used=NOON + SECOND)
    assert store.token_by_hash("hash 1") == used
    assert store.token_by_hash("hash 3") is None
    with store.write() as tx:
        revoked = tx.revoke_token("cms", NOON + 2 * SECOND)
        assert tx.revoke_token("cms", NOON + 3 * SECOND) is None
    assert revoked == replace(used, revoked=NOON + 2 * SECOND)
    assert store.token_by_hash("hash 1") == revoked
    assert store.tokens() == [revoked, admin]


def test_a_token_name_is_free_again_once_it_is_revoked(store: Store) -> None:
    with store.write() as tx:
        tx.add_token("cms", "hash 1", [], NOON)
        with pytest.raises(ConflictError, match="revoke it first"):
            tx.add_token("cms", "hash 2", [], NOON)
        tx.revoke_token("cms", NOON)
        tx.add_token("cms", "hash 2", [], NOON)
        tx.revoke_token("cms", NOON)
    assert [token.name for token in store.tokens()] == ["cms", "cms"]


def test_a_token_is_replaced_by_one_for_the_same_sections(store: Store) -> None:
    later = NOON + 60 * SECOND
    with store.write() as tx:
        old = tx.add_token("cms", "a" * 64, ["macro"], NOON)
        new = tx.rotate_token("cms", "b" * 64, NOON + SECOND, later)
        assert tx.rotate_token("nobody", "c" * 64, NOON, later) is None
    assert new is not None
    assert (new.name, new.sections, new.revoked) == ("cms", ("macro",), None)
    assert store.tokens() == [replace(old, revoked=later), new]
    assert [each.is_in_force(later - SECOND) for each in store.tokens()] == [True, True]
    assert [each.is_in_force(later) for each in store.tokens()] == [False, True]
    with store.write() as tx:
        assert tx.revoke_token("cms", NOON + 2 * SECOND) == replace(new, revoked=NOON + 2 * SECOND)
    assert not any(each.is_in_force(NOON + 2 * SECOND) for each in store.tokens())


def test_a_token_is_told_from_all_whose_hash_begins_alike(store: Store) -> None:
    hashes = [f"{'0123456789abcdef'}{rest * 48}" for rest in "0f9"]
    with store.write() as tx:
        tokens = [tx.add_token(f"cms{number}", each, [], NOON) for number, each in enumerate(hashes)]
    assert [store.token_by_hash(each) for each in hashes] == tokens
    assert store.token_by_hash(f"{'0123456789abcdef'}{'a' * 48}") is None
    assert store.token_by_hash("0123456789abcdef") is None
