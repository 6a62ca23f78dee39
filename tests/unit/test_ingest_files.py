"""A file is told by its ending, and everything in it is either taken or refused by name."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feedsvc.errors import RefusedError, UnknownSectionError
from feedsvc.ingest import Batch, decode_page, read_file
from feedsvc.ingest import bounds as limits
from feedsvc.model import Limits

PAGES = Path(__file__).parent / "pages"
GOOD = {"title": "糧價回穩", "summary": "一句話。", "sections": ["macro"], "published": "2024-03-05T09:07:00"}
BAD = {"title": "", "summary": "一句話。", "sections": ["macro"]}


def resolve(name: str) -> str:
    if name not in {"macro", "finance", "宏观", "宏觀", "財經"}:
        raise UnknownSectionError(name, ["macro", "finance"])
    return "finance" if name in {"finance", "財經"} else "macro"


def read(name: str, content: bytes, section: str | None = None) -> Batch:
    return read_file(
        name,
        content,
        resolve_section=resolve,
        base_url="https://news.example",
        naive_timezone=ZoneInfo("Asia/Shanghai"),
        section=section,
    )


def dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def places(batch: Batch) -> tuple[list[str], list[str]]:
    return [one.place for one in batch.taken], [one.place for one in batch.refused]


class TestJSON:
    def test_one_article_with_times_in_the_sites_zone(self) -> None:
        (taken,) = read("a.json", dump(GOOD)).taken
        assert taken.place == ""
        assert taken.accepted.article.title == "糧價回穩"
        assert [note.place for note in taken.accepted.notes] == ["external_id", "published"]

    def test_a_refused_one_of_a_list_stops_no_other(self) -> None:
        assert places(read("a.JSON", dump([GOOD, BAD, GOOD, 7]))) == (["[0]", "[2]"], ["[1]", "[3]"])

    def test_a_list_by_name(self) -> None:
        batch = read("a.json", dump({"articles": [BAD, GOOD]}))
        assert places(batch) == (["articles[1]"], ["articles[0]"])
        assert batch.refused[0].error.problems[0].field == "title"

    def test_an_empty_list_holds_nothing(self) -> None:
        assert read("a.json", b"[]") == Batch()

    @pytest.mark.parametrize("content", [b"{", b"7", b'{"articles": 1}', b""])
    def test_what_is_no_article_is_refused_whole(self, content: bytes) -> None:
        assert places(read("a.json", content)) == ([], [""])

    def test_the_given_section_stands_in(self) -> None:
        (taken,) = read("a.json", dump(GOOD | {"sections": ["天文"]}), section="finance").taken
        assert taken.accepted.article.sections == ("finance",)


class TestIdsOfTheirOwn:
    def test_the_id_from_an_older_feed_serves_as_external_id(self) -> None:
        assert self.identify(entry_id="https://old.example/?p=1", link="https://news.example/1") == (
            "https://old.example/?p=1"
        )

    def identify(self, section: str | None = None, **fields: Any) -> str:
        (taken,) = read("a.json", dump(GOOD | fields), section=section).taken
        assert taken.is_id_derived
        assert taken.accepted.article.external_id is not None
        return taken.accepted.article.external_id

    def test_one_that_was_given_is_kept_without_a_word(self) -> None:
        (taken,) = read("a.json", dump(GOOD | {"external_id": "cms/1"})).taken
        assert taken.accepted.article.external_id == "cms/1"
        assert not taken.is_id_derived
        assert [note.place for note in taken.accepted.notes] == ["published"]

    def test_is_the_same_each_time_and_is_told(self) -> None:
        digest = hashlib.sha256("糧價回穩\n2024-03-05T01:07:00Z\nmacro".encode()).hexdigest()
        assert self.identify() == f"import:{digest[:32]}"
        (taken,) = read("a.json", dump(GOOD)).taken
        assert "made from the title, time and sections" in taken.accepted.notes[0].message

    def test_outlives_a_correction_of_the_text_and_another_name_of_the_section(self) -> None:
        both = self.identify(sections=["macro", "finance"])
        assert both == self.identify(sections=["財經", "宏观"], summary="另一句話。", tags=["糧"])

    @pytest.mark.parametrize(
        "change", [{"title": "糧價回落"}, {"published": "2024-03-05T09:08:00"}, {"published": None}]
    )
    def test_differs_with_title_time_and_sections(self, change: dict[str, Any]) -> None:
        assert self.identify(**change) != self.identify()
        assert self.identify(section="finance") != self.identify()

    def test_a_link_is_enough(self) -> None:
        (taken,) = read("a.json", dump(GOOD | {"link": "https://news.example/1"})).taken
        assert "made from the link" in taken.accepted.notes[0].message
        given = self.identify(link="https://news.example/1")
        assert given == self.identify(link="/1", title="糧價回落", published=None, sections=["finance"])
        assert given != self.identify(link="/2")

    def test_lines_have_them_too(self) -> None:
        (taken,) = read("a.jsonl", dump(GOOD)).taken
        assert taken.accepted.article.external_id == self.identify()


class TestJSONLines:
    @pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson"])
    def test_an_article_a_line(self, name: str) -> None:
        content = dump(GOOD) + b"\r\n\n" + dump(BAD) + b"\n{\n" + dump(GOOD)
        assert places(read(name, content)) == (["line 1", "line 5"], ["line 3", "line 4"])

    def test_a_broken_one_is_pointed_at_where_it_stands_in_the_file(self) -> None:
        (refused,) = read("a.jsonl", dump(GOOD) + b"\n\n{]\n").refused
        assert refused.place == "line 3"
        assert "at line 3, column 2" in refused.error.problems[0].reason


class TestPages:
    def test_a_page(self) -> None:
        (taken,) = read("a.txt", (PAGES / "hans_plain.txt").read_bytes()).taken
        assert taken.accepted.article.title == "粮价回稳，农户忙补栏"

    def test_the_given_section_stands_in(self) -> None:
        (taken,) = read("a.txt", (PAGES / "no_breadcrumb.txt").read_bytes(), section="finance").taken
        assert taken.accepted.article.sections == ("finance",)

    def test_a_refused_page(self) -> None:
        batch = read("a.txt", (PAGES / "no_breadcrumb.txt").read_bytes())
        assert [problem.field for problem in batch.refused[0].error.problems] == ["sections"]

    @pytest.mark.parametrize(
        ("page", "encoding"),
        [
            ("hans_plain.txt", "gb18030"),
            ("no_source_no_byline.txt", "gb18030"),
            ("no_source_no_byline.txt", "big5"),
            ("no_breadcrumb.txt", "big5"),
        ],
    )
    def test_other_encodings_are_read_with_a_warning(self, page: str, encoding: str) -> None:
        text = (PAGES / page).read_text(encoding="utf-8")
        decoded, notes = decode_page(text.encode(encoding))
        assert decoded == text
        assert [(note.message, note.severity) for note in notes] == [
            (f"is not UTF-8: read as {encoding.upper()}", "warning")
        ]
        (taken,) = read("a.txt", text.encode(encoding), section="macro").taken
        assert taken.accepted.notes[0] == notes[0]

    def test_a_byte_order_mark_is_no_text(self) -> None:
        assert decode_page(b"\xef\xbb\xbf\xe7\xb3\xa7") == ("糧", ())

    @pytest.mark.parametrize("content", [b"\xff\xfe\xe7\x7c", b"\x81" * 100, bytes(range(128, 256)), b"caf\xe9"])
    def test_bytes_that_are_no_text_are_refused(self, content: bytes) -> None:
        with pytest.raises(RefusedError, match="convert it to UTF-8"):
            decode_page(content)

    def test_a_page_is_bounded(self) -> None:
        with pytest.raises(RefusedError, match="4000000 bytes"):
            decode_page(b"x" * (Limits().page + 1))


class TestOtherFiles:
    @pytest.mark.parametrize("name", ["a.html", "a.md", "a", "a.tar.gz", ".json"])
    def test_are_refused_with_what_is_understood(self, name: str) -> None:
        (refused,) = read(name, b"x").refused
        (problem,) = refused.error.problems
        assert problem.value == name
        for suffix in (".json", ".jsonl", ".ndjson", ".txt"):
            assert suffix in problem.reason

    def test_are_bounded(self) -> None:
        (refused,) = read("a.json", b" " * (Limits().file + 1)).refused
        assert "64000000 bytes" in refused.error.problems[0].reason


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", b"[" + b"1," * Limits().articles + b"1]", "the 50000 that config.yaml allows (limits.articles)"),
        ("a.jsonl", b"1\n" * (Limits().articles + 1), "the 50000 that config.yaml allows (limits.articles)"),
        ("a.json", b"[" + b"{}," * limits.MAX_JSON_MARKS + b"{}]", "more than 2000000 values"),
    ],
)
def test_too_many_are_refused_whole(name: str, content: bytes, said: str) -> None:
    (refused,) = read(name, content).refused
    assert refused.place == ""
    assert said in str(refused.error)
