from datetime import UTC, datetime, timedelta, timezone

import pytest

from feedsvc.web.conditional import http_date, is_unchanged, parse_http_date

ETAG = '"0123456789abcdef0123456789abcdef"'
MODIFIED = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


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
    [
        ETAG,
        f"W/{ETAG}",
        f'"other", {ETAG}',
        f'W/"a,b",W/{ETAG} , "c"',
        "*",
        " * ",
    ],
)
def test_a_matching_entity_tag_keeps_the_clients_copy(if_none_match: str) -> None:
    assert is_unchanged(ETAG, MODIFIED, if_none_match, None)


@pytest.mark.parametrize(
    "if_none_match",
    ["", '"other"', ETAG.strip('"'), ETAG[:-2] + '"', f'"prefix{ETAG[1:]}', '"*"', f'"other", *{ETAG[:5]}'],
)
def test_another_entity_tag_does_not_even_if_the_date_would(if_none_match: str) -> None:
    assert not is_unchanged(ETAG, MODIFIED, if_none_match, http_date(MODIFIED))


def test_the_date_decides_where_there_is_no_entity_tag() -> None:
    assert is_unchanged(ETAG, MODIFIED, None, http_date(MODIFIED))
    assert is_unchanged(ETAG, MODIFIED, None, http_date(MODIFIED + timedelta(seconds=1)))
    assert not is_unchanged(ETAG, MODIFIED, None, http_date(MODIFIED - timedelta(seconds=1)))
    assert not is_unchanged(ETAG, MODIFIED, None, "rubbish")
    assert not is_unchanged(ETAG, MODIFIED, None, None)
    assert not is_unchanged(ETAG, None, None, http_date(MODIFIED))
