"""What boards, metrics and the telephone's side may read of the engine. Frozen: a look, not a handle."""

from collections.abc import Iterator
from dataclasses import dataclass

from acd.circles import Queue
from acd.living import Agent, AgentStatus, Offer, Phase, Visit
from acd.model import AgentId, CallId, DeviceState, Doors, OfferId, QueueId, VisitId
from acd.state import State


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
    offer: OfferId | None  # the first one that lives
    offers: tuple[OfferId, ...] = ()
    since_us: int = 0  # the place counts from here; `joined_us` or earlier
    step: int = 0
    only: AgentId | None = None


@dataclass(frozen=True, slots=True)
class AgentView:
    """An agent, since when (engine time, microseconds) the status holds, and the living offer. Today's figures."""

    agent: AgentId
    status: AgentStatus
    since_us: int
    device: DeviceState
    offer: OfferId | None
    logged_in: bool = True
    reason: str = ""  # of a pause
    paused_until_us: int | None = None  # None: until the agent says ready
    calls: int = 0
    talk_us: int = 0


@dataclass(frozen=True, slots=True)
class QueueView:
    """A queue at this moment; `service_level` in whole percent, of today."""

    queue: QueueId
    doors: Doors
    waiting: int  # callers who wait or are offered
    oldest_us: int | None  # when the one of them who waits longest has joined, engine time
    logged_in: int
    there: int  # logged in, with a phone that can be reached
    available: int
    service_level: int


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
    held: bool = False


def of_visit(state: State, visit: Visit) -> VisitView:
    """The view of a visit; its position is a look at each lane of its queue."""
    queue = state.queues.get(visit.queue)
    lanes = (*queue.lanes, queue.kept) if queue is not None and visit.waits and visit.lane is not None else ()
    return _visit(visit, 1 + sum(lane.before(visit.place) for lane in lanes) if lanes else 0)


def somebody_is_free(state: State, visit: Visit) -> bool:
    """Whether an agent whom the visit may be offered to by now is available."""
    queue = state.queues.get(visit.queue)
    return queue is not None and any(len(pool) for pool in queue.pools[: visit.step + 1])


def living(state: State, queue: QueueId) -> Iterator[Visit]:
    """Every living visit of a queue, in the order of joining."""
    return (visit for visit in state.visits.values() if visit.queue == queue)


def _visit(visit: Visit, position: int) -> VisitView:
    return VisitView(
        visit.id,
        visit.call,
        visit.queue,
        visit.priority,
        visit.joined,
        position,
        visit.parked,
        next(iter(visit.offers), None),
        tuple(visit.offers),
        visit.since,
        visit.step,
        visit.only,
    )


def waiting(state: State, queue: QueueId) -> tuple[VisitView, ...]:
    """The callers of a queue who wait to be offered, the next one first."""
    found = state.queues.get(queue)
    if found is None:
        return ()
    visits = sorted((v for lane in (*found.lanes, found.kept) for v in lane if v.waits), key=lambda v: v.place)
    return tuple(_visit(v, n) for n, v in enumerate(visits, 1))


def in_queue(state: State, queue: QueueId) -> tuple[VisitView, ...]:
    """Every living visit of a queue: waiting, offered and parked, in the order of their places."""
    visits = sorted(living(state, queue), key=lambda v: v.place)
    return tuple(_visit(v, n) for n, v in enumerate(visits, 1))


def of_queue(queue: Queue) -> QueueView:
    """A queue's figures."""
    joined = [visit.joined for visit in queue.living.values() if not visit.parked]
    return QueueView(
        queue.config.id,
        queue.doors,
        queue.waiting,
        min(joined, default=None),
        queue.logged_in,
        queue.there,
        queue.idle,
        queue.service_level,
    )


def of_agent(agent: Agent) -> AgentView:
    return AgentView(
        agent.id,
        agent.status,
        agent.since,
        agent.device,
        agent.offer,
        agent.logged_in,
        agent.paused,
        agent.pause_until,
        agent.calls,
        agent.talk_us,
    )


def of_offer(offer: Offer) -> OfferView:
    return OfferView(
        offer.id, offer.visit, offer.call, offer.queue, offer.agent, offer.phase, offer.changed, offer.held
    )
