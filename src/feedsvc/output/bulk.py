"""How far the worker has come with many feeds: a file in the feeds folder, for whoever asks."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path

from feedsvc.model import BulkProgress
from feedsvc.output.replacing import TEMP_PREFIX

_NAME = ".progress"
_LASTS_SECONDS = 15.0
"""It is written each second; one that is older is the story of a worker that was killed."""


def note_bulk_progress(folder: Path, progress: BulkProgress | None) -> None:
    """None when there are not many any more. Never raises."""
    path, temp = folder / _NAME, folder / f"{TEMP_PREFIX}{_NAME}"
    with contextlib.suppress(OSError):
        if progress is None:
            path.unlink(missing_ok=True)
        else:
            temp.write_text(json.dumps([progress.done, progress.waiting, progress.seconds]), "ascii")
            temp.rename(path)


def read_bulk_progress(folder: Path) -> BulkProgress | None:
    """What was noted, if it is of now."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        path = folder / _NAME
        if time.time() - path.stat().st_mtime < _LASTS_SECONDS:
            done, waiting, seconds = json.loads(path.read_text("ascii"))
            return BulkProgress(int(done), int(waiting), float(seconds))
    return None
