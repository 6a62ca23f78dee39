"""The picture of an article and the files that come with it, made canonical; what can be found out of them is."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from feedsvc.ingest.bounds import MAX_ALT, MAX_DURATION_SECONDS, MAX_LENGTH_BYTES, MAX_PIXELS, MAX_TITLE
from feedsvc.ingest.mediatypes import guess_media_type
from feedsvc.ingest.report import Report
from feedsvc.ingest.shape import EnclosureJSON, ImageJSON
from feedsvc.ingest.values import keep_line, keep_media_type, keep_url
from feedsvc.model import Enclosure, Image

Measure = Callable[[str], int | None]
"""A path, relative to where the article came from -> bytes of the file that lies there, None where none does."""


def keep_image(report: Report, given: ImageJSON | None, base: str) -> Image | None:
    """The picture; its type is told by the URL's ending where it is not given."""
    if given is None:
        return None
    for side, pixels in (("width", given.width), ("height", given.height)):
        if pixels is not None and not 1 <= pixels <= MAX_PIXELS:
            report.refuse(f"image.{side}", pixels, f"must be pixels from 1 to {MAX_PIXELS}")
    url = keep_url(report, "image.url", given.url, base)
    media_type = keep_media_type(report, "image.type", given.type, "image/")
    alt = keep_line(report, "image.alt", given.alt, MAX_ALT)
    if url is None:
        return None
    if given.type is None and (guessed := guess_media_type(url) or "").startswith("image/"):
        report.note("image.type", f"is not given: {guessed}, as the URL ends")
        media_type = guessed
    return Image(url=url, type=media_type, width=given.width, height=given.height, alt=alt)


def keep_enclosures(
    report: Report, given: list[EnclosureJSON], base: str, measure: Measure | None
) -> tuple[Enclosure, ...]:
    """The files in the sender's order, the first of them the one that RSS carries as its enclosure.

    A length that is not given is that of the file which `measure` finds under a relative URL, else unknown.
    """
    found = (_keep_enclosure(report, f"enclosures[{at}]", one, base, measure) for at, one in enumerate(given))
    return tuple(enclosure for enclosure in found if enclosure)


def _keep_enclosure(
    report: Report, field: str, given: EnclosureJSON, base: str, measure: Measure | None
) -> Enclosure | None:
    if not given.url.strip():
        report.refuse(f"{field}.url", given.url, "is empty: give the file's URL")
        return None
    length = _find_length(report, field, given, measure)
    url = keep_url(report, f"{field}.url", given.url, base)
    media_type = _find_type(report, field, given, url)
    title = keep_line(report, f"{field}.title", given.title, MAX_TITLE)
    if given.duration is not None and not 1 <= given.duration <= MAX_DURATION_SECONDS:
        report.refuse(f"{field}.duration", given.duration, f"must be seconds from 1 to {MAX_DURATION_SECONDS}")
    if url is None or media_type is None:
        return None
    return Enclosure(url=url, type=media_type, length_bytes=length, title=title, duration_seconds=given.duration)


def _find_type(report: Report, field: str, given: EnclosureJSON, url: str | None) -> str | None:
    if given.type is not None or url is None:
        return keep_media_type(report, f"{field}.type", given.type)
    guessed = guess_media_type(url)
    if guessed is None:
        untold = "is not given, and the URL's ending doesn't tell it: name the media type, such as audio/mpeg"
        report.refuse(f"{field}.type", given.url, untold)
    else:
        report.note(f"{field}.type", f"is not given: {guessed}, as the URL ends")
    return guessed


def _find_length(report: Report, field: str, given: EnclosureJSON, measure: Measure | None) -> int:
    place = f"{field}.length"
    if given.length is not None and not 0 <= given.length <= MAX_LENGTH_BYTES:
        report.refuse(place, given.length, f"must be bytes from 0 to {MAX_LENGTH_BYTES}")
    path = _relative_path(given.url)
    measured = measure(path) if measure and path else None
    if given.length is None and measured is None:
        report.note(place, "is not given: RSS will say 0, which means unknown; Atom and JSON Feed leave it out")
    elif given.length is None:
        report.note(place, f"is not given: {measured}, as the file at {path} has")
    elif measured not in (None, given.length):
        report.note(place, f"is {given.length}, but the file at {path} has {measured}: kept as given", "warning")
    return (measured or 0) if given.length is None else given.length


def _relative_path(url: str) -> str:
    """The path of a URL that counts from where the article lies; '' for any other."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    is_relative = not parts.scheme and not parts.netloc and not parts.path.startswith("/")
    return unquote(parts.path) if is_relative else ""
