"""The keeper starts a child again and again, patiently, and ends it for good when told."""

import asyncio
import socket

import pytest

from ivr.install.asterisk import AsteriskError
from ivr.install.supervise import Keeper, Server, answers
from ivr.settings.environment import Endpoint
from ivr.testing.clock import ManualClock
from tests.tools import run


class Scripted:
    """A child that ends when the test says so."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.stopped = False

    async def wait(self) -> int:
        return await asyncio.shield(self.ended)

    async def stop(self) -> None:
        self.stopped = True


class Nursery:
    """Starts children, or fails as often as the test wants."""

    def __init__(self) -> None:
        self.children: list[Scripted] = []
        self.failures = 0
        self.fault: Exception = AsteriskError("no")

    async def start(self) -> Scripted:
        if self.failures:
            self.failures -= 1
            raise self.fault
        self.children.append(Scripted())
        return self.children[-1]


async def turns() -> None:
    """Let everything that is ready run."""
    for _ in range(10):
        await asyncio.sleep(0)


@run
async def test_a_child_that_dies_is_started_again_after_a_growing_pause() -> None:
    clock, nursery, said = ManualClock(), Nursery(), list[str]()
    keeper = Keeper("the server", nursery.start, clock, said.append)
    await keeper.begin()
    for pause in (0.5, 1, 2, 4, 8, 10, 10):
        nursery.children[-1].ended.set_result(-9)
        await turns()
        born = len(nursery.children)
        clock.advance(pause - 0.01)
        await turns()
        assert len(nursery.children) == born
        clock.advance(0.01)
        await turns()
        assert len(nursery.children) == born + 1
    assert said[:2] == ["the server ended (status -9); starting it again", "the server is back"]
    await keeper.end()
    assert nursery.children[-1].stopped
    assert clock.pending == 0


@run
async def test_a_child_that_lived_well_is_started_again_at_once() -> None:
    clock, nursery = ManualClock(), Nursery()
    keeper = Keeper("the server", nursery.start, clock, lambda _: None)
    await keeper.begin()
    for _ in range(3):
        clock.advance(31)
        nursery.children[-1].ended.set_result(1)
        await turns()
        clock.advance(0.5)
        await turns()
    assert len(nursery.children) == 4
    await keeper.end()


@run
async def test_a_start_that_fails_is_told_and_tried_again() -> None:
    clock, nursery, said = ManualClock(), Nursery(), list[str]()
    keeper = Keeper("Asterisk", nursery.start, clock, said.append)
    await keeper.begin()
    nursery.failures = 2
    nursery.children[0].ended.set_result(0)
    await turns()
    for pause in (0.5, 1, 2):
        clock.advance(pause)
        await turns()
    assert said == ["Asterisk ended (status 0); starting it again", "Asterisk: no", "Asterisk: no", "Asterisk is back"]
    await keeper.end()


@run
async def test_the_first_start_that_fails_is_raised() -> None:
    nursery = Nursery()
    nursery.failures = 1
    keeper = Keeper("Asterisk", nursery.start, ManualClock(), lambda _: None)
    with pytest.raises(AsteriskError, match="no"):
        await keeper.begin()
    await keeper.end()


@run
async def test_told_to_end_in_the_pause_it_starts_nothing_more() -> None:
    clock, nursery = ManualClock(), Nursery()
    keeper = Keeper("the server", nursery.start, clock, lambda _: None)
    await keeper.begin()
    nursery.children[0].ended.set_result(1)
    await turns()
    await keeper.end()
    clock.advance(60)
    await turns()
    assert len(nursery.children) == 1


@run
async def test_ready_is_what_the_page_says() -> None:
    replies = [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 503 Service Unavailable\r\n\r\n", b"", b"garbage\r\n"]

    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(replies.pop(0))
        writer.close()

    server = await asyncio.start_server(page, "127.0.0.1", 0)
    address = Endpoint(*server.sockets[0].getsockname())
    assert [await answers(address, "/readyz") for _ in range(4)] == [True, False, False, False]
    server.close()
    await server.wait_closed()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert not await answers(Endpoint(*closed.getsockname()), "/readyz")


async def clock_has(timers: int, clock: ManualClock) -> None:
    """Until so many wait for the time: what went over the wire meanwhile is done."""
    while clock.pending < timers:  # noqa: ASYNC110 - the clock is moved by nobody else
        await asyncio.sleep(0.001)


@run
async def test_a_machine_that_gives_no_process_is_asked_again() -> None:
    clock, nursery, said = ManualClock(), Nursery(), list[str]()
    keeper = Keeper("the server", nursery.start, clock, said.append)
    await keeper.begin()
    nursery.failures, nursery.fault = 1, BlockingIOError("fork: try again")
    nursery.children[-1].ended.set_result(1)
    for pause in (0.5, 1):
        await turns()
        clock.advance(pause)
    await turns()
    assert len(nursery.children) == 2 and "the server: fork: try again" in said
    await keeper.end()


@run
async def test_a_server_that_hangs_is_ended_and_one_that_answers_is_not() -> None:
    silent = False

    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if not silent:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(page, "127.0.0.1", 0) as pages:
        clock = ManualClock()
        process = await asyncio.create_subprocess_exec("sleep", "60")
        server = Server(process, Endpoint("127.0.0.1", pages.sockets[0].getsockname()[1]), clock)
        waiting = asyncio.create_task(server.wait())

        for _ in range(5):
            await clock_has(1, clock)
            clock.advance(1)
        await clock_has(1, clock)
        assert not waiting.done() and process.returncode is None
        silent = True
        for _ in range(2):
            clock.advance(1)
            await clock_has(1, clock)
        clock.advance(1)
        assert await waiting == -9
