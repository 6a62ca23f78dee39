"""Files going live, in an order in which no old twin ever stands beside a new document.

    every temp file written               documents before twins: a disk that fills up refuses these first
    whoever wants to is told              what belongs to the documents and may be missing is laid beside them (deltas),
                                          while the disk is at work
    each of them fsynced
    the old twins deleted
    documents renamed, then twins; the bell rung (bell.py)
    the folders fsynced

A kill at any point leaves a whole document, old or new, with its own twins or without. Whoever serves the folder by
name alone (nginx's gzip_static) never pairs two generations.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import FileIO
from pathlib import Path

from feedsvc.errors import OutputError
from feedsvc.model import Coding
from feedsvc.output.files import begin_writing, make_folder, output_error, sync_folder, telling
from feedsvc.output.twins import SUFFIXES

TEMP_PREFIX = ".tmp."


@dataclass(frozen=True, slots=True)
class Replacement:
    """A document (None: the one that lies at `path` stays) and its twins (None: such a one is deleted)."""

    path: Path
    mtime: datetime
    content: bytes | None
    twins: Mapping[Coding, bytes | None]


@dataclass(frozen=True, slots=True)
class _Temps:
    """Temp file -> where it goes; `files` are open. `refused` is path -> why a twin does not go there."""

    documents: dict[Path, Path] = field(default_factory=dict)
    twins: dict[Path, Path] = field(default_factory=dict)
    files: dict[Path, FileIO] = field(default_factory=dict)
    refused: dict[Path, OutputError] = field(default_factory=dict)


def twin_path(path: Path, coding: Coding) -> Path:
    """Where the twin of the document at `path` lies."""
    return path.with_name(f"{path.name}.{SUFFIXES[coding]}")


def replace_files(
    replacements: Sequence[Replacement], ring: Callable[[], None], *, before: Callable[[], None] = lambda: None
) -> Mapping[Path, OutputError]:
    """Put them where they go; by path, why a twin could not be put there, which keeps no document back.

    `before` is called when all of it lies there under other names; `ring` as soon as they are there. Raises
    OutputError where a document can't be put, or an old twin not be taken away. No temp file stays.
    """
    temps = _Temps()
    try:
        _begin(temps, replacements)
        before()
        _sync(temps)
        for each in replacements:
            for coding in each.twins:
                _delete_twin(twin_path(each.path, coding))
        for temp, path in temps.documents.items():
            with telling(path):
                temp.rename(path)
        for temp, path in temps.twins.items():
            with _noting(temps.refused, path, temp):
                temp.rename(path)
        ring()
        for folder in {each.path.parent for each in replacements}:
            with telling(folder):
                sync_folder(folder)
    except BaseException:
        ring()  # some may be there already
        _discard([*temps.documents, *temps.twins])
        raise
    finally:
        for file in temps.files.values():
            file.close()
    return temps.refused


def delete_files(paths: Sequence[Path]) -> bool:
    """Delete these documents, each after its twins; True if something was there."""
    is_any = False
    for path in paths:
        for each in (*(twin_path(path, coding) for coding in SUFFIXES), path):
            with telling(each), contextlib.suppress(FileNotFoundError):
                each.unlink()
                is_any = True
    return is_any


def _begin(temps: _Temps, replacements: Sequence[Replacement]) -> None:
    """With all, before the first is synced: so they share the file system's journal, and the disk has its order."""
    for each in replacements:
        if each.content is not None:
            _write_temp(temps, temps.documents, each.path, each.content, each.mtime)
    for each in replacements:
        _write_twins(temps, each)


def _sync(temps: _Temps) -> None:
    for temp, path in temps.documents.items():
        with telling(path):
            os.fsync(temps.files[temp].fileno())
    for temp, path in list(temps.twins.items()):
        with _noting(temps.refused, path, temp):
            os.fsync(temps.files[temp].fileno())
        if path in temps.refused:
            del temps.twins[temp]


def _write_twins(temps: _Temps, replacement: Replacement) -> None:
    for coding, content in replacement.twins.items():
        if content is not None:
            path = twin_path(replacement.path, coding)
            with _noting(temps.refused, path):
                _write_temp(temps, temps.twins, path, content, replacement.mtime)


def _write_temp(temps: _Temps, those: dict[Path, Path], path: Path, content: bytes, mtime: datetime) -> None:
    with telling(path.parent):
        make_folder(path.parent)
    # One name for ever, under the name's lock: what a crash left there makes room here, and nobody has to look for it.
    temp = path.with_name(f"{TEMP_PREFIX}{path.name}")
    those[temp] = path
    with telling(path):
        try:
            try:
                temps.files[temp] = begin_writing(temp, content, mtime)
            except FileExistsError:
                temp.unlink()
                temps.files[temp] = begin_writing(temp, content, mtime)
        except BaseException:
            del those[temp]
            _discard([temp])
            raise


def _delete_twin(path: Path) -> None:
    """A folder in its place is nobody's twin: it stays, and is told of when a twin is to go there."""
    with telling(path), contextlib.suppress(FileNotFoundError, IsADirectoryError):
        path.unlink()


@contextlib.contextmanager
def _noting(refused: dict[Path, OutputError], path: Path, temp: Path | None = None) -> Iterator[None]:
    try:
        yield
    except OutputError as error:
        refused[path] = error
    except OSError as error:
        refused[path] = output_error(path, error)
        if temp is not None:
            _discard([temp])


def _discard(temps: Sequence[Path]) -> None:
    for temp in temps:
        with contextlib.suppress(OSError):
            temp.unlink()
