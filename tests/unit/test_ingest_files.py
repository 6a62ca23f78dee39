"""A file is told by its ending, and everything in it is either taken or refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from feedsvc.errors import RefusedError, UnknownSectionError
from feedsvc.ingest import Batch, decode_page, read_file
from feedsvc.ingest import bounds as limits

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
        assert taken.accepted.notes[0].place == "published"

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


class TestJSONLines:
    @pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson"])
    def test_an_article_a_line(self, name: str) -> None:
        content = dump(GOOD) + b"\r\n\n" + dump(BAD) + b"\n{\n" + dump(GOOD)
        assert places(read(name, content)) == (["line 1", "line 5"], ["line 3", "line 4"])


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
        with pytest.raises(RefusedError, match="4194304 bytes"):
            decode_page(b"x" * (limits.MAX_PAGE_BYTES + 1))


class TestOtherFiles:
    @pytest.mark.parametrize("name", ["a.html", "a.md", "a", "a.tar.gz", ".json"])
    def test_are_refused_with_what_is_understood(self, name: str) -> None:
        (refused,) = read(name, b"x").refused
        (problem,) = refused.error.problems
        assert problem.value == name
        for suffix in (".json", ".jsonl", ".ndjson", ".txt"):
            assert suffix in problem.reason

    def test_are_bounded(self) -> None:
        (refused,) = read("a.json", b" " * (limits.MAX_FILE_BYTES + 1)).refused
        assert "67108864 bytes" in refused.error.problems[0].reason
