from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from feedsvc.presence import Presence, Standing
from feedsvc.wake import Sleepers
from feedsvc.web import waiting
from feedsvc.web.waiting import Waits, is_decided, preferred_seconds
from service import DEADLINE_SECONDS, wait_until


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("wait=5", 5),
        ("Wait = 5", 5),
        ('wait="7"', 7),
        ("respond-async, wait=10", 10),
        ("respond-async;foo=bar, wait=10; x=y", 10),
        ("wait=5, wait=9", 5),
        ("wait=999999", 30),
        ("wait=0", 0),
        ("wait=-1", None),
        ("wait=five", None),
        ("wait=5s", None),
        ("await=5", None),
        ("wait", None),
    ],
)
def test_the_preference_is_read_as_rfc_7240_writes_it(header: str | None, seconds: int | None) -> None:
    assert preferred_seconds(header, 30) == seconds


def standing_as(*standings: Standing) -> tuple[Presence, ...]:
    return tuple(Presence(f"section-{number}", one, "", ()) for number, one in enumerate(standings))


@pytest.mark.parametrize(
    ("standings", "decided"),
    [
        (("live", ("live",)), True),
        (("live", "pending"), False),
        (("pending",), False),
        (("quarantined", "pending"), True),
        (("live", "beyond_limit"), True),
        (("scheduled",), True),
        ((), True),
    ],
)
def test_waiting_ends_when_it_would_change_nothing(standings: tuple[Standing, ...], decided: bool) -> None:
    assert is_decided(standing_as(*standings), ("live",)) is decided


def test_a_withdrawal_is_waited_for_in_every_feed() -> None:
    assert not is_decided(standing_as("withdrawn", "pending"), ("withdrawn",))
    assert is_decided(standing_as("withdrawn", "withdrawn"), ("withdrawn",))


def test_looks_again_until_it_is_live() -> None:
    looks = iter([standing_as("pending"), standing_as("pending"), standing_as("live")])
    assert Waits().until_decided(lambda: next(looks), ("live",), DEADLINE_SECONDS) == (standing_as("live"), True)


def test_gives_up_when_the_time_is_over() -> None:
    assert Waits().until_decided(lambda: standing_as("pending"), ("live",), 0.05) == (standing_as("pending"), True)


def test_nobody_waits_beyond_the_places_there_are_and_a_place_comes_back() -> None:
    waits, is_waiting, may_end = Waits(at_once=1), Event(), Event()
    looks = iter([standing_as("pending")])

    def look() -> tuple[Presence, ...]:
        first = next(looks, None)
        if first is not None:
            return first
        is_waiting.set()
        may_end.wait(DEADLINE_SECONDS)
        return standing_as("live")

    waiter = Thread(target=waits.until_decided, args=(look, ("live",), DEADLINE_SECONDS))
    waiter.start()
    try:
        assert is_waiting.wait(DEADLINE_SECONDS)
        assert waits.until_decided(lambda: standing_as("pending"), ("live",), DEADLINE_SECONDS) == (
            standing_as("pending"),
            False,
        )
    finally:
        may_end.set()
        waiter.join(DEADLINE_SECONDS)
    assert waits.until_decided(lambda: standing_as("pending"), ("live",), 0) == (standing_as("pending"), True)


def test_is_woken_by_the_publication_that_it_waits_for_and_by_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "_LOOK_EVERY_SECONDS", 3600.0)
    sleepers = Sleepers(tmp_path / "waiting", akin=tmp_path)
    looks = 0
    is_live = Event()

    def look() -> tuple[Presence, ...]:
        nonlocal looks
        standings = standing_as("live", "live" if is_live.is_set() else "pending")
        looks += 1  # who waits for it must not come in between
        return standings

    found: list[tuple[tuple[Presence, ...], bool]] = []
    waiter = Thread(target=lambda: found.append(Waits().until_decided(look, ("live",), 3600, sleepers)))
    waiter.start()
    try:
        wait_until(lambda: looks == 2, "it to sleep")
        sleepers.call(["section-0", "another"])
        is_live.set()
        sleepers.call(["section-1"])
    finally:
        waiter.join(DEADLINE_SECONDS)
    assert found == [(standing_as("live", "live"), True)]
    assert looks == 3
    with suppress(FileNotFoundError):
        assert list(sleepers.folder.iterdir()) == []


def test_where_nobody_can_be_woken_it_looks_now_and_then(tmp_path: Path) -> None:
    (tmp_path / "waiting").touch()
    looks = iter([standing_as("pending"), standing_as("pending"), standing_as("live")])
    sleepers = Sleepers(tmp_path / "waiting", akin=tmp_path)
    assert Waits().until_decided(lambda: next(looks), ("live",), DEADLINE_SECONDS, sleepers) == (
        standing_as("live"),
        True,
    )
