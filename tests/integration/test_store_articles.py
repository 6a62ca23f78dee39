"""Articles go in and come out as they were, in both databases, and are found in the order we ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from feedsvc.errors import ArticleNotFoundError, ConflictError, StoreError
from feedsvc.model import Article, ArticleInput, Author, Enclosure, Image, MemberState, Source, State, Withdrawal
from feedsvc.store import Store

if TYPE_CHECKING:
    from integration.conftest import SettableClock

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

FULL = ArticleInput(
    external_id="cms:第42篇/ä?#%",
    title="央行：維持利率不變😀，𠮷野家漲價",
    link="https://news.example/macro/42",
    summary="第一行\n第二行",
    content_html='<p>正文　&amp; "引號" \\u0000 <b>粗體</b></p>',
    sections=("macro", "finance"),
    authors=(Author(name="單曉寧"), Author(name="鐘藝", email="zy@news.example", url="https://news.example/zy")),
    editor="ed007",
    source=Source(name="江南日報", url="https://daily.example/"),
    breadcrumb=("首頁", "宏觀", "正文"),
    tags=("利率", "央行", "b", "a"),
    language="zh-TW",
    image=Image(url="https://news.example/i.png", type="image/png", width=640, height=480, alt="行長"),
    enclosures=(
        Enclosure(url="https://news.example/a.mp3", type="audio/mpeg", length_bytes=5_000_000_000),
        Enclosure(url="https://news.example/b.mp3", type="audio/mpeg", length_bytes=0),
    ),
    entry_id="tag:news.example,2026:42",
    is_permalink=False,
)

Insert = Callable[..., Article]


@pytest.fixture
def insert(store: Store) -> Insert:
    """Stores an article: live, published at noon, in `macro`, each with ids of its own, unless told otherwise."""
    numbers = count(1)

    def insert_one(
        fields: ArticleInput | None = None,
        *,
        state: State = State.LIVE,
        published: datetime | None = NOON,
        sections: tuple[str, ...] = ("macro",),
    ) -> Article:
        number = next(numbers)
        fields = fields or ArticleInput(title=f"第{number}篇", sections=sections)
        with store.write() as tx:
            return tx.insert_article(
                fields,
                id=f"id{number}",
                entry_id=fields.entry_id or f"urn:test:{number}",
                state=state,
                published=published,
                updated=published,
                now=NOON,
            )

    return insert_one


def test_every_field_comes_back_as_it_went_in(store: Store, insert: Insert) -> None:
    stored = insert(FULL)
    assert stored == Article(
        seq=stored.seq,
        id="id1",
        entry_id="tag:news.example,2026:42",
        state=State.LIVE,
        published=NOON,
        updated=NOON,
        created=NOON,
        external_id=FULL.external_id,
        title=FULL.title,
        link=FULL.link,
        summary=FULL.summary,
        content_html=FULL.content_html,
        sections=FULL.sections,
        authors=FULL.authors,
        editor=FULL.editor,
        source=FULL.source,
        breadcrumb=FULL.breadcrumb,
        tags=FULL.tags,
        language=FULL.language,
        image=FULL.image,
        enclosures=FULL.enclosures,
    )
    assert store.article("id1") == stored
    assert store.article_by_external_id("cms:第42篇/ä?#%") == stored
    with store.write() as tx:
        assert tx.article("id1") == stored
        assert tx.article_by_external_id("cms:第42篇/ä?#%") == stored


def test_an_article_with_nothing_but_a_title_comes_back_empty_where_it_was_empty(store: Store, insert: Insert) -> None:
    stored = insert(published=None, state=State.DRAFT)
    assert store.article(stored.id) == stored
    assert (stored.published, stored.updated, stored.authors, stored.image) == (None, None, (), None)


@pytest.mark.parametrize(
    "instant",
    [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    ],
)
def test_instants_of_all_years_come_back(store: Store, insert: Insert, instant: datetime) -> None:
    assert insert(published=instant).published == instant
    assert [article.published for article in store.newest_live(["macro"], 1)] == [instant]


def test_an_instant_comes_back_in_utc_and_in_whole_seconds(store: Store, insert: Insert) -> None:
    shanghai = timezone(timedelta(hours=8))
    stored = insert(published=datetime(1960, 1, 1, 8, 0, 0, 999_999, tzinfo=shanghai))
    assert stored.published == datetime(1960, 1, 1, tzinfo=UTC)
    assert stored.published.tzinfo is UTC
    assert store.article(stored.id) == stored


def test_nothing_is_found_under_an_unknown_key(store: Store) -> None:
    for key in ("", "unknown", "nul\0", "half \ud83d"):
        assert store.article(key) is None
        assert store.article_by_external_id(key) is None
        with store.write() as tx:
            assert tx.article(key) is None
            assert tx.article_by_external_id(key) is None


@pytest.mark.parametrize("bad", ["nul \0 inside", "half \ud83d a pair"])
@pytest.mark.parametrize("place", ["title", "content_html", "tags", "authors", "source"])
def test_text_that_no_database_gives_back_is_refused(store: Store, insert: Insert, bad: str, place: str) -> None:
    value: Any = {"tags": ("ok", bad), "authors": (Author(name=bad),), "source": Source(name=bad)}.get(place, bad)
    with pytest.raises(StoreError, match="NUL or a lone surrogate"):
        insert(replace(FULL, **{place: value}))
    assert store.list_articles() == []


@pytest.mark.parametrize("field", ["id", "entry_id", "external_id"])
def test_a_taken_identity_is_a_conflict_that_names_its_owner(store: Store, field: str) -> None:
    identity = {"id": "first", "entry_id": "urn:test:first", "external_id": "cms-1"}
    other = {"id": "second", "entry_id": "urn:test:second", "external_id": "cms-2", field: identity[field]}

    def insert_with(ids: dict[str, str]) -> Article:
        with store.write() as tx:
            return tx.insert_article(
                ArticleInput(title="題", sections=("macro",), external_id=ids["external_id"]),
                id=ids["id"],
                entry_id=ids["entry_id"],
                state=State.LIVE,
                published=NOON,
                updated=NOON,
                now=NOON,
            )

    first = insert_with(identity)
    with pytest.raises(ConflictError, match="belongs to article first") as caught:
        insert_with(other)
    assert caught.value.field == field
    assert store.list_articles() == [first]


def test_a_transaction_goes_on_after_a_conflict(store: Store, insert: Insert) -> None:
    first = insert(FULL)
    with store.write() as tx:
        with pytest.raises(ConflictError):
            tx.insert_article(FULL, id="x", entry_id="urn:x", state=State.LIVE, published=NOON, updated=NOON, now=NOON)
        tx.update_article(replace(first, title="改題"))
    found = store.article(first.id)
    assert found is not None
    assert found.title == "改題"


def test_an_update_stores_every_field_that_may_change(store: Store, insert: Insert) -> None:
    plain = insert()
    later = NOON + timedelta(hours=1)
    full = {field: getattr(FULL, field) for field in FULL.__dataclass_fields__ if hasattr(plain, field)}
    changed = replace(plain, **full | {"entry_id": plain.entry_id, "is_permalink": plain.is_permalink})
    changed = replace(changed, state=State.SCHEDULED, published=later, updated=later, revision=2)
    with store.write() as tx:
        tx.update_article(changed)
    assert store.article(plain.id) == changed


def test_an_update_never_touches_what_names_an_article(store: Store, insert: Insert) -> None:
    stored = insert()
    with store.write() as tx:
        tx.update_article(
            replace(stored, title="改題", entry_id="urn:other", is_permalink=True, created=NOON + timedelta(days=1))
        )
    assert store.article(stored.id) == replace(stored, title="改題")


def test_an_update_of_an_unknown_article_says_so(store: Store, insert: Insert) -> None:
    stored = insert()
    with pytest.raises(ArticleNotFoundError), store.write() as tx:
        tx.update_article(replace(stored, seq=stored.seq + 1))


def test_an_update_to_a_taken_external_id_is_a_conflict(store: Store, insert: Insert) -> None:
    insert(FULL)
    second = insert()
    with pytest.raises(ConflictError, match="another article") as caught, store.write() as tx:
        tx.update_article(replace(second, external_id=FULL.external_id))
    assert caught.value.field == "external_id"
    assert store.article(second.id) == second


def test_an_exception_rolls_everything_back(store: Store, insert: Insert) -> None:
    stored = insert()

    def fail_halfway() -> None:
        with store.write() as tx:
            tx.update_article(replace(stored, title="never", sections=("world",)))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert store.newest_live(["macro", "world"], 5) == [stored]
    assert store.newest_live(["world"], 5) == []


def test_a_read_sees_nothing_that_is_not_committed(store: Store, insert: Insert) -> None:
    stored = insert()
    with store.write() as tx:
        tx.update_article(replace(stored, title="soon"))
        assert store.article(stored.id) == stored
    assert store.article(stored.id) == replace(stored, title="soon")


def test_newest_live_goes_by_published_then_by_arrival(store: Store, insert: Insert) -> None:
    early = insert(published=NOON - timedelta(days=9))
    first, second = insert(), insert()
    late = insert(published=NOON + timedelta(seconds=1))
    assert store.newest_live(["macro"], 50) == [late, second, first, early]
    assert store.newest_live(["macro"], 2) == [late, second]
    assert store.newest_live(["macro"], 0) == []
    assert store.newest_live([], 50) == []


@pytest.mark.parametrize("state", [State.DRAFT, State.SCHEDULED, State.WITHDRAWN])
def test_newest_live_holds_live_articles_only(store: Store, insert: Insert, state: State) -> None:
    insert(state=state)
    live = insert()
    assert store.newest_live(["macro"], 50) == [live]


def test_newest_live_of_several_sections_gives_each_article_once(store: Store, insert: Insert) -> None:
    both = insert(sections=("macro", "finance"))
    finance = insert(sections=("finance",), published=NOON + timedelta(hours=1))
    macro = insert(published=NOON - timedelta(hours=1))
    insert(sections=("sport",))
    assert store.newest_live(["macro", "finance"], 50) == [finance, both, macro]
    assert store.newest_live(["macro", "finance"], 3) == [finance, both, macro]
    assert store.newest_live(["macro", "finance", "macro", "empty"], 2) == [finance, both]


def test_newest_live_follows_an_article_to_its_new_section_and_time(store: Store, insert: Insert) -> None:
    moved, stays = insert(sections=("macro", "finance")), insert()
    now = replace(moved, sections=("finance", "world"), published=NOON + timedelta(hours=1))
    with store.write() as tx:
        tx.update_article(now)
    assert store.newest_live(["macro"], 50) == [stays]
    assert store.newest_live(["world"], 50) == [now]
    assert store.newest_live(["macro", "finance"], 50) == [now, stays]
    with store.write() as tx:
        tx.update_article(replace(now, state=State.WITHDRAWN))
    assert store.newest_live(["macro", "finance", "world"], 50) == [stays]


def test_what_shows_of_a_withdrawal_is_found_by_section(store: Store, insert: Insert) -> None:
    early, gone, late = (
        insert(published=NOON + timedelta(minutes=minute), sections=("macro", "finance")) for minute in range(3)
    )
    grave = Withdrawal(at=NOON + timedelta(hours=1), notice="未经核实", shown_in=("finance",))
    gone = replace(gone, state=State.WITHDRAWN, updated=grave.at, withdrawal=grave)
    with store.write() as tx:
        tx.update_article(gone)
    shown, tombstones = (MemberState.LIVE, MemberState.NOTICE), (MemberState.TOMBSTONE,)

    assert store.newest(["finance"], 50, shown) == [late, gone, early]
    assert store.newest(["macro"], 50, shown) == [late, early]
    assert store.newest(["macro", "finance"], 2, shown) == [late, gone]
    assert store.newest(["macro"], 50, tombstones, by="updated") == [gone]
    assert store.newest(["finance"], 50, tombstones, by="updated") == []
    assert store.newest(["macro", "finance"], 50, tombstones, by="updated") == [gone]


def test_newest_goes_by_the_time_that_is_asked_for(store: Store, insert: Insert) -> None:
    first, second, third = (insert(published=NOON + timedelta(minutes=minute)) for minute in range(3))
    first = replace(first, updated=NOON + timedelta(days=1))
    with store.write() as tx:
        tx.update_article(first)

    assert store.newest(["macro"], 2, (MemberState.LIVE,)) == [third, second]
    assert store.newest(["macro"], 2, (MemberState.LIVE,), by="updated") == [first, third]


def test_newest_live_takes_more_sections_than_a_statement_has_terms(store: Store, insert: Insert) -> None:
    slugs = [f"s{number}" for number in range(1_201)]
    shared = insert(sections=(slugs[0], slugs[600], slugs[1_200]))
    late = insert(sections=(slugs[1_200],), published=NOON + timedelta(hours=1))
    early = insert(sections=(slugs[700],), published=NOON - timedelta(hours=1))
    assert store.newest_live(slugs, 50) == [late, shared, early]
    assert store.newest_live(slugs, 2) == [late, shared]
    assert store.newest(slugs, 50, (MemberState.LIVE, MemberState.NOTICE)) == [late, shared, early]


def test_lists_go_by_arrival_and_continue_after_a_page(store: Store, insert: Insert) -> None:
    late, draft = insert(published=NOON + timedelta(days=1)), insert(state=State.DRAFT, published=None)
    other, newest = insert(sections=("finance",)), insert(sections=("finance", "macro"))
    assert store.list_articles() == [newest, other, draft, late]
    assert store.list_articles(limit=2) == [newest, other]
    assert store.list_articles(limit=2, before_seq=other.seq) == [draft, late]
    assert store.list_articles(section="macro") == [newest, draft, late]
    assert store.list_articles(section="macro", state=State.LIVE) == [newest, late]
    assert store.list_articles(section="macro", before_seq=newest.seq, limit=1) == [draft]
    assert store.list_articles(state=State.DRAFT) == [draft]
    assert store.list_articles(section="sport") == []


def test_articles_are_counted_by_state(store: Store, insert: Insert) -> None:
    assert store.count_articles() == dict.fromkeys(State, 0)
    for state in (State.LIVE, State.LIVE, State.DRAFT):
        insert(state=state)
    assert store.count_articles() == {State.LIVE: 2, State.DRAFT: 1, State.SCHEDULED: 0, State.WITHDRAWN: 0}


def test_due_articles_come_earliest_first_and_only_when_their_time_has_come(
    store: Store, insert: Insert, clock: SettableClock
) -> None:
    assert store.next_due() is None
    late = insert(state=State.SCHEDULED, published=clock.now + timedelta(seconds=2))
    early = insert(state=State.SCHEDULED, published=clock.now + timedelta(seconds=1))
    insert(published=clock.now)
    insert(state=State.WITHDRAWN, published=clock.now)
    assert store.next_due() == early.published
    assert store.due(clock.now) == []
    assert store.due(clock.advance(1)) == [early]
    assert store.due(clock.advance(1)) == [early, late]
    assert store.due(clock.now, limit=1) == [early]


def test_an_article_may_be_in_no_section_at_all(store: Store, insert: Insert) -> None:
    stored = insert(sections=())
    assert store.list_articles() == [stored]
    assert store.newest_live(["macro"], 50) == []
