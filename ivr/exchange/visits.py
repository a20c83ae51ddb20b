"""What the engine knows of a queue visit, as the runner asks it."""

from collections.abc import Callable
from datetime import timedelta

from acd.engine import Engine
from acd.living import Phase
from acd.model import AgentId, DeviceState, QueueId, VisitId, VisitOutcome

_PICKED_UP = frozenset({Phase.ANSWERED, Phase.TALKING})


class Visits:
    """What the engine knows of a visit, for the runner."""

    def __init__(self, engine: Engine, now_us: Callable[[], int]) -> None:
        """`now_us`: engine time, on the journal's own time line."""
        self._engine = engine
        self._now_us = now_us

    def place_of(self, visit: VisitId) -> int | None:
        """1 for the next in line; None when the visit does not wait, while an agent is being connected, and when one
        could be offered at this moment."""
        view = self._engine.visit(visit)
        if view is None or view.offers or self._engine.somebody_is_free(visit):
            return None
        return view.position or None

    def agent_is_there(self, visit: VisitId) -> bool:
        """Whether an agent has picked up for this visit and is about to be connected."""
        view = self._engine.visit(visit)
        offers = [self._engine.offer(offer) for offer in view.offers] if view is not None else []
        return any(offer is not None and offer.phase in _PICKED_UP for offer in offers)

    def credit_of(self, visit: VisitId) -> timedelta:
        """How much earlier than the joining the place of a living visit counts from."""
        view = self._engine.visit(visit)
        return timedelta(microseconds=view.joined_us - view.since_us) if view is not None else timedelta()

    def is_over(self, visit: VisitId) -> bool:
        """Whether the visit has its outcome."""
        return self._engine.ended(visit) is not None

    def may_be_rung(self, agent: AgentId) -> bool:
        """Whether the agent's phone is free, whatever else the agent does; also True for who is no agent."""
        view = next((view for view in self._engine.agents() if view.agent == agent), None)
        return view is None or (view.offer is None and view.device in (DeviceState.FREE, DeviceState.UNREACHABLE))

    def exit_of(self, visit: VisitId) -> str | None:
        """The queue's exit of a visit that overflowed."""
        ended = self._engine.ended(visit)
        return ended.why if ended and ended.outcome is VisitOutcome.OVERFLOWED else None

    def figure(self, queue: str, what: str) -> int:
        """`waiting`, `ready`, `logged_in` (people) or `longest_wait` (seconds) of a queue; 0 for one that is not.

        Agents of every step count. Who is logged in at a phone that nobody can reach is not there, and does not.
        """
        name = QueueId(queue)
        if what == "waiting":
            return len(self._engine.joined_us(name))
        if what == "longest_wait":
            joined = self._engine.joined_us(name)
            return (self._now_us() - min(joined)) // 1_000_000 if joined else 0
        view = next((view for view in self._engine.queues() if view.queue == name), None)
        if view is None:
            return 0
        return view.available if what == "ready" else view.there
