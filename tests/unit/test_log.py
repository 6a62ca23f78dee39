import io
import json
import logging
from collections.abc import Iterator

import pytest

from feedsvc import log


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    yield
    root.handlers, root.level = before


def lines(*, json: bool | None = None, environ: dict[str, str] | None = None) -> io.StringIO:
    stream = io.StringIO()
    log.configure(json=json, stream=stream, environ=environ or {})
    return stream


def fail(message: str) -> None:
    raise ValueError(message)


def test_an_event_is_one_line_for_people() -> None:
    out = lines()
    log.get_logger("feedsvc.test").info(
        "section_published", slug="macro", title="頭條\r\n\x1b[31m紅\u2028", length_bytes=7
    )
    (line,) = out.getvalue().splitlines()
    assert line.endswith("[info] section_published slug=macro title=頭條⏎�[31m紅⏎ length_bytes=7")


def test_an_exception_is_told_on_the_same_line_with_its_place() -> None:
    out = lines()
    try:
        fail("two\nlines")
    except ValueError:
        log.get_logger("feedsvc.test").exception("section_failed", slug="macro")
    (line,) = out.getvalue().splitlines()
    assert "error='ValueError: two⏎lines'" in line
    assert "test_log.py:" in line


def test_an_exception_that_was_never_raised_has_no_place() -> None:
    out = lines()
    log.get_logger("feedsvc.test").error("section_failed", exc_info=ValueError("一"))
    assert "error='ValueError: 一'" in out.getvalue()
    assert "raised_at" not in out.getvalue()


def test_json_has_the_whole_traceback_and_names_that_machines_know() -> None:
    out = lines(environ={"FEEDSVC_LOG": "JSON"})
    try:
        fail("一")
    except ValueError as error:
        log.get_logger("feedsvc.test").error("section_failed", slug="macro", exc_info=error)
    (line,) = out.getvalue().splitlines()
    event = json.loads(line)
    assert (event["event"], event["level"], event["slug"]) == ("section_failed", "error", "macro")
    assert event["error"] == "ValueError: 一"
    assert event["traceback"].startswith("Traceback")
    assert event["time"].endswith("Z")


def test_json_when_asked_whatever_the_environment_says() -> None:
    out = lines(json=True)
    log.get_logger("feedsvc.test").warning("seen", path=[1], odd=object)
    assert json.loads(out.getvalue())["path"] == [1]


def test_libraries_speak_in_the_same_shape_and_only_when_something_is_wrong() -> None:
    out = lines(json=True)
    logging.getLogger("apscheduler.scheduler").info("Added job")
    logging.getLogger("apscheduler.scheduler").warning("Job %s missed", "x")
    (line,) = out.getvalue().splitlines()
    assert json.loads(line)["event"] == "Job x missed"


def test_configuring_again_replaces_what_was() -> None:
    first, second = lines(), lines()
    log.get_logger("feedsvc.test").info("seen")
    assert not first.getvalue()
    assert "seen" in second.getvalue()


def test_without_configuring_nothing_reaches_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    log.get_logger("feedsvc.test").info("seen")
    log.get_logger("feedsvc.test").warning("seen")
    assert not capsys.readouterr().out
