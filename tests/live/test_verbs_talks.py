"""`dial`, `extension` and `queue`, by each of their exits, with phones that answer, refuse and stay silent."""

import asyncio
from collections.abc import Iterator

import pytest

from ivr.testing.instance import Instance
from ivr.testing.person import Person
from tests.live import verbs_scenes
from tests.live.evidence import takes
from tests.live.scenes import AGENT, hear_each_other, refuse, ring_only
from tests.live.verbs_scenes import (
    TALKS,
    Service,
    at_once,
    chooses,
    running_service,
    to_the_end,
    types,
    until_noted,
)

START, CHANGES = verbs_scenes.START, verbs_scenes.CHANGES
WHICH, NAME = "pida_extension", "pida_nombre"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """What flows look up."""
    with running_service() as running:
        yield running


async def which(line: Instance, number: str, keys: str, choice: str = "2") -> Person:
    """A caller who is asked for an extension and presses these keys."""
    caller = await chooses(line, number, TALKS, choice)
    await caller.hears(WHICH)
    await types(caller, keys)
    return caller


@takes(
    *("dial: no answer", "dial: busy", "extension: no answer", "extension: busy"),
    *("extension: gave up", "queue: nobody there", "queue: waited too long", "queue: when hung up", "target: a person"),
    heard=("extension: extension", "extension: not there"),
)
async def test_nobody_talks_to_the_caller(line: Instance, service: Service) -> None:
    async def phone_refuses_and_then_nobody_picks_it_up() -> None:
        phone.on_call = lambda call: refuse(call, 486)
        caller = await chooses(line, "3000000451", TALKS, "1")
        await to_the_end(caller, "ocupado")
        caller = await which(line, "3000000454", "103")
        await to_the_end(caller, WHICH, "ocupado")
        phone.on_call = ring_only
        caller = await chooses(line, "3000000458", TALKS, "1")
        await to_the_end(caller, "no_contesta")

    async def phone_is_off() -> None:
        caller = await which(line, "3000000452", "201")
        await to_the_end(caller, WHICH, "no_contesta")

    async def nobody_picks_up() -> None:
        caller = await which(line, "3000000453", "101")
        await to_the_end(caller, WHICH, "no_contesta")

    async def is_not_allowed() -> None:
        caller = await which(line, "3000000455", "100")
        await caller.hears("no_existe")
        await caller.hears(WHICH, after=caller.now)
        await types(caller, "104")
        await to_the_end(caller, WHICH, "no_existe", WHICH, "no_existe", "rendido")

    async def gives_up_to_a_person() -> None:
        caller = await chooses(line, "3000000456", TALKS, "6")
        reception = await line.agent("100", seconds=60)
        await hear_each_other(caller, reception)
        asked = [name for name in caller.story() if name in (WHICH, "no_existe")]
        assert asked == [WHICH, "no_existe"]

    async def queue_without_agents() -> None:
        caller = await chooses(line, "3000000457", TALKS, "4")
        await to_the_end(caller, "nadie_ahi")

    async def waits_too_long() -> None:
        caller = await chooses(line, "3000000481", TALKS, "5")
        await caller.hears("music")
        await to_the_end(caller, "mucha_espera")

    async def hangs_up_waiting() -> None:
        caller = await chooses(line, "3000000482", TALKS, "5")
        await caller.hears("music")
        await caller.hang_up()

    phone = await line.phone("103")
    for extension in ("101", "102"):
        (await line.phone(extension)).on_call = ring_only
    await line.phone("100")
    before = len(service.notes)
    await at_once(
        *(phone_refuses_and_then_nobody_picks_it_up(), phone_is_off(), nobody_picks_up(), is_not_allowed()),
        *(gives_up_to_a_person(), queue_without_agents(), waits_too_long(), hangs_up_waiting()),
    )
    await until_noted(service, before, "queue")


@takes(
    *("queue: full", "queue: nobody logged in", "queue: the last one left"),
    *("queue: closed", "queue: emergency", "queue: keys"),
)
async def test_a_wait_ends_without_an_agent(line: Instance) -> None:
    async def waits(number: str, key: str) -> Person:
        caller = await chooses(line, number, TALKS, key)
        await caller.hears("music")
        return caller

    async def finds_it_full() -> None:
        first = await waits("3000000501", "7")
        await to_the_end(await chooses(line, "3000000502", TALKS, "7"), "uno")
        await first.hang_up()

    async def finds_nobody_logged_in() -> None:
        await to_the_end(await chooses(line, "3000000503", TALKS, "8"), "dos")

    async def is_left_by_the_last_one() -> None:
        await line.command("agents", "pause", "103")
        caller = await waits("3000000504", "9")
        await line.command("agents", "logout", "103")
        await to_the_end(caller, "tres")

    async def is_closed_meanwhile_and_then_in_an_emergency() -> None:
        caller = await waits("3000000505", "0")
        await line.command("override", "bodega", "closed")
        await to_the_end(caller, "cuatro")
        await line.command("override", "bodega", "emergency")
        await to_the_end(await chooses(line, "3000000506", TALKS, "0"), "cinco")

    async def leaves_by_a_key() -> None:
        caller = await waits("3000000507", "#")
        await caller.press("7")  # means nothing here
        await asyncio.sleep(0.5)
        await caller.press("5")
        await to_the_end(caller, "siguiente")
        assert caller.music_gaps() == []

    for extension in ("102", "103"):
        (await line.phone(extension)).on_call = ring_only
    await line.command("override", "bodega", "open")
    await at_once(
        *(finds_it_full(), finds_nobody_logged_in(), is_left_by_the_last_one()),
        *(is_closed_meanwhile_and_then_in_an_emergency(), leaves_by_a_key()),
    )
    await line.command("agents", "login", "103")


@takes("dial: after the talk", "extension: after the talk", "queue: after the talk")
async def test_the_call_goes_on_after_the_talk(line: Instance) -> None:
    async def talk(caller: Person, extension: str, *before: str) -> None:
        agent = await line.agent(extension, seconds=20)
        await hear_each_other(caller, agent)
        await agent.hang_up()
        await to_the_end(caller, *before, "despues")

    for extension in ("101", "102", "103"):
        await line.phone(extension)
    await at_once(
        talk(await chooses(line, "3000000461", TALKS, "1"), "103"),
        talk(await which(line, "3000000462", "102"), "102", WHICH),
        talk(await chooses(line, "3000000463", TALKS, "3"), "101"),
    )


@pytest.mark.soak
@takes("extension: after the talk", "extension: gave up", heard=("extension: by name",))
async def test_a_name_is_spelled(line: Instance) -> None:
    async def of_two() -> None:
        caller = await which(line, "3000000471", "*")
        await caller.hears(NAME)
        await types(caller, "466#")  # gom: Berta and Carmen
        await caller.hears("phrase_press_2", 30)
        await caller.press("2")
        carmen = await line.agent("103")
        await hear_each_other(caller, carmen)
        await carmen.hang_up()
        names = ("phrase_for", "name_102", "phrase_press_1", "phrase_for", "name_103", "phrase_press_2")
        await to_the_end(caller, WHICH, NAME, *names, "despues")

    async def of_nobody() -> None:
        caller = await which(line, "3000000472", "*")
        await caller.hears(NAME)
        await types(caller, "5672#")  # lópez is there, but may not be rung from here
        await caller.hears("no_existe")
        await caller.hears(WHICH, after=caller.now)
        await to_the_end(caller, WHICH, NAME, "no_existe", WHICH, "no_existe", "rendido")

    await line.phone("103")
    await at_once(of_two(), of_nobody())


@takes(*(f"{verb}: when hung up" for verb in ("dial", "extension", "queue")))
async def test_what_is_undone_when_the_caller_hangs_up_while_it_rings_and_in_the_talk(
    line: Instance, service: Service
) -> None:
    async def in_the_talk(caller: Person, extension: str) -> None:
        agent = await line.agent(extension, seconds=20)
        agent.say(AGENT, 5)
        await caller.hears_tone(AGENT)
        await caller.hang_up()
        await agent.call.ended(5)

    async def while_it_rings(caller: Person) -> None:
        agent = await line.agent("102", answer=False)
        await caller.hang_up()
        await agent.call.ended(5)

    before = len(service.notes)
    for extension in ("101", "102", "103"):
        await line.phone(extension)
    await at_once(
        in_the_talk(await chooses(line, "3000000491", TALKS, "1"), "103"),
        while_it_rings(await which(line, "3000000492", "102")),
        in_the_talk(await chooses(line, "3000000493", TALKS, "3"), "101"),
    )
    await until_noted(service, before, "dial", "extension", "queue")
    await asyncio.sleep(0.3)
    assert len(service.notes) == before + 3, "each once"
