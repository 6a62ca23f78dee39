"""A budget for each address, which whole documents cost; and whose request it is behind proxies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from feedsvc.web.polls import Answer, Budget, TrustedHops, environ_of, limited
from feedsvc.web.polls.addresses import home_of, network_of


class Seconds:
    """A monotonic clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_welcome_and_comes_back_with_time() -> None:
    seconds = Seconds()
    budget = Budget(60, monotonic=seconds)
    assert [budget.spend("a") for _ in range(61)] == [0] * 60 + [60]
    seconds.now += 59.5
    assert budget.spend("a") == 1
    seconds.now += 0.5
    assert [budget.spend("a"), budget.spend("a")] == [0, 60]
    seconds.now += 3 * 3600
    assert [budget.spend("a") for _ in range(61)].count(0) == 60  # no more than an hour's


def test_nobody_pays_for_another() -> None:
    budget = Budget(1, monotonic=Seconds())
    assert [budget.spend("a"), budget.spend("b"), budget.spend("a"), budget.spend("b")] == [0, 0, 3600, 3600]


def test_addresses_without_end_take_no_room_and_those_that_come_stay_known() -> None:
    budget = Budget(1, limit=100, monotonic=Seconds())
    assert budget.spend("faithful") == 0
    for number in range(10_000):
        budget.spend(str(number))
        assert budget.spend("faithful") == 3600
    assert len(budget._young) + len(budget._old) <= 100


def test_only_whole_documents_cost() -> None:
    answers = {
        "/feeds/whole.rss": Answer(200, [], b"x"),
        "/feeds/head.rss": Answer(200, []),
        "/feeds/same.rss": Answer(304, []),
        "/feeds/new.rss": Answer(226, [], b"x"),
        "/feeds/none.rss": None,
    }
    answer = limited(lambda environ: answers[environ["PATH_INFO"]], Budget(2, monotonic=Seconds()))

    def ask(path: str, address: str = "203.0.113.7") -> Answer | None:
        return answer({**environ_of("GET", path), "REMOTE_ADDR": address})

    free = ["/feeds/head.rss", "/feeds/same.rss", "/feeds/new.rss", "/feeds/none.rss"]
    for path in [*free * 5, "/feeds/whole.rss", "/feeds/whole.rss", *free]:
        assert ask(path) is answers[path]
    refused = ask("/feeds/whole.rss")
    assert refused is not None
    headers = dict(refused.headers)
    assert (refused.status, headers["Retry-After"], headers["Cache-Control"]) == (429, "1800", "no-store")
    assert headers["Access-Control-Allow-Origin"] == "*"
    text = refused.body.decode()
    assert "2 for it in an hour" in text
    assert "If-None-Match" in text
    assert [ask(path) for path in free] == [answers[path] for path in free]
    assert ask("/feeds/whole.rss", "203.0.113.8") is answers["/feeds/whole.rss"]


@pytest.mark.parametrize(
    ("hops", "header", "found"),
    [
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "6.6.6.6, 203.0.113.7", "203.0.113.7"),
        (1, "6.6.6.6,203.0.113.7:4711", "203.0.113.7"),
        (2, "6.6.6.6, 203.0.113.7, 10.0.0.1", "203.0.113.7"),
        (2, "203.0.113.7", None),
        (1, "2001:DB8::1", "2001:db8::1"),
        (1, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, "::ffff:203.0.113.7", "203.0.113.7"),
        (1, "fe80::1%eth0", "fe80::1"),
        (1, "unknown", ""),
        (1, "203.0.113.7, ", ""),
        (2, "203.0.113.7, unknown, 10.0.0.1", ""),
        (1, "", ""),  # what the web server makes of one that holds a byte beyond ASCII
        (2, "", ""),
        (1, "x" * 70_000, ""),
        (1, "\x1b[2J", ""),
    ],
)
def test_the_client_is_whom_the_trusted_proxies_saw(hops: int, header: str, found: str | None) -> None:
    assert TrustedHops(hops).find({"HTTP_X_FORWARDED_FOR": header}) == found


def test_without_the_header_nobody_is_found() -> None:
    empty: Mapping[str, Any] = {}
    assert TrustedHops(1).find(empty) is None


@pytest.mark.parametrize(
    ("address", "network", "home"),
    [
        ("203.0.113.7", "203.0.113.0/24", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.0/24", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/48", "fe80::/64"),
        ("", "", ""),
        ("unix:", "", "unix:"),
    ],
)
def test_what_is_kept_of_an_address_and_whose_budget_it_is(address: str, network: str, home: str) -> None:
    assert (network_of(address), home_of(address)) == (network, home)
