"""`branch`: what conditions may ask for, one caller for each answer."""

import asyncio

from ivr.testing.instance import Instance
from tests.live import verbs_scenes
from tests.live.evidence import takes
from tests.live.scenes import CLOSED, HOLIDAY, OPEN, ring_only
from tests.live.verbs_scenes import CONDITIONS, TALKS, at_once, chooses, to_the_end

START, CHANGES = verbs_scenes.START, verbs_scenes.CHANGES
OTHER_NUMBER = "6017436967"


async def hears(line: Instance, number: str, key: str, *names: str, at: str = OPEN, did: str = CONDITIONS) -> None:
    """A caller who presses a key hears just this."""
    caller = await chooses(line, number, did, key, at=at)
    await to_the_end(caller, *names)


@takes("branch: branch", "branch: otherwise")
async def test_who_calls_which_number(line: Instance) -> None:
    await at_once(
        hears(line, "3000000502", "1", "uno"),  # on a list
        hears(line, "+573000000501", "1", "dos"),  # of a segment, in another spelling
        hears(line, "anonymous", "1", "tres"),
        hears(line, "3000000510", "1", "cuatro"),  # by how the number begins
        hears(line, "3000000520", "1", "cinco"),
        hears(line, "3000000530", "1", "seis"),
        hears(line, "3000000531", "2", "uno", did=OTHER_NUMBER),
        hears(line, "3000000532", "2", "dos"),
    )


@takes("branch: branch", "branch: otherwise", "set: then")
async def test_when_and_what_is_known(line: Instance) -> None:
    await at_once(
        hears(line, "3000000541", "3", "uno", at="2026-12-24T10:00"),
        hears(line, "3000000542", "3", "dos", at=HOLIDAY),
        hears(line, "3000000543", "3", "tres", at=CLOSED),
        hears(line, "3000000544", "3", "cuatro", at="2026-11-23T17:31"),
        hears(line, "3000000545", "3", "cinco", at="2026-11-23T08:00"),
        hears(line, "3000000546", "3", "seis", at="2026-11-25T10:00"),
        hears(line, "3000000547", "3", "siete", at="2026-11-23T10:00"),
        hears(line, "3000000548", "6", "dos"),
    )


@takes("branch: branch", "branch: otherwise")
async def test_how_many_calls_callers_and_agents_there_are(line: Instance) -> None:
    await hears(line, "3000000551", "4", "dos")  # alone
    await hears(line, "3000000552", "5", "tres")  # no phone is there
    (await line.phone("102")).on_call = ring_only
    await line.until_metric("centralita_agents", 1, state="available")
    await hears(line, "3000000553", "5", "dos")
    waits = await chooses(line, "3000000554", TALKS, "5")
    await waits.hears("music")
    await asyncio.sleep(1)
    await at_once(hears(line, "3000000555", "5", "uno"), hears(line, "3000000556", "4", "uno"))
    await waits.hang_up()
    await line.forget_phones()
    await line.phone("101")
    await hears(line, "3000000557", "5", "cuatro")
