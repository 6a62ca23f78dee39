"""`feedsvc status`: how each section stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from feedsvc.cli.commands import config_option
from feedsvc.cli.messages import complain, say, warn
from feedsvc.cli.opening import open_runtime
from feedsvc.cli.terminal import print_json, print_table, said_seconds


@click.command("status")
@click.option("--json", "is_json", is_flag=True, help="JSON on standard output.")
@config_option
def command(is_json: bool) -> None:
    """Say of each section: live or stale, since when, entries, bytes, findings, next run."""
    with open_runtime() as runtime:
        status = runtime.status()
    if is_json:
        print_json(status)
        return
    print_table(
        ("feed", "state", "published", "entries", "bytes", "twins", "findings", "next run"),
        [_row(section) for section in status["sections"]],
    )
    say(_tell_of_audit(status["audit"]))
    if (bucket := status["bucket"]) and bucket["trouble"] is None:
        say(f"Bucket: {bucket['documents']} documents lie in {bucket['url']}; {bucket['waiting']} wait to be carried.")
    if progress := status["progress"]:
        left = progress["seconds_left"]
        soon = f", about {said_seconds(left)} left" if left is not None else ""
        say(f"The worker has made {progress['done']:,} feeds, {progress['waiting']:,} wait{soon}.")
    for check in status["checks"]:
        is_told = check["name"] == "config" and not status["config"]["ok"]  # on opening, with every problem
        if not check["ok"] and not is_told:
            complain(f"{check['name']}: {check['detail']}")
    for line in _warnings(status):
        warn(line)


def _warnings(status: Mapping[str, Any]) -> Iterator[str]:
    """What an admin should know, though nothing is broken."""
    if status["quarantined"]:
        yield f"In quarantine: {status['quarantined']}. `feedsvc quarantine` lists them, and says why."
    if over := [alarm for alarm in status["audit"]["alarms"] if not alarm["open"]]:
        yield f"The audit's last alarm, {over[0]['at']}: {over[0]['feed']}: {over[0]['finding']}. {over[0]['done']}"
    if trouble := status["spares"]["trouble"]:
        yield f"What is missing in the feeds folder is made anew, since there are no spares: {trouble}"
    for section in status["unconfigured"]:
        yield f"{section['slug']}: config.yaml does not name it any more; its articles are kept"
    for section in status["sections"]:
        yield from (f"{section['slug']}: {line}" for line in _explain(section))


def _tell_of_audit(audit: Mapping[str, Any]) -> str:
    if not audit["limit_percent"]:
        return "No audit: audit_cpu is 0."
    progress = audit["round"]
    goes_on = f"this round {progress['done']} of {progress['of']}"
    where = f"the last round ended at {progress['ended']}" if progress["ended"] else goes_on
    return (
        f"Audit: {audit['live'] - audit['waiting']} of {audit['live']} live documents were read back as they lie "
        f"there; {where}; {audit['cpu_percent']} % of a core lately, of {audit['limit_percent']} %."
    )


def _row(section: Mapping[str, Any]) -> tuple[object, ...]:
    size = sum(document["bytes"] for document in section["documents"])
    twins = [length_bytes for document in section["documents"] for length_bytes in document["twins"].values()]
    count = len(section["findings"]) + len(section["quarantined"])
    return (
        section["slug"],
        section["state"],
        section["published"],
        section["entries"],
        size,
        sum(1 for length_bytes in twins if length_bytes) or None,
        count or None,
        section["next_run"],
    )


def _explain(section: Mapping[str, Any]) -> Iterator[str]:
    """Which article is kept out and why, and what was found."""
    for article in section["quarantined"]:
        yield f"without “{article['title']}” ({article['article_id']}): {article['reason']}"
    for finding in section["findings"]:
        yield f"{finding['format']}: {finding['rule']}: {finding['message']}"
