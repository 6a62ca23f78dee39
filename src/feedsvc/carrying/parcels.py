"""What is to lie in a bucket: what is live in a replica's own folder, under the addresses that it has below /feeds/."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from feedsvc.config import Settings
from feedsvc.model import ARCHIVE_FORMAT, INDEX_SLUG, DocumentRecord, Parcel, archive_name
from feedsvc.store import Store
from feedsvc.targets import Target, list_targets, target_of

_FEEDS = "/feeds/"
_ARCHIVE = re.compile(rf"([a-z0-9-]+)/archive/([1-9][0-9]{{0,8}})\.{ARCHIVE_FORMAT}")
_OURS = re.compile(rf"[a-z0-9-]+\.(rss|atom|json)|{INDEX_SLUG}\.opml|{_ARCHIVE.pattern}")

Name = str
"""A feed's slug, or the name of an archive."""


class Parcels:
    """Under one version of the settings; asks the store what the folder holds."""

    def __init__(self, settings: Settings, store: Store, folder_id: str) -> None:
        self._settings = settings
        self._store = store
        self._folder_id = folder_id
        targets = {path.removeprefix(_FEEDS): each for path, each in list_targets(settings).items()}
        self._targets = {key: each for key, each in targets.items() if not key.startswith("/")}
        self._keys = {(each.slug, each.format): key for key, each in self._targets.items()}

    def of(self, name: Name) -> list[Parcel]:
        """Of a feed, or of an archive. Raises StoreError."""
        slug, _, number = name.partition("/archive/")
        if number:
            return list(self._of_archives(slug, self._store.archive_records(self._folder_id, slug, int(number))))
        mark = self._store.marks(self._folder_id, [slug]).get(slug)
        return [] if mark is None else list(self._of_feed(slug, mark.documents))

    def of_archives(self, slug: str) -> Iterator[Parcel]:
        """Of all of a section. Raises StoreError."""
        if self._is_archived(slug):
            yield from self._of_archives(slug, self._store.archive_records(self._folder_id, slug))

    def all(self) -> Iterator[Parcel]:
        """The newest archives before the live documents, which lead to them, and these before all other archives."""
        marks, states = self._store.marks(self._folder_id), self._store.section_states()
        for slug in (*self._settings.feeds, INDEX_SLUG):
            if slug in states and states[slug].archives and self._is_archived(slug):
                yield from self.of(archive_name(slug, states[slug].archives))
            if slug in marks:
                yield from self._of_feed(slug, marks[slug].documents)
        for slug in self._settings.plain:
            yield from self.of_archives(slug)

    def newest_archive(self, slug: str) -> Name | None:
        """To which the live document of a section leads."""
        if not self._is_archived(slug):
            return None
        state = self._store.section_states([slug]).get(slug)
        return archive_name(slug, state.archives) if state is not None and state.archives else None

    def is_wanted(self, key: str) -> bool:
        """Is there to be such a document, by the settings? It may not have been made."""
        archive = _ARCHIVE.fullmatch(key)
        return self._is_archived(archive[1]) if archive else key in self._targets

    def _is_archived(self, slug: str) -> bool:
        section = self._settings.plain.get(slug)
        return section is not None and section.is_archived

    def _of_feed(self, slug: str, documents: Iterable[DocumentRecord]) -> Iterator[Parcel]:
        for record in documents:
            key = self._keys.get((slug, record.format))
            if key is not None:
                yield _parcel(key, self._targets[key], record)

    def _of_archives(self, slug: str, records: Mapping[int, DocumentRecord]) -> Iterator[Parcel]:
        if self._is_archived(slug):
            for number, record in sorted(records.items(), reverse=True):
                name = archive_name(slug, number)
                yield _parcel(f"{name}.{ARCHIVE_FORMAT}", target_of(name, slug), record)


def is_ours(key: str) -> bool:
    """Could feedsvc have put it there, by its name?"""
    return _OURS.fullmatch(key) is not None


def _parcel(key: str, target: Target, record: DocumentRecord) -> Parcel:
    return Parcel(
        key=key,
        name=target.slug,
        format=target.format,
        digest=record.digest,
        mtime=record.mtime,
        media_type=target.media_type,
        cache_control=target.cache_control,
    )
