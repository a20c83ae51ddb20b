"""Many deadlines, one timer.

A command sets a deadline and nearly always clears it a millisecond later. A timer of the loop for each would cost
more than the command's own bookkeeping; here it is one number written, and written back.
"""

from collections.abc import Iterable
from typing import Protocol

from ivr.clock import Clock, Timer

_PAUSE_US = 50_000  # scans are at least so far apart: thousands of deadlines in a second stay cheap
_NEVER = 1 << 62


class Overdue(Protocol):
    """Something that may wait too long. It may set `due_us` to 0 itself: no deadline."""

    due_us: int

    def overdue(self) -> None:
        """The deadline has passed (by up to 50 ms) and is forgotten."""


class Deadlines:
    """At most one deadline for each of `owners`, in engine time.

    `owners` is somebody else's collection, looked at only when a deadline may have passed: who leaves it has none.
    """

    def __init__(self, clock: Clock, owners: Iterable[Overdue]) -> None:
        self._clock = clock
        self._owners = owners
        self._timer: Timer | None = None
        self.armed_for = _NEVER

    def set(self, owner: Overdue, at_us: int) -> None:
        """Call `owner.overdue()` at `at_us` unless it is set anew, or to 0, before."""
        owner.due_us = at_us
        if at_us < self.armed_for:
            self.arm(at_us)

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self.armed_for = None, _NEVER

    def arm(self, at_us: int) -> None:
        """Look at the owners at `at_us`. Only for who has set a `due_us` before `armed_for` itself."""
        if self._timer is not None:
            self._timer.cancel()
        self.armed_for = at_us
        self._timer = self._clock.call_later((at_us - self._clock.engine_us()) / 1e6, self._scan)

    def _scan(self) -> None:
        self._timer, self.armed_for = None, _NEVER
        now = self._clock.engine_us()
        for owner in [owner for owner in self._owners if 0 < owner.due_us <= now]:
            if 0 < owner.due_us <= now:  # an earlier owner of this round may have ended it
                owner.due_us = 0
                owner.overdue()
        earliest = min((owner.due_us for owner in self._owners if owner.due_us), default=_NEVER)
        if earliest < self.armed_for:
            self.arm(max(earliest, now + _PAUSE_US))
