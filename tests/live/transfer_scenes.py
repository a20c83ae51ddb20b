"""What the tests of hold and transfers share."""

import asyncio
import sqlite3
import time

from ivr.testing.instance import Instance
from ivr.testing.person import Person
from tests.live.scenes import hear_each_other


async def consults(line: Instance, extension: str, number: str) -> Person:
    """The second call of a phone: to a colleague, or to a queue by its number."""
    phone = await line.phone(extension)
    return Person(extension, await phone.call(number), line.ears)


async def until_state(line: Instance, agent: str, wanted: str, seconds: float = 5) -> None:
    """Until the engine says that an agent does this."""
    deadline = time.monotonic() + seconds
    while (seen := await state(line, agent)) != wanted:
        assert time.monotonic() < deadline, f"agent {agent} is {seen}, not {wanted}"
        await asyncio.sleep(0.05)


async def state(line: Instance, agent: str) -> str:
    """What the engine says that an agent does now."""
    return str((await line.api(f"/agents/{agent}"))["state"])


async def record(line: Instance, caller: Person, seconds: float = 6) -> tuple[dict[str, object], list[str]]:
    """The complete record of a caller's ended call, and its legs: `agent result transfer`."""
    deadline = time.monotonic() + seconds
    while True:
        rows = [row for row in await line.records() if str(row["number"])[-3:] == caller.name[-3:]]
        if rows and rows[0]["complete"]:
            return rows[0], _legs(line, str(rows[0]["call"]))
        assert time.monotonic() < deadline, f"no complete record of {caller.name}: {rows[:1]}"
        await asyncio.sleep(0.2)


def _legs(line: Instance, call: str) -> list[str]:
    with sqlite3.connect(f"file:{line.paths.var / 'records.sqlite'}?mode=ro", uri=True) as store:
        rows = store.execute("SELECT agent, result, transfer FROM legs WHERE call = ? ORDER BY n", (call,)).fetchall()
    return [" ".join(part for part in row if part) for row in rows]


async def talk_ends(caller: Person, agent: Person) -> None:
    """They talk, and the caller hangs up."""
    await hear_each_other(caller, agent)
    await caller.hang_up()
    await agent.call.ended()


async def hang_up(*people: Person) -> None:
    """Phones whose talk was handed on put the receiver down."""
    for person in people:
        await person.hang_up()
