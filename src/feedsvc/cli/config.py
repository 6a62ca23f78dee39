"""`feedsvc config`: is config.yaml right, and what can it say?"""

from __future__ import annotations

import click

from feedsvc import config
from feedsvc.cli.commands import config_option, given_config
from feedsvc.cli.messages import count, say
from feedsvc.cli.terminal import print_json
from feedsvc.runtime import find_config


@click.group("config")
@config_option
def command() -> None:
    """Check config.yaml, or print its schema."""


@command.command("check", short_help="Name every problem in config.yaml, or say that it is right.")
@config_option
def check() -> None:
    """Read config.yaml and name every problem in it: file:line:column, what was found, what was expected.

    Exit code 2 if there is one. Nothing is started, opened or written.
    """
    settings = config.load(find_config(given_config()))
    sections = count(len(settings.plain), "section")
    if combined := len(settings.sections) - len(settings.plain):
        sections += f" and {count(combined, 'combination')}"
    say(f"{settings.path} is right: {sections}, database {settings.database_label}, feeds in {settings.feeds_dir}")


@command.command("schema", short_help="Print the JSON Schema of config.yaml.")
def schema() -> None:
    """Print the JSON Schema of config.yaml, for an editor to complete and check with."""
    print_json(config.json_schema())
