"""`feedsvc regenerate`: feeds brought up to date now, whatever their schedule."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import click

from feedsvc.archive import Progress
from feedsvc.bulk import open_pool
from feedsvc.cli.commands import Failure, config_option
from feedsvc.cli.messages import warn
from feedsvc.cli.opening import open_runtime
from feedsvc.cli.terminal import print_table, progress
from feedsvc.errors import OutputError, StoreError, UnknownSectionError
from feedsvc.jobs import Job
from feedsvc.model import INDEX_SLUG
from feedsvc.pool import processes_of
from feedsvc.publish import promote_due
from feedsvc.regenerate import Result
from feedsvc.runtime import Runtime

_WORTH_A_POOL = 50
"""Fewer are made before its processes have started."""


@click.command("regenerate")
@click.option("--all", "everything", is_flag=True, help="Every feed, and the OPML list of them.")
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
@config_option
def command(everything: bool, slugs: tuple[str, ...]) -> None:
    """Bring feeds and their archives up to date now: each is proved, and written where its bytes changed.

    Articles whose time has come go live first. Exit code 1 if a feed could not go live: its last good one stays.
    """
    if everything == bool(slugs):
        raise click.UsageError("Name the feeds, or say --all.")
    with open_runtime() as runtime:
        known = (*runtime.settings.feeds, INDEX_SLUG)
        unknown = [slug for slug in slugs if slug not in known]
        if unknown:
            raise UnknownSectionError(unknown[0], known)
        broken: list[str] = []
        promote_due(runtime.store, runtime.clock, broken=broken)
        for reason in broken:
            warn(reason)
        if everything:
            runtime.regenerator.remove_unconfigured(runtime.settings)
        results = regenerate_feeds(runtime, slugs or known)
        results += [result for slug in slugs or known if (result := _bring_up_archives(runtime, slug))]
    print_table(("feed", "outcome", "entries", "bytes", "seconds", "why"), map(_row, results))
    blocked = [result.slug for result in results if result.error]
    if blocked:
        raise Failure(f"Not live: {', '.join(blocked)}. What was there before still is.")


def regenerate_feeds(runtime: Runtime, slugs: Sequence[str], *, force: bool = True) -> list[Result]:
    """Regenerate these, many of them by a pool; a failing one is a result, and never keeps the others back."""
    if len(slugs) >= _WORTH_A_POOL and processes_of(runtime.settings.bulk):
        return _regenerate_in_pool(runtime, slugs, force=force)
    return [_regenerate(runtime, slug, force=force) for slug in progress(slugs, "Regenerating")]


def _regenerate_in_pool(runtime: Runtime, slugs: Sequence[str], *, force: bool) -> list[Result]:
    pool = open_pool(runtime.settings, is_quiet=True)
    with ThreadPoolExecutor(pool.size) as threads:
        try:
            answers = threads.map(pool.work, (Job(slug, force=force) for slug in slugs))
            found = list(progress(answers, "Regenerating", len(slugs)))
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            pool.stop()
    return [answer.result or _blocked(slug, answer.error or "") for slug, answer in zip(slugs, found, strict=True)]


def _regenerate(runtime: Runtime, slug: str, *, force: bool) -> Result:
    try:
        return runtime.regenerator.regenerate(runtime.settings, slug, force=force)
    except (StoreError, OutputError) as error:
        return _blocked(slug, str(error))


def _blocked(slug: str, error: str) -> Result:
    return Result(
        slug=slug,
        outcome="blocked",
        entries=0,
        length_bytes=0,
        findings=(),
        quarantined=(),
        error=error,
        seconds=0.0,
    )


def _bring_up_archives(runtime: Runtime, slug: str) -> Result | None:
    """What came of a section's archives, `entries` being how many were made; None where none had to be."""
    archivist, began = runtime.regenerator.archivist, time.monotonic()
    try:
        done = archivist.bring_up(runtime.settings, slug)
        error = done.error
        if done.made and not done.waiting:
            archivist.bring_up(runtime.settings, slug)  # looks once more, and notes that all is right
    except (StoreError, OutputError) as failure:
        done, error = Progress((), 0, None), str(failure)
    if not done.made and not error:
        return None
    return Result(
        slug=f"{slug}/archive",
        outcome="blocked" if error else "published",
        entries=len(done.made),
        length_bytes=0,
        findings=(),
        quarantined=(),
        error=error,
        seconds=time.monotonic() - began,
    )


def _row(result: Result) -> tuple[object, ...]:
    quarantined = f"without {', '.join(result.quarantined)}" if result.quarantined else ""
    why = "; ".join(filter(None, (result.error, result.twin_error, quarantined, *map(str, result.findings))))
    return (result.slug, result.outcome, result.entries, result.length_bytes, f"{result.seconds:.3f}", why)
