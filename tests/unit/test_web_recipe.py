"""What `feedsvc nginx` prints. That nginx then answers as it should, tests/integration/test_nginx.py shows."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from commands import run
from feedsvc.config import Server, Settings, load
from feedsvc.web.recipe import write_recipe
from nginx import BROTLI, HEADERS_MORE, lay_out

ROOT = Path(__file__).parents[2]


@pytest.fixture
def sample() -> Settings:
    return load(ROOT / "config.yaml", environ={})


def test_what_is_shipped_is_what_is_printed_for_the_sample() -> None:
    shipped = (ROOT / "deploy/nginx.conf").read_text("utf-8")
    printed = run("--config", ROOT / "config.yaml", "nginx", "--root", "/srv/feedsvc/feeds").stdout
    assert printed == shipped, "deploy/nginx.conf: feedsvc nginx --root /srv/feedsvc/feeds > deploy/nginx.conf"


@pytest.mark.parametrize(
    ("host", "upstream"),
    [
        ("127.0.0.1", "127.0.0.1:8000"),
        ("0.0.0.0", "127.0.0.1:8000"),
        ("::", "[::1]:8000"),
        ("fd00::5", "[fd00::5]:8000"),
        ("app.internal", "app.internal:8000"),
    ],
)
def test_goes_to_where_the_service_listens(sample: Settings, host: str, upstream: str) -> None:
    assert f"    server {upstream};\n" in write_recipe(replace(sample, server=Server(host=host)))


def test_names_the_site(sample: Settings) -> None:
    site = replace(sample.site, base_url="https://news.example.org")
    assert "server_name news.example.org;" in write_recipe(replace(sample, site=site))


@pytest.mark.parametrize(
    "url", ["http://ex;ample.org", "http://x/a;b", "http://x/$uri", "http://x/it's", "http://x/{a}"]
)
def test_an_address_that_is_none_of_its_words_is_refused(sample: Settings, url: str) -> None:
    """Or config.yaml would write into nginx's configuration."""
    with pytest.raises(ValueError, match="nginx can't be told of"):
        write_recipe(replace(sample, site=replace(sample.site, base_url=url)))


def test_leaves_out_what_nginx_has_no_module_for(sample: Settings) -> None:
    printed = write_recipe(sample, brotli=False, headers_more=False)
    assert not re.search("brotli_static|more_clear_input_headers", printed)


@pytest.mark.parametrize(
    "folder", ["/srv/my feeds", '/srv/"feeds"', "/srv/订阅", "/srv/a;b{c}", "/srv/#feeds", "/srv/x\\"]
)
def test_any_folder_can_be_named(sample: Settings, folder: str, tmp_path: Path) -> None:
    lay_out(write_recipe(sample, root=folder), tmp_path / "nginx", (BROTLI, HEADERS_MORE))


@pytest.mark.parametrize("folder", ["/srv/$feeds", "/srv/fe\neds"])
def test_but_those_that_nginx_has_no_word_for(folder: str) -> None:
    said = run("--config", ROOT / "config.yaml", "nginx", "--root", folder, expect=1)
    assert "it has no way to write $ or a control character" in said.stderr
    assert said.stdout == ""


def test_five_thousand_sections_fit(tmp_path: Path) -> None:
    slugs = [f"section-{number}" for number in range(4_999)] + ["s" * 100]
    site = "site: {title: T, base_url: 'http://a.example', language: en, timezone: UTC}\nsections:\n"
    config = tmp_path / "config.yaml"
    config.write_text(site + "".join(f"  {slug}: {{title: {slug}}}\n" for slug in slugs), encoding="utf-8")
    lay_out(write_recipe(load(config, environ={})), tmp_path / "nginx", (BROTLI, HEADERS_MORE))
