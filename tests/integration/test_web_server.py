"""The application under the server it is run with: real sockets, bodies larger than a client may send."""

import http.client
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from feedsvc.web import places, wsgi
from newsroom import CONFIG, open_newsroom
from service import DEADLINE_SECONDS, free_port, wait_until

MIB = 1024 * 1024
ARTICLE = {"title": "雾中码头", "sections": ["macro"], "summary": "运费回落。"}


class Server:
    """The site's address and a token for it."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.token = token

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_SECONDS)

    def ask(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(self.connect()) as connection:
            connection.request(method, path, body, sent, encode_chunked="Transfer-Encoding" in sent)
            response = connection.getresponse()
            return response.status, response.headers, response.read()

    def is_up(self) -> bool:
        try:
            return self.ask("GET", "/healthz")[0] == 200
        except OSError:
            return False


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with open_newsroom(folder, lambda: datetime(2026, 3, 2, 8, 0, tzinfo=UTC)) as newsroom:
        newsroom.put()
        newsroom.regenerate()
        server = Server(free_port(), newsroom.token())
    command = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--no-ws",
        "--blocking-threads",
        str(places.THREADS),
    ]
    command += ["--host", "127.0.0.1", "--port", str(server.port), "feedsvc.web.wsgi:app"]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, env={**os.environ, "FEEDSVC_CONFIG": str(folder / "config.yaml")}, stdout=log, stderr=log
        )
    try:
        wait_until(server.is_up, "the server to answer")
        yield server
    finally:
        process.terminate()
        process.wait(DEADLINE_SECONDS)


def test_head_and_304_carry_the_headers_of_the_document(server: Server) -> None:
    status, headers, body = server.ask("HEAD", "/feeds/macro.rss")
    full = server.ask("GET", "/feeds/macro.rss")
    assert (status, body) == (200, b"")
    assert headers["Content-Length"] == full[1]["Content-Length"] == str(len(full[2]))
    status, headers, body = server.ask("GET", "/feeds/macro.rss", If_None_Match=full[1]["ETag"])
    assert (status, body) == (304, b"")
    for name in ("ETag", "Last-Modified", "Cache-Control"):
        assert headers[name] == full[1][name]


@pytest.mark.parametrize("key", ["a/b?c", "/x//y/", "../z", "100%", "中文 𠮷"])
def test_keys_come_through(server: Server, key: str) -> None:
    status, _, body = server.ask("PUT", f"/api/v1/articles/{quote(key, safe='')}", json.dumps(ARTICLE))
    assert (status, json.loads(body)["external_id"]) == (201, key)


@pytest.mark.parametrize("token", ["good", "none"])
def test_a_body_of_50_mb_gets_its_answer(server: Server, token: str) -> None:
    sent = {} if token == "good" else {"Authorization": "Bearer none"}
    status, _, body = server.ask("PUT", "/api/v1/articles/big", b"x" * (50 * MIB), **sent)
    assert status == json.loads(body)["status"] == (413 if token == "good" else 401)


def test_a_chunked_body_of_50_mb_gets_its_answer(server: Server) -> None:
    chunks = (b"x" * MIB for _ in range(50))
    status, _, body = server.ask("PUT", "/api/v1/articles/big", chunks, Transfer_Encoding="chunked")
    assert status == json.loads(body)["status"] == 413


def test_a_chunked_article_is_taken(server: Server) -> None:
    halves = iter([json.dumps(ARTICLE).encode()[:20], json.dumps(ARTICLE).encode()[20:]])
    assert server.ask("PUT", "/api/v1/articles/chunked", halves, Transfer_Encoding="chunked")[0] == 201


def test_a_client_that_waits_to_be_asked_is_told_before_it_sends(server: Server) -> None:
    with closing(server.connect()) as connection:
        connection.putrequest("PUT", "/api/v1/articles/big")
        connection.putheader("Authorization", f"Bearer {server.token}")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(50 * MIB))
        connection.putheader("Expect", "100-continue")
        connection.endheaders()
        assert connection.getresponse().status == 413


def test_the_servers_application_is_made_once_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, clock: Callable[[], datetime]
) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("FEEDSVC_CONFIG", str(tmp_path / "config.yaml"))
    wsgi.make_app.cache_clear()
    request.addfinalizer(wsgi.make_app.cache_clear)
    app = wsgi.app
    assert app is wsgi.make_app()
    request.addfinalizer(app.extensions["feedsvc"].close)
    assert app.test_client().get("/healthz").status_code == 200
    assert app.test_client().get("/").status_code == 200
    with pytest.raises(AttributeError, match="nothing"):
        _ = wsgi.nothing


def test_bodies_that_never_end_keep_no_poll_waiting(server: Server) -> None:
    head = (
        f"PUT /api/v1/articles/slow HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.token}\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
    ).encode()
    with ExitStack() as connections:

        def stall() -> None:
            address = ("127.0.0.1", server.port)
            stalled = connections.enter_context(socket.create_connection(address, timeout=DEADLINE_SECONDS))
            stalled.sendall(head)

        def are_all_taken() -> bool:
            # Our own article has a place for a moment: one that stalls may be refused for it, and the next is not.
            stall()
            return server.ask("PUT", "/api/v1/articles/x", json.dumps(ARTICLE))[0] == http.client.SERVICE_UNAVAILABLE

        for _ in range(2 * places.READING):
            stall()
        wait_until(are_all_taken, "all places taken")

        assert server.ask("PUT", "/api/v1/articles/x", json.dumps(ARTICLE))[1]["Retry-After"]
        assert server.ask("GET", "/feeds/macro.rss")[0] == 200
        # Not after the bodies had been given up: their places are still taken.
        assert server.ask("PUT", "/api/v1/articles/x", json.dumps(ARTICLE))[0] == 503
    wait_until(lambda: server.ask("PUT", "/api/v1/articles/x", json.dumps(ARTICLE))[0] in {200, 201}, "a place")
