"""The gate: what passes is canonical, what was changed is told, what can't be is refused with field, value and mend."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feedsvc.errors import RefusedError, UnknownSectionError
from feedsvc.ingest import Accepted, ArticleJSON, accept, to_json
from feedsvc.ingest.bounds import (
    MAX_ATTRIBUTES,
    MAX_AUTHORS,
    MAX_BODY_ATTRIBUTES,
    MAX_CONTENT_BYTES,
    MAX_DEPTH,
    MAX_ELEMENTS,
    MAX_LINE_BREAKS,
    MAX_NOTE_BYTES,
    MAX_PROBLEMS,
    MAX_REFERENCES,
    MAX_REOPENED,
    MAX_SUMMARY_BYTES,
    MAX_TITLE,
    MAX_UNCLOSED,
)
from feedsvc.model import Article, ArticleInput, Author, Enclosure, Image, Source, State

SECTIONS = {"macro": "macro", "宏觀": "macro", "finance": "finance"}
BASE = "https://news.example/site"


def resolve(name: str) -> str:
    if name not in SECTIONS:
        raise UnknownSectionError(name, ["macro", "finance"])
    return SECTIONS[name]


def take(data: Mapping[str, Any], naive_timezone: tzinfo | None = None) -> Accepted:
    return accept(data, resolve_section=resolve, base_url=BASE, naive_timezone=naive_timezone)


def take_with(**fields: Any) -> Accepted:
    return take({"title": "糧價回穩", "summary": "一句話。", "sections": ["macro"], **fields})


def article_with(**fields: Any) -> ArticleInput:
    return take_with(**fields).article


def notes_with(**fields: Any) -> list[tuple[str, str]]:
    return [(note.place, note.message) for note in take_with(**fields).notes]


def problems_in(data: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    with pytest.raises(RefusedError) as caught:
        take(data)
    return [(problem.field, problem.value, problem.reason) for problem in caught.value.problems]


def problems_with(**fields: Any) -> list[tuple[str, str, str]]:
    return problems_in({"title": "糧價回穩", "summary": "一句話。", "sections": ["macro"], **fields})


def problem_with(**fields: Any) -> tuple[str, str, str]:
    (problem,) = problems_with(**fields)
    return problem


FULL: dict[str, Any] = {
    "external_id": "cms/7 號\u3000?#",
    "title": "糧價回穩 <b>&amp; 🌾",
    "link": "https://news.example/a/7",
    "summary": "一句話。\n又一句。",
    "content_html": '<p>正文 <a href="https://news.example/b">連結</a> 𠮷。</p>',
    "sections": ["macro", "finance"],
    "authors": [{"name": "周玉", "email": "zhou@news.example", "url": "https://news.example/zhou"}, {"name": "林溪"}],
    "editor": "何苗",
    "source": {"name": "城郊日報", "url": "https://paper.example/"},
    "breadcrumb": ["首頁", "宏觀", "正文"],
    "tags": ["糧食", "農業"],
    "language": "zh-Hant",
    "published": "2024-03-05T01:07:00Z",
    "updated": "2024-03-05T02:00:00Z",
    "image": {"url": "https://news.example/a.png", "type": "image/png", "width": 640, "height": 480, "alt": "穀倉"},
    "enclosures": [{"url": "https://news.example/a.mp3", "type": "audio/mpeg", "length": 12345}],
    "minor": True,
    "draft": True,
    "entry_id": "https://old.example/?p=7&x=麥",
    "is_permalink": True,
}


class TestAFullArticle:
    def test_passes_unchanged_and_without_a_note(self) -> None:
        accepted = take(FULL)
        assert accepted.notes == ()
        assert accepted.article == ArticleInput(
            external_id="cms/7 號\u3000?#",
            title="糧價回穩 <b>&amp; 🌾",
            link="https://news.example/a/7",
            summary="一句話。\n又一句。",
            content_html='<p>正文 <a href="https://news.example/b">連結</a> 𠮷。</p>',
            sections=("macro", "finance"),
            authors=(
                Author(name="周玉", email="zhou@news.example", url="https://news.example/zhou"),
                Author(name="林溪"),
            ),
            editor="何苗",
            source=Source(name="城郊日報", url="https://paper.example/"),
            breadcrumb=("首頁", "宏觀", "正文"),
            tags=("糧食", "農業"),
            language="zh-Hant",
            published=datetime(2024, 3, 5, 1, 7, tzinfo=UTC),
            updated=datetime(2024, 3, 5, 2, tzinfo=UTC),
            image=Image(url="https://news.example/a.png", type="image/png", width=640, height=480, alt="穀倉"),
            enclosures=(Enclosure(url="https://news.example/a.mp3", type="audio/mpeg", length_bytes=12345),),
            minor=True,
            draft=True,
            entry_id="https://old.example/?p=7&x=麥",
            is_permalink=True,
        )

    def test_comes_back_as_the_same_json(self) -> None:
        assert to_json(take(FULL).article) == FULL

    def test_a_correction_is_kept_and_comes_back(self) -> None:
        accepted = take_with(correction="原文誤作百分之四。\n特此更正。")
        assert accepted.notes == ()
        assert accepted.article.correction == "原文誤作百分之四。\n特此更正。"
        assert to_json(accepted.article)["correction"] == accepted.article.correction

    def test_a_correction_is_canonical_text_within_bounds(self) -> None:
        accepted = take_with(correction="\u3000更\x01正\r\n")
        assert accepted.article.correction == "更正"
        assert [note.place for note in accepted.notes] == ["correction"]
        assert take_with(correction=" ").article.correction is None
        assert problem_with(correction="字" * MAX_NOTE_BYTES)[0] == "correction"
        assert "half of a surrogate pair" in problem_with(correction="\ud800")[2]
        assert "NUL" in problem_with(correction="\0")[2]

    def test_a_correction_is_not_minor(self) -> None:
        field, found, reason = problem_with(correction="更正", minor=True)
        assert (field, found) == ("minor", "true")
        assert "a correction is not minor" in reason
        assert article_with(correction=" ", minor=True).minor

    def test_the_least_that_is_needed(self) -> None:
        assert take({"title": "題", "sections": ["macro"], "content_html": "<p>文</p>"}).article == ArticleInput(
            title="題", sections=("macro",), content_html="<p>文</p>"
        )

    def test_null_means_not_given(self) -> None:
        nulls = {name: None for name in ArticleJSON.model_fields if name not in {"title", "sections", "summary"}}
        assert take_with(**nulls) == take_with()

    def test_its_json_schema_names_every_field_and_the_short_forms(self) -> None:
        schema = ArticleJSON.model_json_schema()
        assert set(schema["properties"]) == {*FULL, "correction"}
        assert set(schema["required"]) == {"title", "sections"}
        assert {"type": "string"} in schema["properties"]["source"]["anyOf"]


class TestAStoredArticle:
    def stored(self, state: State, published: datetime | None) -> Article:
        return Article(
            seq=1,
            id="a1",
            entry_id="urn:uuid:1",
            title="題",
            summary="文",
            sections=("macro",),
            state=state,
            published=published,
            updated=published,
            created=datetime(2024, 1, 1, tzinfo=UTC),
        )

    def test_gives_the_shape_it_was_put_in(self) -> None:
        east = timezone(timedelta(hours=8))
        given = to_json(self.stored(State.LIVE, datetime(2024, 3, 5, 9, 7, tzinfo=east)))
        assert given == {
            "title": "題",
            "summary": "文",
            "sections": ["macro"],
            "published": "2024-03-05T01:07:00Z",
            "updated": "2024-03-05T01:07:00Z",
        }
        assert take(given).notes == ()

    def test_a_draft_stays_a_draft(self) -> None:
        given = to_json(self.stored(State.DRAFT, None))
        assert given["draft"] is True
        assert "published" not in given


class TestTitles:
    @pytest.mark.parametrize(
        "title", ["AT&amp;T", "<b>粗</b>", "a < b", "&#20013;", "  ", "😀 👩‍👩‍👧", "（）", "\u200b題"]
    )
    def test_are_published_as_written(self, title: str) -> None:
        if title.strip():
            assert take_with(title=title).article.title == title
            assert take_with(title=title).notes == ()
        else:
            assert problem_with(title=title)[0] == "title"

    @pytest.mark.parametrize(
        ("given", "kept", "told"),
        [
            ("\u3000題\xa0", "題", "white space at the ends was removed"),
            ("上\r\n下", "上 下", "line breaks and tabs were made plain"),
            ("上\t下", "上 下", "line breaks and tabs were made plain"),
            ("題\x01\ufffe目", "題目", "characters that feeds don't carry were removed or mapped (U+0001, U+FFFE)"),
            ("\ufeff題 \ufeff", "題", "is written as 題"),
            ("題\x85", "題…", "white space at the ends was removed"),
            ("“題\x93", "“題“", "characters that feeds don't carry were removed or mapped (U+0093)"),
        ],
    )
    def test_are_made_to_survive_with_a_note(self, given: str, kept: str, told: str) -> None:
        accepted = take_with(title=given)
        assert accepted.article.title == kept
        assert [(note.place, note.message) for note in accepted.notes] == [("title", told)]

    def test_empty_or_too_long_is_refused(self) -> None:
        assert problem_with(title="\u3000\x01") == (
            "title",
            "\\u3000\\u0001",
            "is empty: give the article a title",
        )
        assert problem_with(title="\u200b\u2060\u00ad\ufe0f\u3164\u2800\x9d")[2] == "is empty: give the article a title"
        assert article_with(title="\u200b題\u200b").title == "\u200b題\u200b"
        assert article_with(title="\x80").title == "€"
        assert article_with(editor="\u200b", tags=["\u2060", "甲"]).tags == ("甲",)
        assert article_with(title="題" * MAX_TITLE).title == "題" * MAX_TITLE
        field, value, reason = problem_with(title="題" * (MAX_TITLE + 1))
        assert (field, value) == ("title", "題" * 79 + "…")
        assert str(MAX_TITLE) in reason


class TestWhatNothingCarries:
    @pytest.mark.parametrize(
        ("fields", "path"),
        [
            ({"title": "題\0目"}, "title"),
            ({"summary": "題\0目"}, "summary"),
            ({"content_html": "<p\0"}, "content_html"),
            ({"external_id": "題\0"}, "external_id"),
            ({"tags": ["好", "題\0"]}, "tags[1]"),
            ({"authors": [{"name": "題\0"}]}, "authors[0].name"),
            ({"authors": ["題\0"]}, "authors[0]"),
            ({"source": {"name": "甲", "url": "ht\0"}}, "source.url"),
            ({"image": {"url": "x", "alt": "題\0"}}, "image.alt"),
        ],
    )
    def test_nul_is_refused_with_its_place(self, fields: dict[str, Any], path: str) -> None:
        problem = problem_with(**fields)
        assert problem[0] == path
        assert "\\u0000" in problem[1] or "<p" in problem[1]
        assert "NUL (U+0000) at character" in problem[2]

    def test_a_lone_surrogate_is_refused_with_its_place(self) -> None:
        field, value, reason = problem_with(title="麥\ud83d田")
        assert (field, value) == ("title", "麥\\ud83d田")
        assert "U+D83D) at character 2" in reason

    def test_both_in_one_article(self) -> None:
        assert [problem[0] for problem in problems_with(title="\0", tags=["\udc00"])] == ["title", "tags[0]"]


class TestShape:
    def test_every_problem_comes_at_once(self) -> None:
        problems = problems_in(
            {
                "titel": "題",
                "sections": ["marco"],
                "summary": 5,
                "authors": [{"nmae": "周玉"}],
                "published": "2024-03-05",
                "enclosures": [{"url": "a.mp3", "type": "audio/mpeg", "length": -1}],
                "minor": "yes",
                "language": "!!",
                "link": "javascript:alert(1)",
            }
        )
        assert {field for field, _, _ in problems} == {
            "titel",
            "title",
            "sections[0]",
            "summary",
            "authors[0].name",
            "authors[0].nmae",
            "published",
            "enclosures[0].length",
            "minor",
            "language",
            "link",
        }

    @pytest.mark.parametrize(
        ("fields", "path", "value", "reason"),
        [
            ({"titel": "題"}, "titel", "題", "there is no such field; did you mean title? Fields: external_id, title"),
            ({"zzz": None}, "zzz", "null", "there is no such field. Fields: external_id, title"),
            ({"source": {"name": "甲", "uri": "x"}}, "source.uri", "x", "did you mean url? Fields: name, url"),
            ({"title": 5}, "title", "5", "must be a string, not a number"),
            ({"title": None}, "title", "null", "must be a string, not null"),
            ({"summary": ["x"]}, "summary", "a list of 1", "must be a string, not a list"),
            ({"tags": "a"}, "tags", "a", "must be a list, not a string"),
            ({"tags": [True]}, "tags[0]", "true", "must be a string, not true or false"),
            ({"authors": [7]}, "authors[0]", "7", "must be an object, not a number"),
            ({"image": []}, "image", "a list of 0", "must be an object, not a list"),
            ({"image": {"url": "x", "width": 1.5}}, "image.width", "1.5", "must be a whole number, not a number"),
            ({"image": {"url": "x", "width": "1"}}, "image.width", "1", "must be a whole number, not a string"),
            ({"draft": 1}, "draft", "1", "must be true or false, not a number"),
            ({"editor": {"a": 1, "b": 2}}, "editor", "{a, b}", "must be a string, not an object"),
            ({"published": 1700000000}, "published", "1700000000", "must be a time as RFC 3339, such as"),
            (
                {"enclosures": [{"url": "a", "length": 1}]},
                "enclosures[0].type",
                "a",
                "the URL's ending doesn't tell it: name the media type, such as audio/mpeg",
            ),
            ({"tags": ["a"] * 101}, "tags", "a list of 101", "holds more than the 100 it may hold"),
            ({"sections": ["macro"] * 51}, "sections", "a list of 51", "holds more than the 50 it may hold"),
            ({"image": {"url": "x", "width": 10**40}}, "image.width", "a number of many digits", "must be pixels"),
        ],
    )
    def test_says_where_what_and_why(self, fields: dict[str, Any], path: str, value: str, reason: str) -> None:
        problem = problem_with(**fields)
        assert problem[:2] == (path, value)
        assert reason in problem[2]

    def test_what_is_missing(self) -> None:
        assert problems_in({}) == [
            ("title", "", "is required: give the article a title"),
            ("sections", "", "is required: name at least one section"),
            (
                "content_html",
                "",
                "nothing is left to publish: give a body that holds text or media, or a summary",
            ),
        ]

    def test_a_flood_of_problems_is_counted(self) -> None:
        problems = problems_with(**{f"x{number}": 1 for number in range(5_000)}, language="!!")
        assert len(problems) == 101
        assert problems[-1][2] == "and 4901 more problems"

    def test_a_flood_of_bad_characters_is_counted(self) -> None:
        flood = [{"name": "\0", "email": "\0", "url": "\0"}] * MAX_AUTHORS
        assert problems_with(authors=flood)[-1][2] == f"and {3 * MAX_AUTHORS - MAX_PROBLEMS} more problems"

    def test_a_flood_of_unknown_fields_is_counted(self) -> None:
        flood = {f"x{number}": number for number in range(5_000)}
        assert problems_with(**flood)[-1][2] == f"and {5_000 - MAX_PROBLEMS} more problems"

    @pytest.mark.parametrize(
        "fields",
        [
            {"x": [[1] * 200_000]},
            {"tags": [[1] * 200_000]},
            {"authors": [{"name": "甲", "x": list(range(500_000))}]},
            {"authors": [{}] * 500_000},
            {f"x{number}": 1 for number in range(300_000)},
        ],
    )
    def test_what_can_be_no_article_costs_little(self, fields: dict[str, Any]) -> None:
        start = time.process_time()
        assert problems_with(**fields)
        assert time.process_time() - start < 5


class TestSections:
    def test_aliases_become_slugs_once_each(self) -> None:
        accepted = take_with(sections=["宏觀", "macro", "finance "])
        assert accepted.article.sections == ("macro", "finance")
        assert [(note.place, note.message) for note in accepted.notes] == [
            ("sections[0]", "宏觀 means the section macro"),
            ("sections[1]", "names macro again and is left out"),
            ("sections[2]", "white space at the ends was removed"),
        ]

    def test_an_unknown_one_lists_them_and_the_alias_to_add(self) -> None:
        field, value, reason = problem_with(sections=["macro", "marco"])
        assert (field, value) == ("sections[1]", "marco")
        assert reason == (
            'no section answers to "marco"; did you mean macro? Sections: macro, finance. '
            'Name one of them, or add "marco" to the aliases of a section in config.yaml'
        )

    @pytest.mark.parametrize("sections", [[], [" "]])
    def test_none_is_refused(self, sections: list[str]) -> None:
        assert problem_with(sections=sections)[2] == "is empty: name at least one section"


class TestTimes:
    @pytest.mark.parametrize(
        ("given", "instant"),
        [
            ("2022-10-24T09:32:31+08:00", datetime(2022, 10, 24, 1, 32, 31, tzinfo=UTC)),
            ("2022-10-24 09:32+0800", datetime(2022, 10, 24, 1, 32, tzinfo=UTC)),
            ("2022-10-24t09:32:31z", datetime(2022, 10, 24, 9, 32, 31, tzinfo=UTC)),
            ("2022-10-24T09:32:31-03", datetime(2022, 10, 24, 12, 32, 31, tzinfo=UTC)),
            ("1000-01-01T00:00:00Z", datetime(1000, 1, 1, tzinfo=UTC)),
            ("9998-12-31T23:59:59Z", datetime(9998, 12, 31, 23, 59, 59, tzinfo=UTC)),
            ("2022-10-24T09:32:31.000Z", datetime(2022, 10, 24, 9, 32, 31, tzinfo=UTC)),
        ],
    )
    def test_are_read_as_instants(self, given: str, instant: datetime) -> None:
        assert take_with(published=given).article.published == instant
        assert take_with(published=given).notes == ()

    @pytest.mark.parametrize(
        ("given", "instant", "told"),
        [
            ("2022-10-24T09:32:31.9Z", datetime(2022, 10, 24, 9, 32, 31, tzinfo=UTC), "fractions"),
            ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC), "leap second"),
        ],
    )
    def test_become_whole_seconds_with_a_note(self, given: str, instant: datetime, told: str) -> None:
        accepted = take_with(updated=given)
        assert accepted.article.updated == instant
        ((place, message),) = [(note.place, note.message) for note in accepted.notes]
        assert place == "updated"
        assert told in message

    @pytest.mark.parametrize(
        ("given", "reason"),
        [
            ("2022-10-24T09:32:31", "has no time zone: add the offset from UTC, such as 2022-10-24T09:32:31+08:00"),
            ("2022-10-24", "is a date without a time: add time and zone"),
            ("20221024", "is a date without a time"),
            ("1666575151", "is a number: write the time as RFC 3339"),
            ("", "is not an RFC 3339 time"),
            ("昨天", "is not an RFC 3339 time"),
            ("Mon, 24 Oct 2022 09:32:31 +0800", "is not an RFC 3339 time"),
            ("２０２２-10-24T09:32:31Z", "is not an RFC 3339 time"),
            ("2022-02-30T09:32:31Z", "is no possible time: day is out of range for month"),
            ("2022-10-24T24:00:00Z", "is no possible time: hour"),
            ("2022-10-24T09:32:61Z", "is no possible time: second"),
            ("0000-01-01T00:00:00Z", "is no possible time: year"),
            ("0001-01-01T00:00:00+08:00", "must lie in the years 1000 to 9998"),
            ("0999-12-31T23:59:59Z", "must lie in the years 1000 to 9998"),
            ("9999-01-01T00:00:00Z", "must lie in the years 1000 to 9998"),
            ("9999-12-31T23:59:59-00:01", "must lie in the years 1000 to 9998"),
            ("2022-10-24T09:32:31+24:00", "its offset within 24 hours"),
            ("2022-10-24T09:32:31+08:60", "its offset within 24 hours"),
        ],
    )
    def test_anything_else_is_refused_with_the_mend(self, given: str, reason: str) -> None:
        field, value, why = problem_with(published=given)
        assert (field, value) == ("published", given)
        assert reason in why

    def test_without_zone_is_read_in_the_sites_with_a_note(self) -> None:
        data = {"title": "題", "summary": "文", "sections": ["macro"], "published": "2022-10-24T09:32:31"}
        accepted = take(data, ZoneInfo("Asia/Shanghai"))
        assert accepted.article.published == datetime(2022, 10, 24, 1, 32, 31, tzinfo=UTC)
        assert accepted.notes[0].message == "has no time zone: read in Asia/Shanghai as 2022-10-24T01:32:31Z"


class TestUrls:
    def test_relative_ones_count_from_the_link_else_from_the_site(self) -> None:
        linked = take_with(link="https://cms.example/n/1.html", image="a b.png")
        assert linked.article.image == Image(url="https://cms.example/n/a%20b.png", type="image/png")
        assert [(note.place, note.message) for note in linked.notes] == [
            (
                "image.url",
                "is relative: resolved against https://cms.example/n/1.html to https://cms.example/n/a%20b.png",
            ),
            ("image.type", "is not given: image/png, as the URL ends"),
        ]
        assert article_with(image={"url": "a.png"}).image == Image(
            url="https://news.example/site/a.png", type="image/png"
        )
        assert article_with(link="n/1.html").link == "https://news.example/site/n/1.html"
        body = article_with(link="https://cms.example/n/1.html", content_html='<img src="c.png">').content_html
        assert body == '<img src="https://cms.example/n/c.png">'

    def test_others_are_written_canonically_with_a_note(self) -> None:
        assert notes_with(link="https://例子.example/新聞") == [
            ("link", "is written as https://xn--fsqu00a.example/%E6%96%B0%E8%81%9E")
        ]

    @pytest.mark.parametrize(
        "url", ["javascript:alert(1)", "ftp://a.example/", "mailto:a@b.example", "http://", "http://[x"]
    )
    def test_others_are_refused(self, url: str) -> None:
        field, value, reason = problem_with(link=url)
        assert (field, value) == ("link", url)
        assert "give an absolute one, such as https://example.com/news/1.html" in reason

    def test_too_long_is_refused_as_written_and_as_encoded(self) -> None:
        assert "is longer than 4000 characters" in problem_with(link="https://a.example/" + "x" * 4_000)[2]
        assert "when percent-encoded" in problem_with(link="https://a.example/" + "文" * 1_000)[2]

    def test_an_empty_one_is_left_out_with_a_note(self) -> None:
        assert notes_with(link="", image=" ") == [
            ("link", "was empty and is left out"),
            ("image.url", "was empty and is left out"),
        ]


class TestPeople:
    @pytest.mark.parametrize(
        ("given", "author"),
        [
            ("周玉", Author(name="周玉")),
            ("記者 editor@x.cn", Author(name="記者", email="editor@x.cn")),
            ("記者 <editor@x.museum>", Author(name="記者", email="editor@x.museum")),
            ("editor@x.cn (記者)", Author(name="記者", email="editor@x.cn")),
            ('"記者 甲" <editor@x.cn>', Author(name="記者 甲", email="editor@x.cn")),
            ("editor@x.cn（ 記者 ）", Author(name="記者", email="editor@x.cn")),
            ("\u200b editor@x.cn", Author(name="\u200b editor", email="editor@x.cn")),
            ("editor@x.cn (記者) (甲)", Author(name="(記者) (甲)", email="editor@x.cn")),
            ("(記者)", Author(name="(記者)")),
            ("記者（a@x.cn）b@y.cn", Author(name="記者", email="a@x.cn")),
            ("editor@x.cn", Author(name="editor", email="editor@x.cn")),
            ("<editor@x.cn>", Author(name="editor", email="editor@x.cn")),
            ("記者 a@[1.2.3.4]", Author(name="記者", email=None)),
            ("a@x.cn?subject=好", Author(name="a", email="a@x.cn")),
            ({"name": "記者 a@x.cn", "email": "b@y.cn"}, Author(name="記者", email="b@y.cn")),
            ({"name": "周玉", "email": " b@y.cn"}, Author(name="周玉", email="b@y.cn")),
        ],
    )
    def test_addresses_leave_names(self, given: Any, author: Author) -> None:
        accepted = take_with(authors=[given])
        assert accepted.article.authors == (author,)
        assert take(to_json(accepted.article)) == Accepted(accepted.article)

    def test_a_split_is_told(self) -> None:
        assert notes_with(authors=["記者 editor@x.cn"]) == [
            ("authors[0].name", "held an e-mail address: the name is now '記者', the address editor@x.cn")
        ]

    def test_empty_and_repeated_ones_are_left_out(self) -> None:
        accepted = take_with(authors=["周玉", "", " 周玉"], tags=["甲", " ", "甲\n", "乙"], breadcrumb=["甲", "", "甲"])
        assert accepted.article.authors == (Author(name="周玉"),)
        assert accepted.article.tags == ("甲", "乙")
        assert accepted.article.breadcrumb == ("甲", "甲")
        told = [(note.place, note.message) for note in accepted.notes]
        assert ("authors[1].name", "was empty and is left out") in told
        assert ("authors", "1 repeated left out") in told
        assert ("tags", "1 repeated left out") in told
        assert ("breadcrumb[1]", "was empty and is left out") in told

    @pytest.mark.parametrize(
        ("fields", "path"),
        [
            ({"authors": [{"name": "", "email": "a@x.cn"}]}, "authors[0].name"),
            ({"authors": [{"name": "甲", "email": "甲"}]}, "authors[0].email"),
            ({"authors": [{"name": "甲", "url": "ftp://x"}]}, "authors[0].url"),
            ({"source": {"name": " ", "url": "https://x.example/"}}, "source.name"),
            ({"editor": "甲" * 501}, "editor"),
        ],
    )
    def test_what_is_no_person_is_refused(self, fields: dict[str, Any], path: str) -> None:
        assert problem_with(**fields)[0] == path

    def test_a_source_may_be_a_plain_name_or_empty(self) -> None:
        assert article_with(source="新華社").source == Source(name="新華社")
        assert article_with(source="").source is None
        assert article_with(editor=" ").editor is None


class TestTheRest:
    def test_language_tags(self) -> None:
        assert article_with(language="zh_tw").language == "zh-TW"
        assert notes_with(language="zh_tw") == [("language", "is written as zh-TW")]
        assert article_with(language=" ").language is None
        assert problem_with(language="中文")[0] == "language"

    def test_external_ids_are_kept_to_the_letter(self) -> None:
        odd = " a/b?c#d%20\t\u3000\x01 "
        assert take_with(external_id=odd).article.external_id == odd
        assert problem_with(external_id="")[2] == "is empty: give an id or leave the field out"
        assert article_with(external_id="號" * 333).external_id == "號" * 333
        assert "1000 bytes" in problem_with(external_id="號" * 334)[2]

    def test_summaries_are_bounded_in_bytes(self) -> None:
        assert article_with(summary="文" * (MAX_SUMMARY_BYTES // 3)).summary
        assert problem_with(summary="文" * (MAX_SUMMARY_BYTES // 3 + 1))[0] == "summary"

    def test_line_ends_in_summaries(self) -> None:
        accepted = take_with(summary="上\r\n\t下")
        assert accepted.article.summary == "上\n\t下"
        assert accepted.notes[0].message == "line breaks and tabs were made plain"


class TestBodies:
    @pytest.mark.parametrize(
        ("given", "kept", "told"),
        [
            ("<p>甲</p><script>x</script>", "<p>甲</p>", "<script>"),
            ('<p onclick="x()">甲</p>', "<p>甲</p>", "onclick"),
            ("<a href='javascript:x'>甲</a>", "<a>甲</a>", "javascript: URL"),
            ("甲<svg><path/></svg><svg/><iframe></iframe>", "甲", "<iframe>, <svg>"),
            ("甲<style>p{}</style >", "甲", "<style>"),
            ("甲<object>乙</object>", "甲", "<object>"),
        ],
    )
    def test_lose_what_is_active_with_a_warning(self, given: str, kept: str, told: str) -> None:
        accepted = take_with(content_html=given)
        assert accepted.article.content_html == kept
        assert [(note.message, note.severity) for note in accepted.notes] == [
            (f"unsafe parts were removed: {told}", "warning")
        ]

    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("甲<!-- <div> -->乙", "甲乙"),
            ("甲<!-->乙<!--->丙<!--x--!>丁", "甲乙丙丁"),
            ("甲<?php x ?>乙<!DOCTYPE x></ x>", "甲乙"),
            ("1 < 2 <3", "1 &lt; 2 &lt;3"),
            ("<p>甲</p>\r\n<p>乙</p>", "<p>甲</p>\n<p>乙</p>"),
            ("5 <b", "5 &lt;b"),
            ("甲<plaintext>乙", "甲乙"),
            ("<<!-- -->script>x", "&lt;script&gt;x"),
            ('<p title="a>b</p>">甲</p>', '<p title="a&gt;b&lt;/p&gt;">甲</p>'),
            ("<p a'>甲</p>'>", "<p>甲</p>'&gt;"),
        ],
    )
    def test_are_made_canonical(self, given: str, kept: str) -> None:
        article = take_with(content_html=given).article
        assert article.content_html == kept
        assert take(to_json(article)) == Accepted(article)

    def test_white_space_around_them_goes_without_a_word(self) -> None:
        accepted = take_with(content_html="\n<p>一。</p>\r\n\u3000")
        assert accepted == Accepted(article_with(content_html="<p>一。</p>"))
        assert ("content_html", "was rewritten in canonical form") in notes_with(content_html="<P>一。")

    @pytest.mark.parametrize(
        "body", ["", " \n", "<p> </p>", "<script>x</script>", "<!-- x -->", "<p>&nbsp;\u200b&#x2060;</p>"]
    )
    def test_that_show_nothing_need_a_summary(self, body: str) -> None:
        field, _, reason = problem_with(content_html=body, summary=None)
        assert field == "content_html"
        assert "nothing is left to publish" in reason
        assert article_with(content_html=body).content_html is None
        assert ("content_html", "holds nothing that shows and is left out") in notes_with(content_html=body)

    def test_that_hold_only_media_show(self) -> None:
        body = '<img src="https://a.example/x.png">'
        assert article_with(content_html=body, summary=None).content_html == body

    def test_are_bounded_in_bytes(self) -> None:
        assert "4194304 bytes" in problem_with(content_html="x" * (MAX_CONTENT_BYTES + 1))[2]


class TestHostileBodies:
    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            ("<div>" * 200_000, f"the <div> at character 1251 lies in more than {MAX_DEPTH} open elements"),
            ("<!--" * 64_000, "the comment <!-- at character 1 is never closed"),
            ("<script>" * 100_000, "the <script> at character 1 is never closed"),
            ("<i>" * 300, "the <i> at character 751 lies in more than"),
            ("".join(f"<p><b title={n}>x</p>" for n in range(2_000)), "open elements: close them"),
            ("<div></b>" * 300, "open elements"),
            ("<div><table><td></div>" * 300, "open elements"),
            ("<span><div></span>" * 300, "open elements"),
            ("<div><!--</div>--></!>" * 300, "open elements"),
            ('<div title="></div>">' * 300, "open elements"),
            ("".join(f"<div><b title={n}></div>" for n in range(300)), "the <b> at character"),
            ("<div a='></div>'>" * 300, "open elements"),
            ("<ul><li>" * 200, f"holds more than {MAX_DEPTH} elements inside each other: flatten it"),
            ("<p>x" * (MAX_ELEMENTS + 1), f"holds more than {MAX_ELEMENTS} elements: split it"),
            ("甲" + "</p>" * (MAX_ELEMENTS + 1), f"holds more than {MAX_ELEMENTS} end tags: remove those"),
            ("<" * 200_000, f"when sanitised, holds more than {MAX_REFERENCES} character references"),
            ("<a " * 100_000, "when sanitised, holds more than"),
            ('<a x="' * 50_000, "when sanitised, holds more than"),
            ("<?" * 200_000, "when sanitised, holds more than"),
            ("<p>甲</p>" + "</ " * 200_000, "when sanitised, holds more than"),
            (
                "<p>" + "x" * 80 + "\xa0" * 1_000_000 + "</p>",
                f"more than {MAX_REFERENCES} character references (&) and no-break",
            ),
            ("<p " + " ".join(f"a{n}" for n in range(256_000)) + ">x</p>", "the <p> at character 1 has more than 100 "),
            (
                "<p>x</p " + " ".join(f"a{n}" for n in range(256_000)) + ">",
                "the </p> at character 5 has more than 100",
            ),
            ("<p a b c d e f>x" * (MAX_BODY_ATTRIBUTES // 6 + 1), f"holds more than {MAX_BODY_ATTRIBUTES} attributes"),
            ("<li><dd>" * 6_000, f"more than {MAX_UNCLOSED} elements up to the <li> at character 40001 are not closed"),
            (
                "甲" * 80 + "\r\n" * (MAX_LINE_BREAKS + 1) + "乙",
                f"holds more than {MAX_LINE_BREAKS} line breaks: split it",
            ),
            (
                "".join(f"<b title={n}><object></b></object>" for n in range(5_000)) + "<p>x" * 10_000,
                f"would open formatting elements (b, i, ...) again more than {MAX_REOPENED} times",
            ),
            ("".join(f"<i lang=x-{n}>" for n in range(200)) + "</p>x" * 2_000, "would open formatting elements"),
        ],
    )
    def test_are_refused_in_bounded_time(self, body: str, reason: str) -> None:
        start = time.process_time()
        field, value, why = problem_with(content_html=body)
        assert time.process_time() - start < 5
        assert field == "content_html"
        assert len(value) <= 80
        assert reason in why

    @pytest.mark.parametrize(
        "body",
        [
            "</" * 100_000 + ">",
            "&" * MAX_REFERENCES,
            "<!>" * 100_000 + "x",
            "<a x=" + " " * 200_000 + "y>甲</a>",
            "<a on" + " " * 200_000 + "y>甲</a>",
            "<a on" + "n" * 200_000 + ">甲</a>",
            "<p>甲" + "".join(f"<body a{n}><html b{n}>" for n in range(50_000)),
            "<select>" * 100_000 + "甲",
            "<p" + " a" * MAX_ATTRIBUTES + ">甲</p>",
            "<pre>" + "甲\n" * (MAX_LINE_BREAKS - 1) + "乙</pre>",
        ],
    )
    def test_that_are_only_odd_cost_little(self, body: str) -> None:
        start = time.process_time()
        take_with(content_html=body)
        assert time.process_time() - start < 5

    def test_an_end_that_never_ends_is_refused_at_once(self) -> None:
        start = time.process_time()
        assert "never closed" in problem_with(content_html="<style>" + "</style " * 200_000)[2]
        assert "never closed" in problem_with(content_html="<p>甲</p><!-- " + "- " * 200_000)[2]
        assert time.process_time() - start < 5

    def test_what_grows_beyond_the_bound_is_refused(self) -> None:
        body = "&" * 1_000 + "甲" * ((MAX_CONTENT_BYTES - 1_000) // 3)
        assert "when sanitised" in problem_with(content_html=body)[2]
        assert "character references" in problem_with(content_html="&" * (MAX_REFERENCES + 1))[2]

    def test_long_names_tags_and_types_cost_little(self) -> None:
        start = time.process_time()
        long = "a" * 500_000
        assert "longer" in problems_with(authors=[{"name": long}])[0][2]
        assert "longer" in problems_with(language="en-x-" + "a-" * 500_000 + "a")[0][2]
        enclosure = {"url": "https://a.example/", "type": "audio/mpeg;x=" + long, "length": 1}
        assert "media type" in problems_with(enclosures=[enclosure])[0][2]
        assert time.process_time() - start < 5

    def test_well_formed_depth_up_to_the_bound_passes(self) -> None:
        body = "<div>" * MAX_DEPTH + "甲" + "</div>" * MAX_DEPTH
        assert article_with(content_html=body).content_html == body

    def test_sloppy_markup_of_old_systems_passes(self) -> None:
        rows = "<p>甲<br>乙<li>丙<p>丁<td>" * 1_000
        assert article_with(content_html=rows).content_html
        assert article_with(content_html="<p><font face=宋体><b>甲</font></b></p>" * 6_000).content_html
        assert article_with(content_html="<strong><p>甲</p><p>乙</p></strong>" * 3_000).content_html
        assert article_with(content_html="<ul><li><span>甲<ul><li>乙</ul></span></ul>" * 1_500).content_html
        pairs = "<div><b>甲</b><span>乙</div><table><tr><td>丙</table>" * 400
        assert article_with(content_html=pairs).content_html
