"""What decisions do to the state: the other half of a fold. New and recorded decisions run the same code."""

from collections.abc import Callable
from typing import Any

from acd.decisions import (
    BeginWrapUp,
    CancelOffer,
    CloseOffer,
    Decision,
    EndVisit,
    EndWrapUp,
    HangUpOrphan,
    MakeOffer,
    SendBackAgain,
)
from acd.model import OfferResult
from acd.state import Agent, EndedVisit, Offer, Phase, State


def carry(state: State, decision: Decision) -> None:
    """Change the state as the decision says. A decision about something that is no more changes nothing."""
    _HANDLERS[type(decision)](state, decision)


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
        Phase.RINGING,
        state.t,
        state.t,
    )
    state.offers[made.offer] = offer
    visit = state.visits.get(made.visit)
    if visit is not None:
        visit.offer = made.offer
        state.settle_visit(visit)
    state.agent(made.agent).offer = made.offer
    state.settle_offer(offer)


def _cancel(state: State, cancelled: CancelOffer) -> None:
    offer = state.offers.get(cancelled.offer)
    if offer is None:
        return
    offer.phase, offer.changed, offer.why, offer.doubt = Phase.CANCELLING, state.t, cancelled.why, None
    _release_visit(state, offer)
    state.settle_offer(offer)


def _release_visit(state: State, offer: Offer) -> None:
    visit = state.visits.get(offer.visit)
    if visit is not None and visit.offer == offer.id:
        visit.offer = None
        state.settle_visit(visit)


def _close(state: State, closed: CloseOffer) -> None:
    offer = state.offers.get(closed.offer)
    if offer is None:
        return
    offer.closed = True
    agent = state.agent(offer.agent)
    if offer.phase is Phase.TALKING:
        agent.misses = 0
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
    config, visit = state.config, state.visits.get(offer.visit)
    rest = 0
    rule = {
        OfferResult.NO_ANSWER: config.no_answer,
        OfferResult.BUSY: config.busy,
        OfferResult.REFUSED: config.refused,
        OfferResult.UNREACHABLE: config.unreachable,
    }.get(result)
    if rule is not None:
        rest = rule.rest_us
        if rule.pause_after:
            agent.misses += 1
            if agent.misses >= rule.pause_after:
                agent.misses, rest = 0, rule.pause_us or 0
    elif result is OfferResult.UNKNOWN and offer.told is OfferResult.UNKNOWN:
        rest = config.unknown_rest_us
    elif result is OfferResult.LOST and visit is not None and visit.doubt is None:
        visit.doubt = state.t + config.doubt_us
    if rest:
        agent.rest_until = state.t + rest
    if visit is not None and result not in (OfferResult.LOST, OfferResult.CANCELLED, OfferResult.UNKNOWN):
        visit.tried[agent.id] = state.t + (rule.again_us if rule else 0)
    if visit is not None:
        state.settle_visit(visit)


def _end_visit(state: State, ended: EndVisit) -> None:
    visit = state.visits.get(ended.visit)
    if visit is not None:
        state.remove_visit(visit, EndedVisit(ended.outcome, ended.why, state.t))


def _begin_wrap_up(state: State, begun: BeginWrapUp) -> None:
    agent = state.agent(begun.agent)
    offer = state.offers.get(agent.offer) if agent.offer is not None else None
    if offer is not None and offer.phase is Phase.TALKING:
        state.remove_offer(offer, leg_gone=True)
        agent.offer = None
    agent.wrap_until = begun.until
    state.settle_agent(agent)


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
    BeginWrapUp: _begin_wrap_up,
    EndWrapUp: _end_wrap_up,
    HangUpOrphan: _deed_only,
    SendBackAgain: _deed_only,
}
