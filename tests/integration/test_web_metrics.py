"""/metrics and /readyz: what is counted by all processes of a folder, who may read it, and whether it can be served."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from engine import broken_formats, regenerator
from feedsvc.counting import PUBLICATIONS, Tally
from feedsvc.errors import OutputError, RenderError
from feedsvc.model import Feed
from feedsvc.output import CountsFile
from feedsvc.runtime import Runtime
from feedsvc.situation import Situation
from feedsvc.web import create_app, keep_report_card
from newsroom import CONFIG, Newsroom, open_newsroom
from service import wait_until

if TYPE_CHECKING:
    from integration.conftest import SettableClock

Clock = Callable[[], datetime]
Samples = dict[tuple[str, ...], float]


@pytest.fixture
def site(tmp_path: Path, sqlite_url: str) -> Path:
    """A folder with a migrated database."""
    return tmp_path


@pytest.fixture
def newsroom(site: Path, clock: Clock) -> Iterator[Newsroom]:
    with open_newsroom(site, clock) as newsroom:
        yield newsroom


@pytest.fixture
def newsroom_with(site: Path, clock: Clock) -> Iterator[Callable[[str], Newsroom]]:
    """Opens one with these settings of `server`."""
    with ExitStack() as opened:
        yield lambda server: opened.enter_context(open_newsroom(site, clock, f"{CONFIG}server: {{{server}}}\n"))


def scrape(client: FlaskClient, **headers: str) -> Samples:
    """Name and labels of each sample, and its number."""
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    families = text_string_to_metric_families(response.get_data(as_text=True))
    return {
        (sample.name.removeprefix("feedsvc_"), *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def test_publications_are_counted_by_kind_and_outcome_whoever_makes_them(newsroom: Newsroom) -> None:
    newsroom.put()
    newsroom.regenerate()
    samples = scrape(newsroom.client)
    assert samples["publications_total", "section", "published"] == 3
    for kind in ("combination", "all", "index"):
        assert samples["publications_total", kind, "published"] == 1
    with closing(Runtime.open(newsroom.runtime.settings.path, environ={})) as other:
        other.regenerator.regenerate(other.settings, "macro", force=True)
    samples = scrape(newsroom.client)
    assert samples["publications_total", "section", "unchanged"] == 1
    assert samples["publication_seconds_count", "section"] == samples["publication_seconds_bucket", "section", "+Inf"]
    assert samples["publication_seconds_count", "section"] == 3
    assert samples["publication_seconds_sum", "section"] > 0


def test_what_is_blocked_or_fails_is_counted_as_that(newsroom: Newsroom) -> None:
    def refuse(_feed: Feed, _render: Callable[[Feed], bytes]) -> bytes:
        raise RenderError("rss", None, "no")

    runtime = newsroom.runtime
    broken = regenerator(runtime, broken_formats(render=refuse))
    broken.when_tried(runtime._count)
    assert broken.regenerate(runtime.settings, "macro").error
    runtime.store.close()
    shutil.move(runtime.settings.path.parent / "feedsvc.db", runtime.settings.path.parent / "elsewhere.db")
    with pytest.raises(Exception, match="deleted or replaced"):
        runtime.regenerator.regenerate(runtime.settings, "finance")
    counts = runtime.tally.read()
    assert counts[PUBLICATIONS, "section", "blocked"] == 1
    assert counts[PUBLICATIONS, "section", "failed"] == 1
    assert scrape(newsroom.client)["database_up",] == 0


def test_polls_of_several_web_processes_are_added_up_and_outlive_them(newsroom: Newsroom) -> None:
    newsroom.put()
    newsroom.regenerate()
    tag = newsroom.client.get("/feeds/macro.rss").headers["ETag"]
    with closing(Runtime.open(newsroom.runtime.settings.path, environ={})) as runtime:
        other = create_app(runtime)
        keepers = [keep_report_card(newsroom.app), keep_report_card(other)]
        for client in (newsroom.client, other.test_client()):
            client.get("/feeds/macro.rss", headers={"If-None-Match": tag})
            client.get("/feeds/macro.rss", headers={"Accept-Encoding": "br"})
            client.get("/feeds/macro.rss", headers={"Accept-Encoding": "gzip"})
            client.head("/feeds/macro.rss")
            client.get("/feeds/none.rss")
            client.get("/nowhere")
            client.get("/api/v1/articles")
            client.get("/")
        for keeper in keepers:
            keeper.stop()
    samples = scrape(newsroom.client)
    by_status = {key[1]: value for key, value in samples.items() if key[0] == "polls_total"}
    assert by_status == {"200": 5, "304": 2, "4xx": 2, "other": 2, "226": 0, "301": 0, "429": 0, "5xx": 0}
    assert {key[1]: value for key, value in samples.items() if key[0] == "poll_bodies_total"} == {
        "br": 2, "gzip": 2, "identity": 1,
    }  # fmt: skip
    assert samples["poll_body_bytes_total",] > 0
    assert samples["requests_total", "other", "4xx"] == 2
    assert samples["requests_total", "api", "4xx"] == 2
    assert samples["requests_total", "pages", "2xx"] == 2
    assert samples["requests_refused_total", "no-token"] == 2


def test_what_waits_is_told_with_its_age_also_when_the_worker_is_dead(newsroom: Newsroom, clock: SettableClock) -> None:
    runtime = newsroom.runtime
    situation = Situation(runtime.tally, runtime.clock)
    situation.tell(["macro", "all"], failing=1, audit_waiting=3)
    clock.advance(10)
    situation.note_made("macro")
    situation.tell(["macro", "all"], failing=0, audit_waiting=3)
    with runtime.store.write() as tx:
        tx.beat(runtime.folder_id, runtime.clock() - timedelta(seconds=7), {})
    samples = scrape(newsroom.client)
    assert samples["feeds_waiting",] == 2
    assert samples["feeds_waiting_oldest_seconds",] == 10
    assert samples["feeds_failing",] == 0
    assert samples["audit_waiting",] == 3
    assert samples["worker_heartbeat_age_seconds",] == 7
    clock.advance(50)
    assert scrape(newsroom.client)["feeds_waiting_oldest_seconds",] == 60
    situation.note_made("all")
    situation.tell(["macro"], failing=0, audit_waiting=0)
    assert scrape(newsroom.client)["feeds_waiting_oldest_seconds",] == 50
    situation.tell([], failing=0, audit_waiting=0)
    assert scrape(newsroom.client)["feeds_waiting_oldest_seconds",] == 0


def test_the_state_of_the_service_is_told(newsroom: Newsroom) -> None:
    samples = scrape(newsroom.client)
    assert samples["config_ok",] == 1
    assert samples["config_restart_needed",] == 0
    assert samples["database_up",] == 1
    assert samples["feeds_dir_up",] == 1
    assert samples["feeds_dir_free_bytes",] > 0
    assert samples["feeds", "section"] == 3
    assert samples["audit_alarms_open",] == 0
    assert samples["articles_quarantined",] == 0
    newsroom.runtime.settings.path.write_text("sections: [", encoding="utf-8")
    newsroom.client.get("/")
    newsroom.runtime.source.refresh()
    assert scrape(newsroom.client)["config_ok",] == 0


def test_no_number_hangs_on_one_section(newsroom: Newsroom) -> None:
    newsroom.put()
    newsroom.regenerate()
    body = newsroom.client.get("/metrics").get_data(as_text=True)
    assert not any(f'"{slug}"' in body for slug in newsroom.runtime.settings.plain)


def test_prometheus_gets_the_format_that_it_asks_for(newsroom: Newsroom) -> None:
    response = newsroom.client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert response.mimetype == "application/openmetrics-text"
    assert response.get_data(as_text=True).endswith("# EOF\n")


@pytest.mark.parametrize(
    ("server", "address", "headers", "status"),
    [
        ("metrics: local, trusted_proxies: 0", "127.0.0.1", {}, 200),
        ("metrics: local, trusted_proxies: 0", "::1", {}, 200),
        ("metrics: local, trusted_proxies: 0", "::ffff:127.0.0.1", {}, 200),
        ("metrics: local, trusted_proxies: 0", "192.0.2.7", {}, 403),
        ("metrics: local, trusted_proxies: 0", "", {}, 403),
        (
            "metrics: local, trusted_proxies: 0",
            "127.0.0.1",
            {"X-Forwarded-For": "127.0.0.1"},
            403,
        ),  # a proxy that nobody told us of
        ("metrics: local, trusted_proxies: 0", "127.0.0.1", {"Forwarded": "for=192.0.2.7"}, 403),
        ("metrics: local, trusted_proxies: 1", "127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, 403),
        ("metrics: local, trusted_proxies: 1", "127.0.0.1", {"X-Forwarded-For": "127.0.0.1, 192.0.2.7"}, 403),
        (
            "metrics: local, trusted_proxies: 1",
            "192.0.2.7",
            {"X-Forwarded-For": "127.0.0.1"},
            403,
        ),  # it came past the proxy
        ("metrics: local, trusted_proxies: 1", "127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 403),
        ("metrics: local, trusted_proxies: 1", "127.0.0.1", {"X_Forwarded_For": "127.0.0.1"}, 403),
        ("metrics: local, trusted_proxies: 1", "127.0.0.1", {"X-Forwarded-For": ""}, 403),
        ("metrics: local, trusted_proxies: 1", "127.0.0.1", {"X-Forwarded-For": "unknown"}, 403),
        ("metrics: local, trusted_proxies: 2", "127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, 403),
        ("metrics: local, trusted_proxies: 1", "127.0.0.1", {}, 200),
        ("metrics: everyone, trusted_proxies: 0", "192.0.2.7", {}, 200),
        ("metrics: off, trusted_proxies: 0", "127.0.0.1", {}, 404),
    ],
)
def test_who_may_read_it(
    newsroom_with: Callable[[str], Newsroom], server: str, address: str, headers: dict[str, str], status: int
) -> None:
    newsroom = newsroom_with(server)
    response = newsroom.client.get("/metrics", headers=headers, environ_overrides={"REMOTE_ADDR": address})
    assert response.status_code == status
    assert ("# HELP" in response.get_data(as_text=True)) == (status == 200)


def fill(disk: Path) -> None:
    with suppress(OSError), (disk / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


def test_a_full_disk_keeps_nobody_from_counting(full_disk: Path) -> None:
    tally, other = Tally(full_disk), Tally(full_disk)
    tally.count("publications", "section", "published")
    tally.write()
    fill(full_disk)
    for each in (tally, other):
        each.count("publications", "section", "published")
        each.count("publications", "section", "failed")
        each.write()
    assert tally.read() == {("publications", "section", "published"): 3, ("publications", "section", "failed"): 2}


def test_what_can_not_be_written_yet_is_not_lost(tmp_path: Path) -> None:
    folder = tmp_path / "feeds"
    tally = Tally(folder)
    tally.count("a", by=0.25)
    tally.write()
    tally.count("a", by=2)
    tally.show("b", value=3)
    tally.write()
    folder.mkdir()
    tally.show("b", value=4)
    tally.write()
    assert Tally(folder).read() == {("a",): 2.25, ("b",): 4}
    assert (folder / ".counts").stat().st_mode & 0o777 == 0o600


def test_whoever_counts_waits_for_who_is_counting(tmp_path: Path) -> None:
    tally = Tally(tmp_path)
    tally.count("all")
    tally.write()
    path = tmp_path / ".counts"
    waits = re.compile(rf"-> FLOCK .*:{path.stat().st_ino} ")
    tally.count("all")
    thread = Thread(target=tally.write)
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        thread.start()
        wait_until(lambda: waits.search(Path("/proc/locks").read_text("ascii")), "somebody who waits for it")
    thread.join()
    assert tally.read() == {("all",): 2}


def test_many_count_at_once_and_none_is_lost(tmp_path: Path) -> None:
    def count(name: str) -> None:
        tally = Tally(tmp_path)
        for _ in range(50):
            tally.count("all")
            tally.count("own", name)
            tally.write()

    threads = [Thread(target=count, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    own = {("own", str(number)): 50.0 for number in range(4)}
    assert CountsFile(tmp_path).read() == {("all",): 200.0} | own


@pytest.mark.parametrize("content", [b"", b"\x00" * 5_000, '{"days": "宏观"}'.encode() * 50, b" " * 1_000_000])
def test_what_is_no_file_of_counts_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".counts").write_bytes(content)
    tally = Tally(tmp_path)
    assert tally.read() == {}
    tally.count("a")
    tally.write()
    assert tally.read() == {("a",): 1}


def test_neither_a_link_nor_a_pipe_is_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("mine")
    (tmp_path / ".counts").symlink_to(tmp_path / "elsewhere")
    tally = Tally(tmp_path)
    tally.count("a")
    tally.write()
    assert (tmp_path / "elsewhere").read_text() == "mine"
    (tmp_path / ".counts").unlink()
    os.mkfifo(tmp_path / ".counts")
    tally.write()
    with pytest.raises(OutputError):
        tally.read()
    (tmp_path / ".counts").unlink()
    tally.write()
    assert tally.read() == {("a",): 1}


def test_ready_as_soon_as_a_feed_can_be_read(tmp_path: Path, clock: Clock) -> None:
    with open_newsroom(tmp_path, clock) as newsroom:
        response = newsroom.client.get("/readyz")
        assert response.status_code == 503
        assert "No feed has been made yet" in response.get_json()["reason"]
        assert response.headers["Retry-After"]
    with open_newsroom(tmp_path, clock) as newsroom:
        newsroom.regenerate()
        newsroom.runtime.store.close()
        (tmp_path / "feedsvc.db").rename(tmp_path / "elsewhere.db")  # feeds can be served all the same
        assert newsroom.client.get("/readyz").get_json() == {"status": "ready"}
    (tmp_path / "elsewhere.db").rename(tmp_path / "feedsvc.db")
    with open_newsroom(tmp_path, clock) as newsroom:
        shutil.rmtree(tmp_path / "feeds")
        response = newsroom.client.get("/readyz")
        assert response.status_code == 503
        assert "folder is not there" in response.get_json()["reason"]
        assert str(tmp_path) not in response.get_data(as_text=True)
