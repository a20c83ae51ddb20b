"""What is done in the background."""

import asyncio

from ivr.exchange.errands import Errands
from tests.tools import run


@run
async def test_they_are_kept_until_they_are_done_and_can_be_waited_for() -> None:
    errands, may_end, ended = Errands(), asyncio.Event(), []

    async def errand(name: str) -> str:
        await may_end.wait()
        ended.append(name)
        return name

    async def fails() -> None:
        await may_end.wait()
        raise OSError("gone")

    tasks = [errands.begin(errand("one")), errands.begin(errand("two")), errands.begin(fails())]
    assert errands.going == frozenset(tasks) and ended == []
    may_end.set()
    await errands.done()
    assert errands.going == frozenset() and ended == ["one", "two"] and tasks[0].result() == "one"
    assert isinstance(tasks[2].exception(), OSError)


@run
async def test_one_that_is_cancelled_is_done() -> None:
    errands = Errands()
    assert errands.begin(asyncio.sleep(60)).cancel()
    await errands.done()
    assert errands.going == frozenset()
