"""config.yaml -> Settings. An error names file, line, column, key and the mend; all errors come at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feedsvc.model import Section, Site


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where `feedsvc serve` listens and how big it is."""

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything config.yaml says, with defaults filled in. Paths are absolute.

    `sections` holds what the file names, in its order (plain ones and combinations); `feeds` adds `all`.
    `digest` is SHA-256 of the file's text. `database_url` may hold a secret: never log it (`database_label` is safe).
    """

    path: Path
    digest: str
    site: Site
    sections: Mapping[str, Section]
    database_url: str
    feeds_dir: Path
    server: Server

    @property
    def feeds(self) -> Mapping[str, Section]:
        """All sections that are published: `sections` and `all`."""
        raise NotImplementedError

    @property
    def plain(self) -> Mapping[str, Section]:
        """The sections that articles can be in: those without `include`."""
        raise NotImplementedError

    @property
    def database_label(self) -> str:
        """The database URL without password, for people."""
        raise NotImplementedError

    def feeds_of(self, sections: tuple[str, ...]) -> tuple[str, ...]:
        """Slugs of every feed in which an article of these plain sections belongs (itself, combinations, `all`)."""
        raise NotImplementedError

    def resolve_section(self, name: str) -> str:
        """The slug of the plain section that `name` means: slug, alias or title. Raises UnknownSectionError."""
        raise NotImplementedError


def load(path: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Read, check and complete a config file. Raises ConfigError holding every problem."""
    raise NotImplementedError


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of config.yaml, for editors to complete and check with."""
    raise NotImplementedError


class SettingsSource:
    """The settings in force: follows the file, keeps the last good ones when it turns bad.

    An accepted file is remembered beside it as `.<name>.accepted`, so that a process that starts while config.yaml is
    broken still knows the last good one.
    """

    def __init__(self, path: Path, environ: Mapping[str, str] | None = None) -> None:
        """Load now. A bad file with a remembered good one: that is in force and `error` is set; without: ConfigError."""
        raise NotImplementedError

    current: Settings
    error: Exception | None

    def refresh(self) -> bool:
        """Look at the file (one stat when nothing changed); True if new settings are now in force."""
        raise NotImplementedError
