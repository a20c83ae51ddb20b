"""Serves an ASGI application on the running loop: no thread, no signal handlers, no second loop."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from ivr.clock import Clock, LoopClock
from ivr.web.crowd import Crowd, Guest
from ivr.web.entrance import Entrance
from ivr.web.wire import Wire, WireLimits

BACKLOG = 1024
"""Connections that wait until they are accepted; who comes when so many wait tries again a second later."""
CLOSING_SECONDS = 2
DATE_EVERY_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Doorway:
    """How a server lets connections in."""

    crowd: Crowd = field(default_factory=Crowd)
    limits: WireLimits = field(default_factory=WireLimits)
    tls: ssl.SSLContext | None = None
    clock: Clock = field(default_factory=LoopClock)


class _Quiet(uvicorn.Server):
    """uvicorn, without its hands on the process's signals: they belong to the server's own shutdown."""

    def __init__(self, config: uvicorn.Config, doorway: Doorway) -> None:
        super().__init__(config)
        self._doorway = doorway
        self.servers = []
        self._entrances: list[Entrance] = []
        self._ending = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, unless the end was sooner."""
        if self.should_exit:
            return
        doorway = self._doorway
        self._entrances = [
            Entrance(one, self._wire, doorway.crowd, doorway.clock, doorway.tls) for one in sockets or []
        ]
        for entrance in self._entrances:
            entrance.open()
        self.started = True

    def _wire(self, guest: Guest) -> Wire:
        return Wire(
            config=self.config,
            server_state=self.server_state,
            app_state={},
            crowd=self._doorway.crowd,
            guest=guest,
            limits=self._doorway.limits,
            clock=self._doorway.clock,
        )

    async def main_loop(self) -> None:
        """Until `end`."""
        while not self._ending.is_set():
            await self.on_tick(0)  # the answers' date
            try:
                await asyncio.wait_for(self._ending.wait(), DATE_EVERY_SECONDS)
            except TimeoutError:
                continue

    def end(self) -> None:
        self.should_exit = True
        for entrance in self._entrances:
            entrance.close()
        self._ending.set()


class WebServer:
    """One listening socket. `port` is the true one, also when 0 was asked for; 0 for a socket file."""

    def __init__(self, app: Any, host: str, port: int, doorway: Doorway | None = None) -> None:
        """Raises OSError when the address is taken."""
        self._begin(
            app, socket.create_server((host, port), family=_family(host), backlog=BACKLOG), doorway or Doorway()
        )

    @classmethod
    def on(cls, app: Any, listener: socket.socket) -> "WebServer":
        """On a socket that listens already, of whatever family; it is closed with the server."""
        self = cls.__new__(cls)
        self._begin(app, listener, Doorway())
        return self

    def _begin(self, app: Any, listener: socket.socket, doorway: Doorway) -> None:
        self._listener = listener
        self._listener.setblocking(False)
        self.port: int = listener.getsockname()[1] if listener.family != socket.AF_UNIX else 0
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            log_level="error",  # what a client does wrong is not ours to log, line by line
            access_log=False,
            server_header=False,
            proxy_headers=False,  # see ivr.web.addresses
            ws="none",
            timeout_keep_alive=15,
            timeout_graceful_shutdown=CLOSING_SECONDS,
        )
        self._server = _Quiet(config, doorway)
        self._serving: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to answer; call it on the running loop."""
        self._serving = asyncio.ensure_future(self._server.serve(sockets=[self._listener]))

    async def close(self) -> None:
        """Stop listening and end the open requests, at most CLOSING_SECONDS later."""
        self._server.end()
        if self._serving is not None:
            await asyncio.wait([self._serving])
        for left in list(self._server.server_state.connections):
            left.transport.abort()
        self._listener.close()


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def serve(app: Any, host: str, port: int, doorway: Doorway | None = None) -> WebServer:
    """Listen and serve. Raises OSError when the address is taken."""
    server = WebServer(app, host, port, doorway)
    server.start()
    return server
