"""A real PostgreSQL on a unix socket in a temporary folder. Missing, or without its driver: an audible skip."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

USER = "postgres"
"""Whom root becomes: the server refuses to run as root."""


class PostgresServer:
    """One of its own, with as many empty databases as somebody asks for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def start(self) -> None:
        self._run("initdb", "--auth=trust", f"--username={USER}", "--no-sync", "--pgdata", str(self._folder / "data"))
        options = f"-k {self._folder} -c listen_addresses= -c fsync=off"
        self._control("start", "--log", str(self._folder / "log"), "--options", options)

    def stop(self) -> None:
        self._control("stop", "--mode", "immediate")

    def database(self, name: str) -> str:
        """The address of a new empty one."""
        self._run("psql", "-h", str(self._folder), "-U", USER, "-d", "postgres", "-c", f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://{USER}@/{name}?host={self._folder}"

    def _control(self, what: str, *options: str) -> None:
        self._run("pg_ctl", what, "--wait", "--pgdata", str(self._folder / "data"), *options)

    def _run(self, *command: str) -> None:
        root = os.geteuid() == 0
        subprocess.run(
            command,
            check=True,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            user=USER if root else None,
            extra_groups=() if root else None,
        )


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A running server, ended at the end."""
    if missing := _missing():
        pytest.skip(missing)
    with TemporaryDirectory(prefix="postgres") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, USER)
        server = PostgresServer(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _missing() -> str:
    programs: Sequence[str] = ("initdb", "pg_ctl", "psql", "pg_dump", "pg_restore")
    if absent := [program for program in programs if shutil.which(program) is None]:
        return f"PostgreSQL is not installed (no {', '.join(absent)}; Debian: apt-get install postgresql)"
    if importlib.util.find_spec("psycopg") is None:
        return 'PostgreSQL has no driver here (pip install "psycopg[binary]")'
    return ""
