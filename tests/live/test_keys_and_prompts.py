"""Done when 2, first half: what a key cuts, and what the caller who leaves leaves behind."""

import asyncio

import pytest

from ivr.testing.instance import Instance
from tests.live.scenes import (
    MENU,
    NOTICE,
    OPEN,
    PHONES,
    WELCOME,
    at_menu,
    calls,
    hear_each_other,
    live,
    moved,
    occupy,
    offers,
    ring_only,
    short,
    visits,
    waiting,
)

CHANGES = short()


@live
async def test_a_key_cuts_the_welcome_and_counts(line: Instance) -> None:
    await occupy(line, "2")
    caller = await line.caller("3000000201", at=OPEN)
    await caller.hears(WELCOME)
    await caller.press("2")
    await caller.hears("music")
    assert caller.story() == [f"{WELCOME}!", NOTICE, "music"]


@live
async def test_keys_do_not_cut_the_notice_and_the_first_one_counts(line: Instance) -> None:
    await occupy(line, "4")
    caller = await line.caller("3000000202", at=OPEN)
    await caller.hears(NOTICE)
    await caller.press("49")
    await caller.hears("music")
    assert caller.story() == [WELCOME, NOTICE, "music"]
    notice = next(heard for heard in caller.listen() if heard.name == NOTICE)
    assert notice.whole
    await line.until_metric("centralita_queue_length", 1, queue="contabilidad")


@live
async def test_a_wrong_key_in_the_notice_is_told_and_the_menu_follows(line: Instance) -> None:
    caller = await line.caller("3000000203", at=OPEN)
    await caller.hears(NOTICE)
    await caller.press("7")
    await caller.hears(MENU)
    assert NOTICE in caller.story()


@live
async def test_a_key_after_the_menu_s_end_is_in_time(line: Instance) -> None:
    await occupy(line, "3")
    caller = await at_menu(line, "3000000204")
    await caller.hears_whole(MENU)
    await caller.press("3")
    await caller.hears("music")
    assert caller.story() == [WELCOME, NOTICE, MENU, "music"]


@live
async def test_keys_pressed_while_waiting_do_not_disturb_the_music(line: Instance) -> None:
    await occupy(line, "2")
    caller = await waiting(line, "3000000205", "2")
    await asyncio.sleep(1)
    await caller.press("5")
    await asyncio.sleep(1)
    await caller.press("*")
    await asyncio.sleep(2)
    assert caller.music_gaps() == []
    assert caller.story()[-1] == "music"


@pytest.mark.parametrize("sound", [WELCOME, NOTICE, MENU])
@live
async def test_the_caller_hangs_up_in_the_ivr(line: Instance, sound: str) -> None:
    async with moved(line, calls("ended in IVR")):
        caller = await line.caller("3000000206", at=OPEN)
        await caller.hears(sound)
        await caller.hang_up()
        await line.until_idle()


@live
async def test_the_caller_hangs_up_while_waiting(line: Instance) -> None:
    colleagues = await occupy(line, "2")
    async with moved(line, calls("abandoned"), visits("tesoreria", "abandoned")):
        caller = await waiting(line, "3000000207", "2")
        await caller.hang_up()
        await colleagues.hang_up()
        await line.until_idle()


@live
async def test_the_caller_hangs_up_while_the_agent_s_phone_rings(line: Instance) -> None:
    await line.phone("201")
    async with moved(line, calls("abandoned"), offers("tesoreria", "cancelled")):
        caller = await waiting(line, "3000000208", "2")
        agent = await line.agent("201", answer=False)
        await caller.hang_up()
        await agent.call.ended(2)
        assert agent.call.cancelled
        await line.until_idle()


@live
async def test_the_caller_hangs_up_during_the_whisper(line: Instance) -> None:
    await line.phone("101")
    async with moved(line, calls("abandoned"), visits("servicio", "abandoned")):
        caller = await waiting(line, "3000000209", "1")
        agent = await line.agent("101")
        await agent.hears("susurro_servicio")
        await caller.hang_up()
        await agent.call.ended(5)
        await line.until_idle()


@live
async def test_the_caller_hangs_up_while_the_phone_of_reception_rings(line: Instance) -> None:
    phone = await line.phone("100")
    phone.on_call = ring_only
    async with moved(line, calls("abandoned")):
        caller = await at_menu(line, "3000000210")
        await caller.press("0")
        await caller.hears("music")
        await caller.hang_up()
        await line.until_idle()


@live
async def test_the_music_goes_on_until_the_whisper_has_ended(line: Instance) -> None:
    await line.phone(PHONES["2"])
    caller = await waiting(line, "3000000211", "2")
    agent = await line.agent(PHONES["2"], answer=False)
    await asyncio.sleep(2)
    await agent.call.answer()
    whisper = await agent.hears_whole("susurro_tesoreria")
    await hear_each_other(caller, agent)
    assert caller.music_gaps() == []
    music = [heard for heard in caller.listen() if heard.name == "music"]
    assert len(music) == 1
    assert abs(caller.when(music[0].end) - agent.when(whisper.end)) < 0.4, "the bridge follows the whisper at once"
