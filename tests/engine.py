"""What tests of the engine share: newsrooms on any database, renderers that break on purpose, what lies on disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from feedsvc.config import Settings
from feedsvc.feed.formats import FORMATS, RENDERER, Format
from feedsvc.model import Feed, Finding
from feedsvc.publish import Clock
from feedsvc.regenerate import Regenerator, Result
from feedsvc.runtime import Runtime
from newsroom import CONFIG, Newsroom, open_newsroom


@contextmanager
def newsroom_on(url: str, folder: Path, clock: Clock, config: str = CONFIG) -> Iterator[Newsroom]:
    """A newsroom whose articles are in the database at this URL."""
    folder.mkdir(exist_ok=True)
    with open_newsroom(folder, clock, f"{config}database: '{url}'\n") as newsroom:
        yield newsroom


def broken_formats(
    name: str = "rss",
    *,
    render: Callable[[Feed, Callable[[Feed], bytes]], bytes] | None = None,
    verify: Callable[[bytes, Feed], list[Finding]] | None = None,
    inspect: Callable[[bytes, Feed], list[Finding]] | None = None,
) -> Mapping[str, Format]:
    """All formats, of which one renders, verifies or inspects in its own way; `render` is handed the right renderer."""
    row = FORMATS[name]
    changed = row
    if render is not None:
        changed = replace(changed, render=lambda feed: render(feed, row.render))
    if verify is not None:
        changed = replace(changed, verify=verify)
    if inspect is not None:
        changed = replace(changed, inspect=inspect)
    return {**FORMATS, name: changed}


def regenerator(
    runtime: Runtime, formats: Mapping[str, Format] = FORMATS, *, renderer: str = RENDERER, clock: Clock | None = None
) -> Regenerator:
    """One beside the runtime's own, on the same store and folder."""
    return Regenerator(
        runtime.store, runtime.folder, runtime.folder_id, clock or runtime.clock, formats=formats, renderer=renderer
    )


def settings_with(runtime: Runtime, slug: str, **changes: Any) -> Settings:
    """The settings in force with one section changed."""
    settings = runtime.settings
    return replace(settings, sections={**settings.sections, slug: replace(settings.sections[slug], **changes)})


def run(runtime: Runtime, slug: str = "macro", **options: Any) -> Result:
    return runtime.regenerator.regenerate(runtime.settings, slug, **options)


def texts(runtime: Runtime, slug: str = "macro") -> dict[str, str]:
    """Format -> the document that lies in the folder."""
    found = {name: runtime.folder.read(slug, name) for name in (*FORMATS, "opml")}
    return {name: stored.content.decode() for name, stored in found.items() if stored}


def files(folder: Path) -> dict[str, tuple[bytes, float, int]]:
    """Name -> content, mtime and inode of all that is not hidden."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime, path.stat().st_ino)
        for path in folder.iterdir()
        if path.is_file() and not path.name.startswith(".")
    }


def forget_spares(runtime: Runtime) -> None:
    """So that what is missing can't come back, and is made anew."""
    shutil.rmtree(runtime.folder.spares.path)


def temp_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob(".tmp*"))


def mtime(runtime: Runtime, slug: str = "macro", name: str = "rss") -> datetime:
    stat = runtime.folder.stat(slug, name)
    assert stat is not None
    return stat[1]
