import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from feedsvc.model import Author, Enclosure, Image, Limits, Source, State
from feedsvc.tokens import hash_token, mint
from feedsvc.web.waiting import Waits
from newsroom import CONFIG, WAIT, Newsroom, open_newsroom

AN_HOUR = Limits().guesses

Clock = Callable[[], datetime]

ARTICLE: dict[str, Any] = {
    "title": "雾中码头 🚢",
    "sections": ["macro"],
    "content_html": "<p>𠮷祥里的老码头已经热闹起来。</p>",
    "authors": [{"name": "周文渡"}],
    "enclosures": [{"url": "https://e.example.org/a.mp3", "type": "audio/mpeg", "length": 16300}],
}


@pytest.fixture
def newsroom(tmp_path: Path, clock: Clock, sqlite_url: str) -> Iterator[Newsroom]:
    with open_newsroom(tmp_path, clock) as newsroom:
        yield newsroom


@pytest.fixture
def token(newsroom: Newsroom) -> str:
    """For every section."""
    return newsroom.token()


def problem(response: TestResponse, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.mimetype == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    body: dict[str, Any] = response.get_json(force=True)
    assert body["status"] == status
    assert body["title"]
    assert body["type"].startswith("urn:feedsvc:problem:")
    return body


def fields(body: dict[str, Any]) -> list[str]:
    return [error["field"] for error in body["errors"]]


def stored(newsroom: Newsroom) -> int:
    return sum(newsroom.runtime.store.count_articles().values())


# putting


def test_put_creates_then_replaces_then_changes_nothing(newsroom: Newsroom, token: str) -> None:
    first = newsroom.call("PUT", "/articles/cms-1", ARTICLE, token=token)
    assert first.status_code == 201
    body = first.get_json()
    assert first.headers["Location"] == f"/api/v1/articles/{body['id']}"
    assert first.headers["Cache-Control"] == "no-store"
    assert body["external_id"] == "cms-1"
    assert body["state"] == "live"
    assert body["sections"] == ["macro"]
    assert body["link"] == f"https://news.example.org/articles/{body['id']}"
    assert body["published"] == body["updated"] == "2026-03-02T08:00:00Z"
    assert "https://news.example.org/feeds/macro.rss" in body["feeds"]
    assert "https://news.example.org/feeds/economy.atom" in body["feeds"]
    assert "https://news.example.org/feeds/all.json" in body["feeds"]
    assert body["findings"] == []

    again = newsroom.call("PUT", "/articles/cms-1", ARTICLE, token=token)
    assert (again.status_code, again.get_json()["revision"]) == (200, 1)

    changed = newsroom.call("PUT", "/articles/cms-1", {**ARTICLE, "title": "雾散"}, token=token).get_json()
    assert (changed["id"], changed["title"], changed["revision"]) == (body["id"], "雾散", 2)
    assert changed["updated"] > body["updated"]
    assert stored(newsroom) == 1


@pytest.mark.parametrize(
    "key",
    [
        "cms/2026/0412",
        "/leading",
        "trailing/",
        "a//b",
        "what?now=1&x=2",
        "100%",
        "a%2Fb",
        "..",
        "./../x",
        "中文/编号",
        "𠮷🚢",
        "https://cms.example.org/?p=12#top",
        "a b+c",
        " spaced ",
        "x/api/v1/articles/y",
        "line\nbreak",
    ],
)
def test_any_text_is_a_key(newsroom: Newsroom, token: str, key: str) -> None:
    path = f"/articles/{quote(key, safe='')}"
    assert newsroom.call("PUT", path, ARTICLE, token=token).get_json()["external_id"] == key
    assert newsroom.call("GET", path, token=token).get_json()["external_id"] == key
    by_query = f"/articles?external_id={quote(key, safe='')}"
    assert newsroom.call("PUT", by_query, ARTICLE, token=token).status_code == 200
    assert newsroom.call("PATCH", by_query, {"title": "改"}, token=token).get_json()["title"] == "改"
    listed = newsroom.call("GET", by_query, token=token).get_json()["articles"]
    assert [one["external_id"] for one in listed] == [key]
    assert newsroom.call("DELETE", by_query, token=token).get_json()["state"] == "withdrawn"
    assert stored(newsroom) == 1


def test_slashes_need_not_be_encoded(newsroom: Newsroom, token: str) -> None:
    assert newsroom.call("PUT", "/articles/a//b/c/", ARTICLE, token=token).get_json()["external_id"] == "a//b/c/"
    assert newsroom.call("GET", "/articles/a%2F%2Fb/c%2F", token=token).status_code == 200


def test_the_articles_id_names_it_too(newsroom: Newsroom, token: str) -> None:
    body = newsroom.call("PUT", "/articles/cms-1", ARTICLE, token=token).get_json()
    changed = newsroom.call("PUT", f"/articles/{body['id']}", {**ARTICLE, "title": "雾散"}, token=token)
    assert changed.status_code == 200
    assert changed.get_json()["external_id"] == "cms-1"
    assert newsroom.call("GET", f"/articles/{body['id']}", token=token).get_json()["title"] == "雾散"


def test_a_body_that_names_another_article_is_refused(newsroom: Newsroom, token: str) -> None:
    body = problem(newsroom.call("PUT", "/articles/a", {**ARTICLE, "external_id": "b"}, token=token), 422)
    assert fields(body) == ["external_id"]
    assert newsroom.call("PUT", "/articles/a", {**ARTICLE, "external_id": "a"}, token=token).status_code == 201


def test_a_key_has_to_be_given_and_readable(newsroom: Newsroom, token: str) -> None:
    assert fields(problem(newsroom.call("PUT", "/articles", ARTICLE, token=token), 422)) == ["external_id"]
    assert fields(problem(newsroom.call("PUT", "/articles/a%00b", ARTICLE, token=token), 422)) == ["external_id"]
    problem(newsroom.call("PUT", "/articles/%FF", ARTICLE, token=token), 400)
    problem(newsroom.call("PUT", "/articles/", ARTICLE, token=token), 404)
    assert stored(newsroom) == 0


def test_post_creates_and_replaces_nothing(newsroom: Newsroom, token: str) -> None:
    assert newsroom.call("POST", "/articles", ARTICLE, token=token).status_code == 201
    assert newsroom.call("POST", "/articles", {**ARTICLE, "external_id": "x"}, token=token).status_code == 201
    body = problem(newsroom.call("POST", "/articles", {**ARTICLE, "external_id": "x"}, token=token), 409)
    assert fields(body) == ["external_id"]
    assert stored(newsroom) == 2


def test_the_id_from_an_older_feed_is_taken_once_and_for_all(newsroom: Newsroom, token: str) -> None:
    known = ARTICLE | {"entry_id": "https://old.example.org/?p=7", "is_permalink": True}
    created = newsroom.call("POST", "/articles", known | {"external_id": "cms-7"}, token=token)
    assert (created.status_code, created.get_json()["entry_id"]) == (201, "https://old.example.org/?p=7")
    assert newsroom.call("PUT", "/articles/cms-7", known, token=token).get_json()["revision"] == 1
    without = newsroom.call("PUT", "/articles/cms-7", ARTICLE, token=token)
    assert (without.status_code, without.get_json()["entry_id"]) == (200, "https://old.example.org/?p=7")
    other = newsroom.call("PATCH", "/articles/cms-7", {"entry_id": "urn:other"}, token=token)
    assert "entry_id" in problem(other, 409)["detail"]
    taken = newsroom.call("PUT", "/articles/cms-8", known, token=token)
    assert "entry_id" in problem(taken, 409)["detail"]
    assert stored(newsroom) == 1


def test_an_alias_is_understood_and_told(newsroom: Newsroom, token: str) -> None:
    body = newsroom.call("PUT", "/articles/a", {**ARTICLE, "sections": ["宏觀"]}, token=token).get_json()
    assert body["sections"] == ["macro"]
    assert any("macro" in note["message"] for note in body["notes"])


# patching, reading, withdrawing


def test_patch_changes_what_it_names(newsroom: Newsroom, token: str) -> None:
    newsroom.call("PUT", "/articles/a", {**ARTICLE, "editor": "沈怀川", "tags": ["航运"]}, token=token)
    patch = {"title": "雾散", "editor": None, "source": {"name": "江湾日报"}}
    sent = {"Content_Type": "application/merge-patch+json"}
    response = newsroom.call("PATCH", "/articles/a", patch, token=token, **sent)
    assert response.status_code == 200
    article = newsroom.call("GET", "/articles/a", token=token).get_json()["article"]
    assert article["title"] == "雾散"
    assert article["tags"] == ["航运"]
    assert article["source"] == {"name": "江湾日报"}
    assert "editor" not in article
    problem(newsroom.call("PATCH", "/articles/b", patch, token=token), 404)
    assert fields(problem(newsroom.call("PATCH", "/articles/a", {"title": None}, token=token), 422)) == ["title"]


def test_what_get_shows_put_takes_back_unchanged(newsroom: Newsroom, token: str, clock: Clock) -> None:
    article = newsroom.put(
        external_id="full",
        link="https://paper.example.org/a",
        summary="运费回落。",
        authors=(Author(name="周文渡", email="zhou@example.org", url="https://example.org/zhou"),),
        source=Source(name="江湾日报", url="https://paper.example.org/"),
        editor="沈怀川",
        breadcrumb=("首页", "宏观"),
        tags=("航运",),
        language="zh-Hans",
        published=clock() - timedelta(days=1),
        image=Image(url="https://img.example.org/a.jpg", type="image/jpeg", width=640, height=360, alt="老码头"),
        enclosures=(Enclosure(url="https://e.example.org/a.mp3", type="audio/mpeg", length_bytes=1),),
    )
    shown = newsroom.call("GET", "/articles/full", token=token).get_json()
    assert shown["link"] == "https://paper.example.org/a"
    again = newsroom.call("PUT", "/articles/full", shown["article"], token=token).get_json()
    assert (again["revision"], again["updated"], again["notes"]) == (1, shown["updated"], [])
    assert newsroom.runtime.store.article(article.id) == article


def test_delete_withdraws_once_and_for_all_until_put_again(newsroom: Newsroom, token: str) -> None:
    body = newsroom.call("PUT", "/articles/a", ARTICLE, token=token).get_json()
    for _ in range(2):
        response = newsroom.call("DELETE", "/articles/a", token=token)
        assert response.status_code == 200
        assert response.get_json()["state"] == "withdrawn"
        assert response.get_json()["feeds"] == []
    assert newsroom.client.get(f"/articles/{body['id']}").status_code == 410
    assert fields(problem(newsroom.call("PATCH", "/articles/a", {"title": "x"}, token=token), 409)) == ["state"]
    revived = newsroom.call("PUT", "/articles/a", ARTICLE, token=token)
    assert (revived.status_code, revived.get_json()["id"], revived.get_json()["state"]) == (200, body["id"], "live")
    problem(newsroom.call("DELETE", "/articles/b", token=token), 404)


def test_lists_go_newest_first_page_by_page(newsroom: Newsroom, token: str, clock: Clock) -> None:
    for number in range(7):
        newsroom.put(external_id=f"n{number}", sections=("macro", "finance") if number % 2 else ("macro",))
    newsroom.put(external_id="d", draft=True, sections=("science",))

    def ids(query: str) -> tuple[list[str], int | None]:
        body = newsroom.call("GET", f"/articles{query}", token=token).get_json()
        return [one["external_id"] for one in body["articles"]], body["next"]

    assert ids("")[0] == ["d", *(f"n{number}" for number in range(6, -1, -1))]
    first, following = ids("?section=economy&limit=4")
    assert first == ["n6", "n5", "n4", "n3"]
    assert ids(f"?section=economy&limit=4&before={following}") == (["n2", "n1", "n0"], None)
    assert ids("?section=finance")[0] == ["n5", "n3", "n1"]
    assert ids("?section=all&state=draft") == (["d"], None)
    assert ids("?external_id=nothing") == ([], None)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?state=lost", "state"),
        ("?limit=0", "limit"),
        ("?limit=201", "limit"),
        ("?limit=many", "limit"),
        ("?before=-1", "before"),
        ("?before=" + "9" * 40, "before"),
        ("?section=makro", "section"),
    ],
)
def test_a_list_that_cannot_be_made_says_why(newsroom: Newsroom, token: str, query: str, field: str) -> None:
    assert fields(problem(newsroom.call("GET", f"/articles{query}", token=token), 422)) == [field]


def test_articles_of_a_section_that_was_taken_out_are_listed_still(newsroom: Newsroom, token: str) -> None:
    newsroom.put(external_id="s", sections=("science",))
    newsroom.runtime.settings.path.write_text(CONFIG.replace("  science:", "  ocean:"), encoding="utf-8")
    newsroom.runtime.refresh()
    body = newsroom.call("GET", "/articles?section=science", token=token).get_json()
    assert [one["external_id"] for one in body["articles"]] == ["s"]


def test_sections_are_listed_with_their_feeds(newsroom: Newsroom, token: str) -> None:
    sections = newsroom.call("GET", "/sections", token=token).get_json()["sections"]
    assert [section["slug"] for section in sections] == ["macro", "finance", "science", "economy", "all"]
    assert sections[0]["aliases"] == ["宏觀"]
    assert sections[1]["feeds"] == {
        "rss": "https://news.example.org/feeds/finance.rss",
        "atom": "https://news.example.org/feeds/finance.atom",
    }
    assert sections[3]["include"] == ["macro", "finance"]


# who may


@pytest.mark.parametrize("authorization", [None, "", "Basic eDp5", "Bearer", "Bearer a b", "Bearer 中"])
def test_without_a_token_nothing_is_said_but_that_one_is_needed(newsroom: Newsroom, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    for method, path in (("GET", "articles"), ("PUT", "articles/a"), ("DELETE", "articles/a"), ("GET", "sections")):
        response = newsroom.client.open(f"/api/v1/{path}", method=method, headers=headers, json=ARTICLE)
        problem(response, 401)
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="feedsvc"'
    assert stored(newsroom) == 0


def test_a_wrong_or_revoked_token_is_not_valid(newsroom: Newsroom, token: str, clock: Clock) -> None:
    response = newsroom.call("PUT", "/articles/a", ARTICLE, token=token + "x")
    problem(response, 401)
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
    with newsroom.runtime.store.write() as tx:
        tx.revoke_token(token[-8:], clock())
    body = problem(newsroom.call("PUT", "/articles/a", ARTICLE, token=token), 401)
    assert "revoked" in body["detail"]
    assert stored(newsroom) == 0


def test_who_guesses_tokens_is_not_listened_to_and_locks_nobody_out(
    newsroom: Newsroom, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, guesser = newsroom.token(), {"REMOTE_ADDR": "198.51.100.7"}

    def ask(token: str, address: dict[str, str]) -> TestResponse:
        headers = {"Authorization": f"Bearer {token}"}
        return newsroom.client.get("/api/v1/sections", headers=headers, environ_overrides=address)

    assert ask(token, guesser).status_code == 200
    with capture_logs() as logs:
        assert [ask(f"fs_guess{number}", guesser).status_code for number in range(AN_HOUR)] == [401] * AN_HOUR
        refused = ask("fs_guess", guesser)
    assert problem(refused, 429)["type"] == "urn:feedsvc:problem:too-many-wrong-tokens"
    assert 0 < int(refused.headers["Retry-After"]) <= 3600 / AN_HOUR
    assert [(each["event"], each["network"]) for each in logs] == [("tokens_guessed", "198.51.100.0/24")]
    with monkeypatch.context() as nobody_asks:
        nobody_asks.setattr(newsroom.runtime.store, "token_by_hash", pytest.fail)
        assert ask("fs_guess", guesser).status_code == 429
    assert ask(late, guesser).status_code == 200, "one that was never used before, as all are after a restart"
    assert ask(token, guesser).status_code == 200
    assert ask(late, {"REMOTE_ADDR": "198.51.100.8"}).status_code == 200
    with newsroom.runtime.store.write() as tx:
        tx.revoke_token(token[-8:], newsroom.runtime.clock())
    assert ask(token, guesser).status_code in {401, 429}, "a second later it is as any other"


def test_no_token_at_all_is_no_guess(newsroom: Newsroom, token: str) -> None:
    for _ in range(2 * AN_HOUR):
        problem(newsroom.client.get("/api/v1/sections"), 401)
    assert newsroom.call("GET", "/sections", token=token).status_code == 200


def test_a_replaced_token_is_taken_until_its_time(newsroom: Newsroom, token: str, clock: Any) -> None:
    new = mint()
    with newsroom.runtime.store.write() as tx:
        assert tx.rotate_token(token[-8:], hash_token(new), clock(), clock() + timedelta(hours=1))
    for each in (token, new):
        assert newsroom.call("GET", "/sections", token=each).status_code == 200
    clock.advance(3600)
    problem(newsroom.call("GET", "/sections", token=token), 401)
    assert newsroom.call("GET", "/sections", token=new).status_code == 200


def test_a_token_writes_in_its_own_sections_before_and_after(newsroom: Newsroom, token: str) -> None:
    macro = newsroom.token("macro")
    assert newsroom.call("PUT", "/articles/m", ARTICLE, token=macro).status_code == 201
    newsroom.call("PUT", "/articles/f", {**ARTICLE, "sections": ["finance"]}, token=token)
    newsroom.call("PUT", "/articles/both", {**ARTICLE, "sections": ["macro", "finance"]}, token=token)
    for method, path, body in (
        ("PUT", "/articles/new", {**ARTICLE, "sections": ["finance"]}),
        ("PUT", "/articles/new", {**ARTICLE, "sections": ["macro", "finance"]}),
        ("POST", "/articles", {**ARTICLE, "sections": ["财经", "science"]} | {"sections": ["science"]}),
        ("PUT", "/articles/f", ARTICLE),
        ("PUT", "/articles/both", ARTICLE),
        ("PATCH", "/articles/m", {"sections": ["finance"]}),
        ("PATCH", "/articles/f", {"sections": ["macro"]}),
        ("DELETE", "/articles/f", None),
        ("DELETE", "/articles/both", None),
        ("GET", "/articles/f", None),
        ("GET", "/articles?section=finance", None),
    ):
        response = newsroom.call(method, path, body, token=macro)
        problem(response, 403)
        assert 'error="insufficient_scope"' in response.headers["WWW-Authenticate"]
    assert newsroom.call("GET", "/articles/f", token=token).get_json()["sections"] == ["finance"]
    assert newsroom.call("GET", "/articles/both", token=token).get_json()["state"] == "live"
    assert stored(newsroom) == 3


def test_a_token_reads_what_stands_in_its_sections(newsroom: Newsroom) -> None:
    macro = newsroom.token("macro")
    newsroom.put(external_id="m")
    newsroom.put(external_id="f", sections=("finance",))
    newsroom.put(external_id="both", sections=("finance", "macro"))

    def ids(query: str) -> list[str]:
        body = newsroom.call("GET", f"/articles{query}", token=macro).get_json()
        return [one["external_id"] for one in body["articles"]]

    assert ids("") == ids("?section=macro") == ids("?section=economy") == ["both", "m"]
    assert ids("?external_id=f") == []
    assert ids("?external_id=both") == ["both"]
    assert newsroom.call("GET", "/articles/both", token=macro).status_code == 200
    sections = newsroom.call("GET", "/sections", token=macro).get_json()["sections"]
    assert [section["slug"] for section in sections] == ["macro", "economy", "all"]


def test_the_use_of_a_token_is_noted_at_most_once_a_minute(newsroom: Newsroom, token: str, clock: Any) -> None:
    def last_used() -> datetime | None:
        found = newsroom.runtime.store.token_by_hash(hash_token(token))
        assert found is not None
        return found.last_used

    assert last_used() is None
    newsroom.call("GET", "/sections", token=token)
    first = last_used()
    assert first == clock()
    clock.advance(59)
    newsroom.call("GET", "/sections", token=token)
    assert last_used() == first
    clock.advance(1)
    newsroom.call("GET", "/sections", token=token)
    assert last_used() == clock()


# what is refused


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"x"', b'{"title": NaN}', b"\xff\xfe", b'{"a":1,"a":2}', b"[" * 100_000],
)
@pytest.mark.parametrize(("method", "path"), [("PUT", "/articles/a"), ("POST", "/articles"), ("PATCH", "/articles/a")])
def test_broken_json_is_a_bad_request(newsroom: Newsroom, token: str, body: bytes, method: str, path: str) -> None:
    said = problem(newsroom.call(method, path, body, token=token), 400)
    assert said["errors"][0]["reason"]
    assert stored(newsroom) == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": None}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"title": "half \ud83d pair"}, "title"),
        ({"published": "2026-03-01T12:00:00"}, "published"),
        ({"sections": ["makro"]}, "sections[0]"),
        ({"sections": ["economy"]}, "sections[0]"),
        ({"sections": []}, "sections"),
        ({"titel": "x"}, "titel"),
        ({"authors": [{"name": 7}]}, "authors[0].name"),
        ({"content_html": None}, "content_html"),
    ],
)
def test_what_cannot_be_accepted_is_named_and_nothing_is_stored(
    newsroom: Newsroom, token: str, change: dict[str, Any], field: str
) -> None:
    body = problem(newsroom.call("PUT", "/articles/a", {**ARTICLE, **change}, token=token), 422)
    assert field in fields(body)
    assert all(error["reason"] for error in body["errors"])
    assert stored(newsroom) == 0


def test_an_unknown_section_comes_with_those_there_are(newsroom: Newsroom, token: str) -> None:
    body = problem(newsroom.call("PUT", "/articles/a", {**ARTICLE, "sections": ["makro"]}, token=token), 422)
    for slug in ("macro", "finance", "science"):
        assert slug in body["errors"][0]["reason"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": "text/plain"},
        {"Content_Type": "application/x-www-form-urlencoded"},
        {"Content_Type": "application/json; charset=gbk"},
        {"Content_Type": "application/json", "Content_Encoding": "gzip"},
    ],
)
def test_only_plain_json_is_taken(newsroom: Newsroom, token: str, headers: dict[str, str]) -> None:
    problem(newsroom.call("PUT", "/articles/a", ARTICLE, token=token, **headers), 415)


def test_a_body_beyond_the_limit_is_too_large_even_if_it_does_not_say_its_length(
    newsroom: Newsroom, token: str
) -> None:
    body = b'{"title": "' + b"x" * (8 * 1024 * 1024) + b'"}'
    assert "At most 8000000 bytes" in problem(newsroom.call("PUT", "/articles/a", body, token=token), 413)["detail"]


def test_the_largest_body_is_looked_at(newsroom: Newsroom, token: str) -> None:
    frame = b'{"title": "%s"}'
    body = frame % (b"x" * (Limits().request - len(frame) + 2))
    assert len(body) == Limits().request
    assert "title" in fields(problem(newsroom.call("PUT", "/articles/a", body, token=token), 422))


def test_an_unknown_route_or_method_is_a_problem_too(newsroom: Newsroom, token: str) -> None:
    problem(newsroom.call("GET", "/nothing", token=token), 404)
    response = newsroom.call("POST", "/articles/a", ARTICLE, token=token)
    problem(response, 405)
    assert {"GET", "PUT", "PATCH", "DELETE"} <= set(response.headers["Allow"].split(", "))
    assert problem(newsroom.call("GET", "/articles/missing", token=token), 404)["detail"]


def test_without_its_store_the_api_says_when_to_come_again(newsroom: Newsroom, token: str, tmp_path: Path) -> None:
    newsroom.runtime.store.close()
    for leftover in tmp_path.glob("*.db*"):
        leftover.unlink()
    (tmp_path / "feedsvc.db").mkdir()
    response = newsroom.call("GET", "/articles", token=token)
    problem(response, 503)
    assert int(response.headers["Retry-After"]) > 0
    assert str(tmp_path) not in response.get_data(as_text=True)


def test_a_correction_shows_with_what_is_stored(newsroom: Newsroom, token: str, clock: Clock) -> None:
    newsroom.call("PUT", "/articles/a", ARTICLE, token=token)
    corrected = {**ARTICLE, "title": "雾散", "correction": "原题有误。\r\n"}
    for changed in (True, False):
        body = newsroom.call("PUT", "/articles/a", corrected, token=token).get_json()
        assert [each["note"] for each in body["corrections"]] == ["原题有误。"]
        assert body["corrections"][0]["at"] == body["updated"]
        assert (body["revision"], body["withdrawal"]) == (2, None)
        assert [note["place"] for note in body["notes"]] == ["correction"], changed
    patched = newsroom.call("PATCH", "/articles/a", {"correction": "作者有误。"}, token=token).get_json()
    assert [each["note"] for each in patched["corrections"]] == ["原题有误。", "作者有误。"]
    shown = newsroom.call("GET", "/articles/a", token=token).get_json()
    assert shown["corrections"] == patched["corrections"]
    assert "correction" not in shown["article"]
    again = newsroom.call("PUT", "/articles/a", shown["article"], token=token).get_json()
    assert (again["revision"], again["corrections"]) == (3, patched["corrections"])


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_correction_is_not_minor(newsroom: Newsroom, token: str, method: str) -> None:
    before = newsroom.call("PUT", "/articles/a", ARTICLE, token=token).get_json()
    body = {**ARTICLE, "correction": "原题有误。", "minor": True}
    assert fields(problem(newsroom.call(method, "/articles/a", body, token=token), 422)) == ["minor"]
    assert newsroom.call("GET", "/articles/a", token=token).get_json()["revision"] == before["revision"]


def test_delete_may_say_what_shows(newsroom: Newsroom, token: str, clock: Any) -> None:
    newsroom.call("PUT", "/articles/a", {**ARTICLE, "sections": ["macro", "science"]}, token=token)
    said = {"notice": " 未经核实。", "mode": "notice"}
    body = newsroom.call("DELETE", "/articles/a", said, token=token).get_json()
    assert body["withdrawal"] == {"at": body["updated"], "notice": "未经核实。", "shown_in": ["macro", "science"]}
    assert [note["place"] for note in body["notes"]] == ["notice"]
    clock.advance(60)
    same = newsroom.call("DELETE", "/articles/a?mode=notice", token=token).get_json()
    assert same["withdrawal"] == body["withdrawal"]
    other = newsroom.call("DELETE", "/articles/a?mode=tombstone", {"notice": None}, token=token).get_json()
    assert other["withdrawal"] == {"at": "2026-03-02T08:01:00Z", "notice": None, "shown_in": []}
    assert newsroom.call("GET", "/articles/a", token=token).get_json()["withdrawal"] == other["withdrawal"]
    revived = newsroom.call("PUT", "/articles/a", ARTICLE, token=token).get_json()
    assert (revived["state"], revived["withdrawal"]) == ("live", None)


@pytest.mark.parametrize(
    ("query", "body", "field"),
    [
        ("", {"reason": "x"}, "reason"),
        ("", {"mode": "gone"}, "mode"),
        ("?mode=gone", None, "mode"),
        ("?mode=notice", {"mode": "tombstone"}, "mode"),
        ("", {"notice": 7}, "notice"),
        ("", {"notice": "\0"}, "notice"),
    ],
)
def test_a_withdrawal_that_is_not_understood_withdraws_nothing(
    newsroom: Newsroom, token: str, query: str, body: Any, field: str
) -> None:
    newsroom.call("PUT", "/articles/a", ARTICLE, token=token)
    refused = problem(newsroom.call("DELETE", f"/articles/a{query}", body, token=token), 422)
    assert fields(refused) == [field]
    assert newsroom.call("GET", "/articles/a", token=token).get_json()["state"] == "live"


def test_the_body_of_a_delete_is_json_or_not_there(newsroom: Newsroom, token: str) -> None:
    newsroom.call("PUT", "/articles/a", ARTICLE, token=token)
    problem(newsroom.call("DELETE", "/articles/a", b"{", token=token), 400)
    problem(newsroom.call("DELETE", "/articles/a", b"{}", token=token, Content_Type="text/plain"), 415)
    gone = newsroom.call("DELETE", "/articles/a", b"", token=token)
    assert (gone.status_code, gone.get_json()["state"]) == (200, "withdrawn")


def test_a_section_s_own_way_counts_where_the_editor_says_nothing(tmp_path: Path, clock: Clock) -> None:
    config = CONFIG.replace("    max_age: 90s\n", "    max_age: 90s\n    withdrawals: notice\n")
    (tmp_path / "noticing").mkdir()
    with open_newsroom(tmp_path / "noticing", clock, config) as newsroom:
        token = newsroom.token()
        newsroom.call("PUT", "/articles/a", {**ARTICLE, "sections": ["macro", "finance"]}, token=token)
        body = newsroom.call("DELETE", "/articles/a", token=token).get_json()
        assert body["withdrawal"]["shown_in"] == ["macro"]


# waiting


def test_a_withdrawal_of_what_was_never_live_says_why_nothing_shows(newsroom: Newsroom, token: str) -> None:
    newsroom.call("PUT", "/articles/a", {**ARTICLE, "draft": True}, token=token)
    body = newsroom.call("DELETE", "/articles/a", token=token).get_json()
    assert (body["state"], body["withdrawal"]) == ("withdrawn", None)
    (note,) = body["notes"]
    assert note["place"] == "withdrawal"
    assert "never live" in note["message"]
    assert "not kept" not in note["message"]
    (note,) = newsroom.call("DELETE", "/articles/a", {"notice": "误发。"}, token=token).get_json()["notes"]
    assert "what was said of its withdrawal is not kept" in note["message"]
    newsroom.call("PUT", "/articles/b", ARTICLE, token=token)
    assert newsroom.call("DELETE", "/articles/b", token=token).get_json()["notes"] == []


def test_a_withdrawal_is_waited_for_whatever_shows_of_it(newsroom: Newsroom, token: str) -> None:
    with newsroom.worker():
        newsroom.call("PUT", "/articles/a", {**ARTICLE, "sections": ["macro"]}, token=token, Prefer=WAIT)
        said = {"notice": "未经核实。", "mode": "notice"}
        gone = newsroom.call("DELETE", "/articles/a", said, token=token, Prefer=WAIT)
        assert gone.status_code == 200
        assert gone.get_json()["findings"] == []
        for url in gone.get_json()["feeds"]:
            document = newsroom.client.get(url.removeprefix("https://news.example.org")).get_data(as_text=True)
            assert "本文已撤回" in document
            assert "未经核实。" in document
            assert "雾中码头" not in document
        assert len(gone.get_json()["feeds"]) == 9
        buried = newsroom.call("DELETE", "/articles/a", {"mode": "tombstone"}, token=token, Prefer=WAIT)
        assert (buried.status_code, buried.get_json()["feeds"]) == (200, [])
        document = newsroom.client.get("/feeds/macro.atom").get_data(as_text=True)
        assert f'ref="{buried.get_json()["entry_id"]}"' in document
        assert "<at:comment>未经核实。</at:comment>" in document


def test_prefer_wait_answers_when_the_feeds_hold_the_article(newsroom: Newsroom, token: str) -> None:
    with newsroom.worker():
        response = newsroom.call("PUT", "/articles/a", ARTICLE, token=token, Prefer=WAIT)
        assert response.status_code == 201
        assert response.headers["Preference-Applied"] == WAIT
        feeds = response.get_json()["feeds"]
        assert len(feeds) == 9
        for url in feeds:
            document = newsroom.client.get(url.removeprefix("https://news.example.org")).get_data(as_text=True)
            assert "雾中码头 🚢" in document
        changed = newsroom.call("PUT", "/articles/a", {**ARTICLE, "title": "雾散"}, token=token, Prefer=WAIT)
        assert changed.status_code == 200
        assert "雾散" in newsroom.client.get("/feeds/macro.json").get_data(as_text=True)
        gone = newsroom.call("DELETE", "/articles/a", token=token, Prefer=WAIT)
        assert (gone.status_code, gone.get_json()["feeds"]) == (200, [])
        assert "雾散" not in newsroom.client.get("/feeds/macro.json").get_data(as_text=True)


def test_when_the_time_is_up_the_answer_is_accepted(newsroom: Newsroom, token: str) -> None:
    newsroom.regenerate()
    response = newsroom.call("PUT", "/articles/a", ARTICLE, token=token, Prefer="wait=0")
    assert response.status_code == 202
    assert response.headers["Preference-Applied"] == "wait=0"
    assert len(response.get_json()["feeds"]) == 9


def test_what_waiting_will_not_bring_is_answered_at_once(newsroom: Newsroom, token: str, clock: Clock) -> None:
    newsroom.regenerate()
    later = (clock() + timedelta(hours=1)).isoformat()
    scheduled = newsroom.call("PUT", "/articles/s", {**ARTICLE, "published": later}, token=token, Prefer="wait=30")
    assert (scheduled.status_code, scheduled.get_json()["state"]) == (202, "scheduled")
    assert len(scheduled.get_json()["feeds"]) == 9
    draft = newsroom.call("PUT", "/articles/d", {**ARTICLE, "draft": True}, token=token, Prefer="wait=30")
    assert (draft.status_code, draft.get_json()["state"], draft.get_json()["feeds"]) == (202, "draft", [])


def test_an_article_beyond_the_limit_is_accepted_with_the_reason(newsroom: Newsroom, token: str, clock: Clock) -> None:
    for number in range(3):
        newsroom.put(external_id=f"n{number}")
    newsroom.regenerate()
    old = {**ARTICLE, "published": (clock() - timedelta(days=1)).isoformat()}
    with newsroom.worker():
        response = newsroom.call("PUT", "/articles/old", old, token=token, Prefer=WAIT)
    assert response.status_code == 202
    (finding,) = [one for one in response.get_json()["findings"] if one["feed"] == "macro"]
    assert finding["rule"] == "beyond_limit"
    assert finding["message"]
    assert not [url for url in response.get_json()["feeds"] if "/macro." in url]


def test_where_too_many_wait_already_the_answer_comes_at_once(newsroom: Newsroom, token: str) -> None:
    newsroom.regenerate()
    newsroom.app.extensions["feedsvc.waits"] = Waits(at_once=0)
    response = newsroom.call("PUT", "/articles/a", ARTICLE, token=token, Prefer="wait=30")
    assert response.status_code == 202
    assert "Preference-Applied" not in response.headers


def test_without_the_wish_the_answer_comes_at_once(newsroom: Newsroom, token: str) -> None:
    response = newsroom.call("PUT", "/articles/a", ARTICLE, token=token)
    assert response.status_code == 201
    assert "Preference-Applied" not in response.headers


def test_states_are_those_of_the_model(newsroom: Newsroom, token: str) -> None:
    for state in State:
        assert newsroom.call("GET", f"/articles?state={state}", token=token).status_code == 200


# bodies as servers hand them on


def test_a_body_of_unknown_length_is_read_to_its_end(newsroom: Newsroom, token: str) -> None:
    def send(body: bytes) -> TestResponse:
        return newsroom.client.put(
            "/api/v1/articles/a",
            input_stream=BytesIO(body),
            headers={"Authorization": f"Bearer {token}", "Transfer-Encoding": "chunked"},
            content_type="application/json",
            environ_overrides={"wsgi.input_terminated": True},
        )

    assert send(json.dumps(ARTICLE).encode()).status_code == 201
    problem(send(b'{"title": "' + b"x" * (9 * 1024 * 1024)), 413)


@pytest.mark.parametrize("overrides", [{}, {"wsgi.input_terminated": True}])
def test_a_body_that_ends_early_is_a_bad_request(newsroom: Newsroom, token: str, overrides: dict[str, Any]) -> None:
    body = json.dumps(ARTICLE).encode()
    response = newsroom.client.put(
        "/api/v1/articles/a",
        input_stream=BytesIO(body),
        headers={"Authorization": f"Bearer {token}"},
        content_type="application/json",
        environ_overrides={"CONTENT_LENGTH": str(len(body) + 1), **overrides},
    )
    problem(response, 400)
    assert stored(newsroom) == 0


def test_what_is_left_of_a_body_is_dropped_within_bounds_unless_the_client_waits(newsroom: Newsroom) -> None:
    def left(length_bytes: int, **headers: str) -> int:
        stream = BytesIO(b"x" * length_bytes)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        response = newsroom.client.put(
            "/api/v1/articles/a", input_stream=stream, content_length=length_bytes, headers=sent
        )
        problem(response, 401)
        return length_bytes - stream.tell()

    assert left(9 * 1024 * 1024) == 0
    assert left(70 * 1024 * 1024) > 0
    assert left(1000, Expect="100-continue") == 1000


def test_a_token_whose_use_cannot_be_noted_serves_still(newsroom: Newsroom, token: str, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "feedsvc.db") as database:
        database.execute(
            "CREATE TRIGGER refuse BEFORE UPDATE ON token BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    database.close()
    assert newsroom.call("GET", "/articles", token=token).status_code == 200


def test_answers_are_in_plain_utf_8(newsroom: Newsroom, token: str) -> None:
    body = newsroom.call("PUT", "/articles/a", ARTICLE, token=token).get_data()
    assert "雾中码头 🚢".encode() in body


# a section that was taken out of config.yaml


def test_what_is_in_a_section_that_was_taken_out_can_be_changed(newsroom: Newsroom, token: str) -> None:
    newsroom.call("PUT", "/articles/cms-1", ARTICLE | {"sections": ["science", "macro"]}, token=token)
    path = newsroom.runtime.settings.path
    path.write_text(path.read_text().replace("  science:\n    title: Science & Sea\n    language: en\n", ""))
    assert newsroom.runtime.refresh()

    patched = newsroom.call("PATCH", "/articles/cms-1", {"title": "新码头"}, token=token)
    assert (patched.status_code, patched.get_json()["sections"]) == (200, ["science", "macro"])
    again = newsroom.call("PUT", "/articles/cms-1", ARTICLE | {"sections": ["science", "macro"]}, token=token)
    assert (again.status_code, again.get_json()["title"]) == (200, ARTICLE["title"])
    left = newsroom.call("PATCH", "/articles/cms-1", {"sections": ["macro"]}, token=token)
    assert left.get_json()["sections"] == ["macro"]
    problem(newsroom.call("PATCH", "/articles/cms-1", {"sections": ["science"]}, token=token), 422)
    problem(newsroom.call("PUT", "/articles/cms-2", ARTICLE | {"sections": ["science"]}, token=token), 422)
