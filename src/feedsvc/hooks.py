"""What is called when feeds fail or recover: a command with JSON on its standard input, or an address by POST.

Where it goes the admin alone says, in config.yaml; nothing that an article holds chooses an address. No shell is
between. An address may be one inside the network, since that is where such services are; what answers is not believed
to know a better one: no redirect is followed, and of its answer nothing but the status is read. Neither address nor
arguments are ever logged: both may hold a secret.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import os
import signal
import socket
import ssl
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event, Timer
from urllib.parse import SplitResult, unquote, urlsplit

_SECRET_VARIABLES = ("FEEDSVC_DATABASE_URL",)
_SUCCESS = range(200, 300)


class HookError(Exception):
    """It was not told, and why; without any secret."""


def run_command(argv: Sequence[str], payload: bytes, folder: Path, environ: Mapping[str, str], seconds: float) -> None:
    """Run it in this folder and wait so long for its end; what it prints goes nowhere. Raises HookError."""
    kept = {name: value for name, value in environ.items() if name not in _SECRET_VARIABLES}
    try:
        process = subprocess.Popen(  # noqa: S603  # no shell; the admin wrote it into config.yaml
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=kept,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it holds a NUL"
        raise HookError(f"it can't be started: {reason}") from None
    with process:
        try:
            process.communicate(payload, timeout=seconds)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # with whatever it has started
                os.killpg(process.pid, signal.SIGKILL)
            raise HookError(f"it took more than {seconds:g} s and was ended") from None
    if process.returncode:
        how = f"signal {-process.returncode}" if process.returncode < 0 else f"exit code {process.returncode}"
        raise HookError(f"it ended with {how}")


def post(url: str, payload: bytes, seconds: float) -> None:
    """POST it as JSON. Raises HookError for whatever is no 2xx within so long."""
    parts = urlsplit(url)
    connection = _connect(parts, seconds)
    # Each single wait is bounded by the connection's own time-out, all of them together by this.
    is_late = Event()
    deadline = Timer(seconds, _cut, [connection, is_late])
    deadline.daemon = True
    deadline.start()
    try:
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request("POST", target, payload, {"Content-Type": "application/json", **_authorization(parts)})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        if is_late.is_set() or isinstance(error, TimeoutError):
            raise HookError(f"it gave no answer within {seconds:g} s") from None
        raise HookError(f"it can't be reached: {_say(error)}") from None
    finally:
        deadline.cancel()
        connection.close()
    if status not in _SUCCESS:
        raise HookError(f"it answered {status}")


def label_of(url: str) -> str:
    """Whom it belongs to, for people: neither credentials nor path, which may be a secret, too."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{parts.port}" if parts.port else f"{parts.scheme}://{host}"


def _connect(parts: SplitResult, seconds: float) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=context)
    return http.client.HTTPConnection(host, parts.port, timeout=seconds)


def _cut(connection: http.client.HTTPConnection, is_late: Event) -> None:
    is_late.set()
    with contextlib.suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)


def _authorization(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"}


def _say(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return type(error).__name__
