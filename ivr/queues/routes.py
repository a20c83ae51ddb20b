"""What the API tells of the queues: the engine's own truth at this moment, and what the records count."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel

from ivr.access.limits import limits
from ivr.access.model import Reach
from ivr.access.rights import reads
from ivr.figures.queue_totals import totals
from ivr.figures.tally import Tally
from ivr.queues.present import Engine, QueueRows
from ivr.site import Site
from ivr.web.api.answers import Name, refusals
from ivr.web.api.routing import Allowed, Granted, Refusal, api_router

LOOK = Allowed(
    reads(
        "queues",
        admin=Reach.EVERYTHING,
        supervisor=Reach.OWN_QUEUES,
        agent=Reach.SELF,
        auditor=Reach.EVERYTHING,
        monitor=Reach.EVERYTHING,
    )
)
Looks = Annotated[Granted, LOOK]


class QueueAnswer(BaseModel):
    """A queue at this moment (`ivr.queues.present.QueueRow`), and its visits' outcomes since the records begin:
    `joined` to `mean_wait_us`. Waits are in microseconds."""

    queue: str
    label: str
    doors: str
    waiting: int
    longest_wait_us: int
    offered: int
    available: int
    talking: int
    paused: int
    logged_in: int
    service_level: int
    fresh: bool
    joined: int
    by_transfer: int
    answered: int
    abandoned: int
    overflowed: int
    other: int
    mean_wait_us: int


class QueuesAnswer(BaseModel):
    """In the order of queues.yaml. Nobody is overtaken by who came more than the bound later."""

    queues: list[QueueAnswer]
    overtaking_bound_seconds: float


class QueueRoutes:
    """Shows the queues within reach."""

    def __init__(self, engine: Engine, tally: Tally, site: Callable[[], Site], now_us: Callable[[], int]) -> None:
        self._engine, self._tally, self._site, self._now_us = engine, tally, site, now_us
        self._rows = QueueRows(engine)

    def routes(self) -> APIRouter:
        """Show all, show one."""
        router = api_router("queues")
        router.get("/queues", responses=refusals())(self.show)
        router.get("/queues/{queue}", responses=refusals(404))(self.show_one)
        return router

    async def show(self, granted: Looks) -> QueuesAnswer:
        """Each queue: waiting callers, the longest wait, agents, and every visit's outcome."""
        within = limits(granted.principal, granted.reach, self._site())
        shown = [row for row in self._all() if within.queue(row.queue)]
        return QueuesAnswer(queues=shown, overtaking_bound_seconds=self._engine.config.overtaking_bound_us / 1e6)

    async def show_one(self, queue: Name, granted: Looks) -> QueueAnswer:
        """One queue."""
        if not limits(granted.principal, granted.reach, self._site()).queue(queue):
            raise Refusal("this queue is not within your account's reach", status=403)
        found = next((row for row in self._all() if row.queue == queue), None)
        if found is None:
            raise Refusal("there is no queue of this name; GET /api/queues tells those that are", status=404)
        return found

    def _all(self) -> list[QueueAnswer]:
        labels = {name: queue.label for name, queue in self._site().queues.items()}
        rows = self._rows.rows(self._now_us(), labels)
        counted = totals(self._tally, [row.queue for row in rows])
        return [QueueAnswer(**asdict(row), **counted[row.queue]) for row in rows]
