"""An article in JSON, as it is put together by hand: from options, from a file, in an editor."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from feedsvc.cli.messages import complain
from feedsvc.errors import RefusedError
from feedsvc.ingest import Accepted, merge_patch, parse_json

_Function = TypeVar("_Function", bound=Callable[..., Any])

_MOST_BYTES = 64_000_000

_JSON_STARTS = tuple('[{"')
_JSON_WORDS = ("null", "true", "false")
"""Any other value is text: a title may be a number, but no field of an article is."""

_OPTIONS = (
    click.option("--title", help="Its title."),
    click.option(
        "--section", "sections", multiple=True, metavar="SLUG", help="A section it belongs to; may be repeated."
    ),
    click.option(
        "--body-file",
        type=click.File("r", encoding="utf-8"),
        help='A file with its body in HTML ("-" is standard input).',
    ),
    click.option("--summary", help="Its summary, plain text."),
    click.option("--link", help="Where it stands, if not on a page of this service."),
    click.option("--author", "authors", multiple=True, metavar="NAME", help="One of its authors; may be repeated."),
    click.option("--tag", "tags", multiple=True, help="One of its tags; may be repeated."),
    click.option("--language", metavar="TAG", help="Its language, such as zh-Hans."),
    click.option("--published", metavar="TIME", help="When it was, or will be, published (RFC 3339)."),
    click.option("--external-id", metavar="ID", help="Its id where it comes from."),
    click.option("--draft", is_flag=True, help="Keep it back."),
)


def draft_options(function: _Function) -> _Function:
    """The options that say an article's most common fields."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def fields_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those that were given, as an article in JSON."""
    fields = {name: value for name, value in options.items() if value not in (None, (), False)}
    if "body_file" in fields:
        fields["content_html"] = fields.pop("body_file").read(_MOST_BYTES)
    if "authors" in fields:
        fields["authors"] = [{"name": name} for name in fields["authors"]]
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}


def read_article(path: Path) -> dict[str, Any]:
    """One JSON object from a file; "-" is standard input. Raises RefusedError."""
    with click.open_file(str(path), "rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise click.UsageError(f"{path}: is larger than the {_MOST_BYTES} bytes that are read.")
    return parse_json(content)


def change(
    before: Mapping[str, Any],
    patch: Mapping[str, Any],
    assignments: Sequence[str],
    *,
    is_minor: bool,
    note: str | None,
) -> dict[str, Any]:
    """The article with `patch` (RFC 7396) and then `key=value` lines applied; null takes a field away.

    `note` says what is corrected.
    """
    said = {**({"minor": True} if is_minor else {}), **({} if note is None else {"correction": note})}
    after: dict[str, Any] = merge_patch(before, {**patch, **dict(map(read_assignment, assignments)), **said})
    return after


def edit_by_hand(before: Mapping[str, Any], check: Callable[[Mapping[str, Any]], Accepted]) -> Accepted | None:
    """Let the person edit the article as JSON until `check` accepts it; None if nothing was changed.

    What was refused is not lost: the editor opens again with it.
    """
    text = original = json.dumps(before, ensure_ascii=False, indent=2) + "\n"
    while True:
        edited = click.edit(text, extension=".json")
        if edited is None or edited == original:
            return None
        try:
            return check(parse_json(edited.encode()))
        except RefusedError as error:
            complain(str(error))
            click.confirm("Open the editor again?", default=True, abort=True, err=True)
            text = edited


def read_assignment(assignment: str) -> tuple[str, Any]:
    """`key=value`: text, or JSON. Raises UsageError."""
    name, separator, value = assignment.partition("=")
    if not separator:
        raise click.UsageError(f"--set {assignment!r}: say KEY=VALUE.")
    if value.startswith(_JSON_STARTS) or value in _JSON_WORDS:
        try:
            return name, json.loads(value)
        except ValueError as error:
            raise click.UsageError(f"--set {assignment!r}: the value is not JSON: {error}.") from error
    return name, value
