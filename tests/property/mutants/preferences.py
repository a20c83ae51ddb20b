"""Mutants of the agent of last time, of transfers and swaps, and of phones that ring for one caller."""

from collections.abc import Iterator
from typing import Any

import pytest

import acd.absorb
import acd.carry
import acd.living
import acd.rules
import acd.state
from acd import facts, reasons
from acd.decisions import CancelOffer, EndVisit
from acd.living import Visit
from acd.state import State
from tests.property.mutants import MUTANTS, decided, mutant, without


@mutant
def nobody_is_kept_for_an_agent(patcher: pytest.MonkeyPatch) -> None:
    patcher.setattr(acd.absorb, "_kept_until", lambda state, fact: None)


@mutant
def callers_are_kept_for_ever(patcher: pytest.MonkeyPatch) -> None:
    real = acd.absorb._kept_until
    patcher.setattr(acd.absorb, "_kept_until", lambda s, fact: None if real(s, fact) is None else s.t + 1_000_000_000)


@mutant
def callers_are_kept_for_who_is_away(patcher: pytest.MonkeyPatch) -> None:
    patcher.setattr(acd.living.Agent, "hopeful", property(lambda agent: True))


@mutant
def members_or_not_the_agent_of_last_time_is_wanted(patcher: pytest.MonkeyPatch) -> None:
    def kept_until(state: State, fact: Any) -> int | None:
        queue = state.queues.get(fact.queue)
        if queue is None or fact.last_agent not in state.serves or fact.only or queue.config.last_agent == "off":
            return None
        return state.t + queue.config.last_agent_us

    patcher.setattr(acd.absorb, "_kept_until", kept_until)


@mutant
def a_transfer_waits(patcher: pytest.MonkeyPatch) -> None:
    real = acd.rules.transfers
    patcher.setattr(acd.rules, "transfers", lambda state: (d for d in real(state) if not isinstance(d, EndVisit)))


@mutant
def a_failed_transfer_is_tried_again(patcher: pytest.MonkeyPatch) -> None:
    real = acd.rules.failed

    def failed(state: State, offer: Any) -> Iterator[Any]:
        yield from (d for d in real(state, offer) if not isinstance(d, EndVisit))

    patcher.setattr(acd.rules, "failed", failed)


@mutant
def a_transfer_counts_as_one_who_waits(patcher: pytest.MonkeyPatch) -> None:
    real = State._count

    def count(self: State, visit: Visit) -> None:
        real(self, visit)
        if visit.only is not None and (queue := self.queues.get(visit.queue)) is not None:
            visit.counted = True
            queue.arrived(visit)

    patcher.setattr(State, "_count", count)


@mutant
def a_transfer_asks_whether_the_agent_is_available(patcher: pytest.MonkeyPatch) -> None:
    real = acd.rules.transfer
    patcher.setattr(acd.rules, "transfer", lambda s, v, agent: real(s, v, agent) if agent.ready is not None else None)


MUTANTS["phones go on ringing"] = without(CancelOffer)
MUTANTS["a swap lets the phone ring"] = decided(
    lambda state, d: None if isinstance(d, CancelOffer) and d.why == reasons.CALLER_CHANGED else d
)
MUTANTS["the others ring on when one has picked up"] = decided(
    lambda state, d: None if isinstance(d, CancelOffer) and d.why == reasons.ANSWERED_ELSEWHERE else d
)


@mutant
def forgets_who_has_left(patcher: pytest.MonkeyPatch) -> None:
    patcher.setattr(acd.state, "MEMORY", 0)


@mutant
def forgets_who_left_before_joining(patcher: pytest.MonkeyPatch) -> None:
    real = acd.absorb._HANDLERS[facts.CallerGone]

    def gone(state: State, fact: Any) -> None:
        real(state, fact)
        state.early.clear()

    patcher.setitem(acd.absorb._HANDLERS, facts.CallerGone, gone)


@mutant
def one_lost_phone_of_several_ends_the_offering(patcher: pytest.MonkeyPatch) -> None:
    real = acd.carry._after

    def after(state: State, agent: Any, offer: Any, result: Any) -> None:
        real(state, agent, offer, result)
        visit = state.visits.get(offer.visit)
        if visit is not None and result.value == "lost" and visit.doubt is None:
            visit.doubt = state.t + state.config.doubt_us
            state.settle_visit(visit)

    patcher.setattr(acd.carry, "_after", after)
