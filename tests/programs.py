"""Programs that tests need and a machine may lack: CI installs them (`.ci/run`), elsewhere a test is skipped."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest


def require(program: str) -> str:
    """The program's path; without it the test is skipped, and in CI fails."""
    return shutil.which(program) or miss(f"{program} is not installed (`.ci/run` installs it)")


def miss(reason: str) -> NoReturn:
    """Skip the test; in CI it fails."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


NODE_PACKAGES = Path(__file__).parents[1] / "build" / "node"
"""Where `.ci/node-packages` puts what `.ci/node-packages.txt` names."""


def require_node_package(name: str) -> Path:
    """The folder from which node finds this package; without it as `require`."""
    if not (NODE_PACKAGES / "node_modules" / name / "package.json").is_file():
        miss(f"the npm package {name} is not there (`.ci/node-packages` fetches it)")
    return NODE_PACKAGES
