"""In which feeds an article stands, and where not, for what reason."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from engine import broken_formats, regenerator, settings_with
from feedsvc import publish
from feedsvc.errors import RenderError
from feedsvc.model import Article, Feed
from feedsvc.presence import Presence, presence
from feedsvc.runtime import Runtime
from newsroom import Newsroom


def look(runtime: Runtime, article: Article) -> dict[str, Presence]:
    found = presence(runtime.store, runtime.settings, runtime.folder_id, article)
    return {each.slug: each for each in found}


def standings(runtime: Runtime, article: Article) -> dict[str, str]:
    return {slug: each.standing for slug, each in look(runtime, article).items()}


def test_from_pending_to_live(newsroom: Newsroom, runtime: Runtime) -> None:
    article = newsroom.put()
    found = look(runtime, article)
    assert list(found) == ["macro", "economy", "all"]
    assert {each.standing for each in found.values()} == {"pending"}
    assert not found["macro"].is_settled
    assert found["macro"].reason == "The feed is published anew at once."
    assert found["macro"].urls == tuple(
        f"https://news.example.org/feeds/macro.{suffix}" for suffix in ("rss", "atom", "json")
    )
    runtime.regenerator.regenerate(runtime.settings, "macro")
    assert standings(runtime, article) == {"macro": "live", "economy": "pending", "all": "pending"}
    newsroom.regenerate()
    found = look(runtime, article)
    assert {each.standing for each in found.values()} == {"live"}
    assert all(each.is_settled for each in found.values())


def test_pending_again_after_a_correction_and_live_for_who_asks_of_the_older_one(
    newsroom: Newsroom, runtime: Runtime
) -> None:
    first = newsroom.put(external_id="a1")
    newsroom.regenerate()
    second = newsroom.put(external_id="a1", title="改了")
    assert set(standings(runtime, second).values()) == {"pending"}
    newsroom.regenerate()
    assert set(standings(runtime, second).values()) == {"live"}
    assert set(standings(runtime, first).values()) == {"live"}


def test_a_section_that_waits_for_its_schedule_says_so(newsroom: Newsroom, runtime: Runtime) -> None:
    article = newsroom.put()
    settings = settings_with(runtime, "macro", on_change=False)
    found = presence(runtime.store, settings, runtime.folder_id, article)
    assert found[0].reason == "The feed is published anew at its next scheduled run."


def test_drafts_and_scheduled_ones_are_settled(newsroom: Newsroom, runtime: Runtime, clock: Any) -> None:
    draft = newsroom.put(draft=True)
    scheduled = newsroom.put(published=clock() + timedelta(hours=2))
    newsroom.regenerate()
    assert set(standings(runtime, draft).values()) == {"draft"}
    found = look(runtime, scheduled)["macro"]
    assert (found.standing, found.is_settled) == ("scheduled", True)
    assert found.reason == "It goes live at 2026-03-02 18:00:00 CST."


def test_withdrawn_only_once_the_feed_is_without_it(newsroom: Newsroom, runtime: Runtime, clock: Any) -> None:
    article = newsroom.put()
    runtime.regenerator.regenerate(runtime.settings, "macro")
    withdrawn = publish.withdraw(runtime.store, runtime.clock, article.id).article
    assert standings(runtime, withdrawn) == {"macro": "pending", "economy": "withdrawn", "all": "withdrawn"}
    broken = regenerator(runtime, broken_formats(render=lambda _feed, _render: b""))
    broken.regenerate(runtime.settings, "macro")
    assert look(runtime, withdrawn)["macro"].standing == "pending"
    clock.advance(2)
    broken.regenerate(runtime.settings, "macro")
    found = look(runtime, withdrawn)["macro"]
    assert found.standing == "blocked"
    assert "so it still shows" in found.reason
    newsroom.regenerate()
    assert set(standings(runtime, withdrawn).values()) == {"withdrawn"}


def test_a_notice_stands_once_the_feed_shows_it(newsroom: Newsroom, runtime: Runtime, clock: Any) -> None:
    article = newsroom.put(sections=("macro", "finance"))
    newsroom.regenerate()
    gone = publish.withdraw(runtime.store, runtime.clock, article.id, notice_sections=("macro",)).article
    settings = settings_with(runtime, "macro", on_change=False)
    found = {each.slug: each for each in presence(runtime.store, settings, runtime.folder_id, gone)}
    assert {slug: each.standing for slug, each in found.items()} == dict.fromkeys(
        ("macro", "economy", "all", "finance"), "pending"
    )
    assert found["macro"].reason == "The feed is published anew at once."
    newsroom.regenerate()
    assert standings(runtime, gone) == {
        "macro": "notice",
        "economy": "notice",
        "all": "notice",
        "finance": "withdrawn",
    }
    assert look(runtime, gone)["macro"].reason == "The feed shows a notice in its place."
    changed = publish.withdraw(runtime.store, runtime.clock, article.id, notice="未经核实。").article
    assert standings(runtime, changed)["macro"] == "pending"


def test_a_notice_beyond_the_limit_is_a_withdrawal_that_is_done(
    newsroom: Newsroom, runtime: Runtime, clock: Any
) -> None:
    old, other = (newsroom.put(title="旧", published=clock() - timedelta(days=days)) for days in (3, 4))
    for hours in range(3):
        newsroom.put(title=f"第{hours}篇", published=clock() - timedelta(hours=hours))
    gone = publish.withdraw(runtime.store, runtime.clock, old.id, mode="notice").article
    clock.advance(60)
    publish.withdraw(runtime.store, runtime.clock, other.id, mode="notice")  # takes the seat of those who come back
    newsroom.regenerate()
    assert standings(runtime, gone) == {"macro": "withdrawn", "economy": "notice", "all": "notice"}
    assert "older than" in look(runtime, gone)["macro"].reason


def test_of_what_was_never_live_nothing_shows(newsroom: Newsroom, runtime: Runtime) -> None:
    draft = newsroom.put(draft=True)
    gone = publish.withdraw(runtime.store, runtime.clock, draft.id, notice="不发了。").article
    assert {each.reason for each in look(runtime, gone).values()} == {
        "It was withdrawn before it was ever live: nothing shows of it."
    }


def test_beyond_the_limit_names_the_limit_and_the_oldest_shown(
    newsroom: Newsroom, runtime: Runtime, clock: Any
) -> None:
    old = newsroom.put(title="旧", published=clock() - timedelta(days=3))
    for hours in range(3):
        newsroom.put(title=f"第{hours}篇", published=clock() - timedelta(hours=hours))
    newsroom.regenerate()
    found = look(runtime, old)
    assert (found["macro"].standing, found["all"].standing) == ("beyond_limit", "live")
    assert found["macro"].reason == (
        "The feed shows its newest 3; this one is older than 2026-03-02 14:00:00 CST. "
        "It is in https://news.example.org/feeds/macro/archive/1.atom"
    )
    assert found["macro"].is_settled


def test_quarantined_with_the_reason(newsroom: Newsroom, runtime: Runtime) -> None:
    article = newsroom.put(external_id="a1")

    def refuse(feed: Feed, _render: object) -> bytes:
        raise RenderError("rss", feed.entries[0].entry_id, "标题 can't be written")

    regenerator(runtime, broken_formats(render=refuse)).regenerate(runtime.settings, "macro")
    found = look(runtime, article)
    assert {each.standing for each in found.values()} == {"quarantined"}
    assert "标题 can't be written" in found["macro"].reason
    corrected = newsroom.put(external_id="a1", title="改了")
    assert set(standings(runtime, corrected).values()) == {"pending"}


def test_blocked_until_something_goes_live_again(newsroom: Newsroom, runtime: Runtime, clock: Any) -> None:
    shown = newsroom.put(title="一")
    newsroom.regenerate()
    article = newsroom.put(title="二")
    clock.advance(1)
    broken = regenerator(runtime, broken_formats(render=lambda _feed, _render: b""))
    broken.regenerate(runtime.settings, "macro")
    found = look(runtime, article)["macro"]
    assert found.standing == "blocked"
    assert "Nothing new goes live in this feed" in found.reason
    assert look(runtime, shown)["macro"].standing == "live"
    third = newsroom.put(title="三")
    assert look(runtime, third)["macro"].standing == "pending"  # it may be what mends the feed
    newsroom.regenerate()
    assert look(runtime, article)["macro"].standing == "live"


def test_a_feed_that_never_was_live_and_is_blocked(newsroom: Newsroom, runtime: Runtime, clock: Any) -> None:
    broken = regenerator(runtime, broken_formats(render=lambda _feed, _render: b""))
    article = newsroom.put()
    clock.advance(1)
    broken.regenerate(runtime.settings, "macro")
    assert look(runtime, article)["macro"].standing == "blocked"


def test_a_section_that_config_no_longer_names(newsroom: Newsroom, runtime: Runtime) -> None:
    article = newsroom.put(sections=("science", "macro"))
    sections = {slug: section for slug, section in runtime.settings.sections.items() if slug != "science"}
    less = replace(runtime.settings, sections=sections)
    found = {each.slug: each for each in presence(runtime.store, less, runtime.folder_id, article)}
    assert list(found) == ["macro", "economy", "all", "science"]
    gone = found["science"]
    assert (gone.standing, gone.urls, gone.is_settled) == ("not_configured", (), True)
    assert "config.yaml names no section science" in gone.reason


def test_an_older_article_that_fits_nowhere_in_an_emptied_feed(newsroom: Newsroom, runtime: Runtime) -> None:
    """The feed is up to date but empty: what it lacks came in since its state was read."""
    article = newsroom.put()
    newsroom.regenerate()
    stranger = replace(article, id="stranger")
    assert look(runtime, stranger)["macro"].standing == "beyond_limit"
    publish.withdraw(runtime.store, runtime.clock, article.id)
    newsroom.regenerate()
    assert look(runtime, stranger)["macro"].reason == "The feed shows its newest 3; this one is older."
