"""`feedsvc token`: who may use the HTTP API."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

import click

from feedsvc.cli.commands import Failure, config_option
from feedsvc.cli.messages import say
from feedsvc.cli.opening import open_runtime
from feedsvc.cli.terminal import print_json, print_line, print_table, told
from feedsvc.config.schedule import YEAR_SECONDS, read_duration
from feedsvc.tokens import hash_token, mint


def _read_overlap(_context: click.Context, _parameter: click.Parameter, value: str) -> int:
    try:
        seconds = read_duration(value)
    except ValueError:
        seconds = YEAR_SECONDS + 1
    if seconds > YEAR_SECONDS:
        raise click.BadParameter("write 90s, 15m, 1h or 1d, at most 365d.")
    return seconds


def _read_name(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not value.strip():
        raise click.BadParameter("say whose it is: `token list`, `rotate` and `revoke` know it by its name.")
    return value


@click.group("token")
@config_option
def command() -> None:
    """Create, list, replace and revoke API tokens."""


@command.command("create")
@click.option("--name", required=True, callback=_read_name, help="Whose it is, such as the CMS's name.")
@click.option(
    "--section",
    "names",
    multiple=True,
    metavar="SLUG",
    help="What it may touch; may be repeated; every section without.",
)
@config_option
def create(name: str, names: tuple[str, ...]) -> None:
    """Print a new token, alone on standard output. It is stored hashed only: this is the one time it is shown."""
    with open_runtime() as runtime:
        sections = [runtime.settings.resolve_section(section) for section in names]
        token = mint()
        with runtime.store.write() as tx:
            tx.add_token(name, hash_token(token), sections, runtime.clock())
    say(f"A token for {name}, for {', '.join(sections) or 'every section'}. Keep it: it can't be shown again.")
    print_line(token)


@command.command("list")
@click.option("--json", "is_json", is_flag=True, help="JSON on standard output.")
@config_option
def list_tokens(is_json: bool) -> None:
    """List the tokens there are and were; the secrets are not stored."""
    with open_runtime() as runtime:
        tokens = runtime.store.tokens()
    if is_json:
        print_json([asdict(token) for token in tokens])
        return
    print_table(
        ("name", "sections", "created", "last used", "revoked"),
        [
            (
                token.name,
                ", ".join(token.sections) or "all",
                *map(told, (token.created, token.last_used, token.revoked)),
            )
            for token in tokens
        ],
    )


@command.command("rotate")
@click.argument("name")
@click.option(
    "--overlap",
    "overlap_seconds",
    default="1h",
    show_default=True,
    metavar="TIME",
    callback=_read_overlap,
    help="How long the old one is still taken: 90s, 15m, 1d; 0s not at all.",
)
@config_option
def rotate(name: str, overlap_seconds: int) -> None:
    """Print a new token in the place of this one, for its sections."""
    token = mint()
    with open_runtime() as runtime, runtime.store.write() as tx:
        now = runtime.clock()
        until = now + timedelta(seconds=overlap_seconds)
        made = tx.rotate_token(name, hash_token(token), now, until)
    if made is None:
        raise Failure(f"There is no token {name!r} in force: `feedsvc token list` shows them.")
    old = f"taken until {told(until.replace(microsecond=0))}" if overlap_seconds else "refused from now on"
    say(f"A new token for {name}, for {', '.join(made.sections) or 'every section'}; the old one is {old}.")
    say("Keep it: it can't be shown again.")
    print_line(token)


@command.command("revoke")
@click.argument("name")
@config_option
def revoke(name: str) -> None:
    """Refuse this token from now on, and those that it has replaced."""
    with open_runtime() as runtime, runtime.store.write() as tx:
        token = tx.revoke_token(name, runtime.clock())
    if token is None:
        raise Failure(f"There is no token {name!r} in force: `feedsvc token list` shows them.")
    say(f"The token {name!r} is refused from now on.")
