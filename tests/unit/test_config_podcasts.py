"""A podcast in config.yaml: complete from little, and told in plain words what directories would refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedsvc.config import json_schema, load
from feedsvc.config.podcasts import CATEGORIES, split_category
from feedsvc.config.settings import Settings
from feedsvc.errors import ConfigError, ConfigProblem
from feedsvc.model import Author, Podcast

SITE = """\
site:
  title: 江畔
  base_url: https://news.example.org
"""
AUTHOR = "  author: {name: 编辑部, email: desk@example.org}\n"
SECTION = """\
sections:
  radio:
    title: 早报
    image: /cover.png
"""


def read(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return load(path, {})


def podcast(tmp_path: Path, said: str, site: str = SITE) -> Podcast:
    found = read(tmp_path, f"{site}{SECTION}    podcast: {said}\n").sections["radio"].podcast
    assert found is not None
    return found


def problem(tmp_path: Path, text: str) -> ConfigProblem:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    (found,) = caught.value.problems
    return found


def test_a_category_is_enough(tmp_path: Path) -> None:
    assert podcast(tmp_path, "{category: Technology}") == Podcast(author="江畔", category="Technology")


def test_the_site_s_author_stands_in_for_author_and_owner(tmp_path: Path) -> None:
    found = podcast(tmp_path, "{category: Technology}", SITE + AUTHOR)

    assert (found.author, found.owner) == ("编辑部", Author(name="编辑部", email="desk@example.org"))


def test_directories_have_nobody_to_write_to_where_no_address_is_known(tmp_path: Path) -> None:
    assert podcast(tmp_path, "{category: Technology}", SITE + "  author: 编辑部\n").owner is None


def test_everything_can_be_said(tmp_path: Path) -> None:
    said = (
        "{category: News > Daily News, author: 江畔电台, explicit: true, type: serial, "
        "owner: {name: 节目组, email: radio@example.org}}"
    )

    assert podcast(tmp_path, said, SITE + AUTHOR) == Podcast(
        author="江畔电台",
        category="News",
        subcategory="Daily News",
        explicit=True,
        type="serial",
        owner=Author(name="节目组", email="radio@example.org"),
    )


def test_every_category_is_taken_and_known_to_the_schema(tmp_path: Path) -> None:
    names = [f"{top} > {sub}" if sub else top for top, subs in CATEGORIES.items() for sub in ("", *subs)]

    for name in names:
        found = podcast(tmp_path, f"{{category: '{name}'}}")
        assert (found.category, found.subcategory) == split_category(name)
    assert json_schema()["$defs"]["PodcastShape"]["properties"]["category"]["enum"] == names
    assert json_schema()["$defs"]["SectionShape"]["dependentRequired"] == {"podcast": ["image"]}


@pytest.mark.parametrize(
    ("category", "hint"),
    [
        ("Tecnology", "Did you mean `Technology`?"),
        ("technology", "Did you mean `Technology`?"),
        ("Daily News", "Did you mean `News > Daily News`?"),
        ("news > daily news", "Did you mean `News > Daily News`?"),
        ("News > Dayly News", "Did you mean `News > Daily News`?"),
        ("News > 天气", "Below News there is Business News, Daily News, "),
        ("Technology > Chips", "Below Technology there is nothing."),
        ("Health and Fitness", "Did you mean `Health & Fitness`?"),
        ("新闻", ""),
    ],
)
def test_a_category_that_there_is_not_is_guessed_at(tmp_path: Path, category: str, hint: str) -> None:
    found = problem(tmp_path, f"{SITE}{SECTION}    podcast: {{category: {category}}}\n")

    assert (found.line, found.path) == (8, "sections.radio.podcast.category")
    assert found.expected == "one of Apple's podcast categories such as Technology or News > Daily News"
    assert found.hint.startswith(hint)
    assert bool(found.hint) == bool(hint)


def test_a_podcast_needs_a_picture(tmp_path: Path) -> None:
    text = SITE + "  image: /logo.png\n" + SECTION.replace("    image: /cover.png\n", "    podcast: {category: Arts}\n")
    found = problem(tmp_path, text)

    assert (found.line, found.column, found.path) == (8, 5, "sections.radio.podcast")
    assert (found.found, found.expected) == ("`podcast` without `image`", "the section's own `image:` beside it")
    assert "1400 to 3000 pixels" in found.hint


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        (f"{SITE}{SECTION}    podcast: {{category: Arts}}\n    formats: [atom]\n", False),
        (f"{SITE}defaults: {{formats: [json]}}\n{SECTION}    podcast: {{category: Arts}}\n", False),
        (f"{SITE}defaults: {{formats: [json]}}\n{SECTION}    podcast: {{category: Arts}}\n    formats: [rss]\n", True),
        (f"{SITE}{SECTION}    formats: [rss]\n    podcast: {{category: Arts}}\n", True),
    ],
)
def test_a_podcast_needs_rss(tmp_path: Path, text: str, *, is_right: bool) -> None:
    if is_right:
        assert read(tmp_path, text).sections["radio"].podcast
    else:
        found = problem(tmp_path, text)
        assert (found.path, found.found) == ("sections.radio.podcast", "`podcast` without RSS")


@pytest.mark.parametrize(
    ("said", "path", "expected"),
    [
        ("", "sections.radio.podcast", "a mapping of category, author"),
        ("yes", "sections.radio.podcast", "a mapping of category, author"),
        ("{}", "sections.radio.podcast.category", "`category:`, which is required under sections.radio.podcast"),
        ("{category: Arts, type: weekly}", "sections.radio.podcast.type", "episodic or serial"),
        ("{category: Arts, explicit: clean}", "sections.radio.podcast.explicit", "true or false"),
        ("{category: Arts, owner: {name: x}}", "sections.radio.podcast.owner.email", "`email:`"),
        ("{category: Arts, autor: x}", "sections.radio.podcast.autor", "one of category, author"),
    ],
)
def test_mistakes_are_found_where_they_are(tmp_path: Path, said: str, path: str, expected: str) -> None:
    found = problem(tmp_path, f"{SITE}{SECTION}    podcast: {said}\n")

    assert (found.line, found.path) == (8, path)
    assert found.expected.startswith(expected)
