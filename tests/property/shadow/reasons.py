"""What a decision has to tell about agents that were not chosen and callers who were overtaken."""

from acd.decisions import MakeOffer
from tests.property.shadow.house import House
from tests.property.shadow.people import Caller

ANOTHER = "the strategy took another"
TRIED = "refused or missed this caller"
NOT_YET = "has not waited long enough for this agent"
KEPT = "is kept for another agent"
NOT_SERVED = "waits in a queue that this agent does not serve"
OTHERS, OVERTAKEN = 20, 8


def check_reasons(house: House, made: MakeOffer, caller: Caller) -> None:
    """Every other agent of the queue and every earlier caller is named, each with the true reason."""
    _others(house, made, caller)
    _overtaken(house, made, caller)


def _others(house: House, made: MakeOffer, caller: Caller) -> None:
    members = [a.id for a in house.config.agents if house.ring(a.id, made.queue) is not None and a.id != made.agent]
    told = {p.who: p.why for p in made.others}
    assert len(told) == len(made.others), "an agent is named twice"
    assert len(told) + made.left_out == len(members), "an agent without a reason"
    assert len(told) == min(len(members), OTHERS), "too few reasons"
    for who, why in told.items():
        assert who in members, "an agent is named who does not serve"
        assert why in true_of_agent(house, who, caller), f"a false reason: {who} {why}"


def true_of_agent(house: House, name: str, caller: Caller) -> set[str]:
    """What may be said of an agent who was not chosen."""
    status = house.status(name)
    if status != "available":
        return {status}
    found = set()
    if caller.tried.get(name, 0) > house.t:
        found.add(TRIED)
    ring = house.ring(name, caller.queue)
    if ring is not None and ring > caller.step:
        found.add(NOT_YET)
    kept = house.kept_for(caller)
    if kept is not None and kept != name:
        found |= {KEPT, ANOTHER}
    return found or {ANOTHER}


def _overtaken(house: House, made: MakeOffer, caller: Caller) -> None:
    told = {p.who: p.why for p in made.overtaken}
    assert len(told) == len(made.overtaken) <= OVERTAKEN, "too many callers are named"
    place = house.place(caller)
    for who, why in told.items():
        other = house.callers[who]
        assert not other.ended and house.place(other) < place, "not overtaken"
        assert why in true_of_caller(house, made.agent, other), f"a false reason: {who} {why}"
    if len(told) == OVERTAKEN:
        return
    waiting = [c for c in house.living() if house.waits(c) and not c.only and house.place(c) < place]
    named = {house.callers[who].queue for who in told}
    for other in waiting:  # everybody of the same queue, and the first of each other queue
        explained = other.visit in told if other.queue == caller.queue else other.queue in named
        assert explained, f"unexplained overtaking of {other.visit}"


def true_of_caller(house: House, agent: str, other: Caller) -> set[str]:
    """Why an agent could not serve an earlier caller."""
    found, ring = set(), house.ring(agent, other.queue)
    if ring is None:
        found.add(NOT_SERVED)
    elif ring > other.step:
        found.add(NOT_YET)
    if other.tried.get(agent, 0) > house.t:
        found.add(TRIED)
    if house.kept_for(other) not in (None, agent) or other.only:
        found.add(KEPT)
    return found
