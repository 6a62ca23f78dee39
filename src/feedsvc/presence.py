"""Question: in which feeds does an article stand, and where not, for what reason?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from feedsvc.config import Settings
from feedsvc.model import Article
from feedsvc.store import Store

Standing = Literal["live", "pending", "draft", "scheduled", "withdrawn", "beyond_limit", "quarantined", "blocked", "not_configured"]


@dataclass(frozen=True, slots=True)
class Presence:
    """One feed and this article: `urls` are the feed's addresses per format; `reason` is a sentence for an editor."""

    slug: str
    standing: Standing
    reason: str
    urls: tuple[str, ...]

    @property
    def is_settled(self) -> bool:
        """Waiting longer will not change it."""
        return self.standing != "pending"


def presence(store: Store, settings: Settings, folder_id: str, article: Article) -> tuple[Presence, ...]:
    """For each feed the article belongs to (Settings.feeds_of), and each configured-away section it names."""
    raise NotImplementedError
