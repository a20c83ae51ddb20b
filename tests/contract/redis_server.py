"""A real redis-server on a unix socket in a temporary folder. Missing: a failure in CI, an audible skip elsewhere."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError


class RedisServer:
    """Start, kill -9 and start again; what was written stays (appendfsync always)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, stream: str = "test") -> str:
        return f"unix://{self.socket}?stream={stream}"

    def start(self) -> None:
        program = shutil.which("redis-server") or ""
        options = ["--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.folder), "--save", ""]
        options += ["--appendonly", "yes", "--appendfsync", "always"]
        self._process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        probe = Redis(unix_socket_path=str(self.socket), socket_timeout=5)
        for _ in range(500):
            try:
                probe.ping()
                break
            except (RedisError, OSError):
                if self._process.poll() is not None:
                    raise
                self._wait()
        probe.close()

    def _wait(self) -> None:
        assert self._process is not None
        try:
            self._process.wait(0.02)
        except subprocess.TimeoutExpired:
            return

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def command(self, *words: str) -> object:
        client = Redis(unix_socket_path=str(self.socket))
        try:
            return client.execute_command(*words)
        finally:
            client.close()


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    """A running server, ended at the end."""
    if shutil.which("redis-server") is None:
        missing = "redis-server is not installed (Debian: apt-get install redis-server)"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    server = RedisServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()
