"""One database into another, empty one: all rows or none, each read back and compared before they count.

SQLite -> SQLite    by SQLite itself, cell by cell: what another hand wrote stays as it is, whatever it is
otherwise           through the types of schema.py: both databases take the same values
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Table, func, insert, select, text, tuple_

from feedsvc.errors import StoreError
from feedsvc.store import schema
from feedsvc.store.connect import SOURCE, Database
from feedsvc.store.failures import translated
from feedsvc.store.schema import Damaged

TAKEN_IN = (
    schema.section,
    schema.article,
    schema.article_section,
    schema.archive,
    schema.quarantine,
    schema.token,
)
"""What can't be made again, in an order in which each row finds those that it refers to."""

MADE = (
    schema.document_version,
    schema.publication,
    schema.archive_publication,
    schema.proof,
)
"""What follows from it, and from the feeds folder. Who is alive (`heartbeat`) is true of one database alone."""

Tell = Callable[[str, int], None]
"""Called with a table's name and how many of its rows are copied, now and then."""

_ROWS_AT_ONCE = 500


def copy(source: Database, target: Database, tables: Sequence[Table], tell: Tell) -> Mapping[str, int]:
    """How many rows were copied, by table. Both have the newest schema.

    The source is read as it is at one moment, whoever writes to it meanwhile. Raises StoreError where the target holds
    something, where a row can't be carried over, and where one does not read back equal; then the target is as it was.
    """
    if source.is_sqlite and target.is_sqlite:
        with target.attaching(source) as connection:
            _clear(connection, target.label)
            return {table.name: _copy_cells(connection, table, tell) for table in tables}
    with source.read(is_long=True) as reading, target.write(is_long=True) as writing:
        _clear(writing, target.label)
        counts = {table.name: _copy_values(_batches(source, reading, table), writing, table, tell) for table in tables}
        if not target.is_sqlite:
            _number_on(writing, tables)
    return counts


def _clear(connection: Connection, label: str) -> None:
    sent = (schema.article, schema.token)
    if any(connection.execute(select(1).select_from(table).limit(1)).first() for table in sent):
        raise StoreError(
            f"Database {label} holds articles or tokens already, and nothing is ever mixed or overwritten: name an "
            "empty one, or move this one away first."
        )
    # A service that was started on it has registered its sections, under ids that no reader has seen.
    for table in reversed((*TAKEN_IN, *MADE)):
        connection.execute(table.delete())


def _copy_cells(connection: Connection, table: Table, tell: Tell) -> int:
    """Compared by the keys, so that no more than a row has to be held of either."""
    names = [f'"{column.name}"' for column in table.columns]
    key = ", ".join(f'"{column.name}"' for column in table.primary_key.columns)
    theirs, listed = f"{SOURCE}.{table.name}", ", ".join(names)
    connection.exec_driver_sql(f"INSERT INTO main.{table.name} ({listed}) SELECT {listed} FROM {theirs} ORDER BY {key}")  # noqa: S608  # names of ours
    same = " AND ".join(f"theirs.{name} IS mine.{name}" for name in names)
    read_back = f"SELECT count(*), coalesce(sum({same}), 0) FROM {theirs} AS theirs"  # noqa: S608  # likewise
    copied, equal = connection.exec_driver_sql(f"{read_back} LEFT JOIN main.{table.name} AS mine USING ({key})").one()
    lying = connection.execute(select(func.count()).select_from(table)).scalar_one()
    if not copied == equal == lying:
        raise StoreError(
            f"Table {table.name}: of {copied} rows {equal} read back as they were written, and {lying} lie there. "
            "Nothing was kept."
        )
    tell(table.name, lying)
    return int(lying)


def _batches(source: Database, reading: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    """A table's rows. What goes wrong here is the source's, though a transaction of the target is open around it."""
    with translated(source.url):
        rows = reading.execution_options(yield_per=_ROWS_AT_ONCE).execute(
            select(table).order_by(*table.primary_key.columns)
        )
        for batch in rows.mappings().partitions():
            yield [dict(row) for row in batch]


def _copy_values(batches: Iterator[list[dict[str, Any]]], writing: Connection, table: Table, tell: Tell) -> int:
    done = 0
    key = tuple(table.primary_key.columns)
    for values in batches:
        for row in values:
            _refuse_damaged(table, row)
        writing.execute(insert(table), values)
        _compare(writing, table, key, values)
        done += len(values)
        tell(table.name, done)
    lying = writing.execute(select(func.count()).select_from(table)).scalar_one()
    if lying != done:
        raise StoreError(f"Table {table.name}: {lying} rows lie there after {done} were copied. Nothing was kept.")
    return done


def _refuse_damaged(table: Table, row: Mapping[str, Any]) -> None:
    for name, value in row.items():
        if isinstance(value, Damaged | bytes):
            why = value.why if isinstance(value, Damaged) else "is no text in UTF-8"
            raise StoreError(
                f"Table {table.name}, row {_name_row(table, row)}: the column {name} {why}, which another kind of "
                "database doesn't take. Send that article anew or correct the row, then copy again. Nothing was kept."
            )


def _compare(
    writing: Connection, table: Table, key: Sequence[Column[Any]], values: Sequence[Mapping[str, Any]]
) -> None:
    """Read the rows back, and hold each to what was read from the source."""
    wanted = {_key_of(table, row): row for row in values}
    where = tuple_(*key).in_(list(wanted)) if len(key) > 1 else key[0].in_([one for (one,) in wanted])
    lying = (dict(row) for row in writing.execute(select(table).where(where)).mappings())
    found = {_key_of(table, row): row for row in lying}
    for each, row in wanted.items():
        if found.get(each) != row:
            columns = [name for name, value in row.items() if found.get(each, {}).get(name) != value]
            raise StoreError(
                f"Table {table.name}, row {_name_row(table, row)} does not read back as it was written "
                f"({', '.join(columns)}). Nothing was kept."
            )


def _key_of(table: Table, row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.primary_key.columns)


def _name_row(table: Table, row: Mapping[str, Any]) -> str:
    return ", ".join(map(str, _key_of(table, row)))


def _number_on(connection: Connection, tables: Sequence[Table]) -> None:
    """PostgreSQL numbers new rows by a sequence, which rows that bring their numbers along don't move."""
    for table in tables:
        for column in table.columns:
            if column.identity is not None:
                number_on = (
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'),"  # noqa: S608  # names of ours
                    f" coalesce(max({column.name}), 1), count(*) > 0) FROM {table.name}"
                )
                connection.execute(text(number_on))
