"""What the live tests share: a site with short prompts and times, and the beginnings of calls."""

import asyncio
import functools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from ivr.testing.instance import Instance
from ivr.testing.person import Person
from ivr.testing.phone import Call
from tests.tools import run

live = functools.partial(run, seconds=90)
"""The decorator of a live test: its bound in seconds is generous, because the machine may be busy."""

CALLER, AGENT = 620.0, 1030.0
"""The voices, in hertz."""

OPEN, CLOSED, HOLIDAY = "2026-11-24T10:00", "2026-11-22T10:00", "2026-12-08T10:00"
"""A Tuesday morning, a Sunday, and a holiday (all in the site's time)."""

WELCOME, NOTICE, MENU = "bienvenida", "anuncio_grabacion", "menu_principal"

QUEUES = {"1": "servicio", "2": "tesoreria", "3": "cartera", "4": "contabilidad"}
PHONES = {"1": "101", "2": "201", "3": "301", "4": "401"}
BUSY_PAIRS = {"1": ("102", "103"), "2": ("201", "202"), "3": ("301", "302"), "4": ("401", "106")}
LABELS = {"1": "Servicio al Cliente", "2": "Tesorería", "3": "Cartera", "4": "Contabilidad"}

_TEXTS = {
    WELCOME: "Bienvenidos a la línea.",
    NOTICE: "Será grabada.",
    MENU: "Marque un número.",
    "no_le_escuche": "No le oí.",
    "opcion_invalida": "No es válida.",
    "sin_asesores": "No hay asesores.",
    "cerrado": "Cerrado.",
    "recepcion_no_contesta": "Nadie contesta.",
    "despedida": "Hasta luego.",
    "susurro_servicio": "Servicio.",
    "susurro_tesoreria": "Tesorería.",
    "susurro_cartera": "Cartera.",
    "susurro_contabilidad": "Contabilidad.",
}

DIRECT = {"1": "6010000001", "2": "6010000002", "3": "6010000003", "4": "6010000004"}
DIRECT_FLOWS = tuple(f"{name}.yaml" for name in ("servicio_directo", "tesoreria_directa", "cartera_directa"))
DIRECT_FLOWS += ("contabilidad_directa.yaml",)

_DIRECT = {"start": "aviso", "steps": {"bienvenida": None, "recepcion": {"for": "5 s"}}}
_SHORT_QUEUE = {"ring": "5 s", "wrap-up": "1 s", "longest wait": "2 min", "announce every": "10 min"}


def short(**more: Mapping[str, Any]) -> dict[str, Any]:
    """The changes that make a site short; keyword `site`, `queues` lay more over the file of that name."""
    changes: dict[str, Any] = {
        "site.yaml": {"fallback after": "5 s", **more.get("site", {})},
        "prompts.yaml": {"prompts": {name: {"es-CO": text, "en": None} for name, text in _TEXTS.items()}},
        "queues.yaml": {"queues": {name: dict(_SHORT_QUEUE) for name in QUEUES.values()}},
        "linea_principal.yaml": {"steps": {"menu": {"wait": "1 s"}, "recepcion": {"for": "5 s"}}},
        **dict.fromkeys(DIRECT_FLOWS, _DIRECT),
    }
    for name, settings in more.get("queues", {}).items():
        changes["queues.yaml"]["queues"][name] |= settings
    if "agents" in more:
        changes["queues.yaml"]["agents"] = more["agents"]
    return changes


async def at_menu(line: Instance, number: str, **how: str) -> Person:
    """A caller who hears the menu."""
    caller = await line.caller(number, at=OPEN, **how)
    await caller.hears(MENU)
    return caller


async def waiting(line: Instance, number: str, key: str = "1") -> Person:
    """A caller who hears the music of a department's queue, by its direct number: notice, then queue."""
    caller = await line.caller(number, did=DIRECT[key], at=OPEN)
    await caller.hears("music")
    return caller


async def waiting_by_menu(line: Instance, number: str, key: str = "1") -> Person:
    """As `waiting`, by the main line and its menu."""
    caller = await at_menu(line, number)
    await caller.press(key)
    await caller.hears("music")
    return caller


async def talking(line: Instance, number: str, key: str = "1") -> tuple[Person, Person]:
    """A caller and an agent who hear each other."""
    await line.phone(PHONES[key])
    caller = await waiting(line, number, key)
    agent = await line.agent(PHONES[key])
    await hear_each_other(caller, agent)
    return caller, agent


async def hear_each_other(caller: Person, agent: Person, *, seconds: float = 8) -> None:
    """Both speak from now on until both were heard."""
    after = caller.now, agent.now
    caller.call.media.hush()
    agent.call.media.hush()
    caller.say(CALLER, seconds)
    agent.say(AGENT, seconds)
    try:
        await caller.hears_tone(AGENT, seconds, after=after[0])
        await agent.hears_tone(CALLER, seconds, after=after[1])
    finally:
        caller.call.media.hush()
        agent.call.media.hush()


async def occupy(line: Instance, key: str) -> Call:
    """Two agents of a department talk to each other: their phones are there but busy, so callers wait. Their call."""
    one, other = BUSY_PAIRS[key]
    await line.phone(other)
    call = await (await line.phone(one)).call(other)
    await line.agent(other)
    await call.answered()
    return call


async def refuse(call: Call, code: int) -> None:
    """What a phone does that refuses."""
    await call.ring()
    await asyncio.sleep(0.2)
    await call.reject(code)


async def ring_only(call: Call) -> None:
    """What a phone does that nobody picks up."""
    await call.ring()


@asynccontextmanager
async def moved(line: Instance, *expected: tuple[str, float, dict[str, str]]) -> AsyncIterator[None]:
    """Figures of /metrics move by exactly these steps, within five seconds after the block."""
    before = [await line.metric(name, **labels) for name, _, labels in expected]
    yield
    for (name, step, labels), value in zip(expected, before, strict=True):
        await line.until_metric(name, value + step, **labels)


def calls(outcome: str, step: float = 1, **labels: str) -> tuple[str, float, dict[str, str]]:
    """A movement of the calls with an outcome."""
    return "centralita_calls_total", step, {"outcome": outcome, **labels}


def visits(queue: str, outcome: str, step: float = 1) -> tuple[str, float, dict[str, str]]:
    """A movement of the queue visits with an outcome."""
    return "centralita_queue_visits_total", step, {"queue": queue, "outcome": outcome}


def offers(queue: str, result: str, step: float = 1) -> tuple[str, float, dict[str, str]]:
    """A movement of the offers with a result."""
    return "centralita_offers_total", step, {"queue": queue, "result": result}


async def sums_agree(line: Instance) -> None:
    """Invariant 1: nothing is counted twice or lost."""
    assert await line.metric("centralita_sum_difference") == 0
