"""The only place where things are wired together: config -> store, folder, regenerator, clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feedsvc.config import Settings, SettingsSource
from feedsvc.output import FeedsFolder
from feedsvc.publish import Clock
from feedsvc.regenerate import Regenerator
from feedsvc.store import Store


def find_config(given: str | Path | None) -> Path:
    """-c/--config, else FEEDSVC_CONFIG, else ./config.yaml; absolute."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Check:
    """One line of health: `ok` False degrades it. `detail` is for an admin and holds no secret."""

    name: str
    ok: bool
    detail: str


class Runtime:
    """Everything a process of feedsvc needs, opened once. Close it at the end."""

    source: SettingsSource
    store: Store
    folder: FeedsFolder
    folder_id: str
    regenerator: Regenerator
    clock: Clock

    @classmethod
    def open(cls, config_path: Path, *, clock: Clock | None = None, environ: Mapping[str, str] | None = None, migrate: bool = True) -> Runtime:
        """Load the config, open and migrate the store, prepare the folder, register sections."""
        raise NotImplementedError

    @property
    def settings(self) -> Settings:
        """Those in force now."""
        raise NotImplementedError

    def refresh(self) -> bool:
        """Take over a changed config.yaml (registering new sections); True if new settings are in force."""
        raise NotImplementedError

    def checks(self) -> list[Check]:
        """config, store, feeds folder, worker heartbeat, and each section that is stale, blocked or has a quarantine."""
        raise NotImplementedError

    def status(self) -> dict[str, Any]:
        """The truth for `feedsvc status --json` and /healthz: version, checks, and per section state, when, entries, bytes, findings, next run."""
        raise NotImplementedError

    def close(self) -> None: ...
