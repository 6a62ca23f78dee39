"""A thread takes no more than it may, over time; what it saves up is bounded."""

from __future__ import annotations

import pytest

from feedsvc.allowance import FULL_SECONDS, Allowance


class Clocks:
    now = 100.0
    taken = 5.0

    def allowance(self) -> Allowance:
        return Allowance(lambda: self.now, lambda: self.taken)


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


def test_nothing_is_saved_up_before_it_begins(clocks: Clocks) -> None:
    allowance = clocks.allowance()
    allowance.settle(10)
    assert allowance.rest_seconds(10) == 0
    assert allowance.rest_seconds(10, is_full=True) == pytest.approx(FULL_SECONDS * 10)


def test_what_was_taken_is_rested_for(clocks: Clocks) -> None:
    allowance = clocks.allowance()
    allowance.settle(10)
    clocks.now += 0.3
    clocks.taken += 0.3
    allowance.settle(10)
    assert allowance.rest_seconds(10) == pytest.approx(2.7)
    clocks.now += 2.7
    allowance.settle(10)
    assert allowance.rest_seconds(10) == pytest.approx(0)


def test_no_more_is_saved_up_than_full(clocks: Clocks) -> None:
    allowance = clocks.allowance()
    allowance.settle(10)
    clocks.now += 10_000
    allowance.settle(10)
    assert allowance.rest_seconds(10, is_full=True) == 0
    clocks.now += FULL_SECONDS + 0.1
    clocks.taken += FULL_SECONDS + 0.1
    allowance.settle(10)
    assert allowance.rest_seconds(10, is_full=True) == pytest.approx(9.9)
    assert allowance.rest_seconds(10) == 0


def test_looking_whether_it_is_full_keeps_it_from_being_so_no_longer_than_it_takes(clocks: Clocks) -> None:
    allowance = clocks.allowance()
    allowance.settle(10)
    for _ in range(110):
        clocks.now += 0.1
        clocks.taken += 0.0001
        allowance.settle(10)
    assert allowance.rest_seconds(10, is_full=True) == 0


@pytest.mark.parametrize("percent", [1, 10, 50, 100])
def test_over_time_it_stays_within(clocks: Clocks, percent: int) -> None:
    allowance = clocks.allowance()
    began, before = clocks.now, clocks.taken
    for number in range(500):
        allowance.settle(percent)
        clocks.now += allowance.rest_seconds(percent)
        allowance.settle(percent)
        cost = 0.01 * (1 + number % 7)
        clocks.now += cost * 1.5
        clocks.taken += cost
    share = (clocks.taken - before) / (clocks.now - began)
    assert share <= percent / 100 + 0.01
    assert share >= min(percent / 100, 0.6) * 0.95


def test_what_was_taken_lately_is_told(clocks: Clocks) -> None:
    allowance = clocks.allowance()
    allowance.settle(10)
    assert allowance.taken_percent == 0
    for _ in range(120):
        clocks.now += 1
        clocks.taken += 0.05
        allowance.settle(10)
    assert allowance.taken_percent == pytest.approx(5)
    clocks.now += 600
    allowance.settle(10)
    clocks.now += 60
    allowance.settle(10)
    assert allowance.taken_percent == 0
