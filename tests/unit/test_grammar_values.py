"""The checks of single values: which texts they take, and by which rule they refuse one."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from feedsvc.feed.grammar.rules import Fault
from feedsvc.feed.grammar.values import (
    RULES,
    WEB,
    check_email,
    check_iri,
    check_language,
    check_media_type,
    check_rfc822,
    check_rfc3339,
)


def broken(faults: Iterable[Fault]) -> list[str]:
    return [fault.rule.name for fault in faults]


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T20:00:00+08:00",
        "2026-03-01T12:00:00Z",
        "2026-03-01t12:00:00z",
        "2026-03-01T12:00:00.123456789Z",
        "2026-03-01T12:00:00-00:00",
        "2024-02-29T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59+23:59",
    ],
)
def test_rfc3339_takes(text: str) -> None:
    assert broken(check_rfc3339(text)) == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "date.rfc3339"),
        ("2024年1月1日", "date.rfc3339"),
        ("２０２６-03-01T12:00:00Z", "date.rfc3339"),
        ("2026-03-01", "date.rfc3339"),
        ("2026-03-01 12:00:00Z", "date.rfc3339"),
        ("2026-03-01T12:00Z", "date.rfc3339"),
        ("2026-03-01T12:00:00+0800", "date.rfc3339"),
        (" 2026-03-01T12:00:00Z", "date.rfc3339"),
        ("2026-03-01T12:00:00Z\n", "date.rfc3339"),
        ("2026-03-01T12:00:00CST", "date.rfc3339"),
        ("12026-03-01T12:00:00Z", "date.rfc3339"),
        ("Sun, 01 Mar 2026 20:00:00 +0800", "date.rfc3339"),
        (f"2026-03-01T12:00:00.{'0' * 100}Z", "date.rfc3339"),
        ("2026-03-01T12:00:00", "date.rfc3339.zone"),
        ("2026-02-29T12:00:00Z", "date.exists"),
        ("2026-13-01T12:00:00Z", "date.exists"),
        ("2026-03-00T12:00:00Z", "date.exists"),
        ("2026-03-01T24:00:00Z", "date.exists"),
        ("2026-03-01T12:60:00Z", "date.exists"),
        ("2026-03-01T12:00:61Z", "date.exists"),
        ("2026-03-01T12:60:60Z", "date.exists"),
        ("2026-03-01T12:00:00+24:00", "date.exists"),
        ("2026-03-01T12:00:00+08:60", "date.exists"),
        ("0000-02-29T12:00:00Z", "date.year-early"),
    ],
)
def test_rfc3339_refuses(text: str, rule: str) -> None:
    (fault,) = check_rfc3339(text)
    assert (fault.rule.name, fault.found) == (rule, text)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("2016-12-31T23:59:60Z", "date.leap-second"),
        ("2017-01-01T07:59:60+08:00", "date.leap-second"),
        ("2015-06-30T18:59:60-05:00", "date.leap-second"),
        ("2016-12-31T23:59:60+08:00", "date.exists"),
        ("2016-03-31T23:59:60Z", "date.exists"),
        ("2016-12-31T12:00:60Z", "date.exists"),
        ("9999-12-31T23:59:60-14:00", "date.exists"),
    ],
)
def test_a_leap_second_is_one_in_utc_alone(text: str, rule: str) -> None:
    assert broken(check_rfc3339(text)) == [rule]


def test_atom_wants_capitals() -> None:
    assert broken(check_rfc3339("2026-03-01T12:00:00Z", capitals=True)) == []
    for text in ("2026-03-01t12:00:00Z", "2026-03-01T12:00:00z", "2026-03-01t12:00:00+08:00"):
        assert broken(check_rfc3339(text, capitals=True)) == ["date.rfc3339.capitals"]


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 01 Mar 2026 20:00:00 +0800",
        "Sun, 1 Mar 2026 20:00:00 GMT",
        "01 Mar 2026 20:00 UT",
        "sun, 01 MAR 2026 20:00:00 -0000",
        "Sun,  01  Mar  2026  20:00:00  +0800",
        "Wed, 31 Dec 1969 23:59:59 +0000",
    ],
)
def test_rfc822_takes(text: str) -> None:
    assert broken(check_rfc822(text)) == []


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("", ["date.rfc822"]),
        ("2024年1月1日", ["date.rfc822"]),
        ("2026-03-01T20:00:00+08:00", ["date.rfc822"]),
        ("Sonntag, 01 Mar 2026 20:00:00 +0800", ["date.rfc822"]),
        ("Sun, 01 March 2026 20:00:00 +0800", ["date.rfc822"]),
        ("Sun 01 Mar 2026 20:00:00 +0800", ["date.rfc822"]),
        ("Sun, 01 Mar 026 20:00:00 +0800", ["date.rfc822"]),
        ("Sun, 01 Mar 2026", ["date.rfc822"]),
        ("Sun, 01 Mar 2026 20:00:00 +0800 x", ["date.rfc822"]),
        ("Sun, 01 Mar 2026 20:00:00", ["date.rfc822.zone"]),
        ("Sun, 01 Mar 2026 20:00:00 +08:00", ["date.rfc822.zone"]),
        ("Sun, 01 Mar 2026 20:00:00 UTC", ["date.rfc822.zone"]),
        ("Sun, 01 Mar 2026 20:00:00 J", ["date.rfc822.zone"]),
        ("Sun, 01 Mar 2026 20:00:00 北京时间", ["date.rfc822.zone"]),
        ("Sun, 01 Mar 2026 20:00:00 CST", ["date.rfc822.zone-name"]),
        ("Sun, 01 Mar 2026 20:00:00 Z", ["date.rfc822.zone-name"]),
        ("Sun, 01 Mar 26 20:00:00 +0800", ["date.rfc822.year"]),
        ("Wed, 31 Dec 69 20:00:00 +0800", ["date.rfc822.year"]),
        ("Sun, 01 Mar 2026 20:00:00 +0800 (北京)", ["date.rfc822.comment"]),
        ("Sun, 01 (一 (the first)) Mar 2026 20:00:00 +0800", ["date.rfc822.comment"]),
        ("(Sun", ["date.rfc822.comment", "date.rfc822"]),
        ("Mon, 01 Mar 2026 20:00:00 +0800", ["date.rfc822.weekday"]),
        ("Sat, 29 Feb 2026 20:00:00 +0800", ["date.exists"]),
        ("Sun, 01 Mar 2026 24:00:00 +0800", ["date.exists"]),
        ("Sun, 01 Mar 2026 20:00:00 +2400", ["date.exists"]),
        ("Sun, 01 Mar 0000 20:00:00 +0800", ["date.year-early"]),
        ("Mon, 01 Jan 0001 00:00:00 +0000", ["date.year-early"]),
        ("Sat, 31 Dec 2016 23:59:60 +0000", ["date.leap-second"]),
        ("Mon, 01 Mar 26 20:00 CST (中国)", [
            *("date.rfc822.comment", "date.rfc822.year", "date.rfc822.zone-name", "date.rfc822.weekday")
        ]),
    ],
)  # fmt: skip
def test_rfc822_tells(text: str, rules: list[str]) -> None:
    assert broken(check_rfc822(text)) == rules


def test_a_wrong_day_of_the_week_is_told_the_right_one() -> None:
    (fault,) = check_rfc822("Mon, 01 Mar 2026 20:00:00 +0800")
    assert fault.expected == "Sun"


@pytest.mark.parametrize(
    "text",
    [
        "https://news.example.org/",
        "HTTP://news.example.org",
        "https://news.example.org:8443/a%20b;c=1?q=%E6%96%B0&x=(1)#s-1",
        "https://xn--fsqu00a.xn--fiqs8s/",
        "https://[2001:db8::1]:80/",
        "urn:uuid:00000000-0000-4000-8000-000000000001",
        "tag:news.example.org,2026:1",
        "mailto:desk@example.org",
    ],
)
def test_iri_takes(text: str) -> None:
    assert broken(check_iri(text)) == []


@pytest.mark.parametrize(
    ("text", "rule", "place"),
    [
        ("", "iri.absolute", ""),
        ("/news/1", "iri.absolute", ""),
        ("//news.example.org/1", "iri.absolute", ""),
        ("news.example.org", "iri.absolute", ""),
        ("#a", "iri.absolute", ""),
        ("新闻:1", "iri.absolute", ""),
        (" https://news.example.org/", "iri.absolute", ""),
        ("https://news.example.org/新闻/1", "iri.ascii", ""),
        ("https://例え.example/", "iri.ascii", ""),
        ("tag:example.org,2026:新", "iri.ascii", ""),
        ("https://news.example.org/a b", "iri.characters", "character 27"),
        ("https://news.example.org/新 闻", "iri.characters", "character 27"),
        ("https://news.example.org/100%", "iri.characters", "character 29"),
        ("https://news.example.org/%zz", "iri.characters", "character 26"),
        ("https://[::1]/[x]", "iri.characters", "character 15"),
        ("https://news.example.org/#a#b", "iri.characters", "character 28"),
        ("https://news.example.org/?[]", "iri.characters", "character 27"),
        ("https://news.example.org/\u202egpj", "iri.characters", "character 26"),
        ("https://news.example.org/\ud800", "iri.characters", "character 26"),
        ("https://news.example.org/\n", "iri.characters", "character 26"),
        ('https://news.example.org/"', "iri.characters", "character 26"),
        ("http:///news", "iri.host", ""),
        ("http:news", "iri.host", ""),
        ("https://news.example.org:99999/", "iri.host", ""),
        ("https://[::g]/", "iri.host", ""),
        (f"https://{'a' * 300}.example/", "iri.host", ""),
        ("javascript:alert(1)", "iri.active", ""),
        ("JavaScript:alert(1)", "iri.active", ""),
        ("data:text/html,<p>", "iri.active", ""),
        (f"https://news.example.org/{'a' * 8_000}", "iri.length", ""),
    ],
)
def test_iri_refuses(text: str, rule: str, place: str) -> None:
    (fault,) = check_iri(text)
    assert (fault.rule.name, fault.place, fault.found) == (rule, place, text)


def test_iri_of_some_schemes_only() -> None:
    assert broken(check_iri("https://news.example.org/", schemes=WEB)) == []
    assert broken(check_iri("mailto:desk@example.org", schemes=WEB)) == ["iri.scheme"]
    assert broken(check_iri("javascript:alert(1)", schemes=WEB)) == ["iri.active"]
    assert broken(check_iri("data:image/png;base64,AA==", schemes={"data"})) == []


@pytest.mark.parametrize(
    "text",
    [
        *("zh-Hans", "zh-Hant-TW", "zh-cmn-Hans-CN", "zh-yue", "en", "en-GB", "es-419", "de-1901", "sl-rozaj"),
        *("i-klingon", "en-GB-oed", "zh-min-nan", "x-newsroom", "de-x-private", "en-u-nu-thai", "ZH-HANS"),
    ],
)
def test_language_takes(text: str) -> None:
    assert broken(check_language(text)) == []


@pytest.mark.parametrize(
    "text", ["", "zh_CN", "中文", "zh-", "-zh", "z", "english-languages", "zh Hans", "zh\n", "a" * 101]
)
def test_language_refuses(text: str) -> None:
    assert broken(check_language(text)) == ["language.form"]


@pytest.mark.parametrize("text", ["xx", "chinese", "zh-Hanx", "de-1901-1901", "en-a-bbb-a-ccc"])
def test_language_knows_what_is_registered(text: str) -> None:
    assert broken(check_language(text)) == ["language.known"]


@pytest.mark.parametrize(
    "text",
    ["audio/mpeg", "image/svg+xml", "text/html; charset=utf-8", 'text/html;charset="utf \\" 8"', "x-world/x-vrml"],
)
def test_media_type_takes(text: str) -> None:
    assert broken(check_media_type(text)) == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        *(
            (text, "media-type.form")
            for text in ("", "mp3", "audio/", "/mpeg", "audio/mp eg", "音频/mpeg", "a/b;", "a/b;c")
        ),
        ("audio/" + "m" * 300, "media-type.form"),
        ("mp3/audio", "media-type.known"),
        ("file/pdf", "media-type.known"),
    ],
)
def test_media_type_refuses(text: str, rule: str) -> None:
    assert broken(check_media_type(text)) == [rule]


@pytest.mark.parametrize(
    "text", ["a@b.cn", "a.b+c@d-e.example", '"a b"@example.org', "a@[192.0.2.1]", "root@localhost"]
)
def test_email_takes(text: str) -> None:
    assert broken(check_email(text)) == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        *((text, "email.form") for text in ("", "a", "a@", "@b", "a b@c.d", "a@b@c", "a..b@c.d", "a@b.cn (编辑)")),
        ("a@" + "b" * 400, "email.form"),
        ("编辑@例子.中国", "email.ascii"),
    ],
)
def test_email_refuses(text: str, rule: str) -> None:
    assert broken(check_email(text)) == [rule]


def test_every_rule_has_a_name_of_its_own_and_says_how_to_mend() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.standard and rule.message and rule.mend for rule in RULES)
