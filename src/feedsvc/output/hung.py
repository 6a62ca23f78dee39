"""Which feeds have hung since they were last live, and how often: a file in the feeds folder, for the owner alone."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from feedsvc.errors import OutputError
from feedsvc.output.files import read_whole, telling
from feedsvc.output.replacing import TEMP_PREFIX

_NAME = ".hung"
_MODE = 0o600
_LONGEST_BYTES = 16_000_000


def read_hung(folder: Path) -> dict[str, int]:
    """What can't be read counts as nothing: then it is found out again."""
    try:
        found = read_whole(folder / _NAME, below_bytes=_LONGEST_BYTES)
        value = json.loads(found[0]) if found is not None else {}
        return {str(name): int(times) for name, times in value.items()}
    except (OutputError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def write_hung(folder: Path, hung: Mapping[str, int]) -> None:
    """Without any there is no such file. Raises OutputError."""
    with telling(folder / _NAME):
        if not hung:
            (folder / _NAME).unlink(missing_ok=True)
            return
        temp = folder / f"{TEMP_PREFIX}{_NAME}"
        with os.fdopen(os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, _MODE), "wb") as file:
            file.write(json.dumps(hung).encode("ascii"))
        temp.rename(folder / _NAME)
