"""Whatever is called a feed is linted and imported, or refused, with a word, without an exception, in bounded time."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator
from itertools import chain
from zoneinfo import ZoneInfo

import pytest

from effort import EFFORT
from feedsvc.cli.findings import Checked, as_json, print_report, sum_up
from feedsvc.cli.terminal import print_json
from feedsvc.feed.lint import lint
from feedsvc.ingest import Batch, read_file
from hostile import drawn, pages, planned, truncated

HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
MOST_SECONDS = 10
"""Of a processor, for one feed; the slowest take less than two where nothing else runs."""


def read(content: bytes, name: str = "old.xml") -> Batch:
    return read_file(
        "old.json" if content.startswith(b"{") else name,
        content,
        resolve_section=lambda _name: "macro",
        base_url="https://news.example",
        naive_timezone=ZoneInfo("Asia/Shanghai"),
        section="macro",
    )


def cases() -> Iterator[tuple[str, bytes]]:
    seeds: Iterable[int] = range(1, EFFORT + 1)
    return chain(planned(), truncated(97 if EFFORT > 1 else 1_297), *(drawn(seed, 60) for seed in seeds))


@pytest.mark.uncounted
def test_hostile_feeds_are_linted_and_imported(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[str] = []
    for name, content in cases():
        seen.append(name)
        began = time.process_time()
        linted, batch = lint(content), read(content)
        assert time.process_time() - began < MOST_SECONDS, name
        assert all(refused.error.problems for refused in batch.refused), name
        assert linted.entries is not None or linted.findings, name
        checked = [
            Checked(
                name=name, format=linted.format, findings=linted.findings, entries=linted.entries, titles=linted.titles
            )
        ]
        print_report(checked)
        print_json(as_json(checked))
        written = capsys.readouterr().out
        assert HARMFUL.search(written) is None, name
        assert json.loads(written[written.index("\n{\n") :])["errors"] == checked[0].count("error"), name
        assert sum_up(checked), name
    assert len(seen) > 400


def test_hostile_pages_are_read() -> None:
    for name, page in pages():
        began = time.process_time()
        batch = read(page.encode(), "page.txt")
        assert time.process_time() - began < MOST_SECONDS, name
        assert batch.taken or all(refused.error.problems for refused in batch.refused), name


@pytest.mark.parametrize(
    "date", ["0000-00-00T00:00:00Z", "9999-12-31T23:59:60Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"]
)
def test_a_date_beyond_all_years_is_none(date: str) -> None:
    item = f"<item><title>t</title><guid>1</guid><pubDate>{date}</pubDate></item>"
    content = f"<rss version='2.0'><channel>{item}</channel></rss>"
    assert "reader.date" in {finding.rule for finding in lint(content.encode()).findings}
    assert len(read(content.encode()).refused) == 1


@pytest.mark.parametrize("namespace", ["ht&lt;p://", "h}tp://x/", "{}", "}", "{{a"])
def test_a_namespace_that_is_no_address_stops_no_import(namespace: str) -> None:
    item = "<item><x:y>z</x:y><title>題</title><guid>1</guid><description>文</description></item>"
    content = f"<rss version='2.0' xmlns:x='{namespace}'><channel>{item}</channel></rss>"
    (taken,) = read(content.encode()).taken
    assert taken.accepted.article.title == "題"
