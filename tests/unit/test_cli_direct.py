"""A poll is answered where granian calls; what may wait for long keeps granian's threads only where it has to."""

from functools import partial
from threading import Event, Thread, get_ident
from typing import Any

import pytest

from feedsvc import log
from feedsvc.cli.direct import Spare, can_answer_directly, divide, threads_of_granian
from feedsvc.web import has_body
from feedsvc.web.places import CARRYING, POLLING, THREADS
from feedsvc.web.polls import Answer
from service import wait_until

DEADLINE_SECONDS = 60
POLL = {"REQUEST_METHOD": "GET", "PATH_INFO": "/feeds/macro.rss"}
PAGE = {"REQUEST_METHOD": "GET", "PATH_INFO": "/"}
PUT = {"REQUEST_METHOD": "PUT", "PATH_INFO": "/api/v1/articles/1", "CONTENT_LENGTH": "10"}


class Exchange:
    def __init__(self) -> None:
        self.answered = Event()
        self.said: list[tuple[int, list[tuple[str, str]], bytes]] = []

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes, /) -> None:
        self.said.append((status, headers, body))
        self.answered.set()


def answer_poll(environ: dict[str, Any]) -> Answer | None:
    return Answer(200, [("ETag", '"x"')], b"feed") if environ["PATH_INFO"].startswith("/feeds") else None


def test_a_poll_is_answered_at_once() -> None:
    exchange = Exchange()
    divide(answer_poll, lambda *_: pytest.fail("WSGI was called"))(exchange, POLL)
    assert exchange.said == [(200, [("ETag", '"x"')], b"feed")]


def test_what_has_no_body_may_wait_and_what_has_one_is_read_where_granian_called() -> None:
    waiting, go_on, called = Event(), Event(), []

    def otherwise(exchange: Any, scope: Any) -> None:
        called.append(get_ident())
        if scope is PAGE:
            waiting.set()
            assert go_on.wait(DEADLINE_SECONDS)
        exchange.response_bytes(200, [], b"")

    call, page = divide(answer_poll, otherwise), Exchange()
    call(page, PAGE)
    assert waiting.wait(DEADLINE_SECONDS)
    assert not page.said
    call(Exchange(), PUT)
    assert [each == get_ident() for each in called] == [False, True]
    go_on.set()
    assert page.answered.wait(DEADLINE_SECONDS)


def test_what_fails_there_is_answered_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure()
    exchange = Exchange()

    def fail(*_: Any) -> None:
        raise ValueError("broken")

    divide(answer_poll, fail)(exchange, PAGE)
    assert exchange.answered.wait(DEADLINE_SECONDS)
    assert exchange.said[0][0] == 500
    told = capsys.readouterr()
    assert "request_failed" in told.err + told.out
    assert "broken" in told.err + told.out


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, False),
        ({"CONTENT_LENGTH": "0"}, False),
        ({"CONTENT_LENGTH": "1"}, True),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, True),
    ],
)
def test_a_body_is_told_by_its_frame(more: dict[str, str], *, expected: bool) -> None:
    assert has_body({**PAGE, **more}) is expected


def test_the_granian_that_is_installed_can_be_told_what_to_call() -> None:
    """Without, it would serve on, a third slower: this is how it is noticed."""
    assert can_answer_directly()
    assert CARRYING < threads_of_granian() < THREADS


class Threads:
    """Threads of granian's that have answered a poll, one after the other."""

    def __init__(self, spare: Spare, count: int) -> None:
        self.started: list[Thread] = []
        for number in range(POLLING):
            spare._awake[number] = 0.0
        for number in range(count):
            self.started.append(Thread(target=spare.rest, daemon=True))
            self.started[-1].start()
            wait_until(partial(self._has_rested, spare, CARRYING - number), "a thread to rest, or to come back")

    def _has_rested(self, spare: Spare, before: int) -> bool:
        return spare.places < before or not self.started[-1].is_alive()

    def resting(self) -> int:
        return sum(thread.is_alive() for thread in self.started)


def test_as_many_threads_as_polls_need_stay_awake_and_the_others_rest() -> None:
    spare = Spare(lambda: 0.0)
    threads = Threads(spare, CARRYING)
    assert threads.resting() == CARRYING
    assert spare.places == 0
    spare.rest()  # there is no place left to rest in


def test_none_rests_while_others_are_not_known_to_be_awake() -> None:
    now = [0.0]
    spare = Spare(lambda: now[0])
    for number in range(POLLING - 1):
        spare._awake[number] = 0.0
    spare.rest()
    assert spare.places == CARRYING
    now[0] = 60.0  # granian may have ended all of them
    spare.rest()
    assert (spare.places, list(spare._awake)) == (CARRYING, [get_ident()])


def test_a_body_wakes_one_that_rests_and_takes_its_place() -> None:
    spare = Spare(lambda: 0.0)
    threads = Threads(spare, 2)
    with spare.carrying():
        wait_until(lambda: threads.resting() == 1, "one to wake")
        assert spare.places == CARRYING - 2
    assert spare.places == CARRYING - 1
    with pytest.raises(ValueError, match="broken"), spare.carrying():
        raise ValueError("broken")
    assert spare.places == CARRYING
