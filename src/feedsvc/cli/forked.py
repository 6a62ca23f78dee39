"""What a process runs that a command forked: it fails as a command of its own would."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from feedsvc.cli.commands import clear_failures


def run_forked(run: Callable[[], None]) -> None:
    """To the end of this process."""
    try:
        with clear_failures():
            run()
    except click.ClickException as failure:
        failure.show()
        sys.exit(failure.exit_code)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
