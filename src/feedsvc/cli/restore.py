"""`feedsvc restore`: a backup back into an empty database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from feedsvc.cli.commands import Failure, config_option, given_config
from feedsvc.cli.copied import Telling, refuse_beside_worker, sum_up
from feedsvc.cli.messages import say
from feedsvc.cli.opening import open_runtime
from feedsvc.cli.terminal import told
from feedsvc.config import SettingsSource
from feedsvc.publish import register_sections
from feedsvc.runtime import find_config
from feedsvc.store import open_backup


@click.command("restore")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@config_option
def command(file: Path) -> None:
    """Bring what `feedsvc backup` wrote back into the database that config.yaml names, which must be empty.

    Where there is no config.yaml, the one from the backup is written first. All rows come back or none; each is read
    back and compared. The feeds are made by the service once it starts, or by `feedsvc regenerate --all`.
    """
    with open_backup(file) as (note, backup):
        config = find_config(given_config())
        with _standing(config, note.config), open_runtime() as runtime:
            refuse_beside_worker(runtime)
            counts = backup.copy_to(runtime.store, Telling(), is_whole=False)
            register_sections(runtime.store, runtime.clock, tuple(runtime.settings.feeds))
            database = runtime.settings.database_label
    say(
        f"{database}: {sum_up(counts)}, as of {told(note.made)} in {note.database} (feedsvc {note.version}). "
        "`feedsvc serve` makes the feeds, or `feedsvc regenerate --all`."
    )


@contextmanager
def _standing(config: Path, text: str) -> Iterator[None]:
    """While a site is restored by it config.yaml is there; one that was written for it stays if that comes off."""
    if config.exists():
        yield
        return
    memory = SettingsSource.memory_of(config)
    written = [path for path in (config, memory) if not path.exists()]
    _write_config(config, text)
    try:
        yield
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    say(f"{config} is written as it was; look whether paths, addresses and `alerts` are right here.")


def _write_config(path: Path, text: str) -> None:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise Failure(f"{path} can't be written: {error.strerror}.") from error
