"""`feedsvc init`: a folder with a working config.yaml, and feeds in it."""

from __future__ import annotations

from datetime import timedelta
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import click
from pydantic import TypeAdapter
from ruamel.yaml import YAML

from feedsvc.cli.commands import Failure, given_config
from feedsvc.cli.messages import count, say
from feedsvc.cli.opening import show_what_goes_wrong
from feedsvc.cli.regenerate import regenerate_feeds
from feedsvc.config import load
from feedsvc.errors import ConfigError, FeedsvcError
from feedsvc.ingest import accept
from feedsvc.model import INDEX_SLUG
from feedsvc.publish import put
from feedsvc.runtime import Runtime

_SAMPLES = resources.files("feedsvc") / "samples"
_SAMPLE_URL = "http://127.0.0.1:8000"
_SAMPLE_PORT = "port: 8000"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_DURATION = TypeAdapter(timedelta)


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--samples", is_flag=True, help="With sample sections and articles, Chinese and English.")
@click.option("--base-url", metavar="URL", default=_SAMPLE_URL, show_default=True, help="Where readers will reach it.")
@click.option("--keep-config", is_flag=True, help="Go by the config.yaml that is there already.")
def command(folder: Path, samples: bool, base_url: str, keep_config: bool) -> None:
    """Make a folder with a working config.yaml, a database and feeds.

    `feedsvc init news && cd news && feedsvc serve` has feeds. A config.yaml that is there already stays as it is; with
    --keep-config the rest is made by it.
    """
    if given_config():
        raise click.UsageError("init writes DIR/config.yaml: leave -c/--config out.")
    config = folder / "config.yaml"
    is_kept = keep_config and config.is_file()
    if not is_kept:
        _write_config(config, _fill_in("config.yaml" if samples else "minimal.yaml", base_url.rstrip("/")))
    try:
        show_what_goes_wrong()
        runtime = Runtime.open(config.absolute())
    except FeedsvcError:
        if not is_kept:
            config.unlink()
        raise
    try:
        loaded = load_samples(runtime) if samples else 0
        results = regenerate_feeds(runtime, [*runtime.settings.feeds, INDEX_SLUG])
    finally:
        runtime.close()
    live = {result.slug for result in results if result.error is None}
    feeds = runtime.settings.feeds.keys()
    listed = ", and the list of them" if INDEX_SLUG in live else ""
    told = f"; {count(loaded, 'sample article')}" if samples else ""
    say(f"{config}: {len(live & feeds)} of {count(len(feeds), 'feed')} are live{listed}{told}.")
    say(f"Next: feedsvc --config {config} serve")
    if len(live) < len(results):
        raise Failure("Some feeds are not live: `feedsvc status` says why.")


def _fill_in(template: str, base_url: str) -> str:
    """The template with this address. UsageError for one that the config could not hold."""
    text = (_SAMPLES / template).read_text("utf-8")
    address = urlsplit(base_url)
    if address.hostname in _LOOPBACK and address.port:
        text = text.replace(_SAMPLE_PORT, f"port: {address.port}")
    text = text.replace(_SAMPLE_URL, base_url)
    try:
        with TemporaryDirectory() as folder:
            draft = Path(folder) / "config.yaml"
            draft.write_text(text, "utf-8")
            load(draft, environ={})
    except ConfigError as error:
        problem = error.problems[0]
        wrong = f"found {problem.found}, expected {problem.expected}. {problem.hint}"
        raise click.BadParameter(wrong.strip(), param_hint="--base-url") from error
    return text


def _write_config(config: Path, text: str) -> None:
    try:
        config.parent.mkdir(parents=True, exist_ok=True)
        with config.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        mend = "edit it, remove it first, or name another folder"
        raise Failure(f"{config} is there already: {mend}.") from error


def load_samples(runtime: Runtime) -> int:
    """Put the sample articles; how many. Those that are there keep their dates, however long ago they were loaded."""
    now = runtime.clock()
    samples: list[dict[str, Any]] = YAML(typ="safe", pure=True).load((_SAMPLES / "articles.yaml").read_text("utf-8"))
    for sample in samples:
        offset = _DURATION.validate_python(sample.pop("published"))
        if runtime.store.article_by_external_id(sample["external_id"]) is None:
            sample["published"] = (now + offset).isoformat()
        settings = runtime.settings
        accepted = accept(sample, resolve_section=settings.resolve_section, base_url=settings.site.base_url)
        put(runtime.store, runtime.clock, accepted.article)
    return len(samples)
