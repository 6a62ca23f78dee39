"""An entry's picture and files as Media RSS 1.5 (https://www.rssboard.org/media-rss): written, and as they read back.

    media:content      the article's picture; in RSS also the files after the first, which is the enclosure
    media:thumbnail    the picture again, for readers that show one beside the headline
    media:title        what the picture shows, what the file is called

Never media:description: feedparser, and so many a reader, shows it as the article's body.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree

from feedsvc.feed.namespaces import MEDIA
from feedsvc.model import Enclosure, Image

Pairs = tuple[tuple[str, str], ...]
"""An element's attributes as parse.py reads them: sorted, names in lower case."""


def add_media(parent: Any, image: Image | None, enclosures: Sequence[Enclosure]) -> None:
    """Append to an item or entry what there is of it: the picture first, then the files in their order."""
    if image:
        sides = {"width": _number(image.width), "height": _number(image.height)}
        _add(parent, "content", {"url": image.url, "medium": "image", "type": image.type, **sides}, image.alt)
    for each in enclosures:
        size = {"fileSize": _number(each.length_bytes or None), "duration": _number(each.duration_seconds)}
        _add(parent, "content", {"url": each.url, "type": each.type, **size}, each.title)
    if image:
        _add(parent, "thumbnail", {"url": image.url, **sides}, None)


def _add(parent: Any, name: str, attributes: Mapping[str, str | None], title: str | None) -> None:
    known = {attribute: value for attribute, value in attributes.items() if value is not None}
    element = etree.SubElement(parent, f"{{{MEDIA}}}{name}", known)
    if title:
        etree.SubElement(element, f"{{{MEDIA}}}title", type="plain").text = title


def _number(value: int | None) -> str | None:
    return None if value is None else str(value)


def expect_media(image: Image | None, enclosures: Sequence[Enclosure]) -> dict[str, tuple[Pairs, ...]]:
    """What parse.py reads of an entry's `media` and `thumbnails`."""
    media, thumbnails = [], []
    if image:
        thumbnail = {"url": image.url, "width": image.width, "height": image.height}
        thumbnails.append(thumbnail)
        media.append(thumbnail | {"medium": "image", "type": image.type})
    for each in enclosures:
        size = {"filesize": each.length_bytes or None, "duration": each.duration_seconds}
        media.append({"url": each.url, "type": each.type, **size})
    return {"media": _pairs(media), "thumbnails": _pairs(thumbnails)}


def _pairs(elements: Sequence[Mapping[str, str | int | None]]) -> tuple[Pairs, ...]:
    return tuple(
        tuple(sorted((name, str(value)) for name, value in each.items() if value is not None)) for each in elements
    )


def media_letters(image: Image | None, enclosures: Sequence[Enclosure]) -> dict[str, tuple[str, ...]]:
    """What stands to the letter in an entry: each title in its own element, names of attributes in their case."""
    titles = [image.alt] if image else []
    titles += [each.title for each in enclosures]
    return {
        "media:content/@url": (*((image.url,) if image else ()), *(each.url for each in enclosures)),
        "media:content/@fileSize": tuple(str(each.length_bytes) for each in enclosures if each.length_bytes),
        "media:thumbnail/@url": (image.url,) if image else (),
        "media:description | media:content/media:description": (),
        "media:content/media:title": tuple(title for title in titles if title),
        "media:content/media:title/@type": tuple("plain" for title in titles if title),
        **{f"media:content[{at}]/media:title": (title,) if title else () for at, title in enumerate(titles, 1)},
    }
