"""What Asterisk keeps of callers who were taken out of their wait by an agent's leg (docs/adr/0021): nothing."""

import asyncio
import itertools
from contextlib import suppress

import pytest

from ivr.asterisk.ami import AmiLink, AmiRefused
from ivr.testing.instance import Instance
from tests.live.manager import linked
from tests.live.scenes import live

TALKS = 400
PACE = 0.033  # s between two talks: without the cure some ten of TALKS stay for ever


async def talk(link: AmiLink, number: int) -> None:
    """Somebody waits, and another one's leg takes him: both are calls of Asterisk to itself."""
    wait, leg = ({"Channel": f"Local/s@{context}/n", "Async": "true"} for context in ("done-wait", "lamps"))
    ends = {"ChannelId": f"from-{number:03d}", "OtherChannelId": f"waits-{number:03d}"}
    await link.action("Originate", wait | ends | {"Application": "Wait", "Data": "4"})
    await asyncio.sleep(1)
    await link.action("Originate", leg | {"Application": "Bridge", "Data": f"waits-{number:03d}"})


async def look_for_nobody(link: AmiLink) -> None:
    """Searches that hold Asterisk's list of channels: what makes the fault of Asterisk frequent."""
    for number in itertools.count():
        with suppress(AmiRefused):
            await link.action("Status", {"Channel": f"nobody-{number}"})
        await asyncio.sleep(0.0005)


@live
@pytest.mark.soak
async def test_nothing_is_left_of_whom_an_agents_leg_has_taken(line: Instance) -> None:
    await line.stop_server()
    async with linked(line) as link:
        searches = [asyncio.create_task(look_for_nobody(link)) for _ in range(2)]
        talks = []
        for number in range(TALKS):
            talks.append(asyncio.create_task(talk(link, number)))
            await asyncio.sleep(PACE)
        await asyncio.gather(*talks)
        met = [each.cancel() for each in searches]
    assert met == [True, True], "they searched to the end"
    await line.until_idle(15)
