"""What is live in this replica's folder is carried to the bucket of config.yaml, by one replica at a time.

    tenure     who may write to it: a lease in the store, kept by beating (tenure.py)
    haul       what is live here against what lies there, and each difference carried away (haul.py)
    porter     one document, on the condition that what it replaces is what was thought to lie there (porter.py)

Nobody waits for it, and nothing is proved by it: what goes there was live here before. Trouble is told once, tried
again after growing pauses, and seen in health; a replica that can't reach the bucket leaves it to another. The thread
is there only where config.yaml names a bucket.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from uuid import uuid4

from feedsvc.carrying.haul import Haul, Route
from feedsvc.carrying.load import Load
from feedsvc.carrying.parcels import Parcels
from feedsvc.carrying.porter import Porter
from feedsvc.carrying.tenure import Tenure
from feedsvc.errors import BucketError, FeedsvcError, StoreError, StoreUnavailableError
from feedsvc.log import get_logger
from feedsvc.model import BucketPlace, Standing
from feedsvc.output import Bucket
from feedsvc.runtime import Runtime

log = get_logger(__name__)

LOOK_SECONDS = 300.0
"""What others do to a bucket is seen after so long at most, unless a look takes very long."""

ASIDE_SECONDS = 60.0
"""Who has failed for so long leaves the bucket to others for as long."""

_LEASE_IN_TIMEOUTS = 3
_LOOK_SHARE = 20
"""Looks take at most one part in so many of the time."""

_STORE_SECONDS = 5.0
_UNFENCED = (
    "The store does not heed If-Match on PUT: a replica that sleeps and wakes could put an older document over a newer "
    "one. Use one that does."
)


class Carrier:
    """Of one worker. What begins with `note_` may be called from any thread, and never waits."""

    def __init__(self, runtime: Runtime, open_bucket: Callable[[BucketPlace], Bucket] = Bucket) -> None:
        self._runtime = runtime
        self._open_bucket = open_bucket
        self._holder = f"{socket.gethostname()}/{os.getpid()}/{runtime.folder_id}/{uuid4().hex[:8]}"
        self._claim = runtime.folder.claim("bucket")
        self._load = Load()
        self._route: Route | None = None
        self._haul: Haul | None = None
        self._epoch = 0
        self._look_at = float("-inf")
        self._is_filling = False
        self._trouble: str | None = None
        self._troubled_since: str | None = None
        self._troubled_at = 0.0
        self._has_word = False
        self._call = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def note_settings(self) -> None:
        """Others are in force, or the first."""
        if self._thread is None:
            if self._runtime.settings.bucket is None or self._stopping.is_set():
                return
            self._thread = threading.Thread(target=self._run, name="feedsvc-carrier", daemon=True)
            self._thread.start()
        self._call.set()

    def note_made(self, slug: str) -> None:
        """It has just gone live."""
        if self._thread is not None:
            self._load.note_made(slug)
            self._call.set()

    def note_archives(self, slug: str) -> None:
        """Some of its archives were made."""
        if self._thread is not None:
            self._load.note_archives(slug)
            self._call.set()

    def note_survey(self, publications: Mapping[str, Standing]) -> None:
        """How all feeds stand, whoever made them."""
        if self._thread is not None and self._load.note_survey(publications):
            self._call.set()

    def leave(self) -> None:
        """Begin nothing more."""
        self._stopping.set()
        self._call.set()

    def stop(self, seconds: float) -> None:
        """End, and give the lease back; where that takes longer another replica waits until it has run out."""
        self.leave()
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stopping.is_set():
            rest_seconds = self._guard()
            self._call.wait(rest_seconds)
            self._call.clear()
        self._leave()
        self._claim.let_go()

    def _guard(self) -> float | None:
        """How long to rest, None: until something happens. The carrier must outlive every fault."""
        try:
            return self._step()
        except StoreUnavailableError:
            return _STORE_SECONDS  # the watch tells of it
        except Exception as error:  # noqa: BLE001  # see above
            self._note_trouble(error)
            return _STORE_SECONDS

    def _step(self) -> float | None:
        settings = self._runtime.settings
        if self._route is None or self._route.place != settings.bucket:
            self._leave()
            self._trouble = self._troubled_since = None  # of another place
            self._load.forget_pause()
            if settings.bucket is None:
                return None
            self._route = self._open(settings.bucket)
        route, tenure = self._route, self._route.tenure
        if not self._claim.claim():
            return tenure.beat_seconds  # another worker of this folder does it
        if not self._keep(route):
            self._haul = None
            return tenure.rest_seconds()
        haul = self._haul_of(route)
        haul.follow(settings)
        if time.monotonic() >= self._load.hold_until:
            try:
                self._go_on(route, haul)
            except BucketError as error:
                self._note_trouble(error)
                self._step_aside(route)
        if self._has_word:
            return 0.0
        due_at = min(haul.next_at(), max(self._look_at, self._load.hold_until))
        return max(0.0, min(tenure.rest_seconds(), due_at - time.monotonic()))

    def _go_on(self, route: Route, haul: Haul) -> None:
        """A step further: a look if it is due, and some of what is to be carried."""
        now = time.monotonic()
        is_news = now >= self._look_at
        if is_news:
            try:
                haul.look(partial(self._keep, route))
            except BucketError:
                self._load.put_off((), time.monotonic(), is_all=True)
                raise
            self._look_at = time.monotonic() + max(LOOK_SECONDS, _LOOK_SHARE * (time.monotonic() - now))
        if haul.next_at() <= time.monotonic():
            is_news = haul.carry(partial(self._keep, route, at_once=True))
        if is_news:
            self._note_well(haul)

    def _open(self, place: BucketPlace) -> Route:
        bucket, ledger = self._open_bucket(place), self._runtime.store.ledger(place.url)
        tenure = Tenure(ledger, self._holder, _LEASE_IN_TIMEOUTS * place.timeout_seconds, self._is_own)
        return Route(place, bucket, ledger, tenure, Porter(bucket, ledger, self._runtime.folder, tenure.seconds_left))

    def _is_own(self, holder: str) -> bool:
        """Of another holder: was it this folder's, whose lock this process has now? Then its process is dead."""
        return holder != self._holder and holder.split("/")[2:3] == [self._runtime.folder_id]

    def _keep(self, route: Route, *, at_once: bool = False) -> bool:
        """Also where so little of the lease is left that nothing could be begun."""
        tenure = route.tenure
        is_short = tenure.lease is not None and tenure.seconds_left() < route.bucket.most_seconds
        has_word, self._has_word = self._has_word, False
        return tenure.keep(self._told(), at_once=at_once or is_short or (has_word and tenure.lease is not None))

    def _haul_of(self, route: Route) -> Haul:
        """That of this tenure; a new one begins with a look."""
        lease = route.tenure.lease
        assert lease is not None, "it is held"
        if self._haul is None or lease.epoch != self._epoch:
            store, folder_id = self._runtime.store, self._runtime.folder_id
            self._load.clear()
            self._haul = Haul(route, self._load, lambda settings: Parcels(settings, store, folder_id))
            self._epoch = lease.epoch
            self._look_at = float("-inf")
            self._is_filling = True
        return self._haul

    def _told(self) -> dict[str, object]:
        """How it gets on, for health and status everywhere."""
        haul = self._haul
        return {
            "documents": haul.documents if haul is not None else 0,
            "waiting": haul.waiting if haul is not None else 0,
            "trouble": self._trouble,
            "since": self._troubled_since,
        }

    def _note_trouble(self, error: Exception) -> None:
        text = str(error) or type(error).__name__
        if self._trouble is None:
            self._troubled_at = time.monotonic()
            self._troubled_since = self._runtime.clock().isoformat(timespec="seconds").replace("+00:00", "Z")
            log.error("bucket_trouble", error=text, exc_info=None if isinstance(error, FeedsvcError) else error)
        self._has_word |= self._trouble != text
        self._trouble = text

    def _note_well(self, haul: Haul) -> None:
        if haul.is_fenced is False:
            if self._trouble != _UNFENCED:
                self._note_trouble(FeedsvcError(_UNFENCED))
        elif self._trouble is not None:
            log.info("bucket_recovered")
            self._trouble = self._troubled_since = None
            self._has_word = True
        if self._is_filling and not haul.waiting:
            log.info("bucket_current", documents=haul.documents, carried=haul.carried)
            self._is_filling = False
            self._has_word = True

    def _step_aside(self, route: Route) -> None:
        """Where nothing gets through from here, another replica may have more luck."""
        now = time.monotonic()
        if now < self._load.hold_until and now - self._troubled_at > ASIDE_SECONDS:
            route.tenure.give_back(self._told())
            route.tenure.step_aside(ASIDE_SECONDS)
            self._haul = None

    def _leave(self) -> None:
        """Let another one take it."""
        if self._route is not None:
            with suppress(StoreError):
                self._route.tenure.give_back(self._told())
        self._route = self._haul = None
