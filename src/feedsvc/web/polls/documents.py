"""Documents from memory, looked at anew whenever something has changed in their folder."""

from __future__ import annotations

import os
import stat
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from feedsvc.config import Server
from feedsvc.errors import OutputError
from feedsvc.log import get_logger
from feedsvc.model import Trail
from feedsvc.output import (
    CODINGS,
    SUFFIXES,
    Deltas,
    FeedsFolder,
    Lookout,
    Mark,
    Moment,
    StoredDocument,
    mark_of,
    mtime_of,
    pack,
)
from feedsvc.web.pace import Monotonic, Pace
from feedsvc.web.polls.negotiation import IDENTITY, Form

log = get_logger(__name__)

_OVERHEAD_BYTES = 3_000
"""About what is kept of a document besides its bytes, with what is made of it for two forms (tracemalloc)."""

_KEPT_OF = 16
"""Where there is no room, one in so many that come takes the place of what was asked for longest ago.

Were each of them to, then of a thousand documents that are asked for in turn none would be there when it is asked for
again, though there is room for nine hundred. So most of these stay, and what is asked for often comes soon enough.
"""

_LOOK_AGAIN_SECONDS = 1.0
_DELTA_LEVEL = 3


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document lies. `file` counts from the folder, and is made once."""

    slug: str
    format: str
    file: str


@dataclass(slots=True, eq=False)
class Known:
    """What is known of a document while its file stays as it is, and its twins do.

    `lengths` are those of the codings there are, `identity` among them. `bodies` are the bytes that are in memory now:
    by form, and those of deltas by version and form. `origins` are the versions from which a delta leads here, None
    while no trail to it was seen. `twins` are the marks of what lies where each twin would, if anything does, in the
    order of CODINGS. `look_again` is when to look at its twins again, `look_for_trail` when to look for
    its trail (monotonic); `seen` is the last moment in which the file was looked at. `made` is what somebody made of
    it, to be forgotten with it.
    """

    place: Place
    mark: Mark
    twins: tuple[Mark | None, ...]
    mtime: datetime
    digest: str
    lengths: Mapping[Form, int]
    look_again: float
    seen: Moment
    look_for_trail: float = float("-inf")
    bodies: dict[Form | tuple[str, Form], bytes] = field(default_factory=dict)
    origins: frozenset[str] | None = None
    made: object = None


class DocumentCache:
    """The feeds folder's documents; of their bytes no more than `limit_bytes`. What does not fit is read each time.

    A file is looked at whenever the bell has rung since, and once a second without (see output.lookout); every
    change of bytes moves its time (see Transaction.allot_last_modified). So what feedsvc puts there is given out from
    that moment on. What is known of a document outlives its bytes: a 304 needs none.
    """

    def __init__(
        self, folder: FeedsFolder, limit_bytes: int = Server.memory, monotonic: Monotonic = time.monotonic
    ) -> None:
        self._folder = folder
        self._lookout = Lookout(folder.path, monotonic)
        self._deltas = Deltas(folder)
        self._limit_bytes = limit_bytes
        self._monotonic = monotonic
        self._lock = Lock()
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._filled: OrderedDict[str, Known] = OrderedDict()
        self._kept_bytes = 0
        self._turned_away = 0
        self._complaints = Pace(10)

    @property
    def kept_bytes(self) -> int:
        """What it takes up in memory, about."""
        return self._kept_bytes

    def place(self, slug: str, format: str) -> Place:
        """Raises OutputError for what is no name of a document."""
        return Place(slug, format, str(self._folder.locate(slug, format).relative_to(self._folder.path)))

    def look_up(self, place: Place) -> Known | None:
        """What lies there now, or None.

        While the folder can't be read the last known document is given, since a reader is better off with it than with
        an error; raises OutputError where there is none.
        """
        known = self._known.get(place.file)
        try:
            moment = self._lookout.moment()
            if known is not None and known.seen is moment:
                return known
            status = self._lookout.look(place.file)
            if status is not None:
                return self._recognise(place, status, known, moment)
        except OutputError as error:
            return self._make_do(known, error)
        if known is not None:
            self._forget(known)
        return None

    def read(self, known: Known, coding: Form) -> bytes | None:
        """Its bytes in one of its codings; None if the file has been replaced since (look it up again)."""
        body = known.bodies.get(coding)
        if body is not None:
            self._touch(self._filled, known.place.file)
            return body
        file, mark = known.place.file, known.mark
        if coding != IDENTITY:
            file, mark = f"{file}.{SUFFIXES[coding]}", known.twins[CODINGS.index(coding)] or ""
        body = self._lookout.read(file, mark)
        if body is None or len(body) != known.lengths[coding]:
            self._forget(known)
            return None
        self._keep(known, coding, body)
        return body

    def read_delta(self, known: Known, tags: Iterable[str], form: Form) -> tuple[str, bytes] | None:
        """What is new or changed since the first of these older versions from which there is a delta.

        That version, and a document; None where there is none, or any doubt. It comes as plain bytes or in gzip, which
        is made here: few ask for the same one. However many versions a client names, its trail is read once.
        """
        trail = self._load_trail(known) if known.origins is None else None
        origins = known.origins or frozenset()
        tag = next((each for each in tags if each in origins), None)
        if tag is None:
            return None
        body = known.bodies.get((tag, form))
        if body is not None:
            self._touch(self._filled, known.place.file)
            return tag, body
        trail = trail or self._load_trail(known)
        delta = None if trail is None else trail.delta_from(tag)
        if delta is None:
            return None
        body = pack("gzip", delta, _DELTA_LEVEL) if form == "gzip" else delta
        self._keep(known, (tag, form), body)
        return tag, body

    def _load_trail(self, known: Known) -> Trail | None:
        """None where none leads to this document; it is not looked for again at once, since a file may be large."""
        now = self._monotonic()
        if now < known.look_for_trail:
            return None
        trail = self._deltas.load(known.place.slug, known.place.format)
        if trail is None or trail.mtime != known.mtime or trail.tag != known.digest[: len(trail.tag)]:
            known.look_for_trail = now + _LOOK_AGAIN_SECONDS  # it comes a moment after its document
            return None
        known.origins = frozenset(trail.deltas)
        return trail

    def _recognise(self, place: Place, status: os.stat_result, known: Known | None, moment: Moment) -> Known | None:
        """The known one if it still lies there, else what is learnt of the one that does.

        Twins come a moment after their document, and one that was damaged is mended under the same name and time.
        """
        if known is None or known.mark != mark_of(status):
            return self._learn(place, status, moment)
        if known.look_again <= self._monotonic():
            known.look_again = self._monotonic() + _LOOK_AGAIN_SECONDS
            if tuple(map(_mark, self._look_at_twins(place))) != known.twins:
                return self._learn(place, status, moment)
        known.seen = moment
        self._touch(self._known, place.file)
        return known

    def _learn(self, place: Place, status: os.stat_result, moment: Moment) -> Known | None:
        """Read it; None where no document lies there."""
        document = self._folder.read(place.slug, place.format) if stat.S_ISREG(status.st_mode) else None
        if document is None:
            return None
        twins = self._look_at_twins(place)
        lengths: dict[Form, int] = {IDENTITY: len(document.content)}
        lengths |= {
            coding: each.st_size
            for coding, each in zip(CODINGS, twins, strict=True)
            if each is not None and _is_twin(each, document)
        }
        known = Known(
            place=place,
            mark=mark_of(status),
            twins=tuple(map(_mark, twins)),
            mtime=document.mtime,
            digest=document.digest,
            lengths=lengths,
            look_again=self._monotonic(),  # twins come a moment after their document
            seen=moment,
        )
        with self._lock:
            is_new = self._known.get(place.file) is None
            self._drop(place.file)
            if not is_new or self._is_kept(self._may_know()):
                self._known[place.file] = known
                self._kept_bytes += _OVERHEAD_BYTES
                self._make_room()
        return known

    def _look_at_twins(self, place: Place) -> list[os.stat_result | None]:
        return [self._lookout.look(f"{place.file}.{SUFFIXES[coding]}") for coding in CODINGS]

    def _make_do(self, known: Known | None, error: OutputError) -> Known:
        if known is None:
            raise error
        if self._complaints.is_due():
            log.warning("feed_served_from_memory", path=str(error.path), reason=error.reason)
        return known

    def _keep(self, known: Known, form: Form | tuple[str, Form], body: bytes) -> None:
        with self._lock:
            if self._known.get(known.place.file) is not known or form in known.bodies:
                return
            if self._is_kept(self._kept_bytes + len(body) <= self._limit_bytes):
                known.bodies[form] = body
                self._kept_bytes += len(body)
                self._filled[known.place.file] = known
                self._filled.move_to_end(known.place.file)
                self._make_room()

    def _may_know(self) -> bool:
        """Is there room for one more?"""
        return (len(self._known) + 1) * _OVERHEAD_BYTES <= self._limit_bytes // 2

    def _is_kept(self, has_room: bool) -> bool:  # noqa: FBT001  # it is asked for nothing else
        """Is what has just come to be kept, though there may be no room?"""
        if has_room:
            return True
        self._turned_away += 1
        return self._turned_away % _KEPT_OF == 0

    def _touch(self, kept: OrderedDict[str, Known], file: str) -> None:
        try:  # noqa: SIM105  # contextlib.suppress costs several times as much
            kept.move_to_end(file)
        except KeyError:
            pass  # another thread has dropped it just now

    def _forget(self, known: Known) -> None:
        with self._lock:
            if self._known.get(known.place.file) is known:
                self._drop(known.place.file)

    def _drop(self, file: str) -> None:
        if self._known.pop(file, None) is not None:
            self._kept_bytes -= _OVERHEAD_BYTES
        self._empty(file)

    def _empty(self, file: str) -> None:
        known = self._filled.pop(file, None)
        if known is not None:
            self._kept_bytes -= sum(map(len, known.bodies.values()))
            known.bodies = {}

    def _make_room(self) -> None:
        """Drop what was asked for longest ago: bytes first, since without them a 304 can still be given."""
        while len(self._known) * _OVERHEAD_BYTES > self._limit_bytes // 2:
            self._drop(next(iter(self._known)))
        while self._kept_bytes > self._limit_bytes and self._filled:
            self._empty(next(iter(self._filled)))


def _mark(status: os.stat_result | None) -> Mark | None:
    return None if status is None else mark_of(status)


def _is_twin(status: os.stat_result, document: StoredDocument) -> bool:
    """Does it belong to this document, as far as can be told without reading it?"""
    is_file = stat.S_ISREG(status.st_mode) and status.st_size < len(document.content)
    return is_file and mtime_of(status) == document.mtime
