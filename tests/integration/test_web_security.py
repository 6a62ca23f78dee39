"""Every response carries the headers that keep it from doing harm, whatever was asked for and however it failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse
from werkzeug.wrappers import Response

from feedsvc.cli.direct import _call_safely
from feedsvc.model import Limits
from feedsvc.web.feeds import Front
from newsroom import Newsroom, open_newsroom

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")
FOREIGN = "<script>alert(1)</script>\"'%0d%0aSet-Cookie: a=b"


@pytest.fixture
def newsroom(tmp_path: Path, clock: Callable[[], datetime], sqlite_url: str) -> Iterator[Newsroom]:
    with open_newsroom(tmp_path, clock) as newsroom:
        newsroom.put(external_id="first")
        newsroom.regenerate()
        yield newsroom


def hold(response: Response, path: str, what: str) -> None:
    """Each header once, and strict: nothing in it runs, is guessed at, framed, or told where a reader came from."""
    named = [name.lower() for name, _ in response.headers]
    for name in ("content-security-policy", "x-content-type-options", "referrer-policy"):
        assert named.count(name) == 1, f"{what}: {name}"
    assert response.headers["X-Content-Type-Options"] == "nosniff", what
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'"), what
    assert "unsafe" not in policy, what
    assert "script-src" not in policy, what
    assert not {"set-cookie", "server", "x-powered-by"} & set(named), what
    if response.mimetype == "text/html":
        assert "frame-ancestors 'none'" in policy, what
        assert "form-action 'none'" in policy, what
        assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin", what
    else:
        assert "sandbox" in policy, what
    is_private = path.startswith(("/api/", "/healthz", "/readyz", "/metrics"))
    assert (response.headers.get("Cross-Origin-Resource-Policy") == "same-origin") == is_private, what
    if is_private or response.status_code >= 500:
        assert response.headers.get("Cache-Control") == "no-store", what
        assert "Access-Control-Allow-Origin" not in response.headers or not is_private, what


def addresses_of(app: Flask) -> Iterator[str]:
    """One for each rule, whose variables mean something that is there, and one for which they mean nothing."""
    known = {"key": "first", "slug": "macro", "name": "macro.rss", "filename": "site.css", "article_id": "first"}
    for rule in app.url_map.iter_rules():
        assert isinstance(rule, Rule)
        for values in (known, dict.fromkeys(rule.arguments, FOREIGN)):
            address = rule.rule
            for name in rule.arguments:
                for form in (f"<key:{name}>", f"<path:{name}>", f"<{name}>"):
                    address = address.replace(form, values.get(name, "1"))
            assert "<" not in address.replace(FOREIGN, ""), f"{rule.rule}: a converter that this test does not know"
            yield address


def test_every_route_with_every_method(newsroom: Newsroom) -> None:
    asking = ({"Accept": "text/html"}, {"Accept": "*/*", "Authorization": f"Bearer {newsroom.token()}"})
    others = ("/nowhere", "//", "/api/nowhere", "/feeds/none.rss", "/%ff", "/static/../x")
    addresses = [*addresses_of(newsroom.app), *others]
    assert len(addresses) > 30
    statuses = set()
    for address in addresses:
        for method in METHODS:
            for headers in asking:
                with newsroom.client.open(address, method=method, headers=headers) as response:
                    hold(response, address, f"{method} {address} with {headers}: {response.status}")
                    statuses.add(response.status_code)
    assert {200, 204, 401, 404, 405, 415} <= statuses


def test_every_error(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    client, token = newsroom.client, newsroom.token()

    def call(method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        return newsroom.call(method, path, body, token=token, **headers)

    answers = {
        400: call("PUT", "/articles/a", b"{"),
        413: call("PUT", "/articles/a", b" " * (8 * 1024 * 1024 + 1)),
        415: call("PUT", "/articles/a", b"x", Content_Type="text/plain"),
        422: call("PUT", "/articles/a", {"title": "x"}),
        403: newsroom.client.get("/metrics", environ_overrides={"REMOTE_ADDR": "192.0.2.7"}),
        304: client.get("/feeds/macro.rss", headers={"If-None-Match": client.get("/feeds/macro.rss").headers["ETag"]}),
        412: client.get("/feeds/macro.rss", headers={"If-Match": '"x"'}),
        303: client.get("/feeds/macro.rss", headers={"Sec-Fetch-Dest": "document"}),
    }
    for _ in range(Limits().guesses + 1):
        answers[429] = client.get("/api/v1/sections", headers={"Authorization": "Bearer fs_guess"})
    monkeypatch.setattr(newsroom.runtime.store, "article", lambda _: 1 / 0)
    answers[500] = client.get("/articles/first")
    monkeypatch.setattr(newsroom.runtime.store, "token_by_hash", lambda _: 1 / 0)
    api_500 = newsroom.call("GET", "/sections", token=token)
    assert api_500.status_code == 500
    for status, response in answers.items():
        assert response.status_code == status
        hold(response, response.request.path, str(status))
    hold(api_500, "/api/", "500 of the API")


def test_the_store_is_away(newsroom: Newsroom, tmp_path: Path) -> None:
    newsroom.runtime.store.close()
    (tmp_path / "feedsvc.db").rename(tmp_path / "elsewhere.db")
    for path in ("/", "/api/v1/sections", "/articles/first", "/healthz", "/metrics"):
        response = newsroom.client.get(path, headers={"Authorization": "Bearer fs_x"})
        hold(response, path, f"{path}: {response.status}")


def test_a_busy_service(newsroom: Newsroom) -> None:
    front = newsroom.app.wsgi_app
    assert isinstance(front, Front)
    while front._places.acquire(blocking=False):
        pass
    for path in ("/", "/healthz"):
        response = newsroom.client.get(path)
        assert response.status_code == 503
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert response.headers["Cache-Control"] == "no-store"


def test_what_fails_around_flask() -> None:
    sent: list[tuple[int, list[tuple[str, str]]]] = []

    class Exchange:
        def response_bytes(self, status: int, headers: list[tuple[str, str]], _body: bytes) -> None:
            sent.append((status, headers))

    def fail(*_: object) -> None:
        raise RuntimeError

    _call_safely(fail, Exchange(), {"REQUEST_METHOD": "GET", "PATH_INFO": "/"})
    ((status, headers),) = sent
    assert status == 500
    assert dict(headers)["X-Content-Type-Options"] == "nosniff"
    assert dict(headers)["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_no_header_is_what_a_client_sent(newsroom: Newsroom) -> None:
    """Nothing of Host, of forwarding headers or of the path comes back where a cache would keep it for others."""
    evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher"}
    for path in ("/", "/sections/macro/", "/feeds/macro.rss", "/feeds.opml", "/sections/macro", "/nowhere"):
        response = newsroom.client.get(path, headers=evil)
        assert b"evil.example" not in response.get_data(), path
        assert "evil.example" not in str(response.headers), path
