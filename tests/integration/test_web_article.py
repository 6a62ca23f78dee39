from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from feedsvc import publish
from feedsvc.model import ArticleInput, Author, Enclosure, Image, Source
from feedsvc.text import sanitize_html
from htmlpages import alternates, links, read, words
from newsroom import CONFIG, Newsroom, open_newsroom

Clock = Callable[[], datetime]


@pytest.fixture
def newsroom(tmp_path: Path, clock: Clock, sqlite_url: str) -> Iterator[Newsroom]:
    with open_newsroom(tmp_path, clock) as newsroom:
        yield newsroom


def test_an_article_shows_everything_it_has(newsroom: Newsroom, clock: Clock) -> None:
    published = datetime.fromisoformat("2026-03-01T09:32:31+08:00")
    article = newsroom.put(
        title="<i>雾</i>中码头 & “渡轮”",
        language="zh-Hans",
        content_html=sanitize_html("<p>清晨<strong>六点</strong>。</p><h2>运费</h2>", "https://x.example.org"),
        published=published,
        editor="沈怀川",
        source=Source(name="江湾日报", url="https://paper.example.org/"),
        breadcrumb=("首页", "宏观", "正文"),
        tags=("航运", "物价"),
        link="https://paper.example.org/harbour",
        image=Image(url="https://img.example.org/a.jpg", width=640, height=360, alt="老码头"),
        enclosures=(
            Enclosure(
                url="https://e.example.org/%E9%92%9F.mp3",
                type="audio/mpeg",
                length_bytes=1_300_000,
                title="朗读",
                duration_seconds=312,
            ),
            Enclosure(url="https://e.example.org/v.mp4", type="video/mp4", length_bytes=0, duration_seconds=3723),
            Enclosure(url="https://e.example.org/download.php", type="application/pdf", length_bytes=900),
        ),
    )
    page = read(newsroom.client.get(f"/articles/{article.id}"))
    text = words(page)
    assert page.xpath("string(//h1)") == "<i>雾</i>中码头 & “渡轮”"
    assert page.xpath("string(//title)") == "<i>雾</i>中码头 & “渡轮” – 江畔新闻"
    assert page.xpath('//div[@class="body"]//strong/text()') == ["六点"]
    for part in ("周文渡、陆一舟", "沈怀川", "江湾日报", "首页", "航运", "物价", "朗读 MP3 · 5:12 · 1.2 MB"):
        assert part in text
    assert [" ".join(file.text_content().split()) for file in page.xpath('//section[@class="files"]/p')] == [
        "v.mp4 MP4 · 1:02:03",
        "download.php application/pdf · 900 B",
    ]
    assert page.xpath("//time/@datetime")[0] == "2026-03-01T09:32:31+08:00"
    assert "2026年3月1日 09:32 UTC+8" in text
    assert page.xpath('//nav[@class="kicker"]//a/@href') == ["../", "../sections/macro/"]
    assert "../sections/macro/#subscribe" in links(page)
    assert "https://paper.example.org/harbour" in links(page)
    assert page.xpath("//figure/img/@src") == ["https://img.example.org/a.jpg"]
    assert text.count("老码头") == 1
    assert page.xpath("//figure/img/@alt") == [""], "what the caption says would be read twice"
    assert page.xpath('//div[@class="body"]/preceding::audio/@src') == ["https://e.example.org/%E9%92%9F.mp3"]
    assert page.xpath("//video/@src") == ["https://e.example.org/v.mp4"]
    assert page.xpath('//link[@rel="canonical"]/@href') == ["https://paper.example.org/harbour"]
    assert len(alternates(page)) == 3


def test_what_is_written_from_right_to_left_says_so_and_its_frame_is_in_another_language(newsroom: Newsroom) -> None:
    article = newsroom.put(title="الميناء", language="ar", authors=(Author(name="ليلى حسن"),))
    page = read(newsroom.client.get(f"/articles/{article.id}"))
    assert (page.get("lang"), page.get("dir")) == ("en", None)
    (story,) = page.xpath("//article")
    assert (story.get("lang"), story.get("dir")) == ("ar", "rtl")
    assert [each.get("lang") for each in page.xpath('//p[@class="meta"] | //footer[@class="credits"]')] == ["en", "en"]
    for path in ("/", "/sections/macro/"):
        page = read(newsroom.client.get(path))
        assert [(each.get("lang"), each.get("dir")) for each in page.xpath("//article")] == [("ar", "rtl")]
        # The digits of a time beside a name written the other way would change places with it.
        assert page.xpath("count(//article//time)") == page.xpath("count(//article//bdi/time)") == 1


def test_a_picture_in_the_body_is_not_shown_twice(newsroom: Newsroom) -> None:
    url = "https://img.example.org/a.jpg"
    article = newsroom.put(image=Image(url=url), content_html=f'<p><img src="{url}" alt=""></p>')
    page = read(newsroom.client.get(f"/articles/{article.id}"))
    assert page.xpath("//img/@src") == [url]


def test_a_sparse_article_has_a_page_of_its_own_address(newsroom: Newsroom) -> None:
    article = newsroom.put(authors=(), content_html=None, summary="只有一句。", sections=("finance",))
    page = read(newsroom.client.get(f"/articles/{article.id}"))
    assert page.get("lang") == "zh-Hant"
    assert "只有一句。" in words(page)
    assert page.xpath('//link[@rel="canonical"]/@href') == [f"https://news.example.org/articles/{article.id}"]
    assert not page.xpath("//figure")


def test_an_article_whose_section_was_taken_out_keeps_its_page(newsroom: Newsroom) -> None:
    article = newsroom.put(sections=("science",))
    newsroom.runtime.settings.path.write_text(CONFIG.replace("  science:", "  ocean:"), encoding="utf-8")
    newsroom.runtime.refresh()
    page = read(newsroom.client.get(f"/articles/{article.id}"))
    assert page.get("lang") == "zh-Hans"


def test_a_correction_shows_when_it_was_made(newsroom: Newsroom, clock: Clock) -> None:
    article = newsroom.put(external_id="a", published=clock() - timedelta(hours=1))
    newsroom.put(external_id="a", title="雾中的码头")
    text = words(read(newsroom.client.get(f"/articles/{article.id}")))
    assert "更新于 2026年3月2日 16:00 UTC+8" in text


def test_an_article_shows_its_corrections_below_the_text(newsroom: Newsroom, clock: Clock) -> None:
    newsroom.put(external_id="a", language="zh-Hans")
    article = newsroom.put(external_id="a", title="改", language="zh-Hans", correction="原题误作 <雾中> 码头。")
    newsroom.put(external_id="b", content_html=None, summary="Fog.", language="en", correction="It was 5 knots.")
    page = newsroom.client.get(f"/articles/{article.id}").get_data(as_text=True)
    assert (
        page.index("清晨六点") < page.index("更正（2026-03-02）：原题误作 &lt;雾中&gt; 码头。") < page.index("<footer")
    )
    assert (
        page.index('<a href="#corrections">有更正 ↓</a>') < page.index("<p>清晨六点") < page.index('id="corrections"')
    )
    english = newsroom.runtime.store.article_by_external_id("b")
    assert english is not None
    text = words(read(newsroom.client.get(f"/articles/{english.id}")))
    assert "Fog. Correction (2026-03-02): It was 5 knots." in text


def test_a_withdrawn_article_is_gone_with_a_notice(newsroom: Newsroom) -> None:
    article = newsroom.put()
    publish.withdraw(newsroom.runtime.store, newsroom.runtime.clock, article.id)
    response = newsroom.client.get(f"/articles/{article.id}")
    page = read(response, 410)
    assert "本文已撤回" in words(page)
    assert "编辑部已撤回本文，内容不再提供。" in words(page)
    assert "雾中码头" not in words(page)
    assert response.headers["Cache-Control"] == "max-age=30"


def test_the_page_of_a_withdrawn_article_tells_the_editor_s_word_and_its_day(newsroom: Newsroom, clock: Clock) -> None:
    article = newsroom.put(language="en", published=clock() - timedelta(days=1))
    publish.withdraw(newsroom.runtime.store, newsroom.runtime.clock, article.id, notice="Not <verified>.\nSorry.")
    response = newsroom.client.get(f"/articles/{article.id}")
    page = response.get_data(as_text=True)
    assert "Not &lt;verified&gt;.\nSorry." in page
    assert "This article has been withdrawn" in page
    assert "Withdrawn 2026-03-02 16:00 UTC+8" in words(read(response, 410))
    assert response.last_modified == clock()
    publish.withdraw(newsroom.runtime.store, newsroom.runtime.clock, article.id, mode="notice")
    assert newsroom.client.get(f"/articles/{article.id}").status_code == 410
    newsroom.put(external_id="z")
    publish.put(newsroom.runtime.store, clock, ArticleInput(title="回", sections=("macro",)), article_id=article.id)
    assert newsroom.client.get(f"/articles/{article.id}").status_code == 200


def test_of_an_article_that_was_never_live_a_withdrawal_tells_nothing(newsroom: Newsroom) -> None:
    draft = newsroom.put(draft=True)
    publish.withdraw(newsroom.runtime.store, newsroom.runtime.clock, draft.id, notice="不发了。")
    page = read(newsroom.client.get(f"/articles/{draft.id}"), 404)
    assert "不发了" not in words(page)
