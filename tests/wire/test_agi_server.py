"""The server under peers that are not Asterisk, handlers that fail, and floods: nobody else notices."""

import asyncio
import logging
import resource
import socket
import subprocess
import sys

import pytest

from ivr.asterisk.agi import HungUp, Limits, Refusal, Session
from tests.wire.agi_peer import OPENING, Desk, both_loops, dear_on_both, desk

GET = b'GET VARIABLE "A"\n'
FLOOD = 10_000


async def ask_twice(session: Session) -> None:
    await session.get_variable("A")
    await session.get_variable("A")


async def one_call(place: Desk) -> None:
    """A call that is served as if it were alone."""
    peer = await place.peer()
    for _ in range(2):
        assert await peer.line() == GET
        peer.send(b"200 result=1 (x)\n")
    assert await peer.closed()


@both_loops
async def test_connect_and_close() -> None:
    async with desk(ask_twice) as place:
        for _ in range(50):
            (await place.peer(b"")).end()
            (await place.peer(b"")).reset()
        await one_call(place)
        await place.idle()
        assert not place.counts.refusals
        assert place.counts.opened == 1


@both_loops
async def test_eof_anywhere_in_the_environment() -> None:
    async with desk(ask_twice) as place:
        for length in range(len(OPENING)):
            peer = await place.peer(OPENING[:length])
            (peer.end if length % 2 else peer.reset)()
        await place.idle()
        assert place.counts.opened == 0
        await one_call(place)


@pytest.mark.parametrize(
    "probe",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"SSH-2.0-x\r\n",
        b"\r\n\r\n",
        b"OPTIONS sip:x SIP/2.0\r\n",
        b"\0" * 4_096,
        b"agi_network: yes\nnonsense\n\n",
        bytes(range(255, 0, -1)),
    ],
)
@both_loops
async def test_port_scan(probe: bytes) -> None:
    async with desk(ask_twice) as place:
        peer = await place.peer(probe)
        assert await peer.closed()
        await one_call(place)
        await place.idle()
        assert place.counts.refusals.total() == 1
        assert place.counts.opened == 1


@both_loops
async def test_an_endless_environment() -> None:
    async with desk(ask_twice, Limits(environment_bytes=1_000)) as place:
        peer = await place.peer(b"agi_network: yes\n" + b"agi_arg: x\n" * 1_000)
        assert await peer.closed()
        assert place.counts.refusals == {Refusal.OVERSIZED: 1}
        await one_call(place)


@both_loops
async def test_a_dripping_environment_is_cut_off_and_dripping_does_not_help() -> None:
    async with desk(ask_twice, Limits(environment_seconds=0.2)) as place:
        peer = await place.peer(b"agi_network: ")
        while not place.counts.refusals:
            peer.send(b"y")
            await asyncio.sleep(0.01)
        assert place.counts.refusals == {Refusal.SLOW: 1}
        await one_call(place)


@pytest.mark.parametrize(
    ("garbage", "reason"),
    [
        (b"\0\1\2\3", Refusal.BINARY),
        (b"\xff\xfe\n", Refusal.MALFORMED),
        (b"x" * 100_000, Refusal.OVERSIZED),
        (b"200 result=1 (" + b"x" * 100_000 + b")\n", Refusal.OVERSIZED),
        (b"200 result=1 (" + b"x\n" * 100_000, Refusal.OVERSIZED),
        (b"520-\n" + b"\n" * 100_000, Refusal.OVERSIZED),
        (b"200 result=1\n" * 1_000, Refusal.UNEXPECTED),
    ],
)
@both_loops
async def test_garbage_instead_of_a_reply_ends_that_session_only(garbage: bytes, reason: Refusal) -> None:
    ends: list[type[BaseException]] = []

    async def handler(session: Session) -> None:
        try:
            await ask_twice(session)
        except HungUp:
            ends.append(HungUp)

    async with desk(handler) as place:
        bystander = await place.peer()
        assert await bystander.line() == GET
        peer = await place.peer()
        assert await peer.line() == GET
        peer.send(garbage)
        await peer.closed()
        await place.until(lambda: ends == [HungUp])
        assert place.counts.refusals == {reason: 1}
        bystander.send(b"200 result=1 (x)\n")
        assert await bystander.line() == GET
        assert place.counts.failed == 0


def sockets_allowed() -> int:
    """Raise the soft limit on open files to the hard one; sockets that this process may open."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


async def flood(place: Desk, count: int) -> list[socket.socket]:
    """`count` connections that say nothing."""
    loop = asyncio.get_running_loop()
    sockets = []
    for _ in range(count):
        half = socket.socket()
        half.setblocking(False)
        await loop.sock_connect(half, ("127.0.0.1", place.server.port))
        sockets.append(half)
    return sockets


@dear_on_both
async def test_ten_thousand_half_open_connections_are_dropped_for_those_who_speak() -> None:
    if sockets_allowed() < FLOOD + 2_000:
        pytest.skip(f"needs {FLOOD + 2_000} open files")
    async with desk(ask_twice, Limits(half_open=500, environment_seconds=3_600)) as place:
        earlier = await place.peer()
        assert await earlier.line() == GET
        halves = await flood(place, FLOOD)
        try:
            await one_call(place)
            earlier.send(b"200 result=1 (x)\n")
            assert await earlier.line() == GET
            await place.until(lambda: place.counts.refusals[Refusal.HALF_OPEN] >= FLOOD - 500)
            assert place.server.half_open <= 500
        finally:
            for half in halves:
                half.close()


CROWD = """
import socket, sys
held = []
for _ in range(int(sys.argv[2])):
    held.append(socket.create_connection(("127.0.0.1", int(sys.argv[1]))))
    if len(held) % 100 == 0:
        sys.stdin.readline()  # faster than the server accepts, the kernel would drop some without telling
sys.stdin.read()
"""


def gather(port: int) -> "subprocess.Popen[bytes]":
    """Another process, since half of the sockets must be its (and asyncio's subprocesses need the main thread)."""
    return subprocess.Popen([sys.executable, "-c", CROWD, str(port), str(FLOOD)], stdin=subprocess.PIPE)


@dear_on_both
async def test_ten_thousand_half_open_connections_that_are_held_harm_nobody() -> None:
    if sockets_allowed() < FLOOD + 2_000:
        pytest.skip(f"needs {FLOOD + 2_000} open files")
    async with desk(ask_twice, Limits(half_open=2 * FLOOD, environment_seconds=3_600)) as place:
        crowd = gather(place.server.port)
        try:
            assert crowd.stdin is not None
            for count in range(100, FLOOD + 1, 100):
                await place.until(lambda: place.server.half_open == count)  # noqa: B023
                crowd.stdin.write(b"\n")
                crowd.stdin.flush()
            await one_call(place)
            assert place.server.half_open == FLOOD
        finally:
            crowd.kill()
            crowd.communicate()
        await place.idle()


@both_loops
async def test_silent_connections_end_in_time() -> None:
    async with desk(ask_twice, Limits(environment_seconds=0.3)) as place:
        halves = await flood(place, 300)
        try:
            await place.until(lambda: place.counts.refusals[Refusal.SLOW] == 300)
            assert place.server.half_open == 0
            await one_call(place)
        finally:
            for half in halves:
                half.close()


@both_loops
async def test_too_many_sessions() -> None:
    async with desk(ask_twice, Limits(sessions=2)) as place:
        peers = [await place.peer() for _ in range(2)]
        for peer in peers:
            assert await peer.line() == GET
        third = await place.peer()
        assert await third.closed()
        assert place.counts.refusals == {Refusal.SESSIONS: 1}
        peers[0].end()
        await place.until(lambda: place.server.sessions == 1)
        await one_call(place)


@both_loops
async def test_a_failing_handler_is_logged_once_and_gives_the_call_back(caplog: pytest.LogCaptureFixture) -> None:
    async def handler(session: Session) -> None:
        await session.get_variable("A")
        raise KeyError("our own fault")

    async with desk(handler) as place:
        for _ in range(2):
            peer = await place.peer()
            assert await peer.line() == GET
            peer.send(b"200 result=0\n")
            assert await peer.closed()
        await place.idle()
        assert place.counts.failed == 2
    errors = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.levelname for record in errors] == ["ERROR", "ERROR"]
    assert all(record.exc_info and record.exc_info[0] is KeyError for record in errors)


@both_loops
async def test_a_refused_command_that_a_handler_lets_go_is_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    async with desk(ask_twice) as place:
        peer = await place.peer()
        await peer.line()
        peer.send(b"510 Invalid or unknown command\n")
        assert await peer.closed()
        await place.idle()
        assert place.counts.failed == 1
    assert "510" in caplog.text


@both_loops
async def test_a_hangup_is_no_failure_and_no_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with desk(ask_twice) as place:
        for answer in (b"HANGUP\n", b"200 result=-1\n", b"511 Command Not Permitted on a dead channel\n"):
            peer = await place.peer()
            await peer.line()
            peer.send(answer)
            assert await peer.closed()
        await place.idle()
        assert (place.counts.opened, place.counts.failed) == (3, 0)
    assert [record for record in caplog.records if record.name.startswith("ivr")] == []


@both_loops
async def test_closing_ends_sessions_half_open_connections_and_handlers_that_ignore_the_caller() -> None:
    async def stubborn(session: Session) -> None:
        await asyncio.Event().wait()

    async with desk(stubborn) as place:
        peers = [await place.peer(), await place.peer(b""), await place.peer(b"agi_")]
        await place.until(lambda: place.server.sessions == 1 and place.server.half_open == 2)
        await place.server.close()
        for peer in peers:
            assert await peer.closed()
        assert place.counts.opened == place.counts.closed == 1


@both_loops
async def test_the_port_is_free_again_after_closing() -> None:
    async with desk(ask_twice) as place:
        port = place.server.port
        await one_call(place)
        await place.server.close()
        assert place.server.port == 0
        await place.server.start("127.0.0.1", port)
        await one_call(place)


@both_loops
async def test_a_taken_port_is_an_error() -> None:
    async with desk(ask_twice) as place, desk(ask_twice) as other:
        with pytest.raises(OSError):
            await other.server.start("127.0.0.1", place.server.port)
