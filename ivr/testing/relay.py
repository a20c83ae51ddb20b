"""A TCP connection with a switch in it: what passes between two programs can be cut and joined again."""

import asyncio
from typing import Any, cast


class Relay:
    """Listens on a port of its own and passes everything on to `target`, until it is cut.

    relay = await Relay.open(("127.0.0.1", 5038))
    ... let a program connect to 127.0.0.1:relay.port ...
    await relay.cut()        # every connection is closed, new ones are refused
    await relay.join()       # as before
    relay.hold(True)         # connections stay open, but nothing passes: a network that swallows everything
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.port = 0
        self.still = False
        self.ends: set[_End] = set()
        self._server: asyncio.Server | None = None

    @classmethod
    async def open(cls, target: tuple[str, int], port: int = 0) -> "Relay":
        """A relay that passes everything on."""
        relay = cls(target)
        relay.port = port
        await relay.join()
        return relay

    async def join(self) -> None:
        """Accept connections again."""
        if self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(lambda: _Caller(self), "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    @property
    def passes(self) -> bool:
        """Whether it is neither cut nor still."""
        return self._server is not None and not self.still

    async def cut(self) -> None:
        """Close every connection and refuse new ones. Harmless when it is cut already."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for end in list(self.ends):
            end.abort()

    def hold(self, still: bool) -> None:
        """Keep back what comes (`still`), or pass it on again: nothing is lost, only late."""
        self.still = still
        for end in self.ends:
            end.flush()


class _End(asyncio.Protocol):
    """One of the two ends of a connection that passes."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.other: _End | None = None
        self._transport: asyncio.Transport | None = None
        self._kept = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.relay.ends.add(self)

    def data_received(self, data: bytes) -> None:
        self._kept += data
        self.flush()

    def flush(self) -> None:
        """Pass on what came from here, unless the relay stands still."""
        if self._kept and not self.relay.still and self.other is not None and self.other._transport is not None:
            self.other._transport.write(bytes(self._kept))
            self._kept.clear()

    def abort(self) -> None:
        """Cut this end."""
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.relay.ends.discard(self)
        self._transport = None
        if self.other is not None and self.other._transport is not None:
            self.other._transport.close()


class _Caller(_End):
    """The end of who connected to the relay: it makes the other one."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        loop = asyncio.get_running_loop()
        connecting: asyncio.Task[Any] = loop.create_task(self._connect())
        connecting.add_done_callback(lambda task: None if task.cancelled() else task.exception())

    async def _connect(self) -> None:
        end = self.other = _End(self.relay)
        end.other = self
        try:
            await asyncio.get_running_loop().create_connection(lambda: end, *self.relay.target)
        except OSError:
            self.abort()
            return
        if self._transport is None:
            end.abort()
        self.flush()
