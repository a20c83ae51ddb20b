"""Accepts connections one by one, so that the loop goes on between them: the crowd says who comes in, and with TLS the
handshake has a time."""

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from ivr import log as logs
from ivr.clock import Clock
from ivr.web.crowd import Crowd, Guest
from ivr.web.wire import Wire, refusal

log = logs.get(__name__)

HANDSHAKE_SECONDS = 10
GOODBYE_SECONDS = 2
PAUSE_SECONDS = 0.5
"""After an accept that failed for want of files or memory."""

_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

_NO_ROOM = refusal(503, "too many connections; try again later", b"Retry-After: 10\r\n")


class Entrance:
    """Of one listening socket, which does not block. `wire(guest)` makes what speaks with who was let in."""

    def __init__(
        self,
        listener: socket.socket,
        wire: Callable[[Guest], Wire],
        crowd: Crowd,
        clock: Clock,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._listener, self._wire, self._context = listener, wire, context
        self._crowd, self._clock = crowd, clock
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self) -> None:
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
                if error.errno in _EXHAUSTED:
                    log.error("no connection can be accepted", why=str(error))
                    await self._clock.sleep(PAUSE_SECONDS)
                continue  # else it was this connection's own fault: see accept(2)
            try:
                await self._meet(connection, str(peer[0]) if isinstance(peer, tuple) else "")
            except Exception:
                log.exception("a connection could not be begun")
                connection.close()
            await self._clock.sleep(0)  # where another one waits already, accepting it does not let others run

    async def _meet(self, connection: socket.socket, address: str) -> None:
        """`address`: empty for a socket file, whose peers have none."""
        guest = self._crowd.enter(address, self._clock.engine_us())
        if guest is None:
            self._turn_away(connection)
        elif self._context is None:
            await self._let_in(connection, guest)
        else:
            self._keep(self._let_in(connection, guest))

    def _turn_away(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            if self._context is None:
                with suppress(BlockingIOError):  # what is not read makes the end a reset, which may overtake the answer
                    connection.recv(65_536)
                connection.send(_NO_ROOM)

    async def _let_in(self, connection: socket.socket, guest: Guest) -> None:
        wire, tls = None, self._context is not None
        try:
            wire = made = self._wire(guest)
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: made,
                connection,
                ssl=self._context,
                ssl_handshake_timeout=HANDSHAKE_SECONDS if tls else None,
                ssl_shutdown_timeout=GOODBYE_SECONDS if tls else None,
            )
        except (OSError, RuntimeError):
            pass  # ssl.SSLError is an OSError; who speaks no TLS is not worth a line in the log
        finally:
            if wire is None or not wire.begun:
                self._crowd.leave(guest)
                connection.close()

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
