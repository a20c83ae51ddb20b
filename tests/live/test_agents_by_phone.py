"""Agents who log in and out, pause and are ready with the codes of their phones; lamps; what a restart leaves."""

import asyncio
import json
import re

import pytest

from ivr.speech import BUILT_IN
from ivr.testing.instance import Instance
from ivr.testing.person import Person
from ivr.testing.phone import BLINKING, DARK, LIT, watch
from tests.live.scenes import hear_each_other, live, occupy, ring_only, short, talking, waiting

SENTENCES = {f"phrase_{name}" for name in ("logged_in", "logged_out", "paused", "ready", "log_in_first", "no_agent")}
SENTENCES |= {f"phrase_{name}" for name in ("pause_reason", "for", "press_1", "press_2", "not_available", "goodbye")}
START = {"knows": lambda sound: sound not in BUILT_IN or sound in SENTENCES}  # fewer are told from each other better
CHANGES = short(queues={"servicio": {"wrap-up": "60 s"}, "cartera": {"wrap-up": "1 s"}})
CHANGES["prompts.yaml"]["prompts"]["despedida"] = {"es-CO": "Que tenga un feliz día.", "en": None}  # unlike the phrase
CHANGES["queues.yaml"]["pause reasons"] = {"1": "Almuerzo", "2": "Baño", "3": None, "4": None}


async def dials(line: Instance, extension: str, code: str, *heard: str) -> Person:
    """Somebody of the house dials a code and hears this, in this order."""
    phone = await line.phone(extension)
    call = await phone.call(code)
    person = Person(extension, call, line.ears)
    line.persons.append(person)
    await call.answered()
    for sound in heard:
        await person.hears(sound)
    return person


async def told(line: Instance, extension: str, code: str, *heard: str) -> list[str]:
    """As `dials`, to the end: everything that was heard, without the words of farewell."""
    person = await dials(line, extension, code, *heard)
    await person.call.ended(15)
    story = person.story()
    assert story[-1] == "phrase_goodbye"
    return story[:-1]


async def agent(line: Instance, extension: str) -> dict[str, object]:
    """An agent as `ivr agents --json` shows."""
    rows = [json.loads(row) for row in (await line.command("agents", "--json")).splitlines()]
    return next(row for row in rows if row["agent"] == extension)


async def believed(line: Instance, extension: str, ours: str, theirs: str) -> None:
    """Within a second the server and Asterisk say the same of a phone."""
    for _ in range(10):
        said = re.search(
            rf"Endpoint:\s+{extension}\S*\s{{2,}}(\S+( \S+)*)", await line.cli(f"pjsip show endpoint {extension}")
        )
        if said is not None and said[1].startswith(theirs) and (await agent(line, extension))["phone"] == ours:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{extension}: {(await agent(line, extension))['phone']}, {said[1] if said else 'nothing'}")


async def everybody_in(line: Instance, *extensions: str) -> None:
    """Logged in and ready, whatever the test before has left."""
    for extension in extensions:
        await line.command("agents", "login", extension)
        await line.command("agents", "ready", extension)


@live
async def test_a_day_by_telephone_with_its_lamp(line: Instance) -> None:
    await everybody_in(line, "301")
    lamp = await watch(await line.phone("100"), "dialog", "*40301")
    assert lamp.seen == [LIT]
    assert await told(line, "301", "*42") == ["phrase_logged_out"]
    await lamp.shows(DARK)
    assert (await agent(line, "301"))["state"] == "logged out"
    assert await told(line, "301", "*41") == ["phrase_logged_in"]
    await lamp.shows(LIT)
    assert await told(line, "301", "*432") == ["phrase_paused", "pause_reason_2"]
    await lamp.shows(BLINKING)
    row = await agent(line, "301")
    assert (row["state"], row["reason"]) == ("paused", "Baño")
    await line.until_metric("centralita_agents", 1, state="paused")
    assert await told(line, "301", "*44") == ["phrase_ready"]
    await lamp.shows(LIT)
    await line.until_metric("centralita_agents", 0, state="paused")
    assert (await agent(line, "301"))["state"] == "available"


@pytest.mark.soak
@live
async def test_the_reason_is_asked_for_in_words_that_one_understands(line: Instance) -> None:
    await everybody_in(line, "301")
    person = await dials(line, "301", "*43", "phrase_pause_reason", "pause_reason_2")
    await person.hears_whole("phrase_press_2")
    await person.press("1")
    await person.hears("phrase_paused")
    await person.call.ended(15)
    story = person.story()
    asked = ["phrase_pause_reason", "phrase_for", "pause_reason_1", "phrase_press_1", "phrase_for", "pause_reason_2"]
    assert story == [*asked, "phrase_press_2", "phrase_paused", "pause_reason_1", "phrase_goodbye"]
    assert (await agent(line, "301"))["reason"] == "Almuerzo"


@pytest.mark.soak
@live
async def test_a_phone_that_is_no_agents_and_one_that_is_logged_out(line: Instance) -> None:
    for code in ("*41", "*42", "*43", "*44", "*40301"):
        assert await told(line, "100", code) == ["phrase_no_agent"]
    assert await told(line, "302", "*40301") == ["phrase_not_available"]
    await line.command("agents", "logout", "302")
    for code in ("*431", "*44"):
        assert await told(line, "302", code) == ["phrase_log_in_first"]
    assert (await agent(line, "302"))["state"] == "logged out"
    await everybody_in(line, "302")


@pytest.mark.soak
@live
async def test_who_is_logged_out_or_paused_is_not_rung(line: Instance) -> None:
    await everybody_in(line, "301", "302")
    await told(line, "301", "*42", "phrase_logged_out")
    await told(line, "302", "*431", "phrase_paused")
    caller = await waiting(line, "3000000901", "3")
    await asyncio.sleep(2)
    for extension in ("301", "302"):
        assert all(call.invite is None for call in (await line.phone(extension)).calls.values()), "somebody was rung"
    await dials(line, "302", "*44", "phrase_ready")
    await hear_each_other(caller, await line.agent("302"))
    await everybody_in(line, "301")


@live
async def test_ready_ends_the_wrap_up(line: Instance) -> None:
    await everybody_in(line, "101")
    caller, at_work = await talking(line, "3000000902", "1")
    second = await waiting(line, "3000000903", "1")
    await at_work.hang_up()
    await caller.call.ended()
    await line.until_metric("centralita_agents", 1, state="wrap-up")
    await asyncio.sleep(1.5)
    assert "music" in second.story()[-1], "a minute of wrap-up goes on"
    await dials(line, "101", "*44", "phrase_ready")
    await hear_each_other(second, await line.agent("101"))


@pytest.mark.soak
@live
async def test_the_key_with_the_lamp_does_what_comes_next(line: Instance) -> None:
    await everybody_in(line, "101")
    caller, at_work = await talking(line, "3000000904", "1")
    await at_work.hang_up()
    await caller.call.ended()
    await line.until_metric("centralita_agents", 1, state="wrap-up")
    lamp = await watch(await line.phone("100"), "dialog", "*40101")
    await told(line, "101", "*40101", "phrase_ready")
    person = await dials(line, "101", "*40101", "phrase_pause_reason")
    await person.press("2")
    await lamp.shows(BLINKING)
    assert (await agent(line, "101"))["state"] == "paused"
    await everybody_in(line, "101")


@live
async def test_a_phone_in_use_outside_the_queue_is_not_rung(line: Instance) -> None:
    await everybody_in(line, "301", "302")
    talk = await occupy(line, "3")
    assert (await agent(line, "301"))["state"] == (await agent(line, "302"))["state"] == "on another call"
    caller = await waiting(line, "3000000905", "3")
    await asyncio.sleep(1)
    await talk.hang_up()
    first = await line.agent("301")
    await hear_each_other(caller, first)


@live
async def test_an_unregistered_phone_is_unreachable_and_comes_back_by_itself(line: Instance) -> None:
    await everybody_in(line, "401")
    phone = await line.phone("401")
    await line.until_metric("centralita_agents", 1, state="available")
    await phone.unregister()
    await line.until_metric("centralita_agents", 0, state="available")
    row = await agent(line, "401")
    assert (row["state"], row["logged_in"], row["phone"]) == ("unreachable", True, "unreachable")
    await phone.register()
    await line.until_metric("centralita_agents", 1, state="available")
    caller = await waiting(line, "3000000906", "4")
    await hear_each_other(caller, await line.agent("401"))


@pytest.mark.soak
@live
async def test_a_phone_that_lost_its_power_is_unreachable_soon(line: Instance) -> None:
    await everybody_in(line, "401")
    phone = await line.phone("401")
    await line.until_metric("centralita_agents", 1, state="available")
    await phone.close()  # without a word
    del line.phones["401"]
    await line.until_metric("centralita_agents", 0, state="available", seconds=30)
    assert (await agent(line, "401"))["state"] == "unreachable"
    await line.phone("401")
    await line.until_metric("centralita_agents", 1, state="available", seconds=2)


@live
async def test_what_is_believed_of_a_phone_is_what_asterisk_says(line: Instance) -> None:
    """A colleague rings, is answered, hangs up; the phone unregisters: each state within a second."""
    await everybody_in(line, "301")
    phone, colleague = await line.phone("301"), await line.phone("106")
    phone.on_call = ring_only
    call = await colleague.call("301")
    await believed(line, "301", "busy", "Busy")  # one channel is all that an agent may have
    assert (await agent(line, "301"))["state"] == "on another call"
    phone.on_call = None
    await next(iter(phone.calls.values())).answer()
    await call.answered()
    await believed(line, "301", "busy", "Busy")
    assert (await agent(line, "301"))["state"] == "on another call"
    await call.hang_up()
    await believed(line, "301", "free", "Not in use")
    assert (await agent(line, "301"))["state"] == "available"
    await phone.unregister()
    await believed(line, "301", "unreachable", "Unavailable")


@pytest.mark.soak
@live
async def test_pauses_reasons_and_lamps_survive_the_death_of_the_server_and_of_asterisk(line: Instance) -> None:
    await everybody_in(line, "301", "302")
    await told(line, "301", "*431", "phrase_paused")
    await told(line, "302", "*42", "phrase_logged_out")
    before = await agent(line, "301")
    await line.kill_server()
    row = await agent(line, "301")
    assert (row["state"], row["reason"], row["fresh"]) == ("paused", "Almuerzo", False), "the journal tells"
    await line.stop_asterisk(kill=True)
    await line.start_asterisk()
    await line.start_server()
    await line.forget_phones()
    row = await agent(line, "301")
    assert (row["state"], row["reason"], row["since"]) == ("paused", "Almuerzo", before["since"])
    assert (await agent(line, "302"))["state"] == "logged out"
    watcher = await line.phone("100")
    await (await watch(watcher, "dialog", "*40301")).shows(BLINKING)
    await (await watch(watcher, "dialog", "*40302")).shows(DARK)
    await line.phone("301")
    caller = await waiting(line, "3000000907", "3")
    await dials(line, "301", "*44", "phrase_ready")
    await hear_each_other(caller, await line.agent("301"))
    await everybody_in(line, "302")


@live
async def test_without_the_server_the_phone_hears_so(line: Instance) -> None:
    await line.kill_server()
    person = await dials(line, "301", "*41", "recepcion_no_contesta")
    await person.call.ended(10)
