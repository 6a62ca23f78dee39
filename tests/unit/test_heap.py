"""Memory that is free goes back to the system."""

import subprocess
import sys

import pytest

PROGRAM = """
import re
from pathlib import Path
from feedsvc import heap

def anonymous_bytes():
    return int(re.search(r"RssAnon:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024

{first}
large = b"x" * 2_000_000
del large  # from now on glibc itself would take the like from its heap
before = anonymous_bytes()
documents, kept = [], []
for number in range(100):
    documents.append(bytes([number]) * 300_000)
    kept.append(bytes([number]) * 3_000)
assert anonymous_bytes() - before > 25_000_000
del documents
{then}
print(anonymous_bytes() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc is asked")
@pytest.mark.parametrize(("first", "then"), [("heap.hold_little()", ""), ("", "heap.give_back()")])
def test_holes_of_the_size_of_documents_go_back(first: str, then: str) -> None:
    program = PROGRAM.format(first=first, then=then)
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=120)
    assert int(done.stdout) < 5_000_000
