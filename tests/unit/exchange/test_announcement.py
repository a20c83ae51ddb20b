"""What a waiting caller is told of the place, on a visit over a real AGI connection."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from acd.model import CallId, QueueId, VisitId
from ivr.asterisk.agi.server import AgiServer
from ivr.call.calls import LiveCalls
from ivr.clock import LoopClock
from ivr.exchange.house import House
from ivr.exchange.runner import CallRunner
from ivr.exchange.ticket import Ticket
from ivr.exchange.visiting import Visiting
from ivr.language import load_site
from ivr.testing.asterisk_agi import ScriptedChannel
from tests.tools import run
from tests.unit.exchange.parts import (
    SEAL,
    NobodyBefore,
    NoLookUps,
    NoMessages,
    NoOverrides,
    NoRecordings,
    OneEdition,
    in_step,
)

ROOT = Path(__file__).parents[3]
CALL = CallId("n1-1700000000.1")


class Place:
    """A visit's position, sounds of which one may be missing, and a desk of which nothing is asked."""

    def __init__(self, place: int | None, without: str) -> None:
        self.place = place
        self.without = without

    def place_of(self, visit: VisitId) -> int | None:
        return self.place

    def agent_is_there(self, visit: VisitId) -> bool:
        return False

    def credit_of(self, visit: VisitId) -> timedelta:
        return timedelta()

    def is_over(self, visit: VisitId) -> bool:
        return False

    def exit_of(self, visit: VisitId) -> str | None:
        return None

    def figure(self, queue: str, what: str) -> int:
        return 0

    def path_of(self, name: str, language: str) -> str | None:
        sound = f"{language}/{name}"
        return None if sound == self.without else sound

    def version_of(self, name: str, language: str) -> str | None:
        return None

    def submit(self, fact: object) -> None: ...

    def record(self, event: object, key: str | None = None) -> None: ...


async def told(position: int | None, *, place: str = "", announce: str | None = None, without: str = "") -> list[str]:
    """The sounds of a visit of a caller at this position who has waited for an hour; one sound may be missing."""
    site = load_site(ROOT / "config", ROOT / "ivr" / "flows").site
    assert site is not None
    queue = replace(site.queues["cartera"], announce=announce, announce_every=timedelta(seconds=30))
    site = replace(site, queues={**site.queues, "cartera": queue})
    clock, asked = LoopClock(), Place(position, without)
    house = House(
        sites=OneEdition(site, asked),
        desk=asked,
        calls=LiveCalls(),
        clock=clock,
        visiting=Visiting(clock),
        waiting=asked,
        last_agents=NobodyBefore(),
        messages=NoMessages(),
        file_of=lambda file: None,
        look_ups=NoLookUps(),
        overrides=NoOverrides(),
        seal=SEAL,
        legs=NoRecordings(),
        caller_key=lambda number, name: "",
        catch_up=in_step,
        complain=lambda problem, detail: None,
        trust_pretended_time=False,
    )
    server = AgiServer(CallRunner(house), clock=clock)
    await server.start("127.0.0.1", 0)
    ticket = Ticket(VisitId(f"{CALL}/1"), QueueId("cartera"), clock.now() - timedelta(hours=1), 0)
    channel = ScriptedChannel(
        path="visit", environment={"agi_arg_1": "", "agi_arg_2": place, "agi_arg_3": "", "agi_arg_4": str(ticket)}
    )
    try:
        await channel.call("127.0.0.1", server.port)
    finally:
        await server.close()
    assert channel.variables["DONE"] == "wait"
    return [heard.sound for heard in channel.heard]


SPANISH, ENGLISH = "1;linea_principal;servicio;0;1;;", "2;;linea_principal;servicio;0;1;;;en;;;"
"""Where the flow was left: in its own language, and in the one that the caller chose."""


@pytest.mark.parametrize(
    ("position", "place", "sounds"),
    [
        (1, SPANISH, ["palabra_usted_es_el", "palabra_primero", "palabra_en_la_fila"]),
        (31, "", ["palabra_usted_es_el_numero", "palabra_treinta_y", "palabra_uno", "palabra_en_la_fila"]),
        (2, ENGLISH, ["word_you_are", "word_second", "word_in_line"]),
        (2, SPANISH + "forged", ["palabra_usted_es_el", "palabra_segundo", "palabra_en_la_fila"]),
        (None, SPANISH, []),  # an agent's phone rings
    ],
)
@run
async def test_the_position_is_told_in_the_callers_language(
    position: int | None, place: str, sounds: list[str]
) -> None:
    language = "en" if place == ENGLISH else "es-CO"
    assert await told(position, place=place) == [f"{language}/{sound}" for sound in sounds]


@run
async def test_the_queues_own_words_come_first_in_the_callers_language_or_the_sites() -> None:
    """Gap 15 of the features, its last third: elsewhere it was the wrong prompt (FreePBX#716)."""
    assert (await told(1, place=ENGLISH, announce="espera"))[0] == "en/espera"
    assert (await told(1, place=ENGLISH, announce="espera", without="en/espera"))[0] == "es-CO/espera"
    assert (await told(None, announce="espera")) == []


@run
async def test_half_a_position_is_not_told() -> None:
    assert await told(3, announce="espera", without="es-CO/palabra_tercero") == ["es-CO/espera"]
