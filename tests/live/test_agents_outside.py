"""Agents at numbers outside: a line, a key that machines do not press, and a caller who notices nothing of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ivr.speech import BUILT_IN
from ivr.testing.instance import Instance
from ivr.testing.person import Person
from ivr.testing.phone import CallState, Phone
from ivr.testing.ports import free_port
from tests.live.scenes import hear_each_other, live, moved, offers, refuse, short, sums_agree, visits

OPERATOR, ANOTHER_LINE = "127.0.0.10", "127.0.0.11"
PORT = free_port(udp=True)
MOBILE, KEY_PLEASE = "3001234567", "phrase_accept_call"
LINES = 3

CHANGES = short(
    site={"lines": str(LINES), "trunks": {"operador": {"calls to outside": f"{OPERATOR}:{PORT}"}}},
    queues={
        "tesoreria": {"ring": "20 s"},
        "servicio": {"strategy": "ring all", "ring": "20 s", "agents": ["202"]},
        "cartera": {"nobody there after": "1 s"},
    },
    agents={"202": {"outside": MOBILE}},
)
CHANGES["queues.yaml"]["offers"] = {"no answer": {"again after": "5 min"}, "refused": {"again after": "5 min"}}
START = {"knows": lambda sound: sound not in BUILT_IN or sound == KEY_PLEASE}


@asynccontextmanager
async def mobile(line: Instance) -> AsyncIterator[Phone]:
    """The operator's side of calls to outside."""
    phone = await Phone.open("operador", server=line.sip, address=OPERATOR, port=PORT)
    try:
        yield phone
    finally:
        await phone.close()


async def from_another_line(line: Instance, number: str, did: str) -> Person:
    """A caller who hears the music of a queue."""
    caller = await line.caller(number, did=did, at="2026-11-24T10:00", address=ANOTHER_LINE)
    await caller.hears("music")
    return caller


TREASURY, SERVICE = "6010000002", "6010000001"


async def picked_up(line: Instance, phone: Phone) -> Person:
    """Somebody answers the mobile."""
    call = await phone.incoming(8)
    assert call.invite is not None and call.local.uri.startswith(f"sip:{MOBILE}@")
    await call.ring()
    await asyncio.sleep(0.3)
    await call.answer()
    person = Person(MOBILE, call, line.ears)
    line.persons.append(person)
    return person


@live
async def test_who_presses_the_key_has_the_caller(line: Instance) -> None:
    async with mobile(line) as phone, moved(line, offers("tesoreria", "answered"), visits("tesoreria", "answered")):
        caller = await from_another_line(line, "3000002001", TREASURY)
        agent = await picked_up(line, phone)
        assert agent.call.invite is not None
        assert agent.call.shown_number == "6017436967", "the company's number, never the caller's"
        assert not agent.call.invite.get("x-call-id"), "nothing of ours leaves the house"
        await agent.hears_whole(KEY_PLEASE)
        assert caller.story().count("music") == 1 and caller.music_gaps() == []
        await agent.press("1")
        await agent.hears_whole("susurro_tesoreria")
        await hear_each_other(caller, agent)
        assert await line.metric("centralita_agents", state="talking") == 1
        await agent.hang_up()
        await caller.call.ended()
    await line.until_idle()
    await sums_agree(line)


@live
async def test_the_caller_hangs_up_while_the_mobile_rings_or_asks_for_the_key(line: Instance) -> None:
    async with mobile(line) as phone, moved(line, offers("tesoreria", "cancelled", 2)):
        caller = await from_another_line(line, "3000002002", TREASURY)
        call = await phone.incoming(8)
        await call.ring()
        await caller.hang_up()
        await call.ended(3)
        assert call.cancelled
        caller = await from_another_line(line, "3000002003", TREASURY)
        agent = await picked_up(line, phone)
        await agent.hears(KEY_PLEASE)
        await caller.hang_up()
        await agent.call.ended(3)
    await line.until_idle()


@pytest.mark.soak
@live
async def test_a_voicemail_that_picks_up_is_no_answer(line: Instance) -> None:
    async with mobile(line) as phone, moved(line, offers("tesoreria", "no answer")):
        caller = await from_another_line(line, "3000002004", TREASURY)
        machine = await picked_up(line, phone)
        machine.say(440, 20)  # "leave a message after the tone"
        await machine.call.ended(25)
        assert machine.story().count(KEY_PLEASE) >= 1
        assert "susurro_tesoreria" not in machine.story()
    assert caller.music_gaps() == [] and caller.story().count("music") == 1


@pytest.mark.soak
@live
async def test_another_key_or_a_hang_up_or_a_refusal_is_a_refusal(line: Instance) -> None:
    async with mobile(line) as phone, moved(line, offers("tesoreria", "refused", 3)):
        for number in ("3000002005", "3000002006", "3000002007"):
            caller = await from_another_line(line, number, TREASURY)
            if number.endswith("7"):
                await refuse(await phone.incoming(15), 603)
            else:
                agent = await picked_up(line, phone)
                await agent.hears(KEY_PLEASE)
                await (agent.press("2") if number.endswith("5") else agent.hang_up())
                await agent.call.ended(5)
            await asyncio.sleep(0.5)
            assert caller.music_gaps() == [] and caller.call.state is CallState.TALKING
            await caller.hang_up()
            await asyncio.sleep(5.5)  # a refusal lets the agent rest


@live
async def test_a_phone_in_the_house_is_not_stopped_by_who_has_not_pressed_the_key(line: Instance) -> None:
    """Ring all, one of the agents outside: a machine that picks up does not silence the others."""
    await line.phone("101")
    async with mobile(line) as phone, moved(line, offers("servicio", "answered"), offers("servicio", "cancelled")):
        caller = await from_another_line(line, "3000002008", SERVICE)
        inside = await line.agent("101", answer=False)
        machine = await picked_up(line, phone)
        await machine.hears(KEY_PLEASE)
        assert inside.call.state is CallState.RINGING
        await inside.call.answer()
        await hear_each_other(caller, inside)
        await machine.call.ended(3)


@live
async def test_the_leg_to_outside_takes_one_of_the_lines(line: Instance) -> None:
    async with mobile(line) as phone, moved(line, offers("tesoreria", "unreachable")):
        others = [await line.caller(f"300000201{n}", address=ANOTHER_LINE) for n in range(LINES - 1)]
        caller = await from_another_line(line, "3000002019", TREASURY)
        await line.until_metric("centralita_offers_total", 1, at_least=True, queue="tesoreria", result="unreachable")
        assert phone.calls == {} and caller.music_gaps() == []
        for other in others:
            await other.hang_up()


@pytest.mark.soak
@live
async def test_the_server_dies_while_the_mobile_asks_for_the_key(line: Instance) -> None:
    async with mobile(line) as phone, moved(line, visits("tesoreria", "answered")):
        caller = await from_another_line(line, "3000002020", TREASURY)
        agent = await picked_up(line, phone)
        await agent.hears(KEY_PLEASE)
        await line.kill_server()
        await line.start_server()
        await agent.press("1")
        await hear_each_other(caller, agent)
    await sums_agree(line)
