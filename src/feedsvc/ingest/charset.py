"""Chinese text that is not UTF-8: in GB18030 or Big5, whichever reads as Chinese."""

from __future__ import annotations

import re

_FREQUENT = re.compile("[，。、：；“”「」的一是在不了有和人这這中大为為上个個国國我以要他时時来來們们年月日]")
_CHINESE = 0.05
"""The share of these that Chinese text never falls below, and misread text never reaches."""


def guess_chinese(content: bytes) -> tuple[str, str] | None:
    """The encoding (`gb18030`, `big5`) and the text; None for what is Chinese in neither."""
    readings = [
        (_rate(text), encoding, text) for encoding in ("gb18030", "big5") if (text := _decode(content, encoding))
    ]
    rating, encoding, text = max(readings, default=(0.0, "", ""))
    return None if rating < _CHINESE else (encoding, text)


def _rate(text: str) -> float:
    beyond_ascii = sum(not character.isascii() for character in text)
    return len(_FREQUENT.findall(text)) / beyond_ascii if beyond_ascii else 0.0


def _decode(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return ""
