"""What is done in the background, while whoever began it goes on."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Errands:
    """Kept until they are done: the loop alone would let them be collected in the middle."""

    def __init__(self) -> None:
        self._going: set[asyncio.Task[Any]] = set()

    def begin(self, errand: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """At the loop's next turn. The task may be cancelled."""
        task = asyncio.get_running_loop().create_task(errand)
        self._going.add(task)
        task.add_done_callback(self._going.discard)
        return task

    @property
    def going(self) -> frozenset[asyncio.Task[Any]]:
        """Those that are not done."""
        return frozenset(self._going)

    async def done(self) -> None:
        """Let what was begun come to its end, whatever that is."""
        await asyncio.gather(*self._going, return_exceptions=True)
