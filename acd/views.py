"""What boards, metrics and the telephone's side may read of the engine. Frozen: a look, not a handle."""

from dataclasses import dataclass

from acd.model import AgentId, CallId, DeviceState, OfferId, QueueId, VisitId
from acd.state import Agent, AgentStatus, Offer, Phase, State, Visit


@dataclass(frozen=True, slots=True)
class VisitView:
    """A living visit. `position` counts from 1; 0 while the caller is offered to an agent or parked."""

    visit: VisitId
    call: CallId
    queue: QueueId
    priority: int
    joined_us: int
    position: int
    parked: bool
    offer: OfferId | None


@dataclass(frozen=True, slots=True)
class AgentView:
    """An agent, since when (engine time, microseconds) the status holds, and the living offer."""

    agent: AgentId
    status: AgentStatus
    since_us: int
    device: DeviceState
    offer: OfferId | None


@dataclass(frozen=True, slots=True)
class OfferView:
    """A living offer: ringing, whispering, talking, or being cancelled."""

    offer: OfferId
    visit: VisitId
    call: CallId
    queue: QueueId
    agent: AgentId
    phase: Phase
    since_us: int


def of_visit(state: State, visit: Visit) -> VisitView:
    """The view of a visit; finding its position costs a look through its queue."""
    queue = state.queues.get(visit.queue)
    ahead = [v for _, v in queue.waiting] if queue is not None and visit.waits else []
    position = 1 + ahead.index(visit) if visit in ahead else 0
    return _visit(visit, position)


def _visit(visit: Visit, position: int) -> VisitView:
    return VisitView(
        visit.id, visit.call, visit.queue, visit.priority, visit.joined, position, visit.parked, visit.offer
    )


def waiting(state: State, queue: QueueId) -> tuple[VisitView, ...]:
    """The callers of a queue who wait to be offered, the next one first."""
    found = state.queues.get(queue)
    return tuple(_visit(v, n) for n, (_, v) in enumerate(found.waiting, 1)) if found else ()


def in_queue(state: State, queue: QueueId) -> tuple[VisitView, ...]:
    """Every living visit of a queue: waiting, offered and parked, in the order of their places."""
    visits = sorted((v for v in state.visits.values() if v.queue == queue), key=lambda v: v.place)
    return tuple(_visit(v, n) for n, v in enumerate(visits, 1))


def of_agent(agent: Agent) -> AgentView:
    return AgentView(agent.id, agent.status, agent.since, agent.device, agent.offer)


def of_offer(offer: Offer) -> OfferView:
    return OfferView(offer.id, offer.visit, offer.call, offer.queue, offer.agent, offer.phase, offer.changed)
