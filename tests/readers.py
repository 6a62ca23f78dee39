"""What tests with real feed readers need: a proxy that remembers what they asked, and bodies as words."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from feedsvc.text import plain_text
from service import Service

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "host"}


@dataclass(frozen=True)
class Exchange:
    """What a reader asked and what it got."""

    path: str
    is_conditional: bool
    status: int


@dataclass
class Proxy:
    """Passes each request on to the service and remembers it."""

    url: str = ""
    seen: list[Exchange] = field(default_factory=list)

    def take(self) -> list[Exchange]:
        """What was seen since the last time."""
        seen, self.seen[:] = list(self.seen), []
        return seen


@contextmanager
def passing_on(service: Service) -> Iterator[Proxy]:
    """A proxy of its own port before the service."""
    proxy = Proxy()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(service, proxy))
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(service: Service, proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            answer = service.get(self.path, asked)
            is_conditional = bool({"if-none-match", "if-modified-since"} & {name.lower() for name in asked})
            proxy.seen.append(Exchange(self.path, is_conditional, answer.status))
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                if name not in _HOP_BY_HOP | {"content-length"}:
                    self.send_header(name, value)
            if answer.status != http.client.NOT_MODIFIED:
                self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep still: `seen` is the log."""

    return Handler


def words(html: str) -> list[str]:
    """A body as its reader sees it, whatever a program did to its tags."""
    return plain_text(html).split()
