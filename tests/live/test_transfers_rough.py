"""Transfers while the server is away, is killed or loses Asterisk, and what a phone may not hand a caller to."""

import asyncio

import pytest

from ivr.testing.instance import Instance
from ivr.testing.person import Person
from ivr.testing.phone import Phone
from ivr.testing.ports import free_port
from tests.live.scenes import hear_each_other, live, occupy, refuse, short, sums_agree, talking, waiting
from tests.live.transfer_scenes import consults, hang_up, record, state, talk_ends, until_state

PORT = free_port(udp=True)
CHANGES = short(site={"fallback after": "15 s", "trunks": {"operador": {"calls to outside": f"127.0.0.11:{PORT}"}}})
CARTERA = "*73"


@live
async def test_without_the_server_the_dialplan_alone_rings_the_extension(line: Instance) -> None:
    caller, agent = await talking(line, "3000000741")
    await line.phone("103")
    await line.kill_server()
    await agent.call.transfer("103")
    second = await line.agent("103")
    await hang_up(agent)
    await hear_each_other(caller, second)
    await line.start_server()
    await hear_each_other(caller, second)
    await second.hang_up()
    await caller.call.ended()
    row, legs = await record(line, caller)
    assert row["outcome"] == "answered" and [leg.split()[0] for leg in legs] == ["101", "103"]
    await sums_agree(line)


@pytest.mark.soak
@live
async def test_without_the_server_a_colleague_who_is_busy_sends_the_caller_back(line: Instance) -> None:
    caller, agent = await talking(line, "3000000742")
    (await line.phone("103")).on_call = lambda call: refuse(call, 486)
    await line.kill_server()
    await agent.call.transfer("103")
    await hang_up(agent)
    again = await line.agent("101")
    await hear_each_other(caller, again)
    await line.start_server()
    await talk_ends(caller, again)


@pytest.mark.soak
@live
async def test_a_caller_for_a_queue_waits_until_the_server_is_back(line: Instance) -> None:
    caller, agent = await talking(line, "3000000743")
    await line.phone("301")
    await line.kill_server()
    before = caller.now
    await agent.call.transfer(CARTERA)
    await hang_up(agent)
    await caller.hears("music", after=before + 0.3)
    await line.start_server()
    await talk_ends(caller, await line.agent("301"))


@pytest.mark.soak
@live
async def test_nobody_takes_the_caller_and_nobody_is_there_to_ask(line: Instance) -> None:
    """Neither the colleague, nor the agent, nor the server: reception rings, and the caller is not lost."""
    caller, agent = await talking(line, "3000000744")
    await line.phone("100")
    await line.kill_server()
    await agent.call.transfer("103")
    await hang_up(agent)
    (await line.phone("101")).on_call = lambda call: refuse(call, 486)
    reception = await line.agent("100", seconds=40)
    await hear_each_other(caller, reception)
    await line.start_server()
    await talk_ends(caller, reception)


@pytest.mark.soak
@live
async def test_killed_while_transferred_callers_talk(line: Instance) -> None:
    """One was joined with an agent whom a queue had given, one with a colleague; nobody is rung, parted or lost."""
    await line.phone("301")
    caller, agent = await talking(line, "3000000745")
    await agent.call.hold()
    asked = await consults(line, "101", CARTERA)
    colleague = await line.agent("301")
    await hear_each_other(asked, colleague)
    await agent.call.transfer_to(asked.call)
    await hang_up(agent, asked)
    await hear_each_other(caller, colleague)
    await line.kill_server()
    await line.start_server()
    await hear_each_other(caller, colleague)
    assert (await state(line, "301"), await state(line, "101")) == ("talking", "available")
    await colleague.hang_up()
    await caller.call.ended()
    await until_state(line, "301", "available")
    row, legs = await record(line, caller)
    assert (row["outcome"], legs[-1]) == ("answered", "301 answered")
    await sums_agree(line)


@pytest.mark.soak
@live
async def test_asterisk_s_manager_is_lost_while_a_transfer_happens(line: Instance) -> None:
    caller, agent = await talking(line, "3000000746")
    await line.phone("103")
    await agent.call.hold()
    asked = await consults(line, "101", "103")
    colleague = await line.agent("103")
    await hear_each_other(asked, colleague)
    await line.ami.cut()
    await agent.call.transfer_to(asked.call)
    await hang_up(agent, asked)
    await hear_each_other(caller, colleague)
    await line.ami.join()
    await line.until_ready()
    await hear_each_other(caller, colleague)
    await until_state(line, "101", "available")
    await talk_ends(caller, colleague)
    row, _ = await record(line, caller)
    assert row["outcome"] == "answered"
    await sums_agree(line)


@pytest.mark.soak
@live
async def test_a_place_in_a_queue_survives_the_server_also_for_whom_it_was_not_meant(line: Instance) -> None:
    busy = await occupy(line, "3")
    caller, agent = await talking(line, "3000000747")
    await agent.call.hold()
    asked = await consults(line, "101", CARTERA)
    await asked.hears("music")
    await agent.call.transfer_to(asked.call)
    await hang_up(agent, asked)
    await line.until_metric("centralita_queue_length", 1, queue="cartera")
    later = await waiting(line, "3000000748", "3")
    await line.kill_server()
    await line.start_server()
    await line.until_metric("centralita_queue_length", 2, queue="cartera")
    await busy.hang_up()
    colleagues = await asyncio.gather(line.agent("301"), line.agent("302"))
    first = next(one for one in colleagues if one.call.shown_number == caller.name)
    await hear_each_other(caller, first)
    await later.hang_up()
    await talk_ends(caller, first)


@pytest.mark.parametrize("answers", [True, False])
@live
async def test_no_way_from_outside_to_outside(line: Instance, answers: bool) -> None:
    """A phone may ask somebody outside, but a caller is not joined with a line that the company pays for."""
    far = await Phone.open("operador", server=line.sip, address="127.0.0.11", port=PORT)
    caller, agent = await talking(line, f"300000075{int(answers)}")
    await agent.call.hold()
    asked = await consults(line, "101", "93001234567")
    them = await far.incoming()
    await them.ring()
    await asked.call.ringing()
    if answers:
        await them.answer()
        await asked.call.answered()
        await hear_each_other(asked, Person("far", them, line.ears))
    await agent.call.transfer_to(asked.call)
    await hang_up(agent, asked)
    await them.ended()
    await talk_ends(caller, await line.agent("101"))
    await far.close()


@live
async def test_a_caller_cannot_transfer_anybody(line: Instance) -> None:
    caller, agent = await talking(line, "3000000752")
    await line.phone("103")
    assert await (await caller.call.transfer("103")).final() >= 400
    await hear_each_other(caller, agent)
    await talk_ends(caller, agent)


async def _talk_of(line: Instance, one: str, other: str) -> tuple[Person, Person]:
    await line.phone(other)
    call = await (await line.phone(one)).call(other)
    callee = await line.agent(other)
    await call.answered()
    caller = Person(one, call, line.ears)
    await hear_each_other(caller, callee)
    return caller, callee


@live
async def test_phones_among_themselves(line: Instance) -> None:
    """A phone hands another one on, to a colleague who is busy and to a queue."""
    for extension in ("301", "302"):
        await line.phone(extension)
    (await line.phone("103")).on_call = lambda call: refuse(call, 486)
    first, second = await _talk_of(line, "102", "101")
    await second.call.transfer("103")
    await hang_up(second)
    again = await line.agent("101")
    await hear_each_other(first, again)
    await again.call.transfer(CARTERA)
    await hang_up(again)
    third = await line.agent("301")
    assert third.call.shown_number == "102"
    await hear_each_other(first, third)
    await third.hang_up()
    await first.call.ended()
    await line.until_idle()
