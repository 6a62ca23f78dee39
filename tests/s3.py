"""A real S3 server (SeaweedFS) in a process of its own on 127.0.0.1, and a cable to it that can be pulled."""

from __future__ import annotations

import json
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import obstore
from obstore.store import S3Store

from service import DEADLINE_SECONDS, free_port, wait_until

ACCESS_KEY, SECRET_KEY = "feedsvc-tests", "S3cret-of-the-bucket"
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
NAME = "news-example-org"
_PORTS = ("master.port", "volume.port", "filer.port", "s3.port")
_UNTIL_WE_END = '"$@" & server=$!; read -r _; kill -9 $server'
"""Whatever ends us closes what it reads from."""

_RIGHTS = [f"{right}:{NAME}" for right in ("Read", "Write", "List")]


class S3Server:
    """With one bucket, in which one user may read, write and list."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        users = {"feedsvc": (ACCESS_KEY, SECRET_KEY, _RIGHTS), "admin": ("admin", "admin-secret", ["Admin"])}
        identities = [
            {"name": name, "credentials": [{"accessKey": key, "secretKey": secret}], "actions": actions}
            for name, (key, secret, actions) in users.items()
        ]
        (folder / "s3.json").write_text(json.dumps({"identities": identities}), encoding="ascii")
        self._ports = {name: free_port() for name in (*_PORTS, *(f"{name}.grpc" for name in _PORTS))}
        self.port = self._ports["s3.port"]
        self._command = [
            str(Path(sys.executable).parent / "weed"), "-v=0", "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
            f"-dir={folder}", "-volume.max=4", "-master.telemetry=false", "-s3",
            f"-s3.config={folder}/s3.json", "-s3.port.iceberg=0", "-s3.port.lance=0",
            *(f"-{name}={port}" for name, port in self._ports.items()),
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        with (self.folder / "weed.log").open("ab") as log:
            command = ["/bin/sh", "-c", _UNTIL_WE_END, "sh", *self._command]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        admin = _store("", self.endpoint, access_key_id="admin", secret_access_key="admin-secret")
        wait_until(lambda: _is_made(admin), "the S3 server")

    def stop(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait(DEADLINE_SECONDS)
        for port in self._ports.values():  # wherever its data are, its sockets lie here
            for socket_file in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                socket_file.unlink()


def _is_made(admin: S3Store) -> bool:
    """The first object makes the bucket."""
    try:
        obstore.put(admin, ".made", b"made")
    except obstore.exceptions.BaseError:
        return False
    return True


def _store(prefix: str, endpoint: str, **keys: Any) -> S3Store:
    options: Any = {"allow_http": True, "timeout": "60s"}
    return S3Store(
        NAME, prefix=prefix, endpoint=endpoint, client_options=options, retry_config={"max_retries": 0}, **keys
    )


class Hand:
    """Somebody who looks into a bucket, and changes it, by means of their own."""

    def __init__(self, server: S3Server, prefix: str) -> None:
        self.prefix = prefix
        self.url = f"s3://{NAME}/{prefix}"
        self._store = _store(prefix, server.endpoint, access_key_id=ACCESS_KEY, secret_access_key=SECRET_KEY)

    def list_keys(self) -> set[str]:
        return {each["path"] for page in obstore.list(self._store) for each in page}

    def read(self, key: str) -> bytes | None:
        try:
            return bytes(obstore.get(self._store, key).bytes())
        except FileNotFoundError:
            return None

    def documents(self) -> dict[str, bytes]:
        """Of all that lies there at one time."""
        return {key: content for key in self.list_keys() if (content := self.read(key)) is not None}

    def times(self) -> dict[str, datetime]:
        """When each came."""
        return {each["path"]: each["last_modified"] for page in obstore.list(self._store) for each in page}

    def headers(self, key: str) -> dict[str, str]:
        return dict(obstore.get(self._store, key, options={"head": True}).attributes)

    def put(self, key: str, content: bytes, attributes: Any = None) -> None:
        obstore.put(self._store, key, content, attributes=attributes)

    def now(self) -> datetime:
        """In whole seconds, by the server's clock."""
        self.put(".now", b"now")
        found: datetime = obstore.head(self._store, ".now")["last_modified"]
        self.delete(".now")
        return found

    def delete(self, *keys: str) -> None:
        for key in keys:
            obstore.delete(self._store, key)


class Cable:
    """Leads to a server. It can be pulled; and it may hold back what writes, as a network that takes its time does.

    What is held back arrives when it is let go, whatever has become of who sent it. `answers` are the status codes of
    those that were held back.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._is_pulled = False
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._may_write = threading.Event()
        self._may_write.set()
        self._left = 0
        self.held = 0
        self.refused = 0
        self.answers: list[int] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def pull(self) -> None:
        """Whoever speaks is cut off, and nobody gets through."""
        with self._lock:
            self._is_pulled = True
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            self._open.clear()

    def plug(self) -> None:
        self._is_pulled = False

    def hold(self, after: int = 0) -> None:
        """Hold back each PUT and DELETE but the next so many."""
        self._left = after
        self.held = 0
        self.answers.clear()
        self._may_write.clear()

    def let_go(self) -> None:
        self._may_write.set()

    def close(self) -> None:
        self.pull()
        self.let_go()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._is_pulled:
                self.refused += 1
                client.close()
                continue
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._to)) as server:
            with self._lock:
                self._open += [client, server]
            with suppress(OSError):
                while True:
                    for each in select.select([client, server], [], [])[0]:
                        data = each.recv(1_000_000)
                        if not data:
                            return
                        was_held = each is client and data.startswith((b"PUT ", b"DELETE ")) and self._is_held()
                        (server if each is client else client).sendall(data)
                        if was_held:  # whether or not anybody waits for it any more
                            if not (answer := server.recv(1_000_000)):
                                return
                            self.answers.append(int(answer.split()[1]))
                            client.sendall(answer)

    def _is_held(self) -> bool:
        """Was it, until now?"""
        with self._lock:
            if self._may_write.is_set() or self._left > 0:
                self._left -= 1
                return False
            self.held += 1
        self._may_write.wait(DEADLINE_SECONDS)
        return True


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    server = S3Server(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@contextmanager
def cable_to(server: S3Server) -> Iterator[Cable]:
    cable = Cable(server.port)
    try:
        yield cable
    finally:
        cable.close()
