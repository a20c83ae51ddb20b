"""Requests that change something are carried out to their end, whoever asked for them waits or not.

A client that goes, a limit of time or a server that closes ends the wait for an answer. The deed itself and its entry
in the audit belong together, and nothing may come between them.
"""

import asyncio
from collections.abc import Coroutine

from starlette.responses import Response

from ivr import log as logs

log = logs.get(__name__)

LAST_SECONDS = 3.0
"""How long a server that closes waits for what goes on. Whoever ends it waits for ten seconds altogether."""


class Deeds:
    """What goes on now."""

    def __init__(self) -> None:
        self._going_on: set[asyncio.Task[Response]] = set()

    async def carry_out(self, deed: Coroutine[None, None, Response], name: str) -> Response:
        """The deed's answer. Who is cancelled here cancels nothing."""
        task = asyncio.create_task(deed, name=name)
        self._going_on.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: "asyncio.Task[Response]") -> None:
        self._going_on.discard(task)
        if not task.cancelled():
            task.exception()  # told already to whoever waited

    async def close(self) -> None:
        """Wait for everything that goes on, and give up what takes longer than LAST_SECONDS."""
        if not self._going_on:
            return
        _, left = await asyncio.wait(self._going_on, timeout=LAST_SECONDS)
        for task in left:
            log.error("a request that changes something was given up; the audit says only that it began",
                      route=task.get_name())  # fmt: skip
            task.cancel()
        if left:
            await asyncio.wait(left)
