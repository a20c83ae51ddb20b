"""A resynchronisation: what Asterisk says against what we believed. Asterisk is right about what exists.

Nothing is decided here. Whatever the engine heard after the picture was begun is newer and is not judged by it.
"""

from collections.abc import Callable
from datetime import timedelta

from acd.facts import CallerSeen, LegSeen, Resynchronised
from acd.living import Offer, Phase, Visit
from acd.model import DeviceState, LegState, OfferId, VisitOutcome
from acd.state import State

Talk = Callable[[State, Offer], None]
Revive = Callable[[State, OfferId], Offer | None]


def absorb_picture(state: State, fact: Resynchronised, talk: Talk, revive: Revive) -> None:
    """Take in a whole picture: phones, then legs, then callers."""
    limit = fact.began if fact.began >= 0 else state.t + 1
    _devices(state, fact, limit)
    _legs(state, fact, limit, talk, revive)
    _callers(state, fact, limit)
    state.set_linked(True)


def _devices(state: State, fact: Resynchronised, limit: int) -> None:
    seen = {d.agent: d.state for d in fact.devices}
    for name in list(state.serves):  # in the order of the configuration, whatever the order of the picture
        agent = state.agents[name]
        if agent.heard < limit:
            state.set_device(agent, seen.get(name, DeviceState.UNREACHABLE))


def _legs(state: State, fact: Resynchronised, limit: int, talk: Talk, revive: Revive) -> None:
    seen = {leg.offer: leg for leg in fact.legs}
    for offer in list(state.offers.values()):
        leg = seen.get(offer.id)
        if leg is not None:
            _adopt(state, offer, leg, talk)
        elif offer.touched < limit:
            _not_seen(state, offer)
    for name in sorted(seen):
        if name in state.offers:
            continue
        if seen[name].state is not LegState.BRIDGED:
            state.news.orphans[name] = None
        elif (revived := revive(state, name)) is not None:  # else two people whom we do not know talk: leave them alone
            talk(state, revived)


def _adopt(state: State, offer: Offer, leg: LegSeen, talk: Talk) -> None:
    offer.doubt = None
    if leg.state is LegState.BRIDGED:
        talk(state, offer)
    elif offer.phase is Phase.CANCELLING:
        state.news.orphans[offer.id] = None  # the cancellation was lost: do it again
    elif leg.state is LegState.ANSWERED and offer.phase in (Phase.RESERVED, Phase.RINGING):
        offer.phase, offer.changed = Phase.ANSWERED, state.t
        state.news.offers[offer.id] = None
    elif leg.state is LegState.RINGING and offer.phase is Phase.RESERVED:
        offer.phase, offer.changed = Phase.RINGING, state.t
    state.settle_offer(offer)


def _not_seen(state: State, offer: Offer) -> None:
    if offer.phase is not Phase.TALKING and offer.made + state.config.doubt_us > state.t:
        offer.doubt = offer.made + state.config.doubt_us  # the Originate may still be on its way
    else:
        offer.over = True
        state.news.offers[offer.id] = None
    state.settle_offer(offer)


def _callers(state: State, fact: Resynchronised, limit: int) -> None:
    seen = sorted(fact.callers, key=lambda c: (c.joined_at, c.visit))
    listed = {caller.visit for caller in seen}
    for caller in seen:
        visit = state.visits.get(caller.visit)
        if visit is not None:
            if visit.touched < limit:
                state.park(visit, caller.parked)
                visit.doubt = None
            state.news.visits[visit.id] = None
        elif caller.visit in state.ended_visits:
            _ended_but_waiting(state, caller, limit)
        else:
            _unknown(state, fact, caller)
    legs = {leg.offer for leg in fact.legs}
    for visit in list(state.visits.values()):
        if visit.id not in listed and visit.touched < limit and not legs & visit.offers.keys():
            visit.gone = visit.gone or "hung up"
            state.settle_visit(visit)
            state.news.visits[visit.id] = None


def _unknown(state: State, fact: Resynchronised, caller: CallerSeen) -> None:
    """The ticket is all that is left of this visit: its place counts from the ticket's time."""
    waited = max(0, (fact.at - caller.joined_at) // timedelta(microseconds=1))
    state.visit_seq += 1
    visit = Visit(
        caller.visit,
        caller.call,
        caller.queue,
        caller.priority,
        state.t - waited,
        state.visit_seq,
        state.t,
        caller.parked,
        state.t - waited,
    )
    visit.caller, visit.only = caller.caller, caller.only
    visit.gone = state.early.pop(caller.visit, "")
    state.add_visit(visit)
    state.news.visits[visit.id] = None


def _ended_but_waiting(state: State, caller: CallerSeen, limit: int) -> None:
    ended = state.ended_visits[caller.visit]
    stuck = ended.outcome in (VisitOutcome.OVERFLOWED, VisitOutcome.ABANDONED)
    if stuck and ended.at_us < limit and not caller.parked:
        why = ended.why if ended.outcome is VisitOutcome.OVERFLOWED else "waited too long"
        state.news.stranded.append((caller.visit, caller.call, caller.queue, why))
