"""Use case: one section, from stale to live.

    lock(folder, slug)
      read generations, then the newest live articles        store
      compose -> Feed                                         pure
      render each format -> bytes, verify each                pure; a guilty entry is quarantined, again from compose
      same digests as on disk?                                then only noted
      allot Last-Modified, write, note the publication        store, output
"""

from __future__ import annotations

from dataclasses import dataclass

from feedsvc.config import Settings
from feedsvc.model import Finding
from feedsvc.output import FeedsFolder
from feedsvc.publish import Clock
from feedsvc.store import Store


@dataclass(frozen=True, slots=True)
class Result:
    """What regenerating one section came to. `error` is why the last good documents stay, or None."""

    slug: str
    outcome: str  # "published", "unchanged" (same bytes), "fresh" (was not stale), "blocked", "removed"
    entries: int
    length_bytes: int
    findings: tuple[Finding, ...]
    quarantined: tuple[str, ...]
    error: str | None
    seconds: float


class Regenerator:
    """Bound to one store, one feeds folder and a clock; the settings come with each call since they may change."""

    def __init__(self, store: Store, folder: FeedsFolder, folder_id: str, clock: Clock) -> None:
        raise NotImplementedError

    def regenerate(self, settings: Settings, slug: str, *, force: bool = False) -> Result:
        """Bring one feed (or `index`, the OPML) up to date. `force` renders and verifies even when it is not stale.

        Raises UnknownSectionError; StoreError and OutputError when the world outside fails (noted if that can be).
        """
        raise NotImplementedError

    def stale(self, settings: Settings) -> list[str]:
        """Slugs (feeds and `index`) whose files are not made from what is now, one cheap look: no article is read."""
        raise NotImplementedError

    def urgent(self, settings: Settings) -> list[str]:
        """The stale ones in which a withdrawal waits."""
        raise NotImplementedError

    def remove_unconfigured(self, settings: Settings) -> list[str]:
        """Delete files of sections (and formats) that config.yaml no longer names. The slugs."""
        raise NotImplementedError
