"""Which feeds fail, and telling the hooks of config.yaml when that changes (hooks.py).

    watch      says of each feed it made how that ended, and hands over its surveys; waits for nothing
    alerts     a thread of its own: what fails now, held against what each hook was last told (feeds/.alerts)
    hook       called with all that has changed since, at most every ten seconds, for ten seconds at most

A feed fails when its newest attempt did not go live; one that is live without a compressed form does not. Each change
of state is told once: what failed and recovered between two calls is not told at all, and what could not be told is
told with the next call, after growing pauses. Nothing grows but with the number of feeds.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from feedsvc.config import Settings
from feedsvc.delivery import find_twin_error
from feedsvc.errors import FeedsvcError, OutputError, StoreError
from feedsvc.hooks import HookError, label_of, post, run_command
from feedsvc.log import get_logger
from feedsvc.model import INDEX_SLUG, FeedTrouble, Standing
from feedsvc.output import read_told, write_told
from feedsvc.runtime import Runtime

log = get_logger(__name__)

GATHER_SECONDS = 1.0
"""What fails at once, for a full disk say, is told together."""

PAUSE_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 600.0

LISTED = 50
"""So many feeds are named in a call; the others are counted."""

_LONGEST_ERROR = 500
Failing = Mapping[str, FeedTrouble]
Call = Callable[[bytes], None]


@dataclass(slots=True)
class _Hook:
    """What one was last told; when something else became true, and before when it is not called again (monotonic)."""

    told: Failing
    changed_at: float | None = None
    not_before: float = float("-inf")
    pause_seconds: float = field(default_factory=lambda: PAUSE_SECONDS)
    complaint: str | None = None


class Alerts:
    """Of one worker. What begins with `note_` may be called from any thread, and never waits."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lock = threading.Lock()
        self._notes: dict[str, str | None] = {}
        self._survey: Mapping[str, Standing] | None = None
        told = read_told(runtime.folder.path)
        self._hooks = {name: _Hook(failing) for name, failing in told.items()}
        self._failing: dict[str, FeedTrouble] = {}
        for failing in told.values():
            self._failing |= failing
        self._recovered: dict[str, datetime] = {}
        self._judging: set[str] = set()
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._is_refused = False
        self._thread = threading.Thread(target=self._run, name="feedsvc-alerts", daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """End; a hook that is at work for longer is abandoned, and told again by the next worker."""
        self._stopping.set()
        self._news.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def count_failing(self) -> int:
        """How many feeds fail now."""
        return len(self._failing)

    def note(self, slug: str, error: str | None) -> None:
        """An attempt to make this feed ended: None if it is live."""
        with self._lock:
            if error is None and not (slug in self._failing or slug in self._notes or slug in self._judging):
                return  # as nearly always
            self._notes[slug] = error
        self._news.set()

    def note_survey(self, publications: Mapping[str, Standing]) -> None:
        """How all feeds stand, whoever made them."""
        with self._lock:
            self._survey = publications
        self._news.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._news.wait(self._rest_seconds())
            self._news.clear()
            try:
                self.step()
            except Exception as error:  # noqa: BLE001  # alerts must outlive every fault
                self._complain(error)
                self._stopping.wait(PAUSE_SECONDS)

    def _complain(self, error: Exception) -> None:
        log.error("alerts_trouble", error=str(error), exc_info=None if isinstance(error, FeedsvcError) else error)

    def _rest_seconds(self) -> float | None:
        """Till a hook that has something to be told may be called."""
        due = [_due_at(hook) for _, _, hook in self._behind(self._runtime.settings)]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def step(self) -> None:
        """See what changed, and call the hooks that were not told and may be called now."""
        self._judge()
        settings = self._runtime.settings
        self._hooks = {name: hook for name, hook in self._hooks.items() if name in _calls_of(settings)}
        for name, call, hook in self._behind(settings):
            if time.monotonic() >= _due_at(hook) and not self._stopping.is_set():
                self._tell(settings, name, call, hook)

    def _behind(self, settings: Settings) -> list[tuple[str, Call, _Hook]]:
        """The hooks that were told something else than is true now."""
        found = []
        for name, call in _calls_of(settings).items():
            hook = self._hooks.setdefault(name, _Hook({}))
            if hook.told.keys() == self._failing.keys():
                hook.changed_at = None
                continue
            if hook.changed_at is None:
                hook.changed_at = time.monotonic()
            found.append((name, call, hook))
        return found

    def _judge(self) -> None:
        with self._lock:
            notes, self._notes = self._notes, {}
            survey, self._survey = self._survey, None
            self._judging = set(notes)
        for slug, error in notes.items():
            if error is None:
                self._note_live(slug)
            elif slug not in self._failing and not self._is_of_twins(slug, error):
                self._note_failing(slug, error, self._now())
        with self._lock:
            self._judging = set()
        if survey is not None:
            self._judge_survey(survey)

    def _judge_survey(self, survey: Mapping[str, Standing]) -> None:
        """It may be older than what was noted meanwhile."""
        for slug, known in survey.items():
            trouble, recovered = self._failing.get(slug), self._recovered.get(slug)
            if known.error is None:
                if trouble is not None and known.attempted >= trouble.since:
                    self._note_live(slug)
            elif trouble is None and (recovered is None or known.attempted > recovered):
                self._note_failing(slug, known.error, known.attempted)
        for slug in self._failing.keys() - {*self._runtime.settings.feeds, INDEX_SLUG}:
            self._note_live(slug)  # nobody wants it any more

    def _note_live(self, slug: str) -> None:
        if self._failing.pop(slug, None) is not None:
            self._recovered[slug] = self._now()

    def _now(self) -> datetime:
        """In whole seconds, as the store keeps when a feed was attempted."""
        return self._runtime.clock().replace(microsecond=0)

    def _note_failing(self, slug: str, error: str, since: datetime) -> None:
        self._failing[slug] = FeedTrouble(since=since, error=error[:_LONGEST_ERROR])

    def _is_of_twins(self, slug: str, error: str) -> bool:
        """Is it live, and lacks only a compressed form?"""
        try:
            known = self._runtime.store.publication(self._runtime.folder_id, slug)
        except StoreError:
            return False
        return known is not None and known.error is None and find_twin_error(known.documents) == error

    def _tell(self, settings: Settings, name: str, call: Call, hook: _Hook) -> None:
        failing = dict(self._failing)
        refusal: str | None = None
        try:
            call(_describe(settings, hook.told, failing, self._now()))
        except HookError as error:
            refusal = str(error)
        if refusal is not None:
            if hook.complaint is None:
                log.error("alert_failed", hook=name, to=_label(settings, name), reason=refusal)
            hook.complaint = refusal
            hook.not_before = time.monotonic() + hook.pause_seconds
            hook.pause_seconds = min(hook.pause_seconds * 2, LONGEST_PAUSE_SECONDS)
            return
        log.info("alert_told", hook=name, to=_label(settings, name), failing=len(failing))
        hook.told, hook.complaint = failing, None
        hook.pause_seconds, hook.not_before = PAUSE_SECONDS, time.monotonic() + PAUSE_SECONDS
        self._remember()

    def _remember(self) -> None:
        try:
            write_told(self._runtime.folder.path, {name: hook.told for name, hook in self._hooks.items()})
        except OutputError as error:
            if not self._is_refused:
                log.warning("alerts_not_kept", path=str(error.path), reason=error.reason)
            self._is_refused = True
        else:
            self._is_refused = False


def _due_at(hook: _Hook) -> float:
    gathered_at = float("-inf") if hook.changed_at is None else hook.changed_at + GATHER_SECONDS
    return max(gathered_at, hook.not_before)


def _calls_of(settings: Settings) -> dict[str, Call]:
    """By name, the hooks that config.yaml asks for."""
    alerts, calls = settings.alerts, dict[str, Call]()
    if alerts.command:
        calls["command"] = partial(
            run_command,
            alerts.command,
            folder=settings.path.parent,
            environ=os.environ,
            seconds=settings.limits.hook,
        )
    if alerts.url:
        calls["url"] = partial(post, alerts.url, seconds=settings.limits.hook)
    return calls


def _label(settings: Settings, name: str) -> str:
    return label_of(settings.alerts.url or "") if name == "url" else (settings.alerts.command or ("",))[0]


def _describe(settings: Settings, before: Failing, now: Failing, moment: datetime) -> bytes:
    failed = {slug: each for slug, each in now.items() if slug not in before}
    recovered = {slug: each for slug, each in before.items() if slug not in now}
    told: dict[str, Any] = {
        "site": settings.site.title,
        "base_url": settings.site.base_url,
        "time": _iso(moment),
        "failing": len(now),
        "failed": len(failed),
        "recovered": len(recovered),
        "changes": [
            *(_describe_one(settings, slug, each, "failed") for slug, each in failed.items()),
            *(_describe_one(settings, slug, each, "recovered") for slug, each in recovered.items()),
        ][:LISTED],
    }
    return _inert(json.dumps(told, ensure_ascii=False)).encode("utf-8")


def _inert(text: str) -> str:
    """The same JSON, in which whatever does not show is written as an escape: what an article holds may stand in the
    words of an error, and a hook may print them on a terminal, or read them by lines."""
    return text if text.isprintable() else "".join(map(_escape, text))


def _escape(letter: str) -> str:
    if letter.isprintable():
        return letter
    return f"\\u{ord(letter):04x}" if letter <= "\uffff" else json.dumps(letter)[1:-1]


def _describe_one(settings: Settings, slug: str, trouble: FeedTrouble, state: str) -> dict[str, str]:
    feed = settings.feeds.get(slug)
    title = feed.title if feed else slug
    return {"feed": slug, "title": title, "state": state, "since": _iso(trouble.since), "error": trouble.error}


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
