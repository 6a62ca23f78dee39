"""A merging reader who holds any of the last versions and takes the delta ends up with the document's entries."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from effort import examples
from examples import NOON, article, errors, feed_of
from feedsvc.delta import DELTA_FORMATS, WORTHWHILE_SHARE, lead
from feedsvc.feed.compose import only
from feedsvc.feed.formats import FORMATS
from feedsvc.feed.namespaces import PREFIXES
from feedsvc.feed.pieces import split
from feedsvc.model import Document, Feed

ENTRY = {"rss": ("//item", "guid"), "atom": ("//atom:entry", "atom:id")}
TITLES = ("雾散了", "<item>", "</item><item>", "</entry>", '<entry xml:lang="zh">', "]]>", "<!-- ", "&lt;/item>", "?>")

Held = dict[int, int]
"""An article's number -> how often it was corrected."""

NUMBERS = st.integers(1, 14)
STEPS = st.lists(st.lists(st.tuples(NUMBERS, st.sampled_from(["put", "put", "drop"])), max_size=3), max_size=10)


def live_through(steps: list[list[tuple[int, str]]]) -> list[Held]:
    """What was live after each step: at first ten articles; each step puts (or corrects) some and drops some."""
    lives: list[Held] = [dict.fromkeys(range(5, 15), 0)]
    for step in steps:
        now = dict(lives[-1])
        for number, verb in step:
            if verb == "put":
                now[number] = now.get(number, 0) + 1
            else:
                now.pop(number, None)
        lives.append(now)
    return lives


def as_reader(content: bytes, name: str) -> dict[str, bytes]:
    """Id -> what stands there, read by other code than ours."""
    path, id_path = ENTRY[name]
    entries = etree.fromstring(content).xpath(path, namespaces=PREFIXES)
    return {each.findtext(id_path, namespaces=PREFIXES): etree.tostring(each, method="c14n") for each in entries}  # type: ignore[union-attr,misc,arg-type]


def feed_holding(articles: Held) -> Feed:
    return feed_of(
        *(
            article(number, revision=1 + times, title=f"{TITLES[(number + times) % len(TITLES)]} {times}")
            for number, times in sorted(articles.items())
        )
    )


@examples(60)
@given(STEPS, st.sets(NUMBERS, max_size=3), st.sampled_from(DELTA_FORMATS))
def test_old_document_and_delta_make_the_new_one(steps: list[list[tuple[int, str]]], gone: set[int], name: str) -> None:
    row = FORMATS[name]
    feeds = [feed_holding(articles) for articles in live_through(steps)]
    documents = [Document("macro", name, row.render(feed)) for feed in feeds]
    withdrawn = {f"urn:uuid:00000000-0000-4000-8000-{number:012d}" for number in gone}

    def slid_out(entry_ids: Collection[str]) -> set[str]:
        return set(entry_ids) - withdrawn

    trail = None
    for document, feed in zip(documents, feeds, strict=True):
        remembered = trail.versions if trail else ()
        led = lead(document, feed, NOON, remembered, slid_out=slid_out, verify=row.verify)
        assert led is not None
        trail, findings = led
        assert findings == ()
    assert trail is not None
    now = as_reader(documents[-1].content, name)
    last_eight = list(dict.fromkeys(document.digest for document in reversed(documents)))[1:9]
    for document in documents[:-1]:
        before = as_reader(document.content, name)
        delta = trail.delta_from(document.digest[:32])
        is_useless = before.items() >= now.items() or document.digest not in last_eight
        if delta is None:
            fresh = {entry_id for entry_id in now if before.get(entry_id) != now[entry_id]}
            size = len(row.render(only(feeds[-1], fresh)))
            is_large = size >= WORTHWHILE_SHARE * len(documents[-1].content)
            assert is_useless or is_large or (before.keys() - now.keys()) & withdrawn
        else:
            assert document.digest in last_eight
            fresh_entries = as_reader(delta, name)
            merged = before | fresh_entries
            assert {entry_id: merged[entry_id] for entry_id in now} == now
            assert not (merged.keys() - now.keys()) & withdrawn
            assert not before.items() & fresh_entries.items()  # only what is new or changed
            assert [each for each in now if each in fresh_entries] == list(fresh_entries)  # in the document's order
            assert errors(row.verify(delta, only(feeds[-1], fresh_entries))) == []
            assert len(delta) < WORTHWHILE_SHARE * len(documents[-1].content)


@examples(60)
@given(STEPS, st.sets(NUMBERS), st.sampled_from(DELTA_FORMATS))
def test_what_is_cut_is_what_the_renderer_would_write(
    steps: list[list[tuple[int, str]]], chosen: set[int], name: str
) -> None:
    feed = feed_holding(live_through(steps)[-1])
    pieces = split(FORMATS[name].render(feed), name)
    assert pieces is not None
    wanted = {f"urn:uuid:00000000-0000-4000-8000-{number:012d}" for number in chosen}
    cut = [piece for entry, piece in zip(feed.entries, pieces.entries, strict=True) if entry.entry_id in wanted]
    assert b"".join((pieces.head, *cut, pieces.foot)) == FORMATS[name].render(only(feed, wanted))
