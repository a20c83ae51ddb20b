"""Done when 5: Asterisk restarted, AMI cut, the AGI port closed: recovery by itself, told in log and metrics."""

import asyncio
import json
from urllib.error import URLError

import pytest

from ivr.testing.instance import Instance
from ivr.testing.phone import CallState
from tests.live.scenes import (
    MENU,
    NOTICE,
    OPEN,
    at_menu,
    hear_each_other,
    live,
    moved,
    occupy,
    short,
    sums_agree,
    talking,
    visits,
    waiting,
)

CHANGES = short(site={"lines": "12"})


async def readiness(line: Instance) -> str:
    """The answer of /readyz: `200 {...}`."""
    try:
        status, text = await line.get("/readyz")
    except (OSError, URLError):
        return "0"
    return f"{status} {json.dumps(json.loads(text))}"


@live
async def test_ami_is_cut_for_five_seconds_in_every_state(line: Instance) -> None:
    colleagues = await occupy(line, "1")
    talker, agent = await talking(line, "3000000601", "4")
    leaver, her_agent = await talking(line, "3000000602", "3")
    waiter = await waiting(line, "3000000603")
    await line.phone("201")
    rung, chooser = await asyncio.gather(waiting(line, "3000000604", "2"), at_menu(line, "3000000605"))
    ringing = await line.agent("201", answer=False)
    answered = await line.metric("centralita_calls_total", outcome="answered")

    await line.ami.cut()
    await line.until_metric("centralita_ami_connected", 0)
    assert (await readiness(line)).startswith("503")
    await chooser.press("1")
    await chooser.hears("music")
    await ringing.call.answer()
    await hear_each_other(rung, ringing)
    await leaver.hang_up()
    await her_agent.call.ended()
    await asyncio.sleep(2)
    assert talker.call.state is CallState.TALKING and waiter.music_gaps() == []

    await line.ami.join()
    await line.until_metric("centralita_ami_connected", 1)
    await line.until_ready()
    await line.until_metric("centralita_calls_total", answered + 1, outcome="answered")
    await line.phone("101")
    for caller in (waiter, chooser):
        served = await line.agent("101")
        assert served.call.shown_number == caller.name
        await hear_each_other(caller, served)
        await served.hang_up()
        await caller.call.ended()
    await hear_each_other(talker, agent)
    for person in (talker, rung, colleagues):
        await person.hang_up()
    await line.until_idle()
    await line.until_metric("centralita_calls_total", answered + 5, outcome="answered")
    await sums_agree(line)
    assert "AMI" in line.logs(400).upper()


@live
async def test_an_ami_that_swallows_everything_is_noticed(line: Instance) -> None:
    await occupy(line, "1")
    waiter = await waiting(line, "3000000611")
    line.ami.hold(True)
    await line.until_metric("centralita_ami_connected", 0, seconds=30)
    assert waiter.music_gaps() == []
    line.ami.hold(False)
    await line.until_ready()
    await line.phone("101")
    await hear_each_other(waiter, await line.agent("101"))


@live
async def test_the_agi_port_is_closed(line: Instance) -> None:
    await line.phone("100")
    colleagues = await occupy(line, "4")
    waiter, chooser = await asyncio.gather(waiting(line, "3000000622", "4"), at_menu(line, "3000000621"))
    await line.agi.cut()
    await chooser.hears("music")
    # Who waits needs no AGI: the engine still gives agents.
    await colleagues.hang_up()
    agent = await line.agent("401")
    await hear_each_other(waiter, agent)
    assert waiter.music_gaps() == []
    # Who does not wait comes to reception by the dialplan alone.
    reception = await line.agent("100", seconds=20, answer=False)
    assert reception.call.shown_number == chooser.name
    await line.agi.join()
    await reception.call.answer()
    await hear_each_other(chooser, reception)
    newcomer = await line.caller("3000000623", at=OPEN)
    await newcomer.hears(NOTICE)


@pytest.mark.parametrize("kill", [True, False])
@live
async def test_asterisk_is_restarted(line: Instance, kill: bool) -> None:
    async with moved(line, visits("servicio", "abandoned"), ("centralita_ami_logins_total", 1, {})):
        await occupy(line, "1")
        await talking(line, "3000000631", "4")
        await waiting(line, "3000000632")
        await line.until_metric("centralita_lines_in_use", 2)
        await line.stop_asterisk(kill=kill)
        await line.until_metric("centralita_ami_connected", 0)
        assert (await readiness(line)).startswith("503")
        await line.start_asterisk()
        await line.until_ready()
    assert await line.metric("centralita_lines_in_use") == 0
    assert await line.metric("centralita_queue_length") == 0
    await sums_agree(line)
    # The registrations came back from Asterisk's own database.
    caller = await waiting(line, "3000000633", "4")
    await hear_each_other(caller, await line.agent("401"))
    await caller.hang_up()
    menu = await at_menu(line, "3000000634")
    assert MENU in "".join(menu.story())
