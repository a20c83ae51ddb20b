"""Mutants of what agents do: states, wrap-up, pauses, rests, counters."""

from dataclasses import replace
from typing import Any

import pytest

import acd.carry
import acd.circles
import acd.matching
import acd.pools
import acd.rules
import acd.state
from acd import facts
from acd.decisions import BeginWrapUp, CloseOffer, EndPause, EndWrapUp, PauseAgent
from acd.living import Agent, AgentStatus
from acd.model import DeviceState, OfferResult
from acd.state import State
from tests.property.mutants import MUTANTS, afterwards, available, deaf_to, decided, mutant, status, without

MUTANTS["offers during a ring"] = available(AgentStatus.RINGING, AgentStatus.RESERVED)
MUTANTS["offers during a talk"] = available(AgentStatus.TALKING)
MUTANTS["offers on hold"] = available(AgentStatus.ON_HOLD)
MUTANTS["offers during wrap-up"] = available(AgentStatus.WRAP_UP)
MUTANTS["offers during a pause"] = available(AgentStatus.PAUSED)
MUTANTS["offers to who is logged out"] = available(AgentStatus.LOGGED_OUT)
MUTANTS["offers to busy phones"] = available(AgentStatus.BUSY)
MUTANTS["offers to unreachable phones"] = available(AgentStatus.UNREACHABLE)
MUTANTS["nobody ever rests"] = available(AgentStatus.RESTING)
MUTANTS["one agent is forgotten"] = status(
    lambda state, agent, found: AgentStatus.BUSY if agent.id == "2" and found is AgentStatus.AVAILABLE else found
)
MUTANTS["a hold is not seen"] = deaf_to(facts.TalkHeld)
MUTANTS["deaf to phones"] = deaf_to(facts.DeviceChanged)
MUTANTS["deaf to logins"] = deaf_to(facts.AgentLoggedIn)
MUTANTS["deaf to logouts"] = deaf_to(facts.AgentLoggedOut)
MUTANTS["deaf to pauses"] = deaf_to(facts.AgentPaused)
MUTANTS["deaf to ready"] = deaf_to(facts.AgentReady)
MUTANTS["the day never begins"] = deaf_to(facts.DayBegun)
MUTANTS["no wrap-up at all"] = without(BeginWrapUp)
MUTANTS["a wrap-up does not end"] = without(EndWrapUp)
MUTANTS["nobody is paused by rule"] = without(PauseAgent)
MUTANTS["a pause by rule does not end"] = without(EndPause)


def _wrap_up(change: Any) -> Any:
    return decided(lambda state, d: change(state, d) if isinstance(d, BeginWrapUp) else d)


MUTANTS["wrap-up is short"] = _wrap_up(lambda state, d: replace(d, until=state.t))
MUTANTS["talk time is not counted"] = _wrap_up(lambda state, d: replace(d, talk_us=0))


@mutant
def who_wraps_up_for_no_time_has_the_time_of_the_queue(patcher: pytest.MonkeyPatch) -> None:
    def wrap_up(state: State, offer: Any) -> BeginWrapUp:
        queue, own = state.queues.get(offer.queue), state.settings.get(offer.agent)
        wanted = (own.wrap_up_us if own else None) or (queue.config.wrap_up_us if queue else 0)
        talk = state.t - offer.changed
        return BeginWrapUp(agent=offer.agent, queue=offer.queue, until=state.t + wanted, talk_us=talk)

    patcher.setattr(acd.rules, "wrap_up", wrap_up)


@mutant
def everybody_rings_as_long_as_the_queue_says(patcher: pytest.MonkeyPatch) -> None:
    patcher.setattr(acd.matching, "_ring_us", lambda state, queue, agent: queue.config.ring_us)


def _ready_does(change: Any) -> Any:
    return afterwards(facts.AgentReady, lambda state, fact: change(state, state.agents.get(fact.agent)))


def _miss(state: State, agent: Agent | None) -> None:
    if agent is not None:
        agent.misses = 1


MUTANTS["ready does not forgive misses"] = _ready_does(_miss)


@mutant
def ready_leaves_the_wrap_up(patcher: pytest.MonkeyPatch) -> None:
    real = acd.absorb._HANDLERS[facts.AgentReady]

    def ready(state: State, fact: Any) -> None:
        agent = state.agents.get(fact.agent)
        until = agent.wrap_until if agent else None
        real(state, fact)
        if agent is not None and until is not None:
            agent.wrap_until = until
            state.settle_agent(agent)

    patcher.setitem(acd.absorb._HANDLERS, facts.AgentReady, ready)


@mutant
def a_pause_that_was_said_is_taken_over_by_the_rule(patcher: pytest.MonkeyPatch) -> None:
    def pause(state: State, paused: PauseAgent) -> None:
        agent = state.agent(paused.agent)
        agent.paused, agent.pause_until, agent.misses = paused.reason, paused.until, 0
        state.settle_agent(agent)
        state.count_agent(agent)

    patcher.setitem(acd.carry._HANDLERS, PauseAgent, pause)


MUTANTS["every pause by rule is for ever"] = decided(
    lambda state, d: replace(d, until=None) if isinstance(d, PauseAgent) else d
)


def _after(change: Any) -> Any:
    """Changes what follows a failed offer."""

    def patch(patcher: pytest.MonkeyPatch) -> None:
        real = acd.carry._after

        def after(state: State, agent: Agent, offer: Any, result: OfferResult) -> None:
            real(state, agent, offer, result)
            change(state, agent, offer, result)

        patcher.setattr(acd.carry, "_after", after)

    return patch


def _no_rest(state: State, agent: Agent, offer: Any, result: OfferResult) -> None:
    agent.rest_until = None


def _no_tries(state: State, agent: Agent, offer: Any, result: OfferResult) -> None:
    for visit in state.visits.values():
        visit.tried.clear()
        state.settle_visit(visit)


def _every_miss(state: State, agent: Agent, offer: Any, result: OfferResult) -> None:
    agent.misses += result is OfferResult.BUSY


def _two_misses(state: State, agent: Agent, offer: Any, result: OfferResult) -> None:
    agent.misses += result is OfferResult.NO_ANSWER


MUTANTS["nobody rests after a failed offer"] = _after(_no_rest)
MUTANTS["a refused caller is offered again at once"] = _after(_no_tries)
MUTANTS["a busy phone is a miss"] = _after(_every_miss)
MUTANTS["a single miss is two"] = _after(_two_misses)


@mutant
def misses_need_not_be_in_a_row(patcher: pytest.MonkeyPatch) -> None:
    real = acd.carry._HANDLERS[CloseOffer]

    def close(state: State, closed: CloseOffer) -> None:
        misses = state.agent(closed.agent).misses
        real(state, closed)
        if closed.result is OfferResult.ANSWERED:
            state.agent(closed.agent).misses = misses

    patcher.setitem(acd.carry._HANDLERS, CloseOffer, close)


@mutant
def an_answered_call_counts_twice(patcher: pytest.MonkeyPatch) -> None:
    real = acd.carry._HANDLERS[BeginWrapUp]

    def begin(state: State, begun: BeginWrapUp) -> None:
        state.agent(begun.agent).calls += 1
        real(state, begun)

    patcher.setitem(acd.carry._HANDLERS, BeginWrapUp, begin)


@mutant
def every_result_is_a_call(patcher: pytest.MonkeyPatch) -> None:
    real = acd.carry._HANDLERS[CloseOffer]

    def close(state: State, closed: CloseOffer) -> None:
        real(state, closed)
        state.agent(closed.agent).calls += closed.result is OfferResult.LOST

    patcher.setitem(acd.carry._HANDLERS, CloseOffer, close)


@mutant
def a_returned_phone_is_not_noticed(patcher: pytest.MonkeyPatch) -> None:
    real = State.set_device

    def set_device(self: State, agent: Agent, device: DeviceState) -> None:
        if agent.device is not DeviceState.UNREACHABLE or not self.linked:
            real(self, agent, device)

    patcher.setattr(State, "set_device", set_device)


@mutant
def a_returned_phone_rests_on(patcher: pytest.MonkeyPatch) -> None:
    real = State.set_device

    def set_device(self: State, agent: Agent, device: DeviceState) -> None:
        rest, misses = agent.rest_until, agent.misses
        real(self, agent, device)
        agent.rest_until, agent.misses = rest, misses
        self.settle_agent(agent)

    patcher.setattr(State, "set_device", set_device)
