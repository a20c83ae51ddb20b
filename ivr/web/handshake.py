"""Accepts TLS connections: each counts as one before anything is proved, and its handshake has a time."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

from ivr import log as logs
from ivr.clock import Clock
from ivr.web.wire import Crowd, Wire

log = logs.get(__name__)

HANDSHAKE_SECONDS = 10
GOODBYE_SECONDS = 2
PAUSE_SECONDS = 0.5
"""After an accept that failed for want of files or memory."""


class Handshakes:
    """Of one listening socket, which does not block. `wire(address)` makes what speaks after the handshake."""

    def __init__(
        self,
        listener: socket.socket,
        context: ssl.SSLContext,
        wire: Callable[[str], Wire],
        crowd: Crowd,
        clock: Clock,
    ) -> None:
        self._listener, self._context, self._wire = listener, context, wire
        self._crowd, self._clock = crowd, clock
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Accept from now on."""
        self._keep(self._accept())

    def close(self) -> None:
        """Accept no more, and forget whose handshake goes on."""
        for task in self._tasks:
            task.cancel()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, peer = await loop.sock_accept(self._listener)
            except OSError as error:
                log.error("a connection cannot be accepted", why=str(error))
                await self._clock.sleep(PAUSE_SECONDS)
                continue
            address = str(peer[0])
            if self._crowd.enter(address):
                self._keep(self._shake(connection, address))
            else:
                self._crowd.leave(address)
                connection.close()

    async def _shake(self, connection: socket.socket, address: str) -> None:
        wire = self._wire(address)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: wire,
                connection,
                ssl=self._context,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=GOODBYE_SECONDS,
            )
        except (OSError, RuntimeError):
            pass  # ssl.SSLError is an OSError; who speaks no TLS is not worth a line in the log
        finally:
            if not wire.begun:
                self._crowd.leave(address)
                connection.close()

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
