"""What editors say about a change or a withdrawal is kept with it, and what shows of a withdrawal is decided once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from feedsvc.errors import ConflictError
from feedsvc.model import Article, ArticleInput, Correction, MemberState, State, Withdrawal
from feedsvc.publish import MAX_CORRECTIONS, promote_due, put, register_sections, withdraw
from feedsvc.store import Store

if TYPE_CHECKING:
    from integration.conftest import SettableClock

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)

FIELDS = ArticleInput(
    external_id="cms-1", title="失业率为百分之四", content_html="<p>正文</p>", sections=("macro", "finance")
)

Generations = Callable[[], dict[str, tuple[int, int]]]


@pytest.fixture(autouse=True)
def generations(store: Store, clock: SettableClock) -> Generations:
    """Registers macro and finance; gives their generations, the urgent ones second."""
    register_sections(store, clock, ("macro", "finance"))
    return lambda: {slug: (state.generation, state.urgent_generation) for slug, state in store.section_states().items()}


@pytest.fixture
def first(store: Store, clock: SettableClock) -> Article:
    """A live article, an hour old."""
    article = put(store, clock, FIELDS).article
    clock.advance(3_600)
    return article


# corrections


def test_a_correction_is_kept_with_the_change_it_speaks_of(
    store: Store, clock: SettableClock, first: Article, generations: Generations
) -> None:
    change = replace(FIELDS, title="失业率为百分之五", correction="原文误作百分之四。")
    outcome = put(store, clock, change)
    correction = Correction(note="原文误作百分之四。", at=clock.now)
    assert outcome.article == replace(
        first, title=change.title, updated=clock.now, revision=2, corrections=(correction,)
    )
    assert store.article(first.id) == outcome.article
    assert generations() == {"finance": (2, 0), "macro": (2, 0)}

    clock.advance(60)
    again = put(store, clock, change)
    assert (again.changed, again.article) == (False, outcome.article)
    assert generations() == {"finance": (2, 0), "macro": (2, 0)}


def test_a_new_note_alone_is_a_change(store: Store, clock: SettableClock, first: Article) -> None:
    outcome = put(store, clock, replace(FIELDS, correction="标题曾有误。"))
    assert outcome.article == replace(
        first, updated=clock.now, revision=2, corrections=(Correction(note="标题曾有误。", at=clock.now),)
    )


def test_corrections_stay_through_later_changes_in_the_order_they_were_made(
    store: Store, clock: SettableClock, first: Article
) -> None:
    notes = ["一", "二", "一"]
    times = []
    for number, note in enumerate(notes):
        times.append(clock.advance(60))
        put(store, clock, replace(FIELDS, title=f"第{number}稿", correction=note))
    clock.advance(60)
    last = put(store, clock, replace(FIELDS, title="定稿")).article
    assert last.corrections == tuple(Correction(note=note, at=at) for note, at in zip(notes, times, strict=True))
    assert put(store, clock, replace(FIELDS, title="定稿", correction="二")).changed is False


def test_a_correction_counts_from_when_updated_says(store: Store, clock: SettableClock, first: Article) -> None:
    said = clock.now + HOUR
    article = put(store, clock, replace(FIELDS, updated=said, correction="数字有误。")).article
    assert (article.updated, article.corrections[0].at) == (said, said)


def test_an_article_may_arrive_corrected(store: Store, clock: SettableClock) -> None:
    published, updated = clock.now - 5 * HOUR, clock.now - HOUR
    fields = replace(FIELDS, published=published, updated=updated, correction="来稿有误。")
    article = put(store, clock, fields).article
    assert article.corrections == (Correction(note="来稿有误。", at=updated),)
    assert put(store, clock, fields).changed is False


def test_what_is_corrected_before_anyone_reads_it_is_dated_then(store: Store, clock: SettableClock) -> None:
    fields = replace(FIELDS, published=clock.now + HOUR, correction="定稿前改过。")
    waiting = put(store, clock, fields).article
    assert waiting.corrections == (Correction(note="定稿前改过。", at=clock.now),)
    clock.advance(7_200)
    assert [article.corrections for article in promote_due(store, clock)] == [waiting.corrections]


def test_no_article_carries_corrections_without_end(store: Store, clock: SettableClock) -> None:
    for number in range(MAX_CORRECTIONS):
        put(store, clock, replace(FIELDS, correction=f"第{number}次"))
    before = store.article_by_external_id("cms-1")
    with pytest.raises(ConflictError, match="carries 100 corrections"):
        put(store, clock, replace(FIELDS, title="改", correction="再一次"))
    assert store.article_by_external_id("cms-1") == before


# withdrawals


@pytest.mark.parametrize(
    ("said", "shown_in"),
    [
        ({}, ()),
        ({"notice_sections": ("finance", "sport")}, ("finance",)),
        ({"mode": "notice"}, ("macro", "finance")),
        ({"mode": "tombstone", "notice_sections": ("macro", "finance")}, ()),
    ],
)
def test_what_shows_is_decided_by_the_editor_else_by_the_section(
    store: Store, clock: SettableClock, first: Article, said: dict[str, Any], shown_in: tuple[str, ...]
) -> None:
    article = withdraw(store, clock, first.id, notice="未经核实。", **said).article
    grave = Withdrawal(at=clock.now, notice="未经核实。", shown_in=shown_in)
    assert article == replace(first, state=State.WITHDRAWN, updated=clock.now, revision=2, withdrawal=grave)
    assert store.article(first.id) == article


def test_another_notice_or_mode_takes_the_place_of_the_old_one(
    store: Store, clock: SettableClock, first: Article, generations: Generations
) -> None:
    withdraw(store, clock, first.id, notice="未经核实。")
    clock.advance(60)
    second = withdraw(store, clock, first.id, notice="内容失实。").article
    assert second.withdrawal == Withdrawal(at=clock.now, notice="内容失实。")
    assert (second.updated, second.revision) == (clock.now, 3)
    third = withdraw(store, clock, first.id, mode="notice").article
    assert third.withdrawal == Withdrawal(at=clock.now + SECOND, notice="内容失实。", shown_in=("macro", "finance"))
    assert generations() == {"finance": (4, 4), "macro": (4, 4)}
    fourth = withdraw(store, clock, first.id, notice="").article
    assert fourth.withdrawal == Withdrawal(at=clock.now + 2 * SECOND, shown_in=("macro", "finance"))


@pytest.mark.parametrize("again", [{}, {"notice": "未经核实。"}, {"mode": "notice"}, {"notice_sections": ("macro",)}])
def test_what_says_nothing_new_changes_nothing(
    store: Store, clock: SettableClock, first: Article, generations: Generations, again: dict[str, Any]
) -> None:
    once = withdraw(store, clock, first.id, notice="未经核实。", mode="notice").article
    before = generations()
    clock.advance(60)
    outcome = withdraw(store, clock, first.id, **again)
    assert (outcome.changed, outcome.article) == (False, once)
    assert generations() == before


@pytest.mark.parametrize("changes", [{"draft": True}, {"draft": True, "published": None}, {"published": HOUR}])
def test_an_article_that_was_never_live_leaves_nothing(
    store: Store, clock: SettableClock, generations: Generations, changes: dict[str, Any]
) -> None:
    if changes.get("published"):
        changes = {"published": clock.now + HOUR}
    waiting = put(store, clock, replace(FIELDS, **changes)).article
    article = withdraw(store, clock, waiting.id, notice="不发了。", mode="notice").article
    assert (article.state, article.withdrawal) == (State.WITHDRAWN, None)
    assert article.state_in("macro") is MemberState.WITHDRAWN
    assert withdraw(store, clock, waiting.id, notice="不发了。", mode="notice").changed is False
    shown = (MemberState.NOTICE, MemberState.TOMBSTONE)
    assert store.newest(["macro", "finance"], 5, shown) == []
    assert generations() == {"finance": (0, 0), "macro": (0, 0)}


@pytest.mark.parametrize("minor", [False, True])
def test_what_comes_back_is_newer_than_its_tombstone(
    store: Store, clock: SettableClock, first: Article, generations: Generations, minor: bool
) -> None:
    gone = withdraw(store, clock, first.id).article
    back = put(store, clock, replace(FIELDS, minor=minor)).article
    assert (back.state, back.withdrawal) == (State.LIVE, None)
    assert gone.updated is not None
    assert back.updated == gone.updated + SECOND
    assert store.newest(["macro", "finance"], 5, (MemberState.NOTICE, MemberState.TOMBSTONE)) == []
    assert store.newest_live(["macro", "finance"], 5) == [back]
    assert generations() == {"finance": (3, 2), "macro": (3, 2)}


def test_so_is_what_comes_back_by_way_of_a_draft(
    store: Store, clock: SettableClock, first: Article, generations: Generations
) -> None:
    gone = withdraw(store, clock, first.id, mode="notice").article
    draft = put(store, clock, replace(FIELDS, draft=True)).article
    assert (draft.state, draft.withdrawal) == (State.DRAFT, None)
    assert generations() == {"finance": (3, 2), "macro": (3, 2)}
    clock.advance(HOUR.total_seconds())
    back = put(store, clock, FIELDS).article
    assert back.updated is not None
    assert gone.updated is not None
    assert back.updated > gone.updated


def test_a_correction_may_come_with_the_revival(store: Store, clock: SettableClock, first: Article) -> None:
    withdraw(store, clock, first.id)
    back = put(store, clock, replace(FIELDS, correction="核实后重发。")).article
    assert back.corrections == (Correction(note="核实后重发。", at=clock.now + SECOND),)
