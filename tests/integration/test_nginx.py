"""nginx, with what `feedsvc nginx` prints, answers as the service does."""

from __future__ import annotations

import gzip
import http.client
import re
import socket
from collections.abc import Iterator
from itertools import product

import brotli
import pytest

from feedsvc.runtime import Runtime
from nginx import in_front, with_port
from pollcases import ASKED, LOST, Case, Headers
from pollsite import LATER, Site, build_site, file_tags, own_tags, put
from redbot_notes import find_warnings
from service import DEADLINE_SECONDS, free_port, serving, wait_until

_NOT_COMPARED = {"date", "server", "connection", "keep-alive", "transfer-encoding"}


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, port: int) -> Site:
    return build_site(tmp_path_factory.mktemp("nginx"), port)


@pytest.fixture(scope="module")
def app(site: Site, port: int) -> Iterator[str]:
    """The service without its worker: the site stays as it is."""
    with serving(site.config, port, "--no-scheduler") as service:
        yield service.url


@pytest.fixture(scope="module")
def nginx(site: Site, app: str) -> Iterator[str]:
    with in_front(site.config, site.config.parent / "nginx", free_port()) as url:
        yield url


Answer = tuple[int, dict[str, str], bytes]


def ask(url: str, path: str, headers: Headers = (), method: str = "GET") -> Answer:
    """Ask just so: no header that is not given, the path as it is written."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=DEADLINE_SECONDS)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        answered = {name.lower(): value for name, value in response.getheaders()}
        assert len(answered) == len(response.getheaders()), "a header was sent twice"
        return response.status, answered, response.read()
    finally:
        connection.close()


def comparable(answer: Answer) -> Answer:
    status, headers, body = answer
    kept = {name: value for name, value in headers.items() if name not in _NOT_COMPARED}
    if "etag" in kept:
        kept["etag"] = "given"
    return status, kept, body


@pytest.mark.parametrize(("case", "names"), ASKED, ids=lambda value: getattr(value, "name", value))
def test_answers_as_the_service_does(site: Site, app: str, nginx: str, case: Case, names: str) -> None:
    headers = site.fill_in(case, names=names)
    own = ask(app, case.path, headers, case.method)
    assert own[0] == case.status
    assert comparable(ask(nginx, case.path, headers, case.method)) == comparable(own)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((), 200),
        ((("Accept-Encoding", "gzip, deflate, br"),), 200),
        ((("Accept-Encoding", "gzip"), ("If-None-Match", "{gzip}"), ("If-Modified-Since", "{modified}")), 304),
        ((("If-None-Match", "{plain}"), ("If-Modified-Since", "{before}")), 304),
        ((("If-None-Match", "{plain}"), ("If-Modified-Since", "")), 304),
        ((("If-None-Match", '"5f000000-10"'), ("If-Modified-Since", "{modified}")), 200),
        ((("If-Modified-Since", "{modified}"),), 304),
        ((("If-Modified-Since", "{before}"),), 200),
        ((("If-None-Match", "W/{plain}"),), 304),
        ((("Accept-Encoding", "gzip;q=1.0,deflate;q=0.6,identity;q=0.3"),), 200),
    ],
)
@pytest.mark.parametrize(
    "path", ["/feeds/macro.rss", "/feeds/all.json?utm=x", "/feeds/macro/archive/1.atom", "/feeds.opml"]
)
def test_ordinary_polls_need_no_service(site: Site, alone: str, path: str, headers: Headers, status: int) -> None:
    given = site.fill_in(Case("", status, headers, path), names="file")
    assert ask(alone, path, given)[0] == status
    assert ask(alone, path, given, "HEAD")[0] == status
    assert ask(alone, path, given, "POST")[0] == 502


def test_the_rest_does(alone: str) -> None:
    for path in ("/", "/feeds/none.rss", "/feeds/macro.rss.gz", "/feeds/.folder-id", "/feeds/gone.rss", "/rss.xml"):
        assert ask(alone, path)[0] == 502
    assert ask(alone, "/feeds/macro.rss", (("A-IM", "feed"),))[0] == 502


@pytest.mark.parametrize(
    ("case", "refusal"),
    [
        (Case("NUL", 404, path="/feeds/%00.rss"), 400),
        (Case("no percent-encoding", 404, path="/feeds/%zz.rss"), 400),
        (Case("above the root", 404, path="/../feeds/macro.rss"), 400),
        (Case("twice", 200, (("If-None-Match", '"x"'), ("If-None-Match", '"y"'))), 400),
        (Case("none at all", 412, (("If-Match", ""),)), 412),
        (Case("TRACE", 405, method="TRACE"), 405),
    ],
)
def test_what_nginx_refuses_before_it_looks_at_its_configuration(
    app: str, nginx: str, case: Case, refusal: int
) -> None:
    """In its own words; docs/operations.md tells it."""
    assert ask(app, case.path, case.headers, case.method)[0] == case.status
    assert ask(nginx, case.path, case.headers, case.method)[0] == refusal


def test_no_tag_ever_names_two_bodies(site: Site, app: str, nginx: str) -> None:
    """50 publications at one time, so that only what is allotted tells them apart; titles of one length among them."""
    path = "/feeds/letters.rss"
    file = site.file(path)
    named: dict[tuple[str, str], bytes] = {}
    runtime = Runtime.open(site.config, clock=lambda: LATER, environ={})
    try:
        shown: dict[tuple[str, str], str] = {}
        for number in range(50):
            put(runtime, 1000, "letters", title=f"来信 {number:02}")
            runtime.regenerator.regenerate(runtime.settings, "letters")
            document = file.read_bytes()
            assert f"来信 {number:02}".encode() in document
            for url, coding in product((app, nginx), ("identity", "gzip", "br")):
                accepted = ("Accept-Encoding", coding)
                known = (("If-None-Match", shown[url, coding]),) if number else ()
                status, headers, body = ask(url, path, (accepted, *known))
                assert (status, headers.get("content-encoding", "identity")) == (200, coding)
                assert unpack(coding, body) == document
                tag = shown[url, coding] = headers["etag"]
                # A weak tag names all forms of one document.
                named_body = document if tag.startswith("W/") else body
                assert named.setdefault((url, tag), named_body) == named_body
                for other in (app, nginx):
                    assert ask(other, path, (accepted, ("If-None-Match", tag)))[0] == 304
    finally:
        runtime.close()
    assert len({tag for url, tag in named if url == nginx}) == 150
    assert len({tag for url, tag in named if url == app}) == 100


def unpack(coding: str, body: bytes) -> bytes:
    content: bytes = {"gzip": gzip.decompress, "br": brotli.decompress, "identity": bytes}[coding](body)
    return content


def test_without_its_modules_nginx_asks_the_service_more_and_answers_the_same(site: Site, app: str) -> None:
    options = ("--without-brotli", "--without-headers-more")
    with in_front(site.config, site.config.parent / "bare", free_port(), *options, modules=()) as url:
        for case, names in ASKED:
            headers = site.fill_in(case, names=names)
            if not any(name == "Accept-Encoding" and "br" in value for name, value in headers):
                own = comparable(ask(app, case.path, headers, case.method))
                assert comparable(ask(url, case.path, headers, case.method)) == own, case.name
        assert ask(url, "/feeds/macro.rss", (("Accept-Encoding", "gzip, br"),))[1]["content-encoding"] == "gzip"


def test_with_files_kept_open_all_is_the_same_but_a_second_late(site: Site, app: str) -> None:
    with in_front(site.config, site.config.parent / "open", free_port(), "--keep-open") as url:
        for _ in range(2):
            for case, names in ASKED:
                headers = site.fill_in(case, names=names)
                own = comparable(ask(app, case.path, headers, case.method))
                assert comparable(ask(url, case.path, headers, case.method)) == own, case.name
        path = site.file("/feeds/culture.rss")
        aside = path.rename(path.with_name("aside"))
        try:
            path.write_bytes(b"<rss/>")
            wait_until(lambda: ask(url, "/feeds/culture.rss")[2] == b"<rss/>", "nginx to look at the file again")
        finally:
            aside.rename(path)


def test_serves_a_site_that_is_mounted_below_another(site: Site, app: str) -> None:
    config = site.config.with_name("mounted.yaml")
    text = site.config.read_text(encoding="utf-8")
    config.write_text(re.sub("(base_url: .*)", r"\1/news.d", text), encoding="utf-8")
    with in_front(config, site.config.parent / "mounted", free_port()) as url:
        for path in ("/feeds/macro.rss", "/feeds.opml", "/feeds/macro/archive/1.atom", "/feeds/gone.rss", "/healthz"):
            own, mounted = ask(app, path), ask(url, f"/news.d{path}")
            assert comparable(mounted)[:2] == comparable(own)[:2], path
        assert ask(url, "/feeds/macro.rss")[0] == 404
        assert ask(url, "/newsxd/feeds/macro.rss")[0] == 404


def test_readers_of_before_come_over_to_nginxs_names(site: Site, app: str, nginx: str) -> None:
    """Whose tags are the service's are answered by it; with the next version they get those that nginx knows."""
    path = "/feeds/macro.atom"
    own, files = own_tags(site.file(path)), file_tags(site.file(path))
    for coding, accepted in (("plain", "identity"), ("gzip", "gzip"), ("br", "gzip, br")):
        for older in (f'"{"0" * 32}"', f'W/"{"0" * 32}"'):
            for method in ("GET", "HEAD"):
                asked = (("Accept-Encoding", accepted), ("If-None-Match", older))
                status, headers, _ = ask(nginx, path, asked, method)
                assert (status, headers["etag"]) == (200, files[coding])
                assert ask(app, path, asked, method)[1]["etag"] == own[coding]
        known = (("Accept-Encoding", accepted), ("If-None-Match", own[coding]))
        assert ask(nginx, path, known)[1]["etag"] == own[coding]
        # A reader that takes deltas names versions as the service does.
        merging = (*known[:1], ("A-IM", "feed"), ("Feedsvc-Tags", "file"))
        assert ask(nginx, path, merging)[1]["etag"] == own[coding]


def test_redbot_has_nothing_to_warn_of(site: Site, app: str, nginx: str) -> None:
    names = [file.name for file in site.folder.glob("[a-z]*.*") if file.suffix not in {".gz", ".br"}]
    assert "letters.rss" in names
    paths = [f"/feeds/{name}" for name in names]
    paths += ["/feeds.opml", "/feeds/macro/archive/1.atom", "/feeds/none.rss", "/feeds/gone.rss", "/rss.xml", LOST]
    assert len(paths) >= 20
    assert find_warnings(url + path for url in (app, nginx) for path in paths) == []


@pytest.fixture(scope="module")
def alone(site: Site) -> Iterator[str]:
    """nginx before a service that is not there: its port is taken, and nobody listens on it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        config = with_port(site.config, "alone.yaml", taken.getsockname()[1])
        with in_front(config, site.config.parent / "alone", free_port()) as url:
            yield url
