"""What a poll costs: `feedsvc serve` beside nginx's static files, each on one core, in one run, interleaved.

static      nginx, one process, serving the feeds folder with gzip_static and brotli_static and the headers of a feed
recipe      nginx as `feedsvc nginx` sets it up, before the service
kept-open   the same with `feedsvc nginx --keep-open`
feedsvc     `feedsvc serve` with one process, as it is by default

    .venv/bin/python bench/serving.py [--rounds 5] [--seconds 3] [--sections 5000] [--connections 32]

It needs nginx (with its brotli_static module) and wrk, and two cores: the server has the first, wrk the second. As root
both run ahead of all else (chrt), so that a busy machine disturbs the figures less. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from prose import NOON, make_article

from feedsvc.config import Settings
from feedsvc.feed.compose import compose
from feedsvc.feed.formats import FORMATS
from feedsvc.model import Document, Holdings, SectionState
from feedsvc.output import FeedsFolder, make_twins
from feedsvc.runtime import Runtime

PORTS = {"static": 8771, "recipe": 8772, "kept-open": 8774, "feedsvc": 8773}
ASKED = {
    "304": {"Accept-Encoding": "gzip, br"},
    "gzip": {"Accept-Encoding": "gzip"},
    "brotli": {"Accept-Encoding": "gzip, br"},
}
_WRK = """
local paths = {{}}
for line in io.lines("{paths}") do
  local path, tag = line:match("^(%S+) ?(.*)$")
  local headers = {{ ["Accept-Encoding"] = "{accepted}", ["Host"] = "127.0.0.1" }}
  if tag ~= "" then headers["If-None-Match"] = tag end
  paths[#paths + 1] = wrk.format("GET", path, headers)
end
local at = 0
request = function() at = at % #paths + 1; return paths[at] end
done = function(summary, latency, requests)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format("RESULT %f %f %f %d %d\\n", summary.requests / summary.duration * 1e6,
    latency:percentile(50), latency:percentile(99), summary.bytes / summary.requests, failed))
end
"""
_STATIC = """
server {{
  listen 127.0.0.1:{port};
  root {feeds_parent};
  keepalive_requests 1000000000;
  sendfile on;
  tcp_nopush on;
  gzip_static on;
  brotli_static on;
  if_modified_since before;
  max_ranges 0;
  types {{ application/rss+xml rss; }}
  charset utf-8;
  charset_types application/rss+xml;
  add_header Cache-Control "max-age=60, stale-while-revalidate=60, stale-if-error=86400";
  add_header Vary Accept-Encoding;
  add_header Access-Control-Allow-Origin *;
  add_header Access-Control-Expose-Headers "ETag, Last-Modified";
  add_header Content-Security-Policy "default-src 'none'; sandbox";
  add_header X-Content-Type-Options nosniff;
  add_header Referrer-Policy strict-origin-when-cross-origin;
}}
"""
_NGINX = """
{modules}
worker_processes 1;
pcre_jit on;
daemon off;
pid {folder}/{name}.pid;
error_log {folder}/{name}.error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/{name}.body;
  proxy_temp_path {folder}/{name}.proxy;
  fastcgi_temp_path {folder}/{name}.fastcgi;
  uwsgi_temp_path {folder}/{name}.uwsgi;
  scgi_temp_path {folder}/{name}.scgi;
  {server}
}}
"""


@dataclass(frozen=True)
class Figure:
    """One run of wrk: polls a second, latency in microseconds, bytes of an answer."""

    rate: float
    p50: float
    p99: float
    length_bytes: float


def make_site(folder: Path, sections: int, entries: int, chance: random.Random) -> Settings:
    """A site whose feeds lie in the folder, written as they would be, but proved by nobody."""
    lines = ["site: {title: 江畔新闻, base_url: https://news.example.org, language: zh-Hans}", "sections:"]
    lines += [f"  s{number}: {{title: 第{number}栏, formats: [rss]}}" for number in range(sections)]
    path = folder / "config.yaml"
    path.write_text("\n".join([*lines, "feeds: ./www/feeds", "server: {port: 8773}", ""]), encoding="utf-8")
    runtime = Runtime.open(path, environ={})
    try:
        lay_feeds(runtime.folder, runtime.settings, entries, chance)
        return runtime.settings
    finally:
        runtime.close()


def lay_feeds(folder: FeedsFolder, settings: Settings, entries: int, chance: random.Random) -> None:
    """One document for each section, with its twins; the texts repeat, since what they say costs nothing here."""
    articles = tuple(make_article(number, chance) for number in range(entries))
    for section in settings.plain.values():
        state = SectionState(
            slug=section.slug, feed_id=f"urn:bench:{section.slug}", created=NOON, generation=1, urgent_generation=0
        )
        feed = compose(settings.site, section, state, Holdings(articles=articles), settings.sections)
        content = FORMATS["rss"].render(feed)
        twins = make_twins(content, settings.compression.levels, {})
        folder.write([Document(section.slug, "rss", content)], {"rss": NOON}, {"rss": twins})


def main() -> None:
    options = read_options()
    missing = [name for name in ("nginx", "wrk", "taskset") if shutil.which(name, path=_PATH) is None]
    if missing or (os.cpu_count() or 1) < 2:  # noqa: PLR2004  # one for the server, one for wrk
        sys.exit(f"It needs two cores and {' and '.join(missing) or 'nothing else'}.")
    print(f"feedsvc serving, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {sys.version.split()[0]},")
    print(f"{options.connections} connections, {options.rounds} rounds of {options.seconds} s, medians")
    for sections, entries in ((1, 50), (options.sections, options.entries)):
        with tempfile.TemporaryDirectory(prefix="feedsvc-bench-", dir=options.folder) as folder:
            measure(Path(folder), sections, entries, options)


def measure(folder: Path, sections: int, entries: int, options: argparse.Namespace) -> None:
    """A table for a site of so many sections."""
    folder.chmod(0o755)  # nginx's processes run under a user of their own
    settings = make_site(folder, sections, entries, random.Random(1))
    plain = next(iter(settings.feeds_dir.glob("s0.rss")))
    sizes = [plain.stat().st_size, *(plain.with_name(f"s0.rss.{suffix}").stat().st_size for suffix in ("gz", "br"))]
    print(f"\n{sections} sections, documents of {sizes[0]} bytes (gzip {sizes[1]}, brotli {sizes[2]})\n")
    figures: dict[tuple[str, str], list[Figure]] = {}
    memory: dict[str, int] = {}
    for _ in range(options.rounds):
        for server, port in PORTS.items():
            with serve(server, folder, settings) as pid:
                for asked, headers in ASKED.items():
                    paths = list_paths(folder, server, sections, headers if asked == "304" else None)
                    figure = drive(folder, port, paths, headers["Accept-Encoding"], options)
                    figures.setdefault((server, asked), []).append(figure)
                memory[server] = max(memory.get(server, 0), resident_bytes(pid))
    print("| | " + " | ".join(f"{asked} | p50 | p99" for asked in ASKED) + " | memory |")
    print("| --- |" + " --- | --- | --- |" * len(ASKED) + " --- |")
    for server in PORTS:
        cells = [cell for asked in ASKED for cell in tell(figures, server, asked)]
        print(f"| {server} | " + " | ".join(cells) + f" | {memory[server] / 2**20:.0f} MiB |", flush=True)


def tell(figures: dict[tuple[str, str], list[Figure]], server: str, asked: str) -> list[str]:
    """The ratio to static's rate, round by round, and this server's own rate and latencies."""
    own, base = figures[server, asked], figures["static", asked]
    ratio = statistics.median(one.rate / other.rate for one, other in zip(own, base, strict=True))
    rate, p50, p99 = (statistics.median(getattr(each, name) for each in own) for name in ("rate", "p50", "p99"))
    return [f"**{ratio:.2f}** ({rate / 1000:.1f}k/s)", f"{p50 / 1000:.2f} ms", f"{p99 / 1000:.2f} ms"]


_MODULES = ("ngx_http_brotli_static_module.so", "ngx_http_headers_more_filter_module.so")
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def _pinned(core: int) -> list[str]:
    ahead = ["chrt", "-r", "10"] if os.geteuid() == 0 and shutil.which("chrt") else []
    return ["taskset", "-c", str(core), *ahead]


@contextlib.contextmanager
def serve(server: str, folder: Path, settings: Settings) -> Iterator[int]:
    """The server's process group on the first core; its leader's pid."""
    commands = [] if server == "static" else [_feedsvc(settings, "serve", "--no-scheduler")]
    if server != "feedsvc":
        commands.append(_nginx(server, folder, settings))
    started = []
    try:
        for command in commands:
            log = (folder / f"{server}.log").open("ab")
            process = subprocess.Popen([*_pinned(0), *command], stdout=log, stderr=log, start_new_session=True)
            started.append(process)
        for port in {PORTS[server]} | ({PORTS["feedsvc"]} if server != "static" else set()):
            wait_until_up(port)
        yield started[-1].pid
    finally:
        for process in reversed(started):
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def _feedsvc(settings: Settings, *arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "feedsvc", "--config", str(settings.path), *arguments]


def _nginx(server: str, folder: Path, settings: Settings) -> list[str]:
    port = PORTS[server]
    if server == "static":
        body = _STATIC.format(port=port, feeds_parent=settings.feeds_dir.parent)
    else:
        options = ["--keep-open"] if server == "kept-open" else []
        command = _feedsvc(settings, "nginx", "--listen", f"127.0.0.1:{port}", *options)
        body = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        body = body.replace("server {", "server {\n    keepalive_requests 1000000000;", 1)
    modules = [path for name in _MODULES if (path := Path("/usr/lib/nginx/modules", name)).exists()]
    loaded = "\n".join(f"load_module {path};" for path in modules)
    text = _NGINX.format(folder=folder, name=server, modules=loaded, server=body)
    path = folder / f"{server}.conf"
    path.write_text(text, encoding="utf-8")
    return [str(shutil.which("nginx", path=_PATH)), "-c", str(path), "-e", str(folder / f"{server}.error.log")]


def wait_until_up(port: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/feeds/s0.rss")
            if connection.getresponse().status == http.client.OK:
                return
        time.sleep(0.1)
    sys.exit(f"Nothing answers on port {port}.")


def list_paths(folder: Path, server: str, sections: int, conditional: dict[str, str] | None) -> Path:
    """A file of what wrk asks for: paths, and the tags that the server gave where it is to answer 304."""
    path = folder / f"{server}.paths"
    connection = http.client.HTTPConnection("127.0.0.1", PORTS[server], timeout=30)
    lines = []
    for number in random.Random(2).sample(range(sections), sections):
        line = f"/feeds/s{number}.rss"
        if conditional is not None:
            connection.request("GET", line, headers=conditional)
            response = connection.getresponse()
            response.read()
            line += f" {response.headers['ETag']}"
        lines.append(line)
    path.write_text("\n".join(lines), encoding="ascii")
    return path


def drive(folder: Path, port: int, paths: Path, accepted: str, options: argparse.Namespace) -> Figure:
    """wrk on the second core."""
    script = folder / "wrk.lua"
    script.write_text(_WRK.format(paths=paths, accepted=accepted), encoding="ascii")
    command = [*_pinned(1), "wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}s", "--latency"]
    command += ["-s", str(script), f"http://127.0.0.1:{port}"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"RESULT (\S+) (\S+) (\S+) (\S+) (\d+)", said)
    if found is None or int(found[5]):
        sys.exit(f"wrk failed: {said}")
    return Figure(*(float(found[group]) for group in range(1, 5)))


def resident_bytes(pid: int) -> int:
    """Of a process and all that came of it, what is theirs alone and their share of the rest (PSS)."""
    total = 0
    for each in [pid, *_descendants(pid)]:
        with contextlib.suppress(OSError):
            found = re.search(r"Pss:\s+(\d+) kB", Path(f"/proc/{each}/smaps_rollup").read_text(encoding="ascii"))
            total += int(found[1]) * 1024 if found else 0
    return total


def _descendants(pid: int) -> Sequence[int]:
    found = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, children.read_text(encoding="ascii").split()):
                found += [child, *_descendants(child)]
    return found


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--sections", type=int, default=5_000, help="of the second table")
    parser.add_argument("--entries", type=int, default=10, help="in each feed of the second table")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--folder", help="where the site is made; 5,000 sections take some 500 MB")
    return parser.parse_args()


if __name__ == "__main__":
    main()
