"""A whole small site in a folder of its own: settings, store, feeds folder and a Flask client, nothing standing in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from feedsvc import publish
from feedsvc.model import Article, ArticleInput, Author
from feedsvc.publish import Clock
from feedsvc.runtime import Runtime
from feedsvc.tokens import hash_token, mint
from feedsvc.web import create_app
from service import DEADLINE_SECONDS

WAIT = f"wait={int(DEADLINE_SECONDS)}"
"""What a client prefers who would be told what became of an article, however busy the machine is; CONFIG lets it."""

CONFIG = """\
site:
  title: 江畔新闻
  base_url: https://news.example.org
  language: zh-Hans
  timezone: Asia/Shanghai
  copyright: © 2026 江畔新闻
limits: {wait: 120s}
sections:
  macro:
    title: 宏观
    description: 宏观经济与政策
    aliases: [宏觀]
    limit: 3
    max_age: 90s
  finance:
    title: 財經
    language: zh-Hant
    formats: [rss, atom]
  science:
    title: Science & Sea
    language: en
  economy:
    title: 经济
    include: [macro, finance]
"""


@dataclass(frozen=True)
class Newsroom:
    """`client` asks the web side; `clock` is what the whole house goes by."""

    runtime: Runtime
    app: Flask
    client: FlaskClient

    def put(self, **fields: Any) -> Article:
        """Store an article, published now unless it says otherwise."""
        given: dict[str, Any] = {
            "title": "雾中码头",
            "sections": ("macro",),
            "content_html": "<p>清晨六点，江畔的老码头已经热闹起来。</p>",
            "authors": (Author(name="周文渡"), Author(name="陆一舟")),
        }
        article = ArticleInput(**{**given, **fields})
        return publish.put(self.runtime.store, self.runtime.clock, article).article

    def regenerate(self) -> None:
        """Bring every stale feed, and the OPML, up to date."""
        for slug in self.runtime.regenerator.stale(self.runtime.settings):
            self.runtime.regenerator.regenerate(self.runtime.settings, slug)

    def token(self, *sections: str) -> str:
        """A token for these sections, or for all."""
        token = mint()
        with self.runtime.store.write() as tx:
            tx.add_token(token[-8:], hash_token(token), sections, self.runtime.clock())
        return token

    def call(self, method: str, path: str, body: Any = None, *, token: str, **headers: str) -> TestResponse:
        """Ask the API; `body` is sent as JSON unless it is bytes."""
        sent = {"Authorization": f"Bearer {token}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent = {"Content-Type": "application/json"} | sent
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.open(f"/api/v1{path}", method=method, data=data, headers=sent)

    @contextmanager
    def worker(self) -> Iterator[None]:
        """Somebody who makes stale feeds anew until the block ends, as the scheduler would."""
        ended = Event()

        def work() -> None:
            while not ended.wait(0.02):
                self.regenerate()

        thread = Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


@contextmanager
def open_newsroom(folder: Path, clock: Clock, config: str = CONFIG) -> Iterator[Newsroom]:
    path = folder / "config.yaml"
    path.write_text(config, encoding="utf-8")
    runtime = Runtime.open(path, clock=clock, environ={})
    try:
        app = create_app(runtime)
        yield Newsroom(runtime, app, app.test_client())
    finally:
        runtime.close()


HOUR = timedelta(hours=1)
