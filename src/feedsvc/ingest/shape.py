"""The article in JSON as pydantic reads it: names and types only. What values may be, article.py decides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from feedsvc.ingest.bounds import MAX_AUTHORS, MAX_BREADCRUMB, MAX_ENCLOSURES, MAX_PROBLEMS, MAX_SECTIONS, MAX_TAGS
from feedsvc.ingest.report import Report, shorten
from feedsvc.ingest.times import EXAMPLE, read_clock


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class AuthorJSON(_Shape):
    """Who wrote it. A plain string is the name."""

    name: str
    email: str | None = None
    url: str | None = None


class SourceJSON(_Shape):
    """Whom to credit. A plain string is the name."""

    name: str
    url: str | None = None


class ImageJSON(_Shape):
    """The article's picture; sizes in pixels. A plain string is the URL."""

    url: str
    type: str | None = None
    width: int | None = None
    height: int | None = None
    alt: str | None = None


_Duration = Annotated[int, BeforeValidator(read_clock, json_schema_input_type=int | str)]


class EnclosureJSON(_Shape):
    """A file that comes with the article; `length` in bytes, 0 where it is not known.

    `type` is told by the URL's ending where it is left out. `duration` is seconds, or text as 1:02:03.
    """

    url: str
    type: str | None = None
    length: int | None = None
    title: str | None = None
    duration: _Duration | None = None


def _named(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


def _located(value: object) -> object:
    return {"url": value} if isinstance(value, str) else value


_Author = Annotated[AuthorJSON, BeforeValidator(_named, json_schema_input_type=AuthorJSON | str)]
_Source = Annotated[SourceJSON, BeforeValidator(_named, json_schema_input_type=SourceJSON | str)]
_Image = Annotated[ImageJSON, BeforeValidator(_located, json_schema_input_type=ImageJSON | str)]


class ArticleJSON(_Shape):
    """The shape of an article in JSON; unknown fields are refused. null means: not given."""

    external_id: str | None = Field(None, description="The sender's own id, kept to the letter.")
    title: str = Field(description="Plain text, published as written: no markup, no entities.")
    link: str | None = Field(None, description="Where the article lives; its page here without one.")
    summary: str | None = Field(None, description="Plain text.")
    content_html: str | None = Field(None, description="The body; sanitised, relative URLs made absolute.")
    sections: list[str] = Field(max_length=MAX_SECTIONS, description="Slugs, aliases or titles of plain sections.")
    authors: list[_Author] | None = Field(None, max_length=MAX_AUTHORS)
    editor: str | None = None
    source: _Source | None = None
    breadcrumb: list[str] | None = Field(None, max_length=MAX_BREADCRUMB)
    tags: list[str] | None = Field(None, max_length=MAX_TAGS)
    language: str | None = Field(None, description="BCP 47, such as zh-Hans.")
    published: str | None = Field(None, description=f"RFC 3339, such as {EXAMPLE}; when it goes live, without one.")
    updated: str | None = Field(None, description="RFC 3339.")
    image: _Image | None = None
    enclosures: list[EnclosureJSON] | None = Field(None, max_length=MAX_ENCLOSURES)
    minor: bool | None = Field(None, description="Mends without moving `updated`.")
    correction: str | None = Field(None, description="The editor's note on what this change corrects, plain text.")
    draft: bool | None = Field(None, description="Keeps it back.")
    entry_id: str | None = Field(None, description="The id under which an older feed showed it, kept to the letter.")
    is_permalink: bool | None = Field(None, description="Whether entry_id is an address that readers may follow.")


_DEEPEST = 3
"""Steps from the article to the deepest text of the shape: authors, their number, a name."""

_UNCARRIED = re.compile("[\0\ud800-\udfff]")
_STAND_INS: Mapping[str, Any] = {"title": "-", "sections": []}
_EXPECTED = {
    "string_type": "a string",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "list_type": "a list",
    "model_type": "an object",
}
_MENDS = {
    "title": ": give the article a title",
    "sections": ": name at least one section",
}
_TIMES = frozenset({"published", "updated"})
_LIMITS = {
    "sections": MAX_SECTIONS,
    "authors": MAX_AUTHORS,
    "breadcrumb": MAX_BREADCRUMB,
    "tags": MAX_TAGS,
    "enclosures": MAX_ENCLOSURES,
}
_MODELS: Mapping[str, type[BaseModel]] = {
    "authors": AuthorJSON,
    "source": SourceJSON,
    "image": ImageJSON,
    "enclosures": EnclosureJSON,
}


def read_shape(data: Mapping[str, Any], report: Report) -> ArticleJSON:
    """Check names and types. Gives what is sound, so that values can be checked, too; refused fields are left out."""
    data = _bound(data, report)
    bad = _refuse_uncarried(data, report)
    try:
        return _validate(data, bad)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
    bad.update(str(detail["loc"][0]) for detail in details)
    for detail in details[:MAX_PROBLEMS]:
        report.refuse(write_path(detail["loc"]), _found(detail), _explain(detail))
    report.unsaid += len(details[MAX_PROBLEMS:])
    return _validate(data, bad)


def _bound(data: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
    """Refuse what is cheap to refuse before anything is walked through: unknown fields, and lists that are too long."""
    known: dict[str, Any] = {}
    unknown = 0
    for name, value in data.items():
        if name not in ArticleJSON.model_fields:
            unknown += 1
            if unknown <= MAX_PROBLEMS:
                report.refuse(write_path((name,)), value, _explain_unknown((name,)))
        elif isinstance(value, list) and len(value) > _LIMITS.get(name, len(value)):
            report.refuse(name, value, f"holds more than the {_LIMITS[name]} it may hold")
            if name in _STAND_INS:
                known[name] = value[: _LIMITS[name]]
        else:
            known[name] = value
    report.unsaid += max(0, unknown - MAX_PROBLEMS)
    return known


def _validate(data: Mapping[str, Any], bad: set[str]) -> ArticleJSON:
    sound = {name: value for name, value in data.items() if name not in bad}
    stand_ins = {name: value for name, value in _STAND_INS.items() if name in bad}
    return ArticleJSON.model_validate({**sound, **stand_ins})


def write_path(location: tuple[int | str, ...]) -> str:
    """Write a place in JSON as `authors[0].name`."""
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{shorten(step)}"
    return path.removeprefix(".")


def _found(detail: ErrorDetails) -> object:
    return "" if detail["type"] == "missing" else detail["input"]


def _explain(detail: ErrorDetails) -> str:
    kind, location = detail["type"], detail["loc"]
    if kind == "missing":
        return "is required" + _MENDS.get(str(location[-1]), "")
    if kind == "extra_forbidden":
        return _explain_unknown(location)
    expected = _EXPECTED.get(kind, "")
    if location[0] in _TIMES:
        expected = f"a time as RFC 3339, such as {EXAMPLE}"
    elif location[-1] == "duration":
        expected = "seconds, or hours, minutes and seconds such as 1:02:03"
    return f"must be {expected}, not {_name_type(detail['input'])}" if expected else detail["msg"]


def _explain_unknown(location: tuple[int | str, ...]) -> str:
    model = ArticleJSON if len(location) == 1 else _MODELS[str(location[0])]
    names = list(model.model_fields)
    near = get_close_matches(shorten(str(location[-1])), names, n=1)
    hint = f"; did you mean {near[0]}?" if near else "."
    return f"there is no such field{hint} Fields: {', '.join(names)}"


def _name_type(value: object) -> str:
    if value is None:
        return "null"
    names = {bool: "true or false", int: "a number", float: "a number", str: "a string", list: "a list"}
    return names.get(type(value), "an object")


def _refuse_uncarried(data: Mapping[str, Any], report: Report) -> set[str]:
    """Refuse NUL and lone surrogates anywhere: no database, XML or UTF-8 carries them. Gives the top-level fields."""
    bad: set[str] = set()
    for name, value in data.items():
        for location, text, reason in _find_uncarried_in(value, (name,)):
            report.refuse(write_path(location), text, reason)
            bad.add(name)
    return bad


def _find_uncarried_in(value: Any, location: tuple[int | str, ...]) -> Iterator[tuple[tuple[int | str, ...], str, str]]:
    """In a text, and in lists and objects as deep as the shape goes; what lies deeper is refused by its type."""
    if isinstance(value, str):
        if reason := find_uncarried(value):
            yield location, value, reason
    elif len(location) >= _DEEPEST:
        return
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _find_uncarried_in(item, (*location, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _find_uncarried_in(item, (*location, index))


def find_uncarried(text: str) -> str:
    """Say where NUL or a lone surrogate stands in a text (characters count from 1); '' where none does."""
    found = _UNCARRIED.search(text)
    if found is None:
        return ""
    position = found.start() + 1
    if found[0] == "\0":
        return f"holds NUL (U+0000) at character {position}, which XML can't carry: remove it"
    return (
        f"holds half of a surrogate pair (U+{ord(found[0]):04X}) at character {position}, which is no character: "
        "send the whole pair or remove it"
    )
