"""The words in which a decision tells who else was in question and why not them."""

from acd.decisions import PassedOver
from acd.state import Agent, Queue, State, Visit

OTHERS_SHOWN = 20
"""So many of a queue's agents are named in a decision."""

OVERTAKEN_SHOWN = 8
"""So many overtaken callers are named in a decision."""

TRIED = "refused or missed this caller"
TALKING = "talking"
NOT_SERVED = "waits in a queue that this agent does not serve"
NO_SIGN = "no sign of life"
CALLER_LEFT = "the caller left"
RECEPTION_RINGS = "reception rings for this caller"
ANSWERED_ELSEWHERE = "answered elsewhere"
WAITED_TOO_LONG = "waited too long"
NOBODY_THERE = "nobody there"
MOVED = "moved to another queue"
FULL = "full"
NOBODY_LOGGED_IN = "nobody logged in"
LAST_ONE_LEFT = "the last one left"
TRANSFER_FAILED = "transfer failed"

EXITS = (WAITED_TOO_LONG, NOBODY_THERE, NOBODY_LOGGED_IN, LAST_ONE_LEFT, FULL, "closed", "emergency", TRANSFER_FAILED)
"""Where a visit that overflowed goes on: exits of the flow's step `queue`; the last one goes back to who transferred."""

KEPT = "is kept for another agent"
NOT_YET = "has not waited long enough for this agent"
CALLER_CHANGED = "another call took the place"


def others(state: State, queue: Queue, visit: Visit, chosen: Agent) -> tuple[tuple[PassedOver, ...], int]:
    """The queue's other agents, the first `OTHERS_SHOWN` of them, and how many more there are."""
    why = state.why_not
    tried = [name for name in visit.tried if state.agent(name).ready is not None]
    shown = [name for name in queue.members[: OTHERS_SHOWN + 1] if name != chosen.id][:OTHERS_SHOWN]
    found = tuple(PassedOver(who=name, why=TRIED) if name in tried else why[name] for name in shown)
    return found, len(queue.members) - 1 - len(found)


def overtaken(state: State, queue: Queue, visit: Visit, chosen: Agent, skipped: list[Visit]) -> tuple[PassedOver, ...]:
    """Callers before this one whom the agent could not serve: those skipped, and the first of each other queue."""
    found = [PassedOver(who=earlier.id, why=TRIED) for earlier in skipped[:OVERTAKEN_SHOWN]]
    place, served = visit.place, state.serves[chosen.id]
    for other in state.queues.values():
        if len(found) >= OVERTAKEN_SHOWN:
            break
        if other.waiting and other is not queue and other.waiting[0][0] < place:
            head = other.waiting[0][1]
            why = TRIED if other in served else NOT_SERVED
            found.append(PassedOver(who=head.id, why=why))
    return tuple(found)
