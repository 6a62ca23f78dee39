"""`feedsvc pollers` as a newsroom sees it; nothing that a poller calls itself does anything to the terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from commands import Site
from feedsvc.counting import Tally
from feedsvc.model.polling import OTHERS, Counts
from feedsvc.output import PollerFiles
from service import free_port, serving, wait_until

GREEDY = Counts(polls=48, bodies=48, body_bytes=48 * 42_000, gaps={-14: 40})
NEWSBLUR = Counts(
    polls=100,
    unchanged=98,
    bodies=2,
    body_bytes=84_000,
    conditional=99,
    gaps={4: 90},
    subscribers={"/feeds/macro.rss": 120},
)


def test_nobody_has_polled(site: Site) -> None:
    assert "Nobody has polled yet" in site.run("pollers").stderr
    assert json.loads(site.run("pollers", "--json").stdout) == {"days": [], "pollers": [], "subscribers": {}}


def test_who_polls_is_told_the_dearest_first(site: Site) -> None:
    today = datetime.now(UTC).date()
    own = PollerFiles(site.feeds).open_own()
    own.put_away({today - timedelta(days=1): {("203.0.113.0/24", "Greedy/1"): GREEDY}})
    own.save({today: {("198.51.100.0/24", "NewsBlur N subscribers"): NEWSBLUR, OTHERS: Counts(polls=3)}})
    lines = site.run("pollers").stdout.splitlines()
    greedy = next(line for line in lines if "Greedy/1" in line)
    assert "203.0.113.0/24" in greedy
    assert "2.0 MB" in greedy
    assert "sends no validators: every poll costs 42 KB; asks 12 times as often as max-age" in greedy
    (newsblur,) = (line for line in lines if "NewsBlur" in line)
    assert [each in newsblur for each in ("98%", "120", "polls well")] == [True] * 3
    assert lines.index(greedy) < lines.index(newsblur)
    assert lines[-1] == "Subscribers that aggregators tell of: macro 120"

    told = json.loads(site.run("pollers", "--json").stdout)
    assert told["days"] == [str(today - timedelta(days=1)), str(today)]
    assert [each["agent"] for each in told["pollers"]] == ["Greedy/1", "NewsBlur N subscribers", "(others)"]
    assert told["pollers"][1] | {"verdicts": [], "of_max_age": 0} == {
        "network": "198.51.100.0/24", "agent": "NewsBlur N subscribers", "polls": 100, "unchanged": 98, "deltas": 0,
        "bodies": 2, "plain": 0, "brotli": 0, "body_bytes": 84_000, "conditional": 99, "missed": 0, "failed": 0,
        "moved": 0, "refused": 0, "share_unchanged": 0.98, "of_max_age": 0, "subscribers": 120, "verdicts": [],
    }  # fmt: skip
    only_today = json.loads(site.run("pollers", "--json", "--days", "1").stdout)
    assert [each["agent"] for each in only_today["pollers"]] == ["NewsBlur N subscribers", "(others)"]


def test_a_hostile_file_does_nothing_to_the_terminal(site: Site) -> None:
    own = PollerFiles(site.feeds).open_own()
    own.save({datetime.now(UTC).date(): {("\x1b[31m", "\x1b]0;x\x07\u202e\r\nevil" + "x" * 5_000): GREEDY}})
    for arguments in (("pollers",), ("pollers", "--json")):
        shown = site.run(*arguments).stdout
        assert not {"\x1b", "\x07", "\r", "\u202e"} & set(shown)


def test_it_needs_no_database(site: Site) -> None:
    site.run("pollers", FEEDSVC_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")


def test_what_a_server_counted_stays_when_it_is_stopped(site: Site) -> None:
    agent = {"User-Agent": "Reader/1 12 subscribers " + "z" * 5_000}
    with serving(site.config, free_port()) as service:
        wait_until(service.is_current, "a live worker and no stale feed")
        tag = service.get("/feeds/macro.rss", agent).headers["etag"]
        assert service.get("/feeds/macro.rss", agent | {"If-None-Match": tag}).status == 304
        assert service.stop() == 0
    (one,) = (
        each for each in json.loads(site.run("pollers", "--json").stdout)["pollers"] if "Reader/1" in each["agent"]
    )
    assert (one["network"], one["polls"], one["unchanged"], one["bodies"]) == ("127.0.0.0/24", 2, 1, 1)
    assert one["agent"].startswith("Reader/1 N subscribers zzz")
    assert len(one["agent"]) <= 200
    assert one["subscribers"] == 12
    counts = Tally(site.feeds).read()
    assert (counts["polls", "unchanged"], counts["polls", "bodies"]) == (1, 1)
    assert {path.name for path in (site.feeds / ".pollers").iterdir()} == {"before.json", "before.lock"}
