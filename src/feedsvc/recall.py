"""Use case: the last documents of a feed that were audited come back, where what lies there is wrong and can't be
made anew.

They go through the folder's ordinary replacing, with twins, and under a new Last-Modified: who has the wrong document
asks with its time or name, and gets the whole. The publication says what lies there, so the feed is stale and made
anew as soon as it can be.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime

from feedsvc.config import Settings
from feedsvc.delivery import deliver
from feedsvc.errors import UnreadableArticleError
from feedsvc.model import INDEX_SLUG, Document, Publication, State
from feedsvc.output import Audited, FeedsFolder, LastGood
from feedsvc.store import Store


class Recaller:
    """Bound to one store, one feeds folder and a clock."""

    def __init__(self, store: Store, folder: FeedsFolder, folder_id: str, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._folder = folder
        self._folder_id = folder_id
        self._clock = clock
        self._audited = Audited(folder)

    def recall(self, settings: Settings, slug: str, failed: Mapping[str, str]) -> str | None:
        """Put back what was audited last; why that can't be, or None.

        `failed` are the digests of what lies there, by format: of what was found wrong (or whose twins were).
        """
        with self._folder.lock(slug):
            known = self._store.publication(self._folder_id, slug)
            good = self._audited.last_good(slug)
            if known is None or any(self._digest(slug, name) != digest for name, digest in failed.items()):
                return "something else lies there by now"
            documents = self._choose(known, good, failed)
            if documents is None or good is None:
                return "no documents are kept that were found right"
            records = {each.format: each for each in known.documents}
            is_older = any(
                name not in records or records[name].digest != each.digest for name, each in documents.items()
            )
            if is_older and (gone := self._find_gone(settings, slug, good)):
                return f"the last good documents hold articles that are not to be shown any more ({', '.join(gone)})"
            self._put(settings, known, documents, failed, good if is_older else None)
        return None

    def _digest(self, slug: str, name: str) -> str:
        lying = self._folder.read(slug, name)
        return lying.digest if lying else ""

    def _choose(
        self, known: Publication, good: LastGood | None, failed: Mapping[str, str]
    ) -> Mapping[str, Document] | None:
        """By format; None where one that failed is not among the good ones."""
        if good is None or not failed.keys() <= good.documents.keys():
            return None
        names = [each.format for each in known.documents if each.format in good.documents]
        return {name: Document(known.slug, name, good.documents[name]) for name in names}

    def _find_gone(self, settings: Settings, slug: str, good: LastGood) -> list[str]:
        """Ids of articles that were withdrawn, moved or deleted since."""
        if slug == INDEX_SLUG:
            return []
        members = settings.feeds[slug].members
        return [each for each, revision in good.entries.items() if not self._may_show(each, revision, members)]

    def _may_show(self, article_id: str, revision: int, members: Collection[str]) -> bool:
        try:
            article = self._store.article(article_id)
        except UnreadableArticleError:
            return False
        if article is None or set(members).isdisjoint(article.sections):
            return False
        return article.state is State.LIVE or article.revision == revision

    def _put(
        self,
        settings: Settings,
        known: Publication,
        documents: Mapping[str, Document],
        failed: Collection[str],
        older: LastGood | None,
    ) -> None:
        now = self._clock()
        moment = self._store.read_sections(()).sums.generation
        with self._store.write() as tx:
            digests = {name: each.digest for name, each in documents.items()}
            times = tx.allot_last_modified(known.slug, digests, moment, now, anew=failed)
        delivery = deliver(self._folder, list(documents.values()), times, settings.compression.levels)
        records = {each.format: each for each in (*known.documents, *delivery.records)}
        publication = replace(known, documents=tuple(records.values()), published=now)
        if older is not None:
            publication = replace(
                publication, made_from=older.made_from, generation=older.generation, entries=older.entries
            )
        with self._store.write() as tx:
            tx.save_publication(self._folder_id, publication)
