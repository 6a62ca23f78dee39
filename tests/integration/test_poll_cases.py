"""Every case of `pollcases`, asked of the application and of the service, whose server needs no WSGI for polls."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote_to_bytes

import brotli
import pytest
from flask import Flask
from werkzeug.test import run_wsgi_app

from feedsvc.runtime import Runtime
from feedsvc.web import create_app
from pollcases import ASKED, Case, Headers
from pollsite import Site, build_site
from service import DEADLINE_SECONDS, free_port, serving


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return build_site(tmp_path_factory.mktemp("polls"), 8000)


@pytest.fixture(scope="module")
def app(site: Site) -> Iterator[Flask]:
    runtime = Runtime.open(site.config, environ={})
    try:
        yield create_app(runtime)
    finally:
        runtime.close()


@pytest.fixture(scope="module")
def served(site: Site) -> Iterator[str]:
    with serving(site.config, free_port(), "--no-scheduler") as service:
        yield service.url.removeprefix("http://")


def ask(app: Flask, case: Case, headers: Headers) -> tuple[int, dict[str, str], bytes]:
    """As a server would, path and all, with nothing made regular on the way."""
    path, _, query = case.path.partition("?")
    environ = {
        "REQUEST_METHOD": case.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers}
    body, status, answered = run_wsgi_app(app, environ)
    return int(status.split()[0]), {name.lower(): value for name, value in answered}, b"".join(body)


def ask_served(address: str, case: Case, headers: Headers) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(address, timeout=DEADLINE_SECONDS)
    with contextlib.closing(connection):
        connection.putrequest(case.method, case.path, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()


def comparable(headers: dict[str, str]) -> dict[str, str]:
    """Without what a server adds, and what another name of the host changes."""
    return {name: value for name, value in headers.items() if name not in {"date", "server", "content-length"}}


@pytest.mark.parametrize(("case", "names"), ASKED, ids=lambda value: getattr(value, "name", value))
def test_the_service_answers_as_the_application_does(
    site: Site, app: Flask, served: str, case: Case, names: str
) -> None:
    given = site.fill_in(case, names=names)
    status, headers, body = ask_served(served, case, given)
    own_status, own_headers, own_body = ask(app, case, given)
    assert (status, comparable(headers), body) == (own_status, comparable(own_headers), own_body)


@pytest.mark.parametrize(("case", "names"), ASKED, ids=lambda value: getattr(value, "name", value))
def test_each_gets_what_it_must(site: Site, app: Flask, case: Case, names: str) -> None:
    status, headers, body = ask(app, case, site.fill_in(case, names=names))
    assert status == case.status
    if status == 200 and case.path.startswith("/feeds"):
        assert headers.get("content-encoding") == case.coding
        document = site.file(case.path)
        if case.path.startswith(("/feeds/macro.rss", "/feeds/macro/archive")):
            assert (
                int(headers["content-length"])
                == (Path(f"{document}.{ {'gzip': 'gz', 'br': 'br'}[case.coding] }") if case.coding else document)
                .stat()
                .st_size
            )
        if case.method == "GET":
            opened = {"gzip": gzip.decompress, "br": brotli.decompress, None: bytes}[case.coding](body)
            assert opened == document.read_bytes()
        else:
            assert body == b""
    if status == 304:
        assert body == b""
        assert {"etag", "last-modified", "cache-control", "vary"} <= set(headers)
        assert not {"content-type", "content-length", "content-encoding"} & set(headers)
    if status >= 400:
        assert headers.get("cache-control", "no-store") == "no-store"
