"""What may go live of a feed: it is proved; while articles turn out guilty they are quarantined, and it is tried again.

Every change of the quarantine raises the generations of the article's sections, so that all their feeds, their archives
and every replica follow.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from feedsvc.choice import Choice
from feedsvc.errors import OutdatedError
from feedsvc.log import get_logger
from feedsvc.model import Article, Finding, Quarantined
from feedsvc.proof import Proof, reason_of
from feedsvc.store import Store

log = get_logger(__name__)

_FEW_GUILTY = 3
"""So many articles may be quarantined at once in any feed; in a large one, up to half of it."""

KEPT_FINDINGS = 50
"""So many findings about an article are kept; an editor mends the first ones."""

OTHERS_SECONDS = 600
"""While a new version takes the place of an old one both are at work on one database, and may judge one article by
turns. So what another version has found guilty is released no sooner after it came: it shows in this version's feeds
all the same, and the other one's are not made anew for it again and again."""

_TRIES = 3
"""Each reads as much as was published when the one before came too late. So a second one is seldom, a third one hardly
ever."""

Basis = TypeVar("Basis")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Attempt(Generic[Basis]):
    """Documents that were made from `basis` and from what was chosen, and what their proof came to."""

    basis: Basis
    choice: Choice
    proof: Proof


@dataclass(frozen=True, slots=True)
class Verdict(Generic[Basis]):
    """The last attempt; with an `error` none of its documents may go live."""

    attempt: Attempt[Basis]
    error: str | None

    @property
    def entries(self) -> Mapping[str, int]:
        """Article id -> revision, in the feed's order."""
        return {article.id: article.revision for article in self.attempt.choice.holdings.articles}


def catch_up(attempt: Callable[[bool], Made]) -> Made:
    """What comes of an attempt, made anew while another replica has published something newer meanwhile.

    It is told whether it may be older (`may_lag`); only the last one is.
    """
    for _ in range(_TRIES):
        with contextlib.suppress(OutdatedError):
            return attempt(False)  # noqa: FBT003  # told above
    return attempt(True)  # noqa: FBT003  # likewise


class Court:
    """Bound to a store and a clock; `renderer` is what an article in quarantine was found guilty under."""

    def __init__(self, store: Store, clock: Callable[[], datetime], renderer: str) -> None:
        self._store = store
        self._clock = clock
        self._renderer = renderer

    def settle(self, name: str, attempt: Callable[[], Attempt[Basis]]) -> Verdict[Basis]:
        """Attempt it until nobody new is guilty and nobody was released. `name` is the feed's or archive's."""
        guilty: set[str] = set()
        while True:
            made = attempt()
            articles = made.choice.holdings.articles
            if made.choice.excessive:
                # Nobody else's fault, however many they are; they were left out of this attempt.
                self._quarantine(name, dict(made.choice.excessive))
                continue
            accused = [article for article in articles if article.entry_id in made.proof.guilty]
            guilty |= {article.id for article in accused}
            error = _why_blocked(made.proof.findings, len(accused), len(guilty), len(articles))
            if accused and not error:
                self._quarantine(name, {article: made.proof.guilty[article.entry_id] for article in accused})
            elif not error and (ripe := self._find_ripe(made.choice.retried)):
                self._release(ripe)
            else:
                return Verdict(made, error)

    def _quarantine(self, name: str, accused: Mapping[Article, tuple[Finding, ...]]) -> None:
        """One that was in it already, under an older revision or on trial, stays since it came.

        If another version had found the same, nothing changes for anybody.
        """
        before = self._store.quarantined([article.id for article in accused])
        news = [article for article in accused if not _is_known(before.get(article.id), article)]
        items = [
            Quarantined(
                article_id=article.id,
                revision=article.revision,
                reason=reason_of(accused[article]),
                renderer=self._renderer,
                since=before[article.id].since if article.id in before else self._clock(),
                findings=accused[article][:KEPT_FINDINGS],
            )
            for article in sorted(accused, key=lambda article: article.id)
        ]
        with self._store.write() as tx:
            for item in items:
                tx.quarantine(item, is_news=item.article_id in {article.id for article in news})
            tx.raise_generations(section for article in news for section in article.sections)
        for item in items:
            log.warning(
                "article_quarantined", article_id=item.article_id, revision=item.revision, slug=name, reason=item.reason
            )

    def _find_ripe(self, retried: Sequence[Article]) -> Sequence[Article]:
        """Those that are in no other version's way."""
        if not retried:
            return ()
        before = self._store.quarantined([article.id for article in retried])
        return [article for article in retried if article.id in before and self._is_ripe(before[article.id], article)]

    def _is_ripe(self, item: Quarantined, article: Article) -> bool:
        is_others = _is_known(item, article) and item.renderer != self._renderer
        return not (is_others and timedelta() <= self._clock() - item.since < timedelta(seconds=OTHERS_SECONDS))

    def _release(self, articles: Sequence[Article]) -> None:
        """Found good in one feed; another of its feeds, stale by this, may still find fault and take it back."""
        with self._store.write() as tx:
            for article in sorted(articles, key=lambda article: article.id):
                tx.release(article.id)
            tx.raise_generations(section for article in articles for section in article.sections)
        for article in articles:
            log.info("article_released", article_id=article.id, revision=article.revision)


def _why_blocked(findings: Sequence[Finding], guilty_now: int, guilty: int, articles: int) -> str | None:
    """Why these findings keep the whole feed back; None where there are none or the guilty articles can be left out."""
    if not findings:
        return None
    if not guilty_now:
        return f"The documents can't be proved: {findings[0]}"
    if guilty > max(_FEW_GUILTY, articles // 2):
        return (
            f"{guilty} of {articles} articles can't be proved; so many look like a fault of the settings or of feedsvc "
            f"itself, so they are not quarantined. The first: {findings[0]}"
        )
    return None


def _is_known(item: Quarantined | None, article: Article) -> bool:
    """Was this very revision found guilty, and nobody asked for it to be tried again?"""
    return item is not None and item.revision == article.revision and item.renderer != ""
