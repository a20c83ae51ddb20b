"""Whether callers may wait in a queue that has a timetable: tells the engine when that changes while they wait."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

import structlog

from acd.facts import Fact, QueueDoors
from acd.model import Doors, QueueId
from ivr.clock import Clock, Timer
from ivr.site import Site
from ivr.site.overrides import Override, opening_of

log = structlog.get_logger(__name__)


class Desk(Protocol):
    """Where facts go in (ivr.exchange.desk)."""

    def submit(self, fact: Fact) -> object: ...


class View(Protocol):
    """A queue as the engine has it (acd.views.QueueView)."""

    @property
    def queue(self) -> QueueId: ...
    @property
    def doors(self) -> Doors: ...


class QueueDoorkeeper:
    """Looks at every minute's beginning (timetables know no seconds) and whenever it is told to."""

    def __init__(
        self,
        desk: Desk,
        clock: Clock,
        site: Callable[[], Site],
        overriding: Callable[[str], Override | None],
        queues: Callable[[], Iterable[View]],
    ) -> None:
        """`overriding(timetable)` gives what is in force instead of it, `queues()` what the engine believes."""
        self._desk, self._clock, self._site = desk, clock, site
        self._overriding, self._queues = overriding, queues
        self._timer: Timer | None = None
        self._closed = False

    def start(self) -> None:
        """Look now, and from now on. Before callers come."""
        self.look()
        self._arm()

    def look(self) -> None:
        """Tell what is not as the engine believes: after the start, an override, another version of the site."""
        site, now = self._site(), self._clock.now()
        for view in self._queues():
            doors = self._doors(site, view.queue, now)
            if doors is not view.doors:
                log.info("a queue's doors", queue=view.queue, doors=doors.value)
                self._desk.submit(QueueDoors(at=now, t=self._clock.engine_us(), queue=view.queue, doors=doors))

    def _doors(self, site: Site, name: QueueId, now: datetime) -> Doors:
        queue = site.queues.get(name)
        if queue is None or queue.open not in site.hours:
            return Doors.OPEN
        answer = opening_of(site, queue.open, self._overriding(queue.open), site.local(now))
        return Doors(answer.state.value)

    def _arm(self) -> None:
        if not self._closed:
            now = self._clock.now()
            self._timer = self._clock.call_later(60 - now.second - now.microsecond / 1e6, self._at_the_minute)

    def _at_the_minute(self) -> None:
        try:
            self.look()
        finally:
            self._arm()

    def close(self) -> None:
        """Look no more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
