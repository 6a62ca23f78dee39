"""Hooks are called when feeds fail and recover: once a change, whatever they do, and without a word too many."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any, ClassVar

import pytest
from structlog.testing import capture_logs

from engine import broken_formats, regenerator
from feedsvc import alerts, backlog, scheduler, watch
from feedsvc.alerts import Alerts
from feedsvc.config import load
from feedsvc.errors import ConfigError, RenderError
from feedsvc.hooks import HookError, post, run_command
from feedsvc.model import Feed, Standing
from feedsvc.runtime import Runtime, now
from feedsvc.scheduler import Worker
from newsroom import CONFIG, Newsroom, open_newsroom
from service import DEADLINE_SECONDS, is_gone, wait_until

Open = Callable[..., Newsroom]


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "GATHER_SECONDS", 0.0)
    monkeypatch.setattr(alerts, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(watch, "SURVEY_SECONDS", 0.5)
    monkeypatch.setattr(backlog, "FIRST_PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(scheduler, "_STOP_SECONDS", DEADLINE_SECONDS)


@pytest.fixture
def opened(tmp_path: Path, sqlite_url: str) -> Iterator[Open]:
    """Opens the newsroom with these `alerts`."""
    with ExitStack() as stack:

        def open_one(said: str, clock: Callable[[], datetime] = now) -> Newsroom:
            return stack.enter_context(open_newsroom(tmp_path, clock, f"{CONFIG}alerts: {said}\n"))

        yield open_one


def noting(path: Path) -> str:
    """A command that adds what it is told to a file, a line each."""
    return json.dumps({"command": ["/bin/sh", "-c", 'cat >> "$0"; echo >> "$0"', str(path)]})


def told(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def states(message: dict[str, Any]) -> dict[str, str]:
    return {change["feed"]: change["state"] for change in message["changes"]}


def test_each_change_of_state_is_told_once(opened: Open, tmp_path: Path, clock: Any) -> None:
    newsroom = opened(noting(tmp_path / "told"), clock)
    watching = Alerts(newsroom.runtime)
    for _ in range(3):
        watching.note("macro", "宏观 can't be proved")
        watching.step()
    (message,) = told(tmp_path / "told")
    assert message == {
        "site": "江畔新闻", "base_url": "https://news.example.org", "time": "2026-03-02T08:00:00Z",
        "failing": 1, "failed": 1, "recovered": 0,
        "changes": [{
            "feed": "macro", "title": "宏观", "state": "failed", "since": "2026-03-02T08:00:00Z",
            "error": "宏观 can't be proved",
        }],
    }  # fmt: skip
    assert watching.count_failing() == 1
    for _ in range(3):
        watching.note("macro", None)
        watching.note("finance", None)
        watching.step()
    _, message = told(tmp_path / "told")
    assert (message["failing"], message["failed"], message["recovered"]) == (0, 0, 1)
    assert states(message) == {"macro": "recovered"}


def test_what_failed_and_recovered_between_two_calls_is_not_told(opened: Open, tmp_path: Path) -> None:
    watching = Alerts(opened(noting(tmp_path / "told")).runtime)
    watching.note("macro", "x")
    watching.note("macro", None)
    watching.step()
    assert told(tmp_path / "told") == []


def test_a_worker_that_is_started_anew_tells_nothing_twice_and_what_recovered_meanwhile(
    opened: Open, tmp_path: Path
) -> None:
    newsroom = opened(noting(tmp_path / "told"))
    before = Alerts(newsroom.runtime)
    before.note("macro", "x")
    before.note("finance", "y")
    before.step()
    assert (newsroom.runtime.folder.path / ".alerts").stat().st_mode & 0o777 == 0o600
    after = Alerts(newsroom.runtime)
    after.note("macro", "x")
    after.step()
    assert len(told(tmp_path / "told")) == 1
    newsroom.regenerate()  # somebody's command
    after.note_survey(newsroom.runtime.regenerator.survey(newsroom.runtime.settings).publications)
    after.step()
    assert states(told(tmp_path / "told")[-1]) == {"macro": "recovered", "finance": "recovered"}


def test_a_survey_finds_what_others_failed_at_and_an_old_one_raises_nothing_anew(opened: Open, tmp_path: Path) -> None:
    newsroom = opened(noting(tmp_path / "told"))
    runtime, watching = newsroom.runtime, Alerts(newsroom.runtime)
    assert broken(runtime).regenerate(runtime.settings, "macro").error
    old = runtime.regenerator.survey(runtime.settings).publications
    watching.note_survey(old)
    watching.step()
    assert states(told(tmp_path / "told")[-1]) == {"macro": "failed"}
    runtime.regenerator.regenerate(runtime.settings, "macro")
    watching.note("macro", None)
    watching.step()
    assert states(told(tmp_path / "told")[-1]) == {"macro": "recovered"}
    watching.note_survey(old)
    watching.step()
    assert len(told(tmp_path / "told")) == 2


def test_who_is_live_without_a_compressed_form_does_not_fail(opened: Open, tmp_path: Path) -> None:
    newsroom = opened(noting(tmp_path / "told"))
    newsroom.regenerate()
    runtime = newsroom.runtime
    known = runtime.store.publication(runtime.folder_id, "macro")
    assert known is not None
    lacking = tuple(replace(each, twin_error="no room") for each in known.documents)
    with runtime.store.write() as tx:
        tx.note_documents(runtime.folder_id, "macro", lacking)
    watching = Alerts(runtime)
    watching.note("macro", "no room")
    watching.step()
    assert watching.count_failing() == 0
    watching.note("macro", "something else")
    watching.step()
    assert watching.count_failing() == 1


def test_very_many_are_told_in_one_call_of_bounded_length(opened: Open, tmp_path: Path, clock: Any) -> None:
    newsroom = opened(noting(tmp_path / "told"), clock)
    newsroom.regenerate()
    runtime, watching = newsroom.runtime, Alerts(newsroom.runtime)
    known = runtime.regenerator.survey(runtime.settings).publications["macro"]
    wide = {f"s{number}": replace(runtime.settings.sections["macro"], slug=f"s{number}") for number in range(3_000)}
    runtime.source.current = replace(runtime.settings, sections=wide)
    survey: dict[str, Standing] = {
        slug: replace(known, slug=slug, error="盘满" * 2_000, attempted=clock() + timedelta(seconds=1)) for slug in wide
    }
    watching.note_survey(survey)
    watching.step()
    (message,) = told(tmp_path / "told")
    assert (message["failed"], len(message["changes"])) == (3_000, alerts.LISTED)
    assert len(json.dumps(message)) < 300_000


def test_a_hook_that_fails_is_told_of_once_and_tried_again(opened: Open, tmp_path: Path) -> None:
    script = tmp_path / "hook"
    newsroom = opened(json.dumps({"command": [str(script), "--token", "s3cret-argument"]}))
    watching = Alerts(newsroom.runtime)
    watching.note("macro", "x")
    with capture_logs() as logs:
        watching.step()
        watching.step()
        script.write_text("#!/bin/sh\nexit 3\n")
        script.chmod(0o700)
        watching.step()
    assert [(each["event"], each["reason"]) for each in logs] == [
        ("alert_failed", "it can't be started: No such file or directory")
    ]
    assert "s3cret" not in repr(logs)
    script.write_text(f"#!/bin/sh\ncat > {tmp_path}/told\n")
    with capture_logs() as logs:
        watching.step()
        watching.step()
    assert [each["event"] for each in logs] == ["alert_told"]
    assert states(told(tmp_path / "told")[0]) == {"macro": "failed"}


def test_no_shell_reads_the_arguments_and_no_database_password_reaches_them(tmp_path: Path) -> None:
    script = tmp_path / "hook"
    script.write_text('#!/bin/sh\nprintf "%s\\n" "$1" > told\nenv >> told\n')
    script.chmod(0o700)
    evil = "$(touch evil); `touch evil` | touch evil"
    environ = {**os.environ, "FEEDSVC_DATABASE_URL": "postgresql://u:hunter2@h/n", "PAGER_KEY": "needed"}
    run_command(["./hook", evil], b"{}", tmp_path, environ, DEADLINE_SECONDS)
    said = (tmp_path / "told").read_text()
    assert said.startswith(f"{evil}\n")
    assert not (tmp_path / "evil").exists()
    assert "hunter2" not in said
    assert "PAGER_KEY=needed" in said


def test_a_command_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    argv = ["/bin/sh", "-c", "sleep 1000 & echo $! > child; wait"]
    with pytest.raises(HookError, match="took more than"):
        run_command(argv, b"x" * 1_000_000, tmp_path, os.environ, 0.5)
    if (tmp_path / "child").exists():  # it may not have come so far on a busy machine
        pid = int((tmp_path / "child").read_text())
        wait_until(lambda: is_gone(pid), "the hook's child to end")


class _Receiver(BaseHTTPRequestHandler):
    status: ClassVar[int] = 204
    got: ClassVar[list[tuple[str, dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, dict(self.headers), body))
        self.send_response(self.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST  # noqa: N815  # the server's own way of naming

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def receiving(status: int = 204) -> Iterator[tuple[str, list[tuple[str, dict[str, str], bytes]]]]:
    """An address, and what was sent there."""
    handler = type("Receiver", (_Receiver,), {"status": status, "got": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}", handler.got  # type: ignore[attr-defined]
        finally:
            server.shutdown()
            thread.join()


def test_an_address_gets_it_by_post_with_its_credentials_and_the_log_has_neither(opened: Open) -> None:
    with receiving() as (address, got), capture_logs() as logs:
        newsroom = opened(f"{{url: 'http://desk:p%40ss@{address}/T0P/s3cret?k=v'}}")
        watching = Alerts(newsroom.runtime)
        watching.note("macro", "x")
        watching.step()
        watching.step()
    ((path, headers, body),) = got
    assert path == "/T0P/s3cret?k=v"
    assert headers["Authorization"] == "Basic ZGVzazpwQHNz"
    assert headers["Content-Type"] == "application/json"
    assert states(json.loads(body)) == {"macro": "failed"}
    assert [(each["event"], each["to"]) for each in logs] == [("alert_told", f"http://{address}")]
    assert "s3cret" not in repr(newsroom.runtime.settings)


@pytest.mark.parametrize("status", [301, 307, 404, 500])
def test_no_redirect_is_followed_and_only_2xx_is_success(status: int) -> None:
    with receiving(status) as (address, got), pytest.raises(HookError, match=f"it answered {status}"):
        post(f"http://{address}/", b"{}", DEADLINE_SECONDS)
    assert len(got) == 1


def test_whoever_answers_in_drops_is_cut_off() -> None:
    ended = Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                while not ended.wait(0.05):
                    try:
                        connection.sendall(b"H")
                    except OSError:
                        return

        thread = Thread(target=drip)
        thread.start()
        try:
            with pytest.raises(HookError, match="no answer within"):
                post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", 0.5)
        finally:
            ended.set()
            thread.join()


def test_nobody_there_is_a_reason_without_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(HookError, match="it can't be reached: connection refused"):
        post(f"http://desk:hunter2@127.0.0.1:{port}/s3cret", b"{}", DEADLINE_SECONDS)


@pytest.mark.parametrize(
    "said",
    ["{url: 'ftp://desk:hunter2@h/s3cret'}", "{command: 'notify hunter2'}", "{command: [7, hunter2]}", "hunter2: x",
     "{url: 'https://desk:hunter2@[/s3cret'}"],
)  # fmt: skip
def test_no_mistake_in_it_tells_what_may_be_secret(tmp_path: Path, said: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"{CONFIG}alerts: {said}\n" if said[0] == "{" else f"{CONFIG}alerts: {{command: []}}\n", "utf-8")
    with pytest.raises(ConfigError) as error:
        load(path, {})
    assert "hunter2" not in str(error.value)
    assert "s3cret" not in str(error.value)


def broken(runtime: Runtime) -> Any:
    def refuse(_feed: Feed, _render: Callable[[Feed], bytes]) -> bytes:
        raise RenderError("rss", None, "no ink")

    return regenerator(runtime, broken_formats(render=refuse))


def test_a_worker_calls_it_and_does_not_wait_for_it(opened: Open, tmp_path: Path) -> None:
    """The hook hangs till it is let go: news go live meanwhile."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    script = 'cat >> "$0"; echo >> "$0"; read _ < "$1"'
    newsroom = opened(json.dumps({"command": ["/bin/sh", "-c", script, str(tmp_path / "told"), str(gate)]}))
    runtime = newsroom.runtime
    right, runtime.regenerator = runtime.regenerator, broken(runtime)
    worker = Worker(runtime)
    with opening_when(ended := Event(), gate), stopping(worker):
        wait_until(lambda: told(tmp_path / "told"), "the hook to be called")
        runtime.regenerator = right
        newsroom.put(title="此后照常")
        wait_until(
            lambda: (found := runtime.folder.read("macro", "rss")) and "此后照常" in found.content.decode(),
            "news beside a hook that hangs",
        )
        ended.set()  # and whoever waits at the gate goes on
        wait_until(lambda: told(tmp_path / "told")[-1]["failing"] == 0, "recovery to be told")
    assert "no ink" in told(tmp_path / "told")[0]["changes"][0]["error"]


@contextmanager
def opening_when(event: Event, gate: Path) -> Iterator[None]:
    """From then on, and at the end, whoever waits at this pipe goes on."""
    ended = Event()

    def keep_open() -> None:
        event.wait()
        while not ended.wait(0.02):
            with suppress(OSError):  # nobody waits
                fd = os.open(gate, os.O_WRONLY | os.O_NONBLOCK)
                os.write(fd, b"go on\n")
                os.close(fd)

    thread = Thread(target=keep_open)
    thread.start()
    try:
        yield
    finally:
        event.set()
        ended.set()
        thread.join()


@contextmanager
def stopping(worker: Worker) -> Iterator[None]:
    worker.start()
    try:
        yield
    finally:
        worker.stop()
