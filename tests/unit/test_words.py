from datetime import datetime, timedelta, timezone

import pytest

from feedsvc.words import WORDS, say_time, words_for

SHANGHAI = timezone(timedelta(hours=8))


def test_every_language_has_every_word() -> None:
    english = WORDS["en"].keys()
    assert all(words.keys() == english for words in WORDS.values())
    assert all(value for words in WORDS.values() for value in words.values())


@pytest.mark.parametrize(
    ("language", "subscribe"),
    [
        ("zh", "订阅"),
        ("zh-CN", "订阅"),
        ("zh-Hans", "订阅"),
        ("zh-Hans-HK", "订阅"),
        ("zh-Hant", "訂閱"),
        ("zh-TW", "訂閱"),
        ("zh-hk", "訂閱"),
        ("en-GB", "Subscribe"),
        ("fr", "Subscribe"),
        ("zhx", "Subscribe"),
    ],
)
def test_the_words_follow_the_language(language: str, subscribe: str) -> None:
    assert words_for(language)["subscribe"] == subscribe


def test_times_are_said_as_readers_of_the_language_write_them() -> None:
    moment = datetime(2022, 10, 4, 9, 5, 31, tzinfo=SHANGHAI)
    assert say_time(moment, "zh-Hant") == "2022年10月4日 09:05"
    assert say_time(moment, "en") == "2022-10-04 09:05"
