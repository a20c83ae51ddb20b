"""Reload after reload while calls live: none is dropped, each ends on the version that it began with.

The whole of it (100 reloads, 50 calls) is part of `make soak`; a sample of it runs with every test.
"""

import asyncio
import functools
import re
from dataclasses import dataclass

import pytest

from acd.journal import open_journal
from ivr.clock import LoopClock
from ivr.control.client import ask
from ivr.testing.instance import Instance
from ivr.testing.person import Person
from tests.live.scenes import CALLER, sums_agree
from tests.live.versions import PHONES, QUEUE, Files, caller_of, changes, mark, says
from tests.tools import run

CHANGES = changes(lines=80)
START = {"watch": "no"}


AT_ONCE = 5
"""So many callers press a key at the same time: recognising what all of them hear is work, too."""


@dataclass
class Began:
    """A call and what it began with."""

    person: Person
    version: int
    site: str
    waits: bool


async def reload(line: Instance) -> str:
    """`ivr reload`, without the cost of a process; the version in force."""
    answer = await asyncio.to_thread(ask, line.environment, "POST", "/versions/reload", {})
    return str(answer["version"])


async def begin(line: Instance, number: int, version: int, site: str) -> Began:
    """Every second caller waits in the queue, the others are in the menu."""
    person = await caller_of(line, f"30000{number:05d}")
    waits = number % 2 == 0
    if waits:
        await asyncio.sleep(1.0)
        await person.press("1")
    return Began(person, version, site, waits)


async def storm(line: Instance, calls: int, reloads: int) -> None:
    """Calls begin between the reloads; afterwards each says its version."""
    files = Files(line)
    queues = files.config("queues.yaml")
    patient = queues.read_text()
    talk, agent = await _talking(line)
    began: list[Began] = []
    for version in range(reloads):
        files.set_version(version)
        if version % 4 == 3:
            _change_the_house(files, version)
        site = await reload(line)
        wanted = calls * (version + 1) // reloads - len(began)
        for _ in range(wanted):
            began.append(await begin(line, len(began), version, site))
    # A queue with less patience: who waits leaves it, by the exit of the own version.
    figure = {"queue": QUEUE, "outcome": "overflowed"}
    before = await line.metric("centralita_queue_visits_total", **figure)
    impatient = patient.replace("longest wait: 10 min", "longest wait: 10 s")
    files.write(queues, impatient.replace("last agent: members", "last agent: off"))
    await reload(line)
    files.write(queues, patient)
    assert [one.person.call.state.value for one in began] == ["talking"] * calls, "a call was dropped"
    assert f"Puesto {reloads // 4 * 4 - 1}" in await line.cli("pjsip show endpoint 305")
    waiting = [one for one in began if one.waits]
    await line.until_metric("centralita_queue_visits_total", before + len(waiting), 40, **figure)
    in_menu = [one for one in began if not one.waits]
    for start in range(0, len(in_menu), AT_ONCE):
        await asyncio.gather(*(says(one.person, one.version, 30) for one in in_menu[start : start + AT_ONCE]))
    for one in waiting:  # it was said a while ago
        await one.person.hears(mark(one.version), 10)
        told = {sound.name for sound in one.person.listen() if sound.name.startswith("marca_")}
        assert told == {mark(one.version)}, (one.version, told)
    assert talk.call.state.value == agent.call.state.value == "talking"
    assert talk.sounded(CALLER) == 0 and agent.sounded(CALLER) > 2
    for one in began:
        assert one.person.call.state.value == "talking", "a call was dropped"
    await _journal_agrees(line, began)
    assert await line.metric("centralita_version_refused_total") == 0
    for one in began:
        await one.person.hang_up()
    await sums_agree(line)


def _change_the_house(files: Files, version: int) -> None:
    """Asterisk and the engine have to learn this, too: a phone, the number of lines, how long a phone rings."""
    files.change(
        files.config("site.yaml"), {"lines": str(80 + version % 7), "extensions": {"305": f"Puesto {version}"}}
    )
    queues = files.config("queues.yaml")
    files.write(queues, re.sub(r"ring: \d+ s", f"ring: {5 + version % 3} s", queues.read_text()))


async def _talking(line: Instance) -> tuple[Person, Person]:
    """Somebody who talks with an agent all the while; after that no agent is free."""
    await line.phone(PHONES[0])
    person = await caller_of(line, "3000099998")
    await asyncio.sleep(1.0)
    await person.press("1")
    agent = await line.agent(PHONES[0])
    person.say(CALLER, 600)
    return person, agent


async def _journal_agrees(line: Instance, began: list[Began]) -> None:
    """What the journal says of each call's version."""
    journal = await open_journal(line.environment.journal, LoopClock(), writing=False)
    begun: dict[str, str] = {}
    keys: list[str] = []
    try:
        async for entry in journal.read():
            if entry.event["e"] == "call started":
                begun[entry.event["call"]] = entry.event["config"]
                keys.append(entry.event["call"])
    finally:
        await journal.close()
    assert [begun[call] for call in keys][-len(began) :] == [one.site for one in began]


@functools.partial(run, seconds=120)
async def test_calls_and_reloads(line: Instance) -> None:
    await storm(line, calls=8, reloads=20)


@pytest.mark.soak
@functools.partial(run, seconds=900)
async def test_fifty_calls_and_a_hundred_reloads(line: Instance) -> None:
    await storm(line, calls=50, reloads=100)
