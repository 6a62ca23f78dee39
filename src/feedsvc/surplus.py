"""Use case: what config.yaml no longer names leaves the feeds folder and what is remembered of it."""

from __future__ import annotations

from feedsvc.config import Settings
from feedsvc.log import get_logger
from feedsvc.model import INDEX_SLUG
from feedsvc.output import FeedsFolder
from feedsvc.staleness import formats_of
from feedsvc.store import Store

log = get_logger(__name__)


def remove_surplus(store: Store, folder: FeedsFolder, folder_id: str, settings: Settings) -> list[str]:
    """Delete documents of sections (and formats) that are not named, with their twins, and note those sections.

    Only names that were once a section are touched: a file that someone else put there stays. The slugs.
    """
    known = store.section_states()
    folder.note_removed([slug for slug in known if slug not in settings.feeds])
    ours = {*known, INDEX_SLUG}
    publications = store.marks(folder_id)
    removed = []
    for slug, lying in folder.slugs().items():
        surplus = [name for name in lying if name not in formats_of(settings, slug)]
        if surplus and slug in ours:
            with folder.lock(slug):
                folder.remove(slug, surplus)
            removed.append(slug)
            log.info("documents_removed", slug=slug, formats=surplus)
    for slug in ours & folder.orphans().keys():
        with folder.lock(slug):
            folder.remove_orphans(slug)
    folder.spares.sweep({*settings.feeds, INDEX_SLUG})
    for slug in publications:
        if slug != INDEX_SLUG and slug not in settings.feeds:
            with store.write() as tx:
                tx.delete_publication(folder_id, slug)
                tx.forget_proofs(slug)
    return removed
