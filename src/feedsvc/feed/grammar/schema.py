"""The net below the rules: atom.rng and rss.rng, RELAX NG of our own writing, run by libxml2.

Its messages name no entry and seldom the fault, so the rules speak first; a document that none of them faults and the
schema refuses is refused all the same.
"""

from __future__ import annotations

import threading
from importlib import resources

from lxml import etree

_FOLDER = resources.files("feedsvc.feed.grammar")
_compiled = threading.local()


def refusal_of(tree: etree._ElementTree, format: str) -> tuple[str, int] | None:
    """What the schema of `format` holds against the document, and in which line; None where it is of the right form."""
    schema = _schema(format)
    if schema.validate(tree):
        return None
    error = schema.error_log[0]
    return error.message, error.line


def _schema(format: str) -> etree.RelaxNG:
    # One in each thread: a RelaxNG object keeps the errors of its last run, and compiling takes a millisecond.
    schemas: dict[str, etree.RelaxNG] = _compiled.__dict__.setdefault("schemas", {})
    if format not in schemas:
        schemas[format] = etree.RelaxNG(etree.fromstring((_FOLDER / f"{format}.rng").read_bytes()))
    return schemas[format]
