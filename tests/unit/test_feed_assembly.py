"""A document put together from kept bytes is the one that would be rendered whole; nothing else kept is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from examples import KINDS_OF_FEEDS, article, errors, feed_of, history_feed
from feedsvc.feed.assembly import Assembled, Kept, keep, keys_of
from feedsvc.feed.assembly import assemble as assemble_with
from feedsvc.feed.formats import FORMATS, Format
from feedsvc.feed.pieces import digest_of, split
from feedsvc.model import Feed, Finding, Podcast, Proofs

RENDERER = "test"

Change = Callable[[Kept], Kept]

BEFORE = feed_of(*(article(number) for number in range(1, 7)))
AFTER = feed_of(article(1), article(2, title="改过的题目", revision=2), *(article(number) for number in range(4, 9)))
"""One came in, one was corrected, one left, one moved up."""


class Counting:
    """A format that remembers which entries it was asked to render and to verify."""

    def __init__(self, name: str) -> None:
        self.rendered: list[int] = []
        self.verified: list[int] = []
        row = FORMATS[name]

        def render(feed: Feed) -> bytes:
            self.rendered.append(len(feed.entries))
            return row.render(feed)

        def verify(content: bytes, feed: Feed) -> list[Finding]:
            self.verified.append(len(feed.entries))
            return row.verify(content, feed)

        self.format: Format = replace(row, render=render, verify=verify)


def assemble(feed: Feed, row: Format, kept: Kept | None = None, *, renderer: str = RENDERER) -> Assembled:
    return assemble_with(feed, row, kept, keys=keys_of(feed), renderer=renderer)


def first(feed: Feed, name: str) -> Assembled:
    return assemble(feed, FORMATS[name])


def kept_of(feed: Feed, name: str) -> Kept:
    made = first(feed, name)
    return keep(made.content, name, made.proofs)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("feed", KINDS_OF_FEEDS.values(), ids=KINDS_OF_FEEDS)
def test_a_document_falls_into_pieces_and_back(feed: Feed, name: str) -> None:
    content = FORMATS[name].render(feed)
    pieces = split(content, name)
    assert pieces is not None
    assert len(pieces.entries) == len(feed.entries)
    assert pieces.join(pieces.entries) == content


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("feed", KINDS_OF_FEEDS.values(), ids=KINDS_OF_FEEDS)
def test_what_was_proved_once_is_put_together_again(feed: Feed, name: str) -> None:
    counting = Counting(name)
    made = assemble(feed, counting.format, kept_of(feed, name))
    assert made.content == FORMATS[name].render(feed)
    assert errors(made.findings) == []
    assert made.proofs == first(feed, name).proofs
    assert counting.rendered == counting.verified == [0]


@pytest.mark.parametrize("name", FORMATS)
def test_only_what_is_new_or_changed_is_rendered_and_verified(name: str) -> None:
    counting = Counting(name)
    made = assemble(AFTER, counting.format, kept_of(BEFORE, name))
    assert made.content == FORMATS[name].render(AFTER)
    assert made.findings == ()
    assert made.proofs == first(AFTER, name).proofs
    assert counting.rendered == counting.verified == [3]


@pytest.mark.parametrize("name", FORMATS)
def test_without_the_bytes_all_is_rendered_and_only_what_is_new_verified(name: str) -> None:
    counting = Counting(name)
    kept = Kept(kept_of(BEFORE, name).proofs, {})
    made = assemble(AFTER, counting.format, kept)
    assert made.content == FORMATS[name].render(AFTER)
    assert (counting.rendered, counting.verified) == ([7], [3])


def forge(proofs: Proofs, changes: Mapping[str, str]) -> Proofs:
    return Proofs(proofs.context, {**proofs.digests, **changes})


def damage(kept: Kept) -> Kept:
    """As if the file had been altered: a piece under its own digest, which nobody asks for."""
    pieces = [piece.replace(b"2026", b"2025") for piece in kept.pieces.values()]
    return Kept(kept.proofs, {digest_of(piece): piece for piece in pieces})


def swap(kept: Kept) -> Kept:
    one, other = list(kept.proofs.digests)[:2]
    digests = kept.proofs.digests
    return Kept(forge(kept.proofs, {one: digests[other], other: digests[one]}), kept.pieces)


def repeat(kept: Kept) -> Kept:
    one, other = list(kept.proofs.digests)[:2]
    return Kept(forge(kept.proofs, {one: kept.proofs.digests[other]}), kept.pieces)


def cut(kept: Kept) -> Kept:
    """What is said to be proved is no entry."""
    one = next(iter(kept.proofs.digests))
    piece = kept.pieces[kept.proofs.digests[one]][:-1]
    return Kept(forge(kept.proofs, {one: digest_of(piece)}), {**kept.pieces, digest_of(piece): piece})


def join_two(kept: Kept) -> Kept:
    """An entry's digest is that of two entries, one behind the other."""
    one, other = list(kept.proofs.digests)[:2]
    both = kept.pieces[kept.proofs.digests[one]] + kept.pieces[kept.proofs.digests[other]]
    return Kept(forge(kept.proofs, {one: digest_of(both)}), {**kept.pieces, digest_of(both): both})


FAULTS: Mapping[str, Change] = {each.__name__: each for each in (damage, swap, repeat, cut, join_two)} | {
    "older code": lambda kept: Kept(Proofs("older", kept.proofs.digests), kept.pieces)
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_not_right_is_made_anew(fault: str, name: str) -> None:
    made = assemble(BEFORE, FORMATS[name], FAULTS[fault](kept_of(BEFORE, name)))
    assert made.content == FORMATS[name].render(BEFORE)
    assert made.findings == ()
    assert made.proofs == first(BEFORE, name).proofs


@pytest.mark.parametrize("name", FORMATS)
def test_a_stale_piece_is_not_used(name: str) -> None:
    """What an entry says is its key: as soon as it says anything else, the old bytes are nobody's."""
    stale = feed_of(*(article(number, title=f"旧的题目 {number}") for number in range(1, 7)))
    counting = Counting(name)
    made = assemble(BEFORE, counting.format, kept_of(stale, name))
    assert made.content == FORMATS[name].render(BEFORE)
    assert counting.verified == [6]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("other", FORMATS)
def test_what_was_proved_of_another_format_counts_for_nothing(name: str, other: str) -> None:
    counting = Counting(name)
    made = assemble(BEFORE, counting.format, kept_of(BEFORE, other))
    assert made.content == FORMATS[name].render(BEFORE)
    assert counting.verified == [0 if name == other else 6]


@pytest.mark.parametrize(
    "feed",
    [
        replace(BEFORE, language="en"),
        replace(BEFORE, embeds=("video.example.org",)),
        replace(BEFORE, podcast=Podcast(author="江畔", category="News")),
        replace(BEFORE, title="别的"),
    ],
    ids=["language", "embeds", "podcast", "title"],
)
@pytest.mark.parametrize("name", FORMATS)
def test_another_setting_of_the_feed_proves_all_anew(feed: Feed, name: str) -> None:
    counting = Counting(name)
    made = assemble(feed, counting.format, kept_of(BEFORE, name))
    assert made.content == FORMATS[name].render(feed)
    assert counting.verified == [6]


def test_another_renderer_proves_all_anew() -> None:
    counting = Counting("rss")
    assemble(BEFORE, counting.format, kept_of(BEFORE, "rss"), renderer="newer")
    assert counting.verified == [6]


def test_what_changes_each_time_proves_nothing_anew() -> None:
    """The feed's own date, where older entries are, what was withdrawn: none of it shows in an entry."""
    feed = replace(history_feed(), entries=BEFORE.entries)
    counting = Counting("atom")
    moved = replace(feed, tombstones=(), prev_archive_url="https://news.example.org/feeds/macro/archive/9.atom")
    made = assemble(moved, counting.format, kept_of(feed, "atom"))
    assert made.content == FORMATS["atom"].render(moved)
    assert counting.verified == [0]


@pytest.mark.parametrize("feed", KINDS_OF_FEEDS.values(), ids=KINDS_OF_FEEDS)
def test_what_was_proved_in_a_live_document_is_proved_in_an_archive(feed: Feed) -> None:
    archive = replace(
        feed,
        self_urls={"atom": "https://news.example.org/feeds/macro/archive/1.atom"},
        current_url="https://news.example.org/feeds/macro.atom",
    )
    counting = Counting("atom")
    made = assemble(archive, counting.format, kept_of(feed, "atom"))
    assert made.content == FORMATS["atom"].render(archive)
    assert errors(made.findings) == []
    assert made.proofs == first(archive, "atom").proofs
    assert counting.verified == [0]


@pytest.mark.parametrize("name", FORMATS)
def test_a_fault_of_a_new_entry_is_found_and_hangs_on_it(name: str) -> None:
    def verify(content: bytes, feed: Feed) -> list[Finding]:
        found = FORMATS[name].verify(content, feed)
        wrong = [entry.entry_id for entry in feed.entries if entry.title == "改过的题目"]
        return found + [Finding(rule="odd", message="odd", format=name, entry_id=entry_id) for entry_id in wrong]

    faulty = replace(FORMATS[name], verify=verify)
    made = assemble(AFTER, faulty, kept_of(BEFORE, name))
    assert [finding.entry_id for finding in made.findings] == [AFTER.entries[1].entry_id]


def test_a_head_that_says_something_else_is_found() -> None:
    faulty = replace(FORMATS["rss"], render=lambda feed: FORMATS["rss"].render(replace(feed, title="别的")))
    made = assemble(AFTER, faulty, kept_of(BEFORE, "rss"))
    assert [finding.rule for finding in made.findings] == ["feed.title"]


def test_something_between_two_entries_is_no_document_of_ours() -> None:
    content = FORMATS["rss"].render(BEFORE)
    assert split(content.replace(b"</item><item>", b"</item><!-- --><item>"), "rss") is None
    assert split(b"<rss/>", "rss") is None
    assert split(b'{"items":[]}', "json") is None


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("has_kept", [False, True])
def test_a_renderer_that_loses_an_entry_is_found_and_leaves_no_pieces(name: str, has_kept: bool) -> None:
    row = FORMATS[name]
    losing = replace(row, render=lambda feed: row.render(replace(feed, entries=feed.entries[:-1])))
    assembled = assemble(AFTER, losing, kept_of(BEFORE, name) if has_kept else None)
    assert errors(assembled.findings)
    assert assembled.pieces is None
    assert assembled.proofs.digests == {}
