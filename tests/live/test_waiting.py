"""What a caller who waits can do and hears: keys, announcements, and a place that is kept."""

import asyncio

import pytest

from ivr.speech import BUILT_IN
from ivr.testing.instance import Instance
from ivr.testing.person import Person
from tests.live.scenes import (
    MENU,
    at_menu,
    hear_each_other,
    live,
    moved,
    occupy,
    short,
    talking,
    visits,
    waiting,
    waiting_by_menu,
)

WAIT, PLACE = "espera", "palabra_en_la_fila"
GREETING = "phrase_leave_message"
GOOD_CUSTOMER = "3000000777"

START = {"knows": lambda sound: sound not in BUILT_IN or sound in (PLACE, GREETING)}
CHANGES = short(
    queues={
        "servicio": {"regain the place within": "1 min"},
        "tesoreria": {"last agent": "members"},
        "cartera": {"announce every": "15 s", "ring": "60 s"},
        "contabilidad": {"longest wait": "10 s", "last agent": "off"},
    }
)
CHANGES["prompts.yaml"]["prompts"][WAIT] = {"es-CO": "Todos nuestros asesores están ocupados en este momento."}
CHANGES["lists.yaml"] = {"lists": {"vip": {"priority": "3"}}}
CHANGES["lists/vip.csv"] = f"number\n{GOOD_CUSTOMER}\n"
CHANGES["linea_principal.yaml"]["steps"] |= {
    "servicio": {"keys": {"5": "buzon", "*": "menu"}},
    "contabilidad": {"waited too long": "servicio"},
}


async def served(line: Instance, caller: Person, extension: str = "101") -> None:
    """The next one at a phone is this caller."""
    agent = await line.agent(extension)
    assert agent.call.shown_number == caller.name
    await hear_each_other(caller, agent)
    await agent.hang_up()
    await caller.call.ended()


@pytest.mark.soak
@live
async def test_a_key_that_means_nothing_costs_neither_music_nor_place(line: Instance) -> None:
    await occupy(line, "1")
    first = await waiting_by_menu(line, "3000001001")
    second = await waiting_by_menu(line, "3000001002")
    for key in "70#":
        await first.press(key)
        await asyncio.sleep(0.7)
    assert first.music_gaps() == []
    await line.phone("101")
    await served(line, first)
    await served(line, second)


@live
async def test_a_key_leads_to_voicemail(line: Instance) -> None:
    await occupy(line, "1")
    async with moved(line, visits("servicio", "left")):
        caller = await waiting_by_menu(line, "3000001011")
        await caller.press("5")
        await caller.hears(GREETING)
        await caller.hang_up()
    call = (await line.records())[0]
    assert call["keys"][-1] == "servicio:5"


@live
async def test_back_to_the_menu_and_back_again_without_losing_the_place(line: Instance) -> None:
    await occupy(line, "1")
    first = await waiting_by_menu(line, "3000001021")
    second = await waiting_by_menu(line, "3000001022")
    gone = first.now
    await first.press("*")
    await first.hears(MENU, after=gone)
    await first.press("1")
    await first.hears("music", after=first.now)
    await line.until_metric("centralita_queue_length", 2, queue="servicio")
    await line.phone("101")
    await served(line, first)
    await served(line, second)


@pytest.mark.soak
@live
async def test_a_key_in_an_announcement_counts(line: Instance) -> None:
    await occupy(line, "3")
    caller = await at_menu(line, "3000001031")
    await caller.press("3")
    await caller.hears(WAIT, 30)
    await asyncio.sleep(0.5)
    await caller.press("5")
    await caller.hears(GREETING)
    assert f"{WAIT}!" in caller.story(), "cut by the key"


@pytest.mark.soak
@live
async def test_announcements_now_and_then_with_the_place_in_the_line(line: Instance) -> None:
    """Gap 15 of the features, its first third: elsewhere there were none (#1386)."""
    await occupy(line, "3")
    caller = await waiting(line, "3000001041", "3")
    first = await caller.hears_whole(WAIT, 30)
    await caller.hears(PLACE, after=first.end)
    again = await caller.hears_whole(WAIT, 30, after=first.end + 1)
    assert 14 <= again.at - first.at <= 30


@live
async def test_nothing_is_said_while_an_agent_is_being_connected_or_talks(line: Instance) -> None:
    """Gap 15, its second third: elsewhere callers heard them while agents were idle (#1568)."""
    await line.phone("301")
    caller = await waiting(line, "3000001051", "3")
    agent = await line.agent("301", answer=False)
    await asyncio.sleep(23)
    await agent.call.answer()
    await hear_each_other(caller, agent)
    await asyncio.sleep(12)
    assert {WAIT, f"{WAIT}!", PLACE}.isdisjoint(caller.story())
    assert caller.music_gaps() == []


@live
async def test_an_abandoned_caller_calls_again_and_has_the_old_place(line: Instance) -> None:
    await occupy(line, "1")
    first = await waiting(line, "3000001061")
    second = await waiting(line, "3000001062")
    await first.hang_up()
    await line.until_metric("centralita_queue_length", 1, queue="servicio")
    again = await waiting(line, "3000001061")
    await line.phone("101")
    await served(line, again)
    await served(line, second)


@pytest.mark.soak
@live
async def test_the_time_waited_in_one_queue_counts_in_the_next(line: Instance) -> None:
    await occupy(line, "4")  # 106 serves servicio: there, but busy
    early = await waiting_by_menu(line, "3000001071", "4")
    late = await waiting(line, "3000001072", "1")
    await line.until_metric("centralita_queue_length", 2, queue="servicio", seconds=20)
    await line.phone("101")
    await served(line, early)
    await served(line, late)


@pytest.mark.soak
@live
async def test_the_agent_of_last_time_answers_again(line: Instance) -> None:
    number = "3000001081"
    caller, agent = await talking(line, number, "2")
    await line.phone("202")
    await agent.hang_up()
    await caller.call.ended()
    await line.until_metric("centralita_agents", 0, state="wrap-up")
    await asyncio.sleep(0.5)  # the records are written
    again = await waiting(line, number, "2")
    await served(line, again, "201")
    other = await waiting(line, "3000001082", "2")
    await served(line, other, "202")


@live
async def test_a_list_gives_a_head_start(line: Instance) -> None:
    await occupy(line, "1")
    first = await waiting(line, "3000001091")
    good = await waiting(line, GOOD_CUSTOMER)
    await line.phone("101")
    await served(line, good)
    await served(line, first)


@pytest.mark.soak
@live
async def test_a_key_while_the_server_is_away_and_a_restart_cost_nothing(line: Instance) -> None:
    await occupy(line, "1")
    first = await waiting_by_menu(line, "3000001101")
    second = await waiting_by_menu(line, "3000001102")
    await line.kill_server()
    await first.press("5")
    await asyncio.sleep(1)
    await line.start_server()
    await line.until_metric("centralita_queue_length", 2, queue="servicio")
    assert first.music_gaps() == []
    await line.phone("101")
    await served(line, first)
    await served(line, second)


@pytest.mark.soak
@live
async def test_an_announcement_gives_way_to_an_agent_whose_phone_rings(line: Instance) -> None:
    busy = await occupy(line, "3")
    await line.command("agents", "logout", "302")
    try:
        caller = await waiting(line, "3000001111", "3")
        await caller.hears(WAIT, 30)
        await busy.hang_up()
        agent = await line.agent("301", answer=False)
        rings = caller.now
        await caller.hears("music", after=rings + 0.5)
        assert caller.story()[-2:] == [f"{WAIT}!", "music"], "cut, and the place is not told any more"
        assert next(heard for heard in caller.listen() if heard.name == WAIT).end < rings + 0.5
        await agent.call.answer()
        await hear_each_other(caller, agent)
    finally:
        await line.command("agents", "login", "302")
