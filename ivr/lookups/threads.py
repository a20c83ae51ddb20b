"""Blocking work beside the loop, in threads that nobody has to wait for at the end."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Places:
    """At most `count` pieces of blocking work at the same time.

    A place is free again when its thread ends, not when its caller gives up: a database that hangs holds its own
    places and nobody else's. The threads are daemons, because a driver that waits for a dead machine cannot be told
    to stop, and the server's end must not wait for it.
    """

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)

    async def run(self, work: Callable[[], T]) -> T:
        """The result of `work`, or what it raised. Cancelling gives up the waiting, not the thread."""
        loop = asyncio.get_running_loop()
        await self._free.acquire()
        result: asyncio.Future[T] = loop.create_future()

        def done(value: T | None, fault: BaseException | None) -> None:
            self._free.release()
            if result.done():
                return
            if fault is not None:
                result.set_exception(fault)
            else:
                result.set_result(value)  # type: ignore[arg-type]  # no fault: it is the work's T

        def thread() -> None:
            value: T | None = None
            fault: BaseException | None = None
            try:
                value = work()
            except BaseException as error:
                fault = error
            if not loop.is_closed():
                loop.call_soon_threadsafe(done, value, fault)

        try:
            threading.Thread(target=thread, name="look-up", daemon=True).start()
        except RuntimeError:
            self._free.release()
            raise
        return await result
