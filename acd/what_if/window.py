"""The time in which a caller waited, cut out of a journal: how things stood at the joining, and what followed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from acd.config import EngineConfig
from acd.decisions import BeginWrapUp, Decision, EndVisit, MakeOffer
from acd.engine import Engine
from acd.facts import CallerJoined, CallerSwapped, Fact
from acd.model import AgentId, CallId, QueueId, VisitId, VisitOutcome
from acd.views import AgentView, OfferView, VisitView
from acd.what_if.trails import Trails

MOST_ENTRIES = 20_000
"""So many entries are followed while a caller waits; what comes after them is not looked at."""


@dataclass(slots=True)
class Window:
    """One visit. The state is that of just before the joining; `entries` begin with the joining itself."""

    visit: VisitId
    queue: QueueId
    only: AgentId | None
    priority: int
    at: datetime
    t: int
    state: Mapping[str, Any]
    agents: tuple[AgentView, ...]
    callers: tuple[VisitView, ...]
    offers: tuple[OfferView, ...]
    entries: list[tuple[Fact, Sequence[Decision]]] = field(default_factory=list)
    ended: EndVisit | None = None
    end_t: int = 0  # of the visit; of the last entry while it goes on
    cut: bool = False  # there were more entries than `MOST_ENTRIES`

    @property
    def answered(self) -> bool:
        """Whether the caller was answered in the end."""
        return self.ended is not None and self.ended.outcome is VisitOutcome.ANSWERED

    def head_start(self, config: EngineConfig) -> int:
        """How many steps of priority this caller had, the queue's weight included."""
        return self.priority + next((q.weight for q in config.queues if q.id == self.queue), 0)

    @staticmethod
    def wrapping(decisions: Sequence[Decision]) -> Iterator[AgentId]:
        """Who begins to work after a talk."""
        return (decision.agent for decision in decisions if isinstance(decision, BeginWrapUp))

    def rung(self) -> Iterator[MakeOffer]:
        """The offers of this caller, as they were made."""
        for _, decisions in self.entries:
            yield from (d for d in decisions if isinstance(d, MakeOffer) and d.visit == self.visit)


class Record:
    """Reads a journal: the state at every moment, and a window for every visit of one call."""

    def __init__(self, call: CallId) -> None:
        self.engine = Engine(EngineConfig(queues=(), agents=()))
        self.trails = Trails()
        self.windows: dict[VisitId, Window] = {}
        self._call = call
        self._open: dict[VisitId, Window] = {}

    def begin(self, state: Mapping[str, Any]) -> None:
        """Begin at a checkpoint instead of at the journal's beginning. Raises acd.snapshot.UnknownSnapshot."""
        self.engine.load(state)

    def look_back(self, fact: Fact, decisions: Sequence[Decision]) -> None:
        """An entry of before the checkpoint: only how phones behaved is learnt from it."""
        self.trails.take(fact, decisions)

    def take(self, fact: Fact, decisions: Sequence[Decision]) -> None:
        """One entry about the engine."""
        if isinstance(fact, CallerJoined) and (fact.call == self._call or fact.visit in self.windows):
            self._joined(fact)
        elif isinstance(fact, CallerSwapped) and fact.call == self._call:
            self._joined_instead(fact)
        for window in list(self._open.values()):
            self._follow(window, fact, decisions)
        self.trails.take(fact, decisions)
        self.engine.fold(fact, decisions)

    def _joined(self, fact: CallerJoined) -> None:
        if fact.visit not in self.windows and self.engine.ended(fact.visit) is None:
            window = self._window(fact, fact.visit, fact.queue, fact.priority, fact.only)
            self.windows[fact.visit] = self._open[fact.visit] = window

    def _joined_instead(self, fact: CallerSwapped) -> None:
        """Another call's place becomes this one's: what could have helped is looked for from here on."""
        view = self.engine.visit(fact.visit)
        if view is not None and fact.visit not in self.windows:
            window = self._window(fact, fact.visit, view.queue, view.priority, view.only)
            self.windows[fact.visit] = self._open[fact.visit] = window

    def _window(self, fact: Fact, visit: VisitId, queue: QueueId, priority: int, only: AgentId | None) -> Window:
        engine = self.engine
        callers = tuple(view for q in engine.config.queues for view in engine.in_queue(q.id))
        t = max(engine.time_us, fact.t)
        return Window(
            visit,
            queue,
            only,
            priority,
            fact.at,
            t,
            engine.snapshot(),
            engine.agents(),
            callers,
            engine.offers(),
            end_t=t,
        )

    def _follow(self, window: Window, fact: Fact, decisions: Sequence[Decision]) -> None:
        if len(window.entries) >= MOST_ENTRIES:
            window.cut = True
        else:
            window.entries.append((fact, tuple(decisions)))
            window.end_t = max(window.end_t, fact.t)
        for decision in decisions:
            if isinstance(decision, EndVisit) and decision.visit == window.visit:
                window.ended = decision
                window.end_t = max(window.end_t, fact.t)
                self._open.pop(window.visit, None)
