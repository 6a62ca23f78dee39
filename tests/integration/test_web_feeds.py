import gzip
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from threading import Event, Semaphore
from urllib.parse import urljoin

import feedparser.http
import pytest
from flask import request

from feedsvc.config import Settings
from feedsvc.errors import OutputError
from feedsvc.output import FeedsFolder, Lookout, Mark, make_twins
from feedsvc.targets import Target, list_targets
from feedsvc.web import create_app
from feedsvc.web.places import BEHIND
from feedsvc.web.polls import Polls, environ_of
from feedsvc.web.polls.conditional import http_date
from feedsvc.web.polls.documents import DocumentCache, Known, Place
from feedsvc.web.polls.negotiation import Form, Negotiator
from newsroom import CONFIG, Newsroom, open_newsroom
from service import DEADLINE_SECONDS, wait_until

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
def newsroom(tmp_path: Path, clock: Callable[[], datetime], sqlite_url: str) -> Iterator[Newsroom]:
    with open_newsroom(tmp_path, clock) as newsroom:
        newsroom.put()
        newsroom.regenerate()
        yield newsroom


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/feeds/macro.rss", "application/rss+xml; charset=utf-8"),
        ("/feeds/macro.atom", "application/atom+xml; charset=utf-8"),
        ("/feeds/macro.json", "application/feed+json; charset=utf-8"),
        ("/feeds/economy.rss", "application/rss+xml; charset=utf-8"),
        ("/feeds/all.atom", "application/atom+xml; charset=utf-8"),
        ("/feeds.opml", "text/x-opml; charset=utf-8"),
        ("/feeds/index.opml", "text/x-opml; charset=utf-8"),
    ],
)
def test_a_poll_gives_the_file_with_all_that_a_reader_needs(newsroom: Newsroom, path: str, media_type: str) -> None:
    slug, _, suffix = path.removeprefix("/feeds/").replace("/feeds.", "index.").partition(".")
    file = newsroom.runtime.folder.path / f"{slug}.{suffix}"
    response = newsroom.client.get(path)
    assert response.status_code == 200
    assert response.get_data() == file.read_bytes()
    assert response.headers["Content-Type"] == media_type
    assert response.headers["Content-Length"] == str(file.stat().st_size)
    assert len(response.headers["ETag"]) == 34
    assert response.headers["ETag"].strip('"').isalnum()
    assert response.last_modified is not None
    assert response.last_modified.timestamp() == file.stat().st_mtime
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_caches_are_told_the_sections_own_age(newsroom: Newsroom) -> None:
    age = newsroom.runtime.settings.feeds["macro"].max_age_seconds
    told = newsroom.client.get("/feeds/macro.rss").headers["Cache-Control"]
    assert told == f"max-age={age}, stale-while-revalidate={age}, stale-if-error=86400"


def test_head_says_the_same_without_the_body(newsroom: Newsroom) -> None:
    get, head = newsroom.client.get("/feeds/macro.rss"), newsroom.client.head("/feeds/macro.rss")
    assert head.get_data() == b""
    assert head.status_code == 200
    assert dict(head.headers) == dict(get.headers)


def test_who_has_the_document_is_told_so_and_gets_no_body(newsroom: Newsroom) -> None:
    full = newsroom.client.get("/feeds/macro.rss")
    for method in ("GET", "HEAD"):
        for headers in (
            {"If-None-Match": full.headers["ETag"]},
            {"If-None-Match": f'"x", W/{full.headers["ETag"]}'},
            {"If-None-Match": "*"},
            {"If-Modified-Since": full.headers["Last-Modified"]},
            {"If-None-Match": full.headers["ETag"], "If-Modified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"},
        ):
            response = newsroom.client.open("/feeds/macro.rss", method=method, headers=headers)
            assert response.status_code == 304, headers
            assert response.get_data() == b""
            for name in ("ETag", "Last-Modified", "Cache-Control", "Access-Control-Allow-Origin"):
                assert response.headers[name] == full.headers[name]
            assert "Content-Type" not in response.headers


def test_who_has_another_gets_the_whole(newsroom: Newsroom) -> None:
    full = newsroom.client.get("/feeds/macro.rss")
    for headers in (
        {"If-None-Match": '"0123456789abcdef0123456789abcdef"'},
        {"If-None-Match": '"x"', "If-Modified-Since": full.headers["Last-Modified"]},
        {"If-Modified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"},
        {"If-Modified-Since": "a while ago"},
        {"Range": "bytes=0-9"},
    ):
        response = newsroom.client.get("/feeds/macro.rss", headers=headers)
        assert (response.status_code, response.get_data()) == (200, full.get_data()), headers


def test_a_change_is_seen_at_the_next_poll_under_another_tag_and_a_later_time(newsroom: Newsroom) -> None:
    before = newsroom.client.get("/feeds/macro.rss")
    newsroom.put(external_id="second", title="市集夜话")
    newsroom.regenerate()
    after = newsroom.client.get("/feeds/macro.rss", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert "市集夜话" in after.get_data(as_text=True)
    assert after.headers["ETag"] != before.headers["ETag"]
    assert after.last_modified is not None
    assert before.last_modified is not None
    assert after.last_modified > before.last_modified


def test_a_poll_asks_no_database(newsroom: Newsroom) -> None:
    newsroom.client.get("/feeds/macro.rss")
    newsroom.runtime.store.close()
    (newsroom.runtime.settings.path.parent / "feedsvc.db").unlink(missing_ok=True)
    assert newsroom.client.get("/feeds/macro.rss").status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", ["/feeds/macro.rss", "/feeds.opml"])
def test_a_feed_can_only_be_read(newsroom: Newsroom, method: str, path: str) -> None:
    response = newsroom.client.open(path, method=method)
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_browsers_may_ask_first(newsroom: Newsroom) -> None:
    response = newsroom.client.options(
        "/feeds/macro.rss", headers={"Origin": "https://reader.example", "Access-Control-Request-Method": "GET"}
    )
    assert response.status_code == 204
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "If-None-Match" in response.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/feeds/makro.rss", "Did you mean 'macro'? It has: https://news.example.org/feeds/macro.rss"),
        ("/feeds/宏觀.rss", "Did you mean 'macro'?"),
        ("/feeds/finance.json", "Section 'finance' has: https://news.example.org/feeds/finance.rss"),
        ("/feeds/macro.xml", "Section 'macro' has: https://news.example.org/feeds/macro.rss"),
        ("/feeds/macro", "Section 'macro' has:"),
        ("/feeds/qqqqqqqq.rss", "There is no section 'qqqqqqqq'."),
        ("/feeds/.folder-id", "There is no"),
        ("/feeds/%00.rss", "There is no"),
        ("/feeds/" + "x" * 5000 + ".rss", "There is no section"),
    ],
)
def test_a_wrong_address_is_told_the_right_one(newsroom: Newsroom, path: str, told: str) -> None:
    response = newsroom.client.get(path)
    assert response.status_code == 404
    assert response.headers["Cache-Control"] == "no-store"
    text = response.get_data(as_text=True)
    assert told in text
    assert "https://news.example.org/feeds.opml" in text
    assert "https://news.example.org/feeds/all.rss" in text
    assert len(text) < 3000


@pytest.mark.parametrize("path", ["/feeds/..%2Fconfig.yaml", "/feeds/../config.yaml", "/feeds/", "/feeds//macro.rss"])
def test_what_is_no_feed_address_at_all_leads_nowhere(newsroom: Newsroom, path: str) -> None:
    response = newsroom.client.get(path)
    assert response.status_code == 404
    assert b"base_url" not in response.get_data()


def test_a_browser_gets_a_page_with_links(newsroom: Newsroom) -> None:
    response = newsroom.client.get("/feeds/makro.rss", headers=BROWSER)
    assert response.status_code == 404
    assert response.mimetype == "text/html"
    text = response.get_data(as_text=True)
    assert "Did you mean" in text
    assert 'href="../feeds/macro.rss"' in text


def test_a_long_list_of_sections_is_cut(tmp_path: Path, clock: Callable[[], datetime]) -> None:
    many = "".join(f"  s{number}:\n    title: Section {number}\n" for number in range(80))
    with open_newsroom(tmp_path, clock, CONFIG + many) as newsroom:
        text = newsroom.client.get("/feeds/nothing.rss").get_data(as_text=True)
    assert "and 35 more" in text


def test_a_section_without_its_first_document_says_when_to_come_again(
    tmp_path: Path, clock: Callable[[], datetime]
) -> None:
    with open_newsroom(tmp_path, clock) as newsroom:
        response = newsroom.client.get("/feeds/macro.rss")
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
        assert response.headers["Cache-Control"] == "no-store"
        assert "not been made yet" in response.get_data(as_text=True)
        newsroom.regenerate()
        assert newsroom.client.get("/feeds/macro.rss").status_code == 200


def test_a_section_added_or_dropped_while_running_is_followed(newsroom: Newsroom) -> None:
    path = newsroom.runtime.settings.path
    path.write_text(CONFIG.replace("  science:", "  ocean:"), encoding="utf-8")
    newsroom.runtime.refresh()
    assert newsroom.client.get("/feeds/science.rss").status_code == 404
    assert newsroom.client.get("/feeds/ocean.rss").status_code == 503


def test_settings_are_refreshed_by_requests_themselves(tmp_path: Path, clock: Callable[[], datetime]) -> None:
    with open_newsroom(tmp_path, clock) as newsroom:
        newsroom.runtime.settings.path.write_text(CONFIG.replace("  science:", "  ocean:"), encoding="utf-8")
        assert newsroom.client.get("/feeds/ocean.rss").status_code == 503


def test_an_unreadable_folder_serves_what_is_known(newsroom: Newsroom) -> None:
    known = newsroom.client.get("/feeds/macro.rss").get_data()
    folder = newsroom.runtime.folder.path
    shutil.rmtree(folder)
    folder.write_text("a file where a folder should be")
    assert newsroom.client.get("/feeds/macro.rss").get_data() == known
    assert newsroom.client.get("/feeds/macro.rss").get_data() == known
    assert newsroom.client.get("/feeds/macro.atom").status_code == 503


def test_a_removed_file_is_not_served_from_memory(newsroom: Newsroom) -> None:
    newsroom.client.get("/feeds/macro.rss")
    (newsroom.runtime.folder.path / "macro.rss").unlink()
    wait_until(lambda: newsroom.client.get("/feeds/macro.rss").status_code == 503, "the loss to be noticed")


def test_polls_are_answered_without_flask(newsroom: Newsroom) -> None:
    polls = Polls(newsroom.runtime)
    answer = polls.answer(environ_of("GET", "/feeds/macro.rss"))
    response = newsroom.client.get("/feeds/macro.rss")
    assert (answer.status, answer.body, dict(answer.headers)) == (200, response.get_data(), dict(response.headers))
    modified = dict(answer.headers)["Last-Modified"]
    assert polls.answer(environ_of("GET", "/feeds/macro.rss", {"if-modified-since": modified})).status == 304
    assert modified == http_date(newsroom.runtime.clock())


def test_flask_is_not_entered_for_a_document_that_is_there(newsroom: Newsroom) -> None:
    entered: list[str] = []
    newsroom.app.before_request(lambda: entered.append(request.path))
    for path in ("/feeds/macro.rss", "/feeds.opml", "/feeds/none.rss", "/"):
        newsroom.client.get(path)
    assert entered == ["/feeds/none.rss", "/"]


def test_flasks_own_route_answers_as_what_stands_before_it(newsroom: Newsroom) -> None:
    with newsroom.app.test_request_context("/feeds/macro.rss", headers={"Accept-Encoding": "gzip"}):
        behind = newsroom.app.full_dispatch_request()
    before = newsroom.client.get("/feeds/macro.rss", headers={"Accept-Encoding": "gzip"})
    assert (behind.status_code, behind.get_data()) == (before.status_code, before.get_data())
    assert dict(behind.headers) == dict(before.headers)


def press(newsroom: Newsroom, slug: str = "macro", name: str = "rss") -> dict[str, bytes]:
    """Twins beside one document, by coding."""
    folder = newsroom.runtime.folder
    document = folder.read(slug, name)
    assert document is not None
    twins = make_twins(document.content, {"gzip": 6, "br": 5}, {})
    folder.write_twins(slug, {name: document.mtime}, {name: twins})
    return {str(coding): twin for coding, twin in twins.items()}


def test_each_gets_the_form_it_likes_best_under_one_name(newsroom: Newsroom) -> None:
    twins = press(newsroom)
    plain = newsroom.client.get("/feeds/macro.rss")
    assert plain.headers["Vary"] == "Accept-Encoding"
    for accepted, coding in (("gzip", "gzip"), ("gzip, br", "br"), ("br;q=0.1, gzip;q=0.2", "gzip"), ("*", "br")):
        response = newsroom.client.get("/feeds/macro.rss", headers={"Accept-Encoding": accepted})
        assert response.get_data() == twins[coding]
        assert response.headers["Content-Encoding"] == coding
        assert response.headers["Content-Length"] == str(len(twins[coding]))
        assert response.headers["ETag"] == f"W/{plain.headers['ETag']}"
        for name in ("Vary", "Last-Modified", "Cache-Control", "Content-Type"):
            assert response.headers[name] == plain.headers[name]
        head = newsroom.client.head("/feeds/macro.rss", headers={"Accept-Encoding": accepted})
        assert dict(head.headers) == dict(response.headers)
    for refused in ("identity", "deflate", "gzip;q=0", "*;q=0"):
        response = newsroom.client.get("/feeds/macro.rss", headers={"Accept-Encoding": refused})
        assert (response.get_data(), response.headers.get("Content-Encoding")) == (plain.get_data(), None)


def test_a_304_bears_the_name_of_the_form_that_would_be_sent(newsroom: Newsroom) -> None:
    press(newsroom)
    strong = newsroom.client.get("/feeds/macro.rss").headers["ETag"]
    for accepted, sent, told in (
        ("gzip", strong, f"W/{strong}"),
        ("gzip", f"W/{strong}", f"W/{strong}"),
        ("identity", f"W/{strong}", strong),
    ):
        headers = {"Accept-Encoding": accepted, "If-None-Match": sent}
        response = newsroom.client.get("/feeds/macro.rss", headers=headers)
        assert (response.status_code, response.headers["ETag"]) == (304, told)
        assert response.headers["Vary"] == "Accept-Encoding"
        assert "Content-Encoding" not in response.headers


def test_what_nginx_calls_a_file_is_understood(newsroom: Newsroom) -> None:
    """So that who moves from one to the other fetches nothing again."""
    twins = press(newsroom)
    status = (newsroom.runtime.folder.path / "macro.rss").stat()
    for length in (status.st_size, len(twins["gzip"]), len(twins["br"])):
        tag = f'"{int(status.st_mtime):x}-{length:x}"'
        response = newsroom.client.get("/feeds/macro.rss", headers={"If-None-Match": tag, "Accept-Encoding": "gzip"})
        assert response.status_code == 304
    other = f'"{int(status.st_mtime) - 1:x}-{status.st_size:x}"'
    assert newsroom.client.get("/feeds/macro.rss", headers={"If-None-Match": other}).status_code == 200


def test_who_wants_one_version_only_is_told_if_it_is_gone(newsroom: Newsroom) -> None:
    tag = newsroom.client.get("/feeds/macro.rss").headers["ETag"]
    assert newsroom.client.get("/feeds/macro.rss", headers={"If-Match": tag}).status_code == 200
    response = newsroom.client.get("/feeds/macro.rss", headers={"If-Match": '"older"'})
    assert (response.status_code, response.headers["Cache-Control"]) == (412, "no-store")


def test_a_twin_of_another_version_is_never_sent(newsroom: Newsroom) -> None:
    twin = press(newsroom)["gzip"]
    path = newsroom.runtime.folder.path / "macro.rss.gz"
    newsroom.put(external_id="second", title="市集夜话")
    newsroom.regenerate()
    document = newsroom.runtime.folder.read("macro", "rss")
    assert document is not None
    path.write_bytes(twin)
    os.utime(path, (0, document.mtime.timestamp() - 1))
    response = newsroom.client.get("/feeds/macro.rss", headers={"Accept-Encoding": "gzip"})
    assert (response.headers.get("Content-Encoding"), response.get_data()) == (None, document.content)


@pytest.mark.parametrize(
    ("path", "way"),
    [
        ("/feeds/macro.rss", "../sections/macro/#subscribe"),
        ("/feeds/all.json", "../sections/all/#subscribe"),
    ],
)
def test_a_browser_is_led_to_the_page_that_explains_the_feed(newsroom: Newsroom, path: str, way: str) -> None:
    for method in ("GET", "HEAD"):
        response = newsroom.client.open(path, method=method, headers=BROWSER | {"Sec-Fetch-Dest": "document"})
        assert (response.status_code, response.headers["Location"]) == (303, way)
        assert response.headers["Cache-Control"] == "no-store"
    landed = newsroom.client.get(urljoin(path, way).partition("#")[0])
    assert landed.status_code == 200
    assert 'id="subscribe"' in landed.get_data(as_text=True)


def test_only_a_browser_that_opens_a_feed_is_led_away(newsroom: Newsroom) -> None:
    for headers in ({}, BROWSER, {"Sec-Fetch-Dest": "empty"}, {"Sec-Fetch-Mode": "navigate"}):
        assert newsroom.client.get("/feeds/macro.rss", headers=headers).status_code == 200
    opened = {"Sec-Fetch-Dest": "document"}
    assert newsroom.client.get("/feeds/macro.rss?raw", headers=opened).status_code == 200
    assert newsroom.client.get("/feeds.opml", headers=opened).status_code == 200  # to be saved, and imported elsewhere
    assert newsroom.client.get("/feeds/none.rss", headers=opened).status_code == 404


def test_who_shows_an_older_version_may_get_the_news_alone(newsroom: Newsroom) -> None:
    for number in range(3):
        newsroom.put(external_id=str(number), title=f"旧闻{number}", content_html=f"<p>{'长文。' * 200}</p>")
    newsroom.regenerate()
    before = newsroom.client.get("/feeds/macro.rss")
    newsroom.put(external_id="news", title="市集夜话", content_html="<p>新闻。</p>")
    newsroom.regenerate()
    full = newsroom.client.get("/feeds/macro.rss")
    asked = {"A-IM": "feed", "If-None-Match": before.headers["ETag"]}
    delta = newsroom.client.get("/feeds/macro.rss", headers=asked)
    assert (delta.status_code, delta.status) == (226, "226 IM Used")
    assert (delta.headers["IM"], delta.headers["Cache-Control"]) == ("feed", "no-store")
    assert delta.headers["Delta-Base"] == before.headers["ETag"]
    for name in ("ETag", "Last-Modified", "Content-Type"):
        assert delta.headers[name] == full.headers[name]
    assert delta.headers["Content-Length"] == str(len(delta.get_data()))
    assert re.findall("<title>(.*?)</title>", delta.get_data(as_text=True)) == ["宏观", "市集夜话"]
    zipped = newsroom.client.get("/feeds/macro.rss", headers=asked | {"Accept-Encoding": "gzip, br"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.get_data()) == delta.get_data()
    head = newsroom.client.head("/feeds/macro.rss", headers=asked)
    assert (head.status_code, dict(head.headers), head.get_data()) == (226, dict(delta.headers), b"")
    for changed in (
        {"A-IM": "vcdiff, gzip"},
        {"A-IM": "feed;q=0"},
        {"A-IM": "feed", "Accept": feedparser.http.ACCEPT_HEADER},
        {"If-None-Match": '"0123456789abcdef0123456789abcdef"'},
        {"If-None-Match": ""},
    ):
        assert newsroom.client.get("/feeds/macro.rss", headers=asked | changed).status_code == 200, changed
    both = {"If-None-Match": f"{before.headers['ETag']}, {full.headers['ETag']}"}
    assert newsroom.client.get("/feeds/macro.rss", headers=asked | both).status_code == 304
    json = newsroom.client.get("/feeds/macro.json", headers={"A-IM": "feed", "If-None-Match": '"x"'})
    assert json.status_code == 200


def test_polls_are_answered_while_all_other_places_are_taken(newsroom: Newsroom) -> None:
    """By requests that wait: for a database that hangs, say."""
    let_go, inside = Event(), Semaphore(0)

    def hang() -> None:
        if request.path == "/hang":
            inside.release()
            let_go.wait(DEADLINE_SECONDS)

    newsroom.app.before_request(hang)
    with ThreadPoolExecutor(BEHIND) as pool:
        hanging = [pool.submit(newsroom.app.test_client().get, "/hang") for _ in range(BEHIND)]
        assert all(inside.acquire(timeout=DEADLINE_SECONDS) for _ in hanging)
        assert newsroom.client.get("/feeds/macro.rss").status_code == 200
        page, api = newsroom.client.get("/"), newsroom.client.get("/api/v1/sections")
        let_go.set()
    for refused in (page, api):
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        assert "busy" in refused.get_data(as_text=True)
    assert api.mimetype == "application/problem+json"
    assert newsroom.client.get("/").status_code == 200


def test_what_is_kept_in_memory_is_for_config_yaml_to_say(tmp_path: Path, clock: Callable[[], datetime]) -> None:
    config = f"{CONFIG}server: {{memory: 1 MB}}\n"
    with open_newsroom(tmp_path, clock, config) as newsroom:
        for number in range(40):
            newsroom.put(external_id=str(number), title=f"第{number}篇", content_html=f"<p>{'长' * 20_000}{number}</p>")
        newsroom.regenerate()
        polls: Polls = newsroom.app.extensions["feedsvc.polls"]
        for path in ("/feeds/macro.rss", "/feeds/all.rss", "/feeds/all.atom", "/feeds/all.json"):
            assert newsroom.client.get(path).status_code == 200
            assert polls._documents.kept_bytes <= 1_000_000


def test_a_thread_that_is_late_with_an_older_version_spoils_no_answer(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It found the older one before it went live, and says so while another thread answers with the newer one."""
    polls = Polls(newsroom.runtime)
    asked = environ_of("GET", "/feeds/macro.rss", {"Accept-Encoding": "gzip"})
    found: list[Known] = []
    look_up, order = DocumentCache.look_up, Negotiator.order
    is_late = False

    def look(self: DocumentCache, place: Place) -> Known | None:
        known = found[0] if is_late else look_up(self, place)
        found.extend([known] if known else [])
        return known

    def order_while_another_is_late(self: Negotiator, header: str | None) -> tuple[Form, ...]:
        nonlocal is_late
        if len(found) == 2:
            is_late = True
            assert polls.answer_document(asked) is None
            is_late = False
        return order(self, header)

    monkeypatch.setattr(DocumentCache, "look_up", look)
    monkeypatch.setattr(Negotiator, "order", order_while_another_is_late)
    assert polls.answer_document(asked) is not None
    newsroom.put(title="市集夜话", content_html="<p>灯一盏一盏亮起来。</p>" * 20)
    newsroom.regenerate()
    answer = polls.answer_document(asked)
    assert answer is not None
    headers = dict(answer.headers)
    assert headers["ETag"] == f'W/"{hashlib.sha256(gzip.decompress(answer.body)).hexdigest()[:32]}"'
    assert headers["Content-Length"] == str(len(answer.body))
    assert "市集夜话".encode() in gzip.decompress(answer.body)


def test_a_twin_that_can_not_be_read_costs_nobody_the_document(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Lookout.read

    def refuse(self: Lookout, name: str, mark: Mark) -> bytes | None:
        if name.endswith(".gz"):
            raise OutputError(Path(name), "permission denied")
        return read(self, name, mark)

    monkeypatch.setattr(Lookout, "read", refuse)
    response = newsroom.client.get("/feeds/macro.rss", headers={"Accept-Encoding": "gzip"})
    assert (response.status_code, response.headers.get("Content-Encoding")) == (200, None)
    assert response.get_data() == (newsroom.runtime.folder.path / "macro.rss").read_bytes()
    assert response.headers["ETag"].startswith('"')


def test_a_document_that_can_not_be_read_is_not_said_to_be_new(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: FeedsFolder, slug: str, format: str) -> None:
        raise OutputError(Path(f"{slug}.{format}"), "permission denied")

    monkeypatch.setattr(FeedsFolder, "read", refuse)
    response = newsroom.client.get("/feeds/macro.rss")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "2")
    assert "can't be read at the moment" in response.get_data(as_text=True)


def test_new_settings_are_taken_over_once_however_many_poll(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    polls = Polls(newsroom.runtime)
    begun, taken = Semaphore(0), []

    def take_slowly(settings: Settings) -> Mapping[str, Target]:
        taken.append(settings)
        for _ in range(8 if len(taken) == 1 else 0):
            begun.acquire(timeout=DEADLINE_SECONDS)
        return list_targets(settings)

    def poll() -> int:
        begun.release()
        answer = polls.answer_document(environ_of("GET", "/feeds/macro.rss"))
        return 0 if answer is None else answer.status

    monkeypatch.setattr("feedsvc.web.polls.polls.list_targets", take_slowly)
    with ThreadPoolExecutor(8) as pool:
        assert [each.result() for each in [pool.submit(poll) for _ in range(8)]] == [200] * 8
    assert taken == [newsroom.runtime.settings]


def test_processes_share_what_may_be_kept_of_documents(newsroom: Newsroom) -> None:
    """Each polled for everything, all together keep no more than one alone may."""
    newsroom.put()
    newsroom.regenerate()
    runtime = newsroom.runtime
    paths = [f"/feeds/{slug}.{suffix}" for slug in runtime.settings.feeds for suffix in ("rss", "atom")]

    def kept_by(processes: int) -> int:
        app = create_app(runtime, processes=processes)
        for path in paths * 40:
            app.test_client().get(path)
        polls: Polls = app.extensions["feedsvc.polls"]
        return polls._documents.kept_bytes

    assert kept_by(1) > 20_000
    assert kept_by(runtime.settings.server.memory // 20_000) <= 20_000
