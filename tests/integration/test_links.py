"""Whoever can put a link into a folder of ours has nothing written, deleted or opened up where it leads."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from commands import Site
from feedsvc.cli import main
from newsroom import CONFIG, open_newsroom

LINKS = (
    ("feeds/.locks",),
    ("feeds/macro",),
    ("feeds/macro/archive",),
    (".feeds.spare",),
    ("feeds/.deltas", "feeds/.audited", "feeds/.pollers", "feeds/.waiting", "feedsvc.db-wake", ".feeds.spare/macro"),
    (".feeds.spare/macro/archive", "feeds/macro.rss", "feeds/.counts", "feeds/.bell", "feeds/.locks/macro.lock"),
)
FILES = {"feeds/macro.rss", "feeds/.counts", "feeds/.bell", "feeds/.locks/macro.lock"}
LIKE_OURS = (
    "important.txt",
    "1.atom",
    "1.atom.gz",
    ".tmp.1.x",
    "macro.rss",
    "macro.entries",
    f"macro.rss.{'0' * 32}.{'0' * 16}",
    f"rss.{'0' * 32}",
    "archive/1.atom",
    "archive/important.txt",
    f"archive/1/atom.{'0' * 32}",
    f"macro/rss.{'0' * 32}",
    f"removed/rss.{'0' * 32}",
)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("links") / "site"
    folder.mkdir()
    with open_newsroom(folder, lambda: datetime(2026, 3, 2, 8, 0, tzinfo=UTC), CONFIG) as newsroom:
        for number in range(6):
            newsroom.put(external_id=str(number), title=f"甲{number}")
    Site(folder).run("regenerate", "--all")
    assert (folder / "feeds" / "macro" / "archive" / "1.atom").exists()
    return folder


@pytest.fixture
def site(original: Path, tmp_path: Path) -> Site:
    return Site(Path(shutil.copytree(original, tmp_path / "site", symlinks=True)))


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    folder = tmp_path / "victim"
    for name in LIKE_OURS:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_dir():
            path.write_text(f"somebody's {name}", "utf-8")
            path.chmod(0o640)
    folder.chmod(0o750)
    return folder


def looks(folder: Path) -> Iterator[tuple[str, int, int, str]]:
    for path in (folder, *sorted(folder.rglob("*"))):
        status = path.lstat()
        is_file = path.is_file()
        yield str(path), status.st_mode, status.st_nlink if is_file else 0, path.read_text("utf-8") if is_file else ""


def plant(site: Site, name: str, victim: Path) -> None:
    path = site.folder / name
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(victim / "important.txt" if name in FILES else victim)


@pytest.mark.parametrize("links", LINKS, ids=lambda links: links[0])
def test_a_link_leads_nowhere(site: Site, victim: Path, links: tuple[str, ...]) -> None:
    for name in links:
        plant(site, name, victim)
    before = list(looks(victim))
    text = site.config.read_text("utf-8")
    for config in (text, text.replace("limit: 3", "limit: 40"), text.replace("  macro:\n", "  removed:\n"), text):
        site.config.write_text(config.replace("include: [macro, finance]", "include: [finance]"), "utf-8")
        for command in (("regenerate", "--all"), ("doctor", "--mend")):
            done = CliRunner().invoke(main, ["--config", str(site.config), *command], prog_name="feedsvc")
            assert isinstance(done.exception, SystemExit | None), done.output
        (site.feeds / "macro.atom").unlink(missing_ok=True)
    assert list(looks(victim)) == before
    for name in links:
        if (site.folder / name).is_symlink():
            (site.folder / name).unlink()
    site.run("regenerate", "--all")
    site.run("verify")
