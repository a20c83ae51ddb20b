"""The words in which a decision tells who else was in question and why not them."""

from functools import lru_cache

from acd.decisions import PassedOver
from acd.model import DeviceState
from acd.state import Agent, Phase, Queue, State, Visit

OTHERS_SHOWN = 20
"""So many of a queue's agents are named in a decision, and so many overtaken callers."""

NEWER_IDLE = "idle for less time"
TRIED = "refused or missed this caller"
TALKING = "talking"
RINGING = "ringing for another caller"
WRAP_UP = "wrap-up"
RESTING = "resting after missed or refused calls"
ON_ANOTHER_CALL = "on another call"
UNREACHABLE = "unreachable"
NOT_SERVED = "waits in a queue that this agent does not serve"
NO_SIGN = "no sign of life"
CALLER_LEFT = "the caller left"
RECEPTION_RINGS = "reception rings for this caller"
ANSWERED_ELSEWHERE = "answered elsewhere"
WAITED_TOO_LONG = "waited too long"
NOBODY_THERE = "nobody there"
MOVED = "moved to another queue"


@lru_cache(maxsize=65536)
def passed(who: str, why: str) -> PassedOver:
    """One shared object per pair: a decision of a large queue names many."""
    return PassedOver(who=who, why=why)


def why_not(state: State, agent: Agent, visit: Visit) -> str:
    """Which rule removed this agent from the choice for this visit."""
    if agent.offer is not None:
        offer = state.offers.get(agent.offer)
        return TALKING if offer is not None and offer.phase is Phase.TALKING else RINGING
    if agent.wrap_until is not None:
        return WRAP_UP
    if agent.device is DeviceState.UNREACHABLE:
        return UNREACHABLE
    if agent.device is not DeviceState.FREE:
        return ON_ANOTHER_CALL
    if agent.rest_until is not None:
        return RESTING
    return TRIED if agent.id in visit.tried else NEWER_IDLE


def others(state: State, queue: Queue, visit: Visit, chosen: Agent) -> tuple[tuple[PassedOver, ...], int]:
    """The queue's other agents, the first `OTHERS_SHOWN` of them, and how many more there are."""
    shown = [name for name in queue.members[: OTHERS_SHOWN + 1] if name != chosen.id][:OTHERS_SHOWN]
    found = tuple(passed(name, why_not(state, state.agents[name], visit)) for name in shown)
    return found, len(queue.members) - 1 - len(found)


def overtaken(state: State, queue: Queue, visit: Visit, chosen: Agent, skipped: list[Visit]) -> tuple[PassedOver, ...]:
    """Callers before this one whom the agent could not serve: those skipped, and the first of each other queue."""
    found = [PassedOver(who=earlier.id, why=TRIED) for earlier in skipped[:OTHERS_SHOWN]]
    place = visit.place
    for other in state.queues.values():
        if len(found) >= OTHERS_SHOWN:
            break
        if other.waiting and other is not queue and other.waiting[0][0] < place:
            head = other.waiting[0][1]
            why = TRIED if other in state.serves[chosen.id] else NOT_SERVED
            found.append(PassedOver(who=head.id, why=why))
    return tuple(found)
