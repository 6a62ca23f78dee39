"""`feedsvc backup`: all that can't be made again, in one file."""

from __future__ import annotations

from pathlib import Path

import click

from feedsvc import __version__
from feedsvc.cli.commands import Failure, config_option
from feedsvc.cli.copied import Telling, compare_feeds, sum_up
from feedsvc.cli.messages import say
from feedsvc.cli.opening import open_runtime
from feedsvc.store import BackupNote, is_backup, open_backup, write_backup

_MIB = 2**20


@click.command("backup", short_help="Write all that can't be made again into one file.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--replace", is_flag=True, help="A FILE that is there already may be replaced, once the new one is whole."
)
@click.option(
    "--check", is_flag=True, help="Then restore it aside, and compare the feeds it makes to those that are live."
)
@config_option
def command(file: Path, *, replace: bool, check: bool) -> None:
    """Write articles, sections, archives, quarantine, tokens (hashed) and config.yaml into FILE, an SQLite database.

    The service may be at work meanwhile: it is all of one moment. Every row is read back and compared. Feeds are not in
    it; they are made again, to the byte, from what is. Only its owner may read FILE.
    """
    if file.exists() and not replace:
        raise Failure(f"{file} is there already: take another name, or say --replace.")
    with open_runtime() as runtime:
        _refuse_to_replace(file, runtime.store.file)
        settings = runtime.settings
        note = BackupNote(
            version=__version__,
            made=runtime.clock(),
            database=settings.database_label,
            config=settings.path.read_text("utf-8"),
        )
        counts = write_backup(runtime.store, file, note, Telling())
        say(f"{file}: {sum_up(counts)}, {file.stat().st_size / _MIB:,.1f} MiB, each row read back.")
        if check:
            with open_backup(file) as (_, backup):
                compare_feeds(runtime, backup)


def _refuse_to_replace(file: Path, database: Path | None) -> None:
    """Raise Failure where a slip of the pen would cost more than a backup: the database, config.yaml, anything."""
    if not file.exists() or not file.stat().st_size:
        return
    if database is not None and database.exists() and file.samefile(database):
        raise Failure(f"{file} is the database that is in use: take another name.")
    if not is_backup(file):
        raise Failure(f"{file} is no backup, and stays as it is: take another name, or move it away first.")
