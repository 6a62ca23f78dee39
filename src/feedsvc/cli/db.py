"""`feedsvc db`: everything into another database."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import click

from feedsvc.cli.commands import Failure, WrongUse, config_option
from feedsvc.cli.copied import Telling, compare_feeds, refuse_beside_worker, sum_up
from feedsvc.cli.messages import say
from feedsvc.cli.opening import open_runtime
from feedsvc.store import Store


@click.group("db")
@config_option
def command() -> None:
    """Move everything into another database."""


@command.command("copy", short_help="Copy everything from the configured database into an empty one.")
@click.argument("url", metavar="URL")
@config_option
def copy(url: str) -> None:
    """Copy everything into the empty database at URL: sqlite:///FILE or postgresql://USER@HOST/NAME.

    A relative FILE counts from config.yaml's folder, as it does there. With - for URL it is read from standard input,
    so that a password in it shows in no list of processes. The service must not be running. All rows are copied or
    none; each is read back and compared. Then every feed and archive is made from the copy, in memory, and held to what
    lies in the feeds folder. The original stays as it is.
    """
    if url == "-":
        url = sys.stdin.readline().strip()
    with open_runtime() as runtime, closing(Store.open(_locate(url, runtime.settings.path.parent))) as other:
        if other.label == runtime.store.label:
            raise Failure(f"{other.label} is the database that is in use.")
        refuse_beside_worker(runtime)
        other.migrate()
        counts = runtime.store.copy_to(other, Telling(), is_whole=True)
        say(f"{other.label}: {sum_up(counts)}, each row read back.")
        compare_feeds(runtime, other)
        say("Write it into config.yaml as `database`, and start the service.")


def _locate(url: str, folder: Path) -> str:
    """Where it will be looked for once it stands in config.yaml, which knows PostgreSQL by one name."""
    if url.startswith("postgres://"):
        raise WrongUse("Write postgresql:// at its beginning, as config.yaml wants it.")
    scheme, mark, file = url.partition("sqlite:///")
    return f"{mark}{folder / file}" if mark and file and not scheme else url
