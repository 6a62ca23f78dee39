"""nginx as a plain user process, with the configuration that `feedsvc nginx` prints."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from programs import miss, require
from service import DEADLINE_SECONDS, feedsvc, wait_until

_MODULES = Path("/usr/lib/nginx/modules")
BROTLI = "ngx_http_brotli_static_module.so"
HEADERS_MORE = "ngx_http_headers_more_filter_module.so"

_AROUND = """\
{modules}
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/feedsvc.conf;
}}
"""


def require_nginx(*modules: str) -> str:
    """nginx with these modules; without them the test is skipped, and in CI fails."""
    program = require("nginx")
    for module in modules:
        if not (_MODULES / module).exists():
            miss(f"nginx has no {module} (`.ci/run` installs it)")
    return program


def lay_out(printed: str, folder: Path, modules: Sequence[str]) -> list[str]:
    """Put a whole configuration around what was printed, and hold it to nginx's own test; nginx's command line."""
    folder.mkdir()
    (folder / "feedsvc.conf").write_text(printed, encoding="utf-8")
    around = _AROUND.format(
        folder=folder,
        modules="\n".join(f"load_module {_MODULES / module};" for module in modules),
        user="user root;" if os.geteuid() == 0 else "",
    )
    (folder / "nginx.conf").write_text(around, encoding="utf-8")
    program = require_nginx(*modules)
    command = [program, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS)
    assert tested.returncode == 0, tested.stderr
    assert "[warn]" not in tested.stderr, tested.stderr
    return command


def with_port(config: Path, name: str, port: int) -> Path:
    """A copy beside config.yaml that says the service is on this port, as `serve --port` may have put it."""
    text, count = re.subn(r"\bport: [0-9]+", f"port: {port}", config.read_text(encoding="utf-8"))
    assert count == 1
    copy = config.with_name(name)
    copy.write_text(text, encoding="utf-8")
    return copy


@contextmanager
def in_front(
    config: Path, folder: Path, port: int, *options: str, modules: Sequence[str] = (BROTLI, HEADERS_MORE)
) -> Iterator[str]:
    """Start nginx before the service of this config.yaml; its URL."""
    printed = feedsvc("--config", config, "nginx", "--listen", f"127.0.0.1:{port}", *options).stdout
    command = lay_out(printed, folder, modules)
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)

    def is_up() -> bool:
        assert process.poll() is None, (folder / "error.log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        wait_until(is_up, "nginx to answer")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(DEADLINE_SECONDS)
