"""One tenure at a bucket: what is live here against what lies there, and each difference carried away.

look       all that lies there against what is known of it: what is missing, altered, or too much
reckon     what is known against what is live in this replica's folder
carry      news first, then what was found: a few parcels at a time, each on its condition; noted when they are there
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TypeVar

from feedsvc.carrying.load import Load
from feedsvc.carrying.parcels import Name, Parcels, is_ours
from feedsvc.carrying.porter import LateError, Porter
from feedsvc.carrying.tenure import Tenure
from feedsvc.config import Settings
from feedsvc.errors import BucketConflictError, FeedsvcError, StoreError
from feedsvc.log import get_logger
from feedsvc.model import BucketPlace, Held, Listed, Parcel
from feedsvc.output import Bucket
from feedsvc.store import Ledger

_In = TypeVar("_In")
_Out = TypeVar("_Out")

log = get_logger(__name__)

AT_ONCE = 4
"""So many feeds and archives are under way at a time."""

_SHARE = 20
"""A section's archives are gone through in at most one part in so many of the time."""

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Route:
    """The way to one bucket."""

    place: BucketPlace
    bucket: Bucket
    ledger: Ledger
    tenure: Tenure
    porter: Porter


Keep = Callable[[], bool]
"""Keeps the lease, asking the store if need be; is it held?"""


@dataclass(frozen=True, slots=True)
class _Job:
    """One parcel that does not lie there as it should, as far as is known. `known` is what is known to lie there."""

    name: Name
    parcel: Parcel
    known: Held | None


@dataclass(frozen=True, slots=True)
class _Done:
    """What came of a job: what lies there now, or why not. Neither where other bytes lie in the folder by now."""

    job: _Job
    content: bytes = b""
    held: Held | None = None
    error: FeedsvcError | LateError | None = None


class Haul:
    """Belongs to one thread. Raises BucketError, StoreError; whatever was done until then counts.

    `open_parcels` makes of settings what is to lie there. `is_fenced` is None until it was tried.
    """

    def __init__(self, route: Route, load: Load, open_parcels: Callable[[Settings], Parcels]) -> None:
        self._bucket, self._ledger = route.bucket, route.ledger
        self._tenure, self._porter = route.tenure, route.porter
        self._load = load
        self._open_parcels = open_parcels
        self._settings: Settings | None = None
        self._keys: set[str] = set()
        self._unsure: set[str] = set()
        self._surplus: dict[str, bool] = {}
        self._strangers: set[str] = set()
        self._sections_at = float("-inf")
        self.is_fenced: bool | None = None
        self.carried = 0

    _parcels: Parcels

    @property
    def documents(self) -> int:
        """How many of ours lie there, as far as is known."""
        return len(self._keys)

    @property
    def waiting(self) -> int:
        """How many feeds and archives are to be carried, and documents to be deleted."""
        return len(self._load) + len(self._surplus)

    def next_at(self) -> float:
        """When there is something to do (monotonic): the past where it is now."""
        sections_at = self._sections_at if self._load.has_sections else float("inf")
        surplus_at = self._load.hold_until if self._surplus else float("inf")
        return min(self._load.next_at(), sections_at, surplus_at)

    def follow(self, settings: Settings) -> None:
        """Reckon anew, if these are others than before."""
        if settings is self._settings:
            return
        self._parcels = self._open_parcels(settings)
        if self._settings is not None:  # else the first look comes anyway
            self._reckon(self._ledger.held())
        self._settings = settings

    def look(self, keep: Keep) -> None:
        """At all that lies there. `keep` is called between two requests; if the lease is lost nothing comes of it."""
        lying: dict[str, Listed] = {}
        for page in self._bucket.list():
            lying |= {each.key: each for each in page if is_ours(each.key)}
            if not keep():
                return
        held = self._ledger.held()
        missing = [key for key in held if key not in lying]
        altered = [key for key, known in held.items() if key in lying and not _is_same(lying[key], known)]
        new = [each for each in held.values() if each.stored is None and each.key in lying and each.key not in altered]
        if not self._note([replace(each, stored=lying[each.key].stored) for each in new], missing):
            return
        for key in missing:
            del held[key]
        unknown = [key for key in lying if key not in held]
        self._unsure = {*altered, *unknown}
        surplus = [key for key in unknown if key not in self._strangers and not self._parcels.is_wanted(key)]
        self._surplus = dict.fromkeys(surplus, False)
        if missing or altered or surplus:
            keys = sorted([*missing, *altered, *surplus])[:_NAMED]
            log.warning("bucket_amiss", missing=len(missing), altered=len(altered), surplus=len(surplus), keys=keys)
        self._reckon(held)

    def carry(self, keep: Keep) -> bool:
        """Some of what waits; is nothing left that failed? What fails is put off."""
        now = time.monotonic()
        self._unpack_archives(now)
        names = self._load.take(AT_ONCE, now)
        try:
            jobs = [job for name in names for job in self._jobs_of(name)]
            # An archive comes before the document that leads to it.
            archives = [job for job in jobs if "/" in job.parcel.key]
            done = self._put_all(archives, keep)
            done += self._put_all([job for job in jobs if job not in archives], keep)
            is_well = self._conclude(done)
        except StoreError:
            self._load.add(names)
            raise
        if self._surplus and now >= self._load.hold_until:
            self._delete_surplus()
        return is_well

    def _put_all(self, jobs: Collection[_Job], keep: Keep) -> list[_Done]:
        done = list(_at_once(self._put, jobs))
        conflicts = [each.job for each in done if isinstance(each.error, BucketConflictError)]
        # Something else lies there than was thought: is that since another one has taken the lease?
        if conflicts and keep():
            self._unsure.update(job.parcel.key for job in conflicts)
            done = [each for each in done if each.job not in conflicts]
            done += _at_once(self._put, conflicts)
        return done

    def _put(self, job: _Job) -> _Done:
        """In a thread of its own."""
        content = b""
        try:
            stored = self._porter.read(job.parcel)
            if stored is None:
                return _Done(job)
            content = stored
            if job.parcel.key in self._unsure:
                held = self._porter.settle(job.parcel, content)
            else:
                held = self._porter.put(job.parcel, content, job.known.etag if job.known else None)
        except (FeedsvcError, LateError) as error:
            return _Done(job, content, error=error)
        return _Done(job, content, held)

    def _conclude(self, done: Collection[_Done]) -> bool:
        put = [each.held for each in done if each.held is not None]
        if not self._note(put):
            return False
        self.carried += len(put)
        self._unsure.difference_update(each.key for each in put)
        self._load.add(each.job.name for each in done if isinstance(each.error, LateError))
        failed = {each.job.name: each.error for each in done if isinstance(each.error, FeedsvcError)}
        if failed:
            self._load.put_off(failed, time.monotonic(), is_all=not put)
            raise next(iter(failed.values()))
        if put and self.is_fenced is None:
            first = next(each for each in done if each.held is not None)
            self.is_fenced = self._porter.is_fenced(first.job.parcel, first.content)
        return self._load.note_success()

    def _jobs_of(self, name: Name) -> list[_Job]:
        """What of it does not lie there as it should, with the archive to which it leads."""
        newest = None if "/" in name else self._parcels.newest_archive(name)
        parcels = [*([] if newest is None else self._parcels.of(newest)), *self._parcels.of(name)]
        held = self._ledger.held([each.key for each in parcels])
        jobs = []
        for parcel in parcels:
            known = held.get(parcel.key)
            if parcel.key in self._unsure or not is_there(parcel, known):
                jobs.append(_Job(name, parcel, known))
        return jobs

    def _unpack_archives(self, now: float) -> None:
        """Of one section; not all the time, since very many may have to be gone through for a few that are new."""
        if not self._load.has_sections or now < self._sections_at:
            return
        slug = self._load.take_section()
        assert slug is not None, "nobody else takes any"
        try:
            parcels = list(self._parcels.of_archives(slug))
            held = self._ledger.held([each.key for each in parcels])
        except StoreError:
            self._load.note_archives(slug)
            raise
        self._load.add(each.name for each in parcels if not is_there(each, held.get(each.key)))
        self._sections_at = now + _SHARE * (time.monotonic() - now)

    def _reckon(self, held: dict[str, Held]) -> None:
        self._keys = set(held)
        self._load.add(
            each.name
            for each in self._parcels.all()
            if each.key in self._unsure or not is_there(each, held.get(each.key))
        )
        self._surplus = {key: key in held for key in (*held, *self._surplus) if not self._parcels.is_wanted(key)}

    def _delete_surplus(self) -> None:
        """Some of it. What does not say that it is ours stays."""
        taken = dict(list(self._surplus.items())[:AT_ONCE])
        outcomes = dict(zip(taken, _at_once(self._delete, taken.items()), strict=True))
        gone = [key for key, outcome in outcomes.items() if outcome is True]
        if not self._note((), gone):
            return
        for key, outcome in outcomes.items():
            if isinstance(outcome, bool):
                del self._surplus[key]
                if not outcome:
                    self._strangers.add(key)
        if failed := [outcome for outcome in outcomes.values() if isinstance(outcome, FeedsvcError)]:
            self._load.put_off((), time.monotonic(), is_all=not gone)
            raise failed[0]

    def _delete(self, surplus: tuple[str, bool]) -> bool | FeedsvcError | LateError:
        """In a thread of its own."""
        key, is_known = surplus
        try:
            return self._porter.delete(key, is_known=is_known)
        except (FeedsvcError, LateError) as error:
            return error

    def _note(self, put: Collection[Held], gone: Collection[str] = ()) -> bool:
        """Remember it, unless another one has taken the lease."""
        lease = self._tenure.lease
        if lease is None:
            return False
        if (put or gone) and not self._ledger.note(lease, put, gone):
            self._tenure.lose()
            return False
        self._keys.update(each.key for each in put)
        self._keys.difference_update(gone)
        return True


def _at_once(task: Callable[[_In], _Out], items: Iterable[_In]) -> list[_Out]:
    """In a thread for each; daemons, so that a process that is to end waits for no bucket."""
    futures = []
    for item in items:
        future: Future[_Out] = Future()
        threading.Thread(target=_fulfil, args=(future, task, item), name="feedsvc-porter", daemon=True).start()
        futures.append(future)
    return [future.result() for future in futures]


def _fulfil(future: Future[_Out], task: Callable[[_In], _Out], item: _In) -> None:
    try:
        future.set_result(task(item))
    except BaseException as error:  # noqa: BLE001  # it is raised where the result is asked for
        future.set_exception(error)


def is_there(parcel: Parcel, known: Held | None) -> bool:
    """Or something newer, which another replica has put there: this one will have it, too."""
    if known is None:
        return False
    return known.mtime > parcel.mtime or (known.digest, known.headers) == (parcel.digest, parcel.headers)


def _is_same(lying: Listed, known: Held) -> bool:
    return lying.etag == known.etag and known.stored in {None, lying.stored}
