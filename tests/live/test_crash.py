"""Done when 4: kill -9 of the server with callers in every state. Asterisk keeps them, the journal keeps the order."""

import asyncio
from datetime import UTC, datetime, timedelta

from ivr.testing.instance import Instance
from ivr.testing.phone import Call, CallState
from tests.live.scenes import (
    DIRECT,
    MENU,
    NOTICE,
    OPEN,
    WELCOME,
    at_menu,
    hear_each_other,
    live,
    occupy,
    short,
    sums_agree,
    talking,
    waiting,
)

CHANGES = short(site={"lines": "12"}, queues={"servicio": {"ring": "20 s"}})
"""A phone rings for longer than a server needs to come back, also on a machine that is busy."""


def when(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@live
async def test_kill_9_with_callers_in_every_state(line: Instance) -> None:
    colleagues = await occupy(line, "1")
    talker, his_agent = await talking(line, "3000000501", "4")
    leaver, her_agent = await talking(line, "3000000502", "3")
    leaving = await line.call_id(leaver)
    first = await waiting(line, "3000000503")
    second = await waiting(line, "3000000504")
    await line.phone("201")
    rung, chooser = await asyncio.gather(waiting(line, "3000000505", "2"), at_menu(line, "3000000506"))
    ringing = await line.agent("201", answer=False)

    await line.kill_server()
    everybody = [talker, his_agent, leaver, her_agent, first, second, rung, chooser]
    await asyncio.sleep(0.5)
    assert all(person.call.state is CallState.TALKING for person in everybody)
    assert ringing.call.state is CallState.RINGING
    await chooser.hears("music")
    await leaver.hang_up()
    left_at = datetime.now(UTC)
    await her_agent.call.ended()
    await ringing.call.answer()
    await ringing.hears_whole("susurro_tesoreria")
    await hear_each_other(rung, ringing)
    await hear_each_other(talker, his_agent)

    await line.start_server()
    await chooser.hears(MENU, after=chooser.now)
    assert chooser.story()[:3] == [WELCOME, NOTICE, f"{MENU}!"] and chooser.story().count(NOTICE) == 1
    assert chooser.story().count(WELCOME) == 1
    await hear_each_other(talker, his_agent)
    await hear_each_other(rung, ringing)

    await line.phone("101")
    for caller in (first, second):
        agent = await line.agent("101")
        assert agent.call.shown_number == caller.name, "those waiting keep their order"
        await hear_each_other(caller, agent)
        assert caller.music_gaps() == []
        await agent.hang_up()
        await caller.call.ended()
    for person in (talker, rung, chooser, colleagues):
        await person.hang_up()
    await line.until_idle()

    row = next(row for row in await line.records() if row["call"] == leaving)
    assert row["outcome"] == "answered"
    assert abs(when(row["ended"]) - left_at) < timedelta(seconds=1), "the true time, not that of the restart"
    await line.until_metric("centralita_calls_total", 5, outcome="answered")
    await line.until_metric("centralita_calls_total", 1, outcome="ended in IVR")
    await sums_agree(line)


@live
async def test_a_notice_that_was_cut_short_by_the_crash_is_heard_again_from_its_beginning(line: Instance) -> None:
    caller = await line.caller("3000000511", at=OPEN)
    await caller.hears(NOTICE)
    await line.kill_server()
    await caller.hears("music")
    await line.start_server()
    await caller.hears_whole(NOTICE, after=caller.now)
    await caller.hears(MENU)
    assert caller.story().count(WELCOME) == 1


@live
async def test_who_hangs_up_while_the_server_is_away_is_counted_once(line: Instance) -> None:
    before = await line.metric("centralita_queue_visits_total", queue="tesoreria", outcome="abandoned")
    refused = await line.metric("centralita_calls_started_total")
    colleagues = await occupy(line, "2")
    caller = await waiting(line, "3000000521", "2")
    await line.kill_server()
    await caller.hang_up()
    newcomer = await line.caller("3000000522", at=OPEN)
    await newcomer.hears("music")
    await newcomer.hang_up()
    await colleagues.hang_up()
    await line.until_idle()
    await line.start_server()
    await line.until_metric("centralita_queue_visits_total", before + 1, queue="tesoreria", outcome="abandoned")
    await line.until_metric("centralita_calls_started_total", refused + 2)
    assert await line.metric("centralita_queue_length") == 0
    await sums_agree(line)


@live
async def test_reception_rings_when_the_server_stays_away_and_the_engine_takes_over_again(line: Instance) -> None:
    before = await line.metric("centralita_fallbacks_total")
    await line.phone("100")
    colleagues = await occupy(line, "1")
    first = await waiting(line, "3000000531")
    await asyncio.sleep(1)
    second = await waiting(line, "3000000532")
    await line.kill_server()
    reception = await line.agent("100", seconds=25, answer=False)
    assert reception.call.shown_number == first.name, "one at a time, who came first"
    await asyncio.sleep(1)
    assert second.story()[-1] == "music"
    await reception.call.answer()
    await hear_each_other(first, reception)
    await line.start_server()
    await hear_each_other(first, reception)
    await line.phone("101")
    agent = await line.agent("101", seconds=15)
    assert agent.call.shown_number == second.name
    await hear_each_other(second, agent)
    for call in (first, second, colleagues):
        await call.hang_up()
    await line.until_idle()
    await line.until_metric("centralita_fallbacks_total", before + 1)
    await sums_agree(line)


@live
async def test_a_decided_ring_is_never_made_twice(line: Instance) -> None:
    """Ghost deeds: the server dies right after it has decided; at most one phone rings, and only once."""
    for extension in ("101", "102"):
        await line.phone(extension)
    caller = await line.caller("3000000541", did=DIRECT["1"], at=OPEN)
    await caller.hears(NOTICE)
    rings = asyncio.Event()

    async def ring(call: Call) -> None:
        rings.set()
        await call.ring()

    for phone in line.phones.values():
        phone.on_call = ring
    await rings.wait()
    await line.kill_server()
    await line.start_server()
    await asyncio.sleep(1)
    assert len([call for phone in line.phones.values() for call in phone.calls.values()]) == 1
    assert caller.call.state is CallState.TALKING
