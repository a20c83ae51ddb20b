"""A clock that stands still until a test moves it. Both time lines move together; a test may jump the wall alone."""

import asyncio
import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class ManualTimer:
    """A pending call-back of a `ManualClock`."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class ManualClock:
    """An `ivr.clock.Clock`. `wall` may be set to any moment: durations do not notice."""

    def __init__(self, wall: datetime = datetime(2026, 11, 23, 15, 0, tzinfo=UTC), boot_us: int = 1_000_000) -> None:
        self.wall = wall
        self.boot_us = boot_us
        self._timers: list[tuple[int, int, ManualTimer]] = []
        self._count = 0

    def now(self) -> datetime:
        return self.wall

    def engine_us(self) -> int:
        return self.boot_us

    def call_later(self, seconds: float, callback: Callable[[], None]) -> ManualTimer:
        timer = ManualTimer(callback)
        self._count += 1
        heapq.heappush(self._timers, (self.boot_us + max(0, round(seconds * 1e6)), self._count, timer))
        return timer

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.call_later(seconds, lambda: None if future.done() else future.set_result(None))
        await future

    @property
    def pending(self) -> int:
        """Timers that would still run: none should be left over at the end of a test."""
        return sum(timer.callback is not None for _, _, timer in self._timers)

    def advance(self, seconds: float) -> None:
        """Move time on and run what is due on the way, in order, each at its own moment."""
        end = self.boot_us + round(seconds * 1e6)
        while self._timers and self._timers[0][0] <= end:
            due, _, timer = heapq.heappop(self._timers)
            self._move_to(max(due, self.boot_us))
            callback, timer.callback = timer.callback, None
            if callback is not None:
                callback()
        self._move_to(end)

    def _move_to(self, boot_us: int) -> None:
        self.wall += timedelta(microseconds=boot_us - self.boot_us)
        self.boot_us = boot_us
