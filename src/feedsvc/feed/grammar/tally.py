"""Of very many findings, those that are told: of each rule the first, so that none hides another, and how many more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from feedsvc.feed.grammar.rules import Rule, breach
from feedsvc.model import Finding

MOST = 1_000
"""So many are told of one document."""

OF_RULE = 500
"""So many of one rule: a section's newest articles, each of them guilty once."""

FIRST = 10
"""So many of each rule, even if there are enough of others."""

MANY = Rule(
    name="document.many",
    standard="feedsvc",
    message="there are more findings of this rule than are told here",
    mend="mend those that are told, and look again",
    severity="warning",
)
"""`place` is the rule's name, `found` how many more: a warning, since what is told of the rule says how bad it is."""

RULES = (MANY,)


class Tally:
    """Asked of every finding in the order in which they are found; counting one costs next to nothing."""

    def __init__(self) -> None:
        self._told: Counter[str] = Counter()
        self._untold: Counter[str] = Counter()
        self._total = 0

    def keeps(self, rule: Rule) -> bool:
        """Is this one to be told? Else it is counted."""
        told = self._told[rule.name]
        if told >= FIRST and (told >= OF_RULE or self._total >= MOST):
            self._untold[rule.name] += 1
            return False
        self._told[rule.name] += 1
        self._total += 1
        return True

    def rest(self, format: str) -> Iterator[Finding]:
        """How many more there are, rule by rule."""
        return (breach(MANY, format, place=name, found=str(number)) for name, number in self._untold.items())
