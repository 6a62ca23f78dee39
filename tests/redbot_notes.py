"""REDbot, a lint for HTTP, which has an environment of its own (`.ci/redbot` makes it)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path

from programs import miss
from service import DEADLINE_SECONDS

_ROOT = Path(__file__).parents[1]
_PYTHON = _ROOT / "build/redbot/bin/python"


def find_warnings(urls: Iterable[str]) -> list[tuple[str, str]]:
    """Address and note of all that REDbot calls worse than information. It asks for each in several ways."""
    if not (_ROOT / "build/redbot/.installed").exists():
        miss("REDbot is not there (`.ci/redbot` installs it)")
    asked = list(urls)
    command = [str(_PYTHON), str(Path(__file__).with_name("redbot_notes_of.py")), *asked]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS)
    assert done.returncode == 0, done.stderr
    notes = json.loads(done.stdout)
    assert set(notes) == set(asked)
    assert all(levels_of(each) >= {"GOOD", "INFO"} for each in notes.values())
    return [
        (url, f"{level} {name}: {summary}")
        for url, found in notes.items()
        for level, name, summary in found
        if level not in {"GOOD", "INFO"}
    ]


def levels_of(notes: Iterable[tuple[str, str, str]]) -> set[str]:
    return {level for level, _, _ in notes}
