"""Slow questions: so many at once, a few wait, and nobody waits without end."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ivr.audit.routes import VERIFICATIONS_WAITING, AuditRoutes
from ivr.testing.api import AUDITOR, Api
from ivr.testing.clock import ManualClock
from ivr.web.api.routing import Refusal
from ivr.web.api.turns import MOST_WAITING, Turns
from tests.tools import run
from tests.unit.audit.house import opened


@run
async def test_so_many_at_once_a_few_wait_and_the_others_are_sent_away() -> None:
    turns, go, working = Turns(2, "pictures"), asyncio.Event(), 0

    async def question() -> None:
        nonlocal working
        async with turns.one():
            working += 1
            try:
                await go.wait()
            finally:
                working -= 1

    asked = [asyncio.ensure_future(question()) for _ in range(2 + MOST_WAITING)]
    await asyncio.sleep(0.01)
    assert working == 2
    with pytest.raises(Refusal, match="too many pictures at once; try again") as sent:
        await question()
    assert sent.value.status == 503 and sent.value.headers == {"Retry-After": "5"}
    asked[-1].cancel()  # who goes makes room
    asked[0].cancel()
    await asyncio.sleep(0.01)
    assert working == 2
    more = [asyncio.ensure_future(question()) for _ in range(2)]
    go.set()
    told = await asyncio.gather(*asked, *more, return_exceptions=True)
    assert [type(one) for one in told if one is not None] == [asyncio.CancelledError] * 2
    async with turns.one():
        pass


@run
async def test_nobody_waits_without_end_for_a_verification(tmp_path: Path) -> None:
    audit, go = await opened(tmp_path, ManualClock()), asyncio.Event()
    inside = audit.verify

    async def slow(*others: Any) -> Any:
        await go.wait()
        return await inside(*others)

    audit.verify = slow  # type: ignore[method-assign]
    api = Api([AuditRoutes(audit)])
    asked = [
        asyncio.ensure_future(api.status(AUDITOR, "GET", "/audit/verify")) for _ in range(4 + VERIFICATIONS_WAITING)
    ]
    done, _ = await asyncio.wait(asked, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    go.set()
    assert done and sorted(await asyncio.gather(*asked)) == [200] * (1 + VERIFICATIONS_WAITING) + [503] * 3
    await audit.close()
