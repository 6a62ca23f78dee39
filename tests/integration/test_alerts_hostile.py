"""What is wrong with a feed may say anything; a hook gets it whole, as data and nothing else."""

from __future__ import annotations

import http.server
import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unicodedata import category

import pytest

from feedsvc import alerts
from feedsvc.alerts import Alerts
from feedsvc.runtime import now
from newsroom import CONFIG, open_newsroom

MARK = "-pwned-"

HOSTILE = {
    "escapes": f"\x1b]0;{MARK}\x07\x1b[2J\x1b[31m红\x9b31m",
    "lines": "一\r\nX-Injected: yes\r\n\r\n{}\n\x0b\x0c\x85\u2028\u2029二",
    "quotes": '"\'`\\"},{"feed":"x"}]//',
    "shell": f"$(touch {MARK}) `touch {MARK}`; touch {MARK} | tee {MARK} > {MARK} & %s %n ${{IFS}} ~ * ?",
    "long": "长" * 500,
    "both ways": "\u202e\u0644\u0627\u2066\u200fevil\u2069",
    "option": "--output=/etc/passwd -rf -- -",
    "beside NUL": "\x01\x02\ufffe\uffff\x7f\ud800?",
    "nothing": "\u200b\ufeff",
}
"""As an article's title might bring them into the words of an error; a title in config.yaml is the admin's own."""

DUMP = """\
import json, os, sys
said = sys.stdin.buffer.read()
with open(sys.argv[1], "a") as file:
    file.write(json.dumps([said.hex(), sys.argv[1:], dict(os.environ)]) + "\\n")
"""


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "GATHER_SECONDS", 0.0)
    monkeypatch.setattr(alerts, "PAUSE_SECONDS", 0.0)


@contextmanager
def listener() -> Iterator[tuple[str, list[tuple[str, dict[str, str], bytes]]]]:
    """An address, and what was sent to it."""
    got: list[tuple[str, dict[str, str], bytes]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            got.append((self.path, headers, self.rfile.read(int(headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/hook", got
        server.shutdown()


def test_what_is_told_arrives_whole_and_inert(sqlite_url: str, tmp_path: Path, clock: Any) -> None:
    dump, told, site = tmp_path / "dump.py", tmp_path / "told", tmp_path / "site"
    dump.write_text(DUMP)
    site.mkdir()
    with listener() as (url, got):
        command = [sys.executable, "-I", str(dump), str(told), "--team", "a b"]
        config = f"{CONFIG}alerts: {json.dumps({'command': command, 'url': url})}\ndatabase: '{sqlite_url}'\n"
        with open_newsroom(site, clock, config) as newsroom:
            before = {path.name for path in site.iterdir()}
            watching = Alerts(newsroom.runtime)
            for error in HOSTILE.values():
                for state in (error, None):
                    watching.note("macro", state)
                    watching.step()
            assert {path.name for path in site.iterdir()} == before
    runs = [json.loads(line) for line in told.read_text().splitlines()]
    assert len(runs) == len(got) == 2 * len(HOSTILE)
    errors = [each for each in HOSTILE.values() for _ in ("failed", "recovered")]
    for (said, arguments, environ), (path, headers, body), error in zip(runs, got, errors, strict=True):
        assert bytes.fromhex(said) == body
        (change,) = json.loads(body)["changes"]
        assert change["error"] == error
        # One line, and nothing in it that a terminal, a log or a shell's `read` takes for more than text.
        assert not [letter for letter in body.decode() if category(letter) in ("Cc", "Cf", "Zl", "Zp")]
        assert arguments == command[3:]
        assert set(environ) <= set(os.environ) | {"LC_CTYPE"}  # which Python itself sets
        assert (path, headers["content-type"]) == ("/hook", "application/json")
        assert "x-injected" not in headers
    assert not list(tmp_path.rglob(f"*{MARK}*"))


def test_a_title_is_told_whole_and_an_error_cut_short(sqlite_url: str, tmp_path: Path) -> None:
    with listener() as (url, got):
        config = f"{CONFIG}alerts: {json.dumps({'url': url})}\ndatabase: '{sqlite_url}'\n"
        with open_newsroom(tmp_path, now, config.replace("title: 宏观", f"title: {'长' * 30_000}")) as newsroom:
            watching = Alerts(newsroom.runtime)
            watching.note("macro", "错" * 100_000)
            watching.step()
    ((_, _, body),) = got
    (change,) = json.loads(body)["changes"]
    assert change["title"] == "长" * 30_000
    assert change["error"] == "错" * 500
