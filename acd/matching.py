"""Who gets whom. A ready agent looks at the heads of the queues that it serves, a caller at the queue's ready agents.

Before every fact no ready agent and waiting caller are left who could be joined. So only the queues that the fact
touched are looked at, and a new pair cannot overtake anybody outside them.
"""

import heapq
from collections.abc import Iterator
from typing import NamedTuple

from acd import reasons
from acd.decisions import MakeOffer
from acd.model import AgentId, OfferId, QueueId
from acd.state import Place, Queue, State, Visit


class Pair(NamedTuple):
    """The first caller of a queue for whom an agent is ready, that agent, and the callers before who have none."""

    visit: Visit
    agent: AgentId
    skipped: list[Visit]


def first_pair(queue: Queue) -> Pair | None:
    """Callers in their order; for each the agent who has been idle longest and has not just refused the caller."""
    if not queue.ready:
        return None
    skipped: list[Visit] = []
    for _, visit in queue.waiting:
        if not visit.tried:
            return Pair(visit, next(iter(queue.ready)), skipped)
        for agent in queue.ready:
            if agent not in visit.tried:
                return Pair(visit, agent, skipped)
        skipped.append(visit)
    return None


def match(state: State) -> Iterator[MakeOffer]:
    """Join callers and agents until nobody is left who could be, the earliest caller first."""
    if not state.linked:
        return
    heads: list[tuple[Place, QueueId]] = []
    for name in state.news.queues:
        _push(heads, state.queues[name])
    heapq.heapify(heads)
    while heads:
        place, name = heapq.heappop(heads)
        queue = state.queues[name]
        pair = first_pair(queue)
        if pair is not None and pair.visit.place == place:
            yield offer(state, queue, pair)
        _push(heads, queue)


def _push(heads: list[tuple[Place, QueueId]], queue: Queue) -> None:
    pair = first_pair(queue)
    if pair is not None:
        heapq.heappush(heads, (pair.visit.place, queue.config.id))


def offer(state: State, queue: Queue, pair: Pair) -> MakeOffer:
    """The decision to ring, with its reasons."""
    visit, agent = pair.visit, state.agents[pair.agent]
    others, left_out = reasons.others(state, queue, visit, agent)
    return MakeOffer(
        offer=OfferId(f"{state.prefix}{state.made + 1:08d}"),
        visit=visit.id,
        call=visit.call,
        queue=visit.queue,
        agent=agent.id,
        ring_us=queue.config.ring_us,
        rule=queue.config.strategy,
        others=others,
        left_out=left_out,
        overtaken=reasons.overtaken(state, queue, visit, agent, pair.skipped),
    )
