"""`feedsvc init`: one command to feeds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from commands import Site, run
from feedsvc.cli.init import load_samples
from feedsvc.feed.grammar import CHECKS, check
from feedsvc.model import State
from feedsvc.web.frame import STATIC_DIR


def test_a_bare_site_works_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "news"
    done = run("init", folder)
    assert "2 of 2 feeds are live, and the list of them." in done.stderr
    documents = {f"{slug}.{suffix}" for slug in ("news", "all") for suffix in ("rss", "atom", "json")} | {"index.opml"}
    assert {path.name for path in (folder / "feeds").glob("[!.]*")} == {
        document + coding for document in documents for coding in ("", ".gz", ".br")
    }
    assert run("-c", folder / "config.yaml", "verify").exit_code == 0


def test_an_empty_folder_is_fine_and_a_config_is_never_overwritten(tmp_path: Path) -> None:
    run("init", tmp_path)
    config = tmp_path / "config.yaml"
    config.write_text(config.read_text() + "# mine\n")
    refused = run("init", "--samples", tmp_path, expect=1)
    assert str(config) in refused.stderr
    assert config.read_text().endswith("# mine\n")


def test_what_goes_wrong_is_told_as_in_any_log(tmp_path: Path) -> None:
    (tmp_path / ".feeds.spare").write_text("in the way")
    told = run("init", tmp_path).stderr
    assert "[warning] spares_not_kept reason=" in told
    assert "{" not in told


def test_a_config_that_is_there_can_be_gone_by(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    run("init", tmp_path / "other", "--samples")
    mine = (tmp_path / "other" / "config.yaml").read_text() + "# mine\n"
    config.write_text(mine)
    made = run("init", "--samples", "--keep-config", tmp_path)
    assert "11 sample articles" in made.stderr
    assert config.read_text() == mine
    assert (tmp_path / "feeds" / "macro.rss").is_file()
    broken = tmp_path / "broken" / "config.yaml"
    broken.parent.mkdir()
    broken.write_text(mine + "sectoins: {}\n")
    run("init", "--samples", "--keep-config", broken.parent, expect=2)
    assert broken.is_file()


def test_base_url_and_port_go_into_the_config(tmp_path: Path) -> None:
    run("init", "--base-url", "http://localhost:9123/", tmp_path / "here")
    here = (tmp_path / "here" / "config.yaml").read_text()
    assert "base_url: http://localhost:9123 #" in here
    assert "port: 9123" in here
    run("init", "--base-url", "https://news.example.org/press", tmp_path / "there")
    there = (tmp_path / "there" / "config.yaml").read_text()
    assert "base_url: https://news.example.org/press #" in there
    assert "port: 8000" in there


def test_a_bad_base_url_leaves_nothing_to_stumble_over(tmp_path: Path) -> None:
    folder = tmp_path / "news"
    failed = run("init", "--base-url", "news", folder, expect=2)
    assert "Invalid value for --base-url: found 'news', expected an absolute address" in failed.stderr
    assert "config.yaml" not in failed.stderr
    assert not folder.exists()
    run("init", folder)


def test_init_takes_no_config_in_silence(tmp_path: Path) -> None:
    refused = run("-c", tmp_path / "mine.yaml", "init", tmp_path / "news", expect=2)
    assert "leave -c/--config out" in refused.stderr
    assert not (tmp_path / "news").exists()


def test_one_sample_goes_live_in_five_minutes(tmp_path: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    run("init", "--samples", tmp_path / "site")
    with Site(tmp_path / "site").opened() as runtime:
        (scheduled,) = [each for each in runtime.store.list_articles(limit=100) if each.state is State.SCHEDULED]
    assert scheduled.published is not None
    assert before <= scheduled.published - timedelta(minutes=5) <= datetime.now(UTC)


def test_the_samples_show_what_an_article_can_be(site: Site) -> None:
    with site.opened() as runtime:
        articles = runtime.store.list_articles(limit=100)
        now = runtime.clock()
    assert {language for article in articles if (language := article.language)} == {"zh-Hans", "zh-Hant", "en"}
    assert len({section for article in articles for section in article.sections}) >= 5
    assert any(article.image for article in articles)
    assert any(len(article.enclosures) > 1 and article.enclosures[0].duration_seconds for article in articles)
    assert any(article.summary is None for article in articles)
    assert any(len(article.authors) > 1 for article in articles)
    assert any(article.editor and article.source and article.breadcrumb for article in articles)
    live = [article for article in articles if article.state is State.LIVE]
    assert all(article.published and article.published < now for article in live)


def test_the_sample_sections_show_what_a_section_can_be(site: Site) -> None:
    with site.opened() as runtime:
        sections = runtime.settings.sections
        filled = {slug for article in runtime.store.list_articles(limit=100) for slug in article.sections}
        covers = [section.image for section in sections.values() if section.podcast]
    assert covers
    for cover in covers:
        assert cover is not None
        content = (STATIC_DIR / cover.url.removeprefix("http://127.0.0.1:8000/static/")).read_bytes()
        width, height = (int.from_bytes(content[at : at + 4]) for at in (16, 20))  # PNG, IHDR
        assert (width, height) == (cover.width, cover.height) == (1400, 1400)
    assert any(section.include for section in sections.values())
    assert set(runtime.settings.plain) - filled == {"letters"}, "one is empty"


def test_the_samples_files_are_there(site: Site) -> None:
    base = "http://127.0.0.1:8000/static/"
    with site.opened() as runtime:
        articles = runtime.store.list_articles(limit=100)
    enclosures = [enclosure for article in articles for enclosure in article.enclosures]
    for enclosure in enclosures:
        file = STATIC_DIR / enclosure.url.removeprefix(base)
        assert file.stat().st_size == enclosure.length_bytes
    for image in (article.image for article in articles if article.image):
        assert (STATIC_DIR / image.url.removeprefix(base)).is_file()


def test_loading_the_samples_again_moves_nothing(site: Site) -> None:
    with site.opened() as runtime:
        before = runtime.store.list_articles(limit=100)
        load_samples(runtime)
        assert runtime.store.list_articles(limit=100) == before
        assert runtime.regenerator.stale(runtime.settings) == []


def test_the_samples_pass_the_gate_without_a_note(site: Site) -> None:
    listed = json.loads(site.run("article", "list", "--json").stdout)
    for each in listed:
        shown = json.loads(site.run("article", "show", each["id"], "--json").stdout)["article"]
        outcome = site.run("article", "edit", each["id"], "--json-file", "-", "--json", stdin=json.dumps(shown))
        assert json.loads(outcome.stdout)["outcome"] == "unchanged"
        assert outcome.stderr == ""


@pytest.mark.parametrize("template", ["config.yaml", "minimal.yaml"])
def test_templates_fit_in_a_glance(template: str) -> None:
    lines = (STATIC_DIR.parents[1] / "samples" / template).read_text("utf-8").splitlines()
    assert len(lines) < 60
    assert max(map(len, lines)) <= 120


def test_the_samples_keep_every_rule_without_a_warning(site: Site) -> None:
    base = "http://127.0.0.1:8000/feeds"
    for path in sorted(site.feeds.glob("[!.]*")):
        name = path.suffix.removeprefix(".")
        if name in CHECKS:
            assert check(path.read_bytes(), name, self_url=f"{base}/{path.name}") == [], path.name


def test_the_samples_show_what_a_feed_may_hold(site: Site) -> None:
    texts = {path.name: path.read_text("utf-8") for path in site.feeds.glob("[!.]*.atom")}
    assert "<entry" not in texts["letters.atom"]
    everything = texts["all.atom"]
    for wanted in ("𠮷", "&lt;table", "&lt;img", 'rel="enclosure"', "media:content", 'xml:lang="zh-Hant"'):
        assert wanted in everything, wanted
    assert "tents &#x26; a 1970s" in (site.feeds / "world.rss").read_text("utf-8")
    entries = everything.split("<entry")[1:]
    assert any(entry.count("<author>") > 1 for entry in entries)
    seconds = [entry.partition("<updated>")[2].partition("<")[0] for entry in entries]
    assert len(set(seconds)) == len(seconds)
