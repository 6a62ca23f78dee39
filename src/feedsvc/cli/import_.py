"""`feedsvc import`: articles from files and folders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import groupby, islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from feedsvc.cli.commands import FAILED, Failure, config_option
from feedsvc.cli.messages import complain, say, warn
from feedsvc.cli.opening import open_runtime
from feedsvc.cli.rehearsal import Rehearsal
from feedsvc.cli.terminal import print_json, print_table, progress
from feedsvc.config import Settings
from feedsvc.errors import ConflictError, FeedsvcError, Problem, RefusedError, StoreUnavailableError
from feedsvc.ingest import UNDERSTOOD, Taken, read_file
from feedsvc.model import ArticleInput, Note
from feedsvc.publish import Clock, Outcome, put, put_together
from feedsvc.store import Store

_TAKEN_FROM_FOLDERS = {".json", ".jsonl", ".ndjson", ".txt", ".xml", ".rss", ".atom", ".rdf"}
"""A folder may hold pictures and the like, too; a file that is named is always read."""

_AT_ONCE = 50
"""So many are stored in one transaction. An editor's PUT waits for it, some fifty milliseconds."""

_LISTED = 1_000
"""More are no list that anybody reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """What became, or would become, of one article, or of a file that gave none; `place` is where in it, or ''."""

    path: str
    place: str = ""
    outcome: str  # "created", "updated", "unchanged", "refused", "empty" (a file), "skipped" (a file in a folder)
    id: str | None = None
    external_id: str | None = None
    title: str | None = None
    sections: tuple[str, ...] = ()
    state: str | None = None
    notes: tuple[Note, ...] = ()
    problems: tuple[Problem, ...] = ()


_Read = tuple[_Row, ArticleInput | None]


@click.command("import", epilog=f"Understood are {UNDERSTOOD}.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(exists=True, path_type=Path))
@click.option("--section", metavar="SLUG", help="Where they all go, whatever the files say.")
@click.option(
    "--timezone", metavar="ZONE", help="Zone of times that name none, such as Asia/Shanghai; else the site's."
)
@click.option("--dry-run", is_flag=True, help="Read and check everything, say what would be done, store nothing.")
@click.option("--json", "is_json", is_flag=True, help="JSON on standard output, the notes in it.")
@config_option
def command(paths: tuple[Path, ...], section: str | None, timezone: str | None, dry_run: bool, is_json: bool) -> None:
    """Take in articles from files, and from folders with all that is in them.

    A feed (RSS, Atom, JSON Feed) gives an article an entry under the id it had there, so that readers who follow it
    here see nothing as new; `feedsvc migrate check` says so before they do.

    An article that was imported before is updated, never doubled: it is known by its external_id, one without by its
    link, else by title, time and sections. Exit code 0 also with warnings; 1 if anything was refused: the rest is in
    all the same.
    """
    with open_runtime() as runtime, ExitStack() as opened:
        settings = runtime.settings
        slug = settings.resolve_section(section) if section else None
        zone = read_zone(timezone or settings.site.timezone)
        store = opened.enter_context(closing(Rehearsal.open(settings.database_url))) if dry_run else runtime.store
        work = _Import(settings=settings, store=store, clock=runtime.clock, zone=zone, section=slug, is_dry=dry_run)
        files = {found.absolute(): found for path in paths for found in _walk(path)}  # each once
        try:
            rows = list(work.take_in(progress(tuple(files.values()), "Importing")))
        except StoreUnavailableError as error:
            if dry_run:
                raise
            raise Failure(
                f"{error} What came before that is stored; run it again: the rest comes, and nothing twice."
            ) from error
        rows += [_Row(path=str(path), outcome="skipped") for path in _list_skipped(paths)]
    if is_json:
        print_json([asdict(row) for row in rows])
    else:
        titled = [row for row in rows if row.title]
        if len(titled) > _LISTED:
            say(f"There are more than {_LISTED:,} articles, so they are not listed here: --json tells of each.")
        elif titled:
            print_table(("file", "outcome", "id", "sections", "title"), map(_cells, titled))
        _explain(rows)
        for path in paths:
            if not _walk(path):
                say(f"{path}: there is nothing in it to import")
    _sum_up(rows, is_dry=dry_run)
    if any(row.outcome == "refused" for row in rows):
        raise click.exceptions.Exit(FAILED)


def read_zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name."""
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        raise click.BadParameter(f"{name!r} is no time zone, such as Asia/Shanghai.", param_hint="--timezone") from None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Import:
    """One run of the command. `derived`: ids that were not given but derived -> where the first article of it is."""

    settings: Settings
    store: Store
    clock: Clock
    zone: ZoneInfo
    section: str | None
    is_dry: bool
    derived: dict[str, str] = field(default_factory=dict)

    def take_in(self, paths: Iterable[Path]) -> Iterator[_Row]:
        """Every article of these files, in their order."""
        read = (each for path in paths for each in self._read(path))
        while batch := list(islice(read, _AT_ONCE)):
            yield from self._store(batch)

    def _read(self, path: Path) -> Iterator[_Read]:
        """Every article of a file: its row, and what is to be stored of it, if anything."""
        name = str(path)
        try:
            with path.open("rb") as file:
                content = file.read(
                    self.settings.limits.file + 1
                )  # one more, so that read_file says that it is too large
        except OSError as error:
            problems = (Problem("file", "", f"can't be read: {error.strerror}"),)
            yield _Row(path=name, outcome="refused", problems=problems), None
            return
        batch = read_file(
            path.name,
            content,
            resolve_section=self.settings.resolve_section,
            base_url=self.settings.site.base_url,
            naive_timezone=self.zone,
            section=self.section,
            measure=partial(_measure_beside, path),
            limits=self.settings.limits,
        )
        for taken in batch.taken:
            yield self._judge(name, taken)
        for refused in batch.refused:
            yield _Row(path=name, place=refused.place, outcome="refused", problems=refused.error.problems), None
        if not batch.taken and not batch.refused:
            yield _Row(path=name, outcome="empty"), None

    def _judge(self, path: str, taken: Taken) -> _Read:
        fields = taken.accepted.article
        row = _Row(
            path=path,
            place=taken.place,
            outcome="refused",
            external_id=fields.external_id,
            title=fields.title,
            sections=fields.sections,
            notes=taken.accepted.notes,
        )
        try:
            self._refuse_doubled(row, is_id_derived=taken.is_id_derived)
        except ConflictError as error:
            return _refuse(row, error), None
        return row, fields

    def _store(self, batch: Sequence[_Read]) -> Iterator[_Row]:
        """All of them together; where that can't be, each by itself, so that one that is refused stops no other."""
        wanted = [fields for _, fields in batch if fields is not None]
        try:
            outcomes: Iterator[Outcome] | None = iter(put_together(self.store, self.clock, wanted) if wanted else ())
        except FeedsvcError:
            outcomes = None
        for row, fields in batch:
            if fields is None:
                yield row
                continue
            try:
                yield self._told(row, next(outcomes) if outcomes else put(self.store, self.clock, fields))
            except (ConflictError, RefusedError) as error:
                yield _refuse(row, error)

    def _told(self, row: _Row, outcome: Outcome) -> _Row:
        return replace(
            row,
            outcome="created" if outcome.created else "updated" if outcome.changed else "unchanged",
            id=None if self.is_dry and outcome.created else outcome.article.id,
            state=outcome.article.state.value,
        )

    def _refuse_doubled(self, row: _Row, *, is_id_derived: bool) -> None:
        """Two articles of one run that can't be told apart are two, or one by mistake: only the sender knows."""
        if not is_id_derived or row.external_id is None:
            return
        first = self.derived.setdefault(row.external_id, _where(row))
        if first != _where(row):
            reason = f"is not given, and nothing else tells it from {first}: give each an external_id, or take one away"
            raise ConflictError("external_id", reason)


def _refuse(row: _Row, error: ConflictError | RefusedError) -> _Row:
    problems = (Problem(error.field, "", error.reason),) if isinstance(error, ConflictError) else error.problems
    return replace(row, notes=(), problems=problems)


def _measure_beside(path: Path, name: str) -> int | None:
    """Bytes of the file of this name beside or below the one that is imported; None where there is none."""
    folder = path.resolve().parent
    try:
        file = (folder / name).resolve()
        return file.stat().st_size if file.is_file() and file.is_relative_to(folder) else None
    except (OSError, ValueError):
        return None


def _where(row: _Row) -> str:
    return f"{row.path}: {row.place}" if row.place else row.path


def _cells(row: _Row) -> tuple[Any, ...]:
    return (_where(row), row.outcome, row.id, ", ".join(row.sections), row.title)


def _explain(rows: list[_Row]) -> None:
    """Notes and refusals on standard error, file by file."""
    for path, of_file in groupby(rows, lambda row: row.path):
        lines = [line for row in of_file for line in _lines(row)]
        if lines:
            say(f"{path}:")
        for tell, line in lines:
            tell(f"  {line}")


def _lines(row: _Row) -> Iterator[tuple[Callable[[str], None], str]]:
    place = f"{row.place}: " if row.place else ""
    for note in row.notes:
        tell, severity = (warn, "warning") if note.severity == "warning" else (say, "note")
        yield tell, f"{severity}: {place}{note.place}: {note.message}"
    for problem in row.problems:
        yield complain, f"refused: {place}{problem}"
    if row.outcome == "skipped":
        yield say, "skipped, since its name doesn't end like one that holds articles"
    if row.outcome == "empty":
        yield warn, "warning: holds no article"


def _sum_up(rows: list[_Row], *, is_dry: bool) -> None:
    outcomes = [row.outcome for row in rows]
    counts = ", ".join(f"{outcomes.count(outcome)} {outcome}" for outcome in dict.fromkeys(outcomes))
    dry = "Nothing was stored; it would be: " if is_dry and counts else ""
    say(f"{dry}{counts or 'Nothing was found to import'}.")
