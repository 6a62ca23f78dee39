"""Pure: what the counts of a poller come to, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from feedsvc.model.polling import OTHERS, Counts, Poller

_ENOUGH_POLLS = 3
_ENOUGH_GAPS = 3
_TOO_OFTEN = 0.6
"""Of max-age: who asks after less than so much of it can't find anything that a cache would not have."""

_FEW = 0.5
_SOME = 0.1
_KB, _MB, _GB = 1e3, 1e6, 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One poller's card. `of_max_age` is its usual gap between two polls of a document, in max-ages; None: not known.

    `subscribers` are those that it tells of, over all documents; None where it tells nothing.
    """

    network: str
    agent: str
    counts: Counts
    share_unchanged: float
    of_max_age: float | None
    subscribers: int | None
    verdicts: tuple[str, ...]


def report(tally: Mapping[Poller, Counts]) -> list[Report]:
    """A card each, the most expensive poller first."""
    dearest = sorted(tally, key=lambda poller: (-tally[poller].body_bytes, -tally[poller].polls, poller))
    return [_report(poller, tally[poller]) for poller in dearest]


def subscribers_by_section(tally: Mapping[Poller, Counts]) -> dict[str, int]:
    """How many readers aggregators tell of, by slug, over all formats; archives are nobody's subscription."""
    found: dict[str, int] = {}
    for counts in tally.values():
        for path, number in counts.subscribers.items():
            slug, dot, _ = path.removeprefix("/feeds/").partition(".")
            if dot and "/" not in slug:
                found[slug] = found.get(slug, 0) + number
    return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))


def usual_gap(counts: Counts) -> float | None:
    """The median, to within a tenth, in max-ages; None where there is too little to tell."""
    total = sum(counts.gaps.values())
    if total < _ENOUGH_GAPS:
        return None
    passed = 0
    for bucket in sorted(counts.gaps):
        passed += counts.gaps[bucket]
        if passed * 2 >= total:
            break
    return float(2 ** ((bucket - 0.5) / 4))


def say_bytes(length_bytes: float) -> str:
    """`42 KB`, as the rest of the house counts them: a KB has 1,000."""
    for unit, name in ((_GB, "GB"), (_MB, "MB"), (_KB, "KB")):
        if length_bytes >= unit:
            number = length_bytes / unit
            return f"{number:.0f} {name}" if number >= 10 else f"{number:.1f} {name}"  # noqa: PLR2004  # two figures
    return f"{length_bytes:.0f} bytes"


def _report(poller: Poller, counts: Counts) -> Report:
    network, agent = poller
    return Report(
        network="" if poller == OTHERS else network,
        agent="(others)" if poller == OTHERS else agent or "(without a name)",
        counts=counts,
        share_unchanged=counts.unchanged / counts.polls if counts.polls else 0.0,
        of_max_age=usual_gap(counts),
        subscribers=sum(counts.subscribers.values()) if counts.subscribers else None,
        verdicts=() if poller == OTHERS else tuple(_judge(counts)) or ("polls well",),
    )


def _judge(counts: Counts) -> Iterator[str]:
    yield from _judge_aim(counts)
    if counts.polls >= _ENOUGH_POLLS:
        yield from _judge_cost(counts)
        gap = usual_gap(counts)
        if gap is not None and gap < _TOO_OFTEN:
            yield f"asks {round(1 / gap)} times as often as max-age"
    elif not (counts.refused or counts.moved or counts.missed):
        yield "too few polls to judge"


def _judge_aim(counts: Counts) -> Iterator[str]:
    """Does it ask for what is there?"""
    if counts.refused:
        yield f"was refused {counts.refused} times for fetching too much (429)"
    if counts.moved:
        yield f"asks at an old address ({counts.moved} of {counts.polls} polls): it does not heed 301"
    if counts.missed > counts.polls * _SOME:
        yield f"asks for what is not there ({counts.missed} of {counts.polls} polls)"


def _judge_cost(counts: Counts) -> Iterator[str]:
    """Does it ask so that little has to be sent?"""
    if counts.bodies < _ENOUGH_POLLS:
        return
    body = say_bytes(counts.body_bytes / (counts.bodies + counts.deltas))
    if not counts.conditional:
        yield f"sends no validators: every poll costs {body}"
    elif counts.conditional < counts.polls * _FEW:
        yield f"sends validators in {counts.conditional} of {counts.polls} polls only: each of the others costs {body}"
    if counts.plain > counts.bodies * _FEW:
        yield "takes no compression"
