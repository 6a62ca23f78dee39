"""Question and use case: what is wrong with a whole site, and what would mend it.

Everything is looked at, also what no worker reads again (rights, left-overs, rows that don't agree), and whether or not
one is running. A complaint with an `act` can be mended here; any other says what a person has to do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from feedsvc.audit import audit, audit_archives, find_strangers
from feedsvc.errors import BucketError, FeedsvcError, OutputError, StoreError
from feedsvc.freight import FreightReader
from feedsvc.model import ARCHIVE_FORMAT, INDEX_SLUG, STORED, Finding, Standing
from feedsvc.output import CODINGS, SUFFIXES, Bucket, find_closed, find_left_overs, find_obstacle, free_bytes, open_up
from feedsvc.precautions import find_risks
from feedsvc.quarantine import held
from feedsvc.runtime import Runtime
from feedsvc.staleness import Stale, formats_of
from feedsvc.store import Revision

_ANEW = "make it anew, proved whole"
_NO_ARTICLES = (
    "restore a backup (`feedsvc restore`) or correct `database` in config.yaml; of a new site start the service"
)
_NAMED = 3

_MIB = 2**20
_LEAST_FREE_BYTES = 200 * _MIB
_LEAST_FREE_SHARE = 0.02
_CLOCK_TOLERANCE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong somewhere, and the mend: what `act` does, or a person has to where there is none.

    `is_grave` is False of what may be meant to be so.
    """

    where: str
    what: str
    mend: str
    act: Callable[[], None] | None = None
    is_grave: bool = True


def examine(runtime: Runtime) -> Iterator[Complaint]:
    """All that is wrong, the most basic things first; what can't be looked at for want of these is left out.

    `runtime` was opened without migrating. Mend what is found before the next is asked for, or afterwards.
    """
    yield from _examine_risks(runtime)
    yield from _examine_config(runtime)
    yield from _examine_disk(runtime)
    is_usable = True
    for complaint in _examine_database(runtime):
        is_usable = False
        yield complaint
    yield from _guarded("feeds_dir", partial(_examine_folder, runtime))
    if is_usable:
        for part in (
            _examine_clock,
            _examine_worker,
            _examine_bucket,
            _examine_rows,
            _examine_feeds,
            _examine_quarantine,
        ):
            yield from _guarded("database", partial(part, runtime))


def _guarded(where: str, part: Callable[[], Iterable[Complaint]]) -> Iterator[Complaint]:
    """What the world refuses while one looks is a complaint like any other."""
    try:
        yield from part()
    except FeedsvcError as error:
        yield Complaint("feeds_dir" if isinstance(error, OutputError) else where, str(error), "see there")


def _examine_risks(runtime: Runtime) -> Iterator[Complaint]:
    """What the worker tells of at its start. Rights that an admin gave may have a reason that we don't know."""
    for risk in find_risks(runtime.settings):
        what, _, mend = risk.reason.partition(": ")
        yield Complaint("user", f"{risk.path}: {what}" if risk.path else what, mend, is_grave=False)


def _examine_config(runtime: Runtime) -> Iterator[Complaint]:
    if runtime.source.error is not None:
        yield Complaint("config", str(runtime.source.error), "correct the file: the last good one is in force")


def _examine_disk(runtime: Runtime) -> Iterator[Complaint]:
    for where, path in (("feeds_dir", runtime.folder.path), ("database", runtime.store.file)):
        if path is None:
            continue
        try:
            free, total = free_bytes(path)
        except OutputError as error:
            yield Complaint(where, str(error), "see there")
            continue
        if free < max(_LEAST_FREE_BYTES, _LEAST_FREE_SHARE * total):
            yield Complaint(
                where, f"{free // _MIB:,} of {total // _MIB:,} MiB are free on the disk of {path}", "make room"
            )


def _examine_database(runtime: Runtime) -> Iterator[Complaint]:
    file = runtime.store.file
    if file is not None and not file.exists():
        yield Complaint("database", f"there is no file {file}", _NO_ARTICLES)
        return
    try:
        revision = runtime.store.find_revision()
    except StoreError as error:
        yield Complaint("database", str(error), "see there")
        return
    match revision:
        case Revision.UNKNOWN:
            yield Complaint("database", "its schema is that of a newer feedsvc", "start that version")
        case Revision.NONE:
            yield Complaint("database", f"{runtime.store.label} is empty", _NO_ARTICLES)
        case Revision.OLDER:
            yield Complaint(
                "database", "its schema is older, not the newest", "bring it up to date", _act(runtime.refresh)
            )
        case Revision.SAME:
            try:
                damage = runtime.store.find_damage()
            except StoreError as error:
                damage = str(error)
            if damage is not None:
                mend = "stop the service, move the file away and restore a backup: `feedsvc restore`"
                yield Complaint("database", f"its file is damaged: {damage}", mend)


def _examine_folder(runtime: Runtime) -> Iterator[Complaint]:
    folder = runtime.folder
    if not os.access(folder.path, os.R_OK | os.W_OK | os.X_OK):
        yield Complaint(
            "feeds_dir", f"{folder.path} is not there, or this user may not write to it", "give this user the right"
        )
        return
    if closed := find_closed(folder):
        yield Complaint(
            "feeds_dir",
            f"{_name(closed)}: a web server can't read it, or others may write to it",
            "give it the rights 0644 (folders 0755)",
            partial(open_up, closed),
        )
    if (left := find_left_overs(folder)) and not _has_worker(runtime):
        yield Complaint("feeds_dir", f"{_name(left)}: left on the way by a crash", "delete it", _act(folder.sweep_all))


def _examine_clock(runtime: Runtime) -> Iterator[Complaint]:
    latest, now = runtime.store.find_latest_time(), runtime.clock()
    if latest is not None and latest > now + _CLOCK_TOLERANCE:
        yield Complaint(
            "clock",
            f"something is said to have happened at {latest.isoformat()}, and now it is {now.isoformat()}",
            "set the clock (NTP); what went live from the future is followed by times a second apart until then",
        )


def _examine_worker(runtime: Runtime) -> Iterator[Complaint]:
    if not _has_worker(runtime):
        what, mend = "none is running for this feeds folder", "start `feedsvc serve`, or `feedsvc worker`"
        yield Complaint("worker", what, mend, is_grave=False)


def _examine_bucket(runtime: Runtime) -> Iterator[Complaint]:
    """What lies there against what was left there; the worker mends it, since one at a time writes to it."""
    place = runtime.settings.bucket
    if place is None:
        return
    try:
        lying = {each.key: each.etag for page in Bucket(place).list() for each in page}
    except BucketError as error:
        yield Complaint("bucket", f"{error.url}: can't {error.what}: {error.reason}", error.mend)
        return
    held = runtime.store.ledger(place.url).held()
    if amiss := sorted(key for key, known in held.items() if lying.get(key) != known.etag):
        does = "within five minutes" if _has_worker(runtime) else "once it runs"
        yield Complaint(
            "bucket", f"{_name(amiss)}: is not there, or not as it was left", f"nothing: the worker does it {does}"
        )
    freight = FreightReader(runtime.store).read(place)
    if freight is not None and freight.trouble is not None and freight.since is not None and _has_worker(runtime):
        yield Complaint("bucket", f"the worker that carries there says: {freight.trouble}", "do as it says")


def _examine_rows(runtime: Runtime) -> Iterator[Complaint]:
    if unknown := runtime.settings.feeds.keys() - runtime.store.section_states().keys():
        what, mend = f"{_name(sorted(unknown))}: stands in config.yaml, and is not registered", "register it"
        yield Complaint("database", what, mend, _act(runtime.refresh))
    strays = runtime.store.find_strays()
    if strays.orphans:
        seqs = {seq for _, seq in strays.orphans}
        yield Complaint(
            "database",
            f"articles that are not there have places in {_name(sorted({slug for slug, _ in strays.orphans}))}",
            "take these places away",
            partial(_remove_orphans, runtime, seqs),
        )
    if strays.misplaced:
        yield Complaint(
            "database",
            f"{_name(strays.misplaced)}: stands in sections otherwise than its own row says",
            "put it where its row says",
            partial(_replace_places, runtime, strays.misplaced),
        )


def _examine_feeds(runtime: Runtime) -> Iterator[Complaint]:
    settings, regenerator = runtime.settings, runtime.regenerator
    if surplus := find_strangers(runtime, settings):
        yield Complaint(
            "feeds_dir",
            f"{_name(surplus)}: lies there, and config.yaml does not name it",
            "delete its documents",
            _act(partial(regenerator.remove_unconfigured, settings)),
        )
    survey = regenerator.survey(settings)
    for slug in (*settings.feeds, INDEX_SLUG):
        known, stale = survey.publications.get(slug), survey.stale.get(slug)
        what = _find_fault(runtime, slug, known, stale)
        if what is not None:
            formats = formats_of(settings, slug)
            needed_bytes = sum(each.length_bytes for each in known.documents) if known else 0
            obstacle = find_obstacle(runtime.folder, slug, _suffixes(formats), needed_bytes)
            yield _complain(f"feed {slug}", what, obstacle, partial(_make_anew, runtime, slug))
    for slug in settings.plain:
        found = audit_archives(runtime, settings, slug)
        for name, findings in found.items():
            if errors := _errors_of(findings):
                obstacle = find_obstacle(runtime.folder, name, _suffixes([ARCHIVE_FORMAT]), 0)
                act = partial(_renew_archive, runtime, name)
                yield _complain(f"archive {name}", str(errors[0]), obstacle, act)


def _complain(where: str, what: str, obstacle: OutputError | None, act: Callable[[], None]) -> Complaint:
    """It is made anew, unless something stands in the way that only a person can take out of it."""
    if obstacle is None:
        return Complaint(where, what, _ANEW, act)
    hindrance, _, mend = obstacle.reason.partition(": ")
    return Complaint(where, f"{obstacle.path}: {hindrance}", f"{mend}; then it can be made anew")


def _suffixes(formats: Iterable[str]) -> list[str]:
    """Of documents and their twins."""
    return [suffix for name in formats for suffix in (name, *(f"{name}.{SUFFIXES[coding]}" for coding in CODINGS))]


def _find_fault(runtime: Runtime, slug: str, known: Standing | None, stale: Stale | None) -> str | None:
    """What is wrong with a feed; not that it waits for its schedule, or for a worker who is there."""
    if known is not None and known.error is not None:
        return f"blocked: {known.error}"
    if stale is not None and stale.is_missing:
        return "a file is not there, or not as it was published"
    if stale is not None and stale.lacks_twins_alone:
        return "a compressed form is missing, or not as it was made"
    if stale is not None:
        is_on_change = slug == INDEX_SLUG or runtime.settings.feeds[slug].on_change
        return "not made from what is now" if is_on_change and not _has_worker(runtime) else None
    errors = _errors_of(audit(runtime, runtime.settings, slug))
    return str(errors[0]) if errors else None


def _examine_quarantine(runtime: Runtime) -> Iterator[Complaint]:
    broken: list[str] = []
    for each in held(runtime.store, runtime.settings, broken=broken):
        yield Complaint(
            f"article {each.article.id}",
            f"kept out of {', '.join(each.feeds)}: {each.item.reason}",
            f"correct it: `feedsvc article edit {each.article.id}`",
        )
    for reason in broken:
        yield Complaint("database", reason, "send the article anew")


def _errors_of(findings: Iterable[Finding]) -> list[Finding]:
    """Those of files; what is wrong with rows is told by the feeds that go on without them."""
    return [each for each in findings if each.severity == "error" and each.format != STORED]


def _has_worker(runtime: Runtime) -> bool:
    try:
        return runtime.has_worker()
    except StoreError:
        return False


def _remove_orphans(runtime: Runtime, seqs: set[int]) -> None:
    with runtime.store.write() as tx:
        tx.raise_generations(tx.remove_orphans(seqs))


def _replace_places(runtime: Runtime, article_ids: Iterable[str]) -> None:
    for article_id in article_ids:
        with runtime.store.write() as tx:
            article = tx.article(article_id)
            if article is not None:
                tx.raise_generations(tx.replace_places(article))


def _make_anew(runtime: Runtime, slug: str) -> None:
    """Under a new time where bytes were altered: whoever has these asks with the old one."""
    settings = runtime.settings
    findings = audit(runtime, settings, slug)
    altered = {each.format for each in _errors_of(findings) if each.rule != "file.missing"}
    with runtime.store.write() as tx:
        tx.forget_proofs(slug)
    result = runtime.regenerator.regenerate(settings, slug, force=True, renew=altered)
    if result.error is not None:
        raise OutputError(runtime.folder.path, result.error)


def _renew_archive(runtime: Runtime, name: str) -> None:
    slug, _, number = name.rpartition("/archive/")
    error = runtime.regenerator.archivist.renew(runtime.settings, slug, int(number))
    if error is not None:
        raise OutputError(runtime.folder.path / f"{name}.atom", error)


def _act(do: Callable[[], object]) -> Callable[[], None]:
    def act() -> None:
        do()

    return act


def _name(things: Iterable[str | Path]) -> str:
    named = [str(each) for each in things]
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more
