"""The verbs that speak and the menu, by each of their exits, as a caller with a telephone hears them."""

from collections.abc import Iterator

import pytest

from ivr.speech import words
from ivr.testing.instance import Instance
from tests.live import verbs_scenes
from tests.live.evidence import takes
from tests.live.scenes import CALLER, calls, moved
from tests.live.verbs_scenes import (
    ASKED,
    MENUS,
    Service,
    at_once,
    chooses,
    heard_by,
    running_service,
    to_the_end,
    until_noted,
)

START, CHANGES = verbs_scenes.START, verbs_scenes.CHANGES


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """What flows look up."""
    with running_service() as running:
        yield running


@takes(
    "play: then",
    "notice: then",
    "say: then",
    "ask: keys",
    "target: hang up",
    heard=("play: play", "notice: notice", "ask: ask", "say: say"),
)
async def test_what_is_spoken(line: Instance) -> None:
    async def a_story() -> None:
        caller = await chooses(line, "3000000401", MENUS, "1")
        await to_the_end(caller, "discurso", "siguiente")

    async def a_notice() -> None:
        caller = await chooses(line, "3000000402", MENUS, "2")
        await caller.hears("aviso_largo")
        await caller.press("1")  # the notice goes on, and the key counts in the menu behind it
        await to_the_end(caller, "aviso_largo", "elegida")
        assert next(h for h in caller.finish() if h.name == "aviso_largo").whole

    async def numbers() -> None:
        caller = await chooses(line, "3000000403", MENUS, "4")
        await caller.hears("palabra_veintiuno", 40)
        await caller.hears(ASKED, after=caller.now)
        await caller.press("8")
        await caller.call.ended()
        digits = words("digits", "1234512345", "es-CO")
        expected = [ASKED, *digits, *words("number", 21, "es-CO"), ASKED]
        assert heard_by(caller, *expected) == expected

    async def cut() -> None:
        caller = await chooses(line, "3000000404", MENUS, "1")
        await caller.hears("discurso")
        await caller.press("5")
        await caller.hears_whole("siguiente")
        await caller.call.ended()
        assert "discurso!" in caller.story()

    await at_once(a_story(), a_notice(), numbers(), cut())


@takes(
    "ask: keys",
    "ask: then",
    "ask: back",
    "ask: no key",
    "ask: wrong key",
    "target: a person",
    heard=("ask: no key", "ask: wrong key", "ask: repeat", "ask: back"),
)
async def test_the_menu(line: Instance) -> None:
    async def says_nothing() -> None:
        caller = await line.caller("3000000411", did=MENUS)
        await caller.hears("rendido", 30)
        await caller.call.ended()
        expected = [ASKED, "no_oigo", ASKED, "no_oigo", "rendido"]
        assert heard_by(caller, *expected) == expected

    async def presses_wrong_keys_and_repeats() -> None:
        caller = await chooses(line, "3000000412", MENUS, "*")
        await caller.hears(ASKED, after=caller.now)
        await caller.press("#")
        await caller.hears("mala_tecla")
        await caller.hears(ASKED, after=caller.now)
        await caller.press("1")
        await caller.hears("discurso")
        await caller.hang_up()

    async def goes_back() -> None:
        caller = await chooses(line, "3000000413", MENUS, "3")
        await caller.hears_whole("segunda")
        await caller.press("0")
        await caller.hears_whole("segunda", after=caller.now)
        await caller.press("9")
        await caller.hears(ASKED, after=caller.now)
        await caller.press("3")
        await caller.hears("segunda", after=caller.now)
        await caller.press("*")  # here it has another use than reading the menu out
        await caller.hears("siguiente")

    async def cannot_cut() -> None:
        caller = await chooses(line, "3000000414", MENUS, "0")
        await caller.hears("discurso")
        await caller.press("1")
        await to_the_end(caller, "discurso", "elegida")
        assert next(h for h in caller.finish() if h.name == "discurso").whole

    async def wants_a_person() -> None:
        caller = await chooses(line, "3000000415", MENUS, "9")
        reception = await line.agent("100")
        reception.say(CALLER, 5)
        await caller.hears_tone(CALLER)
        await reception.hang_up()
        await caller.call.ended()

    await line.phone("100")
    await at_once(says_nothing(), presses_wrong_keys_and_repeats(), goes_back(), cannot_cut(), wants_a_person())


@takes("hang up: self-served", "hang up: closed", "hang up: ended in IVR", "target: hang up")
async def test_the_ends_of_a_call(line: Instance, service: Service) -> None:
    before = len(service.notes)
    async with moved(line, calls("self-served"), calls("closed"), calls("ended in IVR", 2)):
        callers = [await line.caller(f"300000042{key}", did=MENUS) for key in "5678"]
        for caller, key in zip(callers, "5678", strict=True):
            await caller.hears(ASKED)
            await caller.press(key)
        for caller in callers:
            await to_the_end(caller)
    assert len(service.notes) == before, "nothing is undone when the flow itself ends the call"


@takes(*(f"{verb}: when hung up" for verb in ("ask", "play", "notice", "say")))
async def test_what_is_undone_when_the_caller_hangs_up_in_the_ivr(line: Instance, service: Service) -> None:
    async def hangs_up(number: str, key: str, name: str) -> None:
        caller = await chooses(line, number, MENUS, key) if key else await line.caller(number, did=MENUS)
        await caller.hears(name)
        await caller.hang_up()

    before = len(service.notes)
    await at_once(
        hangs_up("3000000431", "", ASKED),
        hangs_up("3000000432", "1", "discurso"),
        hangs_up("3000000433", "2", "aviso_largo"),
        hangs_up("3000000434", "4", "palabra_cinco"),
    )
    await until_noted(service, before, "ask", "notice", "play", "say")
