"""docs/tutorial.md can be followed as it is written: every command works, in its order, from an empty folder."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from service import DEADLINE_SECONDS, free_port, serving, wait_until

TUTORIAL = (Path(__file__).parents[3] / "docs" / "tutorial.md").read_text("utf-8")
MAKE_RUN, *BLOCKS = re.findall(r"```sh\n(.*?)```", TUTORIAL, re.DOTALL)
SERVE = BLOCKS.index("feedsvc serve\n")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder whose .venv/bin has feedsvc, as `make run` leaves it."""
    program = tmp_path / ".venv" / "bin" / "feedsvc"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m feedsvc "$@"\n')
    program.chmod(0o755)
    return tmp_path


def follow(blocks: list[str], project: Path, port: int) -> str:
    """Type these into a new terminal in the project's folder; what it shows."""
    script = "".join(blocks).replace("8001", str(port))
    done = subprocess.run(
        ["bash", "-eu", "-c", script],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=10 * DEADLINE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("curl") is None, reason="the tutorial calls curl")
def test_every_command_works_in_its_order(project: Path) -> None:
    assert MAKE_RUN == "make run\n"
    port = free_port()
    assert "2 sections" in follow(BLOCKS[:SERVE], project, port)
    config = project / "riverside" / "config.yaml"
    assert f"port: {port}" in config.read_text("utf-8")
    with serving(config, port) as service:
        shown = follow(BLOCKS[SERVE + 1 :], project, port)
        wait_until(service.is_current, "the last change to be published")
        feed = json.loads(service.get("/feeds/macro.json").body)
    assert (
        f"http://127.0.0.1:{port}/feeds/macro.atom"
        in json.loads(re.findall(r"^\{.*\}$", shown, re.MULTILINE)[0])["feeds"]
    )
    titles = {item["title"] for item in feed["items"]}
    assert titles == {"江畔新区今日开工", "老码头装上新吊机", "江心渡口恢复夜航"}
