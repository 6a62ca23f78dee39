"""A small soak (`make soak` is the large one), and that the pollers would tell of each fault they look for."""

import gzip
import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from polling import Crowd, Poll
from soak import soak, wait_in_crowds

BODY = b"<rss><item><guid>a</guid>one</item><item><guid>b</guid>two</item></rss>"
NEWER = b"<rss><item><guid>a</guid>one</item><item><guid>c</guid>three</item></rss>"
MONDAY, TUESDAY = "Mon, 02 Mar 2026 08:00:00 GMT", "Tue, 03 Mar 2026 08:00:00 GMT"


def test_no_answer_is_wrong_while_articles_come_change_and_go(tmp_path: Path) -> None:
    outcome = soak(tmp_path, polls=2_000, articles=20, connections=4, workers=2)
    told = outcome.told
    assert told["faults"] == []
    assert told["polls"] == sum(count for kind, count in told["counts"].items() if kind.startswith(("GET", "HEAD")))
    for kind in ("GET 200 br", "GET 200 gzip", "GET 200 plain", "GET 304", "HEAD 304"):
        assert told["counts"][kind]
    assert outcome.edits["PUT 201"] == 40
    assert outcome.log_bytes < 64 * 1024

    told, answers = wait_in_crowds(tmp_path, polls=200, waiting=50)
    assert told["faults"] == []
    assert {name.partition(" ")[0] for name in answers} <= {"200", "201", "202", "503"}


def name_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]


def describe(body: bytes, modified: str = MONDAY, **more: str) -> dict[str, str]:
    named = {"etag": f'"{name_of(body)}"', "last-modified": modified, "content-length": str(len(body))}
    return named | {name.replace("_", "-"): value for name, value in more.items()}


@pytest.fixture
def ask() -> Callable[..., Poll]:
    crowd = Crowd("nowhere", ["/feeds/macro.rss"], 1)

    def make(method: str = "GET", shown: list[str] | None = None) -> Poll:
        poll = Poll(crowd, random.Random(1))
        poll.method, poll.shown = method, shown or []
        poll.headers = {}
        return poll

    return make


def test_a_right_answer_is_no_fault(ask: Callable[..., Poll]) -> None:
    assert ask().judge(200, describe(BODY), BODY) is None
    packed = gzip.compress(BODY)
    coded = describe(packed, etag=f'W/"{name_of(BODY)}"', content_encoding="gzip")
    assert ask().judge(200, coded, packed) is None
    assert ask("HEAD").judge(200, describe(BODY), b"") is None
    assert ask(shown=[name_of(BODY)]).judge(304, describe(BODY), b"") is None
    assert ask().judge(200, describe(NEWER, TUESDAY), NEWER) is None
    delta = b"<rss><item><guid>c</guid>three</item></rss>"
    told = describe(NEWER, TUESDAY, im="feed", delta_base=f'"{name_of(BODY)}"')
    assert ask(shown=[name_of(BODY)]).judge(226, told, delta) is None
    for wrong in (b"<rss></rss>", BODY):
        assert "delta with" in str(ask(shown=[name_of(BODY)]).judge(226, told, wrong))


@pytest.mark.parametrize(
    ("status", "headers", "body", "told"),
    [
        (500, describe(BODY), b"Traceback", ([], "Traceback")),
        (200, describe(BODY, content_length="70"), BODY[:-1], ([], "two lengths")),
        (200, describe(NEWER, TUESDAY), BODY, ([], "bytes of")),
        (200, describe(BODY), BODY.replace(b"one", b"two"), ([], "not what its ETag names")),
        (200, describe(BODY, etag=f'W/"{name_of(BODY)}"'), BODY, ([], "for coding identity")),
        (200, describe(BODY), BODY, ([name_of(BODY)], "200 for what was shown")),
        (200, describe(BODY, TUESDAY), BODY, ([], "two times")),
        (200, describe(NEWER), NEWER, ([], "two ETags")),
        (200, describe(NEWER, "Sun, 01 Mar 2026 08:00:00 GMT"), NEWER, ([], "went back")),
        (304, describe(BODY), b"", (["x"], "not shown")),
        (304, describe(BODY), b"", ([], "showed nothing")),
        (226, describe(NEWER, TUESDAY, im="feed", delta_base='"x"'), BODY, ([name_of(BODY)], "a delta from")),
    ],
)
def test_a_wrong_answer_is_one(
    ask: Callable[..., Poll], status: int, headers: dict[str, str], body: bytes, told: tuple[list[str], str]
) -> None:
    shown, fault = told
    assert ask().judge(200, describe(BODY), BODY) is None
    assert fault in str(ask(shown=shown).judge(status, headers, body))
