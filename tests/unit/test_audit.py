"""The audit of dependencies fails for a hole alone, and never takes silence for safety."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

AUDIT = runpy.run_path(str(Path(__file__).parents[2] / ".ci" / "audit.py"))
CLEAN = {"name": "click", "version": "8.2.0", "vulns": []}
SKIPPED = {"name": "flask", "skip_reason": "Dependency not found on PyPI and could not be audited: flask (3.1.0)"}
HOLE = {"name": "lxml", "version": "6.0.0", "vulns": [
    {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["6.0.3"], "description": "..."},
    {"id": "PYSEC-2026-2", "fix_versions": []},
]}  # fmt: skip


@pytest.mark.parametrize(
    ("packages", "said", "is_hole"),
    [
        ([CLEAN, CLEAN], ["no hole is known in 2 dependencies."], False),
        ([CLEAN, SKIPPED], ["no hole is known in 1 dependencies, 1 are not in it"], False),
        ([SKIPPED], ["were NOT audited"], False),
        ([], ["were NOT audited"], False),
        (None, ["were NOT audited"], False),
        ([CLEAN, HOLE, SKIPPED], ["lxml 6.0.0", "CVE-2026-1; mended in 6.0.3", "PYSEC-2026-2; not mended yet"], True),
    ],
)
def test_a_report_is_judged_by_what_was_looked_at(packages: Any, said: list[str], *, is_hole: bool) -> None:
    told, verdict = AUDIT["judge"](None if packages is None else {"dependencies": packages})
    assert all(each in told for each in said)
    assert verdict == is_hole


def test_one_lock_is_asked_about_once_a_day(tmp_path: Path) -> None:
    lock, stamps, asked = tmp_path / "run.lock", tmp_path / "stamps", []
    lock.write_text("click==8.2.0")
    globals_of_main = AUDIT["main"].__globals__
    packages: list[Any] = [CLEAN]

    def ask(path: Path) -> Any:
        asked.append(path)
        return {"dependencies": packages}

    globals_of_main["ask"] = ask
    assert [AUDIT["main"](lock, stamps) for _ in range(2)] == [0, 0]
    assert asked == [lock]
    lock.write_text("click==8.2.1")
    packages = [HOLE]
    assert [AUDIT["main"](lock, stamps) for _ in range(2)] == [1, 1], "a hole stays one"
    assert len(asked) == 3
