"""docs/operations.md names the test of each fault, and each of these tests is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECTION = (ROOT / "docs/operations.md").read_text("utf-8").partition("\n## Faults\n")[2].partition("\n##")[0]
ROWS = [line for line in SECTION.splitlines() if line.startswith("| ")][2:]


def test_there_are_faults() -> None:
    assert len(ROWS) > 20


@pytest.mark.parametrize("row", ROWS, ids=[row.split("|")[1].strip() for row in ROWS])
def test_each_fault_names_tests_that_are_there_or_that_it_has_none(row: str) -> None:
    cells = row.strip("| ").split(" | ")
    assert len(cells) == 5, row
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", cells[4])
    assert named or "not tested yet" in cells[4]
    for path, name in named:
        found = re.findall(rf"^def {name}\(", (ROOT / "tests/integration" / path).read_text("utf-8"), re.MULTILINE)
        assert len(found) == 1, f"{path} has no {name}"
