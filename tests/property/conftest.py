"""No test here fails for a loaded machine; the same examples each time, unless more effort is asked for."""

from __future__ import annotations

from hypothesis import settings

from effort import EFFORT

settings.register_profile("feedsvc", deadline=None, derandomize=EFFORT == 1, print_blob=True)
settings.load_profile("feedsvc")
