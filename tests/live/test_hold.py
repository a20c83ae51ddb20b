"""Hold by the agent's phone: the caller hears music, the engine knows, and the talk goes on."""

import asyncio

from ivr.testing.instance import Instance
from tests.live.scenes import hear_each_other, live, moved, refuse, short, sums_agree, talking
from tests.live.transfer_scenes import consults, record, until_state

CHANGES = short()


@live
async def test_the_caller_hears_music_and_then_the_agent_again(line: Instance) -> None:
    caller, agent = await talking(line, "3000000701")
    for _ in range(2):
        before = caller.now
        await agent.call.hold()
        await caller.hears("music", 5, after=before + 0.2)
        await until_state(line, "101", "on hold")
        await agent.call.unhold()
        await hear_each_other(caller, agent)
        await until_state(line, "101", "talking")
    await caller.hang_up()
    await agent.call.ended()
    _, legs = await record(line, caller)
    assert legs == ["101 answered"]
    await sums_agree(line)


@live
async def test_a_caller_who_hangs_up_on_hold_ends_the_talk(line: Instance) -> None:
    async with moved(line, ("centralita_calls_total", 1, {"outcome": "answered"})):
        caller, agent = await talking(line, "3000000702")
        await agent.call.hold()
        await until_state(line, "101", "on hold")
        await caller.hang_up()
        await agent.call.ended()
    await until_state(line, "101", "available")


@live
async def test_a_colleague_who_is_busy_leaves_the_talk_as_it_was(line: Instance) -> None:
    caller, agent = await talking(line, "3000000703")
    (await line.phone("103")).on_call = lambda call: refuse(call, 486)
    await agent.call.hold()
    asked = await consults(line, "101", "103")
    await asked.call.ended()
    assert asked.call.code == 486
    await agent.call.unhold()
    await hear_each_other(caller, agent)
    await caller.hang_up()


@live
async def test_who_hangs_up_both_calls_lets_the_flow_go_on(line: Instance) -> None:
    caller, agent = await talking(line, "3000000704")
    await line.phone("103")
    await agent.call.hold()
    asked = await consults(line, "101", "103")
    colleague = await line.agent("103")
    await hear_each_other(asked, colleague)
    await asyncio.gather(asked.hang_up(), agent.hang_up())
    await caller.call.ended()
    row, legs = await record(line, caller)
    assert (row["outcome"], row["by"], legs) == ("answered", "agent", ["101 answered"])
