"""TLS: who does not finish the handshake, or speaks something else, costs a connection for a while and no more."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from ivr.web.asgi import Receive, Scope, Send
from ivr.web.crowd import Crowd, CrowdLimits
from ivr.web.server import Doorway, WebServer
from ivr.web.tls import Certificate
from ivr.web.wire import WireLimits
from tests.tools import run
from tests.unit.control.test_control import certificate

LIMITS = WireLimits(head_seconds=0.3, goodbye_seconds=0.3)
ROOM = CrowdLimits(connections=16, connections_of_one=3)
ASK = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"{scope['scheme']} {scope['client'][0]}".encode()})


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[int]:
    used = Certificate(*certificate(folder, "x"))
    server = WebServer(page, "127.0.0.1", 0, Doorway(crowd=Crowd(ROOM), limits=LIMITS, tls=used.context))
    server.start()
    try:
        yield server.port
    finally:
        await server.close()


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def answered(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting())
    writer.write(ASK)
    found = await asyncio.wait_for(reader.read(), 3)
    writer.close()
    return found


@run
async def test_the_scheme_and_the_client_are_known(tmp_path: Path) -> None:
    async with serving(tmp_path) as port:
        for _ in range(5):
            found = await answered(port)
            assert found.startswith(b"HTTP/1.1 200") and b"https 127.0.0.1" in found


@run
async def test_an_unfinished_handshake_counts_and_is_forgotten_when_it_ends(tmp_path: Path) -> None:
    async with serving(tmp_path) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        await asyncio.sleep(0.05)
        with pytest.raises(OSError):
            await answered(port)
        for _, writer in held:
            writer.close()
        await asyncio.sleep(0.1)
        assert b"200" in await answered(port)


@run
async def test_who_speaks_no_tls_is_let_go(tmp_path: Path) -> None:
    async with serving(tmp_path) as port:
        for _ in range(5):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ASK)
            found = b""
            with suppress(OSError):
                found = await asyncio.wait_for(reader.read(), 3)
            assert b"HTTP" not in found
            writer.close()
        assert b"200" in await answered(port)


@run
async def test_a_slow_head_is_refused_behind_tls_too(tmp_path: Path) -> None:
    async with serving(tmp_path) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting())
        writer.write(ASK[:10])
        assert (await asyncio.wait_for(reader.readline(), 3)).startswith(b"HTTP/1.1 408")
        writer.close()


@run
async def test_the_end_of_the_server_waits_for_nobody_in_a_handshake(tmp_path: Path) -> None:
    async with serving(tmp_path) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(0.05)
    writer.close()
