"""Many deadlines, one timer.

A command sets a deadline and nearly always clears it a millisecond later. A timer of the loop for each would cost
more than the command's own bookkeeping; here it is one entry in a dict.
"""

from typing import Protocol

from ivr.clock import Clock, Timer

_PAUSE_US = 50_000  # scans are at least so far apart: thousands of deadlines in a second stay cheap


class Overdue(Protocol):
    """Something that may wait too long."""

    def overdue(self) -> None:
        """The deadline has passed (by up to 50 ms) and is forgotten."""


class Deadlines:
    """At most one deadline for each owner, in engine time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: dict[Overdue, int] = {}
        self._timer: Timer | None = None
        self._armed_for = 0

    def set(self, owner: Overdue, at_us: int) -> None:
        """Call `owner.overdue()` at `at_us` unless cleared or set anew before."""
        self._due[owner] = at_us
        if self._timer is None or at_us < self._armed_for:
            self._arm(at_us)

    def clear(self, owner: Overdue) -> None:
        """Forget the owner's deadline; harmless when there is none."""
        self._due.pop(owner, None)

    def close(self) -> None:
        """Forget all."""
        self._due.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, at_us: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._armed_for = at_us
        self._timer = self._clock.call_later((at_us - self._clock.engine_us()) / 1e6, self._scan)

    def _scan(self) -> None:
        self._timer = None
        now = self._clock.engine_us()
        for owner in [owner for owner, at in self._due.items() if at <= now]:
            if self._due.get(owner, now + 1) <= now:  # an earlier owner of this round may have cleared it
                del self._due[owner]
                owner.overdue()
        if self._due and self._timer is None:
            self._arm(max(min(self._due.values()), now + _PAUSE_US))
