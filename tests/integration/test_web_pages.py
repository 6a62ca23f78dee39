import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urljoin

import pytest
from lxml import html
from structlog.testing import capture_logs

from feedsvc import publish
from feedsvc.errors import StoreError
from feedsvc.model import Author
from feedsvc.words import words_for
from htmlpages import alternates, links, read, words
from newsroom import Newsroom, open_newsroom

Clock = Callable[[], datetime]


@pytest.fixture
def newsroom(tmp_path: Path, clock: Clock, sqlite_url: str) -> Iterator[Newsroom]:
    with open_newsroom(tmp_path, clock) as newsroom:
        yield newsroom


def test_the_index_says_what_there_is(newsroom: Newsroom) -> None:
    newsroom.put(title="雾中码头")
    page = read(newsroom.client.get("/"))
    assert page.get("lang") == "zh-Hans"
    assert page.xpath("string(//h1)") == "江畔新闻"
    for slug, suffixes in (("macro", "rss atom json"), ("finance", "rss atom"), ("all", "rss atom json")):
        assert f"./sections/{slug}/" in links(page)
        assert {f"./feeds/{slug}.{suffix}" for suffix in suffixes.split()} <= set(links(page))
    assert "./feeds/finance.json" not in links(page)
    assert "./feeds.opml" in links(page)
    assert "雾中码头" in words(page)
    assert alternates(page) == [f"https://news.example.org/feeds/all.{suffix}" for suffix in ("rss", "atom", "json")]
    assert [link.get("type") for link in page.xpath('//link[@rel="alternate"]')] == [
        "application/rss+xml",
        "application/atom+xml",
        "application/feed+json",
    ]
    assert page.xpath('//link[@rel="canonical"]/@href') == ["https://news.example.org/"]
    assert page.xpath('//link[@rel="icon"]/@href') == ["data:,"], "browsers would ask for /favicon.ico"


def test_an_empty_site_has_an_index_too(newsroom: Newsroom) -> None:
    assert "这里还没有发布内容" in words(read(newsroom.client.get("/")))


def test_every_address_on_a_page_leads_somewhere(newsroom: Newsroom) -> None:
    newsroom.put(sections=("macro", "science"))
    newsroom.regenerate()
    asked, waiting = set[str](), ["/"]
    while waiting:
        address = waiting.pop()
        asked.add(address)
        response = newsroom.client.get(address, buffered=True)
        assert response.status_code == 200, address
        if response.mimetype == "text/html":
            page = read(response)
            found = [*links(page), *(str(link) for link in page.xpath('//link[@rel="stylesheet"]/@href'))]
            here = {urljoin(f"http://x{address}", link).removeprefix("http://x").partition("#")[0] for link in found}
            waiting += sorted(link for link in here if link.startswith("/") and link not in asked)
    assert {"/sections/economy/", "/sections/science/", "/feeds/all.json", "/feeds.opml"} <= asked


def test_a_section_shows_its_articles_and_the_addresses_to_copy(newsroom: Newsroom) -> None:
    newsroom.put(summary="运费回落，仓库却满了。")
    page = read(newsroom.client.get("/sections/macro/"))
    assert page.xpath("string(//h1)") == "宏观"
    text = words(page)
    for part in ("宏观经济与政策", "雾中码头", "周文渡、陆一舟", "运费回落，仓库却满了。"):
        assert part in text
    assert [str(code.text_content()) for code in page.xpath("//code")] == [
        f"https://news.example.org/feeds/macro.{suffix}" for suffix in ("rss", "atom", "json")
    ]
    for part in ("订阅源是写给阅读器的栏目", "点一下地址即全部选中", "几个地址内容相同", "NetNewsWire"):
        assert part in text
    assert "播客" not in text
    assert alternates(page) == [f"https://news.example.org/feeds/macro.{suffix}" for suffix in ("rss", "atom", "json")]
    assert page.xpath('//link[@rel="alternate"]/@title') == ["宏观（RSS）", "宏观（Atom）", "宏观（JSON Feed）"]


def test_a_section_speaks_its_own_language(newsroom: Newsroom) -> None:
    newsroom.put(sections=("science",), title="Tide tables", authors=(Author(name="Maren Holt"),))
    page = read(newsroom.client.get("/sections/science/"))
    assert page.get("lang") == "en"
    assert "Subscribe" in words(page)
    assert "By Maren Holt" in words(page)
    assert "訂閱" in words(read(newsroom.client.get("/sections/finance/")))


def test_a_section_shows_the_notice_that_stands_in_its_feeds_and_nothing_of_the_article(newsroom: Newsroom) -> None:
    store, clock = newsroom.runtime.store, newsroom.runtime.clock
    gone = newsroom.put(external_id="a", title="传闻", summary="据说。", correction="误。")
    silent = newsroom.put(external_id="b", title="Hearsay", language="en")
    tombstone = newsroom.put(external_id="c", title="隐私")
    publish.withdraw(store, clock, gone.id, mode="notice", notice="未经核实。\n谨致歉意。")
    publish.withdraw(store, clock, silent.id, mode="notice")
    publish.withdraw(store, clock, tombstone.id, mode="tombstone")
    for path in ("/sections/macro/", "/sections/economy/"):
        page = read(newsroom.client.get(path))
        assert [" ".join(each.text_content().split()) for each in page.xpath("//article")] == [
            f"This article has been withdrawn {words_for('en')['withdrawn_text']} 撤回于 2026年3月2日 16:00",
            "本文已撤回 未经核实。 谨致歉意。 撤回于 2026年3月2日 16:00",
        ]
        assert [link.rpartition("/")[2] for link in page.xpath("//article//a/@href")] == [silent.id, gone.id]
    assert "这里还没有发布内容" in words(read(newsroom.client.get("/")))


def test_a_section_can_be_paged_through_to_its_end_each_article_once(newsroom: Newsroom, clock: Clock) -> None:
    moment = clock()
    for number in range(45):
        # three share each second, so that the order within one second matters
        published = moment - timedelta(seconds=number // 3)
        newsroom.put(external_id=f"n{number}", title=f"Number {number}", published=published, sections=("macro",))
    seen: list[str] = []
    address = "/sections/economy/"
    pages = 0
    while address:
        page = read(newsroom.client.get(address))
        seen += [str(title.text_content()) for title in page.xpath("//article//h3")]
        older = page.xpath('//a[@rel="next"]/@href')
        address = urljoin("/sections/economy/", str(older[0])) if older else ""
        assert page.xpath("string(//main//h2)") == ("最新" if pages == 0 else "更早")
        assert ("./" in links(page)) is (pages > 0)
        assert bool(page.xpath('//link[@rel="canonical"]')) is (pages == 0)
        pages += 1
    assert pages == 3
    assert sorted(seen) == sorted(f"Number {number}" for number in range(45))


@pytest.mark.parametrize("before", ["", "nonsense", "9" * 12 + "-1", "-1--1", "1-1-1"])
def test_a_mangled_page_address_is_the_beginning_or_the_end_but_no_error(newsroom: Newsroom, before: str) -> None:
    newsroom.put()
    read(newsroom.client.get("/sections/macro/", query_string={"before": before}))


def test_a_list_shows_which_articles_were_corrected(newsroom: Newsroom) -> None:
    newsroom.put(external_id="a")
    newsroom.put(external_id="b", title="灯塔")
    article = newsroom.put(external_id="a", correction="原题误作雾中。")
    for path, root in (("/", "./"), ("/sections/macro/", "../../")):
        marks = [link for link in links(read(newsroom.client.get(path))) if link.endswith("#corrections")]
        assert marks == [f"{root}articles/{article.id}#corrections"]


def test_what_is_not_published_is_not_shown(newsroom: Newsroom, clock: Clock) -> None:
    draft = newsroom.put(draft=True)
    scheduled = newsroom.put(published=clock() + timedelta(hours=1))
    for article in (draft, scheduled):
        page = read(newsroom.client.get(f"/articles/{article.id}"), 404)
        assert "雾中码头" not in words(page)


@pytest.mark.parametrize(
    "path", ["/articles/unknown", "/articles/%00", "/articles/中文", "/nowhere", "/a/b/c/d", "/a//b"]
)
def test_an_unknown_address_leads_on(newsroom: Newsroom, path: str) -> None:
    page = read(newsroom.client.get(path), 404)
    assert "找不到页面" in words(page)
    climbs = "../" * (path.count("/") - 1) or "./"
    assert f"{climbs}sections/macro/" in links(page)


@pytest.mark.parametrize("slug", ["makro", "宏觀", "Macro"])
def test_an_unknown_section_names_the_nearest(newsroom: Newsroom, slug: str) -> None:
    page = read(newsroom.client.get(f"/sections/{slug}/"), 404)
    assert "您要找的或许是 宏观" in words(page)


def test_an_address_without_its_slash_is_led_there_relatively(newsroom: Newsroom) -> None:
    response = newsroom.client.get("/sections/macro")
    assert (response.status_code, response.headers["Location"]) == (308, "macro/")


def test_a_page_is_not_sent_twice_to_who_has_it(newsroom: Newsroom) -> None:
    article = newsroom.put()
    for path in ("/", "/sections/macro/", f"/articles/{article.id}"):
        first = newsroom.client.get(path)
        again = newsroom.client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.get_data()) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
        assert newsroom.client.head(path).get_data() == b""


def test_nothing_on_a_page_executes_or_comes_from_elsewhere(newsroom: Newsroom) -> None:
    newsroom.put()
    for path in ("/", "/sections/macro/", "/nowhere"):
        response = newsroom.client.get(path)
        policy = response.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; img-src https: http: data:")
        for part in ("form-action 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
            assert part in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"]
        page = html.document_fromstring(response.get_data(as_text=True))
        assert not page.xpath("//script | //style | //*[@style] | //iframe | //form")
        assert not page.xpath('//link[@rel="stylesheet"][contains(@href, "://")]')


def test_the_style_sheet_is_kept_for_long_under_its_version(newsroom: Newsroom) -> None:
    page = read(newsroom.client.get("/"))
    (address,) = (str(link) for link in page.xpath('//link[@rel="stylesheet"]/@href'))
    assert re.fullmatch(r"\./static/site\.css\?v=[0-9a-f]{12}", address)
    versioned = newsroom.client.get(address[1:], buffered=True)
    assert "max-age=31536000" in versioned.headers["Cache-Control"]
    assert versioned.headers["ETag"]
    plain = newsroom.client.get("/static/site.css", buffered=True)
    assert "max-age=3600" in plain.headers["Cache-Control"]
    assert plain.get_data() == versioned.get_data()


def test_without_its_store_a_page_says_so_and_the_feeds_go_on(newsroom: Newsroom, tmp_path: Path) -> None:
    newsroom.put()
    newsroom.regenerate()
    newsroom.runtime.store.close()
    for leftover in tmp_path.glob("*.db*"):
        leftover.unlink()
    database = tmp_path / "feedsvc.db"
    database.mkdir()
    response = newsroom.client.get("/sections/macro/")
    page = read(response, 503)
    assert int(response.headers["Retry-After"]) > 0
    assert "订阅源照常提供" in words(page)
    assert "../../feeds/macro.rss" in links(page)
    assert newsroom.client.get("/feeds/macro.rss").status_code == 200


def test_a_database_that_is_away_is_told_once_and_when_it_is_back(newsroom: Newsroom, tmp_path: Path) -> None:
    newsroom.put()
    token, database = newsroom.token(), tmp_path / "feedsvc.db"
    newsroom.runtime.store.close()
    database.rename(tmp_path / "aside.db")
    with capture_logs() as logs:
        for _ in range(3):
            assert newsroom.client.get("/").status_code == 503
            assert newsroom.call("GET", "/articles", token=token).status_code == 503
            assert newsroom.client.get("/static/site.css", buffered=True).status_code == 200
            assert newsroom.client.get("/nothing").status_code == 404
        (tmp_path / "aside.db").rename(database)
        assert newsroom.client.get("/").status_code == 200
    assert [each["event"] for each in logs] == ["requests_put_off", "requests_answered_again"]


def test_a_fault_of_ours_is_a_page_with_an_id_and_no_traceback(newsroom: Newsroom) -> None:
    def fail() -> str:
        raise ZeroDivisionError("secret of the house")

    newsroom.app.add_url_rule("/fault", view_func=fail)
    newsroom.app.add_url_rule("/api/v1/fault", view_func=fail)

    def fill() -> str:
        raise StoreError("sqlite:////secret/path: the disk is full")

    newsroom.app.add_url_rule("/full", view_func=fill)
    page = newsroom.client.get("/fault")
    assert "secret" not in page.get_data(as_text=True)
    assert re.search(r"编号：[0-9a-f]{12}", words(read(page, 500)))
    assert "secret" not in words(read(newsroom.client.get("/full"), 500))
    problem = newsroom.client.get("/api/v1/fault")
    assert problem.status_code == 500
    assert problem.mimetype == "application/problem+json"
    assert re.fullmatch(r"[0-9a-f]{12}", problem.get_json(force=True)["error_id"])
    assert "secret" not in problem.get_data(as_text=True)


def test_a_page_can_only_be_read(newsroom: Newsroom) -> None:
    response = newsroom.client.post("/")
    text = words(read(response, 405))
    assert "这个地址不接收内容。" in text
    assert "错误已记录" not in text
    assert "GET" in response.headers["Allow"]
