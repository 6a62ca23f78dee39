from datetime import datetime, timedelta, timezone

import pytest

from feedsvc.words import WORDS, is_leftward, language_of_words, say_offset, say_time, words_for

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


@pytest.mark.parametrize(
    ("hours", "said"), [(8, "UTC+8"), (0, "UTC"), (-3.5, "UTC-3:30"), (5.75, "UTC+5:45"), (-10, "UTC-10")]
)
def test_a_time_can_be_told_with_its_distance_from_utc(hours: float, said: str) -> None:
    assert say_offset(datetime(2022, 10, 4, tzinfo=timezone(timedelta(hours=hours)))) == said


@pytest.mark.parametrize(
    ("language", "is_so"),
    [
        ("ar", True),
        ("he-IL", True),
        ("AR-eg", True),
        ("ug", True),
        ("ug-Latn", False),
        ("kk-Arab-CN", True),
        ("ar-1994", True),
        ("zh-Hans", False),
        ("en", False),
        ("ar-Latn", False),
    ],
)
def test_the_script_of_a_tag_says_where_a_line_begins_else_its_language(language: str, is_so: bool) -> None:
    assert is_leftward(language) is is_so


@pytest.mark.parametrize(("language", "words"), [("zh-TW", "zh-TW"), ("en-GB", "en-GB"), ("ar", "en"), ("enm", "en")])
def test_the_frame_of_a_page_is_in_the_language_of_its_words(language: str, words: str) -> None:
    assert language_of_words(language) == words
