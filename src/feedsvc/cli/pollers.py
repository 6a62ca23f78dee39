"""`feedsvc pollers`: who polls, how often, how well, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import click

from feedsvc.cli.commands import config_option
from feedsvc.cli.messages import say
from feedsvc.cli.opening import open_runtime
from feedsvc.cli.terminal import print_json, print_line, print_table
from feedsvc.manners import Report, report, say_bytes, subscribers_by_section
from feedsvc.model.polling import COUNTED, Counts, Poller, add_up
from feedsvc.output import KEPT_DAYS, LARGEST_TALLY, PollerFiles

_AGENT_SHOWN = 40


@click.command("pollers")
@click.option(
    "--days",
    type=click.IntRange(1, KEPT_DAYS),
    default=KEPT_DAYS,
    show_default=True,
    help="How many days, today (UTC) among them.",
)
@click.option("--json", "is_json", is_flag=True, help="JSON on standard output.")
@config_option
def command(days: int, is_json: bool) -> None:
    """Say who polls the feeds, how often, how well, and what it costs, the most expensive first.

    Addresses are shortened to their network (/24, IPv6 /48). What is up to half a minute old may be missing.
    """
    with open_runtime(migrate=False) as runtime:
        found = PollerFiles(runtime.folder.path).read(runtime.clock().date())
    chosen = sorted(found)[-days:]
    tally = add_up(*(found[day] for day in chosen), limit=KEPT_DAYS * LARGEST_TALLY)
    if is_json:
        print_json(_to_json(chosen, tally))
    elif not tally:
        say("Nobody has polled yet, or no web process of this folder has counted it.")
    else:
        _show(report(tally), subscribers_by_section(tally))


def _show(reports: Sequence[Report], subscribers: Mapping[str, int]) -> None:
    print_table(
        ("network", "agent", "polls", "304", "sent", "gap", "subscribers", "verdict"),
        [
            (
                each.network or "-",
                each.agent if len(each.agent) <= _AGENT_SHOWN else f"{each.agent[: _AGENT_SHOWN - 1]}…",
                each.counts.polls,
                f"{each.share_unchanged:.0%}",
                say_bytes(each.counts.body_bytes),
                "" if each.of_max_age is None else f"{each.of_max_age:.2g} x",
                each.subscribers,
                "; ".join(each.verdicts),
            )
            for each in reports
        ],
    )
    print_line("gap: the usual time between two polls of one document, in max-ages.")
    if subscribers:
        print_line(
            f"Subscribers that aggregators tell of: {', '.join(f'{slug} {n}' for slug, n in subscribers.items())}"
        )


def _to_json(days: Sequence[date], tally: Mapping[Poller, Counts]) -> dict[str, Any]:
    return {
        "days": [day.isoformat() for day in days],
        "pollers": [
            {
                "network": each.network or None,
                "agent": each.agent,
                **{name: getattr(each.counts, name) for name in COUNTED},
                "share_unchanged": round(each.share_unchanged, 4),
                "of_max_age": None if each.of_max_age is None else round(each.of_max_age, 3),
                "subscribers": each.subscribers,
                "verdicts": list(each.verdicts),
            }
            for each in report(tally)
        ],
        "subscribers": subscribers_by_section(tally),
    }
