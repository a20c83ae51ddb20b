"""Done when 2, second half: phones that ring out, are busy, refuse or are not there; the caller notices nothing."""

import asyncio

import pytest

from ivr.testing.instance import Instance
from ivr.testing.person import Person
from tests.live.scenes import (
    DIRECT,
    OPEN,
    calls,
    hear_each_other,
    live,
    moved,
    occupy,
    offers,
    refuse,
    ring_only,
    short,
    sums_agree,
    talking,
    visits,
    waiting,
)

CHANGES = short(queues={"tesoreria": {"longest wait": "10 s", "last agent": "off"}, "servicio": {"wrap-up": "2 s"}})


async def taken_by_the_second(line: Instance, caller: Person, second: str) -> None:
    """The caller's music ran without a gap until `second` picked up, and both hear each other."""
    agent = await line.agent(second, seconds=15)
    await hear_each_other(caller, agent)
    assert caller.music_gaps() == []
    assert caller.story().count("music") == 1
    await caller.hang_up()
    await agent.call.ended()
    await line.until_idle()


@live
async def test_a_phone_that_nobody_picks_up_rings_out_and_the_next_one_rings(line: Instance) -> None:
    first = await line.phone("301")
    first.on_call = ring_only
    async with moved(line, offers("cartera", "no answer"), offers("cartera", "answered"), calls("answered")):
        caller = await waiting(line, "3000000301", "3")
        await line.until_metric("centralita_agents", 1, state="ringing")
        await line.phone("302")
        await taken_by_the_second(line, caller, "302")
    assert all(call.cancelled for call in first.calls.values())


@pytest.mark.parametrize(("code", "result"), [(486, "busy"), (603, "refused")])
@live
async def test_a_refusal_leads_to_the_next_phone_at_once(line: Instance, code: int, result: str) -> None:
    first = await line.phone("301")
    first.on_call = lambda call: refuse(call, code)
    async with moved(line, offers("cartera", result), offers("cartera", "answered")):
        caller = await waiting(line, "3000000302", "3")
        await line.until_metric("centralita_queue_length", 1, queue="cartera")
        await line.phone("302")
        await taken_by_the_second(line, caller, "302")


@live
async def test_a_phone_that_comes_back_serves_who_waits(line: Instance) -> None:
    phone = await line.phone("401")
    phone.on_call = ring_only
    caller = await waiting(line, "3000000303", "4")
    await line.until_metric("centralita_agents", 1, state="ringing")
    await phone.unregister()
    await line.until_metric("centralita_agents", 0, state="ringing", seconds=8)
    rang = len(phone.calls)
    await asyncio.sleep(1)
    assert len(phone.calls) == rang, "a phone that is away is not rung"
    phone.on_call = None
    await phone.register()
    await taken_by_the_second(line, caller, "401")


@live
async def test_nobody_there_ends_at_reception(line: Instance) -> None:
    await line.phone("100")
    async with moved(line, visits("tesoreria", "overflowed")):
        caller = await waiting(line, "3000000304", "2")
        reception = await line.agent("100", seconds=20)
        await hear_each_other(caller, reception)
        assert "sin_asesores" in caller.story()
        await caller.hang_up()


@live
async def test_who_waited_too_long_is_sent_on(line: Instance) -> None:
    """The phone is there but busy with a talk, so it is not that nobody is there."""
    other, agent = await talking(line, "3000000305", "2")
    await line.phone("100")
    async with moved(line, visits("tesoreria", "overflowed")):
        caller = await waiting(line, "3000000306", "2")
        reception = await line.agent("100", seconds=20)
        await hear_each_other(caller, reception)
        assert "sin_asesores" in caller.story()
        await hear_each_other(other, agent)


@live
async def test_callers_are_served_in_the_order_of_their_coming(line: Instance) -> None:
    await occupy(line, "1")
    first = await waiting(line, "3000000307", "1")
    second = await waiting(line, "3000000308", "1")
    await line.phone("101")
    for caller in (first, second):
        agent = await line.agent("101")
        assert agent.call.shown_number == caller.name
        await hear_each_other(caller, agent)
        await agent.hang_up()
        await caller.call.ended()


@live
async def test_wrap_up_keeps_the_phone_silent(line: Instance) -> None:
    first, agent = await talking(line, "3000000309", "1")
    second = await waiting(line, "3000000310", "1")
    await agent.hang_up()
    loop = asyncio.get_running_loop()
    ended = loop.time()
    await line.until_metric("centralita_agents", 1, state="wrap-up")
    third = await line.agent("101")
    assert third.call.marks["invited"] - ended >= 1.9
    await hear_each_other(second, third)
    await first.call.ended()


@live
async def test_the_agent_who_was_free_longest_gets_the_call(line: Instance) -> None:
    await line.phone("301")
    await asyncio.sleep(0.5)
    await line.phone("302")
    caller = await waiting(line, "3000000311", "3")
    agent = await line.agent("301")
    await hear_each_other(caller, agent)
    await caller.hang_up()
    await agent.call.ended()
    again = await waiting(line, "3000000312", "3")
    await hear_each_other(again, await line.agent("302"))


@live
async def test_a_hostile_caller_name_breaks_nothing(line: Instance) -> None:
    await line.phone("101")
    caller = await line.caller("3000000313", name='"; ${SHELL(touch x)} $(id) <sip:a@b>', did=DIRECT["1"], at=OPEN)
    await caller.hears("music")
    agent = await line.agent("101")
    assert "Servicio" in agent.call.shown_name and agent.call.shown_number == "3000000313"
    await hear_each_other(caller, agent)
    await caller.hang_up()
    await agent.call.ended()
    await sums_agree(line)
