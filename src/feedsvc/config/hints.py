"""The mend that goes with an error."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class HintedError(ValueError):
    """A value is refused, and `hint` is the mend."""

    def __init__(self, hint: str) -> None:
        self.hint = hint
        super().__init__(hint)


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """The hint at the nearest of `words`, whatever the case of its letters, or ''."""
    by_folded = {candidate.casefold(): candidate for candidate in words}
    near = get_close_matches(word.casefold(), by_folded, n=1)
    return f"Did you mean `{by_folded[near[0]]}`?" if near else ""
