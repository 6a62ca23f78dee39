"""The kinds of value in config.yaml: each is checked, made canonical, and knows in words what it expects."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, Field, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from feedsvc.config.hints import HintedError, did_you_mean
from feedsvc.config.moves import read_old_url
from feedsvc.config.schedule import CRON_PATTERN, DURATION_PATTERN, YEAR_SECONDS, read_cron, read_duration
from feedsvc.config.sizes import (
    LARGEST_DOCUMENT,
    LEAST_MEMORY,
    LEAST_PROCESS,
    MOST_MEMORY,
    SIZE_PATTERN,
    SMALLEST_DOCUMENT,
    read_size,
)
from feedsvc.config.tree import read_plain
from feedsvc.model import ALL_SLUG, INDEX_SLUG, ContentMode, FormatName, WithdrawalMode
from feedsvc.text import canonical_language, canonical_line, canonical_url


def expecting(phrase: str, read: Callable[[Any], Any] | None = None, words: tuple[str, ...] = ()) -> WrapValidator:
    """Say `phrase` when a value is refused, whether by its type or by `read`; guess among `words` for a typo."""

    def check(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            checked = handler(value)
            return read(checked) if read else checked
        except ValueError as error:
            hint = error.hint if isinstance(error, HintedError) else _guess(value, handler, read, words)
            raise PydanticCustomError("expected", "{expected}", {"expected": phrase, "hint": hint}) from None

    return WrapValidator(check)


def _guess(
    value: Any, handler: ValidatorFunctionWrapHandler, read: Callable[[Any], Any] | None, words: tuple[str, ...]
) -> str:
    if isinstance(value, str):
        if words:
            return did_you_mean(value, words)
        unquoted = read_plain(value)
        if not isinstance(unquoted, str):
            return "Write it without quotes." if _takes(handler, unquoted) else ""
        return _hint_of(read, value) if read else ""
    is_number = isinstance(value, (int, float))
    return "Put it in quotes." if is_number and _takes(handler, str(value)) else ""


def _hint_of(read: Callable[[Any], Any], value: str) -> str:
    """What `read` would say of text that did not even have the right form."""
    try:
        read(value)
    except ValueError as error:
        return error.hint if isinstance(error, HintedError) else ""
    return ""


def _takes(handler: ValidatorFunctionWrapHandler, value: Any) -> bool:
    try:
        handler(value)
    except ValueError:
        return False
    return True


def read_line(text: str) -> str:
    line = canonical_line(text)
    if not line:
        raise ValueError(text)
    return line


def read_name(text: str) -> str:
    if "@" in text:  # feedparser takes an address out of a name
        raise HintedError("Write {name: …, email: …}.")
    return read_line(text)


def read_language(text: str) -> str:
    return canonical_language(text)


def read_timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ValueError, KeyError, OSError):
        if "beijing" in text.lower():
            raise HintedError("Did you mean `Asia/Shanghai`?") from None
        raise HintedError(did_you_mean(text, sorted(available_timezones()))) from None
    return text


def read_base_url(text: str) -> str:
    if "://" not in text:
        raise HintedError("It begins with https:// or http://.")
    url = canonical_url(text)
    if "?" in url or "#" in url:
        raise HintedError("Leave out the query and the fragment (? or # and what follows).")
    if "@" in urlsplit(url).netloc:
        raise HintedError("Leave out user and password.")
    return url.rstrip("/")


def read_web_url(text: str) -> str:
    return canonical_url(text)


def read_image_url(text: str) -> str:
    """Stays as written: what a relative one counts from is known only later."""
    canonical_url(text, "https://example.org/")
    return text


def read_bucket_url(text: str) -> str:
    """`s3://name/prefix`, without a slash at its end."""
    if "@" in text:
        raise HintedError("Leave out user and password: the environment says them (AWS_ACCESS_KEY_ID, …).")
    url = text.rstrip("/")
    if not url.startswith("s3://"):
        raise HintedError("It begins with s3://; where the store answers stands under `endpoint`.")
    if any(part in {"", ".", ".."} for part in url.split("/")[3:]):
        raise HintedError("Between two slashes of the prefix stands a name.")
    name, _, prefix = url.removeprefix("s3://").partition("/")
    if not re.fullmatch("[a-z0-9.-]{3,63}", name):
        raise HintedError("A bucket's name is 3 to 63 lower-case letters, digits, full stops and hyphens.")
    if strange := re.search("[^A-Za-z0-9!_.*'()/-]", prefix):
        raise HintedError(f"A prefix is letters and digits of ASCII and !_.*'()/- alone, without `{strange[0]}`.")
    return url


def read_slug(slug: str) -> str:
    if slug in {ALL_SLUG, INDEX_SLUG}:
        taken = "the feed of everything (configure it under `all:`)" if slug == ALL_SLUG else "the list of all feeds"
        raise HintedError(f"`{slug}` is {taken}.")
    proposal = re.sub("[^a-z0-9]+", "-", slug.lower()).strip("-")
    if proposal != slug.strip("-"):
        raise HintedError(f"`{proposal}` would do." if proposal else "The title can be in any script.")
    return slug


def read_database_url(text: str) -> str:
    """Stays as written. No message quotes any of it: it may hold a password."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise HintedError("") from None
    if url.drivername == "sqlite":
        if not url.database or url.host or url.database == ":memory:" or url.database.startswith("file:"):
            raise HintedError("SQLite needs the name of a file: sqlite:///feedsvc.db")
    elif url.drivername not in {"postgresql", "postgresql+psycopg"}:
        is_postgres = url.drivername.startswith(("postgres", "pg", "psql"))
        raise HintedError("Write postgresql:// at its beginning." if is_postgres else "")
    elif "@" in f"{url.host}{url.database}":
        raise HintedError("In user and password write @ as %40, / as %2F, : as %3A.")
    return text


Line = Annotated[str, Field(pattern=r"\S"), expecting("text", read_line)]
Name = Annotated[str, Field(pattern=r"^[^@]*[^@\s][^@]*$"), expecting("a name", read_name)]
Email = Annotated[str, Field(pattern=r"^[^@\s<>()]+@[^@\s<>()]+$"), expecting("an e-mail address")]
Language = Annotated[
    str,
    Field(pattern="^[A-Za-z]{1,8}([-_][A-Za-z0-9]{1,8})*$", examples=["zh-Hans", "zh-Hant", "en"]),
    expecting("a language tag such as zh-Hans, zh-TW or en", read_language),
]
TimeZone = Annotated[
    str, Field(examples=["Asia/Shanghai", "UTC"]), expecting("a time zone such as Asia/Shanghai or UTC", read_timezone)
]
BaseUrl = Annotated[
    str,
    Field(pattern="^[Hh][Tt][Tt][Pp][Ss]?://[^?#]+$", examples=["https://news.example.org"]),
    expecting("an absolute address such as https://news.example.org", read_base_url),
]
WebUrl = Annotated[
    str,
    Field(pattern="^[Hh][Tt][Tt][Pp][Ss]?://"),
    expecting("an absolute http or https address", read_web_url),
]
HookUrl = Annotated[
    str,
    Field(pattern="^[Hh][Tt][Tt][Pp][Ss]?://", examples=["https://alerts.example.org/feedsvc"]),
    expecting("an absolute http or https address", read_web_url),
]
BucketUrl = Annotated[
    str,
    Field(
        pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*'()/-]*)?$",
        examples=["s3://news-example-org/feeds"],
    ),
    expecting("a bucket and a prefix such as s3://news-example-org/feeds", read_bucket_url),
]
Endpoint = Annotated[
    str,
    Field(pattern="^[Hh][Tt][Tt][Pp][Ss]?://[^?#]+$", examples=["https://s3.example.net"]),
    expecting("an absolute address such as https://s3.example.net", read_base_url),
]
Region = Annotated[
    str, Field(pattern="^[A-Za-z0-9-]{1,64}$", examples=["eu-central-1"]), expecting("a region such as eu-central-1")
]
Argument = Annotated[str, Field(pattern="^[^\x00]*$"), expecting("text")]
Command = Annotated[tuple[Argument, ...], Field(min_length=1, examples=[["/usr/local/bin/alert", "--feeds"]])]
ImageUrl = Annotated[
    str, Field(pattern=r"\S"), expecting("the address of a picture, absolute or counted from base_url", read_image_url)
]
MediaType = Annotated[str, Field(pattern=r"^image/[A-Za-z0-9.+-]+$"), expecting("a media type such as image/png")]
Pixels = Annotated[int, Field(ge=1, le=100_000), expecting("a whole number of pixels, from 1 to 100000")]
Slug = Annotated[
    str,
    Field(pattern="^[a-z0-9-]{1,100}$"),
    expecting("a section's name of a-z, 0-9 and hyphens, other than all and index", read_slug),
]
OldUrl = Annotated[
    str,
    Field(pattern="^/", examples=["/feed/", "/category/macro/feed?type=atom"]),
    expecting("a path of this site, such as /feed/ or /rss.xml", read_old_url),
]
Limit = Annotated[int, Field(ge=1, le=500), expecting("a whole number from 1 to 500")]
Content = Annotated[ContentMode, expecting("full or summary", words=("full", "summary"))]
Withdrawals = Annotated[WithdrawalMode, expecting("tombstone or notice", words=("tombstone", "notice"))]
Format = Annotated[FormatName, expecting("rss, atom or json", words=("rss", "atom", "json"))]
Flag = Annotated[bool, expecting("true or false")]
Cron = Annotated[
    str,
    Field(pattern=CRON_PATTERN, examples=["0 6 * * 1-5"]),
    expecting('a cron line of five fields (minute hour day month weekday) such as "0 6 * * 1-5"', read_cron),
]
Host = Annotated[
    str, Field(pattern=r"^[0-9A-Za-z.:_-]+$"), expecting("an IP address or host name such as 127.0.0.1 or 0.0.0.0")
]
Port = Annotated[int, Field(ge=1, le=65_535), expecting("a whole number from 1 to 65535")]
Workers = Annotated[int, Field(ge=1, le=64), expecting("a whole number from 1 to 64")]
Processes = Annotated[int, Field(ge=0, le=64), expecting("a whole number from 0 to 64")]
Hops = Annotated[int, Field(ge=0, le=10), expecting("a whole number from 0 to 10")]
DocumentsPerHour = Annotated[int, Field(ge=0, le=1_000_000), expecting("a whole number from 0 to 1000000")]
MetricsReaders = Annotated[
    Literal["off", "local", "everyone"], expecting("off, local or everyone", words=("off", "local", "everyone"))
]
ProofMode = Annotated[Literal["incremental", "full"], expecting("incremental or full")]
Percent = Annotated[int, Field(ge=0, le=100), expecting("a whole number from 0 to 100")]
GzipLevel = Annotated[int, Field(ge=0, le=9), expecting("a whole number from 0 to 9")]
BrotliLevel = Annotated[int, Field(ge=0, le=11), expecting("a whole number from 0 to 11")]
Folder = Annotated[
    str, Field(pattern="^[^~]"), expecting("a folder, absolute or counted from this file's (~ is not understood)")
]
DatabaseUrl = Annotated[
    str,
    Field(pattern=r"^(sqlite|postgresql(\+psycopg)?)://|\$\{"),
    expecting("a URL like sqlite:///feedsvc.db or postgresql://user@host/name", read_database_url),
]


def _seconds(value: Any) -> Any:
    return read_duration(value) if isinstance(value, str) else value


def _bytes(value: Any) -> Any:
    return read_size(value) if isinstance(value, str) else value


def sizes(least: int, most: int) -> BeforeValidator:
    """Reads `2 MB` as well as a number of bytes, and tells the schema so."""
    number: Any = Annotated[int, Field(ge=least, le=most)]
    return BeforeValidator(_bytes, json_schema_input_type=number | Annotated[str, Field(pattern=SIZE_PATTERN)])


DocumentBytes = Annotated[
    int,
    Field(ge=SMALLEST_DOCUMENT, le=LARGEST_DOCUMENT),
    sizes(SMALLEST_DOCUMENT, LARGEST_DOCUMENT),
    expecting("a size such as 500 KB or 2 MB (or a whole number of bytes), from 10 KB to 16 MB"),
]
MemoryBytes = Annotated[
    int,
    Field(ge=LEAST_MEMORY, le=MOST_MEMORY),
    sizes(LEAST_MEMORY, MOST_MEMORY),
    expecting("a size such as 64 MB or 500 MB (or a whole number of bytes), from 1 MB to 100000 MB"),
]
ProcessMemory = Annotated[
    int,
    Field(ge=LEAST_PROCESS, le=MOST_MEMORY),
    sizes(LEAST_PROCESS, MOST_MEMORY),
    expecting("a size such as 300 MB or 1000 MB (or a whole number of bytes), from 100 MB to 100000 MB"),
]
DURATION_WORDS = "a length of time such as 90s, 15m, 1h30m or 1d (or a whole number of seconds), "


def durations(least: int, most: int) -> BeforeValidator:
    """Reads `15m` as well as a number of seconds, and tells the schema so."""
    number: Any = Annotated[int, Field(ge=least, le=most)]
    text = Annotated[str, Field(pattern=DURATION_PATTERN, min_length=2)]
    return BeforeValidator(_seconds, json_schema_input_type=number | text)


Every = Annotated[
    int,
    Field(ge=1, le=YEAR_SECONDS),
    durations(1, YEAR_SECONDS),
    expecting(DURATION_WORDS + "from 1s to 365d"),
]
MaxAge = Annotated[
    int,
    Field(ge=0, le=YEAR_SECONDS),
    durations(0, YEAR_SECONDS),
    expecting(DURATION_WORDS + "from 0s to 365d"),
]
RequestTime = Annotated[
    int,
    Field(ge=1, le=60),
    durations(1, 60),
    expecting(DURATION_WORDS + "from 1s to 60s"),
]
