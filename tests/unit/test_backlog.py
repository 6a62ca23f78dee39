"""What comes first of what waits, and that nobody waits for ever."""

from __future__ import annotations

import math

import pytest

from feedsvc import backlog
from feedsvc.backlog import AT_ONCE, OLDEST_EACH, Backlog
from feedsvc.staleness import Stale

NOBODY: frozenset[str] = frozenset()


def stale(slug: str, made_from: str = "1", *, is_urgent: bool = False) -> Stale:
    return Stale(slug, made_from, is_urgent=is_urgent, is_missing=False)


def taken(waiting: Backlog, now: float = 0.0) -> list[str]:
    """All that can be taken now, in turn."""
    found = []
    while (one := waiting.take(NOBODY, now)) is not None:
        found.append(one.slug)
    return found


@pytest.fixture
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few wait, the newest comes first."""
    monkeypatch.setattr(backlog, "AT_ONCE", 0)


@pytest.mark.usefixtures("_in_haste")
def test_the_newest_change_comes_first_and_each_fourth_time_the_oldest() -> None:
    waiting = Backlog()
    for number in range(8):
        waiting.note(stale(f"s{number}"), is_news=True)
    assert taken(waiting) == ["s7", "s6", "s5", "s0", "s4", "s3", "s2", "s1"]
    assert len(waiting) == 0


def test_few_are_made_as_they_came() -> None:
    waiting = Backlog()
    waiting.note(stale("found"), is_news=False)
    waiting.note(stale("late"), is_news=False)
    for number in range(AT_ONCE):
        waiting.note(stale(f"s{number}"), is_news=True)
    waiting.note(stale("s1", "2"), is_news=True)
    assert taken(waiting)[:3] == ["s0", "s1", "s2"]
    for number in range(AT_ONCE + 1):
        waiting.note(stale(f"s{number}"), is_news=True)
    waiting.note(stale("late"), is_news=True)
    assert waiting.take(NOBODY, 0.0) == stale("late"), "the newest of more than can be made at once"


def test_a_withdrawal_comes_before_all_and_news_before_what_a_survey_found() -> None:
    waiting = Backlog()
    waiting.note(stale("found"), is_news=False)
    waiting.note(stale("new"), is_news=True)
    waiting.note(stale("urgent", is_urgent=True), is_news=False)
    assert taken(waiting) == ["urgent", "new", "found"]


def test_sections_that_change_all_the_time_keep_none_waiting_for_ever() -> None:
    waiting = Backlog()
    waiting.note(stale("patient"), is_news=False)
    for turn in range(OLDEST_EACH):
        for number in range(10):
            waiting.note(stale(f"busy{number}", str(turn)), is_news=True)
        one = waiting.take(NOBODY, 0.0)
        assert one is not None
        if one.slug == "patient":
            break
    else:
        pytest.fail("it waited for more than so many others")


@pytest.mark.usefixtures("_in_haste")
def test_one_that_changes_again_is_the_newest_but_keeps_its_age() -> None:
    waiting = Backlog()
    for slug in ("a", "b", "c", "d"):
        waiting.note(stale(slug), is_news=True)
    waiting.note(stale("a", "2"), is_news=True)
    assert "a" in waiting
    first = waiting.take(NOBODY, 0.0)
    assert first == stale("a", "2")
    assert taken(waiting) == ["d", "c", "b"]


def test_what_is_at_work_is_passed_over() -> None:
    waiting = Backlog()
    waiting.note(stale("a"), is_news=True)
    waiting.note(stale("b"), is_news=True)
    assert waiting.take({"b"}, 0.0) == stale("a")
    assert waiting.take({"b"}, 0.0) is None
    assert waiting.take(NOBODY, 0.0) == stale("b")


def test_what_rests_waits_for_its_time() -> None:
    waiting = Backlog()
    waiting.note(stale("a"), is_news=True, ready_at=5.0)
    assert taken(waiting, 4.9) == []
    assert not waiting.has_ready(4.9)
    assert waiting.next_at(4.9) == 5.0
    assert waiting.has_ready(5.0)
    assert taken(waiting, 5.0) == ["a"]
    assert waiting.next_at(5.0) == math.inf


def test_what_is_held_waits_until_it_is_noted_again() -> None:
    waiting = Backlog()
    waiting.note(stale("a"), is_news=True, ready_at=5.0)
    waiting.hold("a")
    assert taken(waiting, 1e9) == []
    assert waiting.next_at(0.0) == math.inf
    waiting.note(stale("a", "2"), is_news=False)
    assert waiting.take(NOBODY, 0.0) == stale("a", "2")


def test_a_failure_is_tried_again_after_growing_pauses_or_as_soon_as_something_moved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backlog, "LONGEST_PAUSE_SECONDS", 3.0)
    waiting = Backlog()
    assert waiting.note_failure("a", "1", "odd", 0.0)
    waiting.note(stale("a"), is_news=False)
    assert taken(waiting, 0.9) == []
    assert waiting.next_at(0.0) == 1.0
    assert taken(waiting, 1.0) == ["a"]
    assert not waiting.note_failure("a", "1", "odd", 1.0)
    assert waiting.failures["a"].retry_at == 3.0
    waiting.note_failure("a", "1", "odd", 3.0)
    assert waiting.failures["a"].retry_at == 6.0
    waiting.note(stale("a", "2"), is_news=False)
    assert taken(waiting, 3.0) == ["a"]
    assert waiting.note_failure("a", "2", "another", 3.0)
    assert waiting.failures["a"].retry_at == 4.0


def test_what_is_no_feed_any_more_is_dropped() -> None:
    waiting = Backlog()
    waiting.note(stale("a", is_urgent=True), is_news=True)
    waiting.note(stale("b"), is_news=False)
    waiting.keep(lambda slug: slug == "b")
    assert taken(waiting) == ["b"]


def test_a_missing_twin_waits_for_all_others_and_is_no_ones_oldest() -> None:
    waiting = Backlog()
    waiting.note(
        Stale("twins", "1", is_urgent=False, is_missing=False, lacks_twins=True, lacks_twins_alone=True), is_news=False
    )
    for number in range(5):
        waiting.note(stale(f"s{number}"), is_news=False)
    assert taken(waiting) == ["s0", "s1", "s2", "s3", "s4", "twins"]
    waiting.note(
        Stale("one", "1", is_urgent=False, is_missing=False, lacks_twins=True, lacks_twins_alone=True), is_news=False
    )
    waiting.note(stale("two"), is_news=False)
    waiting.note(stale("one", "2"), is_news=True)
    assert taken(waiting) == ["one", "two"]


@pytest.mark.usefixtures("_in_haste")
def test_what_is_preferred_comes_first_of_the_news_and_is_no_younger_for_it() -> None:
    waiting = Backlog()
    for slug in ("section", "combination", "all"):
        waiting.note(stale(slug), is_news=True)
    for slug in ("all", "combination", "section", "unknown"):
        waiting.prefer(slug)
    assert taken(waiting) == ["section", "combination", "all"]
    for slug in ("section", "combination", "all"):
        waiting.note(stale(slug), is_news=True)
    for slug in ("all", "combination", "section"):
        waiting.prefer(slug)
    assert taken(waiting) == ["section", "combination", "all"], "also where it is the turn of the oldest"


def test_one_may_be_taken_by_name_and_left_alone_for_longer() -> None:
    waiting = Backlog()
    waiting.note(stale("a"), is_news=True)
    waiting.note(stale("b"), is_news=True)
    assert waiting.take_one("c", NOBODY, 0.0) is None
    assert waiting.take_one("b", {"b"}, 0.0) is None
    assert waiting.take_one("b", NOBODY, 0.0) == stale("b")
    assert taken(waiting) == ["a"]
    waiting.note_failure("a", "1", "hung", 0.0, least_seconds=300.0)
    assert waiting.keeps_back("a", "1", 299.0)
    assert not waiting.keeps_back("a", "1", 300.0)
    assert not waiting.keeps_back("a", "2", 1.0)
