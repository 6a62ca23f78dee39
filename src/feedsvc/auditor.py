"""The audit: live documents are taken from the disk, parsed back whole and held against the store, for ever.

    rota        what has gone live since its last audit, then round everything
    allowance   how much of a core it may take; it rests in between, and while feeds wait to go live
    cases       a document against the feed as the store has it, its twins against it
    alarm       what was found wrong is made anew and proved whole; where that can't be, the last good documents come
                back (recall). Health is degraded until what lies there is found right

It runs in a thread of the worker, a document at a time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from feedsvc.allowance import Allowance
from feedsvc.cases import Case, Examiner
from feedsvc.config import Settings
from feedsvc.errors import FeedsvcError, OutputError
from feedsvc.log import get_logger
from feedsvc.model import ARCHIVE_FORMAT, INDEX_SLUG, Alarm, AuditState, Finding, Publication, SectionState, Standing
from feedsvc.output import DOCUMENT_FORMATS, Audited, Marks
from feedsvc.recall import Recaller
from feedsvc.retrieval import fill
from feedsvc.rota import Rota
from feedsvc.runtime import Runtime

log = get_logger(__name__)

KEPT_ALARMS = 10
"""So many are remembered when they are over."""

_IDLE_SECONDS = 1.0
_CROWDED_SECONDS = 0.1
_AGAIN_SECONDS = 60.0
"""What could not be mended for the world's sake (a full disk, a database that is away) is tried again after so long."""

_REMIND_SECONDS = 600.0
"""What was found wrong and could not be helped is looked at again after so long, in case that somebody else did."""

_SAVE_SECONDS = 5.0


class Auditor:
    """Of one runtime. `is_quiet` says whether no feed waits to go live; `allowance` is the seam for tests.

    Under load without end `is_quiet` may never be true: what it may take is then taken a document at a time, as soon as
    no more of it can be saved up.
    """

    def __init__(self, runtime: Runtime, is_quiet: Callable[[], bool], allowance: Allowance | None = None) -> None:
        self._runtime = runtime
        self._is_quiet = is_quiet
        self._allowance = allowance or Allowance()
        self._rota = Rota(runtime.clock)
        self._examiner = Examiner(runtime)
        self._recaller = Recaller(runtime.store, runtime.folder, runtime.folder_id, runtime.clock)
        self._audited = Audited(runtime.folder)
        self._marks: dict[tuple[str, str], tuple[str, str]] | None = None
        self._state = self._saved = AuditState()
        self._saved_at = float("-inf")
        self._settings: Settings | None = None
        self._name: str | None = None
        self._case: Case | None = None
        self._answered: dict[str, object] = {}
        self._trouble: str | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feedsvc-audit", daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def leave(self) -> None:
        """Begin nothing more."""
        self._stopping.set()

    def stop(self, seconds: float) -> None:
        """End; what is at work for longer is abandoned, as by a kill: nothing can be half done."""
        self.leave()
        if self._thread.ident is not None:
            self._thread.join(seconds)
        if not self._thread.is_alive():
            self._audited.let_go()

    def note_survey(self, publications: Mapping[str, Standing], states: Mapping[str, SectionState]) -> None:
        """What has gone live, as the worker saw it last. Nothing is kept while there is no audit."""
        if self._runtime.settings.audit_cpu:
            self._rota.note_survey(publications, states)

    def note_made(self, slug: str) -> None:
        """It has just gone live."""
        if self._runtime.settings.audit_cpu:
            self._rota.note_made(slug)

    def count_waiting(self) -> int:
        """How many feeds have gone live and were not audited since."""
        return self._rota.count_new() if self._runtime.settings.audit_cpu else 0

    def step(self) -> float:
        """Look at one document, if it may; how many seconds to rest. Never raises."""
        percent = self._runtime.settings.audit_cpu
        if not percent:
            self._guard(self._leave_off)
            return _IDLE_SECONDS
        self._allowance.settle(percent)
        is_crowded = not self._is_quiet()
        rest_seconds = self._allowance.rest_seconds(percent, is_full=is_crowded)
        if rest_seconds:
            return min(rest_seconds, _CROWDED_SECONDS if is_crowded else _IDLE_SECONDS)
        return 0.0 if self._guard(self._go_on) else _IDLE_SECONDS

    def _run(self) -> None:
        while not self._stopping.wait(self.step()):
            pass
        if self._marks:
            self._guard(lambda: self._save(at_once=True))
        self._audited.let_go()

    def _guard(self, act: Callable[[], bool]) -> bool:
        """What `act` says; False, and it is told once, where it fails: the audit must outlive every fault."""
        try:
            is_busy = act()
        except Exception as error:  # noqa: BLE001  # likewise
            self._complain(error)
            if self._name:
                self._rota.put_off(self._name, _AGAIN_SECONDS)
            self._end()
            return False
        return is_busy

    def _complain(self, error: Exception) -> None:
        why = str(error) or type(error).__name__
        # A full disk refuses one file of each feed after the other: that is one trouble.
        kind = error.reason if isinstance(error, OutputError) else why
        if kind != self._trouble:
            log.error("audit_trouble", reason=why, exc_info=None if isinstance(error, FeedsvcError) else error)
        self._trouble = kind

    def _leave_off(self) -> bool:
        """There is no audit: so nothing is kept for it."""
        if self._marks != {}:
            self._audited.clear()
            self._marks, self._state = {}, AuditState()
            self._saved = self._state
            self._end()
        return False

    def _go_on(self) -> bool:
        """One step further; False where there was nothing to do."""
        if not self._audited.claim():
            return False  # another worker of this folder does it
        if self._marks is None:
            self._audited.sweep()
            self._marks = dict(self._audited.marks())
            self._state = self._saved = self._audited.read_state()
        settings = self._runtime.settings
        if self._case is not None and self._case.settings is not settings:
            self._rota.note_made(self._case.exhibit.slug)
            self._end()
        is_busy = True
        if self._case is None:
            is_busy = self._begin(settings, self._marks)
        elif self._case.left:
            self._case.examine_next()
        else:
            self._close(self._case, self._marks)
            self._end()
            self._save()
            self._trouble = None
            return is_busy
        self._save()
        return is_busy

    def _end(self) -> None:
        self._name = self._case = None

    def _begin(self, settings: Settings, marks: Marks) -> bool:
        if settings is not self._settings:
            self._forget_unconfigured(settings)
            self._settings = settings
        name, self._state = self._rota.next(settings, marks, self._state)
        self._name = name
        if name is None:
            return False
        slug, _, number = name.partition("/archive/")
        if slug not in settings.feeds and slug != INDEX_SLUG:
            return True
        if number:
            self._examine_archive(settings, slug, int(number))
            return True
        self._case = self._examiner.open(settings, slug)
        if self._case is not None:
            self._rota.note_taken(self._case.publication)
        return True

    def _close(self, case: Case, marks: Marks) -> None:
        slug = case.exhibit.slug
        if case.errors:
            if not self._examiner.stands(case):
                self._rota.note_made(slug)
            elif case.is_of_this_second(self._runtime.clock()):
                self._rota.put_off(slug, 1.0)  # what is made anew now would be dated ahead
            else:
                self._answer_feed(case)
            return
        self._answered.pop(slug, None)
        if case.is_current:
            self._keep(case.publication, marks)
            self._rota.note_right(slug)
            self._end_alarm(slug)

    def _keep(self, publication: Publication, marks: Marks) -> None:
        assert self._marks is not None, "they were read before anything was audited"
        slug = publication.slug
        with self._runtime.folder.lock(slug):
            kept = self._audited.keep(publication, marks)
            fill(self._runtime.folder, slug, publication.documents)
        if kept is not None:
            for name in DOCUMENT_FORMATS:
                self._marks.pop((slug, name), None)
            self._marks |= kept

    def _answer_feed(self, case: Case) -> None:
        slug = case.exhibit.slug
        name, findings = next(iter(case.errors.items()))
        reason = (case.publication.made_from, tuple(case.failed.items()), str(findings[0]))

        def mend() -> str:
            with self._runtime.store.write() as tx:
                tx.forget_proofs(slug)
            result = self._runtime.regenerator.regenerate(case.settings, slug, force=True, renew=case.errors.keys())
            if result.error is None:
                left_out = f" In quarantine: {', '.join(result.quarantined)}." if result.quarantined else ""
                return f"It was made anew and proved whole.{left_out}"
            why_not = self._recaller.recall(case.settings, slug, case.failed)
            if why_not is None:
                return f"The last good documents were put back, since it can't be made anew: {result.error}"
            return f"It stays as it is, since it can't be made anew ({result.error}), and {why_not}."

        self._answer(slug, name, findings[0], reason, mend)

    def _examine_archive(self, settings: Settings, slug: str, number: int) -> None:
        name = f"{slug}/archive/{number}"
        errors = self._examiner.examine_archive(settings, slug, number)

        def mend() -> str:
            error = self._runtime.regenerator.archivist.renew(settings, slug, number)
            return f"It stays as it is: {error}" if error else "It was made anew and proved whole."

        if errors:
            self._answer(name, ARCHIVE_FORMAT, errors[0], str(errors[0]), mend)
        else:
            self._rota.note_right(name)
            self._end_alarm(name)

    def _answer(self, name: str, format: str, finding: Finding, reason: object, mend: Callable[[], str]) -> None:
        """Raise the alarm and mend it, once for each reason: what did not help does not help a second time."""
        if self._answered.get(name) == reason:
            self._rota.put_off(name, _REMIND_SECONDS)
            return
        now = self._runtime.clock().replace(microsecond=0)
        alarm = Alarm(at=now, name=name, format=format, finding=str(finding))
        before = next((each for each in self._state.open_alarms if each.name == name), None)
        if before is None or before.finding != alarm.finding:
            log.error("audit_alarm", slug=name, format=format, finding=alarm.finding)
        else:
            alarm = before
        try:
            done = mend()
        except Exception as error:  # noqa: BLE001  # whatever it is, the alarm tells of it, and it is tried again
            if not isinstance(error, FeedsvcError):
                self._complain(error)
            done = f"It could not be mended yet: {error}"
            self._rota.put_off(name, _AGAIN_SECONDS)
        else:
            self._answered[name] = reason
            self._rota.note_made(name)
        if done != alarm.done:
            log.warning("audit_alarm_answered", slug=name, done=done)
        others = tuple(each for each in self._state.alarms if each is not before)
        self._set_alarms((replace(alarm, done=done), *others))

    def _end_alarm(self, name: str) -> None:
        self._answered.pop(name, None)
        if any(each.name == name for each in self._state.open_alarms):
            log.info("audit_alarm_over", slug=name)
            self._set_alarms(
                tuple(replace(each, is_open=False) if each.name == name else each for each in self._state.alarms)
            )

    def _set_alarms(self, alarms: tuple[Alarm, ...]) -> None:
        over = [each for each in alarms if not each.is_open][:KEPT_ALARMS]
        self._state = replace(self._state, alarms=tuple(each for each in alarms if each.is_open or each in over))
        self._save(at_once=True)

    def _forget_unconfigured(self, settings: Settings) -> None:
        assert self._marks is not None, "they were read before"
        known = {*settings.feeds, INDEX_SLUG}
        gone = {slug for slug, _ in self._marks} - known
        if gone:
            self._audited.forget(sorted(gone))
            self._marks = {key: mark for key, mark in self._marks.items() if key[0] not in gone}
        for alarm in self._state.open_alarms:
            if alarm.name.partition("/")[0] not in known:
                self._end_alarm(alarm.name)

    def _save(self, *, at_once: bool = False) -> bool:
        """Let others see how far it has come, now and then."""
        now = time.monotonic()
        if at_once or now >= self._saved_at + _SAVE_SECONDS:
            self._saved_at = now
            self._state = replace(self._state, cpu_percent=round(self._allowance.taken_percent, 1))
            if self._state != self._saved:
                self._audited.write_state(self._state)
                self._saved = self._state
        return False
