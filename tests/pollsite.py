"""A site with one of each that `pollcases` asks for, and what is only known of it once it is there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from feedsvc import publish
from feedsvc.model import ArticleInput
from feedsvc.runtime import Runtime
from pollcases import BARE, FEED, LOST, Case, Headers

CONFIG = """\
site:
  title: 江畔新闻
  base_url: {base_url}
  language: zh-Hans
  timezone: Asia/Shanghai
server: {{port: {port}}}
sections:
  macro:
    title: 宏观
    limit: 3
    max_age: 90s
    old_urls: [/rss.xml, /feeds/legacy.rss]
  finance: {{title: 財經, formats: [rss, atom]}}
  culture: {{title: 文化}}
  world: {{title: World, language: en}}
  letters: {{title: 读者来信, formats: [rss], limit: 2}}
  economy:
    title: 经济
    include: [macro, finance]
"""
_CLOSED = "  gone: {{title: 旧栏目}}\n"

_EPOCH = datetime(2026, 3, 1, 12, tzinfo=UTC)

_MODIFIED = "%a, %d %b %Y %H:%M:%S GMT"

LATER = _EPOCH + timedelta(days=1)
"""When all of it is live. What is published anew at this time is dated a second apart, and nothing ahead of today."""


@dataclass(frozen=True)
class Site:
    config: Path
    older: str
    """The digest of FEED's version before this one."""

    @property
    def folder(self) -> Path:
        return self.config.parent / "feeds"

    def file(self, path: str) -> Path:
        """Where the document of an address lies; FEED for an address of none."""
        name = path.partition("?")[0].removeprefix("/feeds/").replace("/feeds.opml", "index.opml")
        file = self.folder / name
        return file if file.is_file() and not name.startswith(".") else self.folder / FEED.removeprefix("/feeds/")

    def fill_in(self, case: Case, *, names: str) -> Headers:
        """The case's headers as things stand, with tags as the application (`own`) or nginx (`file`) makes them."""
        file = self.file(case.path)
        modified = datetime.fromtimestamp(int(file.stat().st_mtime), UTC)
        known = {
            **(own_tags if names == "own" else file_tags)(file),
            "older": f'"{self.older}"',
            "modified": modified.strftime(_MODIFIED),
            "before": (modified - timedelta(hours=1)).strftime(_MODIFIED),
            "after": (modified + timedelta(hours=1)).strftime(_MODIFIED),
            "rfc850": modified.strftime("%A, %d-%b-%y %H:%M:%S GMT"),
            "asctime": modified.strftime(f"%a %b {modified.day:2d} %H:%M:%S %Y"),
        }
        return tuple((name, value.format_map(known)) for name, value in case.headers)


def own_tags(file: Path) -> Mapping[str, str]:
    """As the application names a document in its codings."""
    tag = f'"{hashlib.sha256(file.read_bytes()).hexdigest()[:32]}"'
    return {"plain": tag, "gzip": f"W/{tag}", "br": f"W/{tag}"}


def file_tags(file: Path) -> Mapping[str, str]:
    """As nginx names them."""
    codings = {"plain": file, "gzip": Path(f"{file}.gz"), "br": Path(f"{file}.br")}
    seconds = int(file.stat().st_mtime)
    return {coding: f'"{seconds:x}-{twin.stat().st_size:x}"' for coding, twin in codings.items() if twin.exists()}


def build_site(folder: Path, port: int) -> Site:
    """A folder with everything in it, made by the store and the regenerator themselves; no process is started."""
    config = folder / "config.yaml"
    address = {"base_url": f"http://127.0.0.1:{port}", "port": port}
    config.write_text((CONFIG + _CLOSED).format_map(address), encoding="utf-8")
    runtime = Runtime.open(config, clock=lambda: _EPOCH, environ={})
    try:
        for number in range(12):
            put(runtime, number, "macro", "finance" if number % 2 else "culture")
        put(runtime, 200, "gone")
        regenerate(runtime)
        older = hashlib.sha256((folder / "feeds" / "macro.rss").read_bytes()).hexdigest()[:32]
        put(runtime, 12, "macro")
        config.write_text(CONFIG.format_map(address), encoding="utf-8")
        assert runtime.refresh()
        runtime.regenerator.remove_unconfigured(runtime.settings)
        regenerate(runtime)
    finally:
        runtime.close()
    Path(f"{folder}{BARE}.br").unlink()
    Path(f"{folder}{LOST}").unlink()
    for suffix in ("gz", "br"):
        Path(f"{folder}{LOST}.{suffix}").unlink(missing_ok=True)
    return Site(config, older)


def put(runtime: Runtime, number: int, *sections: str, title: str = "雾中码头") -> None:
    """An article of some length, a minute newer than that of the number before."""
    body = f"<p>第{number}条：{'清晨六点，江畔的老码头已经热闹起来。' * 20}</p>"
    article = ArticleInput(
        title=f"{title} {number}",
        sections=sections,
        content_html=body,
        external_id=str(number),
        published=_EPOCH + timedelta(minutes=number - 300),
    )
    publish.put(runtime.store, runtime.clock, article)


def regenerate(runtime: Runtime) -> None:
    """Bring every stale feed up to date, and the archives."""
    for slug in runtime.regenerator.stale(runtime.settings):
        runtime.regenerator.regenerate(runtime.settings, slug)
