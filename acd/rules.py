"""The rules: what follows from the present fact. They read the state and yield decisions; each decision is carried into
the state before the next rule looks. What they look at is what the fact touched (`State.news`) and what is due."""

from collections.abc import Iterator

from acd import reasons
from acd.carry import rule_of
from acd.circles import Queue
from acd.deadlines import Key
from acd.decisions import (
    BeginWrapUp,
    CancelOffer,
    CloseOffer,
    Decision,
    EndPause,
    EndVisit,
    EndWrapUp,
    HangUpOrphan,
    PauseAgent,
    SendBackAgain,
    WidenCircle,
)
from acd.living import Agent, Offer, Phase, Visit
from acd.matching import match, transfer
from acd.model import AgentId, Doors, OfferId, OfferResult, QueueId, VisitId, VisitOutcome
from acd.state import State

LIVE = (Phase.RESERVED, Phase.RINGING, Phase.ANSWERED)

_OUTCOME = {
    "hung up": (VisitOutcome.ABANDONED, ""),
    "left": (VisitOutcome.LEFT, ""),
    "moved": (VisitOutcome.LEFT, reasons.MOVED),
}

_NO_FAULT = (OfferResult.ANSWERED, OfferResult.CANCELLED, OfferResult.LOST)


def decide(state: State) -> Iterator[Decision]:
    """Everything that follows, in this order: offers, legs of nobody, callers, time, wider circles, new offers."""
    yield from what_was_touched(state)
    yield from turned_away_at_joining(state)
    yield from what_is_due(state)
    if state.direct:
        yield from transfers(state)
    if state.awaiting:
        yield from widen(state)
    yield from match(state)
    while state.awaiting and any(_open_step(state, queue) for queue in _awaiting(state)):
        yield from widen(state)
        yield from match(state)


def what_was_touched(state: State) -> Iterator[Decision]:
    """Offers, legs of nobody, and callers of whom the fact tells."""
    for offer_id in state.news.offers:
        if offer := state.offers.get(offer_id):
            yield from settle_offer(state, offer)
    for displaced in state.news.displaced:
        yield from cancel(state, displaced, reasons.TALKING)
    for orphan in state.news.orphans:
        yield HangUpOrphan(offer=orphan)
    for swapped in state.news.swapped:
        if visit := state.visits.get(swapped):
            yield from cancel_all(state, visit, reasons.CALLER_CHANGED)
    for visit_id in list(state.news.visits):
        if visit := state.visits.get(visit_id):
            yield from settle_visit(state, visit)
    for stranded in state.news.stranded:
        yield SendBackAgain(visit=stranded[0], call=stranded[1], queue=stranded[2], why=stranded[3])


def settle_offer(state: State, offer: Offer) -> Iterator[Decision]:
    """An offer that somebody took, that was bridged, or whose leg is gone."""
    visit = state.visits.get(offer.visit)
    if offer.phase is Phase.TALKING:
        if not offer.closed:
            yield close(offer, OfferResult.LOST if visit is None else OfferResult.ANSWERED)
        if visit is not None:
            yield from end(state, visit, VisitOutcome.ANSWERED, offer=offer)
        while offer.over and offer.id in state.offers:  # once, unless the agent was in two bridges that ended together
            yield wrap_up(state, offer)
    elif offer.over:
        yield from failed(state, offer)
    elif offer.phase is Phase.ANSWERED and visit is not None:
        yield from cancel_all(state, visit, reasons.ANSWERED_ELSEWHERE, but=offer.id)


def failed(state: State, offer: Offer) -> Iterator[Decision]:
    """The end of an offer without a talk: its result, and what follows for the agent and for a transferred caller."""
    result = result_of(offer)
    yield close(offer, result)
    agent, rule = state.agent(offer.agent), rule_of(state, result)
    if rule is not None and rule.pause_after and agent.misses >= rule.pause_after and agent.logged_in:
        until = state.t + rule.pause_us if rule.pause_us is not None else None
        yield PauseAgent(agent=agent.id, reason=result.value, until=until)
    visit = state.visits.get(offer.visit)
    if visit is not None and visit.only is not None and result not in _NO_FAULT and visit.waits:
        yield from end(state, visit, VisitOutcome.OVERFLOWED, why=reasons.TRANSFER_FAILED)


def result_of(offer: Offer) -> OfferResult:
    """The one result of an offer whose leg is gone before any bridge."""
    if offer.phase is Phase.CANCELLING and offer.why != reasons.NO_SIGN:
        return OfferResult.LOST if offer.told is OfferResult.LOST else OfferResult.CANCELLED
    return OfferResult.UNKNOWN if offer.told in (None, OfferResult.ANSWERED) else offer.told


def close(offer: Offer, result: OfferResult) -> CloseOffer:
    return CloseOffer(offer=offer.id, visit=offer.visit, queue=offer.queue, agent=offer.agent, result=result)


def wrap_up(state: State, offer: Offer) -> BeginWrapUp:
    """The agent's work after the talk, for as long as his own setting or the queue says."""
    queue, own = state.queues.get(offer.queue), state.settings.get(offer.agent)
    wanted = own.wrap_up_us if own is not None else None
    if wanted is None:
        wanted = queue.config.wrap_up_us if queue is not None else 0
    return BeginWrapUp(agent=offer.agent, queue=offer.queue, until=state.t + wanted, talk_us=state.t - offer.changed)


def settle_visit(state: State, visit: Visit) -> Iterator[Decision]:
    """A caller who has gone, or for whom reception rings."""
    if visit.gone:
        outcome, why = _OUTCOME[visit.gone]
        yield from end(state, visit, outcome, why=why)
    elif visit.parked:
        yield from cancel_all(state, visit, reasons.RECEPTION_RINGS)


def end(
    state: State, visit: Visit, outcome: VisitOutcome, *, offer: Offer | None = None, why: str = ""
) -> Iterator[Decision]:
    """The visit's one outcome; the phones that still ring for it are stopped."""
    yield EndVisit(
        visit=visit.id,
        call=visit.call,
        queue=visit.queue,
        outcome=outcome,
        wait_us=max(0, state.t - visit.joined),
        agent=offer.agent if offer else None,
        why=why,
    )
    yield from cancel_all(state, visit, reasons.ANSWERED_ELSEWHERE if offer else reasons.CALLER_LEFT)


def cancel_all(state: State, visit: Visit, why: str, *, but: OfferId | None = None) -> Iterator[Decision]:
    """Stop every phone that rings for a caller, except one."""
    for offer in list(visit.offers):
        if offer != but:
            yield from cancel(state, offer, why)


def cancel(state: State, offer_id: OfferId, why: str) -> Iterator[Decision]:
    """Stop the phone, if it is still ringing or whispering."""
    offer = state.offers.get(offer_id)
    if offer is not None and offer.phase in LIVE and not offer.over:
        yield CancelOffer(offer=offer.id, agent=offer.agent, why=why)


def turned_away_at_joining(state: State) -> Iterator[Decision]:
    """Who joins a queue that is closed or full, or that nobody serves, is not kept waiting."""
    for visit_id in state.news.joined:
        visit = state.visits.get(visit_id)
        queue = state.queues.get(visit.queue) if visit else None
        if state.linked and visit and queue and visit.waits and visit.only is None and (why := _no_way_in(queue)):
            yield from end(state, visit, VisitOutcome.OVERFLOWED, why=why)


def _no_way_in(queue: Queue) -> str:
    if queue.doors is not Doors.OPEN:
        return str(queue.doors.value)
    if queue.config.most_callers and len(queue.living) > queue.config.most_callers:
        return reasons.FULL
    if not queue.logged_in:
        return reasons.NOBODY_LOGGED_IN
    return reasons.NOBODY_THERE if queue.nobody_since is not None else ""


def what_is_due(state: State) -> Iterator[Decision]:
    """Deadlines that have come, the earliest first, and those that follow from them."""
    acted: dict[Key, None] = {}
    while keys := [key for key in state.deadlines.due(state.t) if key not in acted]:
        for key in keys:
            acted[key] = None
            due = state.deadlines.at(key)
            if due is not None and due <= state.t:  # an earlier one may have changed it
                yield from on_deadline(state, key)
    if acted:
        state.deadlines.again(acted, state.t)


def on_deadline(state: State, key: Key) -> Iterator[Decision]:
    kind, name = key
    if kind == "agent":
        if agent := state.agents.get(AgentId(name)):
            yield from agent_is_due(state, agent)
    elif kind == "offer" and (offer := state.offers.get(OfferId(name))):
        yield from offer_is_due(state, offer)
    elif kind == "visit" and (visit := state.visits.get(VisitId(name))):
        yield from visit_is_due(state, visit)
    elif kind == "queue":
        yield from queue_is_due(state, state.queues[QueueId(name)])


def agent_is_due(state: State, agent: Agent) -> Iterator[Decision]:
    """The wrap-up is over, or the pause that a rule gave."""
    if agent.wrap_until is not None and agent.wrap_until <= state.t:
        yield EndWrapUp(agent=agent.id)
    if agent.pause_until is not None and agent.pause_until <= state.t:
        yield EndPause(agent=agent.id)


def offer_is_due(state: State, offer: Offer) -> Iterator[Decision]:
    """No leg was found, no end was told, or the cancelled leg's end was not."""
    if offer.phase is Phase.CANCELLING or offer.doubt is not None:
        yield from failed(state, offer)
    else:
        yield CancelOffer(offer=offer.id, agent=offer.agent, why=reasons.NO_SIGN)


def visit_is_due(state: State, visit: Visit) -> Iterator[Decision]:
    """The longest wait is over, the caller was not found, or the queue is closed or not configured any more."""
    if visit.doubt is not None and visit.doubt <= state.t:
        yield from end(state, visit, VisitOutcome.ABANDONED)
    elif visit.waits and state.linked:
        queue = state.queues.get(visit.queue)
        if queue is None:
            yield from end(state, visit, VisitOutcome.OVERFLOWED, why=reasons.NOBODY_THERE)
        elif queue.doors is not Doors.OPEN and visit.only is None:
            yield from end(state, visit, VisitOutcome.OVERFLOWED, why=queue.doors.value)
        elif visit.joined + queue.config.longest_wait_us <= state.t:
            yield from end(state, visit, VisitOutcome.OVERFLOWED, why=reasons.WAITED_TOO_LONG)


def queue_is_due(state: State, queue: Queue) -> Iterator[Decision]:
    """Nobody has been there for so long that nobody needs to wait."""
    since = queue.nobody_since
    if since is None or since + queue.config.nobody_there_us > state.t:
        return
    why = reasons.NOBODY_THERE if queue.logged_in else reasons.LAST_ONE_LEFT
    for visit in list(queue.living.values()):
        if visit.waits:
            yield from end(state, visit, VisitOutcome.OVERFLOWED, why=why)


# -- wider circles, and transfers to one agent


def _awaiting(state: State) -> Iterator[Queue]:
    for name, queue in state.queues.items():
        if name in state.awaiting:
            if any(queue.awaiting):
                yield queue
            else:
                del state.awaiting[name]


def _open_step(state: State, queue: Queue) -> int:
    """The first step that callers await and whose conditions hold, counted from 1; 0 when there is none."""
    for number, step in enumerate(queue.config.steps):
        if queue.awaiting[number] and all(queue.holds(condition, state.t) for condition in step.when):
            return number + 1
    return 0


def widen(state: State) -> Iterator[WidenCircle]:
    """Callers whose time for the next step has come, when its conditions hold."""
    for queue in _awaiting(state):
        while number := _open_step(state, queue):
            for visit in sorted(queue.awaiting[number - 1].values(), key=lambda one: one.place):
                yield WidenCircle(visit=visit.id, queue=visit.queue, step=number)
        state.settle_queue(queue)


def transfers(state: State) -> Iterator[Decision]:
    """Who was transferred to one agent is offered to that agent at once, or goes back."""
    for name in list(state.direct) if state.linked else ():
        visit = state.visits[name]
        if visit.waits:
            agent = state.agents[visit.only] if visit.only in state.settings else None
            made = transfer(state, visit, agent) if agent is not None else None
            if made is not None:
                yield made
            else:
                yield from end(state, visit, VisitOutcome.OVERFLOWED, why=reasons.TRANSFER_FAILED)
