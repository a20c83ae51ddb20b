"""Who answered a caller last: asked of the records while the caller still hears the menu, never waited for long."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from acd.model import AgentId
from ivr.clock import Clock

log = structlog.get_logger(__name__)

Talk = tuple[str, datetime]
"""An agent, and when the talk began."""

PATIENCE = 0.2
"""Seconds from the question until a caller joins without the answer."""

REMEMBERED = 2_000
"""Callers whose answer is kept: more than call within the time of a menu."""


class LastAgents:
    """Answers for callers of whom it was asked in time. On the loop's thread only; `find` runs in another one."""

    def __init__(self, find: Callable[[str], Talk | None], clock: Clock) -> None:
        """`find(caller)` gives the latest talk of a caller (opaque key); it may block and may raise anything."""
        self._find, self._clock = find, clock
        self._asked: OrderedDict[str, asyncio.Task[Talk | None]] = OrderedDict()
        self._running: set[asyncio.Task[Talk | None]] = set()  # also those that nobody waits for any more

    def begin(self, caller: str) -> None:
        """A call of this caller begins: ask anew."""
        if not caller:
            return
        before = self._asked.pop(caller, None)
        if before is not None and not before.done():
            self._asked[caller] = before
            return
        task = self._asked[caller] = asyncio.get_running_loop().create_task(self._ask(caller))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        while len(self._asked) > REMEMBERED:
            self._asked.popitem(last=False)

    async def of(self, caller: str, days: int) -> AgentId | None:
        """Who talked to this caller last, within so many days; None when nobody did, or nobody knows in time."""
        if not caller:
            return None
        if caller not in self._asked:  # the server was started anew in the middle of the call
            self.begin(caller)
        asked = self._asked[caller]
        if not asked.done():
            await asyncio.wait([asked], timeout=PATIENCE)
        talk = asked.result() if asked.done() and not asked.cancelled() else None
        if talk is None or self._clock.now() - talk[1] > timedelta(days=days):
            return None
        return AgentId(talk[0])

    async def _ask(self, caller: str) -> Talk | None:
        try:
            return await asyncio.to_thread(self._find, caller)
        except Exception as fault:  # callers come first: without an answer they are everybody's
            log.warning("the records do not say who answered last", why=type(fault).__name__)
            return None

    async def close(self) -> None:
        """Ask nothing more."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._asked.clear()
