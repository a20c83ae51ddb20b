"""A TCP connection with a switch in it: what passes between two programs can be cut and joined again."""

import asyncio
import contextlib
from typing import Any


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
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._flows = asyncio.Event()
        self._flows.set()

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
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Close every connection and refuse new ones. Harmless when it is cut already."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def hold(self, still: bool) -> None:
        """Swallow what comes (`still`), or pass it on again: nothing is lost, only late."""
        if still:
            self._flows.clear()
        else:
            self._flows.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            theirs, ours = await asyncio.open_connection(*self.target)
            self._writers.add(ours)
            await asyncio.gather(self._pass(reader, ours), self._pass(theirs, writer))
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._tasks.discard(task)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        finally:
            self._writers.discard(writer)
            with contextlib.suppress(OSError):
                writer.close()
