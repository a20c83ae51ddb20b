"""Who gets whom. A ready agent looks at the heads of the queues that it serves, a caller at the queue's ready agents.

Before every fact no ready agent and waiting caller are left who could be joined. So only the queues that the fact
touched are looked at, and a new pair cannot overtake anybody outside them.
"""

import heapq
from collections.abc import Iterator

from acd import reasons
from acd.circles import Queue
from acd.decisions import MakeOffer
from acd.lanes import Place
from acd.living import Agent, Visit
from acd.model import AgentId, DeviceState, OfferId
from acd.state import State

Pair = tuple[Visit, AgentId]
"""The first caller for whom an agent is available, and that agent."""


def first_pair(queue: Queue) -> Pair | None:
    """Callers in their order; for each the agent whom the strategy takes first, the inner rings before the outer."""
    if not queue.idle or queue.first[1] is None:
        return None
    inner = 0  # the first ring with an agent: callers of a smaller circle need not be asked
    while not queue.pools[inner].items:
        inner += 1
    found: Pair | None = None
    for lane in queue.lanes[inner:]:
        for place, visit in lane.items:
            if found is not None and place > found[0].place:
                break
            agent = _pick(queue, visit)
            if agent is not None:
                found = (visit, agent)
                break
    return found


def _pick(queue: Queue, visit: Visit) -> AgentId | None:
    for pool in queue.pools[: visit.step + 1]:
        if pool.items and (agent := pool.pick(queue, visit.tried)) is not None:
            return agent
    return None


def kept_pair(state: State, agent: AgentId) -> Pair | None:
    """The first caller who is kept for this agent, if the agent is available."""
    lane = state.kept.get(agent)
    if lane is None or state.agents[agent].ready is None:
        return None
    return next(((visit, agent) for visit in lane if agent not in visit.tried), None)


def match(state: State) -> Iterator[MakeOffer]:
    """Join callers and agents until nobody is left who could be, the earliest caller first."""
    if not state.linked:
        return
    heads: list[tuple[Place, Queue | AgentId, Pair]] = []
    for name in state.news.queues:
        if (queue := state.queues.get(name)) is not None:
            _push(state, heads, queue)
    for agent in state.news.agents:
        if agent in state.kept:
            _push(state, heads, agent)
    while heads:
        _, where, (visit, agent) = heapq.heappop(heads)
        # Both lists only grow shorter here: two who are still to be had are still the first pair.
        if state.agents[agent].ready is not None and visit.lane is not None:
            if isinstance(where, Queue):  # of those left, in case the choice depends on how many there are
                agent = _pick(where, visit) or agent
            yield offer(state, visit, agent, last=not isinstance(where, Queue))
        _push(state, heads, where)


def _push(state: State, heads: list[tuple[Place, Queue | AgentId, Pair]], where: Queue | AgentId) -> None:
    pair = first_pair(where) if isinstance(where, Queue) else kept_pair(state, where)
    if pair is not None:
        heapq.heappush(heads, (pair[0].place, where, pair))


def offer(state: State, visit: Visit, agent: AgentId, *, last: bool) -> MakeOffer:
    """The decision to ring, with its reasons."""
    queue = state.queues[visit.queue]
    others, left_out = reasons.others(state, queue, visit, agent)
    return MakeOffer(
        offer=_next_offer(state),
        visit=visit.id,
        call=visit.call,
        queue=visit.queue,
        agent=agent,
        ring_us=_ring_us(state, queue, agent),
        rule=reasons.LAST_AGENT if last else queue.config.strategy,
        others=others,
        left_out=left_out,
        overtaken=reasons.overtaken(state, queue, visit, agent),
        step=visit.step,
    )


def transfer(state: State, visit: Visit, agent: Agent) -> MakeOffer | None:
    """The decision to ring the one agent whom a colleague chose; None when that phone is not free."""
    queue = state.queues.get(visit.queue)
    if agent.offer is not None or agent.device is not DeviceState.FREE or queue is None:
        return None
    return MakeOffer(
        offer=_next_offer(state),
        visit=visit.id,
        call=visit.call,
        queue=visit.queue,
        agent=agent.id,
        ring_us=_ring_us(state, queue, agent.id),
        rule=reasons.TRANSFER,
    )


def _next_offer(state: State) -> OfferId:
    return OfferId(f"{state.prefix}{state.made + 1:08d}")


def _ring_us(state: State, queue: Queue, agent: AgentId) -> int:
    own = state.settings.get(agent)
    return own.ring_us if own is not None and own.ring_us is not None else queue.config.ring_us
