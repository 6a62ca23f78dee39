"""Pictures and files: what is left out is found out, or asked for."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any

import pytest

from feedsvc.errors import RefusedError
from feedsvc.ingest import Accepted, accept, to_json
from feedsvc.ingest.attached import Measure
from feedsvc.ingest.mediatypes import guess_media_type
from feedsvc.model import Enclosure, Note


def take_with(measure: Measure | None = None, **fields: Any) -> Accepted:
    data = {"title": "糧價回穩", "summary": "一句話。", "sections": ["macro"], **fields}
    return accept(data, resolve_section=str, base_url="https://news.example/site", measure=measure)


def problem_with(**fields: Any) -> tuple[str, str, str]:
    with pytest.raises(RefusedError) as caught:
        take_with(**fields)
    (problem,) = caught.value.problems
    return problem.field, problem.value, problem.reason


@pytest.mark.parametrize(
    ("file", "path", "reason"),
    [
        ({"url": "a", "type": "audio/mpeg", "length": -1}, "length", "must be bytes from 0"),
        ({"url": "a", "type": "audio/mpeg", "length": 2**60}, "length", "must be bytes from 0"),
        ({"url": "a", "type": "mp3"}, "type", "is no media type, such as audio/mpeg"),
        ({"url": "a", "type": ""}, "type", "is no media type"),
        ({"url": "", "type": "audio/mpeg"}, "url", "is empty: give the file's URL"),
        ({"url": "ftp://a/", "type": "audio/mpeg"}, "url", "only http and https"),
        ({"url": "http://[/a.mp3", "type": "audio/mpeg"}, "url", "not a URL"),
    ],
)
def test_bad_enclosures_are_refused(file: dict[str, Any], path: str, reason: str) -> None:
    field, _, why = problem_with(enclosures=[file])
    assert field == f"enclosures[0].{path}"
    assert reason in why


@pytest.mark.parametrize(
    ("url", "media_type"),
    [
        ("https://cdn.example/a.mp3", "audio/mpeg"),
        ("https://cdn.example/A.M4A?x=1.pdf#b.zip", "audio/x-m4a"),
        ("https://cdn.example/%E6%96%B0%E9%97%BB.pdf", "application/pdf"),
        ("https://cdn.example/%E5%BD%95%E9%9F%B3%2Emp4", "video/mp4"),
        ("https://cdn.example/a.tar.gz", "application/gzip"),
        ("/音/第一期.ogg", "audio/ogg"),
        ("b.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ],
)
def test_a_type_left_out_is_told_by_the_ending(url: str, media_type: str) -> None:
    accepted = take_with(enclosures=[{"url": url, "length": 1}])
    assert [file.type for file in accepted.article.enclosures] == [media_type]
    assert Note(place="enclosures[0].type", message=f"is not given: {media_type}, as the URL ends") in accepted.notes


@pytest.mark.parametrize("url", ["https://cdn.example/play?id=7", "https://a.example/x.mp3/", "a.unknown", ".mp3"])
def test_a_type_that_nothing_tells_is_asked_for(url: str) -> None:
    field, value, why = problem_with(enclosures=[{"url": url, "length": 1}])
    assert (field, value) == ("enclosures[0].type", url)
    assert "the URL's ending doesn't tell it: name the media type" in why


def test_the_machine_s_own_table_of_types_is_not_asked(tmp_path: Path) -> None:
    table = tmp_path / "mime.types"
    table.write_text("application/x-strange mp3 strange\n")
    mimetypes.init([str(table)])
    try:
        assert guess_media_type("https://a.example/a.mp3") == "audio/mpeg"
        assert guess_media_type("https://a.example/a.strange") is None
    finally:
        mimetypes.init()


@pytest.mark.parametrize(
    ("given", "seconds"),
    [(312, 312), ("312", 312), ("5:12", 312), ("0:05:12", 312), ("1:02:03", 3723), ("75:30", 4530), (" 00:00:07 ", 7)],
)
def test_a_length_of_time_is_seconds(given: object, seconds: int) -> None:
    accepted = take_with(enclosures=[{"url": "a.mp3", "length": 1, "duration": given, "title": " 朗\n读 "}])
    (file,) = accepted.article.enclosures
    assert (file.duration_seconds, file.title) == (seconds, "朗 读")
    assert to_json(accepted.article)["enclosures"] == [
        {"url": file.url, "type": "audio/mpeg", "length": 1, "title": "朗 读", "duration": seconds}
    ]


@pytest.mark.parametrize("given", ["", "5m", "1:60", "1:60:00", "1:2:3:4", 1.5, True, "٣"])
def test_what_is_no_length_of_time_is_refused(given: object) -> None:
    field, _, why = problem_with(enclosures=[{"url": "a.mp3", "duration": given}])
    assert field == "enclosures[0].duration"
    assert "must be seconds, or hours, minutes and seconds such as 1:02:03" in why


@pytest.mark.parametrize("given", [0, -1, 10**8, "999:59:59" + "9", "00:00"])
def test_a_length_of_time_beyond_all_bounds_is_refused(given: object) -> None:
    assert problem_with(enclosures=[{"url": "a.mp3", "duration": given}])[0] == "enclosures[0].duration"


def test_the_length_of_a_file_at_hand_is_found_out() -> None:
    sizes = {"音/a 1.mp3": 16300, "b.mp3": 7}
    accepted = take_with(
        measure=sizes.get,
        enclosures=[
            {"url": "%E9%9F%B3/a%201.mp3?v=2"},
            {"url": "b.mp3", "length": 7},
            {"url": "b.mp3", "length": 8},
            {"url": "/b.mp3"},
            {"url": "https://cdn.example/b.mp3"},
            {"url": "c.mp3"},
        ],
    )
    assert [file.length_bytes for file in accepted.article.enclosures] == [16300, 7, 8, 0, 0, 0]
    told = [(note.place, note.message, note.severity) for note in accepted.notes if "length" in note.place]
    assert told[:2] == [
        ("enclosures[0].length", "is not given: 16300, as the file at 音/a 1.mp3 has", "info"),
        ("enclosures[2].length", "is 8, but the file at b.mp3 has 7: kept as given", "warning"),
    ]
    assert [place for place, *_ in told[2:]] == ["enclosures[3].length", "enclosures[4].length", "enclosures[5].length"]


def test_the_type_of_a_picture_is_told_by_its_ending_or_not_at_all() -> None:
    for url, media_type in {"a.webp": "image/webp", "a.JPG": "image/jpeg", "a": None, "a.mp3": None}.items():
        accepted = take_with(image=url)
        assert accepted.article.image is not None
        assert accepted.article.image.type == media_type
        assert any(note.place == "image.type" for note in accepted.notes) == (media_type is not None)


def test_types_are_lower_case_and_a_missing_length_is_told() -> None:
    given = {"url": "https://a.example/x", "type": "Audio/OGG; codecs=opus"}
    accepted = take_with(enclosures=[given, given])
    assert accepted.article.enclosures == (
        Enclosure(url="https://a.example/x", type="audio/ogg; codecs=opus", length_bytes=0),
    )
    told = [note.message for note in accepted.notes]
    assert "is not given: RSS will say 0, which means unknown; Atom and JSON Feed leave it out" in told
    assert "is written as audio/ogg; codecs=opus" in told
    assert "1 repeated left out" in told


@pytest.mark.parametrize(
    ("image", "path"),
    [
        ({"url": "a", "type": "audio/mpeg"}, "image.type"),
        ({"url": "a", "type": "png"}, "image.type"),
        ({"url": "a", "width": 0}, "image.width"),
        ({"url": "a", "height": -5}, "image.height"),
    ],
)
def test_bad_images_are_refused(image: dict[str, Any], path: str) -> None:
    assert problem_with(image=image)[0] == path
