"""The itunes elements that podcast directories require or recommend, in RSS only: written, and as they read back.

Apple's "A Podcaster's Guide to RSS" (https://help.apple.com/itc/podcasts_connect/#/itcb54353390), which others follow:

    channel    itunes:image, category, explicit required; author recommended; owner is whom directories write to; type
    item       itunes:duration, explicit, image recommended, where there is a file: without one it is no episode

No itunes:title, summary or subtitle: they would say again what title and description say, and feedparser puts what it
reads in them in the place of the description. No episode number: none is known.
"""

from __future__ import annotations

from typing import Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from feedsvc.feed.namespaces import ITUNES
from feedsvc.model import Entry, Feed, Image, Podcast
from feedsvc.parse import Reading

_COVER_TYPES = ("image/jpeg", "image/png")
_COVER_PIXELS = range(1400, 3001)
_SCHEME = "http://www.itunes.com/"
"""What feedparser says of each itunes:category."""


class _PodcastExtension(BaseExtension):  # type: ignore[misc]  # feedgen carries no types
    """The channel's additions. feedgen's own of that name lacks true and false for explicit."""

    feed: Feed
    podcast: Podcast

    def extend_ns(self) -> dict[str, str]:
        return {"itunes": ITUNES}

    def extend_rss(self, rss: Any) -> Any:
        """Put them where feedparser reads the rest of the channel as if they were not there.

        It lets an owner overwrite the author before it, takes the last author for the feed's, and lets itunes:image
        clear the image before it. So all but the author come first, and the author last.
        """
        podcast, channel = self.podcast, rss[0]
        head = [_element("explicit", _truth(podcast)), _element("type", podcast.type)]
        if self.feed.image:
            head.insert(0, _element("image", href=self.feed.image.url))
        category = _element("category", text=podcast.category)
        if podcast.subcategory:
            category.append(_element("category", text=podcast.subcategory))
        head.insert(0, category)
        if podcast.owner:
            owner = _element("owner")
            owner.append(_element("name", podcast.owner.name))
            if podcast.owner.email:
                owner.append(_element("email", podcast.owner.email))
            head.insert(0, owner)
        channel[0:0] = head
        channel.append(_element("author", podcast.author))
        return rss


class _EpisodeExtension(BaseEntryExtension):  # type: ignore[misc]  # feedgen carries no types
    """One item's additions."""

    entry: Entry
    podcast: Podcast

    def extend_rss(self, item: Any) -> Any:
        for name, value in _episode(self.entry, self.podcast).items():
            item.append(_element(name, value))
        if cover := _cover(self.entry):
            item.append(_element("image", href=cover.url))
        return item


def _element(name: str, text: str | None = None, /, **attributes: str) -> Any:
    element = etree.Element(f"{{{ITUNES}}}{name}", attributes, nsmap={"itunes": ITUNES})
    element.text = text
    return element


def _truth(podcast: Podcast) -> str:
    return "true" if podcast.explicit else "false"


def _episode(entry: Entry, podcast: Podcast) -> dict[str, str]:
    if not entry.enclosures:
        return {}
    seconds = entry.enclosures[0].duration_seconds
    return {**({"duration": str(seconds)} if seconds else {}), "explicit": _truth(podcast)}


def _cover(entry: Entry) -> Image | None:
    """The article's picture, unless what is known of it says that directories would refuse it as an episode's cover."""
    image = entry.image
    if image is None or not entry.enclosures:
        return None
    sides = {side for side in (image.width, image.height) if side is not None}
    is_square = len(sides) <= 1 and all(side in _COVER_PIXELS for side in sides)
    return image if is_square and image.type in (None, *_COVER_TYPES) else None


def mark_as_podcast(generator: FeedGenerator, feed: Feed) -> None:
    """Let the generator write the elements of the channel, if this feed is a podcast's; before any entry is added."""
    if feed.podcast:
        generator.register_extension("podcast", _PodcastExtension, _EpisodeExtension, atom=False)
        generator.podcast.feed, generator.podcast.podcast = feed, feed.podcast


def mark_as_episode(item: Any, entry: Entry, feed: Feed) -> None:
    """Let feedgen's item write the elements of an episode, if this feed is a podcast's."""
    if feed.podcast:
        item.podcast.entry, item.podcast.podcast = entry, feed.podcast


def expect_podcast(feed: Feed, channel: Reading) -> Reading:
    """What the channel reads like to feedparser, given what it reads like without these elements."""
    podcast = feed.podcast
    if podcast is None:
        return channel
    owner = ((podcast.owner.name, None),) if podcast.owner else ()
    names = [podcast.category, *([podcast.subcategory] if podcast.subcategory else [])]
    return {
        **channel,
        "authors": (*owner, *channel["authors"], (podcast.author, None)),
        "categories": (*((name, _SCHEME) for name in names), *channel["categories"]),
    }


def podcast_letters(feed: Feed) -> dict[str, tuple[str, ...]]:
    """Every itunes element of the channel, in its order; none where the feed is no podcast's."""
    podcast = feed.podcast
    if podcast is None:
        return {"itunes:*": ()}
    owner = podcast.owner
    emails = (owner.email,) if owner and owner.email else ()
    pictures = (feed.image.url,) if feed.image else ()
    return {
        "itunes:*": (
            *((f"{owner.name}{''.join(emails)}",) if owner else ()),
            "",
            *("" for _ in pictures),
            _truth(podcast),
            podcast.type,
            podcast.author,
        ),
        "itunes:owner/itunes:name": (owner.name,) if owner else (),
        "itunes:owner/itunes:email": emails,
        "itunes:category/@text": (podcast.category,),
        "itunes:category/itunes:category/@text": (podcast.subcategory,) if podcast.subcategory else (),
        "itunes:image/@href": pictures,
        "itunes:explicit": (_truth(podcast),),
        "itunes:type": (podcast.type,),
        "itunes:author": (podcast.author,),
    }


def episode_letters(entry: Entry, feed: Feed) -> dict[str, tuple[str, ...]]:
    """Every itunes element of an item, in its order; none where the feed is no podcast's or there is no file."""
    if feed.podcast is None:
        return {"itunes:*": ()}
    episode, cover = _episode(entry, feed.podcast), _cover(entry)
    return {
        "itunes:*": (*episode.values(), *([""] if cover else [])),
        "itunes:duration": (episode["duration"],) if "duration" in episode else (),
        "itunes:explicit": (episode["explicit"],) if episode else (),
        "itunes:image/@href": (cover.url,) if cover else (),
    }
