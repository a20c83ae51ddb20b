"""Somebody at a terminal of the server's machine: commands against an API on a real socket file."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from ivr.cli import main
from ivr.control.client import socket_file
from ivr.testing.api import Api
from ivr.web.api.routing import PREFIX
from ivr.web.server import WebServer


class Terminal:
    """Runs `ivr`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def asked(self, *words: str, given: str = "") -> Result:
        """Run `ivr` with these words."""
        environ = {"CENTRALITA_VAR": str(self._folder), "SUDO_USER": "ana", "COLUMNS": "220"}
        return await asyncio.to_thread(CliRunner().invoke, main, list(words), env=environ, input=given)

    async def says(self, *words: str, given: str = "") -> str:
        """What it prints when it does as asked."""
        done = await self.asked(*words, given=given)
        assert done.exit_code == 0, done.output
        return done.output


@asynccontextmanager
async def terminal(folder: Path, api: Api) -> AsyncIterator[Terminal]:
    """The API answers at the instance's socket file, to whoever stands before its door."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        await api.app({**scope, "path": path if path.startswith(PREFIX) else PREFIX + path}, receive, send)

    file = socket_file(folder)
    file.parent.mkdir(parents=True, exist_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(file))
    listener.listen()
    server = WebServer.on(app, listener)
    server.start()
    try:
        yield Terminal(folder)
    finally:
        await server.close()
