"""Pure: what would a subscriber of an older feed see if led to ours? Readers know an entry by its id alone.

same      the same id, and it says the same
changed   the same id, but title, link, time or text differ: readers show it once more at most, as changed
twice     an article that the old feed shows, too, under another id: it would come a second time
new       an article that the old feed does not show
gone      an entry of the old feed that ours does not show, and why
refused   an entry of the old feed that could not be imported, so that nothing can be said of it
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import unquote, urlsplit

from feedsvc.model import ArticleInput, Entry, Feed

Kind = Literal["same", "changed", "twice", "new", "gone", "refused"]

_ONE_STORY = timedelta(days=2)
"""So far apart two entries of one title may be the same story; a column of that name comes every week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OldEntry:
    """An entry of the old feed as it would be imported, or why it can't be; `place` says where it stands there."""

    place: str
    article: ArticleInput | None = None
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of one entry. `entry_id` is the one here, of what is gone the old one.

    `reason` is a clause for an editor.
    """

    kind: Kind
    title: str
    entry_id: str | None = None
    old_id: str | None = None
    article_id: str | None = None
    place: str = ""
    reason: str = ""


def compare(old: Sequence[OldEntry], feed: Feed, whereabouts: Mapping[str, str]) -> tuple[Fate, ...]:
    """The fate of each entry of ours, in the feed's order, then of what the old feed has and ours has not.

    `whereabouts` says of old ids that are stored why they are not in our feed; an id that is not in it is not stored.
    """
    known = {one.article.entry_id: one for one in old if one.article and one.article.entry_id}
    ours = {entry.entry_id for entry in feed.entries}
    twins = _Twins([one.article for one in old if one.article])
    fates = []
    for entry in feed.entries:
        before = known.get(entry.entry_id)
        fates.append(_judge_same(entry, before) if before else _judge_other(entry, twins.find(entry)))
    elsewhere = {fate.old_id: fate.article_id for fate in fates if fate.kind == "twice"}
    for one in old:
        if one.article is None:
            fates.append(Fate(kind="refused", title="", place=one.place, reason=one.refusal))
        elif one.article.entry_id not in ours:
            fates.append(_judge_gone(one, whereabouts, elsewhere))
    return tuple(fates)


def is_flooding(fates: Sequence[Fate]) -> bool:
    """Would a subscriber get again what they have?"""
    return any(fate.kind == "twice" for fate in fates)


def _judge_same(entry: Entry, before: OldEntry) -> Fate:
    assert before.article is not None, "only what could be read has an id"
    differences = tuple(_find_differences(before.article, entry))
    return Fate(
        kind="changed" if differences else "same",
        title=entry.title,
        entry_id=entry.entry_id,
        old_id=entry.entry_id,
        article_id=entry.article_id,
        place=before.place,
        reason="; ".join(differences),
    )


def _find_differences(before: ArticleInput, entry: Entry) -> Iterator[str]:
    if before.title != entry.title:
        yield f"its title was {before.title!r}"
    if before.link is not None and before.link != entry.link:
        yield f"its link was {before.link}"
    if before.published is not None and before.published != entry.published:
        yield f"its time was {before.published.isoformat()}"
    if before.content_html is not None and entry.content_html is None:
        yield "it had its whole text, and has a summary only"
    elif before.content_html != entry.content_html or (before.summary is not None and before.summary != entry.summary):
        yield "its text differs"


def _judge_other(entry: Entry, twin: ArticleInput | None) -> Fate:
    if twin is None:
        return Fate(kind="new", title=entry.title, entry_id=entry.entry_id, article_id=entry.article_id)
    return Fate(
        kind="twice",
        title=entry.title,
        entry_id=entry.entry_id,
        old_id=twin.entry_id,
        article_id=entry.article_id,
        reason=f"the old feed has it as {twin.entry_id}",
    )


def _judge_gone(one: OldEntry, whereabouts: Mapping[str, str], elsewhere: Mapping[str | None, str | None]) -> Fate:
    assert one.article is not None, "what was refused has no fate of its own"
    old_id = one.article.entry_id
    reason = whereabouts.get(old_id or "", "is not stored")
    if old_id in elsewhere:
        reason += f"; article {elsewhere[old_id]} is the same story under another id"
    return Fate(kind="gone", title=one.article.title, entry_id=old_id, old_id=old_id, place=one.place, reason=reason)


class _Twins:
    """The entries of the old feed by what tells the same story: its link, else its title at about the same time."""

    def __init__(self, old: Sequence[ArticleInput]) -> None:
        self._by_link = {_fold_link(one.link): one for one in reversed(old) if one.link}
        self._by_title: dict[str, list[ArticleInput]] = {}
        for one in old:
            self._by_title.setdefault(_fold(one.title), []).append(one)

    def find(self, entry: Entry) -> ArticleInput | None:
        if found := self._by_link.get(_fold_link(entry.link)):
            return found
        namesakes = self._by_title.get(_fold(entry.title), ())
        return next((one for one in namesakes if _is_about(one.published, entry.published)), None)


def _is_about(then: datetime | None, published: datetime) -> bool:
    return then is None or abs(then - published) <= _ONE_STORY


def _fold(title: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", title).casefold().split())


def _fold_link(link: str) -> tuple[str, str, str]:
    """http and https, a slash at the end and the way of percent-encoding make no other page."""
    parts = urlsplit(link)
    return (parts.netloc.lower(), unquote(parts.path).rstrip("/"), unquote(parts.query))
