"""`feedsvc token`: who may use the HTTP API."""

from __future__ import annotations

from dataclasses import asdict

import click

from feedsvc.cli.commands import Failure, config_option
from feedsvc.cli.messages import say
from feedsvc.cli.opening import open_runtime
from feedsvc.cli.terminal import print_json, print_line, print_table, told
from feedsvc.tokens import hash_token, mint


@click.group("token")
@config_option
def command() -> None:
    """Create, list and revoke API tokens."""


@command.command("create")
@click.option("--name", required=True, help="Whose it is, such as the CMS's name.")
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


@command.command("revoke")
@click.argument("name")
@config_option
def revoke(name: str) -> None:
    """Refuse this token from now on."""
    with open_runtime() as runtime, runtime.store.write() as tx:
        token = tx.revoke_token(name, runtime.clock())
    if token is None:
        raise Failure(f"There is no token {name!r} in force: `feedsvc token list` shows them.")
    say(f"The token {name!r} is refused from now on.")
