"""Subflows, other flows, values and another language, heard by callers; none of it is lost with the server."""

from datetime import date, time
from decimal import Decimal

from ivr.site.values import Value
from ivr.speech import words
from ivr.testing.instance import Instance
from ivr.testing.person import Person
from tests.live import verbs_scenes
from tests.live.evidence import takes
from tests.live.scenes import hear_each_other
from tests.live.verbs_scenes import ASKED, SUBFLOWS, at_once, bilingual_ears, chooses, heard_by, to_the_end

START, CHANGES = verbs_scenes.START, verbs_scenes.CHANGES
MENU = "segunda"


def said(*values: tuple[str, Value], language: str = "es-CO") -> tuple[str, ...]:
    """Values as they are said."""
    return tuple(word for kind, value in values for word in words(kind, value, language))


INTRODUCTION = ("hola_subflujo", *said(("digits", "123")), MENU)
"""What a caller hears in the subflow before it asks for a key: the parameter that it was given, in the middle."""


async def in_the_subflow(line: Instance, number: str, key: str) -> Person:
    """A caller who presses a key in the subflow."""
    caller = await chooses(line, number, SUBFLOWS, "1")
    await caller.hears(MENU)
    await caller.press(key)
    return caller


@takes(
    *("call: then", "call: exits", "target: return", "target: return EXIT", "target: a person"),
    *("goto: goto", "set: then", "branch: branch"),
)
async def test_a_subflow_comes_back_with_results_and_by_its_exits(line: Instance) -> None:
    async def plainly() -> None:
        caller = await in_the_subflow(line, "3000000401", "1")
        await to_the_end(caller, *INTRODUCTION, "encontrado", *said(("digits", "123"), ("number", Decimal(41))))

    async def by_an_exit() -> None:
        caller = await in_the_subflow(line, "3000000402", "2")
        await to_the_end(caller, *INTRODUCTION, "desconocido", *said(("digits", "123"), ("number", Decimal(41))))

    async def from_deeper() -> None:
        caller = await in_the_subflow(line, "3000000403", "3")
        await caller.hears("confirme")
        await caller.press("1")
        results = said(("digits", "55"), ("number", Decimal(41)))
        await to_the_end(caller, *INTRODUCTION, "confirme", "otra_salida", *results)

    async def from_deeper_by_exits() -> None:
        caller = await in_the_subflow(line, "3000000404", "3")
        await caller.hears("confirme")
        await caller.press("2")
        results = said(("digits", "55"), ("number", Decimal(41)))
        await to_the_end(caller, *INTRODUCTION, "confirme", "desconocido", *results)

    async def to_a_person() -> None:
        caller = await in_the_subflow(line, "3000000405", "3")
        await caller.hears("confirme")
        await caller.press("0")
        await hear_each_other(caller, await line.agent("100", seconds=20))

    async def to_another_flow() -> None:
        caller = await chooses(line, "3000000406", SUBFLOWS, "2")
        await to_the_end(caller, *said(("digits", "789"), ("digits", "456"), ("number", Decimal(12))))

    async def with_values_of_each_type() -> None:
        caller = await chooses(line, "3000000407", SUBFLOWS, "3")
        day = ("date", date(2026, 11, 24))
        await to_the_end(caller, *said(day, ("time", time(10, 0)), ("number", Decimal(84))))

    await line.phone("100")
    await at_once(
        *(plainly(), by_an_exit(), from_deeper(), from_deeper_by_exits()),
        *(to_a_person(), to_another_flow(), with_values_of_each_type()),
    )


@takes("language: then", "call: then")
async def test_in_another_language_everything_is_heard_in_it(line: Instance) -> None:
    ears = await bilingual_ears(line)
    first = await chooses(line, "3000000408", SUBFLOWS, "4")
    caller = Person(first.name, first.call, ears)
    await caller.hears(f"en {ASKED}")
    await caller.press("1")
    await caller.hears(f"en {MENU}", 30)
    await caller.press("1")
    await caller.call.ended(30)
    number = ("number", Decimal(41))
    digits = said(("digits", "123"), language="en")
    expected = [ASKED, "hola_subflujo", *digits, MENU, "encontrado", *digits, *said(number, language="en")]
    expected = [ASKED, *(f"en {name}" for name in expected)]
    assert heard_by(caller, *expected) == expected


@takes(
    *("recording: then", "recording: declined", "recording: agreed", "recording: force", "recording: yes"),
    *("recording: on demand", "recording: no", "recording: never"),
)
async def test_every_word_about_recording_is_told(line: Instance) -> None:
    caller = await chooses(line, "3000000411", SUBFLOWS, "5")
    await to_the_end(caller, *said(("number", Decimal(40))))


@takes("call: exits", "language: then")
async def test_a_dead_server_loses_neither_values_nor_the_way_back(line: Instance) -> None:
    caller = await in_the_subflow(line, "3000000409", "3")
    await caller.hears("confirme")
    english = await chooses(line, "3000000410", SUBFLOWS, "4")
    await line.kill_server()
    await line.start_server()
    after = caller.now
    await caller.hears("confirme", 30, after=after)
    await caller.press("1")
    await caller.call.ended(30)
    heard = heard_by(caller, "hola_subflujo", MENU, "confirme")
    results = said(("digits", "55"), ("number", Decimal(41)))
    assert heard[-len(results) - 2 :] == ["confirme", "otra_salida", *results]
    assert heard.count("hola_subflujo") == heard.count(MENU) == 1, "what was done is not asked again"
    listener = Person("english", english.call, await bilingual_ears(line))
    await listener.hears(f"en {ASKED}")
    assert [name for name in (h.name for h in listener.listen()) if name == ASKED] == [ASKED]
