"""The net below the rules: atom.rng and rss.rng, RELAX NG of our own writing, run by libxml2.

Its messages name no entry and seldom the fault, so the rules speak first; a document that none of them faults and the
schema refuses is refused all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources

from lxml import etree

_FOLDER = resources.files("feedsvc.feed.grammar")
_FREE: dict[str, list[etree.RelaxNG]] = {"atom": [], "rss": []}
"""By format, those that nobody holds a document to just now."""


def refusal_of(tree: etree._ElementTree, format: str) -> tuple[str, int] | None:
    """What the schema of `format` holds against the document, and in which line; None where it is of the right form."""
    with _schema(format) as schema:
        if schema.validate(tree):
            return None
        error = schema.error_log[0]
        return error.message, error.line


@contextmanager
def _schema(format: str) -> Iterator[etree.RelaxNG]:
    """One of its own for each who asks at the same time: a RelaxNG object keeps the errors of its last run."""
    free = _FREE[format]
    try:
        schema = free.pop()
    except IndexError:  # compiling takes a quarter of a millisecond
        schema = etree.RelaxNG(etree.fromstring((_FOLDER / f"{format}.rng").read_bytes()))
    yield schema
    free.append(schema)
