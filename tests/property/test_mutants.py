"""Each rule of the engine is taken out or bent; the day's invariants must notice every time."""

import contextlib
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase
from hypothesis.stateful import run_state_machine_as_test

import acd.absorb
import acd.carry
import acd.engine
import acd.matching
import acd.picture
import acd.rules
import acd.state
from acd import facts
from acd.decisions import BeginWrapUp, CancelOffer, CloseOffer, EndVisit, HangUpOrphan, MakeOffer
from acd.matching import Pair
from acd.model import DeviceState, VisitOutcome
from acd.state import AgentStatus, Queue, State, Visit
from tests.property.test_engine import World, days

Patch = Callable[[pytest.MonkeyPatch], None]
MUTANTS: dict[str, Patch] = {}


def mutant(patch: Patch) -> Patch:
    MUTANTS[patch.__name__] = patch
    return patch


def without(*kinds: type) -> Patch:
    """The engine never decides these."""

    def patch(patcher: pytest.MonkeyPatch) -> None:
        real = acd.rules.decide
        patcher.setattr(acd.engine, "decide", lambda state: (d for d in real(state) if not isinstance(d, kinds)))

    return patch


def deaf_to(kind: type) -> Patch:
    """The engine does not take in these facts."""
    return lambda patcher: patcher.setitem(acd.absorb._HANDLERS, kind, lambda state, fact: None)


def status(change: Callable[[State, Any, AgentStatus], AgentStatus]) -> Patch:
    """Agents seem to do something else."""

    def patch(patcher: pytest.MonkeyPatch) -> None:
        real = State.status_of
        patcher.setattr(State, "status_of", lambda self, agent: change(self, agent, real(self, agent)))

    return patch


def available(*hidden: AgentStatus) -> Patch:
    return status(lambda state, agent, found: AgentStatus.AVAILABLE if found in hidden else found)


MUTANTS["offers during a ring"] = available(AgentStatus.RINGING)
MUTANTS["offers during a talk"] = available(AgentStatus.TALKING)
MUTANTS["offers during wrap-up"] = available(AgentStatus.WRAP_UP)
MUTANTS["offers to busy phones"] = available(AgentStatus.BUSY)
MUTANTS["offers to unreachable phones"] = available(AgentStatus.UNREACHABLE)
MUTANTS["nobody ever rests"] = available(AgentStatus.RESTING)
MUTANTS["one agent is forgotten"] = status(
    lambda state, agent, found: AgentStatus.BUSY if agent.id == "2" and found is AgentStatus.AVAILABLE else found
)
MUTANTS["phones go on ringing"] = without(CancelOffer)
MUTANTS["visits without outcome"] = without(EndVisit)
MUTANTS["offers without result"] = without(CloseOffer)
MUTANTS["no wrap-up at all"] = without(BeginWrapUp)
MUTANTS["deaf to leaving callers"] = deaf_to(facts.CallerGone)
MUTANTS["deaf to parked callers"] = deaf_to(facts.CallerParked)
MUTANTS["deaf to bridges"] = deaf_to(facts.OfferBridged)
MUTANTS["deaf to failures"] = deaf_to(facts.OfferFailed)
MUTANTS["deaf to phones"] = deaf_to(facts.DeviceChanged)
MUTANTS["goes on without a link"] = deaf_to(facts.LinkLost)
MUTANTS["keeps the old prefix"] = deaf_to(facts.EngineStarted)


@mutant
def wrap_up_is_short(patcher: pytest.MonkeyPatch) -> None:
    real = acd.rules.wrap_up
    patcher.setattr(acd.rules, "wrap_up", lambda state, offer: replace(real(state, offer), until=state.t))


@mutant
def the_newest_caller_first(patcher: pytest.MonkeyPatch) -> None:
    patcher.setattr(Visit, "place", property(lambda v: (-v.priority, -v.joined, -v.seq)))


@mutant
def priority_is_ignored(patcher: pytest.MonkeyPatch) -> None:
    patcher.setattr(Visit, "place", property(lambda v: (0, v.joined, v.seq)))


@mutant
def a_returning_caller_goes_to_the_end(patcher: pytest.MonkeyPatch) -> None:
    real = acd.carry._release_visit

    def release(state: State, offer: Any) -> None:
        if visit := state.visits.get(offer.visit):
            visit.joined = state.t
        real(state, offer)

    patcher.setattr(acd.carry, "_release_visit", release)


@mutant
def the_last_idle_agent_first(patcher: pytest.MonkeyPatch) -> None:
    def pick(queue: Queue) -> Pair | None:
        for _, visit in queue.waiting:
            for agent in reversed(queue.ready):
                if agent not in visit.tried:
                    return Pair(visit, agent, [])
        return None

    patcher.setattr(acd.matching, "first_pair", pick)


@mutant
def only_the_first_queue_is_looked_at(patcher: pytest.MonkeyPatch) -> None:
    real = acd.rules.match

    def match(state: State) -> Iterator[MakeOffer]:
        state.news.queues = dict.fromkeys(list(state.news.queues)[:1])
        yield from real(state)

    patcher.setattr(acd.rules, "match", match)


@mutant
def one_new_offer_at_a_time(patcher: pytest.MonkeyPatch) -> None:
    real = acd.rules.match
    patcher.setattr(acd.rules, "match", lambda state: (d for d in [next(iter(real(state)), None)] if d))


@mutant
def a_refused_caller_is_offered_again_at_once(patcher: pytest.MonkeyPatch) -> None:
    real = acd.carry._after

    def after(state: State, agent: Any, *rest: Any) -> None:
        real(state, agent, *rest)
        agent.rest_until = None
        for visit in state.visits.values():
            visit.tried.clear()

    patcher.setattr(acd.carry, "_after", after)


@mutant
def waits_for_ever(patcher: pytest.MonkeyPatch) -> None:
    real = acd.rules.visit_is_due
    patcher.setattr(
        acd.rules, "visit_is_due", lambda s, v: (d for d in real(s, v) if d.outcome is not VisitOutcome.OVERFLOWED)
    )


@mutant
def sends_back_without_a_link(patcher: pytest.MonkeyPatch) -> None:
    real = State._visit_due

    def due(self: State, visit: Visit) -> int | None:
        linked, self.linked = self.linked, True
        found = real(self, visit)
        self.linked = linked
        return found

    patcher.setattr(State, "_visit_due", due)


@mutant
def gives_up_on_reachable_phones(patcher: pytest.MonkeyPatch) -> None:
    real = acd.rules.nobody_at_joining

    def nobody(state: State) -> Iterator[Any]:
        for queue in state.queues.values():
            if not queue.ready:
                queue.nobody_since = queue.nobody_since or state.t
        yield from real(state)

    patcher.setattr(acd.rules, "nobody_at_joining", nobody)


@mutant
def forgets_who_has_left(patcher: pytest.MonkeyPatch) -> None:
    patcher.setattr(acd.state, "MEMORY", 0)


@mutant
def forgets_who_left_before_joining(patcher: pytest.MonkeyPatch) -> None:
    real = acd.absorb._gone

    def gone(state: State, fact: Any) -> None:
        real(state, fact)
        state.early.clear()

    patcher.setitem(acd.absorb._HANDLERS, facts.CallerGone, gone)


@mutant
def answered_when_picked_up(patcher: pytest.MonkeyPatch) -> None:
    patcher.setitem(acd.absorb._HANDLERS, facts.OfferAnswered, acd.absorb._HANDLERS[facts.OfferBridged])


@mutant
def hangs_up_every_leg_it_sees(patcher: pytest.MonkeyPatch) -> None:
    real = acd.picture._adopt

    def adopt(state: State, offer: Any, leg: Any, talk: Any) -> None:
        real(state, offer, leg, talk)
        state.news.orphans[offer.id] = None

    patcher.setattr(acd.picture, "_adopt", adopt)


@mutant
def the_picture_ends_nothing(patcher: pytest.MonkeyPatch) -> None:
    real = acd.engine.absorb

    def absorb(state: State, fact: Any) -> None:
        real(state, fact)
        if isinstance(fact, facts.Resynchronised):
            for visit in state.visits.values():
                visit.gone = ""

    patcher.setattr(acd.engine, "absorb", absorb)


@mutant
def the_picture_overrules_newer_facts(patcher: pytest.MonkeyPatch) -> None:
    real = acd.absorb.absorb_picture
    patcher.setattr(
        acd.absorb, "absorb_picture", lambda state, fact, *more: real(state, replace(fact, began=-1), *more)
    )


@mutant
def the_picture_forgets_phones(patcher: pytest.MonkeyPatch) -> None:
    patcher.setattr(acd.picture, "_devices", lambda state, fact, limit: None)


@mutant
def the_fold_loses_a_decision(patcher: pytest.MonkeyPatch) -> None:
    real = acd.engine.Engine.fold

    def fold(self: Any, fact: Any, decisions: list[Any]) -> None:
        real(self, fact, [d for d in decisions if not isinstance(d, CloseOffer)])

    patcher.setattr(acd.engine.Engine, "fold", fold)


@mutant
def the_fold_decides_anew(patcher: pytest.MonkeyPatch) -> None:
    def fold(self: Any, fact: Any, decisions: list[Any]) -> None:
        self.apply(fact)
        for decision in decisions:
            acd.engine.carry(self._state, decision)

    patcher.setattr(acd.engine.Engine, "fold", fold)


@mutant
def the_checkpoint_forgets_the_rest(patcher: pytest.MonkeyPatch) -> None:
    real = acd.engine.snapshot

    def snapshot(state: State) -> dict[str, Any]:
        return {**real(state), "ready_seq": 0}

    patcher.setattr(acd.engine, "snapshot", snapshot)
    patcher.setattr(World, "crash", _crash_from_a_checkpoint)


def _crash_from_a_checkpoint(world: World, **_: Any) -> None:
    state = world.engine._state
    restored = acd.engine.restore(world.engine.config, world.engine.snapshot())
    assert restored.ready_seq == state.ready_seq


@mutant
def the_order_of_a_hash(patcher: pytest.MonkeyPatch) -> None:
    """Iterates a set: stands for everything that depends on more than the facts."""
    counter = iter(range(10**9))

    def pick(queue: Queue) -> Pair | None:
        for _, visit in queue.waiting:
            agents = [a for a in queue.ready if a not in visit.tried]
            if agents:
                return Pair(visit, agents[next(counter) % len(agents)], [])
        return None

    patcher.setattr(acd.matching, "first_pair", pick)


@mutant
def a_returned_phone_is_not_noticed(patcher: pytest.MonkeyPatch) -> None:
    real = State.set_device

    def set_device(self: State, agent: Any, device: DeviceState) -> None:
        if agent.device is not DeviceState.UNREACHABLE or not self.linked:
            real(self, agent, device)

    patcher.setattr(State, "set_device", set_device)


@mutant
def no_reasons(patcher: pytest.MonkeyPatch) -> None:
    patcher.setattr(acd.matching.reasons, "others", lambda *_: ((), 0))


@mutant
def no_word_about_the_overtaken(patcher: pytest.MonkeyPatch) -> None:
    patcher.setattr(acd.matching.reasons, "overtaken", lambda *_: ())


@mutant
def live_legs_are_orphans(patcher: pytest.MonkeyPatch) -> None:
    real = acd.rules.decide

    def decide(state: State) -> Iterator[Any]:
        yield from real(state)
        for offer in list(state.news.offers)[:1]:
            yield HangUpOrphan(offer=offer)

    patcher.setattr(acd.engine, "decide", decide)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MUTANTS[name](monkeypatch)
    quietly = days(600, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False)
    with contextlib.redirect_stdout(io.StringIO()), pytest.raises(AssertionError):
        run_state_machine_as_test(World, settings=quietly)
