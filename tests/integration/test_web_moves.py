"""Where feeds were: led on with 301, or said to be gone with 410; never by asking the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from feedsvc.config.moves import check_old_urls
from feedsvc.config.tree import Mark, Node
from feedsvc.runtime import Runtime
from feedsvc.web import create_app
from feedsvc.web.polls import Polls, environ_of
from newsroom import CONFIG, Newsroom, open_newsroom

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
BASE = "https://news.example.org"
MOVED = CONFIG.replace(
    "    aliases: [宏觀]\n",
    "    aliases: [宏觀]\n"
    "    old_urls: [/feed/, /栏目/宏观?type=atom, '/?feed=rss2', /%BA%EA.xml, /feeds/retired.json]\n",
)

Clock = Callable[[], datetime]


@pytest.fixture
def newsroom(tmp_path: Path, clock: Clock) -> Iterator[Newsroom]:
    with open_newsroom(tmp_path, clock, MOVED) as newsroom:
        yield newsroom


@pytest.mark.parametrize(
    ("path", "suffix"),
    [
        ("/feed/", "rss"),
        ("/feed?utm_source=x", "rss"),
        ("/%E6%A0%8F%E7%9B%AE/%E5%AE%8F%E8%A7%82?type=atom", "atom"),
        ("/?feed=rss2", "rss"),
        ("/feeds/retired.json", "json"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_old_address_leads_to_the_feed(newsroom: Newsroom, method: str, path: str, suffix: str) -> None:
    response = newsroom.client.open(path, method=method)
    assert response.status_code == 301
    assert response.headers["Location"] == f"{BASE}/feeds/macro.{suffix}"
    assert response.headers["Cache-Control"] == "max-age=3600"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert (response.get_data() == b"") is (method == "HEAD")


def test_an_address_may_be_encoded_in_gbk(newsroom: Newsroom) -> None:
    raw = {"PATH_INFO": b"/\xba\xea.xml".decode("latin-1")}  # the client would encode in UTF-8
    assert newsroom.client.get("/", environ_overrides=raw).status_code == 301


def test_other_methods_are_told_what_there_is(newsroom: Newsroom) -> None:
    assert newsroom.client.post("/feed/").status_code == 405
    assert newsroom.client.post("/feed/").headers["Allow"] == "GET, HEAD, OPTIONS"
    assert newsroom.client.options("/feed/").status_code == 204


def test_what_is_no_old_address_is_answered_as_ever(newsroom: Newsroom) -> None:
    assert newsroom.client.get("/").status_code == 200
    assert newsroom.client.get("/?feed=comments").status_code == 200
    assert newsroom.client.get("/%E6%A0%8F%E7%9B%AE/%E5%AE%8F%E8%A7%82").status_code == 404


def test_polls_lead_without_flask(newsroom: Newsroom) -> None:
    answer = Polls(newsroom.runtime).answer(environ_of("GET", "/feeds/retired.json"))
    assert (answer.status, dict(answer.headers)["Location"]) == (301, f"{BASE}/feeds/macro.json")


def without_finance(tmp_path: Path, config: str = MOVED) -> None:
    """Take the section out of config.yaml, and what includes it."""
    head, _, rest = config.partition("  finance:\n")
    kept = rest.partition("  science:\n")[2].partition("  economy:\n")[0]
    (tmp_path / "config.yaml").write_text(f"{head}  science:\n{kept}", "utf-8")


def settle(runtime: Runtime) -> None:
    """What a worker does after config.yaml was changed."""
    runtime.refresh()
    runtime.regenerator.remove_unconfigured(runtime.settings)


def test_a_section_that_was_taken_out_is_gone(newsroom: Newsroom, tmp_path: Path) -> None:
    assert newsroom.client.get("/feeds/finance.rss").status_code == 503
    without_finance(tmp_path)
    settle(newsroom.runtime)
    for path in ("/feeds/finance.rss", "/feeds/finance.json", "/feeds/economy.atom", "/feeds/finance/archive/1.atom"):
        answer = Polls(newsroom.runtime).answer(environ_of("GET", path))
        assert answer.status == 410
        assert b"has been closed" in answer.body
        assert b"https://news.example.org/feeds/macro.rss" in answer.body
    assert newsroom.client.get("/feeds/finance.rss").status_code == 410
    assert newsroom.client.get("/feeds/finance/archive/1.atom").status_code == 410
    assert newsroom.client.get("/feeds/never.rss").status_code == 404
    page = newsroom.client.get("/sections/finance/", headers=BROWSER)
    assert page.status_code == 410
    assert "这个栏目已经关闭" in page.get_data(as_text=True)
    assert "这个栏目已经关闭" in newsroom.client.get("/feeds/finance.rss", headers=BROWSER).get_data(as_text=True)


def test_a_section_that_comes_back_is_there(newsroom: Newsroom, tmp_path: Path) -> None:
    without_finance(tmp_path)
    settle(newsroom.runtime)
    assert newsroom.runtime.folder.removed() == {"economy", "finance"}
    (tmp_path / "config.yaml").write_text(MOVED, "utf-8")
    newsroom.runtime.refresh()
    assert newsroom.client.get("/feeds/finance.rss").status_code == 503
    assert newsroom.client.get("/feeds/finance.json").status_code == 404
    settle(newsroom.runtime)
    assert newsroom.runtime.folder.removed() == frozenset()


def test_a_section_that_was_renamed_leads_on(newsroom: Newsroom, tmp_path: Path) -> None:
    without_finance(
        tmp_path, MOVED.replace("/feeds/retired.json]", "/feeds/finance.rss, /feeds/finance.atom, /sections/finance/]")
    )
    settle(newsroom.runtime)
    for path, suffix in {"feeds/finance.rss": "rss", "feeds/finance.atom": "atom", "sections/finance/": "rss"}.items():
        response = newsroom.client.get(f"/{path}", headers=BROWSER)
        assert (response.status_code, response.headers["Location"]) == (301, f"{BASE}/feeds/macro.{suffix}")
    assert newsroom.client.get("/feeds/finance.json").status_code == 410


def test_a_poll_for_what_is_gone_needs_no_database(newsroom: Newsroom, tmp_path: Path) -> None:
    without_finance(tmp_path)
    settle(newsroom.runtime)
    newsroom.runtime.close()
    for file in tmp_path.glob("feedsvc.db*"):
        file.unlink()
    (tmp_path / "feedsvc.db").mkdir()
    assert Polls(newsroom.runtime).answer(environ_of("GET", "/feeds/finance.rss")).status == 410


def test_while_the_folder_cannot_be_read_it_is_not_found(newsroom: Newsroom) -> None:
    (newsroom.runtime.folder.path / ".removed").mkdir()
    assert Polls(newsroom.runtime).answer(environ_of("GET", "/feeds/old.rss")).status == 404


def test_no_address_of_the_service_can_be_claimed(newsroom: Newsroom) -> None:
    """Whatever routes there are, now and later."""
    rules = [str(rule) for rule in create_app(newsroom.runtime).url_map.iter_rules()]
    assert "/" in rules
    for rule in rules:
        path = rule.replace("<name>", "macro.rss").replace("<slug>", "macro").replace("<", "").replace(">", "")
        claim = Node(path, Mark(1, 1))
        assert list(check_old_urls({"macro": [(("old_urls", 0), claim)]})), rule
