"""Who rings for a caller gets that caller, and nobody whose unique id begins like his (docs/adr/0026)."""

import asyncio

from ivr.testing.instance import Instance
from tests.live.manager import linked
from tests.live.scenes import DIRECT, live, short

CHANGES = short(site={"lines": "20"}, queues={"servicio": {"record": "no"}})
CHANGES["servicio_directo.yaml"] = {
    "start": "cola",
    "steps": dict.fromkeys(("bienvenida", "aviso", "horario", "cerrado", "fin_cerrado")),
}

WANTED = "n1-1795000000.7"
"""As Asterisk makes them: the number at the end counts channels."""
OTHERS = [f"{WANTED}{more}" for more in range(10)]


async def channels(line: Instance) -> list[list[str]]:
    """Of each: name, context, ..., [12] bridge, [13] unique id."""
    rows = (await line.cli("core show channels concise")).splitlines()
    return [fields for row in rows if len(fields := row.strip().split("!")) > 13]


async def waiting(line: Instance, count: int) -> None:
    """Until so many have come to the queue."""
    for _ in range(100):
        if sum(fields[1] == "acd-wait" for fields in await channels(line)) == count:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"not {count} wait: {await channels(line)}")


async def bridged(line: Instance) -> set[str]:
    """Who talks, as soon as anybody does."""
    for _ in range(100):
        if found := {fields[13] for fields in await channels(line) if fields[12]}:
            return found
        await asyncio.sleep(0.1)
    return set()


@live
async def test_an_agent_gets_the_caller_and_none_with_a_longer_id(line: Instance) -> None:
    async with linked(line) as link:

        async def calls(number: str, uniqueid: str) -> None:
            ends = {"ChannelId": f"from-{uniqueid}", "OtherChannelId": uniqueid}
            how = {"Application": "Wait", "Data": "60", "Async": "true"}
            await link.action("Originate", {"Channel": f"Local/{number}@from-trunk/n", **ends, **how})

        await line.phone("101")
        await line.command("agents", "pause", "101", "Almuerzo")
        await calls(DIRECT["1"], WANTED)
        await waiting(line, 1)  # he is the first
        for other in OTHERS:
            await calls(DIRECT["1"], other)
        await waiting(line, 1 + len(OTHERS))
        await line.command("agents", "ready", "101")
        agent = await line.agent("101")
        met = await bridged(line)
        await agent.hang_up()
        await line.cli("channel request hangup all")
    await line.until_idle(15)
    assert WANTED in met and not met & set(OTHERS), met
    found = {one["call"]: one for one in await line.records()}
    assert found[WANTED]["outcome"] == "answered"
    assert {found[other]["outcome"] for other in OTHERS} == {"abandoned"}
