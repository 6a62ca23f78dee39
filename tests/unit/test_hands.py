"""What the worker's hands tell, and whose turn it is."""

import math
import time
from threading import Event
from typing import NoReturn

import pytest

from feedsvc import hands
from feedsvc.hands import Done, Hands
from service import DEADLINE_SECONDS, wait_until


@pytest.fixture(autouse=True)
def _long_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hands, "TURN_SECONDS", 3600.0)


def taken(hands: Hands) -> list[Done]:
    """What is done by the time that anything is."""
    found: list[Done] = []

    def take() -> bool:
        found.extend(hands.take_done())
        return bool(found)

    wait_until(take, "something to be done")
    return found


def test_a_turn_lasts_until_it_is_live_and_what_is_left_to_do_keeps_it_busy() -> None:
    called, live, is_over = Event(), Event(), Event()
    hands = Hands(called.set)

    def make(slug: str) -> None:
        live.wait()
        hands.end_turn(slug)
        is_over.wait()

    hands.employ("macro", "1", make, has_turn=True)
    assert list(hands.take_done()) == []
    assert hands.is_anyones_turn(time.monotonic())
    assert hands.turn_over_at(time.monotonic()) < math.inf
    live.set()
    wait_until(called.is_set, "its word")
    assert list(hands.take_done()) == []
    assert not hands.is_anyones_turn(time.monotonic())
    assert hands.turn_over_at(time.monotonic()) == math.inf
    assert hands.busy == {"macro"}
    assert hands.at_work_since(math.inf) == ["macro"]
    assert hands.at_work_since(-math.inf) == []
    is_over.set()
    assert taken(hands) == [Done("macro", "1", None)]
    assert not hands.busy
    assert hands.at_work_since(math.inf) == []


def test_no_word_of_a_turn_outlives_what_was_done_in_it() -> None:
    hands = Hands(lambda: None)
    hands.employ("macro", "1", hands.end_turn, has_turn=True)
    assert taken(hands) == [Done("macro", "1", None)]
    is_over = Event()
    hands.employ("macro", "2", lambda _slug: str(is_over.wait()), has_turn=True)
    assert list(hands.take_done()) == []
    assert hands.is_anyones_turn(time.monotonic())
    is_over.set()
    assert taken(hands) == [Done("macro", "2", "True")]


def test_who_has_no_turn_keeps_none() -> None:
    hands, is_over = Hands(lambda: None), Event()
    hands.employ(".survey", "", lambda _slug: str(is_over.wait()))
    assert not hands.is_anyones_turn(time.monotonic())
    is_over.set()
    hands.wait(time.monotonic() + DEADLINE_SECONDS)
    assert not hands.busy


def test_what_it_raises_is_told() -> None:
    error = ValueError("no")

    def fail(_slug: str) -> NoReturn:
        raise error

    hands = Hands(lambda: None)
    hands.employ("macro", "1", fail, has_turn=True)
    assert taken(hands) == [Done("macro", "1", error)]
    assert not hands.is_anyones_turn(time.monotonic())
