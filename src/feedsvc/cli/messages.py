"""Words to the person at the terminal: on standard error, so that standard output stays a script's."""

from __future__ import annotations

import os

import click

from feedsvc.cli.screen import safe_lines


def say(message: str) -> None:
    """How it goes."""
    click.echo(safe_lines(message), err=True)


def warn(message: str) -> None:
    """Something odd that stops nothing."""
    _colored(message, "yellow")


def complain(message: str) -> None:
    """Something that went wrong."""
    _colored(message, "red")


def count(number: int, thing: str) -> str:
    """`1 feed`, `2 feeds`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _colored(message: str, color: str) -> None:
    # https://no-color.org; None leaves it to click, which colours terminals only.
    click.secho(safe_lines(message), err=True, fg=color, color=False if os.environ.get("NO_COLOR") else None)
