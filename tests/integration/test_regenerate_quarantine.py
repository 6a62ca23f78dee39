"""One bad article never stops a feed, and nothing that can't be proved goes live."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from engine import broken_formats, files, newsroom_on, regenerator, run, texts
from feedsvc.errors import RenderError
from feedsvc.feed import opml
from feedsvc.feed.formats import Format
from feedsvc.model import Article, Feed, Finding
from feedsvc.runtime import Runtime
from feedsvc.trial import OTHERS_SECONDS
from newsroom import Newsroom

BAD = "坏文章"

Render = Callable[[Feed], bytes]


def bad_ids(feed: Feed) -> list[str]:
    return [entry.entry_id for entry in feed.entries if BAD in entry.title]


def refuse_bad(feed: Feed, render: Render) -> bytes:
    for entry_id in bad_ids(feed):
        raise RenderError("rss", entry_id, "can't be written")
    return render(feed)


def stumble_over_bad(feed: Feed, render: Render) -> bytes:
    if bad_ids(feed):
        raise ZeroDivisionError("a fault of ours\0")
    return render(feed)


def mangle_bad(feed: Feed, render: Render) -> bytes:
    return render(feed).replace(BAD.encode(), "好文章".encode())


def drop_bad(feed: Feed, render: Render) -> bytes:
    return render(replace(feed, entries=tuple(entry for entry in feed.entries if BAD not in entry.title)))


def break_off_at_bad(feed: Feed, render: Render) -> bytes:
    content = render(feed)
    return content.partition(BAD.encode())[0]


@pytest.mark.parametrize(
    ("name", "render"),
    [
        ("rss", refuse_bad),
        ("atom", stumble_over_bad),
        ("json", mangle_bad),
        ("atom", mangle_bad),
        ("rss", drop_bad),
        ("rss", break_off_at_bad),
        ("json", break_off_at_bad),
    ],
)
def test_the_guilty_article_is_left_out_of_every_format(
    newsroom: Newsroom, runtime: Runtime, name: str, render: Callable[[Feed, Render], bytes]
) -> None:
    good = newsroom.put(title="好消息")
    bad = newsroom.put(title=BAD)
    broken = regenerator(runtime, broken_formats(name, render=render))
    with capture_logs() as events:
        result = broken.regenerate(runtime.settings, "macro")
    assert (result.outcome, result.entries, result.error) == ("published", 1, None)
    assert result.quarantined == (bad.id,)
    for text in texts(runtime).values():
        assert good.entry_id in text
        assert bad.entry_id not in text
    item = runtime.store.quarantined()[bad.id]
    assert (item.revision, item.since) == (1, runtime.clock())
    assert name in item.reason or "can't be written" in item.reason
    (event,) = [event for event in events if event["event"] == "article_quarantined"]
    assert (event["article_id"], event["slug"], event["reason"]) == (bad.id, "macro", item.reason)
    assert broken.regenerate(runtime.settings, "macro").outcome == "fresh"


def test_the_reason_says_what_was_expected_and_found(newsroom: Newsroom, runtime: Runtime) -> None:
    bad = newsroom.put(title=BAD)
    regenerator(runtime, broken_formats("atom", render=mangle_bad)).regenerate(runtime.settings, "macro")
    reason = runtime.store.quarantined()[bad.id].reason
    assert reason.startswith("atom: title, character 1: ")
    assert BAD in reason
    assert "好文章" in reason


def test_its_other_feeds_follow(newsroom: Newsroom, runtime: Runtime) -> None:
    """Also those that already showed it, and that hold another format only."""
    bad = newsroom.put(title=BAD, sections=("macro", "science"))
    newsroom.regenerate()
    assert bad.entry_id in texts(runtime, "science")["rss"]
    broken = regenerator(runtime, broken_formats(render=refuse_bad))
    assert broken.regenerate(runtime.settings, "macro", force=True).outcome == "published"
    assert runtime.regenerator.stale(runtime.settings) == ["science", "economy", "all"]
    newsroom.regenerate()
    for slug in ("science", "economy", "all"):
        assert bad.entry_id not in texts(runtime, slug)["json"]


def test_the_next_newest_takes_its_place(newsroom: Newsroom, runtime: Runtime, clock: Any) -> None:
    at = clock()
    newsroom.put(title=BAD, published=at)
    newsroom.put(title=BAD, published=at - timedelta(hours=1))
    articles = [newsroom.put(title=f"第{n}篇", published=at - timedelta(hours=n)) for n in range(2, 7)]
    broken = regenerator(runtime, broken_formats(render=refuse_bad))
    result = broken.regenerate(runtime.settings, "macro")
    assert (result.outcome, result.entries) == ("published", 3)
    assert len(result.quarantined) == 2
    publication = runtime.store.publication(runtime.folder_id, "macro")
    assert publication is not None
    assert list(publication.entries) == [article.id for article in articles[:3]]


def test_a_corrected_article_comes_back(newsroom: Newsroom, runtime: Runtime) -> None:
    bad = newsroom.put(external_id="a1", title=BAD)
    broken = regenerator(runtime, broken_formats(render=refuse_bad))
    broken.regenerate(runtime.settings, "macro")
    newsroom.put(external_id="a1", title="改好了")
    with capture_logs() as events:
        assert broken.regenerate(runtime.settings, "macro").quarantined == ()
    assert [event["article_id"] for event in events if event["event"] == "article_released"] == [bad.id]
    assert runtime.store.quarantined() == {}
    assert bad.entry_id in texts(runtime)["rss"]
    newsroom.regenerate()
    assert runtime.regenerator.stale(runtime.settings) == []


def test_a_correction_that_mends_nothing_is_quarantined_anew(newsroom: Newsroom, runtime: Runtime) -> None:
    bad = newsroom.put(external_id="a1", title=BAD)
    broken = regenerator(runtime, broken_formats(render=refuse_bad))
    broken.regenerate(runtime.settings, "macro")
    newsroom.put(external_id="a1", title=f"{BAD}，仍然")
    assert broken.regenerate(runtime.settings, "macro").quarantined == (bad.id,)
    assert runtime.store.quarantined()[bad.id].revision == 2


def test_a_mended_renderer_tries_again(newsroom: Newsroom, runtime: Runtime, clock: Any) -> None:
    bad = newsroom.put(title=BAD)
    broken = regenerator(runtime, broken_formats(render=refuse_bad))
    broken.regenerate(runtime.settings, "macro")
    assert runtime.regenerator.regenerate(runtime.settings, "macro", force=True).quarantined == (bad.id,)
    clock.advance(OTHERS_SECONDS)
    mended = regenerator(runtime, renderer="another")
    assert mended.regenerate(runtime.settings, "macro").quarantined == ()
    assert bad.entry_id in texts(runtime)["rss"]
    assert runtime.store.quarantined() == {}


@pytest.mark.parametrize("is_mended", [False, True], ids=["both refuse it", "the newer one does not"])
def test_two_versions_that_judge_by_turns_come_to_rest(
    store_url: str, tmp_path: Path, clock: Any, is_mended: bool
) -> None:
    """Side by side on one database, as while one takes the other's place; each on its own feeds folder."""
    with (
        newsroom_on(store_url, tmp_path / "old", clock) as old,
        newsroom_on(store_url, tmp_path / "new", clock) as new,
    ):
        older = regenerator(old.runtime, broken_formats(render=refuse_bad), renderer="older")
        formats = broken_formats() if is_mended else broken_formats(render=refuse_bad)
        newer = regenerator(new.runtime, formats, renderer="newer")
        bad = old.put(title=BAD)

        def rest() -> int:
            """How many rounds it takes until neither has anything to do."""
            for number in range(20):
                stale = [(one, slug) for one in (older, newer) for slug in one.stale(old.runtime.settings)]
                if not stale:
                    return number
                for one, slug in stale:
                    one.regenerate(old.runtime.settings, slug)
                    one.archivist.bring_up(old.runtime.settings, slug)
            return 20

        for number in range(5):
            assert rest() <= 4
            assert (bad.entry_id in texts(new.runtime)["rss"]) is is_mended
            assert bad.entry_id not in texts(old.runtime)["rss"]
            old.put(title=f"第{number}篇", sections=("macro",), external_id="news")
        clock.advance(OTHERS_SECONDS)
        old.put(title="新闻", external_id="news")
        newer.regenerate(old.runtime.settings, "macro")
        assert (bad.id in old.runtime.store.quarantined()) is not is_mended


def test_two_feeds_that_disagree_settle_without_it(newsroom: Newsroom, runtime: Runtime) -> None:
    """Good in one feed, bad in the other: the quarantine wins, whoever comes first, and it comes to rest."""
    bad = newsroom.put(external_id="a1", title=BAD, sections=("macro", "science"))

    def refuse_in_macro(feed: Feed, render: Render) -> bytes:
        return refuse_bad(feed, render) if feed.slug == "macro" else render(feed)

    broken = regenerator(runtime, broken_formats(render=refuse_in_macro))
    for title in (BAD, f"{BAD}，改"):
        newsroom.put(external_id="a1", title=title, sections=("macro", "science"))
        for _ in range(5):
            for slug in ("science", "macro", "economy", "all"):
                broken.regenerate(runtime.settings, slug)
        assert not {"science", "macro"} & set(broken.stale(runtime.settings))
        assert bad.id in runtime.store.quarantined()
        assert bad.entry_id not in texts(runtime, "science")["rss"]


# an article put straight into the database


def smuggle(runtime: Runtime, article: Article, **changes: Any) -> None:
    with runtime.store.write() as tx:
        tx.update_article(replace(article, **changes))
        tx.raise_generations(article.sections)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "控制\x01字符"},
        {"content_html": "<p>\x0b</p>"},
        {"summary": "\ufffe"},
        {"tags": ("a\x1fb",)},
        {"link": "https://news.example.org/\x02"},
        {"language": "\x03"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_article_that_cannot_be_rendered_costs_only_itself(
    newsroom: Newsroom, runtime: Runtime, changes: Mapping[str, Any]
) -> None:
    good = newsroom.put(title="好消息")
    bad = newsroom.put(title=BAD)
    smuggle(runtime, bad, **changes)
    newsroom.regenerate()
    for slug in ("macro", "economy", "all"):
        assert good.entry_id in texts(runtime, slug)["rss"]
        assert bad.entry_id not in texts(runtime, slug)["rss"]
    assert runtime.store.quarantined()[bad.id].reason
    assert runtime.regenerator.stale(runtime.settings) == []


# what blocks a feed


def blocked(runtime: Runtime, formats: Mapping[str, Format], **options: Any) -> str:
    result = regenerator(runtime, formats).regenerate(runtime.settings, "macro", **options)
    assert result.outcome == "blocked"
    assert result.error
    return result.error


def fail(_feed: Feed, _render: Render) -> bytes:
    raise RuntimeError("nothing works")


def refuse_head(_feed: Feed, _render: Render) -> bytes:
    raise RenderError("rss", None, "the head can't be written")


@pytest.mark.parametrize(
    ("render", "said"),
    [
        (fail, "fault.RuntimeError: nothing works"),
        (refuse_head, "rss: render: the head can't be written"),
        (lambda _feed, _render: b"", "document"),
        (lambda feed, render: render(replace(feed, title="别的")), "feed.title"),
        (lambda feed, render: render(replace(feed, entries=feed.entries[::-1])), "entries.order"),
    ],
)
def test_a_fault_of_the_whole_document_keeps_the_last_good_ones(
    newsroom: Newsroom, runtime: Runtime, clock: Any, render: Callable[[Feed, Render], bytes], said: str
) -> None:
    newsroom.put(title="一")
    newsroom.regenerate()
    newsroom.put(title="二")
    before = files(runtime.folder.path)
    clock.advance(30)
    formats = broken_formats(render=render)
    with capture_logs() as events:
        assert said in blocked(runtime, formats, force=True)
        assert said in blocked(runtime, formats, force=True)
    assert [event["event"] for event in events] == ["section_blocked"]
    assert files(runtime.folder.path) == before
    assert runtime.store.quarantined() == {}
    publication = runtime.store.publication(runtime.folder_id, "macro")
    assert publication is not None
    assert said in (publication.error or "")
    assert publication.findings
    assert publication.attempted == clock()
    assert publication.published == clock() - timedelta(seconds=30)
    assert "macro" in runtime.regenerator.stale(runtime.settings)
    assert run(runtime).outcome == "published"


def test_a_section_that_never_was_live_can_be_blocked_too(newsroom: Newsroom, runtime: Runtime) -> None:
    newsroom.put()
    assert "nothing works" in blocked(runtime, broken_formats(render=fail))
    publication = runtime.store.publication(runtime.folder_id, "macro")
    assert publication is not None
    assert (publication.published, publication.documents) == (None, ())
    assert runtime.folder.slugs() == {}


def test_when_most_articles_are_guilty_none_is(newsroom: Newsroom, runtime: Runtime) -> None:
    """A fault of the renderer must not empty the feeds, article by article."""
    for number in range(10):
        newsroom.put(title=f"{BAD}{number}", sections=("science",))
    newsroom.regenerate()
    before = files(runtime.folder.path)
    broken = regenerator(runtime, broken_formats(render=mangle_bad))
    for _ in range(2):
        result = broken.regenerate(runtime.settings, "science", force=True)
        assert result.outcome == "blocked"
        assert "10 of 10 articles can't be proved" in (result.error or "")
    assert runtime.store.quarantined() == {}
    assert files(runtime.folder.path) == before


def test_a_few_guilty_ones_are_quarantined_even_if_they_are_all(newsroom: Newsroom, runtime: Runtime) -> None:
    for number in range(3):
        newsroom.put(title=f"{BAD}{number}")
    result = regenerator(runtime, broken_formats(render=mangle_bad)).regenerate(runtime.settings, "macro")
    assert (result.outcome, result.entries, len(result.quarantined)) == ("published", 0, 3)


def test_verify_that_fails_itself_blocks(newsroom: Newsroom, runtime: Runtime) -> None:
    newsroom.put()

    def verify(_content: bytes, _feed: Feed) -> list[Finding]:
        raise MemoryError

    assert "fault.MemoryError: no message" in blocked(runtime, broken_formats(verify=verify))


def test_an_entry_that_is_none_of_ours_is_the_documents_fault(newsroom: Newsroom, runtime: Runtime) -> None:
    newsroom.put()

    def verify(_content: bytes, _feed: Feed) -> list[Finding]:
        return [Finding(rule="entries.surplus", message="strange", format="rss", entry_id="urn:x:other", found="\0")]

    assert "rss: entries.surplus: strange" in blocked(runtime, broken_formats(verify=verify))


def test_the_list_of_sections_is_proved_too(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(runtime, "index").outcome == "published"
    before = texts(runtime, "index")
    with monkeypatch.context() as patch:
        patch.setattr(opml, "render", lambda _site, _sections: b"<opml/>")
        result = run(runtime, "index", force=True)
        assert result.outcome == "blocked"
        assert "opml" in (result.error or "")
    assert texts(runtime, "index") == before
    assert run(runtime, "index").outcome == "unchanged"
