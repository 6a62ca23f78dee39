"""Question: would another database make, byte for byte, the documents that lie in the feeds folder?

Asked of a copy or a backup, against feeds that were made from the original. Reads, changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from feedsvc.audit import Instance, formats_of, read_archive, read_feed
from feedsvc.config import Settings
from feedsvc.feed import opml
from feedsvc.feed.formats import FORMATS, RENDERER
from feedsvc.model import ARCHIVE_FORMAT, INDEX_SLUG, Feed, Finding, archive_name
from feedsvc.output import FeedsFolder, StoredDocument
from feedsvc.staleness import Fingerprints, sections_of
from feedsvc.store import Store


@dataclass(frozen=True, slots=True)
class Likeness:
    """Of one feed: how many of its documents, archives among them, would be the same, and the names of the others.

    `is_comparable` is False where the original has moved on since, or where it is not what lies there that it says.
    """

    slug: str
    same: int = 0
    unlike: tuple[str, ...] = ()
    is_comparable: bool = True


@dataclass(frozen=True, slots=True)
class _Copy:
    """Another database over the same feeds folder."""

    store: Store
    folder: FeedsFolder
    folder_id: str


def compare(original: Instance, other: Store, settings: Settings, slug: str) -> Likeness:
    """Hold what `other` would make of one feed (or `index`) and its archives to what lies there."""
    fingerprints, names = Fingerprints(RENDERER), sections_of(settings, [slug])
    stores, copy = (original.store, other), _Copy(other, original.folder, original.folder_id)
    with original.folder.lock(slug):
        bases = [fingerprints.of(settings, slug, each.read_sections(names)).made_from for each in stores]
        known = original.store.publication(original.folder_id, slug)
        if bases[0] != bases[1] or known is None or known.made_from != bases[0]:
            return Likeness(slug, is_comparable=False)
        exhibit = read_feed(copy, settings, slug, formats=formats_of(settings, slug))
    found = {name: _is_same(name, document, settings, exhibit.feed) for name, document in exhibit.documents.items()}
    state = other.section_states().get(slug)
    archives = state.archives if state and slug != INDEX_SLUG and settings.feeds[slug].is_archived else 0
    for number in range(1, archives + 1):
        assert state is not None
        archive = read_archive(copy, settings, slug, number=number, state=state)
        found[archive_name(slug, number)] = _is_same(ARCHIVE_FORMAT, archive.document, settings, archive.feed)
    return Likeness(slug, sum(found.values()), tuple(name for name, is_same in found.items() if not is_same))


def _is_same(name: str, document: StoredDocument | Finding, settings: Settings, feed: Feed | None) -> bool:
    if isinstance(document, Finding):
        return False
    if name == opml.NAME:
        return opml.render(settings.site, tuple(settings.sections.values())) == document.content
    return feed is not None and FORMATS[name].render(feed) == document.content
