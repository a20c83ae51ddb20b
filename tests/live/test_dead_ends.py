"""Calls that nobody takes come to an end: no circle in the dialplan, and no way to outside by a phone's answer."""

import asyncio

import pytest

from ivr.testing.instance import Instance
from ivr.testing.person import Person
from ivr.testing.phone import Call, Phone
from ivr.testing.ports import free_port
from tests.live.scenes import hear_each_other, live, refuse, short, waiting
from tests.live.test_offers import until_rung
from tests.live.transfer_scenes import consults, hang_up, talk_ends

OUTSIDE = ("127.0.0.11", free_port(udp=True))
CHANGES = short(
    site={"trunks": {"operador": {"calls to outside": f"{OUTSIDE[0]}:{OUTSIDE[1]}"}}}, agents={"302": {"ring": "60 s"}}
)


async def _in_a_phone_s_place(line: Instance) -> tuple[Person, Person]:
    """102 talks to 101, who puts it in the place of a call to 103 that still rings. 102 and 103."""
    for extension in ("101", "102", "103"):
        await line.phone(extension)
    call = await line.phones["102"].call("101")
    second = await line.agent("101")
    await call.answered()
    await second.call.hold()
    asked = await consults(line, "101", "103")
    colleague = await line.agent("103", answer=False)
    await asked.call.ringing()
    await second.call.transfer_to(asked.call)
    await hang_up(second, asked)
    return Person("102", call, line.ears), colleague


@live
async def test_a_phone_in_another_s_place_goes_back_once(line: Instance) -> None:
    """The colleague refuses, and so does who transferred."""
    first, colleague = await _in_a_phone_s_place(line)
    rung: list[Call] = []

    async def busy(call: Call) -> None:
        rung.append(call)
        await refuse(call, 486)

    line.phones["101"].on_call = busy
    await colleague.call.reject(486)
    await first.call.ended(8)
    assert len(rung) == 1


@live
async def test_a_phone_in_another_s_place_ends_when_who_transferred_is_off(line: Instance) -> None:
    """Dial of a phone that is away comes back at once: this was a circle that took all memory within minutes."""
    first, colleague = await _in_a_phone_s_place(line)
    await line.phones["101"].unregister()
    await colleague.call.reject(486)
    await first.call.ended(8)


@live
async def test_each_transfer_of_a_phone_goes_back(line: Instance) -> None:
    first, colleague = await _in_a_phone_s_place(line)
    await colleague.call.reject(486)
    again = await line.agent("101")
    await hear_each_other(first, again)
    line.phones["103"].on_call = lambda call: refuse(call, 486)
    await again.call.transfer("103")
    await hang_up(again)
    third = await line.agent("101")
    await hear_each_other(first, third)
    await third.hang_up()
    await first.call.ended()


@pytest.mark.soak
@live
async def test_reception_is_free_for_the_next_when_an_agent_has_taken_the_caller(line: Instance) -> None:
    """The server is dead, reception rings, and the agent whose phone rang before picks up."""
    await line.phone("302")
    await line.phone("100")
    caller = await waiting(line, "3000000779", "3")
    late = await line.agent("302", answer=False)
    other = await waiting(line, "3000000780", "3")
    await line.kill_server()
    rung = await line.agent("100", seconds=30, answer=False)
    await late.call.answer()
    await rung.call.ended(5)
    await hear_each_other(caller, late)
    reception = await line.agent("100", seconds=15)
    await hear_each_other(other, reception)
    await hear_each_other(caller, late)


class _Outside:
    """The far end of the line to outside: answers everybody."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.calls: list[Call] = []
        phone.on_call = self._take

    @classmethod
    async def open(cls, line: Instance) -> "_Outside":
        return cls(await Phone.open("operador", server=line.sip, address=OUTSIDE[0], port=OUTSIDE[1]))

    async def _take(self, call: Call) -> None:
        self.calls.append(call)
        await call.ring()
        await asyncio.sleep(0.3)
        await call.answer()


FORWARDS = ["93001234567", "PJSIP%2F3001234567%40trunk-operador", "Local%2F93001234567%40from-extension"]
"""User parts of addresses that a phone may send a call on to: Asterisk takes what stands before a / for a channel."""


@pytest.mark.soak
@pytest.mark.parametrize("user", FORWARDS)
@live
async def test_a_phone_in_a_queue_cannot_send_the_caller_outside(line: Instance, user: str) -> None:
    """By the answer 302. Originate follows it: whoever is reached there gets nobody."""
    far = await _Outside.open(line)
    phone = await line.phone("101")
    phone.on_call = lambda call: call.redirect(f"sip:{user}@{line.sip[0]}:{line.sip[1]}")
    caller = await waiting(line, "3000000777")
    await until_rung(phone, 1)
    await asyncio.sleep(1.5)
    for call in far.calls:
        await call.ended(2)
        assert call.marks["ended"] - call.marks["talking"] < 1
    assert caller.story()[-1] == "music"
    phone.on_call = None
    await talk_ends(caller, await line.agent("101", seconds=15))
    await far.phone.close()


@pytest.mark.parametrize("user", FORWARDS)
@live
async def test_a_phone_cannot_send_another_one_outside(line: Instance, user: str) -> None:
    far = await _Outside.open(line)
    (await line.phone("101")).on_call = lambda call: call.redirect(f"sip:{user}@{line.sip[0]}:{line.sip[1]}")
    call = await (await line.phone("102")).call("101")
    await call.ended(5)
    assert far.calls == []
    await far.phone.close()


@pytest.mark.parametrize("answers", [True, False])
@live
async def test_a_caller_in_the_place_of_a_phone_that_rings_outside_comes_back(line: Instance, answers: bool) -> None:
    """Without the server, which would take the caller back at once."""
    far = await _Outside.open(line)
    far.phone.on_call = None
    await line.phone("101")
    caller = await waiting(line, "3000000778")
    agent = await line.agent("101")
    await hear_each_other(caller, agent)
    await agent.call.hold()
    asked = await consults(line, "101", "93001234567")
    them = await far.phone.incoming()
    await them.ring()
    await asked.call.ringing()
    await line.kill_server()
    assert await (await agent.call.transfer_to(asked.call)).final() == 200
    await hang_up(agent, asked)
    if answers:
        await them.answer()
    else:
        await them.reject(486)
    await them.ended(2)
    await talk_ends(caller, await line.agent("101"))
    await far.phone.close()


@live
async def test_a_phone_talks_to_somebody_outside(line: Instance) -> None:
    far = await _Outside.open(line)
    far.phone.on_call = None
    asked = await consults(line, "101", "93001234567")
    them = await far.phone.incoming()
    await them.answer()
    await asked.call.answered()
    await hear_each_other(asked, Person("outside", them, line.ears))
    await asked.hang_up()
    await them.ended()
    await far.phone.close()
