"""The command line as a whole: which commands there are, where their config comes from, how they fail."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import click

from feedsvc import __version__
from feedsvc.cli.messages import complain
from feedsvc.cli.screen import safe_lines
from feedsvc.errors import ConfigError, FeedsvcError, UnknownSectionError

COMMANDS = {
    "init": "Make a folder with a working config.yaml.",
    "serve": "Serve the feeds and keep them right, until stopped.",
    "worker": "Keep the feeds right, without serving them.",
    "config": "Check config.yaml, or print its schema.",
    "nginx": "Print the configuration of an nginx before the service.",
    "import": "Take in articles from files and folders.",
    "migrate": "Say what readers of an older feed would see here.",
    "article": "Add, show, correct, withdraw or revive articles.",
    "regenerate": "Bring feeds up to date now.",
    "verify": "Compare the feeds on disk with the store, or check any feed.",
    "status": "Say how each section stands.",
    "quarantine": "List what is kept out of the feeds, say why, try again.",
    "pollers": "Say who polls the feeds, how well, and what it costs.",
    "token": "Create, list, replace and revoke API tokens.",
    "doctor": "Find what is wrong with the whole site, and mend it.",
    "backup": "Write all that can't be made again into one file.",
    "restore": "Bring a backup back into an empty database.",
    "db": "Move everything into another database.",
}
"""Name -> what it does, in the order of a newcomer's day. Each lives in the module of its name, as `command`."""

FAILED = 1
WRONG_USE = 2
INTERRUPTED = 130
PIPE_CLOSED = 141

_CONFIG = "feedsvc.config"

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Failure(click.ClickException):
    """Ends a command with exit code 1 and a sentence on standard error."""

    exit_code = FAILED

    def show(self, file: Any = None) -> None:  # noqa: ARG002  (click's signature)
        complain(self.message)


class WrongUse(Failure):
    """Ends a command with exit code 2: the command line or config.yaml has to be mended first."""

    exit_code = WRONG_USE


class LazyGroup(click.Group):
    """Knows its commands' names and one-line helps without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  (click's signature)
        if cmd_name not in COMMANDS:
            return None
        return _load({"import": "import_"}.get(cmd_name, cmd_name))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            # click proposes the nearest of the commands that were imported, and these are not.
            if near := get_close_matches(args[0], COMMANDS, n=1):
                ctx.fail(f"No such command '{args[0]}'. Did you mean '{near[0]}'?")
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  (click's signature)
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        with clear_failures():
            return super().invoke(ctx)


def _load(module: str) -> click.Command:
    command = import_module(f"feedsvc.cli.{module}").command
    assert isinstance(command, click.Command)
    return command


@contextmanager
def clear_failures() -> Iterator[None]:
    """Whatever goes wrong in the block is told as click tells it: one clear sentence, and the exit code."""
    try:
        yield
        sys.stdout.flush()
    except click.UsageError as error:
        said = error.format_message()
        if safe_lines(said) == said:
            raise  # and click shows it
        raise click.UsageError(safe_lines(said), error.ctx) from error
    except (ConfigError, UnknownSectionError) as error:
        # Only the command line itself can name an unknown section here: one that an article names refuses the article.
        raise WrongUse(str(error)) from error
    except FeedsvcError as error:
        raise Failure(str(error)) from error
    except BrokenPipeError:
        # What is still buffered can't be written either: let the interpreter's last flush go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise click.exceptions.Exit(PIPE_CLOSED) from None
    except OSError as error:
        said = f"{error.filename}: {error.strerror}." if error.filename and error.strerror else str(error)
        raise Failure(said) from error
    except (KeyboardInterrupt, click.Abort):
        raise click.exceptions.Exit(INTERRUPTED) from None


def _note_config(ctx: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    if value is not None:
        ctx.meta[_CONFIG] = value


def config_option(function: _Function) -> _Function:
    """-c/--config, understood before the command's name and after it."""
    option = click.option(
        "-c",
        "--config",
        type=click.Path(path_type=Path),
        expose_value=False,
        callback=_note_config,
        help="The config.yaml to use; else FEEDSVC_CONFIG, else ./config.yaml.",
    )
    return option(function)


def given_config() -> Path | None:
    """What -c/--config said, wherever it stood."""
    value: Path | None = click.get_current_context().meta.get(_CONFIG)
    return value


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="feedsvc", message="%(prog)s %(version)s")
@config_option
def main() -> None:
    """feedsvc: articles in; RSS, Atom and JSON feeds out, each proved before it goes live."""
