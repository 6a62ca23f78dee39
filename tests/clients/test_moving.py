"""A newsroom moves: newsboat, subscribed to the old feed, is led to the new one and shows nothing as new."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from newsboat import Newsboat
from service import Service, feedsvc, free_port, serving, wait_until

OLD_FEEDS = Path(__file__).parents[1] / "oldfeeds"
CONFIG = """\
site: {{title: 江湾日报, base_url: "http://127.0.0.1:{port}", timezone: Asia/Shanghai}}
sections:
  moved:
    title: 搬来的
    old_urls: [/old.rss, /old.atom, /%BA%EA/old.xml]
"""


class OldSite:
    """Serves an old feed until it is told where the new site is; then its web server leads there."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.new_url = ""

    @contextmanager
    def running(self) -> Iterator[str]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = b"" if site.new_url else site.content
                self.send_response(301 if site.new_url else 200)
                if site.new_url:
                    self.send_header("Location", site.new_url + self.path)
                self.send_header("Content-Type", "application/xml")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture(scope="module", params=["wordpress.rss", "letter.atom"])
def moved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Service]]:
    """An old feed, and the new site with it imported."""
    old = OLD_FEEDS / request.param
    port = free_port()
    config = tmp_path_factory.mktemp("moved") / "config.yaml"
    config.write_text(CONFIG.format(port=port), "utf-8")
    feedsvc("--config", config, "import", "--section", "moved", old)
    feedsvc("--config", config, "migrate", "check", old, "--section", "moved")
    with serving(config, port) as service:
        wait_until(service.is_current, "every feed to be live")
        yield old, service


def test_newsboat_shows_nothing_as_new(moved: tuple[Path, Service], newsboat: str, home: Path) -> None:
    old, service = moved
    site = OldSite(old.read_bytes())
    with site.running() as old_url:
        url = f"{old_url}/old{old.suffix}"
        reader = Newsboat(newsboat, home, [url])
        assert reader.reload() == "2 unread articles"
        before = {item.guid for item in reader.items(url)}
        old_title = reader.title(url)
        site.new_url = service.url
        assert reader.reload() == "2 unread articles"
        assert {item.guid for item in reader.items(url)} == before
        assert reader.title(url) == "搬来的" != old_title


def test_old_addresses_lead_on_under_the_real_server(moved: tuple[Path, Service]) -> None:
    _, service = moved
    for path in ("/old.rss", "/%BA%EA/old.xml?x=1"):
        answer = service.get(path)
        assert (answer.status, answer.headers["location"]) == (301, f"{service.url}/feeds/moved.rss")
