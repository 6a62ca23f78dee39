"""Settings answer which sections there are and where an article belongs."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from feedsvc.config import Server, Settings, load
from feedsvc.errors import UnknownSectionError
from feedsvc.model import BucketPlace, Section, Site

SITE = Site(title="江畔新闻", base_url="https://news.example.org", language="zh-Hans", timezone="Asia/Shanghai")


def section(slug: str, title: str, *, aliases: tuple[str, ...] = (), include: tuple[str, ...] = ()) -> Section:
    return Section(slug=slug, title=title, description=title, language="zh-Hans", aliases=aliases, include=include)


LEAST = "site: {title: 江畔, base_url: https://news.example.org}\nsections: {macro: {title: 宏观}}\n"

SETTINGS = Settings(
    path=Path("/srv/config.yaml"),
    digest="0" * 64,
    site=SITE,
    sections={
        "macro": section("macro", "宏观", aliases=("宏觀", "Macro Economy")),
        "economy": section("economy", "经济", include=("macro", "finance")),
        "finance": section("finance", "Straße"),
        "money": section("money", "钱", include=("finance",)),
    },
    database_url="sqlite:////srv/feedsvc.db",
    feeds_dir=Path("/srv/feeds"),
    server=Server(),
)


def test_feeds_are_the_sections_and_all() -> None:
    assert list(SETTINGS.feeds) == ["macro", "economy", "finance", "money", "all"]
    assert list(SETTINGS.plain) == ["macro", "finance"]
    everything = SETTINGS.feeds["all"]
    assert (everything.slug, everything.title, everything.description) == ("all", "江畔新闻", "江畔新闻")
    assert everything.members == ("macro", "finance")


def test_all_looks_as_configured_and_always_includes_every_plain_section() -> None:
    configured = replace(SETTINGS, everything=section("all", "全部", include=("gone",)))
    assert configured.feeds["all"].title == "全部"
    assert configured.feeds["all"].include == ("macro", "finance")


@pytest.mark.parametrize(
    ("sections", "feeds"),
    [
        (("macro",), ("macro", "economy", "all")),
        (("finance",), ("finance", "economy", "money", "all")),
        (("finance", "macro"), ("finance", "economy", "money", "macro", "all")),
        (("macro", "gone"), ("macro", "economy", "all")),
        (("gone",), ()),
        ((), ()),
    ],
)
def test_an_article_belongs_in_its_sections_their_combinations_and_all(
    sections: tuple[str, ...], feeds: tuple[str, ...]
) -> None:
    assert SETTINGS.feeds_of(sections) == feeds


@pytest.mark.parametrize("name", ["macro", "MACRO", "宏观", " 宏觀\t", "　宏观　", "macro economy"])
def test_a_section_is_found_by_slug_alias_and_title(name: str) -> None:
    assert SETTINGS.resolve_section(name) == "macro"


def test_case_is_folded_as_unicode_does() -> None:
    assert SETTINGS.resolve_section("STRASSE") == "finance"


@pytest.mark.parametrize("name", ["macr", "economy", "all", "", "宏"])
def test_an_unknown_section_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(UnknownSectionError) as caught:
        SETTINGS.resolve_section(name)
    assert caught.value.name == name
    assert caught.value.known == ("macro", "宏观", "finance", "Straße")


def test_the_nearest_section_is_proposed() -> None:
    with pytest.raises(UnknownSectionError, match="Did you mean macro"):
        SETTINGS.resolve_section("macr")


def test_settings_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        SETTINGS.digest = ""  # type: ignore[misc]  # that it is refused is the test
    with pytest.raises(TypeError):
        SETTINGS.feeds["x"] = SETTINGS.feeds["all"]  # type: ignore[index]  # likewise


def test_label_shows_no_password() -> None:
    settings = replace(SETTINGS, database_url="postgresql://desk:p%40ss@db:5432/news?sslmode=require")
    assert settings.database_label == "postgresql://desk:***@db:5432/news"
    assert "p%40ss" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("economy", "economy is a combination of macro and finance: name one of them"),
        ("经济", "economy is a combination of macro and finance: name one of them"),
        ("Money", "money is a combination of finance: name that"),
        ("All", "all is the feed of everything: name the section that it belongs in (macro, finance)"),
    ],
)
def test_what_is_made_of_sections_is_none_and_says_of_which(name: str, said: str) -> None:
    with pytest.raises(UnknownSectionError) as caught:
        SETTINGS.resolve_section(name)
    assert caught.value.instead == said
    assert str(caught.value) == f"{said}."


def test_a_section_says_what_shows_of_its_withdrawals_else_the_defaults_do(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        "site: {title: t, base_url: 'https://news.example'}\n"
        "defaults: {withdrawals: notice}\n"
        "sections:\n  a: {title: A}\n  b: {title: B, withdrawals: tombstone}\n  c: {title: C, include: [a]}\n"
    )
    settings = load(path, {})
    assert {slug: section.withdrawals for slug, section in settings.plain.items()} == {"a": "notice", "b": "tombstone"}
    assert settings.notice_sections == {"a"}
    assert SETTINGS.notice_sections == frozenset()


def test_a_bucket_is_taken_apart_and_may_be_left_out(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"{LEAST}bucket: {{url: s3://news-example-org/feeds/, timeout: 20s}}\n")
    place = load(path, {}).bucket
    assert place == BucketPlace(name="news-example-org", prefix="feeds", timeout_seconds=20)
    assert place.url == "s3://news-example-org/feeds"
    path.write_text(f"{LEAST}bucket: {{url: s3://news-example-org, endpoint: 'https://s3.example.net/'}}\n")
    place = load(path, {}).bucket
    assert place == BucketPlace(name="news-example-org", endpoint="https://s3.example.net")
    assert place.url == "s3://news-example-org"
    path.write_text(LEAST)
    assert load(path, {}).bucket is None
