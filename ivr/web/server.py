"""Serves an ASGI application on the running loop: no thread, no signal handlers, no second loop."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

CLOSING_SECONDS = 2
LONGEST_REQUEST_HEAD = 16_384


class _Quiet(uvicorn.Server):
    """uvicorn, without its hands on the process's signals: they belong to the server's own shutdown."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class WebServer:
    """One listening socket. `port` is the true one, also when 0 was asked for; 0 for a socket file."""

    def __init__(self, app: Any, host: str, port: int) -> None:
        self._begin(app, socket.create_server((host, port), family=_family(host), backlog=128))

    @classmethod
    def on(cls, app: Any, listener: socket.socket) -> "WebServer":
        """On a socket that listens already, of whatever family; it is closed with the server."""
        self = cls.__new__(cls)
        self._begin(app, listener)
        return self

    def _begin(self, app: Any, listener: socket.socket) -> None:
        self._listener = listener
        self._listener.setblocking(False)
        self.port: int = listener.getsockname()[1] if listener.family != socket.AF_UNIX else 0
        self._server = _Quiet(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                ws="none",
                limit_concurrency=100,
                h11_max_incomplete_event_size=LONGEST_REQUEST_HEAD,
                timeout_keep_alive=15,
                timeout_graceful_shutdown=CLOSING_SECONDS,
            )
        )
        self._serving: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to answer; call it on the running loop."""
        self._serving = asyncio.ensure_future(self._server.serve(sockets=[self._listener]))

    async def close(self) -> None:
        """Stop listening and end the open requests, at most CLOSING_SECONDS later."""
        self._server.should_exit = True
        if self._serving is not None:
            await asyncio.wait([self._serving])
        self._listener.close()


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def serve(app: Any, host: str, port: int) -> WebServer:
    """Listen and serve. Raises OSError when the address is taken."""
    server = WebServer(app, host, port)
    server.start()
    return server
