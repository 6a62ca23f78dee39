"""${NAME} in values -> what the environment holds, so that secrets need not stand in the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from feedsvc.config.hints import did_you_mean
from feedsvc.config.tree import BROKEN, KeyPath, Node, Trouble, shorten

DATABASE_URL = "FEEDSVC_DATABASE_URL"
"""Wins over `database` in the file."""

# An unfinished one goes as far as it can, so that no text is read twice.
_REFERENCE = re.compile(r"\$\$\{|\$\{(?:([A-Za-z_][A-Za-z0-9_]*+)(?::-([^}]*+))?(\})?)?")


def fill_in(root: Node, environ: Mapping[str, str]) -> tuple[Node, list[Trouble]]:
    """The tree with every ${NAME} and ${NAME:-default} replaced; `$${` is a `${` that stays.

    What comes in is text, whatever it looks like. A name that is not set is a trouble, and its value becomes BROKEN.
    """
    filling = _Filling(environ)
    url = environ.get(DATABASE_URL)
    if not url or not isinstance(root.value, dict):
        return filling.walk(root, ()), filling.troubles
    entries = {key: node for key, node in root.value.items() if key != "database"}
    filled = filling.walk(root._replace(value=entries), ())
    assert isinstance(filled.value, dict)
    place = root.value.get("database", root)
    given = Node(url, place.mark, place.key_mark, written=f"${{{DATABASE_URL}}}")
    return filled._replace(value={**filled.value, "database": given}), filling.troubles


@dataclass
class _Filling:
    environ: Mapping[str, str]
    troubles: list[Trouble] = field(default_factory=list)

    def walk(self, node: Node, path: KeyPath) -> Node:
        if isinstance(node.value, dict):
            return node._replace(value={key: self.walk(child, (*path, key)) for key, child in node.value.items()})
        if isinstance(node.value, list):
            return node._replace(value=[self.walk(child, (*path, at)) for at, child in enumerate(node.value)])
        if not isinstance(node.value, str) or "${" not in node.value:
            return node
        before = len(self.troubles)
        text = _REFERENCE.sub(lambda reference: self.read(reference, node, path), node.value)
        return node._replace(value=text if len(self.troubles) == before else BROKEN)

    def read(self, reference: re.Match[str], node: Node, path: KeyPath) -> str:
        if reference[0] == "$${":
            return "${"
        name, default = reference[1], reference[2]
        if not reference[3]:
            expected = "${NAME} or ${NAME:-default}"
            hint = "A ${ that is meant as such is written $${."
            self.troubles.append(Trouble(node.place, path, "an unfinished ${", expected, hint))
            return ""
        value = self.environ.get(name)
        if default is not None:
            return value or default
        if value is None:
            hint = did_you_mean(name, self.environ) or f"Set it, or give a default: ${{{name}:-…}}."
            found = f"${{{shorten(name)}}}, which is not set"
            self.troubles.append(Trouble(node.place, path, found, "a variable of the environment", hint))
            return ""
        return value
