"""Runs the benches of the engine and writes what they print into docs/performance.md, with command, day and machine.

    make bench                                                    all; it takes most of an hour
    make bench BENCHARGS='publication -- --articles 10000 1000000'      one of them, with options of its own
    make bench BENCHARGS='latency -- --sections 1000 --rates 20 40'

What stands between the markers of a bench is replaced, nothing else; where there are none it comes at the end.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/performance.md"
BENCHES = {
    "publication": ["bench/publication.py", "--articles", "10000", "1000000"],
    "latency": [
        *["bench/latency.py", "--site", "build/bench/sqlite", "--sections", "1000"],
        *["--alone", "40", "--rates", "5", "10", "20", "--seconds", "15"],
    ],
    "latency-postgresql": [
        *["bench/latency.py", "--database", "postgresql", "--site", "build/bench/postgresql", "--sections", "1000"],
        *["--alone", "40", "--rates", "5", "10", "20", "--seconds", "15"],
    ],
    "bulk": ["bench/bulk.py", "--sections", "1000", "--naive-sections", "60"],
    "sections": ["bench/scale.py", "sections"],
    "memory": ["bench/scale.py", "memory", "--folder", "build/bench/memory"],
    "import": ["bench/scale.py", "import"],
    "import-postgresql": ["bench/scale.py", "import", "--database", "postgresql"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=", ".join(BENCHES))
    own, _, others = " ".join(sys.argv[1:]).partition("-- ") if "--" in sys.argv else (" ".join(sys.argv[1:]), "", "")
    for name in parser.parse_args(own.split()).names or BENCHES:
        command = [*BENCHES[name], *others.split()]
        print(f"{name}: {' '.join(command)}", file=sys.stderr)
        said = subprocess.run(
            [sys.executable, *command], check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True
        ).stdout
        write(name, command, said.strip())
        print(said)


def write(name: str, command: list[str], said: str) -> None:
    """Between the bench's markers, which must be there."""
    began, ended = f"<!-- {name} -->", f"<!-- end of {name} -->"
    when = f"{datetime.now(UTC):%Y-%m-%d}, {machine()}, load {os.getloadavg()[0]:.1f} at the end"
    block = f"{began}\n```sh\npython {' '.join(command)}\n```\n\n{when}\n\n{said}\n{ended}"
    page = PAGE.read_text(encoding="utf-8")
    head, start, rest = page.partition(began)
    _, end, foot = rest.partition(ended)
    if not (start and end):
        head, foot = page.rstrip("\n") + "\n\n", "\n"
    PAGE.write_text(f"{head}{block}{foot}", encoding="utf-8")


def machine() -> str:
    """Its processor and its cores."""
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return f"{os.cpu_count()} cores of {found[1] if found else 'an unknown processor'}"


if __name__ == "__main__":
    main()
