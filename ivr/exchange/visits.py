"""What the engine knows of a queue visit, as the runner asks it."""

from acd.engine import Engine
from acd.model import VisitId, VisitOutcome


class Visits:
    """What the engine knows of a visit, for the runner."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

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
