"""The switch between two programs."""

import asyncio

import pytest

from ivr.testing.relay import Relay
from tests.tools import run


async def echo() -> tuple[asyncio.Server, tuple[str, int]]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()


@run
async def test_it_passes_cuts_and_joins() -> None:
    server, target = await echo()
    relay = await Relay.open(target)
    reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
    writer.write(b"hola")
    assert await reader.readexactly(4) == b"hola"
    await relay.cut()
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", relay.port)
    await relay.join()
    reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
    writer.write(b"otra")
    assert await reader.readexactly(4) == b"otra"
    await relay.cut()
    server.close()


@run
async def test_what_is_held_comes_late_and_whole() -> None:
    server, target = await echo()
    relay = await Relay.open(target)
    reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
    relay.hold(True)
    writer.write(b"ab")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.readexactly(2), 0.1)
    writer.write(b"cd")
    relay.hold(False)
    assert await reader.readexactly(4) == b"abcd"
    writer.close()
    await relay.cut()
    server.close()


@run
async def test_a_target_that_does_not_listen_is_a_closed_connection() -> None:
    relay = await Relay.open(("127.0.0.1", 1))
    reader, _ = await asyncio.open_connection("127.0.0.1", relay.port)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    await relay.cut()
