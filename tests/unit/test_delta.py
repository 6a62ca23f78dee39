"""What is new or changed since a version; when there is no delta; that a delta is what its renderer would write."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import etree

from examples import (
    KINDS_OF_FEEDS,
    MACRO,
    NOON,
    SECTIONS,
    SITE,
    article,
    errors,
    feed_of,
    history_feed,
    section_state,
)
from feedsvc.delta import DELTA_FORMATS, KEPT_VERSIONS, changed, lead, left
from feedsvc.feed.compose import compose, only
from feedsvc.feed.formats import FORMATS
from feedsvc.feed.namespaces import PREFIXES
from feedsvc.feed.pieces import split
from feedsvc.model import Article, Document, Feed, Finding, Holdings, Trail, Version

SlidOut = Callable[[frozenset[str]], Collection[str]]
Verify = Callable[[bytes, Feed], list[Finding]]


def document_of(feed: Feed, name: str) -> Document:
    return Document(feed.slug, name, FORMATS[name].render(feed))


def everyone(entry_ids: Collection[str]) -> Collection[str]:
    return entry_ids


def nobody(_: Collection[str]) -> Collection[str]:
    return ()


def trail_of(
    feed: Feed, remembered: Sequence[Version] = (), *, name: str = "rss", slid_out: SlidOut = everyone
) -> Trail:
    led = lead(document_of(feed, name), feed, NOON, remembered, slid_out=slid_out, verify=FORMATS[name].verify)
    assert led is not None
    trail, findings = led
    assert findings == ()
    return trail


def through(*feeds: Feed, name: str = "rss", slid_out: SlidOut = everyone) -> Trail:
    """The trail to the last of these, each having been live in turn."""
    remembered: Sequence[Version] = ()
    for feed in feeds:
        trail = trail_of(feed, remembered, name=name, slid_out=slid_out)
        remembered = trail.versions
    return trail


def numbers(trail: Trail, version: int) -> list[int] | None:
    """The articles in the delta from so many versions ago, by the numbers that `article` gave them."""
    delta = trail.delta_from(trail.versions[version].tag)
    if delta is None:
        return None
    ids = etree.fromstring(delta).xpath("//item/guid/text() | //atom:entry/atom:id/text()", namespaces=PREFIXES)
    return [int(str(entry_id)[-12:]) for entry_id in ids]  # type: ignore[union-attr]


def articles(*numbers: int) -> list[Article]:
    return [article(number) for number in numbers]


@pytest.mark.parametrize("name", DELTA_FORMATS)
@pytest.mark.parametrize("feed", KINDS_OF_FEEDS.values(), ids=KINDS_OF_FEEDS)
def test_what_is_cut_is_what_the_renderer_would_write_and_proves(feed: Feed, name: str) -> None:
    """So the deltas of a document need one proof only."""
    pieces = split(FORMATS[name].render(feed), name)
    assert pieces is not None
    for entry, piece in zip(feed.entries, pieces.entries, strict=True):
        alone = only(feed, [entry.entry_id])
        cut = pieces.head + piece + pieces.foot
        assert cut == FORMATS[name].render(alone)
        assert errors(FORMATS[name].verify(cut, alone)) == []


@pytest.mark.parametrize("name", DELTA_FORMATS)
def test_what_is_new_and_what_was_corrected_is_in_the_delta(name: str) -> None:
    old = feed_of(*articles(2, 3, 4, 5, 6, 7, 8))
    corrected = article(5, revision=2, title="第 5 篇，已更正", updated=NOON)
    new = feed_of(*articles(1, 2, 3, 4), corrected, *articles(6, 7))
    trail = through(old, new, name=name)
    assert numbers(trail, 1) == [1, 5]
    assert numbers(trail, 0) is None
    assert trail.delta_from("f" * 32) is None
    assert trail.mtime == NOON


def test_each_version_has_its_own_delta() -> None:
    feeds = [feed_of(*articles(*range(start, start + 20))) for start in range(5, 0, -1)]
    trail = through(*feeds)
    assert [numbers(trail, version) for version in range(5)] == [None, [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]
    assert set(trail.entries) == {entry.entry_id for entry in feeds[-1].entries[:4]}


def test_only_so_many_versions_are_remembered() -> None:
    feeds = [feed_of(*articles(*range(start, start + 40))) for start in range(12, 0, -1)]
    trail = through(*feeds)
    assert len(trail.versions) == KEPT_VERSIONS + 1 == 9
    assert numbers(trail, 8) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert list(trail.deltas) == [document_of(feed, "rss").digest[:32] for feed in feeds[-2:-10:-1]]


def test_a_version_that_comes_back_is_the_newest_and_remembered_once() -> None:
    first, second = feed_of(*articles(*range(2, 20))), feed_of(*articles(*range(1, 19)))
    trail = through(first, second, first)
    assert [version.tag for version in trail.versions] == [
        document_of(each, "rss").digest[:32] for each in (first, second)
    ]
    assert numbers(trail, 1) == [19]


def test_a_new_head_alone_has_no_delta_and_goes_with_a_new_entry() -> None:
    old, new = articles(*range(2, 20)), articles(*range(1, 19))
    renamed = replace(MACRO, description="新的说明")
    trail = through(feed_of(*old), feed_of(*new), feed_of(*new, section=renamed))
    assert numbers(trail, 1) is None
    assert numbers(trail, 2) == [1]
    assert "新的说明".encode() in (trail.delta_from(trail.versions[2].tag) or b"")


def test_a_setting_that_shows_in_entries_changes_them_without_a_revision() -> None:
    feeds = feed_of(*articles(1, 2)), feed_of(*articles(1, 2), section=replace(MACRO, content="summary"))
    versions = [through(feed).versions[0] for feed in feeds]
    assert len(changed(versions[1], versions[0])) == 2
    assert numbers(through(*feeds), 1) is None  # and so many are not worth it


@pytest.mark.parametrize("name", DELTA_FORMATS)
def test_a_delta_is_smaller_than_its_share_of_the_document(name: str) -> None:
    now = feed_of(*(article(number, content_html=f"<p>{'正文' * 500}</p>") for number in range(10)))
    entries = now.entries
    deltas = {
        fresh: through(only(now, [entry.entry_id for entry in entries[fresh:]]), now, name=name).deltas
        for fresh in range(1, 10)
    }
    assert [fresh for fresh, found in deltas.items() if found] == [1, 2, 3, 4, 5]


def test_what_left_for_another_reason_leaves_no_delta_to_who_has_it() -> None:
    asked: list[frozenset[str]] = []

    def slid_out(entry_ids: frozenset[str]) -> Collection[str]:
        asked.append(entry_ids)
        return [entry_id for entry_id in entry_ids if not entry_id.endswith("5")]

    feeds = [
        feed_of(*articles(*range(3, 23))),
        feed_of(*articles(2, 3, 4, *range(6, 22))),
        feed_of(*articles(1, 2, 3, 4, *range(6, 21))),
    ]
    trail = through(*feeds, slid_out=slid_out)
    assert numbers(trail, 1) == [1]
    assert numbers(trail, 2) is None
    assert len(asked) == 2  # nothing is asked where nothing left
    assert asked[-1] == left(trail.versions[0], trail.versions[1]) | left(trail.versions[0], trail.versions[2])


def test_an_older_article_that_comes_in_late_leaves_the_date_of_the_whole() -> None:
    old, late = articles(*range(1, 20)), article(20)
    new = feed_of(*old, late)
    trail = through(feed_of(*old), new, name="atom")
    delta = trail.delta_from(trail.versions[1].tag)
    assert delta is not None
    assert numbers(trail, 1) == [20]
    assert etree.fromstring(delta).findtext("atom:updated", namespaces=PREFIXES) == new.updated.isoformat()


def test_all_deltas_are_proved_by_one() -> None:
    proved: list[tuple[bytes, Feed]] = []

    def verify(content: bytes, feed: Feed) -> list[Finding]:
        proved.append((content, feed))
        return FORMATS["rss"].verify(content, feed)

    feeds = [feed_of(*articles(*range(start, start + 20))) for start in range(5, 0, -1)]
    before = through(*feeds[:-1])
    led = lead(document_of(feeds[-1], "rss"), feeds[-1], NOON, before.versions, slid_out=everyone, verify=verify)
    assert led is not None
    assert len(led[0].deltas) == 4
    ((content, feed),) = proved
    assert content == led[0].delta_from(feeds_tag(feeds[0]))
    assert [entry.article_id for entry in feed.entries] == [f"article{number}" for number in range(1, 5)]


def feeds_tag(feed: Feed) -> str:
    return document_of(feed, "rss").digest[:32]


def broken(_content: bytes, _feed: Feed) -> list[Finding]:
    return [Finding(rule="entry.title", message="it does not read back as it should", format="rss")]


def warned(_content: bytes, _feed: Feed) -> list[Finding]:
    return [Finding(rule="title.markup", message="a title speaks of <b>", format="rss", severity="warning")]


def raising(_content: bytes, _feed: Feed) -> list[Finding]:
    raise RuntimeError("a fault of ours")


@pytest.mark.parametrize(("verify", "is_good"), [(broken, False), (warned, True), (raising, False)])
def test_what_can_not_be_proved_is_no_delta_but_is_remembered(verify: Verify, is_good: bool) -> None:
    old, new = feed_of(*articles(*range(2, 20))), feed_of(*articles(*range(1, 19)))
    led = lead(document_of(new, "rss"), new, NOON, through(old).versions, slid_out=everyone, verify=verify)
    assert led is not None
    trail, findings = led
    assert (bool(trail.deltas), bool(trail.entries), not findings) == (is_good, is_good, is_good)
    assert [version.tag for version in trail.versions] == [feeds_tag(new), feeds_tag(old)]


def test_a_document_of_another_feed_has_no_trail() -> None:
    two = feed_of(*articles(1, 2))
    assert lead(document_of(two, "rss"), feed_of(article(1)), NOON, (), slid_out=nobody, verify=broken) is None
    twice = replace(two, entries=(two.entries[0], two.entries[0]))
    assert lead(document_of(two, "rss"), twice, NOON, (), slid_out=nobody, verify=broken) is None


def test_tombstones_and_the_way_to_archives_stand_in_every_delta() -> None:
    old = compose(SITE, MACRO, section_state(), Holdings(articles=tuple(articles(*range(5, 25)))), SECTIONS)
    holdings = Holdings(articles=tuple(articles(1, *range(5, 24))), prev_archive=7)
    new = replace(
        compose(SITE, MACRO, section_state(), holdings, SECTIONS),
        tombstones=history_feed().tombstones,
        updated=NOON + timedelta(days=2),
    )
    trail = through(old, new, name="atom")
    root = etree.fromstring(trail.delta_from(trail.versions[1].tag) or b"")
    assert len(root.findall("at:deleted-entry", PREFIXES)) == 3
    assert root.xpath("atom:link[@rel='prev-archive']/@href", namespaces=PREFIXES) == [SITE.archive_url("macro", 7)]
