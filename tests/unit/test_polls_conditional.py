from datetime import UTC, datetime, timedelta, timezone

import pytest

from feedsvc.web.polls.conditional import http_date, judge, parse_http_date

TAG = "0123456789abcdef0123456789abcdef"
ETAG = f'"{TAG}"'
MODIFIED = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def judged(**environ: str) -> int:
    """What becomes of a GET for a document of this tag and time."""
    return judge(environ, {TAG}, {TAG}, MODIFIED)


def test_a_date_is_written_as_imf_fixdate_in_gmt() -> None:
    shanghai = timezone(timedelta(hours=8))
    assert http_date(datetime(2026, 3, 1, 20, 0, 0, tzinfo=shanghai)) == "Sun, 01 Mar 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    "text",
    ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"],
)
def test_all_three_forms_of_http_date_are_read(text: str) -> None:
    assert parse_http_date(text) == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "Sun, 06 Nov 1994 08:49:37 +0800",
        "Sun, 06 Nov 1994 08:49:37 CST",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 29:49:37 GMT",
        "1994-11-06T08:49:37Z",
        "2026年3月1日",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
    ],
)
def test_whatever_is_no_http_date_is_ignored(text: str) -> None:
    assert parse_http_date(text) is None


@pytest.mark.parametrize(
    "if_none_match",
    [ETAG, f"W/{ETAG}", f'"other", {ETAG}', f'W/"a,b",W/{ETAG} , "c"', "*", " * ", f"rubbish, {ETAG}", f",,{ETAG},"],
)
def test_a_matching_entity_tag_keeps_the_clients_copy(if_none_match: str) -> None:
    assert judged(HTTP_IF_NONE_MATCH=if_none_match) == 304


@pytest.mark.parametrize(
    "if_none_match",
    [
        "",
        '"other"',
        TAG,
        ETAG[:-2] + '"',
        f'"prefix{ETAG[1:]}',
        '"*"',
        f'"other", *{ETAG[:5]}',
        f'"{TAG} "',
        f"'{TAG}'",
    ],
)
def test_another_entity_tag_does_not_even_if_the_date_would(if_none_match: str) -> None:
    assert judged(HTTP_IF_NONE_MATCH=if_none_match, HTTP_IF_MODIFIED_SINCE=http_date(MODIFIED)) == 200


def test_the_date_decides_where_there_is_no_entity_tag() -> None:
    assert judged(HTTP_IF_MODIFIED_SINCE=http_date(MODIFIED)) == 304
    assert judged(HTTP_IF_MODIFIED_SINCE=http_date(MODIFIED + timedelta(seconds=1))) == 304
    assert judged(HTTP_IF_MODIFIED_SINCE=http_date(MODIFIED - timedelta(seconds=1))) == 200
    assert judged(HTTP_IF_MODIFIED_SINCE="rubbish") == 200
    assert judged() == 200


@pytest.mark.parametrize(
    ("if_match", "status"),
    [(ETAG, 200), (f'"x", {ETAG}', 200), ("*", 200), (f"W/{ETAG}", 412), ('"x"', 412), ("", 412)],
)
def test_who_asks_for_one_version_only_gets_that_or_nothing(if_match: str, status: int) -> None:
    """The strong comparison of RFC 9110 §13.1.1: a weak tag never matches."""
    assert judged(HTTP_IF_MATCH=if_match) == status


def test_a_coded_document_has_no_strong_name() -> None:
    assert judge({"HTTP_IF_MATCH": ETAG}, {TAG}, (), MODIFIED) == 412
    assert judge({"HTTP_IF_NONE_MATCH": ETAG}, {TAG}, (), MODIFIED) == 304


def test_the_date_of_a_precondition_counts_unless_it_is_none() -> None:
    before, after = http_date(MODIFIED - timedelta(seconds=1)), http_date(MODIFIED)
    assert judged(HTTP_IF_UNMODIFIED_SINCE=before) == 412
    assert judged(HTTP_IF_UNMODIFIED_SINCE=after) == 200
    assert judged(HTTP_IF_UNMODIFIED_SINCE="rubbish") == 200
    assert judged(HTTP_IF_UNMODIFIED_SINCE=before, HTTP_IF_MATCH=ETAG) == 200  # If-Match alone decides


def test_preconditions_come_in_their_order() -> None:
    """RFC 9110 §13.2.2: what must be so before what need not be sent."""
    assert judged(HTTP_IF_MATCH='"x"', HTTP_IF_NONE_MATCH=ETAG) == 412
    assert judged(HTTP_IF_MATCH=ETAG, HTTP_IF_NONE_MATCH=ETAG) == 304
