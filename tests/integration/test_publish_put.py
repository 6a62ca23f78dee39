"""An article is taken in, corrected, withdrawn and revived: what becomes of its state, its times and its sections."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from feedsvc.errors import ArticleNotFoundError, ConflictError
from feedsvc.model import Article, ArticleInput, Author, Enclosure, State, Withdrawal
from feedsvc.publish import Outcome, promote_due, put, put_together, register_sections, withdraw
from feedsvc.store import Store

if TYPE_CHECKING:
    from integration.conftest import SettableClock

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)

FIELDS = ArticleInput(
    external_id="cms-1",
    title="央行：維持利率不變😀",
    content_html="<p>正文</p>",
    sections=("macro", "finance"),
    authors=(Author(name="單曉寧"),),
    tags=("利率",),
    enclosures=(Enclosure(url="https://news.example/a.mp3", type="audio/mpeg", length_bytes=1),),
)

Generations = Callable[[], dict[str, int]]


@pytest.fixture
def sections(store: Store, clock: SettableClock) -> Generations:
    """Registers macro, finance and sport; gives their generations."""
    register_sections(store, clock, ("macro", "finance", "sport"))
    return lambda: {slug: state.generation for slug, state in store.section_states().items()}


def correct(store: Store, clock: SettableClock, outcome: Outcome, **changes: object) -> Outcome:
    """Put FIELDS, so changed, on the article of an outcome."""
    return put(store, clock, replace(FIELDS, **changes), article_id=outcome.article.id)  # type: ignore[arg-type]  # checked where they are read


# taking in


def test_a_new_article_gets_ids_of_its_own_and_goes_live_now(
    store: Store, clock: SettableClock, sections: Generations
) -> None:
    clock.set(clock.now.replace(microsecond=123_456))
    outcome = put(store, clock, FIELDS)
    article = outcome.article
    assert (outcome.created, outcome.changed) == (True, True)
    assert re.fullmatch("[0-9a-hjkmnp-tv-z]{12}", article.id)
    assert article.entry_id == UUID(article.entry_id.removeprefix("urn:uuid:")).urn
    now = clock.now.replace(microsecond=0)
    assert (article.state, article.published, article.updated, article.created) == (State.LIVE, now, now, now)
    assert article.revision == 1
    assert store.article(article.id) == article
    assert sections() == {"macro": 1, "finance": 1, "sport": 0}


def test_two_articles_never_share_an_id(store: Store, clock: SettableClock, sections: Generations) -> None:
    articles = [put(store, clock, replace(FIELDS, external_id=None)).article for _ in range(20)]
    assert len({article.id for article in articles}) == 20
    assert len({article.entry_id for article in articles}) == 20


def test_an_old_article_is_not_updated_by_being_taken_in(
    store: Store, clock: SettableClock, sections: Generations
) -> None:
    old = datetime(2012, 5, 6, 7, 8, 9, 999, tzinfo=UTC)
    article = put(store, clock, replace(FIELDS, published=old)).article
    assert article.published == article.updated == old.replace(microsecond=0)
    said = put(store, clock, replace(FIELDS, external_id="cms-2", published=old, updated=old + HOUR)).article
    assert said.updated == (old + HOUR).replace(microsecond=0)
    early = put(store, clock, replace(FIELDS, external_id="cms-3", published=old, updated=old - HOUR)).article
    assert early.updated == early.published


def test_a_foreign_entry_id_is_kept_to_the_letter(store: Store, clock: SettableClock, sections: Generations) -> None:
    foreign = "https://old.example/?p=7&Ä=1"
    article = put(store, clock, replace(FIELDS, entry_id=foreign, is_permalink=True)).article
    assert (article.entry_id, article.is_permalink) == (foreign, True)
    with pytest.raises(ConflictError) as caught:
        put(store, clock, replace(FIELDS, external_id="cms-2", entry_id=foreign))
    assert caught.value.field == "entry_id"


def test_an_entry_id_minted_here_is_no_permalink(store: Store, clock: SettableClock, sections: Generations) -> None:
    assert not put(store, clock, replace(FIELDS, is_permalink=True)).article.is_permalink


def test_a_section_that_is_not_registered_yet_shows_the_article_once_it_is(store: Store, clock: SettableClock) -> None:
    article = put(store, clock, FIELDS).article
    register_sections(store, clock, ("macro",))
    assert store.newest_live(["macro"], 5) == [article]


# identity


@pytest.mark.parametrize(
    "fields",
    [
        FIELDS,
        replace(FIELDS, published=datetime(2012, 1, 1, tzinfo=UTC), updated=datetime(2011, 1, 1, tzinfo=UTC)),
        replace(FIELDS, published=datetime(2012, 1, 1, tzinfo=UTC), updated=datetime(2013, 1, 1, 0, 0, 0, 5, UTC)),
        replace(FIELDS, published=datetime(2999, 1, 1, tzinfo=UTC)),
        replace(FIELDS, draft=True),
        replace(FIELDS, draft=True, published=datetime(2999, 1, 1, tzinfo=UTC)),
        replace(FIELDS, entry_id="tag:old.example,2020:1"),
    ],
)
@pytest.mark.parametrize("minor", [False, True])
def test_the_same_article_twice_changes_nothing(
    store: Store, clock: SettableClock, sections: Generations, fields: ArticleInput, minor: bool
) -> None:
    first = put(store, clock, fields).article
    before = sections()
    clock.advance(3_600)
    assert put(store, clock, replace(fields, minor=minor)) == Outcome(first, created=False, changed=False)
    assert put(store, clock, fields, article_id=first.id) == Outcome(first, created=False, changed=False)
    assert store.article(first.id) == first
    assert sections() == before


def test_a_change_keeps_the_ids_and_moves_updated(store: Store, clock: SettableClock, sections: Generations) -> None:
    first = put(store, clock, FIELDS).article
    clock.advance(60)
    outcome = put(store, clock, replace(FIELDS, title="改題"))
    assert (outcome.created, outcome.changed) == (False, True)
    assert outcome.article == replace(first, title="改題", updated=clock.now, revision=2)
    assert store.article(first.id) == outcome.article
    assert sections() == {"macro": 2, "finance": 2, "sport": 0}


def test_updated_moves_even_within_a_second_and_under_a_clock_set_back(
    store: Store, clock: SettableClock, sections: Generations
) -> None:
    first = put(store, clock, FIELDS)
    assert first.article.updated == clock.now
    assert correct(store, clock, first, title="二").article.updated == clock.now + SECOND
    clock.advance(-3_600)
    assert correct(store, clock, first, title="三").article.updated == clock.now + HOUR + 2 * SECOND


def test_updated_is_at_least_what_the_sender_says(store: Store, clock: SettableClock, sections: Generations) -> None:
    first = put(store, clock, FIELDS)
    said = clock.now + HOUR
    assert correct(store, clock, first, title="二", updated=said).article.updated == said
    assert correct(store, clock, first, title="三", updated=clock.now).article.updated == said + SECOND


def test_a_later_updated_alone_is_a_change_and_an_earlier_one_is_none(
    store: Store, clock: SettableClock, sections: Generations
) -> None:
    first = put(store, clock, FIELDS)
    later = correct(store, clock, first, updated=clock.now + HOUR)
    assert (later.changed, later.article.updated, later.article.revision) == (True, clock.now + HOUR, 2)
    assert not correct(store, clock, first, updated=clock.now).changed
    assert not correct(store, clock, first, updated=clock.now + 2 * HOUR, minor=True).changed


def test_updated_stops_at_the_end_of_time(store: Store, clock: SettableClock, sections: Generations) -> None:
    end = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    first = put(store, clock, replace(FIELDS, updated=end))
    assert correct(store, clock, first, title="二").article.updated == end


def test_a_minor_change_shows_without_moving_updated(store: Store, clock: SettableClock, sections: Generations) -> None:
    first = put(store, clock, FIELDS)
    clock.advance(60)
    outcome = correct(store, clock, first, title="央行：維持利率不變", minor=True)
    assert outcome.article == replace(first.article, title="央行：維持利率不變", revision=2)
    assert sections() == {"macro": 2, "finance": 2, "sport": 0}


def test_a_section_that_is_left_learns_of_it(store: Store, clock: SettableClock, sections: Generations) -> None:
    first = put(store, clock, FIELDS)
    outcome = correct(store, clock, first, sections=("finance", "sport"))
    assert sections() == {"macro": 2, "finance": 2, "sport": 1}
    assert store.newest_live(["macro"], 5) == []
    assert store.newest_live(["sport"], 5) == [outcome.article]


def test_what_is_no_longer_said_is_gone(store: Store, clock: SettableClock, sections: Generations) -> None:
    first = put(store, clock, FIELDS)
    article = correct(store, clock, first, authors=(), tags=(), enclosures=(), content_html=None, summary="短").article
    assert (article.authors, article.tags, article.enclosures, article.content_html) == ((), (), (), None)


def test_an_unknown_id_is_not_made(store: Store, clock: SettableClock, sections: Generations) -> None:
    with pytest.raises(ArticleNotFoundError, match="unknown"):
        put(store, clock, FIELDS, article_id="unknown")
    assert store.list_articles() == []


def test_an_external_id_is_set_where_it_is_free_and_kept_where_none_is_said(
    store: Store, clock: SettableClock, sections: Generations
) -> None:
    first = put(store, clock, FIELDS)
    put(store, clock, replace(FIELDS, external_id="cms-2"))
    renamed = correct(store, clock, first, external_id="cms-新")
    assert store.article_by_external_id("cms-新") == renamed.article
    assert not correct(store, clock, first, external_id=None).changed
    with pytest.raises(ConflictError) as caught:
        correct(store, clock, first, external_id="cms-2")
    assert caught.value.field == "external_id"
    assert store.article(first.article.id) == renamed.article


def test_an_external_id_is_never_the_id_of_another_article(
    store: Store, clock: SettableClock, sections: Generations
) -> None:
    first, second = put(store, clock, FIELDS), put(store, clock, replace(FIELDS, external_id="cms-2"))
    with pytest.raises(ConflictError, match="is the id of another article") as caught:
        put(store, clock, replace(FIELDS, external_id=first.article.id))
    assert caught.value.field == "external_id"
    with pytest.raises(ConflictError, match="is the id of another article"):
        correct(store, clock, second, external_id=first.article.id)
    assert correct(store, clock, first, external_id=first.article.id).changed
    assert put(store, clock, replace(FIELDS, external_id="0123456789ab")).created


def test_an_entry_id_never_changes(store: Store, clock: SettableClock, sections: Generations) -> None:
    first = put(store, clock, replace(FIELDS, entry_id="urn:old:1", is_permalink=False))
    for changes, field in (({"entry_id": "urn:old:2"}, "entry_id"), ({"is_permalink": True}, "is_permalink")):
        with pytest.raises(ConflictError, match="for good") as caught:
            correct(store, clock, first, **{"entry_id": "urn:old:1"} | changes)
        assert caught.value.field == field
    assert correct(store, clock, first, title="改題", entry_id=None).article.entry_id == "urn:old:1"


# states


def test_an_article_with_a_time_ahead_is_scheduled_and_shows_nowhere(
    store: Store, clock: SettableClock, sections: Generations
) -> None:
    article = put(store, clock, replace(FIELDS, published=clock.now + HOUR)).article
    assert (article.state, article.published, article.updated) == (State.SCHEDULED, clock.now + HOUR, clock.now + HOUR)
    assert sections() == {"macro": 0, "finance": 0, "sport": 0}
    assert store.newest_live(["macro"], 5) == []


def test_an_article_whose_time_is_this_second_is_live(
    store: Store, clock: SettableClock, sections: Generations
) -> None:
    assert put(store, clock, replace(FIELDS, published=clock.now)).article.state is State.LIVE


def test_a_draft_waits_and_takes_the_time_at_which_it_goes_live(
    store: Store, clock: SettableClock, sections: Generations
) -> None:
    draft = put(store, clock, replace(FIELDS, draft=True))
    assert (draft.article.state, draft.article.published, draft.article.updated) == (State.DRAFT, None, None)
    clock.advance(60)
    edited = correct(store, clock, draft, title="改題", draft=True)
    assert (edited.article.state, edited.article.updated, edited.article.revision) == (State.DRAFT, None, 2)
    assert sections() == {"macro": 0, "finance": 0, "sport": 0}
    live = correct(store, clock, draft, title="改題").article
    assert (live.state, live.published, live.updated) == (State.LIVE, clock.now, clock.now)
    assert sections() == {"macro": 1, "finance": 1, "sport": 0}


def test_a_draft_keeps_the_time_that_was_said(store: Store, clock: SettableClock, sections: Generations) -> None:
    old = clock.now - HOUR
    draft = put(store, clock, replace(FIELDS, draft=True, published=old))
    live = correct(store, clock, draft).article
    assert (live.state, live.published, live.updated, live.revision) == (State.LIVE, old, old, 1)


def test_a_draft_may_be_scheduled_and_a_scheduled_article_called_back(
    store: Store, clock: SettableClock, sections: Generations
) -> None:
    draft = put(store, clock, replace(FIELDS, draft=True))
    assert correct(store, clock, draft, published=clock.now + HOUR).article.state is State.SCHEDULED
    back = correct(store, clock, draft, draft=True).article
    assert (back.state, back.published) == (State.DRAFT, clock.now + HOUR)
    assert sections() == {"macro": 0, "finance": 0, "sport": 0}


def test_a_scheduled_article_moved_forward_leaves_no_time_in_the_future(
    store: Store, clock: SettableClock, sections: Generations
) -> None:
    tomorrow = put(store, clock, replace(FIELDS, published=clock.now + 24 * HOUR))
    moved = correct(store, clock, tomorrow, published=clock.now + HOUR).article
    assert (moved.state, moved.updated) == (State.SCHEDULED, clock.now + HOUR)
    edited = correct(store, clock, tomorrow, title="改題").article
    assert (edited.published, edited.updated) == (clock.now + HOUR, clock.now + HOUR)
    live = correct(store, clock, tomorrow, published=clock.now).article
    assert (live.state, live.published, live.updated) == (State.LIVE, clock.now, clock.now)
    assert sections() == {"macro": 1, "finance": 1, "sport": 0}


@pytest.mark.parametrize(("changes", "field"), [({"draft": True}, "draft"), ({"published": "ahead"}, "published")])
def test_a_live_article_is_not_hidden_by_a_correction(
    store: Store, clock: SettableClock, sections: Generations, changes: dict[str, object], field: str
) -> None:
    first = put(store, clock, FIELDS)
    before = sections()
    if field == "published":
        changes = {"published": clock.now + HOUR}
    with pytest.raises(ConflictError, match="withdraw it") as caught:
        correct(store, clock, first, title="改題", **changes)
    assert caught.value.field == field
    assert store.article(first.article.id) == first.article
    assert sections() == before


def test_a_live_article_may_be_dated_back(store: Store, clock: SettableClock, sections: Generations) -> None:
    first = put(store, clock, FIELDS)
    clock.advance(60)
    article = correct(store, clock, first, published=clock.now - HOUR).article
    assert (article.published, article.updated, article.revision) == (clock.now - HOUR, clock.now, 2)


def test_a_clock_set_back_hides_nothing(store: Store, clock: SettableClock, sections: Generations) -> None:
    first = put(store, clock, replace(FIELDS, published=clock.now))
    clock.advance(-3_600)
    assert not correct(store, clock, first, published=first.article.published).changed
    article = correct(store, clock, first, published=first.article.published, title="改題").article
    assert (article.state, article.published) == (State.LIVE, first.article.published)


# withdrawing and reviving


def test_a_withdrawn_article_leaves_its_sections_at_once(
    store: Store, clock: SettableClock, sections: Generations
) -> None:
    first = put(store, clock, FIELDS)
    clock.advance(60)
    outcome = withdraw(store, clock, first.article.id)
    grave = Withdrawal(at=clock.now)
    withdrawn = replace(first.article, state=State.WITHDRAWN, updated=clock.now, revision=2, withdrawal=grave)
    assert outcome == Outcome(withdrawn, created=False, changed=True)
    assert store.article(first.article.id) == outcome.article
    assert store.newest_live(["macro"], 5) == []
    states = store.section_states()
    assert [(states[slug].generation, states[slug].urgent_generation) for slug in ("finance", "macro", "sport")] == [
        (2, 2),
        (2, 2),
        (0, 0),
    ]


def test_withdrawing_twice_is_once(store: Store, clock: SettableClock, sections: Generations) -> None:
    first = put(store, clock, FIELDS)
    once = withdraw(store, clock, first.article.id)
    assert once.article.updated == clock.now + SECOND
    before = sections()
    clock.advance(60)
    assert withdraw(store, clock, first.article.id) == Outcome(once.article, created=False, changed=False)
    assert sections() == before


def test_withdrawing_what_is_not_there_says_so(store: Store, clock: SettableClock) -> None:
    with pytest.raises(ArticleNotFoundError, match="unknown"):
        withdraw(store, clock, "unknown")


@pytest.mark.parametrize("changes", [{"draft": True}, {"published": datetime(2999, 1, 1, tzinfo=UTC)}])
def test_withdrawing_what_never_showed_hurries_no_feed(
    store: Store, clock: SettableClock, sections: Generations, changes: dict[str, object]
) -> None:
    waiting = put(store, clock, replace(FIELDS, **changes))  # type: ignore[arg-type]  # values of two kinds
    article = withdraw(store, clock, waiting.article.id).article
    assert (article.state, article.updated) == (State.WITHDRAWN, clock.now)
    assert sections() == {"macro": 0, "finance": 0, "sport": 0}
    live = correct(store, clock, waiting, published=clock.now).article
    assert (live.state, live.published) == (State.LIVE, clock.now)
    assert live.updated == clock.now + SECOND


def test_a_put_revives_a_withdrawn_article_with_its_ids(
    store: Store, clock: SettableClock, sections: Generations
) -> None:
    first = put(store, clock, FIELDS).article
    withdraw(store, clock, first.id)
    clock.advance(60)
    outcome = put(store, clock, FIELDS)
    assert (outcome.created, outcome.changed) == (False, True)
    assert outcome.article == replace(first, updated=clock.now, revision=3)
    assert store.newest_live(["macro"], 5) == [outcome.article]
    assert sections() == {"macro": 3, "finance": 3, "sport": 0}


def test_a_withdrawn_article_may_be_scheduled_anew(store: Store, clock: SettableClock, sections: Generations) -> None:
    first = put(store, clock, FIELDS)
    withdraw(store, clock, first.article.id)
    again = correct(store, clock, first, published=clock.now + HOUR).article
    assert (again.state, again.published, again.updated) == (State.SCHEDULED, clock.now + HOUR, clock.now + HOUR)
    assert again.withdrawal is None
    assert sections() == {"macro": 3, "finance": 3, "sport": 0}


# going live


def test_a_scheduled_article_goes_live_at_its_time_and_not_before(
    store: Store, clock: SettableClock, sections: Generations
) -> None:
    waiting = put(store, clock, replace(FIELDS, published=clock.now + HOUR)).article
    clock.advance(3_599)
    assert promote_due(store, clock) == []
    clock.advance(90.5)
    live = replace(waiting, state=State.LIVE)
    assert promote_due(store, clock) == [live]
    assert store.newest_live(["macro", "finance"], 5) == [live]
    assert sections() == {"macro": 1, "finance": 1, "sport": 0}
    assert promote_due(store, clock) == []
    assert sections() == {"macro": 1, "finance": 1, "sport": 0}


def test_all_that_is_due_goes_live_earliest_first(store: Store, clock: SettableClock, sections: Generations) -> None:
    expected: list[Article] = []
    for number in range(130, 0, -1):
        fields = replace(FIELDS, external_id=None, published=clock.now + number * SECOND)
        expected.append(put(store, clock, fields).article)
    clock.advance(600)
    promoted = promote_due(store, clock)
    assert [article.id for article in promoted] == [article.id for article in reversed(expected)]
    assert store.next_due() is None
    assert sections() == {"macro": 130, "finance": 130, "sport": 0}


def test_a_due_article_that_is_corrected_goes_live_there_and_then(
    store: Store, clock: SettableClock, sections: Generations
) -> None:
    waiting = put(store, clock, replace(FIELDS, published=clock.now + HOUR))
    clock.advance(7_200)
    article = correct(store, clock, waiting, title="改題").article
    assert (article.state, article.published) == (State.LIVE, waiting.article.published)
    assert promote_due(store, clock) == []


@pytest.mark.parametrize("change", ["put off", "withdrawn"])
def test_an_article_that_is_changed_just_before_it_goes_live_stays_back(
    store_url: str, clock: SettableClock, change: str
) -> None:
    class Overtaken(Store):
        """Somebody is quicker between the question what is due and the answer's use."""

        def due(self, now: datetime, limit: int = 100, *, broken: list[str] | None = None) -> list[Article]:
            found = super().due(now, limit, broken=broken)
            for article in found:
                if change == "withdrawn":
                    withdraw(self, clock, article.id)
                else:
                    put(self, clock, replace(FIELDS, published=clock.now + HOUR))
            return found

    store = Overtaken.open(store_url)
    waiting = put(store, clock, replace(FIELDS, published=clock.now + HOUR)).article
    clock.advance(3_600)
    assert promote_due(store, clock) == []
    assert store.newest_live(["macro"], 5) == []
    found = store.article(waiting.id)
    assert found is not None
    assert found.state is (State.WITHDRAWN if change == "withdrawn" else State.SCHEDULED)
    store.close()


# registering


def test_sections_get_a_feed_id_once(store: Store, clock: SettableClock) -> None:
    register_sections(store, clock, ("macro", "all"))
    first = store.section_states()
    assert all(state.feed_id == UUID(state.feed_id.removeprefix("urn:uuid:")).urn for state in first.values())
    assert len({state.feed_id for state in first.values()}) == 2
    clock.advance(60)
    register_sections(store, clock, ("macro", "all"))
    assert store.section_states() == first
    register_sections(store, clock, ("macro", "sport"))
    assert {slug: store.section_states()[slug] for slug in first} == first
    assert store.section_states()["sport"].created == clock.now


# several together


def test_several_are_put_in_one_transaction_that_raises_each_section_once(
    store: Store, clock: SettableClock, sections: Generations
) -> None:
    batch = [replace(FIELDS, external_id=f"cms-{number}") for number in range(3)]
    outcomes = put_together(store, clock, batch)
    assert [outcome.created for outcome in outcomes] == [True] * 3
    assert sections() == {"macro": 1, "finance": 1, "sport": 0}
    again = put_together(store, clock, [*batch, replace(FIELDS, external_id="cms-3", draft=True)])
    assert [outcome.changed for outcome in again] == [False] * 3 + [True]
    assert sections() == {"macro": 1, "finance": 1, "sport": 0}


def test_of_several_none_is_put_if_one_is_refused(store: Store, clock: SettableClock, sections: Generations) -> None:
    put(store, clock, replace(FIELDS, entry_id="tag:one"))
    with pytest.raises(ConflictError):
        put_together(store, clock, [replace(FIELDS, external_id="cms-2"), replace(FIELDS, entry_id="tag:other")])
    assert store.article_by_external_id("cms-2") is None
    assert sections() == {"macro": 1, "finance": 1, "sport": 0}
