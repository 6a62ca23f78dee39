"""How somebody polls: counts of a day, of one program from one part of the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

KEPT_SUBSCRIPTIONS = 10_000
"""Documents of which a day's tally tells subscribers, of all pollers together."""

OTHERS = ("*", "*")
"""Network and agent of the row into which the least ones go where there are too many."""

Poller = tuple[str, str]
"""(network, agent): `203.0.113.0/24` or `2001:db8::/48`, and a User-Agent in which no number of subscribers stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a poller asked for and got.

    `unchanged` are 304, `deltas` 226, `bodies` whole documents (200), `plain` those of them that were not compressed,
    `brotli` those in that coding, `body_bytes` the bytes of bodies and deltas. `conditional` are the requests with a
    validator. `missed` are 404, 410 and their like, `failed` 503 and its like, `moved` requests for an old address,
    `refused` 429.
    `gaps`: how often a document was asked for again after so much of its max-age: bucket `n` counts from 2^((n-1)/4) to
    2^(n/4) times of it. `subscribers` are how many it says that it asks for, by document.
    """

    polls: int = 0
    unchanged: int = 0
    deltas: int = 0
    bodies: int = 0
    plain: int = 0
    brotli: int = 0
    body_bytes: int = 0
    conditional: int = 0
    missed: int = 0
    failed: int = 0
    moved: int = 0
    refused: int = 0
    gaps: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    subscribers: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def __add__(self, later: Counts) -> Counts:
        """Both together; of the subscribers what was said last."""
        gaps = dict(self.gaps)
        for bucket, times in later.gaps.items():
            gaps[bucket] = gaps.get(bucket, 0) + times
        numbers = {name: getattr(self, name) + getattr(later, name) for name in COUNTED}
        return Counts(**numbers, gaps=gaps, subscribers={**self.subscribers, **later.subscribers})


COUNTED = (
    "polls", "unchanged", "deltas", "bodies", "plain", "brotli", "body_bytes", "conditional", "missed", "failed",
    "moved", "refused",
)  # fmt: skip
"""The counts that are plain numbers."""

Tally = Mapping[Poller, Counts]


def add_up(*tallies: Tally, limit: int) -> dict[Poller, Counts]:
    """All of them together, the later ones last; beyond `limit` rows the cheapest become OTHERS."""
    found: dict[Poller, Counts] = {}
    for tally in tallies:
        for poller, counts in tally.items():
            known = found.get(poller)
            found[poller] = counts if known is None else known + counts
    if len(found) <= limit and _subscriptions(found) <= KEPT_SUBSCRIPTIONS:
        return found
    rest = found.pop(OTHERS, Counts())
    dearest = sorted(found, key=lambda poller: (-found[poller].body_bytes, -found[poller].polls, poller))
    room = KEPT_SUBSCRIPTIONS
    for poller in dearest[: limit - 1]:
        room -= len(found[poller].subscribers)
        if room < 0:
            found[poller] = replace(found[poller], subscribers={})
    for poller in dearest[limit - 1 :]:
        rest += found.pop(poller)
    return found | {OTHERS: Counts(**{name: getattr(rest, name) for name in COUNTED})}


def _subscriptions(tally: Tally) -> int:
    return sum(len(counts.subscribers) for counts in tally.values())
