"""The scripted channel behaves as a channel does: it is what other tests believe."""

import pytest

from ivr.asterisk.agi import HungUp, Session
from ivr.testing.asterisk_agi import Command, HangUp, ScriptedChannel, Sounded, split_command
from tests.wire.agi_peer import both_loops, desk

KEYS = "0123456789*#"


@both_loops
async def test_keys_at_their_time() -> None:
    found: list[object] = []

    async def handler(session: Session) -> None:
        found.append(session.environment["agi_callerid"])
        found.append((await session.stream_file("bienvenida", KEYS)).key)
        notice = await session.stream_file("aviso")
        found.append((notice.key, notice.offset))
        menu = await session.stream_file("menu", KEYS)
        found.append((menu.key, menu.offset))
        found.append(await session.wait_for_digit(5_000))
        found.append(await session.wait_for_digit(5_000))
        found.append((await session.stream_file("nada")).ok)
        await session.set_variable("DONE", 'wait "x"')
        found.append(await session.get_variable("DONE"))
        found.append(await session.get_variable("PLACE"))
        found.append((await session.execute("UserEvent", "X")).result)

    channel = ScriptedChannel(
        environment={"agi_callerid": "3000000007"},
        sounds={"bienvenida": 3.0, "aviso": 2.0, "menu": 6.0},
        missing=frozenset({"nada"}),
        keys=[(8.0, "5"), (1.0, "7"), (2.0, "9"), (5.5, "1")],
    )
    async with desk(handler) as place:
        await channel.call("127.0.0.1", place.server.port)
        await place.idle()
        assert place.counts.failed == 0
    # bienvenida is cut at 1.0, the notice runs to 3.0 and swallows the 9, the menu is cut at 5.5
    assert found == [
        "3000000007", "7", (None, 16_000), ("1", 20_000), "5", None, False, 'wait "x"', None, "0",
    ]  # fmt: skip
    assert channel.heard == [Sounded("bienvenida", 0.0, 1.0), Sounded("aviso", 1.0, 2.0), Sounded("menu", 3.0, 2.5)]
    assert channel.lost_keys == ["9"]
    assert channel.now == 13.0
    assert channel.variables == {"DONE": 'wait "x"'}
    assert str(channel.commands[-1]) == "EXEC UserEvent X"


@pytest.mark.parametrize("how", HangUp)
@both_loops
async def test_a_hangup_in_the_middle_of_a_sound(how: HangUp) -> None:
    ends: list[object] = []

    async def handler(session: Session) -> None:
        session.linger = True
        try:
            await session.stream_file("menu", KEYS)
        except HungUp:
            ends.append(HungUp)
        if not session.closed:
            await session.set_variable("LATE", "1", after_hangup=True)

    channel = ScriptedChannel(sounds={"menu": 6.0}, hang_up_at=2.5, how=how)
    async with desk(handler) as place:
        await channel.call("127.0.0.1", place.server.port)
        await place.idle()
        assert place.counts.failed == 0
    assert ends == [HungUp]
    assert channel.heard == [Sounded("menu", 0.0, 2.5)]
    assert channel.variables == ({} if how is HangUp.CLOSED else {"LATE": "1"})


@both_loops
async def test_a_hangup_at_a_command_and_a_literal_reply() -> None:
    found: list[object] = []

    async def handler(session: Session) -> None:
        found.append(await session.get_variable("A"))
        await session.set_variable("B", "1")
        found.append("not reached")

    channel = ScriptedChannel(replies={1: b"200 result=1 (literal)\n"}, hang_up_on=2)
    async with desk(handler) as place:
        await channel.call("127.0.0.1", place.server.port)
        await place.idle()
    assert found == ["literal"]
    assert [command.verb for command in channel.commands] == ["GET VARIABLE", "SET VARIABLE"]


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ('STREAM FILE "a b" "" "0"', Command("STREAM FILE", ("a b", "", "0"))),
        ('SET VARIABLE "X" "a \\"b\\" \\\\ c"', Command("SET VARIABLE", ("X", 'a "b" \\ c'))),
        ("WAIT FOR DIGIT 500", Command("WAIT FOR DIGIT", ("500",))),
        ("ANSWER", Command("ANSWER", ())),
        ("EXEC  UserEvent\tX", Command("EXEC", ("UserEvent", "X"))),
        ("", Command("", ())),
    ],
)
def test_the_quoting_of_asterisk(line: str, command: Command) -> None:
    assert split_command(line) == command
