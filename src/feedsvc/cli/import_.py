"""`feedsvc import`: articles from files and folders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from feedsvc.cli.commands import FAILED, config_option
from feedsvc.cli.messages import complain, say, warn
from feedsvc.cli.opening import open_runtime
from feedsvc.cli.terminal import print_json, print_table, progress
from feedsvc.errors import ConflictError, Problem, RefusedError
from feedsvc.ingest import UNDERSTOOD, Taken, read_file
from feedsvc.model import Article, Note
from feedsvc.publish import put
from feedsvc.runtime import Runtime

_TAKEN_FROM_FOLDERS = {".json", ".jsonl", ".ndjson", ".txt"}
"""A folder may hold pictures and the like, too; a file that is named is always read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """What became of one article, or of a file that gave none. `place` is where in the file it stands, or ''."""

    path: str
    place: str = ""
    outcome: str  # "created", "updated", "unchanged", "accepted" (--dry-run), "refused", "skipped" (in a folder)
    id: str | None = None
    external_id: str | None = None
    title: str | None = None
    sections: tuple[str, ...] = ()
    state: str | None = None
    notes: tuple[Note, ...] = ()
    problems: tuple[Problem, ...] = ()


@click.command("import", epilog=f"Understood are {UNDERSTOOD}.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(exists=True, path_type=Path))
@click.option("--section", metavar="SLUG", help="Where they all go, whatever the files say.")
@click.option("--dry-run", is_flag=True, help="Read and check everything, store nothing.")
@click.option("--json", "is_json", is_flag=True, help="JSON on standard output.")
@config_option
def command(paths: tuple[Path, ...], section: str | None, dry_run: bool, is_json: bool) -> None:
    """Take in articles from files, and from folders with all that is in them.

    An article that was imported before is updated, never doubled. Exit code 0 also with warnings; 1 if anything was
    refused: the rest is in all the same.
    """
    with open_runtime() as runtime:
        slug = runtime.settings.resolve_section(section) if section else None
        files = [found for path in paths for found in _walk(path)]
        rows = [row for file in progress(files, "Importing") for row in _import_file(runtime, file, slug, dry_run)]
        rows += [_Row(path=str(path), outcome="skipped") for path in _list_skipped(paths)]
    if is_json:
        print_json([asdict(row) for row in rows])
    else:
        print_table(("file", "outcome", "id", "sections", "title"), [_cells(row) for row in rows if row.title])
    _report(rows)
    if any(row.outcome == "refused" for row in rows):
        raise click.exceptions.Exit(FAILED)


def _walk(path: Path) -> list[Path]:
    """The file itself; of a folder every file at any depth that may hold articles, in the order of their names."""
    return [path] if path.is_file() else [file for file in _list_folder(path) if _may_hold_articles(file)]


def _list_skipped(paths: tuple[Path, ...]) -> list[Path]:
    return [file for path in paths if path.is_dir() for file in _list_folder(path) if not _may_hold_articles(file)]


def _list_folder(folder: Path) -> list[Path]:
    # A broken link is a file that can't be read; a pipe or socket is none.
    inside = (path for path in folder.rglob("*") if path.is_file() or not path.exists())
    return sorted(path for path in inside if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def _may_hold_articles(path: Path) -> bool:
    return path.suffix.lower() in _TAKEN_FROM_FOLDERS


def _import_file(runtime: Runtime, path: Path, section: str | None, dry_run: bool) -> Iterator[_Row]:
    try:
        content = path.read_bytes()
    except OSError as error:
        problem = Problem("file", "", f"can't be read: {error.strerror}")
        yield _Row(path=str(path), outcome="refused", problems=(problem,))
        return
    settings = runtime.settings
    batch = read_file(
        path.name,
        content,
        resolve_section=settings.resolve_section,
        base_url=settings.site.base_url,
        naive_timezone=ZoneInfo(settings.site.timezone),
        section=section,
    )
    for taken in batch.taken:
        yield _describe_dry(path, taken) if dry_run else _store(runtime, path, taken)
    for refused in batch.refused:
        yield _Row(path=str(path), place=refused.place, outcome="refused", problems=refused.error.problems)


def _store(runtime: Runtime, path: Path, taken: Taken) -> _Row:
    fields = taken.accepted.article
    try:
        outcome = put(runtime.store, runtime.clock, fields)
    except (ConflictError, RefusedError) as error:
        problems = error.problems if isinstance(error, RefusedError) else (Problem(error.field, "", error.reason),)
        return _Row(
            path=str(path),
            place=taken.place,
            outcome="refused",
            external_id=fields.external_id,
            title=fields.title,
            problems=problems,
        )
    done = "created" if outcome.created else "updated" if outcome.changed else "unchanged"
    return _describe(path, taken, outcome.article, done)


def _describe(path: Path, taken: Taken, article: Article, outcome: str) -> _Row:
    return _Row(
        path=str(path),
        place=taken.place,
        outcome=outcome,
        id=article.id,
        external_id=article.external_id,
        title=article.title,
        sections=article.sections,
        state=article.state.value,
        notes=taken.accepted.notes,
    )


def _describe_dry(path: Path, taken: Taken) -> _Row:
    fields = taken.accepted.article
    return _Row(
        path=str(path),
        place=taken.place,
        outcome="accepted",
        external_id=fields.external_id,
        title=fields.title,
        sections=fields.sections,
        notes=taken.accepted.notes,
    )


def _where(row: _Row) -> str:
    return f"{row.path}: {row.place}" if row.place else row.path


def _cells(row: _Row) -> tuple[Any, ...]:
    return (_where(row), row.outcome, row.id, ", ".join(row.sections), row.title)


def _report(rows: list[_Row]) -> None:
    """Notes, refusals and the sum, on standard error."""
    for row in rows:
        for note in row.notes:
            (warn if note.severity == "warning" else say)(f"{_where(row)}: {note.place}: {note.message}")
        for problem in row.problems:
            complain(f"{_where(row)}: refused: {problem}")
        if row.outcome == "skipped":
            say(f"{row.path}: skipped, since its name doesn't end like one that holds articles")
    outcomes = [row.outcome for row in rows]
    counts = ", ".join(f"{outcomes.count(outcome)} {outcome}" for outcome in dict.fromkeys(outcomes))
    say(f"{counts or 'Nothing was found to import'}.")
