"""The rules: what follows from the present fact. They read the state and yield decisions; each decision is carried into
the state before the next rule looks. What they look at is what the fact touched (`State.news`) and what is due."""

from collections.abc import Iterator

from acd import reasons
from acd.deadlines import Key
from acd.decisions import (
    BeginWrapUp,
    CancelOffer,
    CloseOffer,
    Decision,
    EndVisit,
    EndWrapUp,
    HangUpOrphan,
    SendBackAgain,
)
from acd.matching import match
from acd.model import AgentId, OfferId, OfferResult, QueueId, VisitId, VisitOutcome
from acd.state import Offer, Phase, State, Visit

LIVE = (Phase.RINGING, Phase.ANSWERED)

_OUTCOME = {
    "hung up": (VisitOutcome.ABANDONED, ""),
    "left": (VisitOutcome.LEFT, ""),
    "moved": (VisitOutcome.LEFT, reasons.MOVED),
}


def decide(state: State) -> Iterator[Decision]:
    """Everything that follows, in this order: offers, legs of nobody, callers, time, nobody there, new offers."""
    for offer_id in state.news.offers:
        if offer := state.offers.get(offer_id):
            yield from settle_offer(state, offer)
    for displaced in state.news.displaced:
        yield from cancel(state, displaced, reasons.TALKING)
    for orphan in state.news.orphans:
        yield HangUpOrphan(offer=orphan)
    for visit_id in list(state.news.visits):
        if visit := state.visits.get(visit_id):
            yield from settle_visit(state, visit)
    for stranded in state.news.stranded:
        yield SendBackAgain(visit=stranded[0], call=stranded[1], queue=stranded[2], why=stranded[3])
    yield from nobody_at_joining(state)
    yield from what_is_due(state)
    yield from match(state)


def settle_offer(state: State, offer: Offer) -> Iterator[Decision]:
    """An offer that was bridged, or whose leg is gone."""
    if offer.phase is Phase.TALKING:
        visit = state.visits.get(offer.visit)
        if not offer.closed:
            yield close(offer, OfferResult.LOST if visit is None else OfferResult.ANSWERED)
        if visit is not None:
            yield from end(state, visit, VisitOutcome.ANSWERED, offer=offer)
        if offer.over:
            yield wrap_up(state, offer)
    elif offer.over:
        yield close(offer, result_of(offer))


def result_of(offer: Offer) -> OfferResult:
    """The one result of an offer whose leg is gone before any bridge."""
    if offer.phase is Phase.CANCELLING and offer.why != reasons.NO_SIGN:
        return OfferResult.LOST if offer.told is OfferResult.LOST else OfferResult.CANCELLED
    return OfferResult.UNKNOWN if offer.told in (None, OfferResult.ANSWERED) else offer.told


def close(offer: Offer, result: OfferResult) -> CloseOffer:
    return CloseOffer(offer=offer.id, visit=offer.visit, queue=offer.queue, agent=offer.agent, result=result)


def wrap_up(state: State, offer: Offer) -> BeginWrapUp:
    """The agent's work after the talk, for as long as the queue says."""
    queue = state.queues.get(offer.queue)
    until = state.t + (queue.config.wrap_up_us if queue else 0)
    return BeginWrapUp(agent=offer.agent, queue=offer.queue, until=until, talk_us=state.t - offer.changed)


def settle_visit(state: State, visit: Visit) -> Iterator[Decision]:
    """A caller who has gone, or for whom reception rings."""
    if visit.gone:
        outcome, why = _OUTCOME[visit.gone]
        yield from end(state, visit, outcome, why=why)
    elif visit.parked and visit.offer is not None:
        yield from cancel(state, visit.offer, reasons.RECEPTION_RINGS)


def end(
    state: State, visit: Visit, outcome: VisitOutcome, *, offer: Offer | None = None, why: str = ""
) -> Iterator[Decision]:
    """The visit's one outcome; a phone that still rings for it is stopped."""
    yield EndVisit(
        visit=visit.id,
        call=visit.call,
        queue=visit.queue,
        outcome=outcome,
        wait_us=max(0, state.t - visit.joined),
        agent=offer.agent if offer else None,
        why=why,
    )
    if visit.offer is not None:
        yield from cancel(state, visit.offer, reasons.ANSWERED_ELSEWHERE if offer else reasons.CALLER_LEFT)


def cancel(state: State, offer_id: OfferId, why: str) -> Iterator[Decision]:
    """Stop the phone, if it is still ringing or whispering."""
    offer = state.offers.get(offer_id)
    if offer is not None and offer.phase in LIVE and not offer.over:
        yield CancelOffer(offer=offer.id, agent=offer.agent, why=why)


def nobody_at_joining(state: State) -> Iterator[Decision]:
    """Who joins a queue that has no reachable phone is not kept waiting."""
    for visit_id in state.news.joined:
        visit = state.visits.get(visit_id)
        queue = state.queues.get(visit.queue) if visit else None
        if state.linked and visit and visit.waits and queue and queue.nobody_since is not None:
            yield from end(state, visit, VisitOutcome.OVERFLOWED, why=reasons.NOBODY_THERE)


def what_is_due(state: State) -> Iterator[Decision]:
    """Deadlines that have come, the earliest first, and those that follow from them."""
    acted: dict[Key, None] = {}
    while keys := [key for key in _due(state) if key not in acted]:
        for key in keys:
            acted[key] = None
            due = state.deadlines.at(key)
            if due is not None and due <= state.t:  # an earlier one may have changed it
                yield from on_deadline(state, key)


def _due(state: State) -> list[Key]:
    keys = state.deadlines.take(state.t)
    for key in keys:
        state.settle_key(key)  # stays due until a decision changes it
    return keys


def on_deadline(state: State, key: Key) -> Iterator[Decision]:
    kind, name = key
    if kind == "agent":
        agent = state.agents.get(AgentId(name))
        if agent and agent.wrap_until is not None and agent.wrap_until <= state.t:
            yield EndWrapUp(agent=agent.id)
    elif kind == "offer" and (offer := state.offers.get(OfferId(name))):
        yield from offer_is_due(offer)
    elif kind == "visit" and (visit := state.visits.get(VisitId(name))):
        yield from visit_is_due(state, visit)
    elif kind == "queue":
        queue = state.queues[QueueId(name)]
        for _, visit in list(queue.waiting):
            yield from end(state, visit, VisitOutcome.OVERFLOWED, why=reasons.NOBODY_THERE)


def offer_is_due(offer: Offer) -> Iterator[Decision]:
    """No leg was found, no end was told, or the cancelled leg's end was not."""
    if offer.phase is Phase.CANCELLING or offer.doubt is not None:
        yield close(offer, result_of(offer))
    else:
        yield CancelOffer(offer=offer.id, agent=offer.agent, why=reasons.NO_SIGN)


def visit_is_due(state: State, visit: Visit) -> Iterator[Decision]:
    """The longest wait is over, the caller was not found, or the queue is not configured any more."""
    if visit.doubt is not None and visit.doubt <= state.t:
        yield from end(state, visit, VisitOutcome.ABANDONED)
    elif visit.waits and state.linked:
        queue = state.queues.get(visit.queue)
        if queue is None:
            yield from end(state, visit, VisitOutcome.OVERFLOWED, why=reasons.NOBODY_THERE)
        elif visit.joined + queue.config.longest_wait_us <= state.t:
            yield from end(state, visit, VisitOutcome.OVERFLOWED, why=reasons.WAITED_TOO_LONG)
