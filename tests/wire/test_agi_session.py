"""A handler against literal lines: what each command writes, and what each answer means."""

import asyncio
from typing import Any

import pytest

from ivr.asterisk.agi import (
    CommandRefused,
    CommandTimeout,
    HungUp,
    Limits,
    Played,
    RecordedFile,
    Refusal,
    Reply,
    Session,
)
from ivr.asterisk.agi.session import COMMAND_BYTES, command_line
from tests.wire.agi_peer import OPENING, both_loops, desk

GONE = object()


class Outcome:
    """Runs `commands` in a handler and keeps what each gave or raised."""

    def __init__(self, *commands: Any, linger: bool = False) -> None:
        self.commands, self.linger = commands, linger
        self.results: list[Any] = []
        self.session: Session | None = None

    async def __call__(self, session: Session) -> None:
        self.session = session
        session.linger = self.linger
        for command in self.commands:
            try:
                self.results.append(await command(session))
            except (HungUp, CommandRefused, CommandTimeout) as error:
                self.results.append(type(error))


async def converse(outcome: Outcome, *exchanges: tuple[bytes, bytes], limits: Limits | None = None) -> list[Any]:
    """Expect each command's literal line and answer it with literal bytes; then the server must have closed."""
    async with desk(outcome, limits) as place:
        peer = await place.peer()
        for expected, answer in exchanges:
            assert await peer.line() == expected
            peer.send(answer)
        assert await peer.closed()
        await place.idle()
        assert not place.counts.refusals
        assert place.counts.failed == 0
    return outcome.results


@both_loops
async def test_record_file() -> None:
    line = b'RECORD FILE "/v/a" "wav" "#" "20000" "0" "BEEP" "s=4"\n'
    commands = [lambda s: s.record_file("/v/a", longest=20, silence=4)] * 5
    results = await converse(  # the answers as Asterisk 22.10.1 gave them
        Outcome(*commands, lambda s: s.set_variable("X", "")),
        (line, b"200 result=35 (dtmf) endpos=15680\n"),
        (line, b"200 result=17402 (timeout) endpos=12800\n"),
        (line, b"200 result=0 (timeout) endpos=160000\n"),
        (line, b"200 result=-1 (writefile)\n"),
        (line, b"200 result=-1 (hangup) endpos=11680\n"),
    )
    assert results == [
        RecordedFile("key", "#", 15_680),
        RecordedFile("silence", samples=12_800),
        RecordedFile("limit", samples=160_000),
        RecordedFile("failed"),
        RecordedFile("hang up", samples=11_680),
        HungUp,
    ]


@both_loops
async def test_a_hang_up_that_is_told_before_the_recording_s_end() -> None:
    plain = b'RECORD FILE "a" "wav" "" "1500" "0" "s=1"\n'
    record = lambda s: s.record_file("a", longest=1.5, silence=0.2, keys="", beep=False)  # noqa: E731
    results = await converse(Outcome(record), (plain, b"HANGUP\n"))
    assert results == [RecordedFile("hang up")]


@both_loops
async def test_stream_file() -> None:
    commands = [lambda s: s.stream_file("menu", "0123456789*#")] * 5
    line = b'STREAM FILE "menu" "0123456789*#" "0"\n'
    results = await converse(
        Outcome(*commands),
        (line, b"200 result=0 endpos=24000\n"),
        (line, b"200 result=49 endpos=800\n"),
        (line, b"200 result=42 endpos=0\n"),
        (line, b"200 result=0 endpos=0\n"),
        (line, b"200 result=-1 endpos=800\n"),
    )
    assert results == [
        Played(None, 24_000, True),
        Played("1", 800, True),
        Played("*", 0, True),
        Played(None, 0, False),
        HungUp,
    ]


@both_loops
async def test_stream_file_goes_on_from_an_offset() -> None:
    results = await converse(
        Outcome(lambda s: s.stream_file("menu", "1", 800), lambda s: s.stream_file("menu", "", 800)),
        (b'STREAM FILE "menu" "1" "800"\n', b"200 result=0 endpos=24000\n"),
        (b'STREAM FILE "menu" "" "800"\n', b"200 result=0 endpos=0\n"),
    )
    assert results == [Played(None, 24_000, True), Played(None, 0, False)]


@both_loops
async def test_wait_for_digit() -> None:
    line = b'WAIT FOR DIGIT "5000"\n'
    results = await converse(
        Outcome(*[lambda s: s.wait_for_digit(5000)] * 4),
        (line, b"200 result=35\n"),
        (line, b"200 result=0\n"),
        (line, b"200 result=48\n"),
        (line, b"200 result=-1\n"),
    )
    assert results == ["#", None, "0", HungUp]


@both_loops
async def test_variables() -> None:
    results = await converse(
        Outcome(
            lambda s: s.set_variable("PLACE", 'a "b" \\ c'),
            lambda s: s.get_variable("PLACE"),
            lambda s: s.get_variable("PLACE"),
            lambda s: s.get_variable("PLACE"),
            lambda s: s.get_variable("PLACE"),
            lambda s: s.get_variable("PLACE"),
        ),
        (b'SET VARIABLE "PLACE" "a \\"b\\" \\\\ c"\n', b"200 result=1\n"),
        (b'GET VARIABLE "PLACE"\n', b'200 result=1 (a "b" \\ c)\n'),
        (b'GET VARIABLE "PLACE"\n', b"200 result=1 (hangup)\n"),
        (b'GET VARIABLE "PLACE"\n', b"200 result=1 ()\n"),
        (b'GET VARIABLE "PLACE"\n', b"200 result=0\n"),
        (b'GET VARIABLE "PLACE"\n', b"200 result=1 (two\nlines)\n"),
    )
    assert results == [None, 'a "b" \\ c', "hangup", "", None, "two\nlines"]


@both_loops
async def test_execute_and_refusals() -> None:
    results = await converse(
        Outcome(
            lambda s: s.execute("UserEvent", "X", "CallId: 1"),
            lambda s: s.execute("Nothing"),
            lambda s: s.command("WRONG VERB"),
            lambda s: s.command("WAIT FOR DIGIT"),
            lambda s: s.command("NOOP"),
            lambda s: s.command("CHANNEL STATUS", "PJSIP/none"),
            lambda s: s.command("STREAM FILE", "a", ""),
        ),
        (b'EXEC "UserEvent" "X,CallId: 1"\n', b"200 result=0\n"),
        (b'EXEC "Nothing" ""\n', b"200 result=-2\n"),
        (b"WRONG VERB\n", b"510 Invalid or unknown command\n"),
        (
            b"WAIT FOR DIGIT\n",
            b"520-Invalid command syntax.  Proper usage follows:\nUsage: x\n520 End of proper usage.\n",
        ),
        (b"NOOP\n", b"200 result=0\n"),
        (b'CHANNEL STATUS "PJSIP/none"\n', b"200 result=-1\n"),
        (b'STREAM FILE "a" ""\n', b"511 Command Not Permitted on a dead channel or intercept routine\n"),
    )
    assert [r if isinstance(r, type) else r.result for r in results] == [
        "0",
        CommandRefused,
        CommandRefused,
        CommandRefused,
        "0",
        "-1",
        HungUp,
    ]


def test_a_refusal_says_what_was_refused() -> None:

    error = CommandRefused("NONSENSE", Reply(510, "", "Invalid or unknown command"))
    assert str(error) == "NONSENSE: 510 'Invalid or unknown command'"


@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\0b", "x" * COMMAND_BYTES, "\ud800"])
def test_what_no_argument_may_hold(bad: str) -> None:
    with pytest.raises(ValueError):
        command_line("SET VARIABLE", ("X", bad))


def test_a_command_as_long_as_asterisk_reads() -> None:
    line = command_line("SET VARIABLE", ("X", "y" * (COMMAND_BYTES - len(b'SET VARIABLE "X" ""\n'))))
    assert len(line) == COMMAND_BYTES


@both_loops
async def test_a_bad_argument_sends_nothing_and_harms_nothing() -> None:
    async def bad(session: Session) -> str:
        with pytest.raises(ValueError):
            await session.set_variable("X", "1\nHANGUP")
        return "refused here"

    results = await converse(
        Outcome(bad, lambda s: s.get_variable("X")), (b'GET VARIABLE "X"\n', b"200 result=1 (old)\n")
    )
    assert results == ["refused here", "old"]


GET = b'GET VARIABLE "A"\n'


def get(session: Session) -> Any:
    return session.get_variable("A")


def get_after(session: Session) -> Any:
    return session.get_variable("A", after_hangup=True)


@both_loops
async def test_hangup_before_the_first_reply_closes_at_once() -> None:
    assert await converse(Outcome(get, get), (GET, b"HANGUP\n")) == [HungUp, HungUp]


@both_loops
async def test_hangup_with_the_environment() -> None:
    outcome = Outcome(get, get_after)
    async with desk(outcome) as place:
        peer = await place.peer(OPENING + b"HANGUP\n")
        assert await peer.closed()
        await place.idle()
    assert outcome.results == [HungUp, HungUp]


@both_loops
async def test_hangup_before_between_and_after_replies() -> None:
    assert await converse(Outcome(get, get), (GET, b"HANGUP\n200 result=-1\n")) == [HungUp, HungUp]
    assert await converse(Outcome(get, get), (GET, b"200 result=1 (x)\nHANGUP\n")) == ["x", HungUp]
    assert await converse(Outcome(get, get, get), (GET, b"200 result=1 (x)\n"), (GET, b"HANGUP\n")) == [
        "x",
        HungUp,
        HungUp,
    ]


@both_loops
async def test_minus_one_closes_at_once() -> None:
    results = await converse(Outcome(lambda s: s.wait_for_digit(1), get), (b'WAIT FOR DIGIT "1"\n', b"200 result=-1\n"))
    assert results == [HungUp, HungUp]


@both_loops
async def test_a_session_that_lingers_speaks_after_the_hangup_and_no_reply_is_shifted() -> None:
    results = await converse(
        Outcome(lambda s: s.wait_for_digit(1), get, get_after, get_after, linger=True),
        (b'WAIT FOR DIGIT "1"\n', b"HANGUP\n"),
        (GET, b"200 result=-1\n200 result=1 (a)\n"),  # the first is the late answer to WAIT FOR DIGIT
        (GET, b"200 result=1 (b)\n"),
    )
    assert results == [HungUp, HungUp, "a", "b"]


@both_loops
async def test_a_command_for_after_the_hangup_survives_a_hangup_under_way() -> None:
    results = await converse(Outcome(get_after, get, linger=True), (GET, b"HANGUP\n200 result=1 (kept)\n"))
    assert results == ["kept", HungUp]


@both_loops
async def test_lingering_ends() -> None:
    async def wait_until_closed(session: Session) -> bool:
        while not session.closed:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        return True

    outcome = Outcome(lambda s: s.wait_for_digit(1), wait_until_closed, get_after, linger=True)
    results = await converse(outcome, (b'WAIT FOR DIGIT "1"\n', b"HANGUP\n"), limits=Limits(linger_seconds=0.05))
    assert results == [HungUp, True, HungUp]


@both_loops
async def test_a_command_never_answered_while_lingering_does_not_outlast_it() -> None:
    outcome = Outcome(lambda s: s.wait_for_digit(1), get_after, linger=True)
    limits = Limits(linger_seconds=0.05, command_seconds=3_600)
    results = await converse(outcome, (b'WAIT FOR DIGIT "1"\n', b"HANGUP\n"), (GET, b""), limits=limits)
    assert results == [HungUp, CommandTimeout]


@pytest.mark.parametrize("piece", [b"", b"2", b"200 result=1", b"HANG", b"520-Usage:\nx\n", b"200 result=1 (a\n"])
@pytest.mark.parametrize("manner", ["end", "reset"])
@both_loops
async def test_eof_anywhere_in_a_reply_is_a_hangup(piece: bytes, manner: str) -> None:
    outcome = Outcome(get, get, get_after)
    async with desk(outcome) as place:
        peer = await place.peer()
        assert await peer.line() == GET
        peer.send(piece)
        getattr(peer, manner)()
        await place.idle()
        assert not place.counts.refusals
    assert outcome.results == [HungUp, HungUp, HungUp]
    assert outcome.session is not None
    assert outcome.session.closed


@both_loops
async def test_no_reply_in_time_closes_the_session() -> None:
    results = await converse(Outcome(get, get), (GET, b""), limits=Limits(command_seconds=0.05))
    assert results == [CommandTimeout, HungUp]


@both_loops
async def test_a_deadline_of_ones_own() -> None:
    results = await converse(Outcome(lambda s: s.execute("Wait", "9", timeout=0.05)), (b'EXEC "Wait" "9"\n', b""))
    assert results == [CommandTimeout]


@both_loops
async def test_a_dripping_reply_does_not_extend_the_deadline() -> None:
    outcome = Outcome(get)
    async with desk(outcome, Limits(command_seconds=0.2)) as place:
        peer = await place.peer()
        assert await peer.line() == GET
        while not outcome.results:
            peer.send(b"2")
            await asyncio.sleep(0.01)
    assert outcome.results == [CommandTimeout]


@both_loops
async def test_the_late_reply_of_a_cancelled_command_is_dropped() -> None:
    async def give_up(session: Session) -> str:
        task = asyncio.ensure_future(session.wait_for_digit(9_000))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return "gave up"

    results = await converse(
        Outcome(give_up, get, get),
        (b'WAIT FOR DIGIT "9000"\n', b""),
        (GET, b"200 result=49\n200 result=1 (first)\n"),
        (GET, b"200 result=1 (second)\n"),
    )
    assert results == ["gave up", "first", "second"]


@both_loops
async def test_two_commands_at_once_are_a_fault_of_ours() -> None:
    async def both(session: Session) -> str:
        first = asyncio.ensure_future(session.get_variable("A"))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="one command at a time"):
            await session.get_variable("B")
        return await first or ""

    assert await converse(Outcome(both), (GET, b"200 result=1 (a)\n")) == ["a"]


@both_loops
async def test_a_reply_that_nobody_asked_for_ends_the_session() -> None:
    outcome = Outcome(get, get)
    async with desk(outcome) as place:
        peer = await place.peer()
        assert await peer.line() == GET
        peer.send(b"200 result=1 (a)\n200 result=1 (b)\n")
        await peer.closed()
        await place.idle()
        assert place.counts.refusals == {Refusal.UNEXPECTED: 1}
    assert outcome.results == ["a", HungUp]


@both_loops
async def test_what_a_session_knows_of_its_call() -> None:
    async def who(session: Session) -> str:
        return session.peer

    outcome = Outcome(who)
    async with desk(outcome) as place:
        peer = await place.peer(
            b"agi_network: yes\nagi_network_script: visit\nagi_calleridname: Ana\nagi_arg_1: x y\nagi_arg_2: \n\n"
        )
        assert await peer.closed()
        await place.idle()
    session = outcome.session
    assert session is not None
    assert session.path == "/visit"
    assert session.arguments == ("x y", "")
    assert session.environment["agi_calleridname"] == "Ana"
    assert outcome.results == [session.peer]
    assert session.peer.startswith("127.0.0.1:")
    assert session.closed


@both_loops
async def test_what_is_counted() -> None:
    async with desk(Outcome(get, lambda s: s.wait_for_digit(1))) as place:
        peer = await place.peer()
        assert await peer.line() == GET
        peer.send(b"200 result=0\n")
        await peer.line()
        peer.send(b"200 result=0\n")
        assert await peer.closed()
        await place.idle()
        assert place.counts.verbs == ["GET VARIABLE", "WAIT FOR DIGIT"]
        assert (place.counts.opened, place.counts.closed, place.counts.failed) == (1, 1, 0)
