"""Done when 3: four lines and not one more."""

import asyncio

import pytest

from ivr.testing.instance import Instance
from ivr.testing.phone import CallFailed
from tests.live.scenes import calls, hear_each_other, live, moved, occupy, short, sums_agree, talking, waiting

CHANGES = short()


@live
async def test_the_fifth_call_is_refused_and_the_four_go_on(line: Instance) -> None:
    await occupy(line, "2")
    caller, agent = await talking(line, "3000000401")
    others = await asyncio.gather(*(waiting(line, f"300000041{n}", "2") for n in range(3)))
    await line.until_metric("centralita_lines_in_use", 4)
    refused = [
        ("centralita_lines_refused_total", 2, {}),
        calls("refused", 2),
    ]
    async with moved(line, *refused):
        for address in ("127.0.0.10", "127.0.0.11"):
            fifth = await line.dial("3000000405", address=address)
            with pytest.raises(CallFailed) as failed:
                await fifth.call.answered()
            assert failed.value.code == 486
    await hear_each_other(caller, agent)
    for other in others:
        assert other.music_gaps() == []
    await others[0].hang_up()
    await line.until_metric("centralita_lines_in_use", 3)
    sixth = await line.caller("3000000406")
    await sixth.hears("bienvenida")
    await sums_agree(line)


@live
async def test_of_eight_calls_at_once_exactly_four_are_taken(line: Instance) -> None:
    async with moved(line, ("centralita_lines_refused_total", 4, {})):
        people = await asyncio.gather(*(line.dial(f"300000042{n}") for n in range(8)))
        results = await asyncio.gather(*(person.call.answered() for person in people), return_exceptions=True)
        codes = [result.code for result in results if isinstance(result, CallFailed)]
        assert codes == [486] * 4
        assert results.count(None) == 4


@live
async def test_a_call_to_outside_takes_a_line(line: Instance) -> None:
    people = await asyncio.gather(*(line.caller(f"300000043{n}") for n in range(4)))
    phone = await line.phone("101")
    call = await phone.call("93000000000")
    with pytest.raises(CallFailed) as failed:
        await call.answered()
    assert failed.value.code == 486
    assert all(person.call.state.value == "talking" for person in people)
