"""What the last publication of a feed left at hand for the next one, so that only what is new is made.

Nothing in it is believed for itself: an article counts as long as its row is the same to the byte (store/rows.py), all
else as long as it was made from that very object. Where nothing is at hand, all is made, by the same steps.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

from feedsvc.feed.compose import Entries
from feedsvc.model import Article
from feedsvc.store import KnownRows

MOST_BYTES = 16 * 1024 * 1024
"""In one process; enough for about 37 feeds of 50 articles of 4 KB."""


@dataclass(slots=True)
class Tray:
    """Of one feed. `sound` are articles that were found to be within the gate's bounds, by seq."""

    rows: KnownRows = field(default_factory=KnownRows)
    sound: dict[int, Article] = field(default_factory=dict)
    entries: Entries = field(default_factory=Entries)


class Trays:
    """Those of the feeds that were published last. Whoever takes one has it alone until it is put back."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._trays: OrderedDict[str, tuple[Tray, int]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def take(self, slug: str) -> Tray:
        """An empty one where nothing is at hand; so it is also after whoever took it failed."""
        with self._lock:
            tray, length_bytes = self._trays.pop(slug, (None, 0))
            self._bytes -= length_bytes
        return tray or Tray()

    def put_back(self, slug: str, tray: Tray) -> None:
        """Keep it, and let go of those that were put back longest ago, as far as there is no room."""
        length_bytes = tray.rows.settle()
        with self._lock:
            _, replaced_bytes = self._trays.pop(slug, (None, 0))
            self._trays[slug] = tray, length_bytes
            self._bytes += length_bytes - replaced_bytes
            while self._bytes > self._most_bytes:
                _, (_, dropped_bytes) = self._trays.popitem(last=False)
                self._bytes -= dropped_bytes
