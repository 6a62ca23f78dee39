"""`feedsvc doctor`: what is wrong with the whole site, and what would mend it."""

from __future__ import annotations

from dataclasses import replace

import click

from feedsvc.cli.commands import FAILED, config_option
from feedsvc.cli.emptied import refuse_emptied_here
from feedsvc.cli.messages import complain, count, say
from feedsvc.cli.opening import open_runtime
from feedsvc.cli.terminal import print_json, print_line
from feedsvc.doctor import Complaint, examine
from feedsvc.errors import FeedsvcError
from feedsvc.runtime import Runtime


@click.command("doctor", short_help="Find what is wrong with the whole site, and mend it.")
@click.option("--mend", is_flag=True, help="Do what is said to mend it.")
@click.option("--json", "is_json", is_flag=True, help="JSON on standard output.")
@config_option
def command(*, mend: bool, is_json: bool) -> None:
    """Look at everything: configuration, database and its rows, feeds, archives, files and their rights, disk, clock.

    Every document is read back whole, so it takes as long as `verify`. Says what is wrong and what would mend it;
    nothing is changed without --mend. What only a person can do is said, too. A service may be at work meanwhile.

    Exit code 0: all is well, or well again. 1: something is wrong still.
    """
    with open_runtime(migrate=False) as runtime:
        found = list(examine(runtime))
        if any(each.act for each in found):
            refuse_emptied_here(runtime)
        if mend:
            found = _mend(runtime, found)
    if is_json:
        print_json([_as_json(each) for each in found])
    else:
        for each in found:
            print_line(f"{each.where}: {each.what}")
            print_line(f"  {'would' if each.act else 'you'}: {each.mend}")
    grave = [each for each in found if each.is_grave]
    if not grave:
        say("All is well.")
        return
    ours = sum(each.act is not None for each in grave)
    say(f"{count(len(grave), 'complaint')}" + (f"; --mend takes care of {ours}." if ours and not mend else "."))
    raise click.exceptions.Exit(FAILED)


def _as_json(complaint: Complaint) -> dict[str, object]:
    return {
        "where": complaint.where,
        "what": complaint.what,
        "mend": complaint.mend,
        "by": "doctor" if complaint.act else "you",
        "grave": complaint.is_grave,
    }


def _mend(runtime: Runtime, found: list[Complaint]) -> list[Complaint]:
    """What is left. One mended thing may bring another to light, that it hid; what fails is a person's."""
    tried: dict[tuple[str, str], str] = {}
    while todo := [each for each in found if each.act and (each.where, each.what) not in tried]:
        for each in todo:
            tried[each.where, each.what] = ""
            say(f"{each.where}: {each.what}: {each.mend} ...")
            try:
                assert each.act is not None
                each.act()
            except FeedsvcError as error:
                complain(str(error))
                tried[each.where, each.what] = str(error)
        found = list(examine(runtime))
    return [_leave(each, tried.get((each.where, each.what), "")) for each in found]


def _leave(complaint: Complaint, error: str) -> Complaint:
    """To a person, where mending it ended in this error."""
    return replace(complaint, mend=error, act=None) if error else complaint
