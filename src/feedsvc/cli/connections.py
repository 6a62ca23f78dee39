"""What the web server's processes say to the kernel about connections, which granian has no settings for."""

from __future__ import annotations

import os
import resource
import socket
import time
from contextlib import suppress
from pathlib import Path

_ASK_SECONDS = 15
_WAIT_SECONDS = 60.0
_LOOK_EVERY_SECONDS = 0.05


def raise_file_limit(connections: int) -> None:
    """Let the process have so many connections, or as its hard limit allows; many systems start it with 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = connections if hard == resource.RLIM_INFINITY else min(hard, connections)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def give_up_on_dead_clients(port: int, silence_seconds: int) -> bool:
    """Once this process listens on the port, set what each of its connections inherits (Linux, tcp(7)).

    Who takes nothing of an answer for so long, or is silently gone, is cut off: it would else keep its answer in memory
    for as long as it likes, or a place in which a body is read. granian makes its socket itself, so it is looked for
    among the open files.
    False if it has not come within a minute.
    """
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        listening = _find_listening(port)
        if listening is not None:
            with listening:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _ASK_SECONDS)
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _ASK_SECONDS)
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, silence_seconds * 1_000)
            return True
        time.sleep(_LOOK_EVERY_SECONDS)
    return False


def _find_listening(port: int) -> socket.socket | None:
    """The process's own socket that listens on the port, under another descriptor."""
    for name in _list_files():
        with suppress(OSError):
            fd = os.dup(int(name))
            try:
                found = socket.socket(fileno=fd)
            except OSError:  # a file or a pipe
                os.close(fd)
                continue
            if _listens(found, port):
                return found
            found.close()
    return None


def _list_files() -> list[str]:
    try:
        return [path.name for path in Path("/proc/self/fd").iterdir()]
    except OSError:  # no Linux
        return []


def _listens(found: socket.socket, port: int) -> bool:
    if found.family not in {socket.AF_INET, socket.AF_INET6}:
        return False
    return bool(found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)) and found.getsockname()[1] == port
