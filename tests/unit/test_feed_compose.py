"""What belongs in a feed, in which order, with which dates."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from examples import (
    FEED_IDS,
    FINANCE,
    MACRO,
    NOON,
    SECTIONS,
    SITE,
    article,
    errors,
    feed_of,
    full_article,
    section_state,
)
from feedsvc.feed.compose import compose, without
from feedsvc.feed.formats import FORMATS
from feedsvc.model import Author, Category, Holdings, Image


def test_a_feed_carries_its_section_and_site() -> None:
    feed = feed_of(article(1))

    assert (feed.title, feed.description, feed.language) == ("宏观", "宏观经济与政策", "zh-Hans")
    assert feed.feed_id == FEED_IDS["macro"]
    assert feed.home_url == "https://news.example.org/sections/macro/"
    assert feed.self_urls == {
        "rss": "https://news.example.org/feeds/macro.rss",
        "atom": "https://news.example.org/feeds/macro.atom",
        "json": "https://news.example.org/feeds/macro.json",
    }
    assert feed.image == SITE.image
    assert feed.author == SITE.author
    assert feed.categories == (Category(term="经济"), Category(term="Economy"))


def test_a_site_without_author_stands_for_itself() -> None:
    assert feed_of(site=replace(SITE, author=None)).author == Author(name="江畔新闻")


def test_a_section_image_goes_before_the_site_s() -> None:
    image = Image(url="https://news.example.org/macro.png")

    assert feed_of(section=replace(MACRO, image=image)).image == image


def test_only_the_section_s_formats_have_addresses() -> None:
    feed = feed_of(section=replace(MACRO, formats=("atom",)))

    assert feed.self_urls == {"atom": "https://news.example.org/feeds/macro.atom"}


def test_a_feed_is_as_new_as_its_newest_change() -> None:
    corrected = article(2, updated=NOON + timedelta(minutes=1))

    assert feed_of(article(1), corrected).updated == NOON + timedelta(minutes=1)


def test_an_empty_feed_is_as_old_as_its_section() -> None:
    assert feed_of().updated == section_state().created


def test_without_an_entry_the_feed_is_as_new_as_the_rest() -> None:
    newest, older = article(1), article(2)
    feed = without(feed_of(newest, older), {newest.entry_id})

    assert feed == feed_of(older)


def test_an_article_without_a_link_has_its_page_here() -> None:
    (entry,) = feed_of(article(1)).entries

    assert entry.link == "https://news.example.org/articles/article1"


def test_an_article_s_own_link_stays() -> None:
    (entry,) = feed_of(full_article(1)).entries

    assert entry.link == full_article(1).link


def test_a_missing_summary_is_cut_from_the_body() -> None:
    (entry,) = feed_of(
        article(1, summary=None, content_html="<h2>小标题</h2><p>正文。</p>" + "<p>很长。</p>" * 100)
    ).entries

    assert entry.summary.startswith("小标题 正文。 很长。")
    assert len(entry.summary) <= 200


def test_a_section_of_summaries_keeps_bodies_back() -> None:
    (entry,) = feed_of(full_article(1), section=replace(MACRO, content="summary")).entries

    assert entry.content_html is None
    assert entry.summary == full_article(1).summary


@pytest.mark.parametrize("name", FORMATS)
def test_a_picture_alone_has_its_title_where_only_summaries_are_published(name: str) -> None:
    picture = article(1, summary=None, content_html='<img src="https://img.example/a.png">')
    feed = feed_of(picture, section=replace(MACRO, content="summary"))

    assert feed.entries[0].summary == picture.title
    assert errors(FORMATS[name].verify(FORMATS[name].render(feed), feed)) == []


def test_an_entry_is_never_older_in_change_than_in_publication() -> None:
    odd = article(1, updated=NOON - timedelta(days=9))
    missing = article(2, updated=None)

    assert [entry.updated for entry in feed_of(odd, missing).entries] == [odd.published, missing.published]


def test_categories_are_sections_breadcrumb_and_tags_each_once() -> None:
    several = article(
        1, sections=("finance", "macro", "gone"), breadcrumb=("首页", "A/B"), tags=("芯片", "芯片", "宏观")
    )

    (entry,) = feed_of(several).entries

    assert entry.categories == (
        Category(term="財經", scheme="https://news.example.org/sections/"),
        Category(term="宏观", scheme="https://news.example.org/sections/"),
        Category(term="首页/A／B", scheme="https://news.example.org/", is_path=True),
        Category(term="芯片"),
        Category(term="宏观"),
    )


@pytest.mark.parametrize(
    ("sections", "named", "told"),
    [
        (("finance",), None, "zh-Hant"),  # as its own section is
        (("macro",), None, None),  # as the feed is
        (("finance", "macro"), None, None),
        (("gone",), None, None),
        (("finance",), "en", "en"),
        (("macro",), "zh-Hans", "zh-Hans"),
    ],
)
def test_an_entry_that_is_written_otherwise_than_its_feed_says_so(
    sections: tuple[str, ...], named: str | None, told: str | None
) -> None:
    everything = replace(MACRO, slug="macro", include=("macro", "finance"))

    (entry,) = feed_of(article(1, sections=sections, language=named), section=everything).entries

    assert entry.language == told


def test_a_live_article_without_a_time_is_a_fault_that_names_it() -> None:
    with pytest.raises(ValueError, match="article1"):
        compose(SITE, FINANCE, section_state("finance"), Holdings(articles=(article(1, published=None),)), SECTIONS)
