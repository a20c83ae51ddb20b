"""What a pass of retention may do, and what it did."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ivr.clock import Clock
from ivr.recordings.pace import BATCH, Pace
from ivr.recordings.remover import Removed
from ivr.site import Site

LONGEST_SLEEP = 60.0


@dataclass(slots=True)
class Run:
    """What a pass did. `stopped`: why it ended before everything was done; empty: nothing is left that is due. `left`:
    recordings that are not gone everywhere yet, and why; `begun`: nobody can hear them, and copies are there still."""

    began: datetime
    ended: datetime | None = None
    deleted: int = 0
    archived: int = 0
    held: int = 0
    begun: int = 0
    stopped: str = ""
    left: dict[str, str] = field(default_factory=dict)

    def add(self, deleted: Removed, archived: Removed) -> None:
        """What became of some."""
        self.deleted += len(deleted.gone)
        self.archived += len(archived.gone)
        self.held += len(deleted.held) + len(archived.held)
        for name in (*deleted.gone, *archived.gone):
            self.left.pop(name, None)
        self.left |= {**deleted.left, **archived.left}


class Allowance(Protocol):
    """How many may be done."""

    why: str
    """Why no more may be."""

    async def more(self, an_hour: int) -> int:
        """How many now, perhaps after a wait; 0: no more in this pass."""

    def took(self, count: int) -> None:
        """So many were done."""


class Nightly:
    """As long as the quiet hours last, spread evenly."""

    def __init__(self, pace: Pace, clock: Clock, site: Callable[[], Site]) -> None:
        self._pace, self._clock, self._site, self.why = pace, clock, site, ""

    async def more(self, an_hour: int) -> int:
        """Wait for the next ones."""
        while self._quiet():
            now_us = self._clock.engine_us()
            if count := self._pace.even(an_hour, now_us):
                return count
            await self._clock.sleep(min(LONGEST_SLEEP, self._pace.wait_us(an_hour, now_us) / 1e6))
        self.why = "the quiet hours are over"
        return 0

    def took(self, count: int) -> None:
        self._pace.took(count, self._clock.engine_us())

    def _quiet(self) -> bool:
        site = self._site()
        return site.recordings.quiet.hold(site.local(self._clock.now()))


class AtOnce:
    """At any hour, but no more than `most`, and no more than the hour's rate leaves."""

    def __init__(self, pace: Pace, clock: Clock, most: int) -> None:
        self._pace, self._clock, self._left, self.why = pace, clock, most, ""

    async def more(self, an_hour: int) -> int:
        """Without waiting."""
        room = self._pace.room(an_hour, self._clock.engine_us())
        self.why = "as many as were asked for" if not self._left else f"{an_hour} an hour are allowed"
        return min(room, self._left, BATCH)

    def took(self, count: int) -> None:
        self._left -= count
        self._pace.took(count, self._clock.engine_us())
