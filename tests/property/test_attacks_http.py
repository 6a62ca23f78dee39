"""Whatever is asked: an answer in our own words, in bounded time, that does no browser and no cache any harm."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from werkzeug.test import EnvironBuilder, run_wsgi_app

from attacks import WRITES, Attack, attacks
from effort import examples
from feedsvc.quarantine import held
from newsroom import CONFIG, Newsroom, open_newsroom

MOST_SECONDS = 5.0
"""Of this thread's processor, for one request; the slowest take a tenth of it."""

_CONFIG = CONFIG.replace("aliases: [宏觀]", "aliases: [宏觀]\n    old_urls: [/old/feed]")
_REFUSED = 400
_FAILED = 500


class Site:
    """`find_id` names an article that is there."""

    def __init__(self, newsroom: Newsroom) -> None:
        self.newsroom = newsroom
        self.token = newsroom.token()
        self.id = newsroom.put(external_id="first").id
        newsroom.regenerate()

    def send(self, attack: Attack) -> tuple[int, list[tuple[str, str]], bytes]:
        """As granian tells WSGI of it: the path decoded into latin-1, headers that are not ASCII emptied."""
        path = attack.path.replace("ID", self.id)
        environ = EnvironBuilder(method="GET").get_environ()
        environ |= {
            "REQUEST_METHOD": attack.method,
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": attack.query,
            "REMOTE_ADDR": "192.0.2.7",
            "wsgi.input": BytesIO(attack.body or b""),
            "wsgi.input_terminated": True,
        }
        if attack.body is not None:
            environ["CONTENT_LENGTH"] = str(len(attack.body))
        for name, value in attack.headers.items():
            key = name.upper().replace("-", "_")
            told = value.replace("TOKEN", self.token)
            environ[key if key.startswith("CONTENT_T") or key == "CONTENT_LENGTH" else f"HTTP_{key}"] = (
                told if told.isascii() else ""
            )
        body, status, headers = run_wsgi_app(self.newsroom.app.wsgi_app, environ, buffered=True)
        return int(status[:3]), list(headers), b"".join(body)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("attacked")
    with open_newsroom(folder, lambda: datetime(2026, 3, 2, 8, 0, tzinfo=UTC), _CONFIG) as newsroom:
        yield Site(newsroom)
        newsroom.regenerate()
        assert not newsroom.runtime.regenerator.stale(newsroom.runtime.settings)
        assert not list(held(newsroom.runtime.store, newsroom.runtime.settings)), "stored, and kept out of the feeds"


def hold(attack: Attack, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
    said = {name.lower(): value for name, value in headers}
    assert status < _FAILED, body[:500]
    assert b"Traceback" not in body
    assert said["x-content-type-options"] == "nosniff"
    assert said["content-security-policy"].startswith("default-src 'none'")
    assert "set-cookie" not in said
    assert not any("\r" in value or "\n" in value or not value.isascii() for value in said.values()), said
    assert "x-evil" not in said
    assert b"evil.example" not in body or "no-store" in said.get("cache-control", "") or "@evil" in attack.path, said
    if "location" in said and "://" in said["location"]:
        assert said["location"].startswith("https://news.example.org/"), said
    assert not said.get("location", "").startswith(("//", "/\\", "http:")), said
    if said.get("content-type", "").startswith("application/problem+json") and body:
        problem: dict[str, Any] = json.loads(body)
        assert problem["type"].startswith("urn:feedsvc:problem:")
        assert problem["title"]
        assert problem["status"] == status
        assert all(
            set(error) == {"field", "value", "reason"} and error["reason"] for error in problem.get("errors", ())
        )
    elif status >= _REFUSED and unquote_to_bytes(attack.path).startswith(b"/api/") and attack.method != "HEAD":
        raise AssertionError(f"{status} is not told as a problem: {said} {body[:200]!r}")


@examples(300)
@given(attacks())
def test_every_request_gets_an_answer_that_harms_nobody(site: Site, attack: Attack) -> None:
    ask(site, attack)


@examples(300)
@given(WRITES)
def test_whatever_is_stored_can_be_read_and_changed(site: Site, attack: Attack) -> None:
    status, body = ask(site, attack)
    if status in {200, 201, 202}:
        key = json.loads(body)["id"]
        assert ask(site, Attack("GET", f"/api/v1/articles/{key}", headers=attack.headers))[0] == HTTPStatus.OK
        assert ask(site, Attack("GET", f"/articles/{key}"))[0] in {200, 404, 410}
        minor = b'{"minor": true}'
        changed = ask(site, Attack("PATCH", f"/api/v1/articles/{key}", headers=attack.headers, body=minor))
        assert changed[0] in {HTTPStatus.OK, HTTPStatus.CONFLICT}


def ask(site: Site, attack: Attack) -> tuple[int, bytes]:
    began = time.thread_time()
    status, headers, body = site.send(attack)
    assert time.thread_time() - began < MOST_SECONDS, attack
    hold(attack, status, headers, body)
    return status, body
