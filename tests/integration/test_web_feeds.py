import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from werkzeug.datastructures import Headers

from feedsvc.web.conditional import http_date
from feedsvc.web.documents import DocumentCache
from feedsvc.web.feeds import Polls
from newsroom import CONFIG, Newsroom, open_newsroom

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
    assert told == f"public, max-age={age}, stale-while-revalidate={age}, stale-if-error=86400"


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
    assert newsroom.client.get("/feeds/macro.rss").status_code == 503


def test_memory_is_bounded_and_drops_what_was_asked_for_longest_ago(newsroom: Newsroom) -> None:
    folder = newsroom.runtime.folder
    lengths = {name: (folder.path / f"macro.{name}").stat().st_size for name in ("rss", "atom", "json")}
    cache = DocumentCache(folder, limit_bytes=lengths["rss"] + lengths["json"])
    rss = cache.get("macro", "rss")
    json = cache.get("macro", "json")
    assert cache.get("macro", "rss") is rss
    cache.get("macro", "atom")
    assert cache.get("macro", "json") is not json
    assert DocumentCache(folder, limit_bytes=10).get("macro", "rss") is not None


def test_polls_are_answered_without_flask(newsroom: Newsroom) -> None:
    polls = Polls(newsroom.runtime)
    answer = polls.answer("GET", "/feeds/macro.rss", Headers())
    assert (answer.status, answer.body) == (200, newsroom.client.get("/feeds/macro.rss").get_data())
    modified = dict(answer.headers)["Last-Modified"]
    assert polls.answer("GET", "/feeds/macro.rss", Headers({"if-modified-since": modified})).status == 304
    assert modified == http_date(newsroom.runtime.clock())
