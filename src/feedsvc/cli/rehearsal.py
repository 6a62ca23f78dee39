"""A store of which nothing that is written stays, so that a command can tell what it would do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from feedsvc.store import Store, Transaction


class _RolledBackError(Exception):
    """Ends a transaction that went well as if it had not been."""


class Rehearsal(Store):
    """Open it as a Store; each of its transactions sees what is stored and leaves no trace."""

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with suppress(_RolledBackError), super().write() as tx:
            yield tx
            raise _RolledBackError
