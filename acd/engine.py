"""The routing engine: facts in, decisions with reasons out. Pure: no clock, no I/O, no chance.

The same configuration and the same facts give the same decisions, byte for byte. After a crash `fold` takes in what
was recorded and decides nothing anew; the state is then the same as before.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from acd import views
from acd.absorb import absorb
from acd.carry import carry
from acd.config import EngineConfig
from acd.decisions import Decision
from acd.facts import Fact
from acd.living import EndedVisit
from acd.model import OfferId, QueueId, VisitId
from acd.rules import decide
from acd.snapshot import restore, snapshot
from acd.state import State
from acd.views import AgentView, OfferView, QueueView, VisitView

ENGINE_VERSION = 2
"""Grows when the same facts may give other decisions. It is journalled with every start."""


class Engine:
    """One engine for all queues that share agents. Not for several threads."""

    def __init__(self, config: EngineConfig, *, state: State | None = None) -> None:
        self._state = state or State(config)

    @property
    def config(self) -> EngineConfig:
        """What is in force: given at the beginning, then by the latest `Reconfigured`."""
        return self._state.config

    @classmethod
    def restore(cls, config: EngineConfig, data: Mapping[str, Any]) -> "Engine":
        """An engine that goes on where `snapshot()` was taken, under a configuration that may be another one by now.

        Raises acd.snapshot.UnknownSnapshot.
        """
        state = restore(config, data)
        if state.config != config:
            state.reconfigure(config)
        return cls(config, state=state)

    def load(self, data: Mapping[str, Any]) -> None:
        """Become the engine whose `snapshot()` this is, with its configuration. Raises acd.snapshot.UnknownSnapshot and
        is then as before."""
        self._state = restore(self.config, data)

    def apply(self, fact: Fact) -> tuple[Decision, ...]:
        """Take in a fact and decide what follows from it."""
        absorb(self._state, fact)
        made: list[Decision] = []
        for decision in decide(self._state):
            carry(self._state, decision)
            made.append(decision)
        return tuple(made)

    def fold(self, fact: Fact, decisions: Iterable[Decision]) -> None:
        """Take in a recorded fact and what was decided then."""
        absorb(self._state, fact)
        for decision in decisions:
            carry(self._state, decision)

    def next_deadline(self) -> int | None:
        """The engine time at which a `Tick` is wanted, or None."""
        return self._state.deadlines.next()

    def snapshot(self) -> dict[str, Any]:
        """The whole state as a JSON object."""
        return snapshot(self._state)

    @property
    def time_us(self) -> int:
        """Engine time of the latest fact."""
        return self._state.t

    @property
    def linked(self) -> bool:
        """Whether the engine knows what Asterisk says, and may make offers."""
        return self._state.linked

    def waiting(self, queue: QueueId) -> tuple[VisitView, ...]:
        """Callers who wait to be offered, the next one first."""
        return views.waiting(self._state, queue)

    def in_queue(self, queue: QueueId) -> tuple[VisitView, ...]:
        """Every living visit of a queue, offered and parked ones too, in the order of their places."""
        return views.in_queue(self._state, queue)

    def visit(self, visit: VisitId) -> VisitView | None:
        """A living visit."""
        found = self._state.visits.get(visit)
        return views.of_visit(self._state, found) if found else None

    def somebody_is_free(self, visit: VisitId) -> bool:
        """Whether an agent whom a living visit may be offered to by now is available. At once, however many wait."""
        found = self._state.visits.get(visit)
        return found is not None and views.somebody_is_free(self._state, found)

    def joined_us(self, queue: QueueId) -> list[int]:
        """When each living visit of a queue has joined, engine time."""
        return [visit.joined for visit in views.living(self._state, queue)]

    def ended(self, visit: VisitId) -> EndedVisit | None:
        """The outcome of one of the latest visits that ended."""
        return self._state.ended_visits.get(visit)

    def offer(self, offer: OfferId) -> OfferView | None:
        """A living offer."""
        found = self._state.offers.get(offer)
        return views.of_offer(found) if found else None

    def agents(self) -> tuple[AgentView, ...]:
        """Every configured agent, in the order of the configuration."""
        return tuple(views.of_agent(self._state.agents[name]) for name in self._state.serves)

    def queues(self) -> tuple[QueueView, ...]:
        """Every configured queue, in the order of the configuration."""
        return tuple(views.of_queue(queue) for queue in self._state.queues.values())

    def offers(self) -> tuple[OfferView, ...]:
        """Every living offer, in the order of the decisions."""
        return tuple(views.of_offer(o) for o in self._state.offers.values())
