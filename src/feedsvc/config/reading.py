"""A config file -> Settings, or every problem there is in it."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from feedsvc.config.complete import complete
from feedsvc.config.environment import fill_in
from feedsvc.config.hints import did_you_mean
from feedsvc.config.mapping import Shape
from feedsvc.config.names import check_names
from feedsvc.config.podcasts import check_podcasts
from feedsvc.config.settings import Settings
from feedsvc.config.shape import FileShape, ScheduleShape, keys_of, shape_at
from feedsvc.config.syntax import COLON_HINT
from feedsvc.config.tree import (
    BROKEN,
    NOTHING,
    KeyPath,
    Mark,
    Node,
    Trouble,
    describe,
    dotted,
    find,
    parse_tree,
    plain_value,
    reach,
    read_at_once,
    shorten,
)
from feedsvc.errors import ConfigError, ConfigProblem

MAX_BYTES = 8 * 1024 * 1024

_START = Mark(1, 1)
_WHOLE_FILE = "(file)"  # where a problem has no key
_A_CONFIG = "a config file with `site:` and `sections:`"


def load(path: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Read, check and complete a config file. Raises ConfigError holding every problem, in the file's order.

    `environ` (else the process's own) fills in ${NAME}, and its FEEDSVC_DATABASE_URL wins over `database`.
    """
    path = path.absolute()
    return load_bytes(read_bytes(path), path, os.environ if environ is None else environ)


def read_bytes(path: Path) -> bytes:
    """The file's bytes, at most MAX_BYTES. Raises ConfigError for whatever is no readable file."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise _whole_file(path, "a folder", _A_CONFIG, "Name the file in it.")
        if not stat.S_ISREG(mode):
            raise _whole_file(path, "no regular file", _A_CONFIG)
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        hint = "`feedsvc init` makes one; -c or FEEDSVC_CONFIG names another."
        raise _whole_file(path, "no such file", _A_CONFIG, hint) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        found = f"a file that can't be read ({reason})"
        raise _whole_file(path, found, _A_CONFIG, "Give the service's user the right to read it.") from None
    if len(content) > MAX_BYTES:
        raise _whole_file(path, "a larger file", f"at most {MAX_BYTES // 1024 // 1024} MiB")
    return content


def load_bytes(content: bytes, path: Path, environ: Mapping[str, str]) -> Settings:
    """As load, with what the file at `path` (absolute) holds, or once held."""
    text = _decode(content, path)
    shape, troubles = _judge(read_at_once(text), [], environ)
    if shape is None or troubles:
        root, troubles = parse_tree(text)
        if not troubles and (root is None or root.value is NOTHING):
            raise _whole_file(path, "an empty file", _A_CONFIG, "`feedsvc init` makes one to start from.")
        shape, troubles = _judge(root, troubles, environ)
    if shape is None or troubles:
        raise ConfigError([_locate(path, trouble) for trouble in sorted(troubles, key=lambda trouble: trouble.mark)])
    return complete(shape, path, hashlib.sha256(content).hexdigest())


def _judge(
    root: Node | None, troubles: list[Trouble], environ: Mapping[str, str]
) -> tuple[FileShape | None, list[Trouble]]:
    """What the tree says, and these and all other troubles with it."""
    if root is None or root.value is BROKEN:
        return None, troubles
    if not isinstance(root.value, dict):
        return None, [*troubles, Trouble(root.mark, (), describe(root), _A_CONFIG, _hint_at_colon(root))]
    root, unset = fill_in(root, environ)
    shape, misfits = _fit(root)
    clashes = [*check_names(root), *check_podcasts(root)]
    told = {(clash.mark, clash.path) for clash in clashes}  # the better word where both have one
    others = [misfit for misfit in misfits if (misfit.mark, misfit.path) not in told]
    return shape, [*troubles, *unset, *clashes, *others]


def _fit(root: Node) -> tuple[FileShape | None, list[Trouble]]:
    try:
        return FileShape.model_validate(plain_value(root)), []
    except ValidationError as error:
        # The error goes no further than this: it knows the values, secrets among them.
        explained = [_explain(detail, root) for detail in error.errors(include_url=False)]
    return None, [trouble for trouble in explained if trouble]


def _decode(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig")
        mark = Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))
        found = f"the byte 0x{content[error.start]:02X}"
        trouble = Trouble(mark, (), found, "text in UTF-8", "Save the file as UTF-8.")
        raise ConfigError([_locate(path, trouble)]) from None


def _whole_file(path: Path, found: str, expected: str, hint: str = "") -> ConfigError:
    return ConfigError([_locate(path, Trouble(_START, (), found, expected, hint))])


def _locate(file: Path, trouble: Trouble) -> ConfigProblem:
    path = dotted(trouble.path) or _WHOLE_FILE
    return ConfigProblem(file, *trouble.mark, path, trouble.found, trouble.expected, trouble.hint)


def _explain(detail: Any, root: Node) -> Trouble | None:
    """pydantic's word on one place -> ours; nothing where the problem is reported already."""
    kind: str = detail["type"]
    path: KeyPath = tuple(detail["loc"])
    if kind == "missing":
        return _explain_missing(path, root)
    is_key = path[-1] == "[key]"
    if is_key:
        path = path[:-1]
    node = find(root, path)
    if kind == "extra_forbidden":
        keys = keys_of(shape_at(path[:-1]))
        found = f"the unknown key `{shorten(str(path[-1]))}`"
        hint = did_you_mean(str(path[-1]), keys)
        return Trouble(node.key_mark or node.mark, path, found, f"one of {', '.join(keys)}", hint)
    if node.value is BROKEN and not is_key:
        return None
    expected, hint = _expectation(kind, detail.get("ctx", {}), path, node)
    if is_key:
        return Trouble(node.key_mark or node.mark, path, f"`{shorten(str(path[-1]))}`", expected, hint)
    return Trouble(node.place, reach(root, path), _found(path, node), expected, hint)


def _explain_missing(path: KeyPath, root: Node) -> Trouble:
    parent = find(root, path)
    where = f"under {dotted(path[:-1])}" if path[:-1] else "at the top"
    return Trouble(parent.place, path, "nothing", f"`{path[-1]}:`, which is required {where}")


def _expectation(kind: str, context: Mapping[str, Any], path: KeyPath, node: Node) -> tuple[str, str]:
    """What would have been right, and the mend."""
    hint = "Give it a value, or take the key out." if node.value is NOTHING else ""
    if kind == "expected":
        return context["expected"], hint or context["hint"]
    if kind == "model_type":
        shape = shape_at(path)
        return f"a mapping of {', '.join(keys_of(shape))}", hint or _hint_at_colon(node) or _hint_at_form(shape)
    if kind == "dict_type":
        return "a mapping of slugs to sections", hint or _hint_at_colon(node)
    if kind == "too_short":
        return "at least one entry", ""
    assert kind == "tuple_type", kind
    if path[:1] == ("alerts",):  # what stands there may hold a secret
        return "a list", hint or "Write [program, argument, …]."
    return "a list", hint or ("" if isinstance(node.value, dict) else f"Write [{shorten(node.written)}].")


def _hint_at_form(shape: type[Shape]) -> str:
    """How the one mapping is written that many take for a plain value."""
    return 'Write {every: 15m} or {cron: "0 6 * * *"}.' if shape is ScheduleShape else ""


def _hint_at_colon(node: Node) -> str:
    return COLON_HINT if node.is_plain and "：" in node.written else ""


def _found(path: KeyPath, node: Node) -> str:
    if path[:1] not in {("database",), ("alerts",)} or not isinstance(node.value, str):
        return describe(node)
    if node.written.startswith("${"):
        return describe(node)
    if path[-1] not in {"database", "url"}:
        return "text"
    scheme, colon, _ = node.written.partition("://")  # what follows may hold a password
    return f"{shorten(scheme)}://…" if colon else "text that is no URL"
