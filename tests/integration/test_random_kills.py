"""Processes of a real service killed at random moments (`make soak` kills 200): it recovers, and nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from desk import Lost, Sent
from engine import newsroom_on
from feedsvc.runtime import now
from house import EVERYTHING, SUPERVISOR, WORKER, Kill, find_unexplained
from killing import choose_kinds, run
from reckoning import find_faults

pytestmark = pytest.mark.uncounted

KILLS = 20


def test_nothing_is_lost_whatever_is_killed_when(tmp_path: Path) -> None:
    kinds = choose_kinds(KILLS, seed=6)
    outcome = run(tmp_path, kinds, seed=6, reckon_every=4)
    assert outcome.faults == []
    assert len(outcome.kills) == KILLS
    assert {WORKER, SUPERVISOR, EVERYTHING} <= {kill.kind for kill in outcome.kills}
    assert outcome.lost, "nobody noticed that anything was killed"
    assert outcome.done["correct"]
    assert outcome.done["withdraw"]


def test_what_is_lost_doubled_or_wrong_would_be_told(sqlite_url: str, tmp_path: Path) -> None:
    config = "site: {title: 江, base_url: 'https://n.example', language: zh-Hans}\nsections: {macro: {title: 宏观}}\n"
    with newsroom_on(sqlite_url, tmp_path / "site", now, config) as newsroom:
        for name in "abc":
            newsroom.put(external_id=name, title=f"第{name}篇", sections=("macro",))
        newsroom.regenerate()
        right = {name: Sent(f"第{name}篇", ("macro",)) for name in "abc"}

        def find(acknowledged: dict[str, Sent]) -> str:
            return "\n".join(find_faults(newsroom.runtime, acknowledged, audited=["macro"]))

        assert find(right) == ""
        assert find(right | {"d": Sent("第d篇", ("macro",))}).splitlines() == [
            "acknowledged, and not stored: d",
            "live, and not in macro or its archives: 第d篇",
        ]
        assert "stored, and never sent: c" in find({name: right[name] for name in "ab"})
        corrected = find(right | {"a": Sent("更正", ("macro",))})
        assert "a is stored as '第a篇', live" in corrected
        assert "in macro, and not live: 第a篇" in corrected
        withdrawn = find(right | {"b": replace(right["b"], is_withdrawn=True)})
        assert "in macro, and not live: 第b篇" in withdrawn
        live = newsroom.runtime.folder.path / "macro.atom"
        text = live.read_text("utf-8")
        entry = text[text.index("<entry>") : text.index("</entry>") + len("</entry>")]
        live.write_text(text.replace(entry, entry + entry), "utf-8")
        assert "twice in the live document of macro: urn:uuid:" in find(right)


def test_who_got_no_answer_is_right_only_during_a_kill() -> None:
    kills = [Kill(WORKER, 10.0, 12.0), Kill(EVERYTHING, 20.0, 25.0)]
    for since, until in ((9.0, 10.5), (11.0, 11.5), (11.9, 13.0), (5.0, 30.0)):
        assert find_unexplained([Lost(since, until, "503")], kills) == []
    for since, until in ((5.0, 9.9), (12.1, 19.9), (25.1, 26.0)):
        assert len(find_unexplained([Lost(since, until, "503")], kills)) == 1
