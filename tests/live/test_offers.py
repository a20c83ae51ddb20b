"""Several phones for one caller, one winner; what follows a phone that is not answered. FEATURES: gaps 10, 11, 12."""

import asyncio
import functools
from typing import Any

import pytest

from acd.codec import decode
from acd.decisions import MakeOffer, PauseAgent
from acd.journal import open_journal
from ivr.clock import LoopClock
from ivr.testing.ears import tones
from ivr.testing.instance import Instance
from ivr.testing.person import Person
from ivr.testing.phone import Call, CallState, Phone
from tests.live.scenes import (
    CALLER,
    MENU,
    hear_each_other,
    live,
    moved,
    occupy,
    offers,
    refuse,
    ring_only,
    short,
    sums_agree,
    visits,
    waiting,
    waiting_by_menu,
)
from tests.tools import run

PAUSED_FOR = 5.0
"""Seconds, after the second phone call in a row that rang out."""

CHANGES = short(
    site={"lines": "30"},
    queues={
        "servicio": {"strategy": "ring all", "wrap-up": "0 s"},
        "cartera": {"strategy": "ring progressively", "ring another after": "2 s"},
        "contabilidad": {"strategy": "linear", "agents": ["104", "105"]},  # and 401, the last one
    },
    agents={"302": {"ring": "60 s"}},
)
CHANGES["linea_principal.yaml"]["steps"]["contabilidad"] = {"after the talk": "menu"}
CHANGES["queues.yaml"]["offers"] = {
    "no answer": {"again after": "3 s", "pause after": "2", "pause for": f"{PAUSED_FOR:g} s"},
    "refused": {"rest": "0 s", "again after": "4 s", "pause after": "2", "pause for": f"{PAUSED_FOR:g} s"},
    "busy": {"rest": "1 s", "again after": "1 s", "pause after": "2", "pause for": f"{PAUSED_FOR:g} s"},
    "unreachable": {"rest": "1 s", "again after": "1 s", "pause after": "2", "pause for": f"{PAUSED_FOR:g} s"},
}

VOICES = {"101": 830.0, "102": 960.0, "103": 1130.0}
"""Hertz: who of the agents speaks. None of them is a tone of the music."""


async def decided(line: Instance, kind: type[Any]) -> list[Any]:
    """The engine's decisions of a kind until now."""
    journal = await open_journal(line.environment.journal, LoopClock(), writing=False)
    try:
        return [d for e in [e async for e in journal.read()] for d in map(decode, e.decisions) if isinstance(d, kind)]
    finally:
        await journal.close()


async def until_rung(phone: Phone, times: int, seconds: float = 12) -> None:
    """Until the phone was rung so often."""
    for _ in range(round(seconds / 0.05)):
        if len(phone.calls) >= times:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"rung {len(phone.calls)} times, not {times}")


# ------------------------------------------------------------------ several phones
@live
async def test_all_phones_ring_and_who_answers_first_has_the_caller(line: Instance) -> None:
    for extension in VOICES:
        await line.phone(extension)
    async with moved(line, offers("servicio", "cancelled", 2), offers("servicio", "answered")):
        caller = await waiting(line, "3000001001", "1")
        first, second, third = [await line.agent(extension, answer=False) for extension in VOICES]
        await second.call.answer()
        await hear_each_other(caller, second)
        for other in (first, third):
            await other.call.ended()
            assert other.call.cancelled
    assert caller.music_gaps() == [] and caller.story().count("music") == 1


@functools.partial(run, seconds=150)
async def test_of_phones_answered_at_the_same_moment_exactly_one_has_the_caller(line: Instance) -> None:
    """Twenty callers, three phones that are picked up on the same beat: a second Bridge would take the caller away."""
    served: list[tuple[str, float]] = []

    async def behave(extension: str, call: Call) -> None:
        loop = asyncio.get_running_loop()
        await call.ring()
        await asyncio.sleep(0.5 - loop.time() % 0.25)
        if call.state is CallState.ENDED:
            return
        await call.answer()
        call.media.tone(VOICES[extension], 30)
        while call.state is CallState.TALKING:
            await asyncio.sleep(0.1)
            if tones(call.media.heard.samples(0), [CALLER])[CALLER] > 0.5:
                served.append((extension, loop.time()))
                await call.hang_up()

    colleagues = await occupy(line, "1")
    callers = await asyncio.gather(*(waiting(line, f"30000011{n:02}", "1") for n in range(20)))
    for caller in callers:
        caller.say(CALLER, 120)
    before = await line.metric("centralita_offers_total", queue="servicio", result="lost")
    async with moved(line, visits("servicio", "answered", 20), offers("servicio", "answered", 20)):
        for extension in VOICES:
            (await line.phone(extension)).on_call = functools.partial(behave, extension)
        await colleagues.hang_up()
        for caller in callers:
            await caller.call.ended(100)
    for caller in callers:
        heard = {who: tones(caller.call.media.heard.samples(0), [hertz])[hertz] for who, hertz in VOICES.items()}
        assert sum(seconds > 0.3 for seconds in heard.values()) == 1, (caller.name, heard)
    assert len(served) == 20
    lost = await line.metric("centralita_offers_total", queue="servicio", result="lost") - before
    assert lost > 0, "no two phones were picked up at the same moment: this proves nothing"
    await sums_agree(line)


@live
async def test_one_more_phone_rings_each_time(line: Instance) -> None:
    first, second = await line.phone("301"), await line.phone("302")
    caller = await waiting(line, "3000001201", "3")
    rung = {phone.user: await phone.incoming(6) for phone in (first, second)}
    early, late = sorted(rung.values(), key=lambda call: call.marks["invited"])
    assert 1.8 <= late.marks["invited"] - early.marks["invited"] <= 3
    assert early.state is not CallState.ENDED, "the first one rings on"
    await late.answer()
    agent = Person(late.phone.user, late, line.ears)
    await hear_each_other(caller, agent)
    await early.ended()
    assert early.cancelled and caller.music_gaps() == []


@live
async def test_who_hangs_up_lets_the_others_ring_on(line: Instance) -> None:
    """Gap 11: with ring all, everybody was rung again after one hang-up."""
    phones = [await line.phone(extension) for extension in VOICES]
    caller = await waiting(line, "3000001202", "1")
    first, second, third = [await line.agent(extension, answer=False) for extension in VOICES]
    await first.call.reject(603)
    await asyncio.sleep(2)
    assert [len(phone.calls) for phone in phones] == [1, 1, 1]
    assert second.call.state is third.call.state is CallState.RINGING
    await third.call.answer()
    await hear_each_other(caller, third)
    await second.call.ended()
    assert [len(phone.calls) for phone in phones] == [1, 1, 1]


@live
async def test_who_picks_up_and_hangs_up_in_the_whisper_is_not_rung_for_this_caller_again(line: Instance) -> None:
    phones = [await line.phone(extension) for extension in ("101", "102")]
    async with moved(line, offers("servicio", "refused")):
        caller = await waiting(line, "3000001203", "1")
        first, _ = [await line.agent(extension, answer=False) for extension in ("101", "102")]
        await first.call.answer()
        await first.hears("susurro_servicio", 3)
        await first.hang_up()
        # 102 was told to stop when 101 picked up, and is free: it is rung for the caller who still waits.
        second = await line.agent("102")
        await hear_each_other(caller, second)
    assert [len(phone.calls) for phone in phones] == [1, 2] and caller.music_gaps() == []


@live
async def test_a_phone_knows_whose_call_it_is(line: Instance) -> None:
    await line.phone("301")
    caller = await waiting(line, "3000001204", "3")
    agent = await line.agent("301")
    assert agent.call.invite is not None
    assert agent.call.invite.get("x-call-id") == await line.call_id(caller)
    assert agent.call.invite.get("x-queue") == "cartera"
    assert agent.call.shown_name == "Cartera" and agent.call.shown_number == caller.name
    await hear_each_other(caller, agent)


@live
async def test_a_phone_that_is_answered_after_the_talk_has_begun_takes_nobody_away(line: Instance) -> None:
    """The server dies between the claim and the end of the other phone's ringing."""
    for extension in ("101", "102"):
        await line.phone(extension)
    caller = await waiting(line, "3000001205", "1")
    first, second = [await line.agent(extension, answer=False) for extension in ("101", "102")]
    await line.kill_server()
    await first.call.answer()
    await hear_each_other(caller, first)
    await second.call.answer()
    await second.call.ended(5)
    await hear_each_other(caller, first)


@pytest.mark.soak
@live
async def test_who_has_talked_and_waits_again_is_connected_again(line: Instance) -> None:
    """The guards against a second Bridge look at this visit and at this moment, not at talks of before."""
    await line.phone("401")
    caller = await waiting_by_menu(line, "3000001207", "4")
    for _ in range(2):
        agent = await line.agent("401")
        await hear_each_other(caller, agent)
        after = caller.now
        await agent.hang_up()
        await caller.hears(MENU, after=after)
        await caller.press("4")


@pytest.mark.soak
@live
async def test_a_phone_that_is_answered_while_reception_has_the_caller_takes_nobody_away(line: Instance) -> None:
    """The server dies while an agent's phone rings, and reception is quicker than that agent."""
    await line.phone("302")
    await line.phone("100")
    caller = await waiting(line, "3000001206", "3")
    late = await line.agent("302", answer=False)
    await line.kill_server()
    reception = await line.agent("100", seconds=30)
    await hear_each_other(caller, reception)
    assert late.call.state is CallState.RINGING
    await late.call.answer()
    await late.call.ended(5)
    await hear_each_other(caller, reception)


# ------------------------------------------------------------------ who does not answer


@live
async def test_one_phone_that_is_away_stops_nobody(line: Instance) -> None:
    """Gap 10: one unavailable agent halted all. The phone is registered and silent, and always comes first."""
    before = len([offer for offer in await decided(line, MakeOffer) if offer.queue == "contabilidad"])
    silent = await line.phone("104")
    silent.deaf = True
    for extension in ("105", "401"):
        await line.phone(extension)
    async with moved(line, offers("contabilidad", "answered", 2)):
        callers = {number: await waiting(line, number, "4") for number in ("3000001301", "3000001302")}
        for extension in ("105", "401"):
            agent = await line.agent(extension, seconds=8)
            await hear_each_other(callers[agent.call.shown_number], agent)
    tried = [offer.agent for offer in await decided(line, MakeOffer) if offer.queue == "contabilidad"][before:]
    assert tried[0] == "104" and {"105", "401"} <= {*tried}
    assert all(caller.music_gaps() == [] for caller in callers.values())


@pytest.mark.soak
@live
async def test_a_single_miss_does_not_pause(line: Instance) -> None:
    """Gap 12: autopause after a single miss. Here it is two in a row, and the pause ends by itself."""
    phone = await line.phone("201")
    phone.on_call = ring_only
    loop = asyncio.get_running_loop()
    caller = await waiting(line, "3000001303", "2")
    await until_rung(phone, 2)
    missed, again = phone.calls.values()
    assert missed.cancelled and again.state is not CallState.ENDED
    await again.ended(8)
    paused = loop.time()
    phone.on_call = None
    agent = await line.agent("201", seconds=PAUSED_FOR + 3)
    assert agent.call.marks["invited"] - paused >= PAUSED_FOR - 0.5
    await hear_each_other(caller, agent)
    assert caller.music_gaps() == []
    pause = (await decided(line, PauseAgent))[-1]
    assert (pause.agent, pause.reason) == ("201", "no answer")


@pytest.mark.soak
@pytest.mark.parametrize(("code", "result"), [(486, "busy"), (603, "refused"), (503, "unreachable")])
@live
async def test_after_two_in_a_row_the_agent_rests_and_comes_back(line: Instance, code: int, result: str) -> None:
    phone = await line.phone("201")
    phone.on_call = lambda call: refuse(call, code)
    before = len(await decided(line, PauseAgent))
    async with moved(line, offers("tesoreria", result, 2), offers("tesoreria", "answered")):
        caller = await waiting(line, "3000001307", "2")
        await until_rung(phone, 2)
        _, again = phone.calls.values()
        await again.ended()
        phone.on_call = None
        agent = await line.agent("201", seconds=PAUSED_FOR + 3)
        assert agent.call.marks["invited"] - again.marks["ended"] >= PAUSED_FOR - 0.5
        await hear_each_other(caller, agent)
    assert caller.music_gaps() == []
    (pause,) = (await decided(line, PauseAgent))[before:]
    assert (pause.agent, pause.reason) == ("201", result)


@pytest.mark.soak
@live
async def test_an_answered_call_forgets_the_misses(line: Instance) -> None:
    phone, before = await line.phone("201"), len(await decided(line, PauseAgent))
    for number in ("3000001304", "3000001305"):
        phone.on_call, rung = ring_only, len(phone.calls)
        caller = await waiting(line, number, "2")
        await until_rung(phone, rung + 1)
        phone.on_call = None
        agent = await line.agent("201", seconds=8)
        await hear_each_other(caller, agent)
        await caller.hang_up()
        await agent.call.ended()
    assert len(await decided(line, PauseAgent)) == before


@live
async def test_after_a_refusal_the_caller_is_for_the_others(line: Instance) -> None:
    first = await line.phone("104")
    first.on_call = lambda call: refuse(call, 603)
    async with moved(line, offers("contabilidad", "refused")):
        caller = await waiting(line, "3000001306", "4")
        await line.until_metric("centralita_offers_total", 1, at_least=True, queue="contabilidad", result="refused")
        await asyncio.sleep(2)
        assert len(first.calls) == 1, "the same caller is not offered again at once"
        await line.phone("105")
        agent = await line.agent("105")
        await hear_each_other(caller, agent)
    made = await decided(line, MakeOffer)
    assert [offer.agent for offer in made if offer.call == made[-1].call] == ["104", "105"]
