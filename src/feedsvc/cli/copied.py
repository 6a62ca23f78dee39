"""What backup, restore and db copy say: how far they are, how much it was, and whether the feeds would be the same."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic

from feedsvc.cli.commands import Failure
from feedsvc.cli.messages import count, say, warn
from feedsvc.cli.terminal import progress
from feedsvc.likeness import compare
from feedsvc.model import INDEX_SLUG
from feedsvc.runtime import Runtime
from feedsvc.store import Store

_TELL_SECONDS = 10.0

_NAMED = 5


class Telling:
    """Called while rows are copied: a line every ten seconds."""

    def __init__(self) -> None:
        self._told_at = monotonic()

    def __call__(self, table: str, rows: int) -> None:
        if monotonic() >= self._told_at + _TELL_SECONDS:
            self._told_at = monotonic()
            say(f"{table}: {rows:,} rows")


def sum_up(counts: Mapping[str, int]) -> str:
    """`1,204 articles, 7 sections, 2 tokens`."""
    things = ("article", "section", "token")
    return ", ".join(count(counts[thing], thing) for thing in things)


def refuse_beside_worker(runtime: Runtime) -> None:
    """Raise Failure where a service is at work on this database: what it takes in meanwhile would be lost."""
    if runtime.has_worker():
        raise Failure(
            "A service is at work on this database, and what it takes in meanwhile would be lost: stop it first. "
            "(One that was killed counts as at work for 15 s.)"
        )


def compare_feeds(runtime: Runtime, other: Store) -> None:
    """Say whether the other database makes the very documents that lie in the feeds folder. Raises Failure if not."""
    slugs = (*runtime.settings.feeds, INDEX_SLUG)
    found = [compare(runtime, other, runtime.settings, slug) for slug in progress(slugs, "Comparing feeds")]
    unlike = [name for each in found for name in each.unlike]
    skipped = [each.slug for each in found if not each.is_comparable]
    say(f"{count(sum(each.same for each in found), 'document')} would be the same to the byte.")
    if skipped:
        named = ", ".join(skipped[:_NAMED]) + (", ..." if len(skipped) > _NAMED else "")
        warn(
            f"Not compared, since what lies there is made from something else: {named}. Run `feedsvc regenerate --all` "
            "first to have them compared."
        )
    if unlike:
        raise Failure(f"Would be others: {', '.join(unlike)}.")
