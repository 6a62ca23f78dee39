"""What a process of the service does not need it does not hold: an import costs each of them megabytes for good."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("feedsvc.cli.serve", {"alembic", "obstore", "pypinyin"}),
        ("feedsvc.cli.worker", {"alembic", "flask", "granian", "obstore", "pypinyin"}),
    ],
)
def test_a_process_imports_no_more_than_it_needs(module: str, unwanted: set[str]) -> None:
    program = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=120)
    assert unwanted & set(done.stdout.split()) == set()
