"""Slow questions take turns: so many at once, a few wait, and the others are told to come again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ivr.web.api.routing import Refusal

MOST_WAITING = 20
"""Who would come after these is told to try again; fewer may wait for what takes long, for each keeps a place of its
address."""


class Turns:
    """Of one kind of question. `what`: the questions, for those who are sent away."""

    def __init__(self, at_once: int, what: str = "questions", waiting: int = MOST_WAITING) -> None:
        self._turns, self._there, self._most = asyncio.Semaphore(at_once), 0, at_once + waiting
        self._what = what

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for a turn, and have it until the end of the block. Raises Refusal when too many wait."""
        if self._there >= self._most:
            raise Refusal(f"too many {self._what} at once; try again", status=503, headers={"Retry-After": "5"})
        self._there += 1
        try:
            async with self._turns:
                yield
        finally:
            self._there -= 1
