"""What it takes to make every feed of a site, beside those who do likewise: the same articles, 50 to a section.

feedsvc      nothing ever proved; then the feeds folder and its spares deleted and the proofs kept, made by the pool of
             processes that the worker uses; then the feeds folder alone; then `serve` started with nothing changed, and
             without feeds folder
naive        feedgen + feedparser with its defaults + gzip -6, RSS and Atom, in two processes
django       Django's feedgenerator, RSS and Atom, one process, files written, nothing read back
hugo         `hugo` as one-shot build of one RSS a section, nothing else; then `hugo server` resident, one article more
pelican      `pelican`, one RSS a category, nothing else that can be switched off

    python bench/bulk.py feedsvc naive [--sections 100] [--entries 50] [--site FOLDER] [--peers VENV]

Peers that are not installed are left out, and it says so: Hugo is looked for in PATH, the others in the virtual
environment that --peers names. What is measured on fewer sections than asked for is scaled, and says so.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

from newssites import (
    NAIVE_TIME,
    STOCK_ARTICLES,
    ask,
    fill,
    make_feeds,
    publish_naively,
    serving,
    wait_until,
    write_config,
)
from plots import bars
from prose import SITE, Stock

from feedsvc.runtime import Runtime

PORT = 8782
_DJANGO = """
import datetime, json, sys
from django.conf import settings
settings.configure(USE_I18N=False, USE_TZ=True)
from django.utils.feedgenerator import Atom1Feed, Rss201rev2Feed
noon = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.timezone.utc)
noons = {"pubdate": noon, "updateddate": noon}
for line in open(sys.argv[1], encoding="utf-8"):
    slug, articles = json.loads(line)
    for kind, name in ((Rss201rev2Feed, "rss"), (Atom1Feed, "atom")):
        feed = kind(title=slug, link="https://news.example.org/", description=slug, language="zh-hans")
        for each in articles:
            feed.add_item(title=each["title"], link=each["link"], description=each["content"],
                          author_name=each["author"], unique_id=each["link"], categories=each["tags"], **noons)
        with open(f"{sys.argv[2]}/{slug}.{name}", "w", encoding="utf-8") as out:
            feed.write(out, "utf-8")
"""
_HUGO = """
baseURL = "https://news.example.org/"
title = "news"
disableKinds = ["home", "taxonomy", "term", "sitemap", "robotsTXT", "404"]
[outputs]
section = ["RSS"]
[services.rss]
limit = 50
[[cascade]]
[cascade._build]
render = "link"
[cascade._target]
kind = "page"
"""
_HUGO_RSS = """{{ printf "<?xml version=\\"1.0\\" encoding=\\"utf-8\\"?>" | safeHTML }}
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>{{ .Title }}</title><link>{{ .Permalink }}</link><description>{{ .Title }}</description>
{{ range first 50 .Pages }}<item><title>{{ .Title }}</title><link>{{ .Permalink }}</link><guid>{{ .Permalink }}</guid>
<pubDate>{{ .Date.Format "Mon, 02 Jan 2006 15:04:05 -0700" | safeHTML }}</pubDate>
<dc:creator>{{ .Params.author }}</dc:creator>{{ range .Params.tags }}<category>{{ . }}</category>{{ end }}
<description>{{ .Params.summary | html }}</description>
<content:encoded>{{ .Content | html }}</content:encoded></item>
{{ end }}</channel></rss>
"""
_PELICAN = """
SITEURL = "https://news.example.org"
SITENAME = "news"
TIMEZONE = "Asia/Shanghai"
DEFAULT_LANG = "zh"
PATH = "content"
FEED_ALL_ATOM = TRANSLATION_FEED_ATOM = AUTHOR_FEED_ATOM = AUTHOR_FEED_RSS = CATEGORY_FEED_ATOM = None
CATEGORY_FEED_RSS = "feeds/{slug}.rss"
FEED_MAX_ITEMS = 50
RSS_FEED_SUMMARY_ONLY = False
DIRECT_TEMPLATES = []
ARTICLE_SAVE_AS = PAGE_SAVE_AS = CATEGORY_SAVE_AS = TAG_SAVE_AS = AUTHOR_SAVE_AS = ""
USE_FOLDER_AS_CATEGORY = True
"""


class Site:
    """So many sections, and the articles of each. `shown`: what was measured, seconds."""

    def __init__(self, sections: int, entries: int) -> None:
        self.sections, self.entries = sections, entries
        self.stock = Stock(17, min(STOCK_ARTICLES, sections * entries))
        self.shown: dict[str, float] = {}

    def articles(self, number: int) -> list[dict[str, object]]:
        """Those of one section, newest first, as peers are given them."""
        made = [self.stock.make(number + each * self.sections, f"s{number}") for each in range(self.entries)]
        return [
            {
                "title": each.title,
                "link": f"{SITE.base_url}/articles/{each.external_id}",
                "summary": each.summary,
                "content": each.content_html,
                "author": each.authors[0].name,
                "tags": list(each.tags),
            }
            for each in made
        ]


def timed(
    what: str, task: Callable[[], object], site: Site, sections: int | None = None, *, is_pool: bool = False
) -> None:
    """One row: seconds, those of CPU with all children's; scaled where fewer sections were made.

    Of a pool, whose processes are ended rather than waited for, the CPU is not told.
    """
    before, began = _cpu(), time.monotonic()
    task()
    seconds, spent = time.monotonic() - began, _cpu() - before
    factor = site.sections / (sections or site.sections)
    scaled = f" (measured on {sections} sections, scaled)" if factor > 1 else ""
    cpu = "" if is_pool else f"{spent * factor:.2f} s"
    site.shown[what.partition(" (")[0]] = seconds * factor
    print(f"| {what}{scaled} | {seconds * factor:.2f} s | {cpu} |", flush=True)


def _cpu() -> float:
    times = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in times)


def measure_feedsvc(site: Site, folder: Path, options: argparse.Namespace) -> None:
    folder = options.site or folder
    config = write_config(folder, site.sections)
    runtime = Runtime.open(config, environ={})
    if not runtime.store.list_articles(limit=1):
        fill(runtime, site.stock, site.sections * site.entries, site.sections)
        os.sync()  # or the disk is still at work for the articles
        timed("feedsvc: nothing ever proved (RSS, Atom, JSON, twins)", lambda: make_feeds(runtime), site, is_pool=True)
    spares = runtime.folder.spares.path
    runtime.close()
    shutil.rmtree(folder / "feeds")
    shutil.rmtree(spares)
    runtime = Runtime.open(config, environ={})
    timed("feedsvc: feeds/ and its spares deleted, proofs kept", lambda: make_feeds(runtime), site, is_pool=True)
    runtime.close()
    shutil.rmtree(folder / "feeds")
    runtime = Runtime.open(config, environ={})
    timed("feedsvc: feeds/ deleted, proofs kept", lambda: make_feeds(runtime), site)
    timed("feedsvc: nothing changed, a look at all", lambda: make_feeds(runtime), site, is_pool=True)
    runtime.close()
    measure_restart(config, "restart")
    shutil.rmtree(folder / "feeds")
    measure_restart(config, "restart without feeds/")


def measure_restart(config: Path, what: str) -> None:
    """`serve` from its start to the first poll it answers, and till health says that every feed is right."""
    began = time.monotonic()
    with serving(config, PORT):
        wait_until(lambda: ask(PORT, "/feeds/s0.rss")[0] == http.client.OK)
        polled = time.monotonic() - began
        wait_until(lambda: json.loads(ask(PORT, "/healthz")[1])["status"] == "ok")
        print(
            f"| feedsvc: {what}, to the first poll / till all is known to be right | {polled:.2f} s / "
            f"{time.monotonic() - began:.2f} s | |",
            flush=True,
        )


def measure_naive(site: Site, folder: Path, options: argparse.Namespace) -> None:
    count = min(options.naive_sections, site.sections)
    out = folder / "naive"
    out.mkdir()
    work = [
        (out, f"s{number}", [site.stock.make(number + each * site.sections, "s") for each in range(site.entries)])
        for number in range(count)
    ]

    def make() -> None:
        with multiprocessing.Pool(2) as pool:
            pool.map(_publish_naively, work, chunksize=1)
            pool.close()
            pool.join()

    timed("naive: feedgen + feedparser + gzip -6 (RSS, Atom), 2 processes", make, site, count)


def _publish_naively(work: tuple[Path, str, list[object]]) -> None:
    out, slug, articles = work
    publish_naively(articles, out, slug)  # type: ignore[arg-type]


def measure_django(site: Site, folder: Path, options: argparse.Namespace) -> None:
    python = _in_peers(options, "python")
    if python is None or subprocess.run([python, "-c", "import django"], check=False, capture_output=True).returncode:
        print("| Django: not in the environment of --peers | | |")
        return
    version = subprocess.check_output([python, "-m", "django", "--version"], text=True).strip()
    given, out = folder / "django.jsonl", folder / "django"
    out.mkdir()
    with given.open("w", encoding="utf-8") as file:
        for number in range(site.sections):
            file.write(json.dumps([f"s{number}", site.articles(number)], ensure_ascii=False) + "\n")
    command = [python, "-c", _DJANGO, str(given), str(out)]
    timed(f"Django {version} feedgenerator (RSS, Atom), 1 process", lambda: subprocess.run(command, check=True), site)


def measure_hugo(site: Site, folder: Path, options: argparse.Namespace) -> None:
    hugo = shutil.which("hugo")
    if hugo is None:
        print("| Hugo: not installed | | |")
        return
    found = re.search(r"v([\d.]+)", subprocess.check_output([hugo, "version"], text=True))
    version = found[1] if found else ""
    root = folder / "hugo"
    (root / "layouts/_default").mkdir(parents=True)
    (root / "config.toml").write_text(_HUGO, encoding="utf-8")
    (root / "layouts/_default/section.rss.xml").write_text(_HUGO_RSS, encoding="utf-8")
    for number in range(site.sections):
        (root / f"content/s{number}").mkdir(parents=True)
        for place, article in enumerate(site.articles(number)):
            write_page(root / f"content/s{number}/{place}.html", article, place)
    command = [hugo, "--quiet", "--source", str(root)]
    timed(f"Hugo {version}, one-shot build (RSS)", lambda: subprocess.run(command, check=True), site)
    made = list((root / "public").glob("s*/index.xml"))
    assert len(made) == site.sections, len(made)
    assert made[0].read_text(encoding="utf-8").count("<item>") == site.entries
    if not options.no_watch:
        measure_watching(hugo, version, root, site)


def measure_watching(hugo: str, version: str, root: Path, site: Site) -> None:
    """From a new file to the document that shows it; medians of five."""
    shutil.rmtree(root / "public")
    command = [hugo, "server", "--renderToDisk", "--disableFastRender", "--port", str(PORT), "--source", str(root)]
    log = root / "server.log"
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(command, start_new_session=True, stdout=out, stderr=out)
    try:
        live = root / "public/s0/index.xml"
        wait_until(lambda: "Press Ctrl+C" in log.read_text(encoding="utf-8"), 200, 0.2)
        taken = []
        for number in range(5):
            time.sleep(2)
            began = time.monotonic()
            write_page(root / f"content/s0/new{number}.html", site.articles(1)[number] | {"title": f"new {number}"}, -1)
            wait_until(partial(_shows, live, f"new {number}"), 60, 0.002)
            taken.append(time.monotonic() - began)
        time.sleep(1)
        said = [int(each) for each in re.findall(r"Total in (\d+) ms", log.read_text(encoding="utf-8"))[-5:]]
        what = f"Hugo {version}, `hugo server` resident: one new article until it is in the RSS"
        print(f"| {what} (at work {sorted(said)[2]} ms) | {sorted(taken)[2] * 1000:.0f} ms | |", flush=True)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _shows(path: Path, text: str) -> bool:
    return text.encode() in path.read_bytes()


def write_page(path: Path, article: dict[str, object], minutes_ago: int) -> None:
    published = NAIVE_TIME - timedelta(minutes=minutes_ago)
    head = {key: article[key] for key in ("title", "summary", "author", "tags")} | {"date": published.isoformat()}
    path.write_text(f"{json.dumps(head, ensure_ascii=False)}\n{article['content']}\n", encoding="utf-8")


def measure_pelican(site: Site, folder: Path, options: argparse.Namespace) -> None:
    pelican = _in_peers(options, "pelican")
    if pelican is None:
        print("| Pelican: not in the environment of --peers | | |")
        return
    version = subprocess.check_output([pelican, "--version"], text=True).strip()
    root = folder / "pelican"
    root.mkdir()
    (root / "pelicanconf.py").write_text(_PELICAN, encoding="utf-8")
    count = min(options.pelican_sections, site.sections)
    for number in range(count):
        (root / f"content/s{number}").mkdir(parents=True)
        for place, article in enumerate(site.articles(number)):
            published = NAIVE_TIME - timedelta(minutes=place)
            about = {"date": f"{published:%Y-%m-%d %H:%M}", "slug": f"a{number}x{place}", "category": f"s{number}"}
            metas = "".join(f'<meta name="{name}" content="{said}">' for name, said in about.items())
            head = f"<head><title>{article['title']}</title>{metas}</head>"
            page = f"<html>{head}<body>{article['content']}</body></html>"
            (root / f"content/s{number}/{place}.html").write_text(page, encoding="utf-8")
    command = [pelican, "-q", "-s", "pelicanconf.py", "-o", "out"]
    what = f"Pelican {version} (RSS)"
    timed(what, lambda: subprocess.run(command, check=True, cwd=root, capture_output=True), site, count)
    made = list((root / "out").rglob("*.rss"))
    assert len(made) == count, made


def _in_peers(options: argparse.Namespace, name: str) -> str | None:
    path = options.peers.absolute() / "bin" / name
    return str(path) if os.access(path, os.X_OK) else None


_WAYS = {
    "feedsvc": measure_feedsvc,
    "naive": measure_naive,
    "django": measure_django,
    "hugo": measure_hugo,
    "pelican": measure_pelican,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ways", nargs="*", help=", ".join(_WAYS))
    parser.add_argument("--sections", type=int, default=100)
    parser.add_argument("--entries", type=int, default=50)
    parser.add_argument("--naive-sections", type=int, default=100)
    parser.add_argument("--pelican-sections", type=int, default=100)
    parser.add_argument("--no-watch", action="store_true", help="no resident Hugo")
    parser.add_argument(
        "--site", type=Path, help="an own folder for feedsvc, which stays; one that is filled is not proved anew"
    )
    parser.add_argument("--peers", type=Path, default=Path("build/peers"))
    parser.add_argument("--folder", help="where temporary sites are made")
    options = parser.parse_args()
    site = Site(options.sections, options.entries)
    print(f"{site.sections} sections x {site.entries}, Python {sys.version.split()[0]}, {os.cpu_count()} cores\n")
    print("| | time | CPU |\n| --- | --- | --- |", flush=True)
    with tempfile.TemporaryDirectory(prefix="feedsvc-bench-", dir=options.folder) as name:
        for way in options.ways or _WAYS:
            _WAYS[way](site, Path(name), options)
    print("\n" + bars("All feeds of a site", "s", site.shown))


if __name__ == "__main__":
    main()
