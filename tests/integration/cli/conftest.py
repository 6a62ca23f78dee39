"""The sample site, fresh for each test, and the command line in this process."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import Site, run


@pytest.fixture(scope="module")
def _sample_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples") / "site"
    run("init", "--samples", folder)
    Site(folder).postpone_forecast()
    return folder


@pytest.fixture
def site(_sample_site: Path, tmp_path: Path) -> Site:
    """The sample site with its feeds live."""
    folder = tmp_path / "site"
    shutil.copytree(_sample_site, folder)
    return Site(folder)


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """A command sends the log to its own standard error: afterwards it goes where it went before."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
