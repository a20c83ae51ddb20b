"""When a caller may be sent elsewhere: not while a visit ends."""

import asyncio

from ivr.clock import LoopClock
from ivr.exchange.visiting import AFTERWARDS_US, PATIENCE_SECONDS, Visiting
from tests.tools import run

CALL = "n1-1795291423.0"


async def took(visiting: Visiting) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await visiting.rests(CALL)
    return loop.time() - began


@run
async def test_who_is_in_no_visit_may_go_at_once() -> None:
    assert await took(Visiting(LoopClock())) < PATIENCE_SECONDS


@run
async def test_a_visit_that_ends_is_waited_for_and_the_way_behind_it() -> None:
    visiting = Visiting(LoopClock())
    with visiting.visit(CALL):
        asked = asyncio.ensure_future(took(visiting))
        await asyncio.sleep(0.05)
        assert not asked.done()
    assert await asked >= 0.05 + AFTERWARDS_US / 1e6 - 0.01
    assert await took(visiting) < AFTERWARDS_US / 1e6, "the channel has gone on"


@run
async def test_nobody_waits_for_the_end_of_what_is_played() -> None:
    visiting = Visiting(LoopClock())
    with visiting.visit(CALL):
        assert PATIENCE_SECONDS - 0.01 <= await took(visiting) < 3 * PATIENCE_SECONDS
