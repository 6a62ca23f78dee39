"""When -> which use case: the worker that keeps a feeds folder right.

    timetable   APScheduler, one job a schedule: says which sections are due
    watch       woken by every change: what moved, and what waits for it (watch.py, backlog.py); hands it out; one
                thread, the only one that decides
    hands       regenerate one section each, in a thread of its own (hands.py); archives when nothing waits; one surveys
                everything now and then
    pool        processes that do the same while very many wait (bulk.py), each with a thread here that waits for it
    carrier     brings what went live to a bucket, if there is one (carrier.py)
    audit       reads back whole what is live, while nothing waits (auditor.py)

Whatever fails is logged once, tried again after growing pauses, and recovers by itself.
"""

from __future__ import annotations

import contextlib
import gc
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue

from feedsvc import heap
from feedsvc.alerts import Alerts
from feedsvc.apart import ARCHIVES, Apart, HungError
from feedsvc.auditor import Auditor
from feedsvc.bulk import BulkWork, OpenPool
from feedsvc.carrying.carrier import Carrier
from feedsvc.config import Settings
from feedsvc.errors import FeedsvcError, OutputError, StoreError, StoreUnavailableError, UnknownSectionError
from feedsvc.hands import HANDS, Done, Hands, drain
from feedsvc.jobs import Answer, Task
from feedsvc.log import get_logger
from feedsvc.pulse import Pulse
from feedsvc.runtime import Runtime
from feedsvc.signals import signals_into
from feedsvc.situation import Situation
from feedsvc.staleness import Stale
from feedsvc.survey import Survey
from feedsvc.timetable import Timetable
from feedsvc.troubles import Troubles, bug_in
from feedsvc.wake import Call, Sleeper
from feedsvc.watch import SurveyOrder, Watch

log = get_logger(__name__)

NET_SECONDS = 1.0
"""How often the worker looks by itself: at config.yaml, at articles that are due, at the sums of all counters."""

_BEAT_SECONDS = 5.0
_STOP_SECONDS = 5.0
_FAREWELL_SECONDS = 1.0
_FIRST_STORE_PAUSE_SECONDS = 0.2
_LONGEST_STORE_PAUSE_SECONDS = 5.0
_SIGNAL_SECONDS = 0.5

_ARCHIVES_AT_ONCE = 20
_ARCHIVES_STEP_BACK_SECONDS = 10.0
"""Archives are made while no section is at work; after so long without one, beside them."""

_HOUSEKEEPING = ".housekeeping"
"""Stands where a slug does (none has a dot) for clearing away what nobody needs any more."""

_SURVEYING = ".survey"
"""Likewise for looking at everything."""


@dataclass(frozen=True, slots=True)
class _Surveyed:
    order: SurveyOrder
    survey: Survey
    cpu_seconds: float
    brought_back: tuple[str, ...]


class Worker:
    """Keeps one feeds folder right until it is stopped. Its state belongs to the watch thread; queues lead into it.

    `net_seconds`: how often it looks although nobody called. Without `open_pool` it makes all feeds in its own process,
    but those that hung. `pulse`: by which a supervisor sees that it lives.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        net_seconds: float = NET_SECONDS,
        open_pool: OpenPool | None = None,
        pulse: Pulse | None = None,
    ) -> None:
        self._runtime = runtime
        self._pulse = pulse or Pulse()
        self._apart = Apart(runtime, open_pool, self._pulse.take_suspects())
        self._hands = Hands(self._wake, self._pulse.say_at_work)
        self._bulk = BulkWork(runtime.folder.path, open_pool)
        self._seen = Watch(runtime, net_seconds)
        self._timetable = Timetable(self._note_tick)
        self._watch = threading.Thread(target=self._run, name="feedsvc-watch", daemon=True)
        self._auditor = Auditor(runtime, lambda: not (self._seen.waiting or self._hands.busy))
        self._alerts = Alerts(runtime)
        self._carrier = Carrier(runtime)
        self._situation = Situation(runtime.tally, runtime.clock)
        self._sleeper: Sleeper | None = None
        self._stopping = threading.Event()
        self._ticks: SimpleQueue[tuple[str, ...]] = SimpleQueue()
        self._surveys: SimpleQueue[_Surveyed] = SimpleQueue()
        self._settings: Settings | None = None
        self._config_error: str | None = None
        self._is_clean = self._is_ready = False
        self._archived_at = -math.inf
        self._troubles = Troubles()
        self._beat_at = -math.inf
        self._beaten: object = None
        self._done_at = self._given_back_at = -math.inf
        self._store_retry_at = -math.inf
        self._store_pause_seconds = _FIRST_STORE_PAUSE_SECONDS

    def start(self) -> None:
        """Begin, in threads of its own."""
        log.info("worker_started", feeds_dir=str(self._runtime.folder.path), sections=len(self._runtime.settings.feeds))
        self._sleeper = self._runtime.store.sleeper()
        self._timetable.start()
        self._watch.start()
        self._auditor.start()
        self._alerts.start()

    def stop(self) -> None:
        """End within a few seconds. A section at work that takes longer is abandoned: its old documents stay whole."""
        self._stopping.set()
        self._auditor.leave()
        self._carrier.leave()
        self._wake()
        self._timetable.stop()
        deadline = time.monotonic() + _STOP_SECONDS
        self._watch.join(_STOP_SECONDS)
        self._bulk.close()
        self._apart.close()
        self._hands.wait(deadline)
        self._auditor.stop(max(0.0, deadline - time.monotonic()))
        self._alerts.stop(max(0.0, deadline - time.monotonic()))
        self._carrier.stop(max(0.0, deadline - time.monotonic()))
        if self._sleeper is not None:
            self._sleeper.close()
        farewell = threading.Thread(target=self._end_beat, name="feedsvc-farewell", daemon=True)
        farewell.start()
        farewell.join(max(_FAREWELL_SECONDS, deadline - time.monotonic()))
        log.info("worker_stopped", abandoned=sorted(self._hands.busy))

    def refresh_now(self) -> None:
        """Look at config.yaml and the database at once, at everything."""
        self._note_tick(())

    def run_forever(self, stop_event: threading.Event) -> None:
        """Start, wait for the event, stop. In the main thread SIGTERM and SIGINT end it too, and SIGHUP refreshes."""
        # What there is now stays: to look through all of it took 0.13 s, in the midst of one publication of a hundred.
        gc.collect()
        gc.freeze()
        words: SimpleQueue[int] = SimpleQueue()
        with signals_into(words):
            self.start()
            while not stop_event.is_set():
                with contextlib.suppress(Empty):
                    if words.get(timeout=_SIGNAL_SECONDS) != signal.SIGHUP:
                        break
                    self.refresh_now()
            self.stop()

    def _note_tick(self, slugs: tuple[str, ...]) -> None:
        self._ticks.put(slugs)
        self._wake()

    def _wake(self) -> None:
        if self._sleeper is not None:
            self._sleeper.call()

    def _run(self) -> None:
        assert self._sleeper is not None
        call = Call()
        while not self._stopping.is_set():
            self._take_notes(call)
            self._end_where_one_hangs()
            if time.monotonic() >= self._store_retry_at:
                is_reached = self._look_around()
                self._pause_after(is_reached=is_reached)
                self._is_ready |= is_reached
            if self._is_ready:  # to bring the database up to date may take long
                self._pulse.beat(self._runtime.settings.limits.feed)
            self._hand_out()
            self._give_memory_back()
            call = self._sleeper.sleep(self._rest_seconds())

    def _end_where_one_hangs(self) -> None:
        """A thread can't be ended, and holds its section's lock; the process can, and is started again by whoever keeps
        it running. What else is at work is whole, old or new, and made by the next one."""
        seconds = self._runtime.settings.limits.feed
        if hung := self._hands.at_work_since(time.monotonic() - seconds):
            log.error("section_hung", slugs=sorted(hung), seconds=seconds)
            self._apart.note_hung(hung)
            os._exit(1)

    def _rest_seconds(self) -> float:
        """How long there is nothing to do unless somebody calls."""
        now = time.monotonic()
        if now < self._store_retry_at:
            return self._store_retry_at - now
        survey_at = math.inf if _SURVEYING in self._hands.busy else self._seen.survey_at
        until = min(self._seen.next_at(now), survey_at, self._beat_at + _BEAT_SECONDS, self._bulk.next_at())
        if self._seen.waiting.has_ready(now):
            until = min(until, self._hands.turn_over_at(now), now + NET_SECONDS)
        if self._seen.waiting_archives or not self._is_clean:
            until = min(until, now + NET_SECONDS)
        return max(0.0, until - now)

    def _take_notes(self, call: Call) -> None:
        self._seen.note_call(call)
        for slugs in drain(self._ticks):
            self._seen.note_ticks(slugs)
        for done in self._hands.take_done():
            self._note_done(done)
        for found in drain(self._surveys):
            self._troubles.recover("survey")
            self._seen.note_survey(found.order, found.survey, found.cpu_seconds)
            self._auditor.note_survey(found.survey.publications, found.survey.states)
            for slug in found.brought_back:
                self._auditor.note_made(slug)
            self._alerts.note_survey(found.survey.publications)
            self._carrier.note_survey(found.survey.publications)

    def _note_done(self, done: Done) -> None:
        self._done_at = time.monotonic()
        self._bulk.note_done(done.slug)
        self._apart.note_done(done.slug)
        slug = done.slug.removesuffix(ARCHIVES)
        if slug != done.slug:
            self._archived_at = time.monotonic()
            self._carrier.note_archives(slug)
            self._seen.suspect(slug, at_files=False)  # so that it is seen how many are left
        self._is_clean &= done.slug != _HOUSEKEEPING or done.error is None
        if "." not in done.slug and not isinstance(done.error, StoreUnavailableError):
            self._alerts.note(done.slug, None if done.error is None else str(done.error))
        if "." not in done.slug:
            self._carrier.note_made(done.slug)  # live without a compressed form is live
        if isinstance(done.error, HungError):
            self._apart.note_hung([done.slug])
        if done.error is None:
            self._apart.note_live(done.slug)
            self._seen.waiting.failures.pop(done.slug, None)
            self._seen.note_made(slug)
            self._situation.note_made(done.slug)
            self._auditor.note_made(done.slug)
            return
        if done.slug == _SURVEYING:
            self._note_blindness(done.error)
            return
        least_seconds = self._apart.pause_seconds_of(done.slug)
        is_news = self._seen.waiting.note_failure(
            done.slug, done.made_from, str(done.error), time.monotonic(), least_seconds=least_seconds
        )
        # So that it is found stale again, and waits for its pause to be over.
        self._seen.suspect(slug, at_files=True)
        # Others tell of the rest: regenerate of what blocks a section, the watch of a database that is away.
        is_told = isinstance(done.error, str | OutputError | StoreUnavailableError)
        if not is_told and is_news:
            log.error("section_failed", slug=done.slug, error=str(done.error), exc_info=bug_in(done.error))

    def _note_blindness(self, error: Exception | str) -> None:
        """A survey failed; the next one tells when it works again."""
        self._seen.waiting.note_failure(_SURVEYING, "", str(error), time.monotonic())
        self._seen.survey_at = self._seen.waiting.failures[_SURVEYING].retry_at
        if not isinstance(error, StoreUnavailableError | str):
            self._troubles.complain("survey", error)

    def _pause_after(self, *, is_reached: bool) -> None:
        if is_reached:
            self._store_pause_seconds = _FIRST_STORE_PAUSE_SECONDS
            return
        self._store_pause_seconds = min(self._store_pause_seconds * 2, _LONGEST_STORE_PAUSE_SECONDS)
        self._store_retry_at = time.monotonic() + self._store_pause_seconds

    def _look_around(self) -> bool:
        """Each step by itself, so that trouble in one leaves the others; False if the database can't be reached.

        A step says whether there was something to do.
        """
        steps = {
            "situation": self._tell_situation,
            "settings": self._follow_settings,
            "hung": self._apart.tell,
            "changes": self._seen.look_at_changes,
            "promotion": self._seen.promote,
            "net": self._seen.cast_net,
            "survey": self._order_survey,
            "heartbeat": self._beat,
        }
        for name, step in steps.items():
            try:
                is_made = step()
            except StoreUnavailableError as error:
                self._troubles.complain_of_store(error)
                return False
            except Exception as error:  # noqa: BLE001  # the watch must outlive every fault; it is told
                self._troubles.complain(name, error)
            else:
                if is_made:
                    self._troubles.recover(name)
        self._troubles.recover_store()
        return True

    def _follow_settings(self) -> bool:
        try:
            self._runtime.refresh()
        finally:  # a database that is away keeps nobody from taking over a file
            self._take_over()
        return True

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
            self._carrier.note_settings()
            self._seen.survey_at = -math.inf
            self._beaten = None
            self._is_clean = False

    def _order_survey(self) -> bool:
        order = self._seen.order_survey() if self._is_free(_SURVEYING, "") else None
        if order is None:
            return False

        def survey(_slug: str) -> None:
            began = time.thread_time()  # what it waits for, a busy core or a slow disk, puts off no other
            regenerator = self._runtime.regenerator
            found = regenerator.survey(order.settings)
            if brought_back := regenerator.bring_back(order.settings, found):
                began = time.thread_time()
                found = regenerator.survey(order.settings)
            self._surveys.put(_Surveyed(order, found, time.thread_time() - began, brought_back))

        self._mend_hearing()
        self._hands.employ(_SURVEYING, "", survey)
        return False

    def _hand_out(self) -> None:
        if not self._is_clean and self._is_free(_HOUSEKEEPING, ""):
            self._is_clean = True
            self._hands.employ(_HOUSEKEEPING, "", self._keep_house)
        self._hand_to_pool()
        waiting = self._seen.waiting
        while self._has_hand(time.monotonic()) and not self._stopping.is_set():
            take = waiting.take_news if self._bulk.is_open else waiting.take
            stale = take(self._spared(), time.monotonic())
            if stale is None:
                break
            task = self._regenerate if self._task_of(stale) == "regenerate" else self._mend_twins
            self._hands.employ(stale.slug, stale.made_from, task, has_turn=True)
        self._hand_out_archives()
        self._hand_out_apart()

    def _has_hand(self, now: float) -> bool:
        """May another section begin?"""
        elsewhere = self._bulk.at_work | self._apart.at_work
        return not self._hands.is_anyones_turn(now) and len(self._hands.busy - elsewhere) < HANDS

    def _spared(self) -> Collection[str]:
        """What neither the worker's own hands nor the pool are to take."""
        return self._hands.busy.union(self._apart.names)

    def _hand_to_pool(self) -> None:
        settings = self._runtime.settings
        self._bulk.look(settings, self._seen.waiting)
        while self._bulk.has_room(settings) and not self._stopping.is_set():
            stale = self._seen.waiting.take_oldest(self._spared(), time.monotonic())
            if stale is None:
                break
            self._bulk.give(stale.slug)
            task = self._task_of(stale)
            self._hands.employ(stale.slug, stale.made_from, partial(self._do_elsewhere, self._bulk.do, task))

    def _hand_out_apart(self) -> None:
        """What hung: one at a time."""
        seen = self._seen
        if self._stopping.is_set():
            return
        taken = self._apart.take(seen.waiting, seen.waiting_archives, self._hands.busy, time.monotonic())
        if taken is not None:
            made_from, stale = taken.made_from, taken.stale
            task = "bring_up_archives" if stale is None else self._task_of(stale)
            self._hands.employ(taken.name, made_from, partial(self._do_elsewhere, self._apart.do, task))

    def _do_elsewhere(self, do: Callable[[str, Task], Answer], task: Task, name: str) -> str | None:
        answer = do(name, task)
        if answer.has_hung:
            raise HungError(answer.error)
        if answer.error is not None and not answer.is_told:
            raise FeedsvcError(answer.error)
        return answer.error

    def _task_of(self, stale: Stale) -> Task:
        """Is the feed to be made, or only what is missing beside it?"""
        is_due = self._seen.is_due(stale)
        self._seen.note_taken(stale.slug)
        return "regenerate" if is_due else "mend_twins"

    def _hand_out_archives(self) -> None:
        """One section's at a time, and only what no live document has to wait for."""
        waiting = self._seen.waiting_archives
        apart = self._apart.names
        free = [
            slug
            for slug, made_from in waiting.items()
            if slug + ARCHIVES not in apart and self._is_free(slug + ARCHIVES, made_from)
        ]
        busy = self._hands.busy
        is_pausing = time.monotonic() < self._archived_at + _ARCHIVES_STEP_BACK_SECONDS
        is_crowded = is_pausing and bool(busy - {_SURVEYING})
        if not free or is_crowded or any(name.endswith(ARCHIVES) for name in busy) or self._stopping.is_set():
            return
        made_from = waiting.pop(free[0])
        self._hands.employ(free[0] + ARCHIVES, made_from, self._bring_up_archives, is_timed=True)

    def _is_free(self, slug: str, made_from: str) -> bool:
        return slug not in self._hands.busy and not self._seen.waiting.keeps_back(slug, made_from, time.monotonic())

    def _regenerate(self, slug: str) -> str | None:
        end_turn = partial(self._hands.end_turn, slug)
        try:
            result = self._runtime.regenerator.regenerate(self._runtime.settings, slug, when_live=end_turn)
        except UnknownSectionError:  # taken out of config.yaml since it was handed out
            return None
        return result.error or result.twin_error

    def _mend_twins(self, slug: str) -> str | None:
        return self._runtime.regenerator.mend_twins(self._runtime.settings, slug)

    def _bring_up_archives(self, name: str) -> str | None:
        """As many as can be made until live documents wait again."""

        def has_time(made: int) -> bool:
            is_alone = not self._seen.waiting.has_ready(time.monotonic()) and self._hands.busy <= {name, _SURVEYING}
            return is_alone and made < _ARCHIVES_AT_ONCE and not self._stopping.is_set()

        slug = name.removesuffix(ARCHIVES)
        return self._runtime.regenerator.archivist.bring_up(self._runtime.settings, slug, go_on=has_time).error

    def _keep_house(self, _slug: str) -> None:
        swept = self._runtime.folder.sweep_all()
        if swept:
            log.info("left_overs_swept", files=swept)
        self._runtime.regenerator.archivist.break_seals()
        self._runtime.regenerator.remove_unconfigured(self._runtime.settings)

    def _tell_situation(self) -> bool:
        if not self._situation.is_due():
            return False
        feeds = {slug for slug in (*self._seen.waiting, *self._hands.busy) if "." not in slug}
        failing = self._alerts.count_failing()
        self._situation.tell(feeds, failing=failing, audit_waiting=self._auditor.count_waiting())
        return True

    def _beat(self) -> bool:
        now = time.monotonic()
        if now < self._beat_at + _BEAT_SECONDS:
            return False
        moments = self._timetable.moments()
        next_runs = None if moments == self._beaten else self._timetable.next_runs()
        with self._runtime.store.write() as tx:
            tx.beat(self._runtime.folder_id, self._runtime.clock(), next_runs)
        self._beat_at, self._beaten = now, moments
        return True

    def _end_beat(self) -> None:
        """So that nobody waits till it was not heard of for a while, as after a kill."""
        with contextlib.suppress(StoreError), self._runtime.store.write() as tx:
            tx.end_beat(self._runtime.folder_id)

    def _give_memory_back(self) -> None:
        """What was made took memory that is free now; while it goes on it would be needed again at once."""
        now = time.monotonic()
        if not self._hands.busy and self._given_back_at < self._done_at < now - _BEAT_SECONDS:
            heap.give_back()
            self._given_back_at = now

    def _mend_hearing(self) -> None:
        """Somebody may have taken away what it is called by."""
        if self._sleeper is not None and self._sleeper.is_lost():
            lost, self._sleeper = self._sleeper, self._runtime.store.sleeper()
            lost.close()
