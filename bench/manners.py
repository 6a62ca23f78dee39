"""What counting polls, and limiting them, costs a poll: CPU time in a loop, the least of five runs.

    .venv/bin/python bench/manners.py

The front is the whole application of a site with the samples; without the card it calls a function that does nothing.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from feedsvc.cli import main
from feedsvc.runtime import Runtime
from feedsvc.web import create_app
from feedsvc.web.polls import Answer, Budget, ReportCard, TrustedHops, limited

TIMES = 100_000
ASKED = {
    "REQUEST_METHOD": "GET",
    "PATH_INFO": "/feeds/all.rss",
    "QUERY_STRING": "",
    "HTTP_HOST": "x",
    "HTTP_USER_AGENT": "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 16 subscribers; like FeedFetcher-Google)",
    "HTTP_ACCEPT_ENCODING": "gzip, deflate, br",
    "HTTP_X_FORWARDED_FOR": "203.0.113.7",
    "REMOTE_ADDR": "203.0.113.7",
    "SERVER_NAME": "x",
    "SERVER_PORT": "80",
    "wsgi.url_scheme": "http",
}


def microseconds(ask: Callable[[], Any]) -> float:
    runs = []
    for _ in range(5):
        begun = time.process_time()
        for _ in range(TIMES):
            ask()
        runs.append((time.process_time() - begun) / TIMES * 1e6)
    return min(runs)


def measure(folder: Path) -> dict[str, float]:
    CliRunner().invoke(main, ["init", "--samples", str(folder)])
    runtime = Runtime.open(folder / "config.yaml", migrate=False)
    front = create_app(runtime).wsgi_app
    told: dict[str, str] = {}

    def start(_status: str, headers: list[tuple[str, str]]) -> None:
        told.update(headers)

    front(dict(ASKED), start)
    whole, unchanged = dict(ASKED), {**ASKED, "HTTP_IF_NONE_MATCH": told["ETag"]}
    card = ReportCard()
    headers = list(told.items())
    same, body = (
        Answer(304, [each for each in headers if not each[0].startswith("Content")]),
        Answer(200, headers, b"x"),
    )
    within = limited(lambda _: body, Budget(10**9))
    found = {
        "note, 304": microseconds(lambda: card.note(unchanged, same)),
        "note, 200": microseconds(lambda: card.note(whole, body)),
        "front with the card, 304": microseconds(lambda: front(unchanged, start)),
        "front with the card, 200": microseconds(lambda: front(whole, start)),
        "the limit, where it is on, 200": microseconds(lambda: within(whole)),
        "the address behind a proxy": microseconds(lambda: TrustedHops(1).find(whole)),
    }
    front._note = lambda _environ, _answer: None  # type: ignore[attr-defined]  # noqa: SLF001  # the same without a card
    found["front without it, 304"] = microseconds(lambda: front(unchanged, start))
    found["front without it, 200"] = microseconds(lambda: front(whole, start))
    runtime.close()
    return found


def print_results() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, taken in measure(Path(folder) / "site").items():
            print(f"{name:<32} {taken:6.2f} us")


if __name__ == "__main__":
    print_results()
