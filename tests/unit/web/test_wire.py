"""Clients that are slow, long-winded or malicious, on a real socket."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ivr.web.asgi import Receive, Scope, Send
from ivr.web.crowd import Crowd, CrowdLimits
from ivr.web.pace import Pace
from ivr.web.server import Doorway, WebServer
from ivr.web.wire import WireLimits
from tests.tools import run

QUICK = WireLimits(head_seconds=0.3, body_seconds=0.3, answer_seconds=0.3, goodbye_seconds=0.3)
ROOM = CrowdLimits(connections=8, connections_of_one=4)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with how much came; /deaf does not look at the body; /large answers with much."""
    size = 0
    if scope["path"] != "/deaf":
        while True:
            message = await receive()
            size += len(message.get("body", b""))
            if not message.get("more_body"):
                break
    body = b"x" * 50_000_000 if scope["path"] == "/large" else str(size).encode()
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-length", str(len(body)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def serving(room: CrowdLimits = ROOM, **who: Callable[[str], bool]) -> AsyncIterator[int]:
    server = WebServer(echo, "127.0.0.1", 0, Doorway(crowd=Crowd(room, **who), limits=QUICK))
    server.start()
    try:
        yield server.port
    finally:
        await server.close()


async def answered(port: int, *parts: bytes, pause: float = 0) -> tuple[int, Any]:
    """The first answer's status and body, when `parts` are sent one after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await asyncio.sleep(pause)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line)
        body = await asyncio.wait_for(reader.readexactly(length), 5)
        return int(head.split()[1]), json.loads(body)
    finally:
        writer.close()


HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"


BAD = sorted((Path(__file__).parents[2] / "bad" / "http").glob("*.http"))
"""One fault a file; its name begins with the status of the answer."""


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
@run
async def test_a_request_that_is_not_taken(file: Path) -> None:
    async with serving() as port:
        status, body = await answered(port, file.read_bytes())
        assert status == int(file.stem[:3]) and isinstance(body["error"], str)
        assert await answered(port, HEAD + b"\r\n") == (200, 0)


@pytest.mark.parametrize("line", [b"a:\r\n", b"\t\r\n", b"X" * 70 + b":\r\n"])
@run
async def test_a_flood_of_headers_is_cut_off(line: bytes) -> None:
    async with serving() as port:
        assert (await answered(port, HEAD + line * 60_000 + b"\r\n"))[0] == 431


@run
async def test_a_head_in_drops_is_taken_in_time_and_refused_after_it() -> None:
    async with serving() as port:
        assert await answered(port, HEAD[:7], HEAD[7:], b"\r", b"\n", pause=0.01) == (200, 0)
        status, body = await answered(port, *(bytes([one]) for one in HEAD), pause=0.02)
        assert status == 408 and "longer than 0.3 s" in body["error"]
        status, _ = await answered(port)
        assert status == 408


@run
async def test_a_body_is_taken_as_long_as_it_was_announced() -> None:
    async with serving() as port:
        assert await answered(port, HEAD + b"Content-Length: 5\r\n\r\nhello") == (200, 5)
        assert await answered(port, HEAD + b"Content-Length: 5\r\n\r\n", b"hel", b"lo", pause=0.01) == (200, 5)
        status, body = await answered(port, HEAD + b"Content-Length: 5\r\n\r\nhell")
        assert status == 408 and "body" in body["error"]


@run
async def test_the_next_request_is_read_when_the_one_before_is_answered() -> None:
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(HEAD + b"\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(1) == b"0"
        writer.write((HEAD + b"\r\n") * 3)  # pipelined: the first is answered, and the connection ends
        answers = await asyncio.wait_for(reader.read(), 3)
        assert answers.count(b"HTTP/1.1 200") == 1
        writer.close()


@run
async def test_smuggled_after_a_body_is_nothing() -> None:
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"Content-Length: 2\r\n\r\nab" + HEAD + b"a:\r\n" * 60_000 + b"\r\n")
        answers = await asyncio.wait_for(reader.read(), 3)
        assert answers.count(b"HTTP/1.1") == 1 and answers.endswith(b"2")
        writer.close()


@run
async def test_an_answer_before_the_body_is_read_by_the_client() -> None:
    async with serving() as port:
        status, _ = await answered(
            port, b"POST /deaf HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n", b"x" * 900_000
        )
        assert status == 200
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /deaf HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        started = asyncio.get_running_loop().time()
        with pytest.raises(OSError):
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.05)
        assert asyncio.get_running_loop().time() - started < 3
        writer.close()


@run
async def test_who_does_not_take_the_answer_is_let_go() -> None:
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(1)
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(50_000_000), 5)
        writer.close()


@run
async def test_one_address_has_only_so_many_connections() -> None:
    async with serving() as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
        status, body = await answered(port)
        assert status == 503 and "too many connections" in body["error"]
        for _, writer in held:
            writer.close()
        await asyncio.sleep(0.1)
        assert await answered(port, HEAD + b"\r\n") == (200, 0)


@run
async def test_who_asks_too_often_is_refused_before_anything_is_read() -> None:
    slow = CrowdLimits(connections=20, connections_of_one=8, pace=Pace(0.1, 3))
    async with serving(slow, known=lambda address: True) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(HEAD + b"\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(1) == b"0"
        writer.write(HEAD + b"Content-Length: 5\r\n\r\nhello")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 429") and b"\r\nRetry-After: 10\r\n" in head
        assert json.loads(await reader.read()) == {"error": "too many requests; try again in 10 s"}
        writer.close()
        assert [(await answered(port))[0] for _ in range(2)] == [408, 408]  # two more connect, and say nothing
        status, body = await answered(port, HEAD + b"\r\n")
        assert status == 503 and "too many connections" in body["error"]


@run
async def test_a_fault_with_one_connection_is_not_the_end() -> None:
    faults = iter([RuntimeError("a predicate fails"), MemoryError()])

    def known(address: str) -> bool:
        if fault := next(faults, None):
            raise fault
        return True

    async with serving(known=known) as port:
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert await asyncio.wait_for(reader.read(), 3) == b""
            writer.close()
        for _ in range(9):  # and no place is lost
            assert await answered(port, HEAD + b"\r\n") == (200, 0)


@run
async def test_connections_that_are_turned_away_hold_nobody_up() -> None:
    async with serving() as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
        others = [await asyncio.open_connection("127.0.0.1", port) for _ in range(200)]
        for reader, writer in others:
            assert (await asyncio.wait_for(reader.readline(), 3)).startswith(b"HTTP/1.1 503")
            writer.close()
        for reader, writer in held:
            writer.write(HEAD + b"\r\n")
            assert (await asyncio.wait_for(reader.readline(), 3)).startswith(b"HTTP/1.1 200")
            writer.close()


@run
async def test_the_wire_refuses_without_holding_up_the_loop() -> None:
    async with serving() as port:
        longest, done = 0.0, asyncio.Event()

        async def watch() -> None:
            nonlocal longest
            while not done.is_set():
                before = time.thread_time()
                await asyncio.sleep(0)
                longest = max(longest, time.thread_time() - before)

        watching = asyncio.ensure_future(watch())
        for flood in (b"a:\r\n" * 60_000, b"\n" * 200_000, b"A" * 200_000):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HEAD + flood)
            await asyncio.wait_for(reader.read(), 3)
            writer.close()
        done.set()
        await watching
        assert longest < 0.1  # of the processor's time; see the long proofs for the bound
