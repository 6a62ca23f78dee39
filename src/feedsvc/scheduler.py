"""When -> which use case: the worker that keeps a feeds folder right.

    timetable   APScheduler, one job a schedule: says which sections are due
    watch       every 0.2 s: settings, articles due, what is stale; hands it out; one thread, the only one that decides
    hands       regenerate one section each, in a thread of its own, at most HANDS at once; archives when nothing waits

Whatever fails is logged once, tried again after growing pauses, and recovers by itself.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from queue import Empty, SimpleQueue
from types import FrameType

from feedsvc.config import Settings
from feedsvc.errors import FeedsvcError, OutputError, StoreUnavailableError, UnknownSectionError
from feedsvc.log import get_logger
from feedsvc.model import Publication, SectionState
from feedsvc.publish import promote_due
from feedsvc.runtime import Runtime
from feedsvc.staleness import Stale
from feedsvc.timetable import Timetable

log = get_logger(__name__)

HANDS = 8
"""Sections at work at once. Rendering holds Python's one lock, so two would keep a core busy; the others are for
sections that wait: for another process's lock, a slow disk, the database. So only eight slow ones at once keep back a
ninth. Each has a database connection at times, of which the store keeps fifteen."""

_WATCH_SECONDS = 0.2
_REST_SHARE = 10
"""After a look the watch rests so many times as long as it took: looking stays cheap with thousands of sections."""

_SURVEY_SECONDS = 5.0
"""How often all is looked at although the store says that nothing moved: a file may be gone, a pause over."""

_BEAT_SECONDS = 5.0
_STOP_SECONDS = 5.0
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
_LONGEST_STORE_PAUSE_SECONDS = 5.0

_SECOND = timedelta(seconds=1)
"""What Last-Modified counts in."""

_ARCHIVES = ".archive"
"""Stands behind a slug (none has a dot) for the archives of that section."""

_ARCHIVES_AT_ONCE = 20
_ARCHIVES_STEP_BACK_SECONDS = 10.0
"""Archives are made while no section is at work; after so long without one, beside them."""

_HOUSEKEEPING = ".housekeeping"
"""Stands where a slug does (none has a dot) for clearing away what nobody needs any more."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """`made_from` is what it failed with: as soon as that changes, it is tried again without waiting."""

    made_from: str
    error: str
    pause_seconds: float
    retry_at: float

    def keeps_back(self, made_from: str) -> bool:
        return made_from == self.made_from and time.monotonic() < self.retry_at


@dataclass(frozen=True, slots=True)
class _Done:
    slug: str
    made_from: str
    error: Exception | str | None


class Worker:
    """Keeps one feeds folder right until it is stopped. Its state belongs to the watch thread; queues lead into it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._timetable = Timetable(self._note_tick)
        self._watch = threading.Thread(target=self._run, name="feedsvc-watch", daemon=True)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._ticks: SimpleQueue[tuple[str, ...]] = SimpleQueue()
        self._done: SimpleQueue[_Done] = SimpleQueue()
        self._settings: Settings | None = None
        self._config_error: str | None = None
        self._states: Mapping[str, SectionState] | None = None
        self._is_clean = False
        self._ticked: set[str] = set()
        self._waiting: dict[str, Stale] = {}
        self._waiting_archives: dict[str, str] = {}
        self._archived_at = float("-inf")
        self._busy: set[str] = set()
        self._failures: dict[str, _Failure] = {}
        self._troubles: dict[str, str] = {}
        self._unreadable: frozenset[str] = frozenset()
        self._surveyed_at = self._beat_at = float("-inf")
        self._rest_until = 0.0
        self._store_pause_seconds = _WATCH_SECONDS

    def start(self) -> None:
        """Begin, in threads of its own."""
        log.info("worker_started", feeds_dir=str(self._runtime.folder.path), sections=len(self._runtime.settings.feeds))
        self._timetable.start()
        self._watch.start()

    def stop(self) -> None:
        """End within a few seconds. A section at work that takes longer is abandoned: its old documents stay whole."""
        self._stopping.set()
        self._wake.set()
        self._timetable.stop()
        deadline = time.monotonic() + _STOP_SECONDS
        self._watch.join(_STOP_SECONDS)
        with contextlib.suppress(Empty):
            while self._busy:
                self._busy.discard(self._done.get(timeout=max(0.0, deadline - time.monotonic())).slug)
        log.info("worker_stopped", abandoned=sorted(self._busy))

    def refresh_now(self) -> None:
        """Look at config.yaml and the database at once, at everything."""
        self._ticks.put(())
        self._wake.set()

    def run_forever(self, stop_event: threading.Event) -> None:
        """Start, wait for the event, stop. In the main thread SIGTERM and SIGINT end it too, and SIGHUP refreshes."""
        # A SimpleQueue, since its put alone may be called from a signal handler in the midst of a get.
        words: SimpleQueue[int] = SimpleQueue()
        with _signals_into(words):
            self.start()
            while not stop_event.is_set():
                with contextlib.suppress(Empty):
                    if words.get(timeout=_WATCH_SECONDS) != signal.SIGHUP:
                        break
                    self.refresh_now()
            self.stop()

    def _note_tick(self, slugs: tuple[str, ...]) -> None:
        self._ticks.put(slugs)
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(max(0.0, self._rest_until - time.monotonic()))
            self._wake.clear()
            self._take_notes()
            if time.monotonic() >= self._rest_until:
                began = time.monotonic()
                is_reached = self._look_around()
                self._rest_after(began, is_reached=is_reached)
            self._hand_out()

    def _take_notes(self) -> None:
        with contextlib.suppress(Empty):
            while True:
                for slug in self._ticks.get_nowait():
                    self._ticked.add(slug)
                    self._failures.pop(slug, None)
                self._states = None
                self._rest_until = 0.0
        with contextlib.suppress(Empty):
            while True:
                self._note_done(self._done.get_nowait())

    def _note_done(self, done: _Done) -> None:
        self._busy.discard(done.slug)
        if done.slug.endswith(_ARCHIVES):
            self._archived_at = time.monotonic()
            self._states = None  # so that it is seen how many are left
        self._is_clean &= done.slug != _HOUSEKEEPING or done.error is None
        before = self._failures.pop(done.slug, None)
        if done.error is None:
            return
        is_again = before is not None and before.made_from == done.made_from
        pause = min(before.pause_seconds * 2, _LONGEST_PAUSE_SECONDS) if before and is_again else _FIRST_PAUSE_SECONDS
        self._states = None  # so that it is found stale again, and waits for its pause to be over
        self._failures[done.slug] = _Failure(done.made_from, str(done.error), pause, time.monotonic() + pause)
        # Others tell of the rest: regenerate of what blocks a section, the watch of a database that is away.
        is_told = isinstance(done.error, str | OutputError | StoreUnavailableError)
        if not is_told and (before is None or before.error != str(done.error)):
            log.error("section_failed", slug=done.slug, error=str(done.error), exc_info=_bug(done.error))

    def _rest_after(self, began: float, *, is_reached: bool) -> None:
        now = time.monotonic()
        if is_reached:
            self._store_pause_seconds = _WATCH_SECONDS
        else:
            self._store_pause_seconds = min(self._store_pause_seconds * 2, _LONGEST_STORE_PAUSE_SECONDS)
        self._rest_until = now + max(self._store_pause_seconds, (now - began) * _REST_SHARE)

    def _look_around(self) -> bool:
        """Each step by itself, so that trouble in one leaves the others; False if the database can't be reached."""
        steps = {
            "settings": self._follow_settings,
            "promotion": self._promote,
            "survey": self._survey,
            "heartbeat": self._beat,
        }
        for name, step in steps.items():
            try:
                step()
            except StoreUnavailableError as error:
                if "database" not in self._troubles:  # its words change from try to try
                    self._complain("store_unavailable", "database", error)
                return False
            except Exception as error:  # noqa: BLE001  # the watch must outlive every fault; _complain tells of it
                self._complain("worker_trouble", name, error)
            else:
                self._recover(name)
        self._recover("database")
        return True

    def _complain(self, event: str, part: str, error: Exception) -> None:
        if self._troubles.get(part) != str(error):
            self._troubles[part] = str(error)
            log.error(event, part=part, error=str(error), exc_info=_bug(error))

    def _recover(self, part: str) -> None:
        if self._troubles.pop(part, None) is not None:
            log.info("worker_recovered", part=part)

    def _follow_settings(self) -> None:
        try:
            self._runtime.refresh()
        finally:  # a database that is away keeps nobody from taking over a file
            self._take_over()

    def _take_over(self) -> None:
        source, settings = self._runtime.source, self._runtime.settings
        error = str(source.error) if source.error else None
        is_new = settings is not self._settings
        if error is not None and error != self._config_error:
            log.error("config_refused", path=str(settings.path), error=error)
        elif error is None and (self._config_error or (is_new and self._settings)):
            log.info(
                "config_accepted",
                path=str(settings.path),
                sections=len(settings.feeds),
                needs_restart=self._runtime.needs_restart,
            )
        self._config_error = error
        if is_new:
            self._timetable.plan(settings)
            self._settings = settings
            self._states = None
            self._is_clean = False

    def _promote(self) -> None:
        due = self._runtime.store.next_due()
        if due is not None and due <= self._runtime.clock():
            broken: list[str] = []
            for article in promote_due(self._runtime.store, self._runtime.clock, broken=broken):
                log.info("article_went_live", article_id=article.id, sections=list(article.sections))
            for reason in sorted(set(broken) - self._unreadable):
                log.error("article_unreadable", slug=None, reason=reason)
            self._unreadable = frozenset(broken)

    def _survey(self) -> None:
        """See what is stale, unless nothing moved since the last time."""
        states = self._runtime.store.section_states()
        now = time.monotonic()
        if states == self._states and now < self._surveyed_at + _SURVEY_SECONDS:
            return
        settings = self._runtime.settings
        survey = self._runtime.regenerator.survey(settings)
        self._states, self._surveyed_at = survey.states, now
        self._ticked &= survey.stale.keys()
        found = {slug: each for slug, each in survey.stale.items() if each.lacks_twins or self._is_due(settings, each)}
        resting = {
            slug for slug, each in found.items() if not each.is_missing and self._rests(survey.publications[slug])
        }
        if resting:
            self._states = None  # so that they are seen again at the next look
        found = {slug: each for slug, each in found.items() if slug not in resting}
        # First come, first served: a section that changes all the time keeps none behind it waiting.
        self._waiting = {slug: found[slug] for slug in self._waiting if slug in found} | found
        self._waiting_archives = dict(survey.archives)

    def _rests(self, publication: Publication) -> bool:
        """Did it go live within this second? Its next Last-Modified would lie in the future (RFC 9110 §8.8.2.1).

        So changes that come thick and fast go live together, once a second. A clock that was set back waits for nobody.
        """
        last = max((record.mtime for record in publication.documents), default=None)
        return last is not None and timedelta(0) < last + _SECOND - self._runtime.clock() <= _SECOND

    def _is_due(self, settings: Settings, stale: Stale) -> bool:
        """Now, or only when its schedule comes round?"""
        return (
            stale.slug not in settings.feeds  # the index; or taken out of config.yaml since it was found
            or settings.feeds[stale.slug].on_change
            or stale.is_urgent
            or stale.is_missing
            or stale.slug in self._ticked
        )

    def _hand_out(self) -> None:
        if not self._is_clean and self._is_free(_HOUSEKEEPING, ""):
            self._is_clean = True
            self._employ(_HOUSEKEEPING, "", self._keep_house)
        for stale in sorted(self._waiting.values(), key=lambda stale: not stale.is_urgent):
            if len(self._busy) >= HANDS or self._stopping.is_set():
                return
            if self._is_free(stale.slug, stale.made_from):
                del self._waiting[stale.slug]
                is_due = self._is_due(self._runtime.settings, stale)
                self._ticked.discard(stale.slug)
                self._employ(stale.slug, stale.made_from, self._regenerate if is_due else self._mend_twins)
        self._hand_out_archives()

    def _hand_out_archives(self) -> None:
        """One section's at a time, and only what no live document has to wait for."""
        free = [
            slug for slug, made_from in self._waiting_archives.items() if self._is_free(slug + _ARCHIVES, made_from)
        ]
        is_crowded = bool(self._busy) and time.monotonic() < self._archived_at + _ARCHIVES_STEP_BACK_SECONDS
        if not free or is_crowded or any(name.endswith(_ARCHIVES) for name in self._busy) or self._stopping.is_set():
            return
        made_from = self._waiting_archives.pop(free[0])
        self._employ(free[0] + _ARCHIVES, made_from, self._bring_up_archives)

    def _is_free(self, slug: str, made_from: str) -> bool:
        failure = self._failures.get(slug)
        return slug not in self._busy and not (failure and failure.keeps_back(made_from))

    def _employ(self, slug: str, made_from: str, task: Callable[[str], str | None]) -> None:
        self._busy.add(slug)

        def work() -> None:
            error: Exception | str | None
            try:
                error = task(slug)
            except Exception as raised:  # noqa: BLE001  # it is told, and tried again, by _note_done
                error = raised
            self._done.put(_Done(slug, made_from, error))
            self._wake.set()

        # A daemon, so that one that hangs can't keep the process from ending.
        threading.Thread(target=work, name=f"feedsvc-hand-{slug}", daemon=True).start()

    def _regenerate(self, slug: str) -> str | None:
        try:
            result = self._runtime.regenerator.regenerate(self._runtime.settings, slug)
        except UnknownSectionError:  # taken out of config.yaml since it was handed out
            return None
        return result.error or result.twin_error

    def _mend_twins(self, slug: str) -> str | None:
        return self._runtime.regenerator.mend_twins(self._runtime.settings, slug)

    def _bring_up_archives(self, name: str) -> str | None:
        """As many as can be made until live documents wait again."""

        def has_time(made: int) -> bool:
            is_alone = not self._waiting and self._busy == {name}
            return is_alone and made < _ARCHIVES_AT_ONCE and not self._stopping.is_set()

        slug = name.removesuffix(_ARCHIVES)
        return self._runtime.regenerator.archivist.bring_up(self._runtime.settings, slug, go_on=has_time).error

    def _keep_house(self, _slug: str) -> None:
        swept = self._runtime.folder.sweep_all()
        if swept:
            log.info("left_overs_swept", files=swept)
        self._runtime.regenerator.archivist.break_seals()
        self._runtime.regenerator.remove_unconfigured(self._runtime.settings)

    def _beat(self) -> None:
        now = time.monotonic()
        if now >= self._beat_at + _BEAT_SECONDS:
            with self._runtime.store.write() as tx:
                tx.beat(self._runtime.folder_id, self._runtime.clock(), self._timetable.next_runs())
            self._beat_at = now


def _bug(error: Exception | str) -> Exception | None:
    """What nobody raised on purpose is logged with the place where it was raised."""
    return None if isinstance(error, FeedsvcError | str) else error


@contextlib.contextmanager
def _signals_into(words: SimpleQueue[int]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def put(number: int, _frame: FrameType | None) -> None:
        words.put(number)

    before = {number: signal.signal(number, put) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
