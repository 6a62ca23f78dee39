"""A database that is away is told once, and once more when it is back, however requests fare meanwhile."""

from __future__ import annotations

from structlog.testing import capture_logs

from feedsvc.errors import StoreUnavailableError
from feedsvc.web.outage import Outage

AWAY = StoreUnavailableError("Database sqlite:///feedsvc.db: unable to open database file.")


def test_it_is_told_once_until_a_request_is_answered() -> None:
    now = [0.0]
    outage = Outage(lambda: now[0])
    with capture_logs() as logs:
        outage.recover()
        for now[0] in range(0, 7_200, 60):
            outage.complain(AWAY)
        outage.recover()
        outage.recover()
        outage.complain(AWAY)
    assert [each["event"] for each in logs] == ["requests_put_off", "requests_answered_again", "requests_put_off"]
    assert logs[0]["error"] == str(AWAY)


def test_what_fails_and_is_answered_by_turns_is_told_every_ten_minutes() -> None:
    now = [0.0]
    outage = Outage(lambda: now[0])
    with capture_logs() as logs:
        for now[0] in range(1_200):
            outage.complain(AWAY)
            outage.recover()
    assert [each["event"] for each in logs] == ["requests_put_off", "requests_answered_again"] * 2
