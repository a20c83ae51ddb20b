"""What decisions do to the state: the other half of a fold. New and recorded decisions run the same code."""

from collections.abc import Callable
from typing import Any

from acd.config import OfferRule
from acd.decisions import (
    BeginWrapUp,
    CancelOffer,
    CloseOffer,
    Decision,
    EndPause,
    EndVisit,
    EndWrapUp,
    HangUpOrphan,
    MakeOffer,
    PauseAgent,
    SendBackAgain,
    WidenCircle,
)
from acd.living import Agent, Credit, EndedVisit, Offer, Phase, Visit
from acd.model import OfferResult, VisitOutcome
from acd.reasons import MOVED
from acd.state import State, call_credit, caller_credit, remember


def carry(state: State, decision: Decision) -> None:
    """Change the state as the decision says. A decision about something that is no more changes nothing."""
    _HANDLERS[type(decision)](state, decision)


def rule_of(state: State, result: OfferResult) -> OfferRule | None:
    """What follows an offer that ended so; None when nothing does."""
    config = state.config
    match result:
        case OfferResult.NO_ANSWER:
            return config.no_answer
        case OfferResult.BUSY:
            return config.busy
        case OfferResult.REFUSED:
            return config.refused
        case OfferResult.UNREACHABLE:
            return config.unreachable
    return None


def _make(state: State, made: MakeOffer) -> None:
    state.made += 1
    offer = Offer(
        made.offer,
        made.visit,
        made.call,
        made.queue,
        made.agent,
        state.t,
        made.ring_us,
        Phase.RESERVED,
        state.t,
        state.t,
    )
    state.offers[made.offer] = offer
    visit = state.visits.get(made.visit)
    queue = state.queues.get(made.queue)
    if queue is not None and (visit is None or visit.only is None):
        queue.turns += 1
        queue.last_offered = made.agent
        queue.last_position = state.positions.get(made.agent, -1)
    if visit is not None:
        visit.offers[made.offer] = None
        visit.ring_next = state.t + (queue.config.ring_another_us if queue is not None else 0)
    state.agent(made.agent).offer = made.offer
    state.settle_offer(offer)
    if visit is not None:
        state.settle_visit(visit)


def _cancel(state: State, cancelled: CancelOffer) -> None:
    offer = state.offers.get(cancelled.offer)
    if offer is None:
        return
    offer.phase, offer.changed, offer.why, offer.doubt = Phase.CANCELLING, state.t, cancelled.why, None
    _release_visit(state, offer)
    state.settle_offer(offer)


def _release_visit(state: State, offer: Offer) -> None:
    visit = state.visits.get(offer.visit)
    if visit is not None and offer.id in visit.offers:
        del visit.offers[offer.id]
        state.settle_visit(visit)


def _close(state: State, closed: CloseOffer) -> None:
    offer = state.offers.get(closed.offer)
    if offer is None:
        return
    offer.closed = True
    agent = state.agent(offer.agent)
    if offer.phase is Phase.TALKING:
        agent.misses = 0
        agent.calls += closed.result is OfferResult.ANSWERED
        state.settle_offer(offer)
        return
    _after(state, agent, offer, closed.result)
    if agent.offer == offer.id:
        agent.offer = None
    state.remove_offer(offer, leg_gone=offer.over and offer.told not in (None, OfferResult.UNKNOWN))
    _release_visit(state, offer)
    state.settle_agent(agent)


def _after(state: State, agent: Agent, offer: Offer, result: OfferResult) -> None:
    """What a failed offer means for the next ones of this agent and this caller."""
    visit = state.visits.get(offer.visit)
    rule = rule_of(state, result)
    rest = rule.rest_us if rule is not None else 0
    if rule is not None and rule.pause_after:
        agent.misses += 1
    if result is OfferResult.UNKNOWN and offer.told is OfferResult.UNKNOWN:
        rest = state.config.unknown_rest_us
    if rest:
        agent.rest_until = state.t + rest
    if visit is None:
        return
    others = any(other != offer.id for other in visit.offers)
    if result is OfferResult.LOST and visit.doubt is None and not others:
        visit.doubt = state.t + state.config.doubt_us
    if rule is not None:
        visit.tried[agent.id] = state.t + rule.again_us
    state.settle_visit(visit)


def _end_visit(state: State, ended: EndVisit) -> None:
    visit = state.visits.get(ended.visit)
    if visit is None:
        return
    _credit(state, visit, ended)
    queue = state.queues.get(visit.queue)
    if queue is not None and visit.counted:
        answered = ended.outcome is VisitOutcome.ANSWERED
        queue.answered += answered
        queue.in_time += answered and ended.wait_us <= queue.config.service_level_us
        queue.abandoned += ended.outcome is VisitOutcome.ABANDONED
    state.remove_visit(visit, EndedVisit(ended.outcome, ended.why, state.t))
    if queue is not None:
        state.settle_queue(queue)


def _credit(state: State, visit: Visit, ended: EndVisit) -> None:
    """Keep the place for the next visit of this call, or of this caller."""
    queue = state.queues.get(visit.queue)
    if ended.outcome is VisitOutcome.ABANDONED:
        state.credits.pop(call_credit(visit.call), None)
        if visit.caller and visit.only is None and queue is not None and queue.config.regain_us:
            until = state.t + queue.config.regain_us
            remember(state.credits, caller_credit(visit.caller, visit.queue), Credit(visit.queue, visit.since, until))
    elif ended.why != MOVED:  # else the next visit has it already
        answered = ended.outcome is VisitOutcome.ANSWERED
        remember(state.credits, call_credit(visit.call), Credit(visit.queue, visit.since, None, answered))


def _widen(state: State, widened: WidenCircle) -> None:
    visit, queue = state.visits.get(widened.visit), state.queues.get(widened.queue)
    if visit is None or queue is None:
        return
    for waiting in queue.awaiting[: widened.step]:
        waiting.pop(visit.id, None)
    visit.step = min(widened.step, len(queue.config.steps))
    state.settle_visit(visit)


def _pause(state: State, paused: PauseAgent) -> None:
    agent = state.agent(paused.agent)
    agent.misses = 0
    if not agent.paused:  # what the agent said stays
        agent.paused, agent.pause_until = paused.reason, paused.until
    state.settle_agent(agent)
    state.count_agent(agent)


def _end_pause(state: State, ended: EndPause) -> None:
    agent = state.agent(ended.agent)
    agent.paused, agent.pause_until = "", None
    state.settle_agent(agent)
    state.count_agent(agent)


def _begin_wrap_up(state: State, begun: BeginWrapUp) -> None:
    agent = state.agent(begun.agent)
    offer = state.offers.get(agent.offer) if agent.offer is not None else None
    if offer is None or not _has_ended(offer):  # of two legs in a bridge at once, the one that ended is the other
        offer = next((o for o in state.offers.values() if o.agent == agent.id and _has_ended(o)), None)
    if offer is not None:
        state.remove_offer(offer, leg_gone=True)
        if agent.offer == offer.id:
            agent.offer = None
    agent.wrap_until = begun.until
    agent.talk_us += begun.talk_us
    state.settle_agent(agent)


def _has_ended(offer: Offer) -> bool:
    return offer.over and offer.phase is Phase.TALKING


def _end_wrap_up(state: State, ended: EndWrapUp) -> None:
    agent = state.agent(ended.agent)
    agent.wrap_until = None
    state.settle_agent(agent)


def _deed_only(state: State, decision: HangUpOrphan | SendBackAgain) -> None:
    """A deed about something that the engine no longer keeps."""


_HANDLERS: dict[type[Decision], Callable[[State, Any], None]] = {
    MakeOffer: _make,
    CancelOffer: _cancel,
    CloseOffer: _close,
    EndVisit: _end_visit,
    WidenCircle: _widen,
    PauseAgent: _pause,
    EndPause: _end_pause,
    BeginWrapUp: _begin_wrap_up,
    EndWrapUp: _end_wrap_up,
    HangUpOrphan: _deed_only,
    SendBackAgain: _deed_only,
}
