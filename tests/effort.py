"""How hard property tests try: quick and always the same in CI and by default, deep on demand.

`FEEDSVC_EFFORT=50 python -m pytest tests/property` draws fifty times as many examples, others in each run.
"""

from __future__ import annotations

import os

from hypothesis import settings

EFFORT = int(os.environ.get("FEEDSVC_EFFORT", "1"))


def examples(count: int) -> settings:
    """So many examples, times the effort."""
    return settings(max_examples=count * EFFORT)
