"""Many deadlines, one timer, and no look at the clock.

A command sets a deadline and nearly always clears it a millisecond later. A timer of the loop for each, or only the
time of day for each, would cost more than the rest of a command's bookkeeping. Here a deadline is the number of a
tick, and somebody ticks only while there is somebody to wait for.
"""

import math
from collections.abc import Collection
from typing import Protocol

from ivr.clock import Clock, Timer

TICK_SECONDS = 0.25  # a tick wakes the process, so it is counted against every command of that moment


class Overdue(Protocol):
    """Something that may wait too long."""

    due: int
    """The tick of its deadline; 0 for none. It writes it itself."""

    def overdue(self) -> None:
        """The deadline has passed and is forgotten."""


def ticks(seconds: float) -> int:
    """What to add to `Deadlines.now` for a deadline in `seconds`: never early, late by two ticks at most."""
    return math.ceil(seconds / TICK_SECONDS) + 1


class Deadlines:
    """At most one deadline for each of the `owners`.

    They are somebody else's collections, looked at once a tick: who leaves them has no deadline any more. Whoever puts
    one into them calls `wind`; the ticking ends by itself when there is none left.
    """

    def __init__(self, clock: Clock, *owners: Collection[Overdue]) -> None:
        self._clock = clock
        self._owners = owners
        self._timer: Timer | None = None
        self.now = 1

    def wind(self) -> None:
        """Somebody is here to wait for."""
        if self._timer is None:
            self._timer = self._clock.call_later(TICK_SECONDS, self._tick)

    def close(self) -> None:
        """Tick no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = None
        self.now = now = self.now + 1
        for owner in [owner for owners in self._owners for owner in owners if 0 < owner.due <= now]:
            if 0 < owner.due <= now:  # an earlier one of this round may have ended it
                owner.due = 0
                owner.overdue()
        if any(self._owners):
            self.wind()
