"""The one owner of time: every reading, timer and sleep of the server goes through a `Clock`.

Wall time is for people and records. Durations and deadlines use *engine time*: whole microseconds
that never decrease, so a clock that is set back or jumps changes no decision. Tests use
`ivr.testing.clock.ManualClock`.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Timer(Protocol):
    """A pending call-back."""

    def cancel(self) -> None:
        """Forget the call-back; harmless when it already ran."""


class Clock(Protocol):
    """Reads time and owns timers."""

    def now(self) -> datetime:
        """The wall time, aware, in UTC."""

    def engine_us(self) -> int:
        """Engine time: microseconds, never decreasing within a boot of the machine."""

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` once, `seconds` from now (at once if not positive)."""

    async def sleep(self, seconds: float) -> None:
        """Let others run for `seconds`."""


class LoopClock:
    """The clock of the running asyncio loop."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def engine_us(self) -> int:
        # CLOCK_BOOTTIME goes on while the machine sleeps and is common to all processes of a boot:
        # a restarted server continues the same time line.
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(max(0.0, seconds), callback)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))
