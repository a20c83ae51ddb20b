"""Tells the engine that a day has begun at the site: at the start, and at every midnight there."""

from collections.abc import Callable
from datetime import datetime, time, timedelta

from acd.facts import DayBegun, Fact
from ivr.clock import Clock, Timer
from ivr.site import Site

LONGEST_SECONDS = 600.0
"""A look at the calendar at least so often: the machine's clock may be set, and the site's zone changed."""

SHORTEST_SECONDS = 0.01


class Days:
    """The site's calendar, as far as the engine asks for it."""

    def __init__(self, submit: Callable[[Fact, str], object], clock: Clock, site: Callable[[], Site]) -> None:
        """`submit(fact, key)` takes each day once; the engine time of a fact is stamped by whoever takes it."""
        self._submit, self._clock, self._site = submit, clock, site
        self._day = ""
        self._timer: Timer | None = None

    def start(self) -> None:
        """Tell today, and go on telling."""
        local = self._site().local(self._clock.now())
        day = local.date().isoformat()
        if day > self._day:  # a clock that is set back begins no day anew
            self._day = day
            self._submit(DayBegun(at=self._clock.now(), t=0, day=day), f"day:{day}")
        self._timer = self._clock.call_later(min(until_midnight(local), LONGEST_SECONDS), self.start)

    def stop(self) -> None:
        """Tell no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def until_midnight(local: datetime) -> float:
    """Seconds until the next day begins, by a clock of this time zone: 23 or 25 hours where the hour changes."""
    midnight = datetime.combine(local.date() + timedelta(days=1), time(), local.tzinfo)
    return max(SHORTEST_SECONDS, midnight.timestamp() - local.timestamp())
