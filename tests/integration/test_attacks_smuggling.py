"""Requests that two servers may read differently: each has one reading, directly and through nginx.

Each is followed by a request for another feed, in what may be its body. Where that is read as one, its answer is the
second on the same connection; whoever asks on another one, through the same nginx, never gets it.
"""

from __future__ import annotations

import random
import re
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import product

import pytest

from commands import run
from effort import EFFORT
from nginx import in_front, require_nginx, with_port
from service import free_port, serving

HIDDEN = b"GET /feeds/finance.rss?hidden HTTP/1.1\r\nHost: x\r\n\r\n"
HIDDEN_TITLE = "<title>金融".encode()
BODY = b"0\r\n\r\n" + HIDDEN
TARGETS = (
    b"POST /api/v1/articles",
    b"PUT /api/v1/articles/a",
    b"GET /feeds/macro.rss",
    b"POST /feeds/macro.rss",
    b"GET /",
    b"HEAD /sections/macro/",
)
CODINGS = (
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding : chunked",
    b"Transfer-Encoding:\tchunked",
    b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
    b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: x, chunked",
    b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding: identity",
    b"Transfer-Encoding:\x0bchunked",
    b"X: y\nTransfer-Encoding: chunked",
    b"Transfer-Encoding\r\n : chunked",
    b"Transfer-Encoding:\r\n chunked",
    b"Transfer_Encoding: chunked",
    b"Transfer-Encoding: CHUNKED",
    b'Transfer-Encoding: "chunked"',
    b"Transfer-Encoding: chunked;q=1",
    b"\x00Transfer-Encoding: chunked",
    b" Transfer-Encoding: chunked",
    b"Transfer-Encoding: chunke\xb5d",
    b"Foo: bar\r\n\rTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding:",
)
LENGTHS = (
    b"Content-Length: 0\r\nContent-Length: %d" % len(HIDDEN),
    b"Content-Length: %d\r\nContent-Length: 0" % len(HIDDEN),
    b"Content-Length: +0",
    b"Content-Length: 0x0",
    b"Content-Length: 0, %d" % len(HIDDEN),
    b"Content-Length: 0,0",
    b"Content-Length : %d" % len(HIDDEN),
    b"Content_Length: %d" % len(HIDDEN),
    b"Content-Length: -%d" % len(HIDDEN),
    b"Content-Length: ",
    b"Content-Length: \x0b0",
    b"Content-Length: 18446744073709551616",
    b"Content-Length:\r\n %d" % len(HIDDEN),
)
CHUNKS = (
    b'1;ext="\r\n"\r\nx\r\n0\r\n\r\n',
    b"1\nx\n0\n\n",
    b"0x1\r\nx\r\n0\r\n\r\n",
    b"1 \r\nx\r\n0\r\n\r\n",
    b"+1\r\nx\r\n0\r\n\r\n",
    b"-1\r\nx\r\n0\r\n\r\n",
    b"100000000000000000\r\nx\r\n0\r\n\r\n",
    b"ffffffffffffffff\r\nx\r\n0\r\n\r\n",
    b"1\r\nxx0\r\n\r\n",
    b"1\r\nx\r\n0\r\nX: y\r\nContent-Length: 9\r\n\r\n",
    b"1\r\nx\r\n0\n\n",
    b"1;a\x00b\r\nx\r\n0\r\n\r\n",
    b"1;" + b"a" * 20_000 + b"\r\nx\r\n0\r\n\r\n",
    b"1\r\r\nx\r\n0\r\n\r\n",
    b"1\r\nx\r\n0;\r\n\r\n",
    b"1_0\r\nx\r\n0\r\n\r\n",
)
LINES = (
    b"GET /feeds/macro.rss HTTP/1.1\nHost: x\n\n",
    b"GET\t/feeds/macro.rss\tHTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /feeds/macro.rss HTTP/1.1\rHost: x\r\n\r\n",
    b"GET /feeds/macro.rss HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    b"GET http://evil/feeds/macro.rss HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /feeds/macro.rss HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    b"DELETE /feeds/macro.rss HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN),
    b"HEAD / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN),
)
READY = (200, b'{"status":"ready"}\n')
AT_ONCE = 12
SAMPLE = 200
LAST_SECONDS = 0.5
"""How long nothing more comes before a connection that stays open is believed to be at its end."""


@dataclass(frozen=True)
class Site:
    direct: int
    proxied: int


def requests() -> Sequence[bytes]:
    def head(target: bytes, *lines: bytes) -> bytes:
        return b"\r\n".join((target + b" HTTP/1.1", b"Host: x", b"Content-Type: application/json", *lines, b"", b""))

    found = [line + HIDDEN for line in LINES]
    for target, coding in product(TARGETS, CODINGS):
        found.append(head(target, coding) + BODY)
        for length in (len(BODY), 5, 6):
            found.append(head(target, b"Content-Length: %d" % length, coding) + BODY)
            found.append(head(target, coding, b"Content-Length: %d" % length) + BODY)
    found += [head(target, length) + HIDDEN for target, length in product(TARGETS, LENGTHS)]
    chunked = b"Transfer-Encoding: chunked"
    found += [head(target, chunked) + chunks + HIDDEN for target, chunks in product(TARGETS, CHUNKS)]
    return found if EFFORT > 1 else random.Random(6).sample(found, SAMPLE)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    require_nginx()
    folder = tmp_path_factory.mktemp("smuggling")
    run("init", "--samples", folder / "site")
    config = folder / "site" / "config.yaml"
    with serving(config, free_port(), "--no-scheduler") as service:
        port = int(service.url.rpartition(":")[2])
        proxied = free_port()
        with in_front(with_port(config, "nginx.yaml", port), folder / "nginx", proxied):
            yield Site(port, proxied)


def exchange(port: int, request: bytes) -> bytes:
    got = b""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(LAST_SECONDS)
        with suppress(OSError):
            client.sendall(request)
            while chunk := client.recv(1 << 16):
                got += chunk
    return got


def answers(got: bytes, method: bytes) -> list[tuple[int, bytes]]:
    """Each answer with its body; whatever is no answer fails."""
    found: list[tuple[int, bytes]] = []
    while got:
        head, _, rest = got.partition(b"\r\n\r\n")
        assert re.match(rb"HTTP/1\.[01] [1-5]\d\d ", head), got[:300]
        status = int(head[9:12])
        length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
        is_bare = status < 200 or status in {204, 304} or (method == b"HEAD" and not found)
        ends_at = 0 if is_bare else int(length[1]) if length else len(rest)
        if status >= 200:
            found.append((status, rest[:ends_at]))
        got = rest[ends_at:]
    return found


def test_a_request_in_a_request_is_nobody_elses(site: Site) -> None:
    """The first answer is that of the request itself, and of the hidden one there is one more at most."""
    sent = requests()

    def ask(port: int, request: bytes) -> None:
        got = answers(exchange(port, request), request.partition(b" ")[0])
        assert len(got) <= 2, request
        assert HIDDEN_TITLE not in (got[0][1] if got else b""), request

    def ask_innocently() -> None:
        innocent = b"GET /readyz HTTP/1.1\r\nHost: x\r\n"
        asked = exchange(site.proxied, innocent + b"\r\n" + innocent + b"Connection: close\r\n\r\n")
        assert answers(asked, b"GET") == [READY, READY]

    with ThreadPoolExecutor(AT_ONCE) as threads:
        asked = []
        for request in sent:
            asked += [threads.submit(ask, port, request) for port in (site.proxied, site.direct)]
            asked.append(threads.submit(ask_innocently))
        for each in asked:
            each.result()
