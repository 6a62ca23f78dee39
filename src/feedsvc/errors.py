"""Every error that feedsvc raises on purpose.

    FeedsvcError
    ├── ConfigError            config.yaml can't be used; holds every problem found, not only the first
    ├── RefusedError           something from outside is not accepted; holds a Problem per field
    ├── UnknownSectionError    no section of that name; knows the ones there are
    ├── ArticleNotFoundError   no article under that id or external id
    ├── ConflictError          the request is sound but contradicts what is stored
    ├── RenderError            one entry (or a feed's head) can't be written in one format
    ├── ParseError             bytes that are no feed, or exceed the bounds we parse within
    ├── StoreError             the database refused or broke
    │   ├── UnreadableArticleError  a row that another hand wrote is no article
    │   ├── UnreadableSectionError  likewise, of a section
    │   ├── OutdatedError           something newer was published meanwhile; read again and begin anew
    │   └── StoreUnavailableError   it can't be reached at all; trying again may help
    ├── OutputError            the feeds folder can't be written or read
    └── BucketError            object storage refuses, or can't be reached
        └── BucketConflictError    something else lies there than was thought

Identity travels as attributes, so that web/ and cli/ can say it their own way; `str(error)` is
always a sentence (or several) fit for a person. HTTP status codes live in web/ only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one field: `authors[0].name`, what was there, and why it can't be taken."""

    field: str
    value: str
    reason: str

    def __str__(self) -> str:
        found = f" (found {self.value})" if self.value else ""
        return f"{self.field}: {self.reason}{found}"


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One thing wrong in config.yaml. `line` and `column` count from 1; `path` is dotted, `sections.macro.limit`."""

    file: Path
    line: int
    column: int
    path: str
    found: str
    expected: str
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        hint = f" {self.hint}" if self.hint else ""
        return f"{where}: {self.path}: found {self.found}, expected {self.expected}.{hint}"


class FeedsvcError(Exception):
    """The root: catch this to catch everything feedsvc raises on purpose."""


_TOLD_PROBLEMS = 100
"""Of a configuration; a file that is no configuration at all has one on each line, and logs are to be read."""


class ConfigError(FeedsvcError):
    """The configuration can't be used. `problems` lists all of them in the file's order; the first are told."""

    def __init__(self, problems: Sequence[ConfigProblem]) -> None:
        self.problems = tuple(problems)
        told = [str(problem) for problem in self.problems[:_TOLD_PROBLEMS]]
        if len(self.problems) > len(told):
            told.append(f"and {len(self.problems) - len(told):,} more")
        super().__init__("\n".join(told))


class RefusedError(FeedsvcError):
    """Input is not accepted and nothing was stored. `problems` names each field, value and reason."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


class UnknownSectionError(FeedsvcError):
    """No section answers to `name`; `known` are the ones that exist, `nearest` the likeliest of them or ''.

    `instead` is set where the name means a feed in which nothing is put: a clause on what it is and what to name.
    """

    def __init__(self, name: str, known: Sequence[str], *, instead: str = "") -> None:
        self.name = name
        self.known = tuple(known)
        self.instead = instead
        self.nearest = next(iter(get_close_matches(name, self.known, n=1)), "")
        if instead:
            super().__init__(f"{instead}.")
            return
        guess = f" Did you mean {self.nearest}?" if self.nearest else ""
        super().__init__(f"There is no section {name!r}.{guess} Sections: {', '.join(self.known) or 'none'}.")


class ArticleNotFoundError(FeedsvcError):
    """No article is stored under `key` (an id or an external id)."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"There is no article {key!r}.")


class ConflictError(FeedsvcError):
    """The request contradicts what is stored; `field` says where."""

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        self.reason = reason
        super().__init__(f"{field}: {reason}")


class RenderError(FeedsvcError):
    """`format` can't carry this. `entry_id` names the guilty entry, or is None for the feed's own head."""

    def __init__(self, format: str, entry_id: str | None, reason: str) -> None:
        self.format = format
        self.entry_id = entry_id
        self.reason = reason
        super().__init__(f"{format}: {entry_id or 'the feed itself'}: {reason}")


class ParseError(FeedsvcError):
    """These bytes are no feed, or go beyond the bounds within which we parse."""


class StoreError(FeedsvcError):
    """The database refused an operation or broke in the middle of one; the transaction was rolled back."""


class UnreadableArticleError(StoreError):
    """A row is no article: what lies at `where` (`enclosures[0].type`) is no such value, `reason` says why.

    `article_id` is None where not even that can be read; `seq` counts arrivals. `is_mendable`: sending the article anew
    puts it right; else nothing but correcting the row does.
    """

    def __init__(self, seq: int, article_id: str | None, where: str, reason: str, *, is_mendable: bool) -> None:
        self.seq = seq
        self.article_id = article_id
        self.where = where
        self.reason = reason
        self.is_mendable = is_mendable
        name = f"number {seq} (`seq`)" if article_id is None else article_id
        mend = "Send it anew, whole, or withdraw it" if is_mendable else f"Correct its row, WHERE seq = {seq}"
        super().__init__(f"Article {name} can't be read from the database: {where} {reason}. {mend}.")


class UnreadableSectionError(StoreError):
    """A row of the table section is none: what lies in `column` is no such value, `reason` says why."""

    def __init__(self, slug: object, column: str, reason: str) -> None:
        self.slug = slug
        self.column = column
        self.reason = reason
        super().__init__(
            f"Section {slug} can't be read from the database: {column} {reason}. Another hand wrote that: correct it "
            f"(table section, WHERE slug = '{slug}'), or restore a backup."
        )


class OutdatedError(StoreError):
    """What was made is older than what another replica has published of it; whoever reads again sees as much."""


class StoreUnavailableError(StoreError):
    """The database can't be reached. Nothing was written; the same call may succeed later."""


class OutputError(FeedsvcError):
    """A file in the feeds folder can't be written, read or removed; what stood there before still stands."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}")


class BucketError(FeedsvcError):
    """What was to be done (`what`) can't be done in a bucket of object storage, for this `reason`; and the `mend`."""

    def __init__(self, url: str, what: str, reason: str, mend: str) -> None:
        self.url = url
        self.what = what
        self.reason = reason
        self.mend = mend
        super().__init__(f"{url}: can't {what}: {reason}. {mend}")


class BucketConflictError(BucketError):
    """Nothing was written: the object is another than the one that was to be replaced, or there is one already."""
