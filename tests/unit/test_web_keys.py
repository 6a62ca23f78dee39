import pytest

from feedsvc.web.keys import read_key
from feedsvc.web.problems import ProblemError


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("plain", "plain"),
        ("a%2Fb", "a/b"),
        ("a/b", "a/b"),
        ("%2Fa%2F", "/a/"),
        ("a//b", "a//b"),
        ("..%2F.%2Fa", ".././a"),
        ("what%3Fnow", "what?now"),
        ("100%25", "100%"),
        ("%E4%B8%AD%E6%96%87", "中文"),
        ("%F0%A0%AE%B7", "𠮷"),
        ("a+b%20c", "a+b c"),
        ("https%3A%2F%2Fcms.example.org%2F%3Fp%3D12", "https://cms.example.org/?p=12"),
        ("x/api/v1/articles/y", "x/api/v1/articles/y"),
        ("line%0Abreak", "line\nbreak"),
    ],
)
@pytest.mark.parametrize("name", ["REQUEST_URI", "RAW_URI"])
def test_a_key_is_decoded_once_from_the_target_as_sent(encoded: str, key: str, name: str) -> None:
    assert read_key({name: f"/api/v1/articles/{encoded}?x=/api/v1/articles/z", "PATH_INFO": "/cleaned/up"}) == key


def test_a_target_in_absolute_form_is_read_too() -> None:
    assert read_key({"REQUEST_URI": "http://127.0.0.1:8000/api/v1/articles/a%2Fb", "PATH_INFO": ""}) == "a/b"


def test_without_a_raw_target_the_path_will_do() -> None:
    path = "/api/v1/articles/中/a?b".encode().decode("latin-1")
    assert read_key({"PATH_INFO": path}) == "中/a?b"


def test_a_target_whose_own_path_is_encoded_falls_back_to_the_path() -> None:
    assert read_key({"REQUEST_URI": "/api/v1/%61rticles/x", "PATH_INFO": "/api/v1/articles/x"}) == "x"


@pytest.mark.parametrize(
    "environ",
    [
        {"REQUEST_URI": "/api/v1/articles/%FF", "PATH_INFO": ""},
        {"PATH_INFO": "/api/v1/articles/\xff"},
        {"REQUEST_URI": "/api/v1/articles/%ED%A0%80", "PATH_INFO": ""},
    ],
)
def test_a_key_that_is_no_utf_8_is_refused(environ: dict[str, str]) -> None:
    with pytest.raises(ProblemError) as caught:
        read_key(environ)
    assert caught.value.status == 400
