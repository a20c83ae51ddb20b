"""Transfers by the agent's phone, heard on both sides: blind, attended, by key; and back when nobody takes the caller.

Tests of outages and of what a phone may not do are in test_transfers_rough.py.
"""

import asyncio

import pytest

from ivr.testing.instance import Instance
from tests.live.scenes import (
    hear_each_other,
    live,
    moved,
    occupy,
    refuse,
    ring_only,
    short,
    sums_agree,
    talking,
    visits,
    waiting,
)
from tests.live.transfer_scenes import consults, hang_up, record, state, talk_ends, until_state

CHANGES = short(queues={"servicio": {"wrap-up": "4 s"}})
SERVICIO, TESORERIA, CARTERA = "*71", "*72", "*73"


# ---- blind
@live
async def test_to_an_agent_through_the_engine(line: Instance) -> None:
    caller, agent = await talking(line, "3000000711")
    await line.phone("103")
    async with moved(line, visits("servicio", "answered")):
        await agent.call.transfer("103")
        await until_state(line, "101", "wrap-up")
        second = await line.agent("103")
        assert (second.call.shown_number, second.call.shown_name) == (caller.name, "Servicio al Cliente")
        await hear_each_other(caller, second)
        assert await state(line, "103") == "talking"
    await hang_up(agent)
    await caller.hang_up()
    await until_state(line, "103", "wrap-up")
    row, legs = await record(line, caller)
    assert legs == ["101 answered blind: 103", "103 answered"]
    assert row["recordings"] and row["agent"] == "103" and row["outcome"] == "answered"
    assert "susurro_servicio" in second.story()
    await sums_agree(line)


@pytest.mark.soak
@live
async def test_who_is_busy_refuses_or_does_not_pick_up_sends_the_caller_back(line: Instance) -> None:
    caller, agent = await talking(line, "3000000712")
    phone = await line.phone("103")
    for behaviour in (lambda call: refuse(call, 486), lambda call: refuse(call, 603), ring_only):
        phone.on_call = behaviour
        before = caller.now
        await agent.call.transfer("103")
        await hang_up(agent)
        await caller.hears("music", after=before)
        agent = await line.agent("101", seconds=15)
        await hear_each_other(caller, agent)
    await talk_ends(caller, agent)
    _, legs = await record(line, caller)
    assert [leg.split()[0] for leg in legs] == ["101", "103"] * 3 + ["101"]
    assert [leg for leg in legs if leg.startswith("103")] == ["103 busy", "103 refused", "103 no answer"]


@live
async def test_a_phone_that_is_switched_off_sends_the_caller_back(line: Instance) -> None:
    caller, agent = await talking(line, "3000000713")
    await agent.call.transfer("104")
    await hang_up(agent)
    await talk_ends(caller, await line.agent("101"))


@live
async def test_a_number_that_is_nobody_s_leaves_the_talk_as_it_was(line: Instance) -> None:
    caller, agent = await talking(line, "3000000714")
    for number in ("999", "*79", "93001234567", "6017436967", "s"):
        assert await (await agent.call.transfer(number)).final() == 404
    await talk_ends(caller, agent)


@live
async def test_when_nobody_takes_the_caller_he_waits_at_his_old_place(line: Instance) -> None:
    caller, agent = await talking(line, "3000000715")
    (await line.phone("103")).on_call = lambda call: refuse(call, 486)
    phone = await line.phone("101")
    phone.on_call = ring_only
    await agent.call.transfer("103")
    await hang_up(agent)
    await line.until_metric("centralita_agents", 1, state="ringing")
    later = await waiting(line, "3000000716")
    await asyncio.sleep(6)  # the agent's phone rings out
    phone.on_call = None
    await line.phone("105")
    second = await line.agent("105")
    assert second.call.shown_number == caller.name
    await talk_ends(caller, second)
    await later.hang_up()


@pytest.mark.soak
@live
async def test_to_reception_who_is_no_agent_and_on_to_a_queue(line: Instance) -> None:
    caller, agent = await talking(line, "3000000717")
    await line.phone("100")
    await line.phone("301")
    await agent.call.transfer("100")
    reception = await line.agent("100")
    await hang_up(agent)
    await hear_each_other(caller, reception)
    await reception.call.transfer(CARTERA)
    third = await line.agent("301")
    await hang_up(reception)
    await talk_ends(caller, third)
    _, legs = await record(line, caller)
    assert legs == ["101 answered blind: 100", "100 answered blind: cartera", "301 answered"]


@pytest.mark.soak
@live
async def test_reception_does_not_pick_up(line: Instance) -> None:
    caller, agent = await talking(line, "3000000718")
    (await line.phone("100")).on_call = lambda call: refuse(call, 486)
    await agent.call.transfer("100")
    await hang_up(agent)
    await talk_ends(caller, await line.agent("101"))
    _, legs = await record(line, caller)
    assert legs == ["101 answered blind: 100", "100 busy", "101 answered"]


@live
async def test_to_a_queue_that_takes_the_caller_or_sends_him_back(line: Instance) -> None:
    caller, agent = await talking(line, "3000000719")
    await agent.call.transfer(TESORERIA)  # nobody is there
    await hang_up(agent)
    agent = await line.agent("101", seconds=25)
    await hear_each_other(caller, agent)
    await line.phone("201")
    await agent.call.transfer(TESORERIA)
    await hang_up(agent)
    second = await line.agent("201")
    assert second.call.shown_name == "Tesorera" or second.call.shown_name.startswith("Tesorer")
    await talk_ends(caller, second)
    await sums_agree(line)


# ---- attended
@live
async def test_both_talk_before(line: Instance) -> None:
    caller, agent = await talking(line, "3000000721")
    await line.phone("103")
    await agent.call.hold()
    asked = await consults(line, "101", "103")
    colleague = await line.agent("103")
    await hear_each_other(asked, colleague)
    assert await (await agent.call.transfer_to(asked.call)).final() == 200
    await hear_each_other(caller, colleague)
    await until_state(line, "101", "wrap-up")
    await hang_up(agent, asked)
    await colleague.hang_up()
    await caller.call.ended()
    row, legs = await record(line, caller)
    assert legs == ["101 answered attended: 103", "103 answered"]
    assert row["by"] == "agent"


@live
async def test_the_colleague_s_phone_still_rings(line: Instance) -> None:
    caller, agent = await talking(line, "3000000722")
    await line.phone("103")
    await agent.call.hold()
    asked = await consults(line, "101", "103")
    colleague = await line.agent("103", answer=False)
    await asked.call.ringing()
    await agent.call.transfer_to(asked.call)
    await hang_up(agent, asked)
    await colleague.call.answer()
    await talk_ends(caller, colleague)
    _, legs = await record(line, caller)
    assert legs == ["101 answered attended: 103", "103 answered"]


@live
async def test_the_colleague_refuses_then(line: Instance) -> None:
    caller, agent = await talking(line, "3000000723")
    await line.phone("103")
    await agent.call.hold()
    asked = await consults(line, "101", "103")
    colleague = await line.agent("103", answer=False)
    await asked.call.ringing()
    await agent.call.transfer_to(asked.call)
    await hang_up(agent, asked)
    await colleague.call.reject(486)
    await talk_ends(caller, await line.agent("101"))
    _, legs = await record(line, caller)
    assert legs == ["101 answered attended: 103", "103 busy", "101 answered"]


@live
async def test_into_the_place_that_the_agent_has_waited_for(line: Instance) -> None:
    """A consult to a queue: whoever was first goes on being first, and the caller's ticket is the right one."""
    busy = await occupy(line, "3")
    caller, agent = await talking(line, "3000000724")
    await agent.call.hold()
    asked = await consults(line, "101", CARTERA)
    await asked.hears("music")
    later = await waiting(line, "3000000725", "3")
    before = caller.now
    assert await (await agent.call.transfer_to(asked.call)).final() == 200
    await caller.hears("music", after=before + 0.2)
    await line.until_metric("centralita_queue_length", 2, queue="cartera")
    await hang_up(agent, asked)
    await busy.hang_up()
    colleagues = await asyncio.gather(line.agent("301"), line.agent("302"))
    first = next(one for one in colleagues if one.call.shown_number == caller.name)
    await hear_each_other(caller, first)
    await later.hang_up()
    await talk_ends(caller, first)
    _, legs = await record(line, caller)
    assert legs[0] == "101 answered attended: cartera" and legs[-1].endswith(" answered")
    await sums_agree(line)


@pytest.mark.soak
@live
async def test_to_an_agent_whom_a_queue_has_given(line: Instance) -> None:
    await line.phone("301")
    caller, agent = await talking(line, "3000000726")
    await agent.call.hold()
    asked = await consults(line, "101", CARTERA)
    colleague = await line.agent("301")
    await hear_each_other(asked, colleague)
    assert await (await agent.call.transfer_to(asked.call)).final() == 200
    await hear_each_other(caller, colleague)
    assert (await state(line, "301"), await state(line, "101")) == ("talking", "wrap-up")
    await hang_up(agent, asked)
    await caller.hang_up()
    await colleague.call.ended()
    await until_state(line, "301", "wrap-up")
    _, legs = await record(line, caller)
    assert legs == ["101 answered attended: 301", "301 answered"]


# ---- by key
@live
async def test_the_keys_of_a_phone_without_the_key_blind(line: Instance) -> None:
    caller, agent = await talking(line, "3000000731")
    await line.phone("103")
    await agent.press("#1")
    await asyncio.sleep(2)
    await agent.press("103")
    second = await line.agent("103")
    await agent.call.ended()
    await talk_ends(caller, second)
    _, legs = await record(line, caller)
    assert legs == ["101 answered feature code: 103", "103 answered"]


@pytest.mark.soak
@live
async def test_the_keys_of_a_phone_without_the_key_attended(line: Instance) -> None:
    caller, agent = await talking(line, "3000000732")
    await line.phone("103")
    await agent.press("#2")
    await asyncio.sleep(2)
    await agent.press("103")
    colleague = await line.agent("103")
    await hear_each_other(agent, colleague)
    await agent.hang_up()
    await hear_each_other(caller, colleague)
    await until_state(line, "101", "wrap-up")
    await colleague.hang_up()
    await caller.call.ended()
    _, legs = await record(line, caller)
    assert legs == ["101 answered feature code: 103", "103 answered"]
    await line.until_idle()
