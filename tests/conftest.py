"""What every room's tests share. No property test fails for a busy machine, in whichever room it stands."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

import counting
from effort import EFFORT

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]

# The same examples each time, unless more effort is asked for.
settings.register_profile(
    "feedsvc", deadline=None, suppress_health_check=SLOW, derandomize=EFFORT == 1, print_blob=True
)
settings.load_profile("feedsvc")


def pytest_configure(config: pytest.Config) -> None:
    counting.begin(config)
