"""Slow, broken and hostile clients, a reload, a killed process, an end: ordinary polls go on."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feedsvc.cli.connections import give_up_on_dead_clients
from newsroom import CONFIG, open_newsroom
from service import DEADLINE_SECONDS, Service, descendants, free_port, is_running, name_of, serving, wait_until

CONNECTIONS = 200
POLLS = 20
POLLING_SECONDS = 1.5
"""Polls are made for so long at least, since slow clients grow worse with time."""

BEHIND_SECONDS = 4.0
"""Whoever had to wait for slow clients would wait until they are cut off: 5 s for a head, else for ever."""

MOST_LOG_BYTES = 2_000
ESTABLISHED, LISTEN, WATCHING = "01", "0A", "02"
"""States of connections and a timer of one, proc(5), net/tcp."""

FEED = "/feeds/macro.rss"
GET = b"GET /feeds/macro.rss HTTP/1.1\r\nHost: x\r\n"
PUT = b"PUT /api/v1/articles/slow HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CLOSE = b"Connection: close\r\n"


@dataclass(frozen=True)
class Site:
    service: Service
    token: bytes

    def connect(self, receive_bytes: int | None = None) -> socket.socket:
        """A connection whose own buffer is small, if wanted: so that what is not read stays with the service."""
        client = socket.socket()
        if receive_bytes is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        client.settimeout(DEADLINE_SECONDS)
        client.connect(("127.0.0.1", int(self.service.url.rpartition(":")[2])))
        return client

    def count_connections(self, state: str, timer: str = "") -> int:
        """Of the service's port, in this state, watched by such a timer (proc(5), net/tcp)."""
        port = f":{int(self.service.url.rpartition(':')[2]):04X}"
        lines = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
        return sum(line[1].endswith(port) and line[3] == state and line[5].startswith(timer) for line in lines)

    def log_bytes(self) -> int:
        return self.service.log.stat().st_size


@contextmanager
def site_of(folder: Path, *options: str) -> Iterator[Site]:
    """A feed of some 300 KB, served by processes that nobody else asks anything."""
    body = "<p>清晨六点，江畔的老码头已经热闹起来。</p>"
    config = CONFIG.replace("limit: 3\n", "limit: 20\n")
    with open_newsroom(folder, lambda: datetime(2026, 3, 2, 8, 0, tzinfo=UTC), config) as newsroom:
        for number in range(20):
            newsroom.put(external_id=str(number), content_html=body * 250)
        newsroom.regenerate()
        token = newsroom.token().encode()
    with serving(folder / "config.yaml", free_port(), "--no-scheduler", *options) as service:
        yield Site(service, token)
        assert "Traceback" not in service.log.read_text("utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_of(tmp_path_factory.mktemp("hostile")) as site:
        yield site


@pytest.mark.parametrize(
    ("begin", "go_on", "is_read"),
    [
        pytest.param(b"", b"", True, id="who say nothing"),
        pytest.param(GET + b"X-Half: ", b"", True, id="half-sent heads"),
        pytest.param(GET, b"X: y\r\n", True, id="heads that trickle"),
        pytest.param(PUT + b"Content-Length: 1000\r\n\r\n{", b"x", True, id="bodies that trickle, without a token"),
        pytest.param(
            PUT + b"Authorization: Bearer TOKEN\r\nContent-Length: 1000\r\n\r\n{", b"x", True, id="bodies that trickle"
        ),
        pytest.param(PUT + b"Content-Length: 10000000000\r\n\r\n{", b"x", True, id="bodies of 10 GB that trickle"),
        pytest.param(GET + b"Content-Length: 1000\r\n\r\n{", b"x", True, id="bodies that belong to a poll"),
        pytest.param(GET + b"\r\n", b"", False, id="who read nothing"),
        pytest.param((GET + b"\r\n") * 50, b"", False, id="who pipeline and read nothing"),
        pytest.param(b"GET /sections/macro/ HTTP/1.1\r\nHost: x\r\n\r\n" * 3, b"", False, id="who read no page"),
    ],
)
def test_a_poll_waits_for_none_of_200(site: Site, begin: bytes, go_on: bytes, is_read: bool) -> None:
    ended = threading.Event()
    with ExitStack() as stack:
        clients = [stack.enter_context(site.connect(None if is_read else 4096)) for _ in range(CONNECTIONS)]

        def trickle() -> None:
            while not ended.wait(1.0):
                for client in clients:
                    with contextlib.suppress(OSError):
                        client.send(go_on)

        for client in clients:
            with contextlib.suppress(ConnectionError):  # it may have been cut off before all are there
                client.sendall(begin.replace(b"TOKEN", site.token))
        thread = threading.Thread(target=trickle)
        if go_on:
            stack.callback(thread.join)
            thread.start()
        stack.callback(ended.set)
        began = time.monotonic()
        seconds: list[float] = []
        while len(seconds) < POLLS or time.monotonic() < began + POLLING_SECONDS:
            asked = time.monotonic()
            assert site.service.get(FEED, {"Accept-Encoding": "gzip"}).status == 200
            seconds.append(time.monotonic() - asked)
        assert statistics.median(seconds) < BEHIND_SECONDS


CHUNKED = b"Transfer-Encoding: chunked\r\n"
SMUGGLED = b"0\r\n\r\nGET /feeds/finance.rss HTTP/1.1\r\nHost: x\r\n\r\n"
# A request, and the statuses that it may get: 0 is a connection closed without a word.
REQUESTS: dict[str, tuple[bytes, set[int]]] = {
    "a head of 300 KB": (GET + CLOSE + b"X: " + b"x" * 300_000 + b"\r\n\r\n", {0, 431}),
    "a head of 20 MB": (GET + CLOSE + b"X: " + b"x" * 20_000_000 + b"\r\n\r\n", {0, 431}),
    "100,000 headers": (GET + CLOSE + b"X: y\r\n" * 100_000 + b"\r\n", {0, 431}),
    "100,000 empty lines": (b"\r\n" * 100_000, {0, 400, 431}),
    "a target of 100 KB": (b"GET /feeds/" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", {0, 414, 431}),
    "10 GB after a GET": (GET + CLOSE + b"Content-Length: 10000000000\r\n\r\nxxxx", {200}),
    "10 GB after a PUT": (PUT + CLOSE + b"Content-Length: 10000000000\r\n\r\nxxxx", {401}),
    "10 GB after a PUT with a token": (
        PUT + CLOSE + b"Authorization: Bearer TOKEN\r\nContent-Length: 10000000000\r\n\r\nxxxx",
        {413},
    ),
    "10 GB after a POST to a feed": (
        b"POST /feeds/macro.rss HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"Content-Length: 10000000000\r\n\r\nxxxx",
        {405},
    ),
    "a length beyond all numbers": (GET + b"Content-Length: 99999999999999999999999\r\n\r\n", {400}),
    "a negative length": (GET + b"Content-Length: -1\r\n\r\n", {400}),
    "two lengths": (GET + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx", {400}),
    "a length and chunks": (GET + b"Content-Length: 5\r\n" + CHUNKED + CLOSE + b"\r\n" + SMUGGLED, {200, 400}),
    "chunks and a length": (GET + CHUNKED + b"Content-Length: 5\r\n" + CLOSE + b"\r\n" + SMUGGLED, {200, 400}),
    "an unknown coding of the message": (GET + b"Transfer-Encoding: xchunked\r\n\r\n" + SMUGGLED, {400, 501}),
    "chunked, then identity": (GET + CHUNKED + b"Transfer-Encoding: identity\r\n\r\n" + SMUGGLED, {400, 501}),
    "a chunk of no length": (PUT + CLOSE + b"Authorization: Bearer TOKEN\r\n" + CHUNKED + b"\r\nzz\r\n", {400}),
    "NUL in the path": (b"GET /feeds/ma\0cro.rss HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    "NUL in the path, encoded": (b"GET /feeds/ma%00cro.rss HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", {404}),
    "NUL in an article's path": (b"GET /articles/a%00b HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", {404}),
    "NUL in a key": (
        b"GET /api/v1/articles/a%00b HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n" + CLOSE + b"\r\n",
        {400, 404, 422},
    ),
    "NUL in a static file's path": (b"GET /static/a%00b HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", {404}),
    "CR LF in the path": (b"GET /feeds/macro.rss%0d%0aX-Evil:%201 HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", {404}),
    "CR LF in a redirect": (b"GET /sections/a%0d%0aX-Evil:%201 HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", {308, 404}),
    "NUL in a header": (GET + b"If-None-Match: a\0b\r\n\r\n", {400}),
    "CR in a header": (GET + b"If-None-Match: a\rb\r\n\r\n", {400}),
    "a folded header": (GET + CLOSE + b"If-None-Match: a\r\n b\r\n\r\n", {200, 400}),
    "bytes beyond ASCII in headers": (
        GET + CLOSE + b'If-None-Match: "\xff\xfe"\r\nAccept-Encoding: \xff\r\nIf-Modified-Since: \xe4\r\n\r\n',
        {200, 400},
    ),
    "bytes that are no UTF-8 in the path": (b"GET /feeds/%ff%fe.rss HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", {404}),
    "a path out of the folder": (b"GET /feeds/%2e%2e%2fconfig.yaml HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", {404}),
    "a path that is none": (b"GET feeds/macro.rss HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    "a strange Host": (b"GET / HTTP/1.1\r\nHost: a b[/@:99999999\r\n" + CLOSE + b"\r\n", {200, 400}),
    "an unknown method": (b"FROB /feeds/macro.rss HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", {405}),
    "a method of 5 KB": (b"A" * 5_000 + b" /feeds/macro.rss HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", {400, 405}),
    "CONNECT": (b"CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", {400, 404, 405}),
    "OPTIONS *": (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", {200, 204, 404}),
    "a target in absolute form": (b"GET http://x/feeds/macro.rss HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", {200}),
    "HTTP/1.0": (b"GET /feeds/macro.rss HTTP/1.0\r\n\r\n", {200}),
    "HTTP/0.9": (b"GET /feeds/macro.rss\r\n\r\n", {400}),
    "HTTP/2.0 in words": (b"GET / HTTP/2.0\r\n\r\n", {400, 505}),
    "HTTP/2's preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), {0, 400, 505}),
    "an upgrade to HTTP/2": (
        GET + b"Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
        {200},
    ),
    "TLS's hello": (bytes.fromhex("1603010200010001fc0303") + bytes(range(256)) * 2, {0, 400}),
    "an If-None-Match of 50 KB": (GET + CLOSE + b"If-None-Match: " + b'W/"x",' * 8_000 + b"\r\n\r\n", {200}),
    "quotes without end": (GET + CLOSE + b"If-None-Match: " + b'"' * 50_000 + b"\r\n\r\n", {200}),
    "10,000 codings": (GET + CLOSE + b"Accept-Encoding: " + b"a;q=0," * 8_000 + b"\r\n\r\n", {200}),
    "10,000 manipulations": (GET + CLOSE + b'If-None-Match: "x"\r\nA-IM: ' + b"a;q=0," * 8_000 + b"\r\n\r\n", {200}),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_whatever_is_sent_gets_an_answer_or_an_end(site: Site, name: str) -> None:
    request, expected = REQUESTS[name]
    wait_until(lambda: site.service.get("/").status == 200, "pages that nobody waits for any more")
    log_bytes, got = site.log_bytes(), b""
    with site.connect() as client:
        # It may be refused, and the connection reset, in the midst of it.
        with contextlib.suppress(ConnectionError):
            client.sendall(request.replace(b"TOKEN", site.token))
        with contextlib.suppress(ConnectionError):
            while chunk := client.recv(1 << 16):
                got += chunk
    assert (int(got[9:12]) if got else 0) in expected, got[:200]
    head, _, body = got.partition(b"\r\n\r\n")
    assert b"\nx-evil" not in head.lower()
    assert body.count(b"HTTP/1.1 ") == 0, "a second answer"
    assert b"Traceback" not in got
    assert site.log_bytes() - log_bytes < MOST_LOG_BYTES
    assert site.service.get(FEED).status == 200


def test_200_of_them_leave_a_log_that_can_be_read(site: Site) -> None:
    before = site.log_bytes()
    for request, _ in list(REQUESTS.values())[5:]:
        for _ in range(4):
            with site.connect() as client, contextlib.suppress(ConnectionError):
                client.sendall(request.replace(b"TOKEN", site.token))
    assert site.service.get(FEED).status == 200
    assert site.log_bytes() - before < MOST_LOG_BYTES


def test_who_has_gone_or_takes_nothing_is_cut_off(site: Site) -> None:
    """By the kernel, in a minute: seen here by the timer that watches an idle connection."""

    def watches() -> bool:
        with site.connect():  # one made before the service had said so is not watched
            return site.count_connections(ESTABLISHED, WATCHING) > 0

    wait_until(watches, "a connection that the kernel watches")


def test_a_dead_client_is_told_by_its_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        before = len(list(Path("/proc/self/fd").iterdir()))
        assert give_up_on_dead_clients(server.getsockname()[1], 60)
        assert len(list(Path("/proc/self/fd").iterdir())) <= before
        with socket.create_connection(server.getsockname()), server.accept()[0] as inherited:
            assert inherited.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            taken = inherited.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            assert taken == 60_000


def test_it_may_have_as_many_connections_as_the_machine_allows(site: Site) -> None:
    for pid in descendants(site.service.process.pid):
        soft, hard = re.findall(r"\d+|unlimited", Path(f"/proc/{pid}/limits").read_text().split("Max open files")[1])[
            :2
        ]
        assert soft == hard or int(soft) >= 65_536


def test_a_reload_and_a_changed_configuration_fail_no_poll(site: Site) -> None:
    script = Path(__file__).parents[1] / "polling.py"
    address = site.service.url.removeprefix("http://")
    command = [sys.executable, str(script), address, "3000", "4", "1", FEED, "/feeds/macro.atom", "/feeds.opml"]
    text = site.service.config.read_text("utf-8")
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        for number, line in enumerate(process.stdout):
            if not line.startswith("progress"):
                told = json.loads(line)
            elif number % 3 == 0:
                site.service.process.send_signal(signal.SIGHUP)
                site.service.config.write_text(text.replace("max_age: 90s", f"max_age: {90 + number}s"), "utf-8")
    assert told["faults"] == []
    assert told["polls"] == 3000
    wait_until(lambda: "max-age=90," not in site.service.get(FEED).headers["cache-control"], "the new settings")


def test_a_killed_process_is_replaced_and_the_other_answers(tmp_path: Path) -> None:
    """Whoever waits for it is cut off; as soon as it is gone nobody is."""
    with site_of(tmp_path, "--workers", "2") as site:
        web = next(pid for pid in descendants(site.service.process.pid) if name_of(pid) == "feedsvc-web")
        wait_until(lambda: site.count_connections(LISTEN) == 2, "two processes to listen")
        first, second = running_below(web)
        feed = site.service.get(FEED).body

        kill_one_of(web, first, lambda: site.service.get(FEED).body == feed)
        assert all(site.service.get(FEED).body == feed for _ in range(20))
        os.kill(web, signal.SIGCONT)
        wait_until(lambda: site.count_connections(LISTEN) == 2, "another process to listen")
        assert second in running_below(web)

        kill_one_of(web, second, lambda: site.service.get(FEED).body == feed)
        assert all(site.service.get(FEED).body == feed for _ in range(20))
        os.kill(web, signal.SIGCONT)
        wait_until(lambda: len(running_below(web)) == 2, "another process again")
        assert "child_died" not in site.service.log.read_text("utf-8")


def kill_one_of(web: int, pid: int, is_answered: Callable[[], bool]) -> None:
    """Until it is gone; who would replace it stands still. Of the answers given meanwhile, each must be right."""
    os.kill(web, signal.SIGSTOP)
    os.kill(pid, signal.SIGKILL)
    while is_running(pid):
        with contextlib.suppress(OSError, http.client.HTTPException):
            assert is_answered()


def running_below(pid: int) -> list[int]:
    return [each for each in descendants(pid) if is_running(each)]


def test_sigterm_ends_no_answer_that_has_begun(tmp_path: Path) -> None:
    torn: list[str] = []
    whole = 0

    def poll() -> None:
        nonlocal whole
        while True:
            connection = http.client.HTTPConnection(own.service.url.removeprefix("http://"), timeout=DEADLINE_SECONDS)
            try:
                connection.request("GET", FEED)
                response = connection.getresponse()
            except (OSError, http.client.HTTPException):
                return
            try:
                whole += len(response.read()) == int(response.headers["Content-Length"])
            except (OSError, http.client.HTTPException) as error:
                torn.append(repr(error))
            finally:
                connection.close()

    with site_of(tmp_path) as own, own.connect(4096) as slow:
        slow.sendall(GET + b"\r\n")
        got = slow.recv(1024)
        threads = [threading.Thread(target=poll) for _ in range(4)]
        for thread in threads:
            thread.start()
        wait_until(lambda: whole > 20, "polls to go on")
        own.service.process.send_signal(signal.SIGTERM)
        while chunk := slow.recv(1 << 16):
            got += chunk
        for thread in threads:
            thread.join(DEADLINE_SECONDS)
        assert own.service.stop() == 0
    head, _, body = got.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    assert length is not None
    assert len(body) == int(length[1]) > 200_000
    assert torn == []
