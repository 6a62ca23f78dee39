"""Documents into the feeds folder with their compressed twins: what differs from what lies there, and no more.

A twin is made once, when its document is written, or, where that takes long and news waits, right afterwards. Where
only twins are missing or wrong, they alone are made anew: the document keeps its time, and is not proved a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from feedsvc.errors import OutputError
from feedsvc.model import Coding, Document, DocumentRecord
from feedsvc.output import (
    CODINGS,
    SUFFIXES,
    TRAIL,
    FeedsFolder,
    Refused,
    StoredDocument,
    digest_of,
    make_twin,
    make_twins,
)

Levels = Mapping[Coding, int]

SLOW: Coding = "br"
"""Takes several times as long as the other, and as long as all the rest of a publication."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What lies in the folder now, which documents were written, and whether twins of documents that stayed were."""

    records: tuple[DocumentRecord, ...]
    new: tuple[Document, ...]
    are_twins_new: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    """`wanted` is what is to lie beside the document; `changes` are twins to be written (None: deleted)."""

    document: Document
    mtime: datetime
    is_new: bool
    wanted: Mapping[Coding, bytes]
    changes: Mapping[Coding, bytes | None]
    error: str | None


def deliver(
    folder: FeedsFolder,
    documents: Sequence[Document],
    last_modified: Mapping[str, datetime],
    levels: Levels,
    *,
    puts_off: bool = False,
    before: Callable[[Sequence[Document]], None] = lambda _: None,
) -> Delivery:
    """Put these (all of one name) into the folder, under that name's lock. Raises OutputError for a document.

    `puts_off` leaves the slow coding of new documents to `finish`. `before` gets those that differ from what lies
    there, just before they go live. A twin that can't be made or written keeps no document back; its record says why.
    """
    quick = dict(levels) | {SLOW: 0} if puts_off else levels
    plans = [_plan(folder, each, last_modified[each.format], levels, quick) for each in documents]
    new = [plan for plan in plans if plan.is_new]
    mended = {plan.document.format: plan.changes for plan in plans if plan.changes and not plan.is_new}
    refused: Refused = {}
    if new:
        twins = {plan.document.format: plan.wanted for plan in new}
        fresh = [plan.document for plan in new]
        refused = folder.write(fresh, last_modified, twins, before=partial(before, fresh))
    if mended:
        refused = {**refused, **folder.write_twins(documents[0].slug, last_modified, mended)}
    folder.spares.keep(documents[0].slug, _digests(plans, refused, has_time=not puts_off))
    records = tuple(_record(plan, quick if plan.is_new else levels, refused) for plan in plans)
    return Delivery(records, tuple(plan.document for plan in new), bool(mended))


def finish(
    folder: FeedsFolder, documents: Sequence[Document], records: Sequence[DocumentRecord], levels: Levels
) -> tuple[DocumentRecord, ...]:
    """Make what was put off for these documents, which have just been delivered; under the name's lock.

    The records of all that lies there, as they are now.
    """
    twins: dict[str, bytes] = {}
    errors: dict[str, str] = {}
    told = {record.format: record for record in records}
    for document in documents:
        try:
            twin = make_twin(SLOW, document.content, levels[SLOW])
        except ArithmeticError as fault:
            errors[document.format] = f"{document.slug}.{document.format} can't be compressed: {fault}"
            continue
        smallest = min(filter(None, (len(document.content), *told[document.format].twins.values())))
        twins[document.format] = twin if len(twin) < smallest else b""
    times = {name: told[name].mtime for name in twins}
    kept: dict[str, Mapping[Coding, bytes | None]] = {name: {SLOW: twin} for name, twin in twins.items() if twin}
    try:
        refused = folder.write_twins(documents[0].slug, times, kept) if kept else {}
        errors |= {name: str(error) for (name, _), error in refused.items()}
    except OutputError as error:
        errors |= dict.fromkeys(kept, str(error))
    made = {name: len(twin) for name, twin in twins.items() if name not in errors}
    spares = {f"{name}.{SUFFIXES[SLOW]}": told[name].digest for name in made if made[name]}
    folder.spares.keep(documents[0].slug, spares, is_all=False)
    return tuple(
        replace(
            record,
            twins={SLOW: made[record.format], **record.twins} if record.format in made else record.twins,
            twin_error=record.twin_error or errors.get(record.format),
        )
        for record in records
    )


def mend_twins(folder: FeedsFolder, name: str, records: Iterable[DocumentRecord], levels: Levels) -> Delivery | None:
    """Make the missing or wrong twins of these documents, under the name's lock.

    None, and nothing is done, where a document itself is not the one that was published.
    """
    documents = []
    for record in records:
        lying = _read_if(folder, name, record.format, record.length_bytes, record.mtime)
        if lying is None or lying.digest != record.digest:
            return None
        documents.append(Document(name, record.format, lying.content))
    return deliver(folder, documents, {record.format: record.mtime for record in records}, levels)


def find_twin_error(records: Iterable[DocumentRecord]) -> str | None:
    """Why a twin of these documents is missing, or None."""
    return next((record.twin_error for record in records if record.twin_error), None)


def _plan(folder: FeedsFolder, document: Document, mtime: datetime, levels: Levels, if_new: Levels) -> _Plan:
    slug, name = document.slug, document.format
    stored = _read_if(folder, slug, name, len(document.content), mtime)
    is_new = stored is None or stored.digest != document.digest
    read = {} if is_new else {coding: folder.read_twin(slug, name, coding, mtime) for coding in CODINGS}
    lying = {coding: twin for coding, twin in read.items() if twin is not None}
    wanted: Mapping[Coding, bytes] = {}
    error = None
    try:
        wanted = make_twins(document.content, if_new if is_new else levels, lying)
    except ArithmeticError as fault:
        error = f"{slug}.{name} can't be compressed: {fault}"
    changes = {
        coding: wanted.get(coding)
        for coding in CODINGS
        if wanted.get(coding) != lying.get(coding)
        or (coding not in wanted and folder.stat_twin(slug, name, coding) is not None)
    }
    return _Plan(document, mtime, is_new, wanted, changes, error)


def _read_if(folder: FeedsFolder, slug: str, format: str, length_bytes: int, mtime: datetime) -> StoredDocument | None:
    """What lies there, if it is of this length and time: what is not ours may be of any length."""
    if folder.stat(slug, format) != (length_bytes, mtime):
        return None
    lying = folder.read(slug, format)
    return lying if lying is not None and lying.mtime == mtime else None


def _digests(plans: Iterable[_Plan], refused: Refused, *, has_time: bool) -> Mapping[str, str]:
    """By suffix, of what lies in the folder now: of the document, or where there is time of a twin itself."""
    found = {}
    for plan in plans:
        name = plan.document.format
        found[name] = found[f"{name}.{TRAIL}"] = plan.document.digest
        made = {coding: twin for coding, twin in plan.wanted.items() if (name, coding) not in refused}
        found |= {
            f"{name}.{SUFFIXES[coding]}": digest_of(twin) if has_time else plan.document.digest
            for coding, twin in made.items()
        }
    return found


def _record(plan: _Plan, levels: Levels, refused: Refused) -> DocumentRecord:
    name = plan.document.format
    errors = [plan.error] if plan.error else [str(refused[name, each]) for each in CODINGS if (name, each) in refused]
    made = [] if plan.error else [each for each in CODINGS if levels.get(each) and (name, each) not in refused]
    return DocumentRecord(
        format=name,
        digest=plan.document.digest,
        length_bytes=len(plan.document.content),
        mtime=plan.mtime,
        twins={coding: len(plan.wanted.get(coding, b"")) for coding in made},
        twin_error=errors[0] if errors else None,
    )
