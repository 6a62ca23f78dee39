"""What tests of the audit share: one that may take what it likes, and documents that go wrong on purpose."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

from feedsvc.allowance import Allowance
from feedsvc.auditor import Auditor
from feedsvc.model import Publication
from feedsvc.runtime import Runtime


def is_quiet() -> bool:
    return True


def generous() -> Allowance:
    """Between two looks at the clock a thousand seconds have passed, and nothing was taken."""
    ticks = count(0, 1000)
    return Allowance(lambda: next(ticks), lambda: 0.0)


def auditor_of(runtime: Runtime) -> Auditor:
    return Auditor(runtime, is_quiet, generous())


def tell(auditor: Auditor, runtime: Runtime) -> None:
    """Let it see what is live, as the worker does."""
    auditor.note_survey(runtime.store.publications(runtime.folder_id), runtime.store.section_states())


def audit_all(auditor: Auditor, runtime: Runtime) -> int:
    """Until there is nothing left to do; the number of steps."""
    tell(auditor, runtime)
    for steps in count():
        if auditor.step():
            if auditor._marks:
                auditor._save(at_once=True)
            auditor._audited.let_go()
            return steps
    raise AssertionError


def audit_one(auditor: Auditor, name: str) -> None:
    """This feed or archive alone, from its reading to what comes of it."""
    auditor.note_made(name)
    auditor.step()
    while auditor._case is not None:
        auditor.step()


def overwrite(path: Path, change: Callable[[bytes], bytes], *, in_place: bool = True) -> None:
    """Other bytes of the same length under the same time: nothing that a stat tells."""
    content, status = path.read_bytes(), path.stat()
    changed = change(content)
    assert changed != content
    assert len(changed) == len(content)
    if not in_place:
        path.unlink()
    path.write_bytes(changed)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def flip(content: bytes) -> bytes:
    """One bit in the middle."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def forge(runtime: Runtime, slug: str, name: str, content: bytes) -> Publication:
    """Lay this document there with its twins, and let the store say that it was published: as a bug would."""
    known = runtime.store.publication(runtime.folder_id, slug)
    assert known is not None
    document = runtime.folder.path / f"{slug}.{name}"
    (record,) = (each for each in known.documents if each.format == name)
    document.unlink()
    document.write_bytes(content)
    os.utime(document, (record.mtime.timestamp(), record.mtime.timestamp()))
    lying = runtime.folder.read(slug, name)
    assert lying is not None
    forged = replace(record, digest=lying.digest, length_bytes=len(content), twins={})
    for twin in runtime.folder.path.glob(f"{slug}.{name}.*"):
        twin.unlink()
    documents = tuple(forged if each is record else each for each in known.documents)
    with runtime.store.write() as tx:
        tx.save_publication(runtime.folder_id, replace(known, documents=documents))
    assert runtime.regenerator.mend_twins(runtime.settings, slug) is None
    assert slug not in runtime.regenerator.stale(runtime.settings)
    found = runtime.store.publication(runtime.folder_id, slug)
    assert found is not None
    return found
