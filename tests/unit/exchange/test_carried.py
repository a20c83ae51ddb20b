"""What the channel carries for us: values written and read again, on a scripted channel."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from ivr.asterisk.agi.server import AgiServer
from ivr.asterisk.agi.session import Session
from ivr.call.effects import PROBLEMS
from ivr.call.memory import Memory
from ivr.call.place import Place
from ivr.clock import LoopClock
from ivr.exchange.carried import Carried, read_memory
from ivr.testing.asterisk_agi import ScriptedChannel
from tests.tools import run
from tests.unit.exchange.parts import SEAL

MENU = Place(flow="principal", step="menu")
SMALL = Memory(({"cedula": "123"},), {"origen": "menú"})
MUCH = Memory(({f"texto_{number}": chr(0x4E00 + number) * 200 for number in range(60)},))


async def visit(variables: dict[str, str], handler: Callable[[Session], Awaitable[None]]) -> None:
    """One visit of a channel that has these variables; they are what it has afterwards."""
    server = AgiServer(handler, clock=LoopClock())
    await server.start("127.0.0.1", 0)
    try:
        channel = ScriptedChannel(path="call", arguments=(), keys=[], sounds={})
        channel.variables.update(variables)
        await channel.call("127.0.0.1", server.port)
        variables.update(channel.variables)
    finally:
        await server.close()


async def write(variables: dict[str, str], *memories: Memory) -> list[str]:
    """Remember these, one after the other, in one visit; gives the complaints."""
    complaints: list[str] = []

    async def handler(session: Session) -> None:
        place = Place.decode(variables.get("PLACE", ""))
        found = await read_memory(session, place, SEAL)
        carried = Carried(session, SEAL, lambda problem, detail: complaints.append(problem), place=place, memory=found)
        for memory in memories:
            await carried.write(MENU, memory, undo=False)

    await visit(variables, handler)
    return complaints


async def read(variables: dict[str, str]) -> Memory | None:
    """What a visit finds."""
    found: list[Memory | None] = []

    async def handler(session: Session) -> None:
        found.append(await read_memory(session, Place.decode(variables["PLACE"]), SEAL))

    await visit(variables, handler)
    return found[0]


@run
async def test_what_was_written_is_read_and_nobody_else_can_read_it() -> None:
    variables: dict[str, str] = {}
    assert await write(variables, SMALL) == []
    assert await read(variables) == SMALL
    assert "123" not in repr(variables) and "menú" not in repr(variables)


@run
async def test_the_older_values_stay_until_the_place_names_the_newer_ones() -> None:
    variables: dict[str, str] = {}
    await write(variables, SMALL)
    before = variables["PLACE"]
    await write(variables, Memory(({"cedula": "456"},)))
    assert await read({**variables, "PLACE": before}) == SMALL, "a server that dies in between"


@run
async def test_values_that_are_as_they_were_are_not_written_again_but_lost_ones_are() -> None:
    variables: dict[str, str] = {}
    await write(variables, SMALL)
    before = dict(variables)
    await write(variables, SMALL)
    assert variables == before
    variables["KEPTA1"] = "rubbish"
    await write(variables, SMALL)
    assert await read(variables) == SMALL


@run
async def test_a_call_with_too_many_values_goes_on_without_them_and_not_with_old_ones() -> None:
    variables: dict[str, str] = {}
    assert await write(variables, SMALL, MUCH) == ["too much to remember"]
    assert await read(variables) == Memory()
    assert await write(variables, SMALL) == []
    assert await read(variables) == SMALL


def test_the_words_ofcomplaints_are_all_listed() -> None:
    """They are labels of a counter, for which alerts are written."""
    root = Path(__file__).parents[3] / "ivr"
    text = "".join(file.read_text() for room in ("call", "exchange", "verbs") for file in (root / room).glob("*.py"))
    used = set(re.findall(r"omplain\(\s*\"([^\"]+)\"", text)) | {"unknown place", "step gone", "variables lost"}
    assert used == set(PROBLEMS)


@run
async def test_many_values_travel_in_pieces() -> None:
    variables: dict[str, str] = {}
    many = Memory(({f"texto_{number}": "ñ" * 200 for number in range(14)},), {"origen": "menú"})
    assert await write(variables, many) == []
    assert len([name for name in variables if name.startswith("KEPTA")]) > 5
    assert await read(variables) == many
