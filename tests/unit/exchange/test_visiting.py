"""When a caller may be sent elsewhere: not while a visit ends."""

import asyncio

from ivr.clock import LoopClock
from ivr.exchange.visiting import AFTERWARDS_US, PATIENCE_SECONDS, Visiting
from ivr.settings.waiting import WAIT_SECONDS
from ivr.testing.clock import ManualClock
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


AFTERWARDS = AFTERWARDS_US / 1e6


def after_a_visit(seconds: float) -> tuple[ManualClock, Visiting]:
    """So long ago it ended."""
    clock = ManualClock()
    visiting = Visiting(clock)
    with visiting.visit(CALL):
        pass
    clock.advance(seconds)
    return clock, visiting


@run
async def test_a_visit_that_is_due_is_waited_for() -> None:
    clock, visiting = after_a_visit(WAIT_SECONDS - 0.05)
    asked = asyncio.ensure_future(visiting.rests(CALL))
    await asyncio.sleep(0)
    clock.advance(0.05)
    with visiting.visit(CALL):
        clock.advance(AFTERWARDS)
        await asyncio.sleep(0.01)
        assert not asked.done()
    await asyncio.sleep(0.01)
    clock.advance(AFTERWARDS - 0.01)
    await asyncio.sleep(0.01)
    assert not asked.done(), "the channel is on its way to the music"
    clock.advance(0.01)
    await asked


@run
async def test_a_visit_that_is_due_and_does_not_come_is_not_waited_for_any_longer() -> None:
    clock, visiting = after_a_visit(WAIT_SECONDS)
    asked = asyncio.ensure_future(visiting.rests(CALL))
    await asyncio.sleep(0)
    clock.advance(AFTERWARDS)
    await asyncio.sleep(0)
    clock.advance(0.001)
    await asyncio.wait_for(asked, 1)


@run
async def test_between_two_visits_nobody_waits() -> None:
    for seconds in (AFTERWARDS, 5.0, WAIT_SECONDS - AFTERWARDS - 0.001, WAIT_SECONDS + AFTERWARDS + 0.001, 60.0):
        clock, visiting = after_a_visit(seconds)
        await asyncio.wait_for(visiting.rests(CALL), 1)
        assert clock.pending == 0
