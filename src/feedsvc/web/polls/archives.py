"""Addresses of archives: /feeds/<section>/archive/<number>.atom. Which there are, the documents themselves tell."""

from __future__ import annotations

import re
from dataclasses import dataclass

from feedsvc.config import Settings
from feedsvc.errors import OutputError
from feedsvc.model import ARCHIVE_FORMAT, archive_name
from feedsvc.output import FeedsFolder, Shelf

_PATH = re.compile(rf"/feeds/([a-z0-9-]+)/archive/([1-9][0-9]{{0,8}})\.{ARCHIVE_FORMAT}")
_LINK = re.compile(rb'<link [^<>]*rel="prev-archive"[^<>]*>')
_NUMBER = re.compile(rf"/archive/([0-9]+)\.{ARCHIVE_FORMAT}\"".encode())


@dataclass(frozen=True, slots=True)
class ArchiveAddress:
    slug: str
    number: int

    @property
    def name(self) -> str:
        return archive_name(self.slug, self.number)


def read_address(settings: Settings, path: str) -> ArchiveAddress | None:
    """What an address means; None unless it is that of an archive of a section that keeps any."""
    found = _PATH.fullmatch(path)
    section = settings.plain.get(found[1]) if found else None
    return ArchiveAddress(section.slug, int(found[2])) if found and section and section.is_archived else None


def is_coming(folder: FeedsFolder, address: ArchiveAddress) -> bool:
    """Is there such an archive, though its file is not there (yet)? One is where a newer one is led to, or lies."""
    try:
        live = folder.read(address.slug, ARCHIVE_FORMAT)
        newest = Shelf(folder, address.slug).newest() if live is None else _newest_led_to(live.content)
    except OutputError:
        return True
    return address.number <= newest


def explain_no_archive(settings: Settings, path: str) -> str | None:
    """A sentence about an address under /archive/ that is none; None for any other address."""
    slug, is_archive, _ = path.removeprefix("/feeds/").partition("/archive/")
    if not is_archive or slug not in settings.feeds:
        return None
    section = settings.feeds[slug]
    if not section.is_archived:
        members = ", ".join(section.include)
        return (
            f"{slug} is a combination: the archives are those of its sections ({members})."
            if section.include
            else f"Section {slug!r} is not published as Atom, so it has no archives."
        )
    url = settings.site.feed_url(slug, ARCHIVE_FORMAT)
    return f"There is no archive at this address. {url} leads to the newest one, and each of them to the one before."


def _newest_led_to(content: bytes) -> int:
    link = _LINK.search(content)
    number = _NUMBER.search(link[0]) if link else None
    return int(number[1]) if number else 0
