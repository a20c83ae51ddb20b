"""The words in which a decision tells who else was in question and why not them."""

from itertools import islice

from acd.circles import Queue
from acd.decisions import PassedOver
from acd.lanes import Place
from acd.living import Visit
from acd.model import AgentId
from acd.state import State

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
LAST_AGENT = "last agent"
TRANSFER = "transfer"
FULL = "full"
NOBODY_LOGGED_IN = "nobody logged in"
LAST_ONE_LEFT = "the last one left"
TRANSFER_FAILED = "transfer failed"

EXITS = (WAITED_TOO_LONG, NOBODY_THERE, NOBODY_LOGGED_IN, LAST_ONE_LEFT, FULL, "closed", "emergency", TRANSFER_FAILED)
"""Where who overflowed goes on: exits of the flow's step `queue`; the last one leads back to who transferred."""

KEPT = "is kept for another agent"
NOT_YET = "has not waited long enough for this agent"
CALLER_CHANGED = "another call took the place"


def others(state: State, queue: Queue, visit: Visit, chosen: AgentId) -> tuple[tuple[PassedOver, ...], int]:
    """The queue's other agents, the first `OTHERS_SHOWN` of them, and how many more there are."""
    why, tried, inner = state.why_not, visit.tried, visit.step == len(queue.config.steps)
    members = queue.members
    shown = [name for name in members[: OTHERS_SHOWN + 1] if name != chosen]
    del shown[OTHERS_SHOWN:]
    if inner and not tried:
        found = tuple([why[name] for name in shown])
    else:
        found = tuple([_other(state, queue, visit, name) for name in shown])
    return found, len(members) - len(found) - (chosen in queue.rings)


def _other(state: State, queue: Queue, visit: Visit, name: AgentId) -> PassedOver:
    if state.agents[name].ready is not None:
        if queue.rings[name] > visit.step:
            return PassedOver(who=name, why=NOT_YET)
        if name in visit.tried:
            return PassedOver(who=name, why=TRIED)
    return state.why_not[name]


def overtaken(state: State, queue: Queue, visit: Visit, chosen: AgentId) -> tuple[PassedOver, ...]:
    """Callers before this one whom the agent could not serve: those of the same queue, and the first of each other."""
    place = visit.place
    found = [PassedOver(who=one.id, why=why) for why, one in _before(queue, place, chosen)]
    earlier = ((q, q.first[1]) for q in state.queues.values() if q.first[0] < place and q is not queue)
    for other, head in islice(earlier, OVERTAKEN_SHOWN - len(found)):
        if head is None:
            continue
        if chosen in other.rings:
            found.append(PassedOver(who=head.id, why=_why_not(other, head, chosen)))
        else:
            head.not_served = head.not_served or PassedOver(who=head.id, why=NOT_SERVED)
            found.append(head.not_served)
    return tuple(found)


def _before(queue: Queue, place: Place, chosen: AgentId) -> list[tuple[str, Visit]]:
    """The first callers of a queue with an earlier place, and why they were passed over."""
    if queue.first[0] >= place:
        return []
    found: list[tuple[Place, Visit]] = []
    for lane in (*queue.lanes, queue.kept):
        if lane.items and lane.items[0][0] < place:
            found += lane.items[: min(lane.before(place), OVERTAKEN_SHOWN)]
    return [(_why_not(queue, one, chosen), one) for _, one in sorted(found)[:OVERTAKEN_SHOWN]]


def _why_not(queue: Queue, visit: Visit, chosen: AgentId) -> str:
    ring = queue.rings.get(chosen)
    if ring is None:
        return NOT_SERVED
    if visit.kept and visit.last_agent != chosen:
        return KEPT
    return NOT_YET if ring > visit.step else TRIED
