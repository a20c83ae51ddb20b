"""What the engine knows of a queue visit, as the runner asks it."""

from acd.engine import Engine
from acd.model import QueueId, VisitId, VisitOutcome
from acd.state import AgentStatus
from ivr.clock import Clock

READY = frozenset({AgentStatus.AVAILABLE})
LOGGED_IN = frozenset(AgentStatus) - {AgentStatus.UNREACHABLE}
"""Until agents log in and out, who has a telephone that can be reached is there."""


class Visits:
    """What the engine knows of a visit, for the runner."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def place_of(self, visit: VisitId) -> int | None:
        """1 for the next in line; None when the visit does not wait."""
        view = self._engine.visit(visit)
        return view.position or None if view else None

    def is_over(self, visit: VisitId) -> bool:
        """Whether the visit has its outcome."""
        return self._engine.ended(visit) is not None

    def exit_of(self, visit: VisitId) -> str | None:
        """The queue's exit of a visit that overflowed."""
        ended = self._engine.ended(visit)
        return ended.why if ended and ended.outcome is VisitOutcome.OVERFLOWED else None

    def figure(self, queue: str, what: str) -> int:
        """`waiting`, `ready`, `logged_in` (people) or `longest_wait` (seconds) of a queue; 0 for one that is not."""
        name = QueueId(queue)
        if what == "waiting":
            return len(self._engine.in_queue(name))
        if what == "longest_wait":
            joined = [visit.joined_us for visit in self._engine.in_queue(name)]
            return (self._clock.engine_us() - min(joined)) // 1_000_000 if joined else 0
        settings = next((one for one in self._engine.config.queues if one.id == name), None)
        members = self._engine.config.members(settings) if settings is not None else ()
        status = {agent.agent: agent.status for agent in self._engine.agents()}
        wanted = READY if what == "ready" else LOGGED_IN
        return sum(status.get(member) in wanted for member in members)
