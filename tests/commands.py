"""The command line in this process, over a site in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from click.testing import CliRunner, Result

from feedsvc.cli import main
from feedsvc.runtime import Runtime


def run(
    *arguments: str | Path, expect: int = 0, stdin: str | None = None, env: Mapping[str, str] | None = None
) -> Result:
    """One command, in this process; its exit code is part of what it says, and no exception ever is."""
    result = CliRunner().invoke(main, list(map(str, arguments)), input=stdin, env=env, prog_name="feedsvc")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == expect, result.output
    return result


@dataclass(frozen=True)
class Site:
    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def feeds(self) -> Path:
        return self.folder / "feeds"

    def run(self, *arguments: str | Path, expect: int = 0, stdin: str | None = None, **env: str) -> Result:
        return run("--config", self.config, *arguments, expect=expect, stdin=stdin, env=env)

    def findings(self, *what: str | Path) -> set[tuple[str, str, str]]:
        """Feed, format and rule of everything that `feedsvc verify` finds, which must be something."""
        told = json.loads(self.run("verify", "--json", *what, expect=1).stdout)
        return {
            (each["feed"], each["format"], found["rule"]) for each in told["documents"] for found in each["findings"]
        }

    def postpone_forecast(self) -> None:
        """The sample that would go live five minutes after `init`: tests may take longer than that."""
        with closing(Runtime.open(self.config)) as runtime, runtime.store.write() as tx:
            forecast = tx.article_by_external_id("sample-macro-forecast")
            assert forecast is not None
            assert forecast.published is not None
            tomorrow = forecast.published + timedelta(days=1)
            tx.update_article(replace(forecast, published=tomorrow, updated=tomorrow))

    @contextmanager
    def opened(self) -> Iterator[Runtime]:
        runtime = Runtime.open(self.config)
        try:
            yield runtime
        finally:
            runtime.close()

    def change_config(self, old: str, new: str) -> None:
        text = self.config.read_text("utf-8")
        assert old in text
        self.config.write_text(text.replace(old, new), "utf-8")
