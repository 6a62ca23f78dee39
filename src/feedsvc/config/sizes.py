"""Sizes, as config.yaml writes them."""

from __future__ import annotations

import re

SIZE_PATTERN = "^[0-9]{1,12} ?([Kk][Bb]|[Mm][Bb]|B)$"
SMALLEST_DOCUMENT = 10_000
LEAST_MEMORY = 1_000_000
LEAST_PROCESS = 100_000_000
MOST_MEMORY = 100_000_000_000
LARGEST_DOCUMENT = 16_000_000
"""Far below what parse.py takes, since a body is escaped, and stands beside a summary."""

_UNIT_BYTES = {"B": 1, "KB": 1_000, "MB": 1_000_000}


def read_size(text: str) -> int:
    """Bytes of `500 KB`, `2 MB`, in powers of ten as storage and networks count. Raises ValueError."""
    parts = re.fullmatch(r"([0-9]{1,12}) ?([A-Za-z]{1,2})", text)
    if parts is None or parts[2].upper() not in _UNIT_BYTES:
        raise ValueError(text)
    return int(parts[1]) * _UNIT_BYTES[parts[2].upper()]
