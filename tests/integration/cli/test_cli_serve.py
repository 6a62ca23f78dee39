"""`feedsvc serve` and `feedsvc worker` as processes: up, right, and gone when told."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from commands import Site
from feedsvc.cli.commands import Failure
from feedsvc.cli.serve import claim
from service import (
    DEADLINE_SECONDS,
    FEEDSVC,
    Service,
    descendants,
    feedsvc,
    free_port,
    is_gone,
    is_running,
    name_of,
    serving,
    wait_until,
)


@pytest.fixture
def service(site: Site) -> Iterator[Service]:
    with serving(site.config, free_port()) as service:
        wait_until(service.is_current, "a live worker and no stale feed")
        yield service


@pytest.fixture(scope="module")
def running(_sample_site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One for all tests that leave it running: starting its processes costs more than most of them."""
    folder = tmp_path_factory.mktemp("running") / "site"
    shutil.copytree(_sample_site, folder)
    with serving(folder / "config.yaml", free_port()) as service:
        wait_until(service.is_current, "a live worker and no stale feed")
        yield service


def snapshot(service: Service) -> dict[str, tuple[bytes, int, str, str]]:
    """Bytes and mtime of each document, ETag and Last-Modified of its address."""
    found = {}
    documents = [path for path in (service.config.parent / "feeds").glob("[!.]*") if path.suffix not in {".gz", ".br"}]
    for path in sorted(documents):
        address = "/feeds.opml" if path.name == "index.opml" else f"/feeds/{path.name}"
        answer = service.get(address)
        assert (answer.status, answer.body) == (200, path.read_bytes())
        headers = answer.headers
        found[path.name] = (answer.body, path.stat().st_mtime_ns, headers["etag"], headers["last-modified"])
    return found


@pytest.mark.counts_processes
def test_feeds_answer_and_sigterm_ends_it_all(service: Service) -> None:
    assert b"<rss" in service.get("/feeds/macro.rss").body
    said = wait_until(lambda: service.log.read_text("utf-8").count(f"feedsvc serves {service.url}/\n"), "its line")
    assert said == 1
    family = descendants(service.process.pid)
    assert len(family) >= 3  # web server, its process, worker
    assert service.stop() == 0
    assert [pid for pid in family if is_running(pid)] == []
    with pytest.raises(ConnectionRefusedError):
        service.get("/healthz")
    assert "Traceback" not in service.log.read_text("utf-8")


def test_ctrl_c_in_a_terminal_reaches_all_of_them_and_is_quiet(service: Service) -> None:
    family = descendants(service.process.pid)
    os.killpg(service.process.pid, signal.SIGINT)
    assert service.process.wait(DEADLINE_SECONDS) == 0
    wait_until(lambda: not any(map(is_running, family)), "its processes to be gone")
    assert "Traceback" not in service.log.read_text("utf-8")


@pytest.mark.counts_processes
def test_kill_9_of_the_supervisor_leaves_no_process(service: Service) -> None:
    family = descendants(service.process.pid)
    service.process.kill()
    service.process.wait()
    wait_until(lambda: not any(map(is_running, family)), "its processes to be gone")


def test_kill_9_of_the_web_server_is_mended(running: Service) -> None:
    web = next(pid for pid in descendants(running.process.pid) if name_of(pid) == "feedsvc-web")
    below = descendants(web)
    os.kill(web, signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, below)), "the old processes to be gone")
    wait_until(running.is_up, "another web server")


def test_web_processes_that_are_killed_one_after_the_other_do_not_end_it(service: Service) -> None:
    """granian gives up where one dies soon after another, as if none could run here."""

    def find_processes() -> list[int]:
        below = descendants(service.process.pid)
        servers = [pid for pid in below if name_of(pid) == "feedsvc-web" and descendants(pid)]
        return [pid for server in servers for pid in descendants(server) if is_running(pid)]

    for _ in range(2):
        process, *_ = wait_until(find_processes, "a web process")
        os.kill(process, signal.SIGKILL)
        wait_until(partial(is_gone, process), "it to be gone")
    wait_until(service.is_up, "another web process")


def test_what_others_are_forked_from_has_one_thread_and_no_database(running: Service) -> None:
    """A fork would take along locks that nobody opens again, and a connection that two would use."""
    nursery = next(pid for pid in descendants(running.process.pid) if name_of(pid) == "feedsvc-nursery")
    for process in (Path(f"/proc/{pid}") for pid in (running.process.pid, nursery)):
        assert len(list((process / "task").iterdir())) == 1
        assert not [file for file in (process / "fd").iterdir() if "feedsvc.db" in str(file.readlink())]


def test_a_replaced_child_goes_by_the_config_of_now(running: Service) -> None:
    """Though whoever it is forked from has read the one of then."""
    text = running.config.read_text("utf-8")
    children = [pid for pid in descendants(running.process.pid) if name_of(pid) in {"feedsvc-web", "feedsvc-worker"}]
    for pid in children:
        os.kill(pid, signal.SIGSTOP)
    running.config.write_text(text.replace("title: 文化", "title: 文化生活"), "utf-8")
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    wait_until(running.is_up, "another web server")
    wait_until(lambda: "文化生活" in running.get("/").body.decode(), "the new title on the page")
    wait_until(lambda: "文化生活" in running.get("/feeds/culture.rss").body.decode(), "the new title in the feed")


def test_an_edit_shows(running: Service) -> None:
    """That it does at once is for test_wake_up.py, in which nobody looks by himself."""
    before = running.get("/feeds/tech.atom")
    Site(running.config.parent).run("article", "edit", "sample-tech-font", "--set", "title=改了一次")
    condition = {"If-None-Match": before.headers["etag"]}
    after = wait_until(lambda: running.get("/feeds/tech.atom", condition).body, "the feed to change")
    assert "改了一次" in after.decode()


def test_a_scheduled_article_appears_at_its_time_and_not_before(running: Service) -> None:
    def has_it() -> bool:
        return b"sooner or later" in running.get("/feeds/world.json").body

    published = (datetime.now(UTC) + timedelta(seconds=3)).replace(microsecond=0)
    Site(running.config.parent).run(
        *("article", "add", "--section", "world", "--title", "sooner or later", "--summary", "s"),
        *("--published", published.isoformat()),
    )
    assert not has_it() or datetime.now(UTC) >= published
    wait_until(has_it, "the article's time")
    assert datetime.now(UTC) >= published


def test_a_restart_changes_no_byte_no_etag_no_mtime(site: Site) -> None:
    port = free_port()
    snapshots = []
    for _ in range(2):
        with serving(site.config, port) as service:
            wait_until(service.is_current, "a live worker and no stale feed")
            snapshots.append(snapshot(service))
    assert snapshots[0] == snapshots[1]
    assert len(snapshots[0]) == 28


def test_sighup_takes_a_changed_config_over(running: Service) -> None:
    text = running.config.read_text("utf-8")
    running.config.write_text(text.replace("title: World", "title: The World"), "utf-8")
    running.process.send_signal(signal.SIGHUP)
    wait_until(lambda: b"The World" in running.get("/feeds/world.rss").body, "the new title in the feed")
    wait_until(lambda: b"The World" in running.get("/").body, "the new title on the page")


@pytest.mark.counts_processes
def test_a_worker_beside_a_service_without_one(site: Site) -> None:
    with serving(site.config, free_port(), "--no-scheduler", "--workers", "2") as service:
        assert not service.is_current()
        before = service.get("/feeds/tech.rss").body
        command = [*FEEDSVC, "-c", str(site.config), "worker"]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as worker:
            wait_until(service.is_current, "the worker to be seen")
            site.run("article", "withdraw", "sample-tech-font")
            wait_until(lambda: service.get("/feeds/tech.rss").body != before, "the feed to change")
            assert service.get("/readyz").status == 200
            metrics = service.get("/metrics").body.decode()
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(DEADLINE_SECONDS) == 0
    # Whichever of the two processes answers tells what the worker, a third one, has done.
    (published,) = re.findall(
        r'^feedsvc_publications_total{kind="section",outcome="published"} (.+)$', metrics, re.MULTILINE
    )
    assert float(published) >= 1
    assert "\nfeedsvc_database_up 1.0\n" in metrics
    assert "\nfeedsvc_worker_heartbeat_age_seconds" in metrics
    assert "\nfeedsvc_feeds_waiting " in metrics


@pytest.mark.parametrize("command", ["serve", "worker"])
@pytest.mark.parametrize("format", ["rss", "atom", "json"])
def test_a_lost_database_empties_no_feed(site: Site, command: str, format: str) -> None:
    """Its volume is mounted late, or `database` names another file."""
    (site.folder / "feedsvc.db").rename(site.folder / "elsewhere.db")
    if format != "rss":
        site.change_config("sections:\n", f"defaults: {{formats: [{format}]}}\nsections:\n")
    before = {path: path.read_bytes() for path in site.feeds.glob("[a-z]*.*")}
    told = site.run(command, expect=1).stderr
    assert "feedsvc.db is empty" in told
    assert "Restore a backup" in told
    assert {path: path.read_bytes() for path in site.feeds.glob("[a-z]*.*")} == before
    assert not (site.folder / "feedsvc.db").exists()


def test_feeds_are_served_while_the_database_is_away_from_the_start(site: Site) -> None:
    before = (site.feeds / "macro.rss").read_bytes()
    site.change_config("server:", "database: postgresql://someone:secret@127.0.0.1:1/news\nserver:")
    with serving(site.config, free_port()) as service:
        assert service.get("/feeds/macro.rss").body == before
        assert json.loads(service.get("/healthz").body)["status"] == "degraded"
    assert "secret" not in service.log.read_text("utf-8")


@pytest.mark.parametrize(
    ("host", "said"),
    [("127.0.0.1", "something listens there"), ("192.0.2.1", "no such address"), ("no.such.invalid", "no such host")],
)
def test_an_address_that_can_not_be_had_is_told_at_once(site: Site, host: str, said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        failed = feedsvc("-c", site.config, "serve", "--host", host, "--port", port, expect=1)
    assert said in failed.stderr
    assert host in failed.stderr
    assert failed.stdout == ""
    assert "Traceback" not in failed.stderr


def test_two_services_never_share_a_port(running: Service, site: Site) -> None:
    port = running.url.rpartition(":")[2]
    failed = feedsvc("-c", site.config, "serve", "--port", port, expect=1)
    assert "something listens there" in failed.stderr


def test_names_become_addresses() -> None:
    port = free_port()
    assert claim("localhost", port) in {"127.0.0.1", "::1"}
    assert claim("0.0.0.0", port) == "0.0.0.0"
    with pytest.raises(Failure, match="no such address"):
        claim("192.0.2.1", port)
