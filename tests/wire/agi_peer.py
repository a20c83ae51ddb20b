"""Literal bytes against a FastAGI server, on asyncio's loop and on uvloop's."""

import asyncio
import functools
import inspect
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvloop

from ivr.asterisk.agi import AgiServer, Handler, Limits, Refusal
from ivr.clock import LoopClock

OPENING = b"agi_network: yes\nagi_network_script: call\nagi_channel: PJSIP/trunk-1\nagi_callerid: 3000000001\n\n"
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def both_loops(
    function: Callable[..., Coroutine[Any, Any, None]], loops: Sequence[object] = tuple(LOOPS)
) -> Callable[..., None]:
    """Run the coroutine on a loop of its own, once of each kind, 60 seconds at most."""

    @pytest.mark.parametrize("loop", loops)
    @functools.wraps(function)
    def test(loop: str, *args: Any, **kwargs: Any) -> None:
        failures: list[BaseException] = []

        def work() -> None:
            try:
                with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
                    runner.run(asyncio.wait_for(function(*args, **kwargs), 60))
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=work)  # the tests' own thread has the reactor's loop running
        thread.start()
        thread.join()
        if failures:
            raise failures[0]

    inner = inspect.signature(function)
    outer = inspect.Parameter("loop", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    test.__signature__ = inner.replace(parameters=[outer, *inner.parameters.values()])  # type: ignore[attr-defined]
    return test


dear_on_both = functools.partial(both_loops, loops=[pytest.param("asyncio", marks=pytest.mark.soak), "uvloop"])
"""The same, where it is long: on asyncio's loop among the long proofs, on the server's own always."""


class Counts:
    """An observer that adds up."""

    def __init__(self) -> None:
        self.refusals: Counter[Refusal] = Counter()
        self.verbs: list[str] = []
        self.opened = self.closed = self.failed = 0

    def session_opened(self) -> None:
        self.opened += 1

    def session_closed(self) -> None:
        self.closed += 1

    def command_done(self, verb: str, seconds: float) -> None:
        assert seconds >= 0
        self.verbs.append(verb)

    def refused(self, reason: Refusal) -> None:
        self.refusals[reason] += 1

    def handler_failed(self) -> None:
        self.failed += 1


class Peer:
    """The other end of a connection: writes literal bytes, reads the server's lines."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def line(self) -> bytes:
        """The next command; b"" when the server has closed."""
        try:
            return await self._reader.readline()
        except ConnectionError:
            return b""

    async def closed(self) -> bool:
        """Wait until the server closes; False when it still had something to say."""
        try:
            return await self._reader.read() == b""
        except ConnectionError:
            return True

    def end(self) -> None:
        self._writer.close()

    def reset(self) -> None:
        self._writer.transport.abort()


class Desk:
    """A server with a handler, its counts, and peers that call it."""

    def __init__(self, server: AgiServer, counts: Counts) -> None:
        self.server, self.counts = server, counts
        self._peers: list[Peer] = []

    async def peer(self, opening: bytes = OPENING) -> Peer:
        peer = Peer(*await asyncio.open_connection("127.0.0.1", self.server.port))
        self._peers.append(peer)
        if opening:
            peer.send(opening)
        return peer

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what the server does in its own time (the test's own bound ends it)."""
        while not condition():  # noqa: ASYNC110  # a server that signals its idleness to tests would be another server
            await asyncio.sleep(0.005)

    async def idle(self) -> None:
        """Wait until the server holds nothing any more."""
        await self.until(lambda: self.server.sessions == 0 and self.server.half_open == 0)

    def leave(self) -> None:
        for peer in self._peers:
            peer.end()


@asynccontextmanager
async def desk(handler: Handler, limits: Limits | None = None) -> AsyncIterator[Desk]:
    """A running server; afterwards it is closed and must hold no session, connection or deadline."""
    counts = Counts()
    server = AgiServer(handler, clock=LoopClock(), limits=limits, observer=counts)
    await server.start("127.0.0.1", 0)
    found = Desk(server, counts)
    try:
        yield found
    finally:
        await server.close()
        found.leave()
    assert (server.sessions, server.half_open, server.port) == (0, 0, 0)
    assert counts.opened == counts.closed
