"""Calls that nobody takes come to an end: no circle in the dialplan, and no way to outside by a phone's answer."""

from ivr.testing.instance import Instance
from ivr.testing.person import Person
from ivr.testing.phone import Call
from tests.live.scenes import hear_each_other, live, refuse, short
from tests.live.transfer_scenes import consults, hang_up

CHANGES = short()


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
