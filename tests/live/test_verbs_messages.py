"""`voicemail` and `hours`, by each of their exits."""

import asyncio
import shutil
from collections.abc import Iterator

import pytest

from ivr.testing.instance import Instance
from ivr.testing.person import Person
from tests.live import verbs_scenes
from tests.live.evidence import takes
from tests.live.scenes import CALLER, CLOSED, OPEN
from tests.live.verbs_scenes import (
    MAILBOXES,
    Service,
    at_once,
    chooses,
    running_service,
    to_the_end,
    until_noted,
)

START, CHANGES = verbs_scenes.START, verbs_scenes.CHANGES
GREETING, REVIEW, KEPT = "deje_mensaje", "phrase_message_review", "phrase_message_kept"
NOTHING, FULL, FAILED = "phrase_nothing_said", "phrase_mailbox_full", "phrase_message_failed"
TONE_SECONDS = 1.0


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """What flows look up."""
    with running_service() as running:
        yield running


async def at_the_tone(line: Instance, number: str, key: str) -> Person:
    """A caller who may speak now."""
    caller = await chooses(line, number, MAILBOXES, key)
    await caller.hears_whole(GREETING)
    await asyncio.sleep(TONE_SECONDS)
    return caller


@takes("voicemail: then", "voicemail: nothing said", "voicemail: full", "voicemail: failed", "voicemail: when hung up")
async def test_leaving_a_message(line: Instance, service: Service) -> None:
    async def speaks(number: str, key: str) -> Person:
        caller = await at_the_tone(line, number, key)
        caller.say(CALLER, 3)
        await asyncio.sleep(3.2)
        await caller.press("#")
        return caller

    async def keeps_it() -> None:
        caller = await speaks("3000000701", "1")
        await caller.hears(REVIEW)
        await caller.press("1")
        await to_the_end(caller, GREETING, REVIEW, KEPT, "recibido")

    async def is_not_asked() -> None:
        await to_the_end(await speaks("3000000702", "7"), GREETING, KEPT, "adios")

    async def is_silent() -> None:
        caller = await at_the_tone(line, "3000000703", "1")
        await to_the_end(caller, GREETING, NOTHING, "nada_dicho")

    async def finds_it_full() -> None:
        caller = await speaks("3000000704", "2")
        await caller.hears(REVIEW)
        await caller.press("1")
        await to_the_end(caller, GREETING, REVIEW, KEPT, "recibido")
        caller = await chooses(line, "3000000705", MAILBOXES, "2")
        await to_the_end(caller, GREETING, FULL, "buzon_lleno")

    async def finds_it_broken() -> None:
        caller = await chooses(line, "3000000706", MAILBOXES, "3")
        await to_the_end(caller, GREETING, FAILED, "fallo")

    async def hangs_up() -> None:
        caller = await at_the_tone(line, "3000000707", "1")
        caller.say(CALLER, 3)
        await asyncio.sleep(2.5)
        await caller.hang_up()

    folder = line.paths.var / "voicemail" / "roto"
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(exist_ok=True)
    folder.touch()
    before = len(service.notes)
    await at_once(keeps_it(), is_not_asked(), is_silent(), finds_it_full(), finds_it_broken(), hangs_up())
    await until_noted(service, before, "voicemail")


@pytest.mark.soak
@takes("hours: open", "hours: closed", "hours: emergency", "hours: when hung up")
async def test_open_closed_and_in_an_emergency(line: Instance, service: Service) -> None:
    async def hears(number: str, key: str, *names: str, at: str = OPEN) -> None:
        await to_the_end(await chooses(line, number, MAILBOXES, key, at=at), *names)

    async def hangs_up() -> None:
        caller = await chooses(line, "3000000716", MAILBOXES, "5")
        await caller.hears("averia")
        await caller.hang_up()

    before = len(service.notes)
    await at_once(
        hears("3000000711", "5", "abierto"),
        hears("3000000712", "4", "abierto"),
        hears("3000000713", "4", "cerrado", at=CLOSED),
    )
    await line.command("override", "taller", "emergency")
    await line.command("override", "bodega", "emergency")
    await line.command("override", "oficina", "closed")
    await at_once(
        hears("3000000714", "5", "averia", "urgente"),
        hears("3000000715", "6", "averia", "cerrado"),  # where an emergency has no step of its own
        hears("3000000717", "4", "cerrado"),
        hangs_up(),
    )
    await until_noted(service, before, "hours")
