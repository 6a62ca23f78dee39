"""What is audited next: what is new first and once, the round in its turn, everything in its order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from examples import MACRO, SITE
from feedsvc.config import Server, Settings
from feedsvc.model import AuditState, DocumentRecord, SectionState, Standing
from feedsvc.rota import ROUND, Rota

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
STATE = AuditState()
DONE = AuditState(began=NOW, ended=NOW, last="macro")


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rota(clock: Clock) -> Rota:
    return Rota(clock)


def settings_of(*slugs: str) -> Settings:
    sections = {slug: replace(MACRO, slug=slug) for slug in slugs}
    return Settings(
        path=Path("config.yaml"),
        digest="",
        site=SITE,
        sections=sections,
        database_url="sqlite://",
        feeds_dir=Path("feeds"),
        server=Server(),
    )


def published(slug: str, minutes: int = 0, digest: str = "0" * 64) -> Standing:
    return Standing(
        slug=slug,
        made_from="x:0",
        holds=0,
        documents=(DocumentRecord(format="rss", digest=digest, length_bytes=1, mtime=NOW),),
        findings=(),
        error=None,
        attempted=NOW,
        published=NOW + timedelta(minutes=minutes),
    )


def state_of(slug: str, archives: int = 0) -> SectionState:
    return SectionState(
        slug=slug, feed_id=slug, created=NOW, generation=1, urgent_generation=0, archives=archives, archive_generation=1
    )


def walk(rota: Rota, settings: Settings, state: AuditState, most: int = 20) -> tuple[list[str], AuditState]:
    names = []
    for _ in range(most):
        name, state = rota.next(settings, {}, state)
        if name is None:
            break
        names.append(name)
    return names, state


def test_nothing_is_known_at_first(rota: Rota) -> None:
    assert walk(rota, settings_of("a"), STATE) == ([], STATE)


def test_who_went_live_first_is_first_and_comes_once(rota: Rota) -> None:
    settings = settings_of("a", "b", "c")
    late, early = published("a", 2), published("b", 1)
    for _ in range(3):
        rota.note_made("c")
        rota.note_survey({each.slug: each for each in (late, early)}, {})
    assert walk(rota, settings, DONE)[0] == ["c", "b", "a"]


def test_what_was_taken_is_not_new_again_until_it_is_another(rota: Rota) -> None:
    settings = settings_of("a")
    rota.note_taken(published("a"))
    rota.note_survey({"a": published("a")}, {})
    assert walk(rota, settings, DONE)[0] == []
    rota.note_survey({"a": published("a", digest="1" * 64)}, {})
    assert walk(rota, settings, DONE)[0] == ["a"]


def test_what_is_put_off_comes_when_its_time_has_come(rota: Rota) -> None:
    rota.put_off("a", 1e6)
    assert walk(rota, settings_of("a"), DONE)[0] == []
    rota.put_off("a", -1.0)
    assert walk(rota, settings_of("a"), DONE)[0] == ["a"]


def test_a_round_goes_over_everything_in_order_and_ends(rota: Rota, clock: Clock) -> None:
    settings = settings_of("b", "a-b", "a")
    known = {slug: published(slug) for slug in ("b", "a-b", "a", "gone", "index")}
    for each in known.values():
        rota.note_taken(each)
    rota.note_survey(known, {"a": state_of("a", 2), "a-b": state_of("a-b")})
    clock.now += timedelta(microseconds=7)
    names, state = walk(rota, settings, STATE)
    assert names == ["a", "a/archive/1", "a/archive/2", "a-b", "b", "index"]
    assert (state.began, state.ended, state.done) == (NOW, NOW, 6)
    clock.now = NOW + ROUND - timedelta(seconds=1)
    assert walk(rota, settings, state)[0] == []
    clock.now += timedelta(seconds=1)
    again, state = walk(rota, settings, state)
    assert again == names
    assert state.began == clock.now
    clock.now -= timedelta(days=1)  # set back
    assert walk(rota, settings, state)[0] == names


@pytest.mark.parametrize(
    ("last", "following"),
    [("a", "a/archive/1"), ("a/archive/1", "a/archive/2"), ("a/archive/2", "b"), ("aa", "b"), ("b", None), ("", "a")],
)
def test_a_round_goes_on_behind_its_last(rota: Rota, last: str, following: str | None) -> None:
    settings = settings_of("a", "b")
    for slug in ("a", "b"):
        rota.note_taken(published(slug))
    rota.note_survey({slug: published(slug) for slug in ("a", "b")}, {"a": state_of("a", 2)})
    name, state = rota.next(settings, {}, AuditState(began=NOW - 2 * ROUND, last=last))
    assert name == following
    assert (state.ended is None) == (following is not None)


def test_a_round_leaves_out_what_was_found_right_in_its_time(rota: Rota, clock: Clock) -> None:
    settings = settings_of("a", "b", "c")
    rota.note_survey({slug: published(slug) for slug in ("a", "b", "c")}, {})
    name, state = rota.next(settings, {}, STATE)
    assert (name, state.began) == ("a", NOW)
    rota.note_right("a")
    names, state = walk(rota, settings, state)
    assert names == ["b", "c", "b", "c"], "each as new, and in the round"
    clock.now += ROUND
    names, state = walk(rota, settings, state)
    assert names == ["a", "b", "c"]
    assert state.done == 3


def test_news_without_end_does_not_stop_the_round(rota: Rota) -> None:
    settings = settings_of("a", "b", "c", "news")
    known = {slug: published(slug) for slug in ("a", "b", "c", "news")}
    for each in known.values():
        rota.note_taken(each)
    rota.note_survey(known, {})
    names, state = [], STATE
    for _ in range(12):
        rota.note_made("news")
        name, state = rota.next(settings, {}, state)
        names.append(name)
    assert names == ["news", "news", "news", "a", "news", "news", "news", "b", "news", "news", "news", "c"]
