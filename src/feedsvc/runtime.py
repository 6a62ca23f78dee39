"""The only place where things are wired together: config -> store, folder, regenerator, clock."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

from feedsvc import __version__
from feedsvc.config import Settings, SettingsSource
from feedsvc.counting import Tally, count_publication
from feedsvc.delivery import find_twin_error
from feedsvc.errors import OutputError, StoreError
from feedsvc.freight import Freight, FreightReader
from feedsvc.log import get_logger
from feedsvc.model import INDEX_SLUG, BulkProgress, Standing
from feedsvc.output import FeedsFolder, read_bulk_progress
from feedsvc.progress import AuditProgress, read_progress
from feedsvc.publish import Clock, register_sections
from feedsvc.quarantine import Held, held
from feedsvc.regenerate import Regenerator
from feedsvc.staleness import Stale
from feedsvc.store import Store
from feedsvc.survey import Survey

log = get_logger(__name__)

HEARTBEAT_LASTS = timedelta(seconds=15)
"""A worker that was not heard of for longer counts as dead; it beats every five seconds."""


_NAMED = 5
"""So many articles in quarantine are named in a line of health."""

STALE_LASTS = timedelta(seconds=60)
"""A section that changes at once and has waited longer for the same change is stuck."""


def find_config(given: str | Path | None) -> Path:
    """-c/--config, else FEEDSVC_CONFIG, else ./config.yaml; absolute."""
    return Path(given or os.environ.get("FEEDSVC_CONFIG") or "config.yaml").absolute()


def now() -> datetime:
    """The time of this machine: aware, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Check:
    """One line of health: `ok` False degrades it. `detail` is for an admin and holds no secret."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class _Picture:
    """What could be read of how everything stands; empty where it could not."""

    survey: Survey = field(default_factory=lambda: Survey({}, {}, {}))
    held: tuple[Held, ...] = ()
    last_seen: datetime | None = None
    next_runs: Mapping[str, str] = field(default_factory=dict)
    stuck: frozenset[str] = frozenset()
    archives_waiting: Mapping[str, int] = field(default_factory=dict)
    audit: AuditProgress = field(default_factory=AuditProgress)
    freight: Freight | None = None

    def absent_from(self, slug: str) -> list[Held]:
        """Who is missing in this feed."""
        return [each for each in self.held if slug in each.feeds]


class Runtime:
    """Everything a process of feedsvc needs, opened once. Close it at the end. Safe to share between threads."""

    source: SettingsSource
    store: Store
    folder: FeedsFolder
    folder_id: str
    regenerator: Regenerator
    clock: Clock
    tally: Tally

    def __init__(self, source: SettingsSource, store: Store, folder: FeedsFolder, clock: Clock) -> None:
        """Prepare the folder; the database is not touched before `open` or `refresh` does it."""
        self.source = source
        self.store = store
        self.folder = folder
        self.clock = clock
        self.folder_id = folder.prepare()
        self.regenerator = Regenerator(store, folder, self.folder_id, clock)
        self.tally = Tally(folder.path)
        self.regenerator.when_tried(self._count)
        store.when_published(folder.waiters.call)
        self._opened_with = source.current
        self._lock = Lock()
        self._is_migrated = False
        self._registered: Settings | None = None
        self._freight = FreightReader(store)
        self._stale_since: dict[str, tuple[str, datetime]] = {}

    @classmethod
    def open(
        cls,
        config_path: Path,
        *,
        clock: Clock | None = None,
        environ: Mapping[str, str] | None = None,
        migrate: bool = True,
    ) -> Runtime:
        """Load the config, open and migrate the store, prepare the folder, register sections.

        Without `migrate` the database is left alone until the first `refresh`, so that a process can start while it is
        away. Raises ConfigError, StoreError, OutputError.
        """
        source = SettingsSource(config_path, environ)
        store = Store.open(source.current.database_url)
        try:
            runtime = cls(source, store, FeedsFolder(source.current.feeds_dir), clock or now)
            if migrate:
                runtime.refresh()
        except BaseException:
            store.close()
            raise
        return runtime

    @property
    def settings(self) -> Settings:
        """Those in force now."""
        return self.source.current

    @property
    def needs_restart(self) -> bool:
        """Do the settings name another database, feeds folder, server or limit of it than stay in use till the end?"""
        return bool(self._opened_with.find_waiting(self.settings))

    def refresh(self) -> bool:
        """Take over a changed config.yaml (registering new sections); True if new settings are in force.

        What the database refused is tried again the next time. Raises StoreError.
        """
        with self._lock:
            is_new = self.source.refresh()
            settings = self.settings
            if not self._is_migrated:
                self.store.migrate()
                self._is_migrated = True
            if self._registered is not settings:
                register_sections(self.store, self.clock, tuple(settings.feeds))
                self._registered = settings
        return is_new

    def checks(self) -> list[Check]:
        """config, database, feeds folder, worker, the audit and each section with something to say. Never raises.

        A section that is stale for a moment, or until its schedule comes round, does not degrade health. One that is
        blocked, stuck, not there or without an article that belongs in it does.
        """
        return self._examine()[0]

    def status(self) -> dict[str, Any]:
        """The truth for `feedsvc status --json` and /healthz; times are ISO 8601 in UTC, sizes bytes. Never raises.

        {version, ok, checks: [{name, ok, detail}], config: {path, ok, error}, database, feeds_dir,
        worker: {alive, last_seen}, progress: {done, waiting, seconds, seconds_left} of the worker while it makes very
        many feeds, else null, articles: {draft, scheduled, live, withdrawn} (or {}), quarantined (how many),
        sections: [{slug, title, state: live|stale|blocked|never, published, attempted, entries, error,
        documents: [{format, bytes, last_modified, twins: {br, gzip}}] (bytes; 0: not worth keeping),
        findings: [{rule, format, entry_id, message, expected, found}],
        quarantined: [{article_id, title, revision, reason, since}], archives: {count, waiting, error}, next_run}],
        unconfigured: [{slug}] (sections that the store knows and config.yaml does not),
        audit: {limit_percent, cpu_percent, live, waiting (how many live documents, and how many of them were not
        audited as they lie there), round: {began, ended, done, of}, alarms: [{at, feed, format, finding, done, open}]},
        spares: {path, trouble (why what is live has no second name there, or null)},
        bucket: {url, holder, epoch, documents, waiting, trouble, since} or null}
        """
        checks, picture = self._examine()
        settings, error = self.settings, self.source.error
        return {
            "version": __version__,
            "ok": all(check.ok for check in checks),
            "checks": [{"name": check.name, "ok": check.ok, "detail": check.detail} for check in checks],
            "config": {"path": str(settings.path), "ok": error is None, "error": str(error) if error else None},
            "database": self._opened_with.database_label,
            "feeds_dir": str(self.folder.path),
            "worker": {"alive": self._is_alive(picture), "last_seen": _iso(picture.last_seen)},
            "progress": _bulk_progress(read_bulk_progress(self.folder.path)) if self._is_alive(picture) else None,
            "articles": self._count_articles(),
            "quarantined": len(picture.held),
            "sections": [_section(picture, slug, section.title) for slug, section in settings.feeds.items()],
            "unconfigured": [{"slug": slug} for slug in picture.survey.states if slug not in settings.feeds],
            "audit": picture.audit.as_json(),
            "spares": {"path": str(self.folder.spares.path), "trouble": self.folder.spares.trouble},
            "bucket": picture.freight.as_json() if picture.freight else None,
        }

    def has_worker(self) -> bool:
        """Is somebody keeping this feeds folder right? Raises StoreError."""
        last_seen, _ = self.store.heartbeats().get(self.folder_id, (None, {}))
        return self._is_alive(_Picture(last_seen=last_seen))

    def close(self) -> None:
        """Give the database's connections back."""
        self.store.close()

    def _count(self, slug: str, outcome: str, seconds: float) -> None:
        count_publication(self.tally, self.settings, slug, outcome, seconds)

    def _examine(self) -> tuple[list[Check], _Picture]:
        picture = _Picture()
        checks = [self._check_config()]
        detail = {"database": self._opened_with.database_label, "feeds_dir": str(self.folder.path)}
        broken: dict[str, str] = {}
        try:
            picture = self._read()
        except StoreError as error:
            broken["database"] = str(error)
        except OutputError as error:
            broken["feeds_dir"] = str(error)
        except Exception as error:
            log.exception("checks_failed")
            broken["database"] = f"{type(error).__name__}: {error}"
        if not os.access(self.folder.path, os.W_OK | os.X_OK):
            broken.setdefault("feeds_dir", f"{self.folder.path} is not there, or this user may not write to it")
        checks += [Check(name, name not in broken, broken.get(name, detail[name])) for name in detail]
        if "database" not in broken:
            checks.append(self._check_worker(picture))
        if picture.audit.trouble is not None:
            checks.append(Check("audit", ok=False, detail=picture.audit.trouble))
        if (freight := picture.freight) is not None:
            checks.append(Check("bucket", ok=freight.trouble is None, detail=freight.detail))
        checks += [check for slug in (*self.settings.feeds, INDEX_SLUG) if (check := _check_section(picture, slug))]
        return checks, picture

    def _read(self) -> _Picture:
        last_seen, next_runs = self.store.heartbeats().get(self.folder_id, (None, {}))
        survey = self.regenerator.survey(self.settings)
        return _Picture(
            survey=survey,
            stuck=self._stuck(survey),
            held=tuple(held(self.store, self.settings)),
            archives_waiting={
                slug: self.regenerator.archivist.count_waiting(self.settings, slug, survey.states[slug])
                for slug in survey.archives
            },
            last_seen=last_seen,
            next_runs=next_runs,
            freight=self._freight.read(self.settings.bucket),
            audit=read_progress(self.folder, self.settings, survey.publications, survey.states),
        )

    def _stuck(self, survey: Survey) -> frozenset[str]:
        """The feeds that this process has seen wait for one and the same change for too long."""
        now = self.clock()
        # None since later than now, if the clock was set back: it would wait for that time to come again.
        before = {slug: (made_from, min(since, now)) for slug, (made_from, since) in self._stale_since.items()}
        self._stale_since = {
            slug: before[slug] if slug in before and before[slug][0] == stale.made_from else (stale.made_from, now)
            for slug, stale in survey.stale.items()
            if slug == INDEX_SLUG or self.settings.feeds[slug].on_change
        }
        return frozenset(slug for slug, (_, since) in self._stale_since.items() if now - since > STALE_LASTS)

    def _count_articles(self) -> dict[str, int]:
        try:
            return {state.value: count for state, count in self.store.count_articles().items()}
        except StoreError:
            return {}

    def _check_config(self) -> Check:
        if self.source.error is not None:
            return Check("config", ok=False, detail=f"The last good one is in force: {self.source.error}")
        if waiting := self._opened_with.find_waiting(self.settings):
            detail = f"It says otherwise now of {', '.join(waiting)} than what is in use: restart feedsvc to use it."
            return Check("config", ok=False, detail=detail)
        return Check("config", ok=True, detail=str(self.settings.path))

    def _check_worker(self, picture: _Picture) -> Check:
        if self._is_alive(picture):
            return Check("worker", ok=True, detail=f"last heard of at {_iso(picture.last_seen)}")
        heard = f"; the last was heard of at {_iso(picture.last_seen)}" if picture.last_seen else ""
        return Check("worker", ok=False, detail=f"No worker is running for this feeds folder{heard}.")

    def _is_alive(self, picture: _Picture) -> bool:
        # Nor does one whose last word lies ahead: the clock was set back, and a living one speaks anew.
        return picture.last_seen is not None and abs(self.clock() - picture.last_seen) <= HEARTBEAT_LASTS


def _check_section(picture: _Picture, slug: str) -> Check | None:
    """What an admin should know of one feed; None where all is well."""
    name = f"section {slug}"
    known = picture.survey.publications.get(slug)
    if known and (trouble := _trouble_of(known)):
        return Check(name, ok=False, detail=trouble)
    if absent := picture.absent_from(slug):
        titles = ", ".join(f"{each.article.title} ({each.article.id})" for each in absent[:_NAMED])
        more = f" and {len(absent) - _NAMED} more" if len(absent) > _NAMED else ""
        return Check(name, ok=False, detail=f"without {len(absent)} in quarantine: {titles}{more}")
    stale = picture.survey.stale.get(slug)
    return _check_stale(name, stale, is_stuck=slug in picture.stuck) if stale else None


def _check_stale(name: str, stale: Stale, *, is_stuck: bool) -> Check:
    if stale.is_missing:
        return Check(name, ok=False, detail="a file is not there, or not as it was published; the worker makes it anew")
    if is_stuck:
        return Check(name, ok=False, detail=f"stuck: stale for more than {STALE_LASTS.seconds} s")
    if stale.lacks_twins:
        return Check(name, ok=True, detail="a compressed form is to be made or to go; the worker does it")
    return Check(name, ok=True, detail="stale: something changed since it was published")


def _trouble_of(known: Standing) -> str:
    if known.error is not None:
        return f"blocked: {known.error}"
    if known.archive_error is not None:
        return f"archives blocked: {known.archive_error}"
    if (twin_error := find_twin_error(known.documents)) is not None:
        return f"live without a compressed form: {twin_error}"
    return known.findings[0].message if known.findings else ""


def _section(picture: _Picture, slug: str, title: str) -> dict[str, Any]:
    known = picture.survey.publications.get(slug)
    return {
        "slug": slug,
        "title": title,
        "state": _state(known, is_stale=slug in picture.survey.stale),
        "published": _iso(known.published) if known else None,
        "attempted": _iso(known.attempted) if known else None,
        "entries": known.holds if known else 0,
        "error": known.error if known else None,
        "documents": [
            {
                "format": each.format,
                "bytes": each.length_bytes,
                "last_modified": _iso(each.mtime),
                "twins": dict(each.twins),
            }
            for each in (known.documents if known else ())
        ],
        "findings": [
            {
                "rule": each.rule,
                "format": each.format,
                "entry_id": each.entry_id,
                "message": each.message,
                "expected": each.expected,
                "found": each.found,
            }
            for each in (known.findings if known else ())
        ],
        "quarantined": [
            {
                "article_id": each.article.id,
                "title": each.article.title,
                "revision": each.item.revision,
                "reason": each.item.reason,
                "since": _iso(each.item.since),
            }
            for each in picture.absent_from(slug)
        ],
        "archives": {
            "count": picture.survey.states[slug].archives if slug in picture.survey.states else 0,
            "waiting": picture.archives_waiting.get(slug, 0),
            "error": known.archive_error if known else None,
        },
        "next_run": picture.next_runs.get(slug),
    }


def _bulk_progress(progress: BulkProgress | None) -> dict[str, Any] | None:
    if progress is None:
        return None
    left = progress.seconds_left
    return {
        "done": progress.done,
        "waiting": progress.waiting,
        "seconds": round(progress.seconds, 1),
        "seconds_left": None if left is None else round(left, 1),
    }


def _state(known: Standing | None, *, is_stale: bool) -> str:
    if known and known.error is not None:
        return "blocked"
    if known is None or known.published is None:
        return "never"
    return "stale" if is_stale else "live"


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat().replace("+00:00", "Z")
