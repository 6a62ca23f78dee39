"""Which feeds the hooks of `alerts` were last told to be failing: a file in the feeds folder, for the owner alone.

So a worker that is started anew tells nothing twice, and tells what has recovered in the meantime.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from feedsvc.errors import OutputError
from feedsvc.model import FeedTrouble
from feedsvc.output.files import read_whole, telling
from feedsvc.output.replacing import TEMP_PREFIX

_NAME = ".alerts"
_MODE = 0o600
_LONGEST_BYTES = 16_000_000

Told = Mapping[str, Mapping[str, FeedTrouble]]
"""By hook, then by slug."""


def read_told(folder: Path) -> Told:
    """What can't be read counts as nothing: then the hooks are told anew."""
    try:
        found = read_whole(folder / _NAME, below_bytes=_LONGEST_BYTES)
        value = json.loads(found[0]) if found is not None else {}
        return {
            str(hook): {
                str(slug): FeedTrouble(since=datetime.fromisoformat(since), error=str(error))
                for slug, (since, error) in failing.items()
            }
            for hook, failing in value.items()
        }
    except (OutputError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def write_told(folder: Path, told: Told) -> None:
    """Raises OutputError."""
    rows = {
        hook: {slug: [each.since.isoformat(), each.error] for slug, each in failing.items()}
        for hook, failing in told.items()
    }
    temp = folder / f"{TEMP_PREFIX}{_NAME}"
    with telling(folder / _NAME):
        with os.fdopen(os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, _MODE), "wb") as file:
            file.write(json.dumps(rows).encode("ascii"))
        temp.rename(folder / _NAME)
