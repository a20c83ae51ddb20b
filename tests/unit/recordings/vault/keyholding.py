"""A key service in a folder of its own, with the identity, the key and the passphrase of its tests."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyrage
import pytest

from recordings.vault.keyclient import KeyClient
from recordings.vault.keys import Identity, wrap

NAME = "n1-1795291036.6_000000000002"
SECRET = str(pyrage.x25519.Identity.generate())
IDENTITY, OTHER = Identity(SECRET), Identity(str(pyrage.x25519.Identity.generate()))
KEY = bytes(range(32))
WRAPPED = wrap(KEY, NAME, [IDENTITY.recipient])
PASSPHRASE = "correct horse ñandú battery"
SECONDS = 20


class Service:
    """A key service in a folder of its own (a short one: a socket's path has 107 bytes)."""

    def __init__(self, folder: Path, content: bytes) -> None:
        self.folder, self.socket, self.identity = folder, folder / "keys.sock", folder / "identity"
        self.log = folder / "log"
        self.identity.touch(0o600)
        self.identity.write_bytes(content)
        self.processes: list[subprocess.Popen[bytes]] = []
        self.client = KeyClient(self.socket, timedelta(seconds=10))

    def begin(self, *options: str, source: tuple[str, ...] = (), **environment: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "recordings.vault.keyholder", "--socket", str(self.socket)]
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*command, *(source or ("--identity", str(self.identity))), *options],
                stderr=log,
                env={**os.environ, **environment, "PYTHONPATH": str(Path(__file__).parents[4])},
            )
        self.processes.append(process)
        return process

    def start(self, *options: str, source: tuple[str, ...] = (), **environment: str) -> subprocess.Popen[bytes]:
        process = self.begin(*options, source=source, **environment)
        until = time.monotonic() + SECONDS
        while process.poll() is None and time.monotonic() < until:
            with contextlib.suppress(OSError), self.connect():
                return process
            time.sleep(0.01)
        pytest.fail(f"the key service did not start: {self.said()}")

    def connect(self) -> socket.socket:
        connected = socket.socket(socket.AF_UNIX)
        try:
            connected.settimeout(SECONDS)
            connected.connect(str(self.socket))
        except BaseException:
            connected.close()
            raise
        return connected

    def ask(self, *lines: bytes) -> list[dict[str, Any]]:
        """Send lines as they are; the answers until the service closes."""
        with self.connect() as connected:
            connected.sendall(b"".join(lines))
            connected.shutdown(socket.SHUT_WR)
            with connected.makefile("rb") as answers:
                return [json.loads(line) for line in answers]

    def said(self) -> str:
        return self.log.read_text()

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait(SECONDS)


@contextlib.contextmanager
def service_of(content: bytes) -> Iterator[Service]:
    with tempfile.TemporaryDirectory(prefix="keys") as folder:
        service = Service(Path(folder), content)
        try:
            yield service
        finally:
            service.end()
