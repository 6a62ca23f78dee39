"""Asks the list of known holes about everything that a running service is built of: python .ci/audit.py LOCK STAMPS.

pip-audit asks PyPI; where a mirror has no such list it skips every package and calls that "no known vulnerabilities",
so what it looked at is counted here. Exit code 1 for a hole, 0 otherwise: that nothing could be asked is said, and
fails no build. Asked once a day for one lock; STAMPS is a folder that remembers it.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LONGEST_SECONDS = 90


def main(lock: Path, stamps: Path) -> int:
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    stamp = stamps / f"{datetime.now(UTC):%Y-%m-%d}-{digest}"
    if stamp.exists():
        return 0
    told, is_hole = judge(ask(lock))
    print(told)
    if not is_hole:
        stamps.mkdir(parents=True, exist_ok=True)
        stamp.touch()
    return int(is_hole)


def ask(lock: Path) -> Any:
    """pip-audit's report, None if there is none."""
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--disable-pip",
        "--require-hashes",
        "--vulnerability-service",
        "pypi",
    ]
    command += ["--progress-spinner", "off", "--timeout", "10", "--format", "json", "--requirement", str(lock)]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=LONGEST_SECONDS)
        return json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return None


def judge(report: Any) -> tuple[str, bool]:
    """What is to be said of it, and whether there is a hole."""
    packages = report["dependencies"] if report else []
    asked = [each for each in packages if "vulns" in each]
    holes = [(each, hole) for each in asked for hole in each["vulns"]]
    if holes:
        return "\n".join(_describe(each, hole) for each, hole in holes), True
    if not asked:
        return "audit: no list of known holes can be reached from here; the dependencies were NOT audited.", False
    left = f", {len(packages) - len(asked)} are not in it" if len(asked) < len(packages) else ""
    return f"audit: no hole is known in {len(asked)} dependencies{left}.", False


def _describe(package: Any, hole: Any) -> str:
    names = ", ".join([hole["id"], *hole.get("aliases", ())])
    mend = f"mended in {', '.join(hole['fix_versions'])}" if hole.get("fix_versions") else "not mended yet"
    return f"audit: {package['name']} {package['version']} has a hole: {names}; {mend}. `make lock` takes a newer one."


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
