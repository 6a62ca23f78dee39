"""Old addresses: each leads to one section's feed, in the format its name tells, however a request writes it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from examples import FINANCE, MACRO
from feedsvc.config import Settings, load
from feedsvc.config.moves import Moves
from feedsvc.errors import ConfigError, ConfigProblem
from feedsvc.model import Section

HEAD = "site: {title: 江畔, base_url: https://news.example.org}\nsections:\n  macro:\n    title: 宏观\n"


def read(tmp_path: Path, *lines: str) -> Settings:
    path = tmp_path / "config.yaml"
    path.write_text(HEAD + "".join(f"{line}\n" for line in lines), "utf-8")
    return load(path, {})


def problem(tmp_path: Path, *lines: str) -> ConfigProblem:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, *lines)
    (one,) = caught.value.problems
    return one


def find(request: str, *sections: Section) -> tuple[str, str] | None:
    path, _, query = request.partition("?")
    move = Moves(sections).find(unquote_to_bytes(path), query)
    return move and (move.section.slug, move.format)


def leads(old_url: str, request: str) -> bool:
    return find(request, replace(MACRO, old_urls=(old_url,))) is not None


@pytest.mark.parametrize(
    ("old_url", "request_line"),
    [
        ("/feed/", "/feed/"),
        ("/feed/", "/feed"),
        ("/feed", "/feed/"),
        ("/feed/", "/feed/?utm_source=reader"),
        ("/rss.xml", "/rss.xml"),
        ("/栏目/宏观/feed", "/%E6%A0%8F%E7%9B%AE/%e5%ae%8f%e8%a7%82/feed"),
        ("/%E6%A0%8F%E7%9B%AE", "/栏目"),
        ("/%ba%ea/rss", "/%BA%EA/rss"),
        ("/a%2Fb", "/a/b"),
        ("/?feed=rss2", "/?feed=rss2"),
        ("/feed?type=atom&cat=3", "/feed?cat=3&type=atom"),
        ("/feed?type=atom", "/feed?utm_source=x&type=atom"),
        ("/feed?type=宏观", "/feed?type=%E5%AE%8F%E8%A7%82"),
        ("/feed?all", "/feed?all="),
    ],
)
def test_an_address_is_known_however_it_is_written(old_url: str, request_line: str) -> None:
    assert leads(old_url, request_line)


@pytest.mark.parametrize(
    ("old_url", "request_line"),
    [
        ("/feed/", "/Feed/"),
        ("/feed/", "/feed/atom"),
        ("/feed?type=atom", "/feed"),
        ("/feed?type=atom", "/feed?type=rss"),
        ("/feed", "/"),
        ("/?feed=rss2", "/"),
    ],
)
def test_no_other_address_is(old_url: str, request_line: str) -> None:
    assert not leads(old_url, request_line)


def test_the_one_that_asks_for_most_wins() -> None:
    macro, finance = replace(MACRO, old_urls=("/feed",)), replace(FINANCE, old_urls=("/feed?cat=2",))
    assert find("/feed?cat=2&x=1", macro, finance) == ("finance", "rss")
    assert find("/feed?cat=3", macro, finance) == ("macro", "rss")


@pytest.mark.parametrize(
    ("old_url", "format_name"),
    [
        ("/feed/", "rss"),
        ("/index.xml", "rss"),
        ("/index.rdf", "rss"),
        ("/feed/rss2/", "rss"),
        ("/atom.xml", "atom"),
        ("/macro.atom", "atom"),
        ("/feed/atom/", "atom"),
        ("/feeds/atom/macro", "atom"),
        ("/atom-news/feed", "rss"),
        ("/atom/feed.rss", "rss"),
        ("/feed.json", "json"),
        ("/jsonfeed", "json"),
        ("/category/macro/feed?type=atom", "atom"),
        ("/rss?format=json", "json"),
    ],
)
def test_the_format_is_read_from_the_name(old_url: str, format_name: str) -> None:
    assert find(old_url, replace(MACRO, old_urls=(old_url,))) == ("macro", format_name)


def test_a_format_that_is_not_made_gives_way_to_the_first_that_is() -> None:
    section = replace(MACRO, formats=("atom", "json"), old_urls=("/feed/", "/feed.json"))
    assert (find("/feed/", section), find("/feed.json", section)) == (("macro", "atom"), ("macro", "json"))


def test_they_stand_in_sections_combinations_and_all(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        "    old_urls: [/宏观/feed?type=atom, /feeds/old.rss, /feeds/old/archive/1.atom, /sections/old/]",
        "  both: {title: 二, include: [macro], old_urls: [/both]}",
        "all: {old_urls: [/feed/, '/?feed=rss2']}",
    )
    assert settings.feeds["macro"].old_urls[0] == "/%E5%AE%8F%E8%A7%82/feed?type=atom"
    found = {path: settings.moves.find(path) for path in (b"/feeds/old.rss", b"/both", b"/feed", b"/sections/old")}
    assert {path: move and move.section.slug for path, move in found.items()} == {
        b"/feeds/old.rss": "macro",
        b"/both": "both",
        b"/feed": "all",
        b"/sections/old": "macro",
    }


@pytest.mark.parametrize(
    ("url", "found", "hint"),
    [
        ("feed/", "'feed/'", "Write the path alone, from its first slash on"),
        ("https://old.example.org/feed/", "'https://old.example.org/feed/'", "Write the path alone"),
        ("//old.example.org/feed/", "'//old.example.org/feed/'", "Write the path alone"),
        ("/feed#top", "'/feed#top'", "Leave out white space and the fragment"),
        ("/my feed", "'/my feed'", "Leave out white space"),
        ("/", "'/', the home page", "take it out"),
        ("/api/v1/articles", "which the service answers itself", "take it out"),
        ("/articles/7c9k2mpx40vq", "which the service answers itself", "take it out"),
        ("/%61rticles/x", "which the service answers itself", "take it out"),
        ("/healthz/", "which the service answers itself", "take it out"),
        ("/static/logo.png", "which the service answers itself", "take it out"),
        ("/sections/", "which the service answers itself", "take it out"),
        ("/feeds.opml", "which the service answers itself", "take it out"),
        ("/feeds/macro.rss", "which belongs to `macro`", "take it out"),
        ("/feeds/macro/archive/1.atom", "which belongs to `macro`", "take it out"),
        ("/feeds/all.json", "which belongs to `all`", "take it out"),
        ("/feeds/index.opml", "which belongs to `index`", "take it out"),
        ("/sections/macro/?before=1", "which belongs to `macro`", "take it out"),
        ("/feeds/old.rss?x=1", "which has a query, and feeds have none", "take it out"),
    ],
)
def test_what_cannot_lead_elsewhere_is_told(tmp_path: Path, url: str, found: str, hint: str) -> None:
    told = problem(tmp_path, f'    old_urls: ["{url}"]')
    assert (told.line, told.column, told.path) == (5, 16, "sections.macro.old_urls[0]")
    assert found in told.found
    assert hint in told.hint


@pytest.mark.parametrize("other", ["/栏目/feed/", "/%e6%a0%8f%e7%9b%ae/feed"])
def test_an_address_leads_to_one_section(tmp_path: Path, other: str) -> None:
    told = problem(tmp_path, "    old_urls: [/栏目/feed]", f'  b: {{title: 二, old_urls: ["{other}"]}}')
    assert told.path == "sections.b.old_urls[0]"
    assert "leads to `macro` already" in told.found
    assert told.hint == "See line 5, column 16."


def test_all_and_one_section_claim_it_twice_too(tmp_path: Path) -> None:
    told = problem(tmp_path, "    old_urls: [/feed, '/feed?b&a']", "all: {old_urls: ['/feed/?a&b']}")
    assert (told.path, told.line) == ("all.old_urls[0]", 6)


def test_the_queries_of_one_path_are_told_apart(tmp_path: Path) -> None:
    settings = read(tmp_path, "    old_urls: ['/?cat=1']", "  b: {title: 二, old_urls: ['/?cat=2']}")
    move = settings.moves.find(b"/", "cat=2")
    assert move is not None
    assert move.section.slug == "b"
