"""Mutants of what becomes of callers: places, credit, exits, steps."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

import acd.absorb
import acd.carry
import acd.rules
import acd.state
from acd import facts, reasons
from acd.circles import Queue
from acd.config import Condition
from acd.decisions import EndVisit, SendBackAgain
from acd.living import Visit
from acd.model import VisitOutcome
from acd.state import State
from tests.property.mutants import MUTANTS, deaf_to, decided, mutant, without

MUTANTS["visits without outcome"] = without(EndVisit)
MUTANTS["stranded callers are left"] = without(SendBackAgain)
MUTANTS["deaf to leaving callers"] = deaf_to(facts.CallerGone)
MUTANTS["deaf to parked callers"] = deaf_to(facts.CallerParked)
MUTANTS["deaf to returning callers"] = deaf_to(facts.CallerReturned)
MUTANTS["deaf to swapped callers"] = deaf_to(facts.CallerSwapped)
MUTANTS["deaf to doors"] = deaf_to(facts.QueueDoors)

# -- places


def _place(change: Any) -> Any:
    def patch(patcher: pytest.MonkeyPatch) -> None:
        real = State.place

        def place(self: State, visit: Visit) -> None:
            real(self, visit)
            visit.place = change(self, visit)

        patcher.setattr(State, "place", place)

    return patch


def _weight(state: State, visit: Visit) -> int:
    queue = state.queues.get(visit.queue)
    return queue.config.weight if queue else 0


MUTANTS["the newest caller first"] = _place(lambda state, v: (-v.since, -v.seq))
MUTANTS["priority is ignored"] = _place(
    lambda state, v: (v.since - _weight(state, v) * state.config.priority_us, v.seq)
)
MUTANTS["the queue's weight is ignored"] = _place(
    lambda state, v: (v.since - v.priority * state.config.priority_us, v.seq)
)
MUTANTS["priority before everything"] = _place(lambda state, v: (-(10**12) * v.priority + v.since, v.seq))
MUTANTS["the time waited elsewhere does not count"] = _place(
    lambda state, v: (v.joined - (v.priority + _weight(state, v)) * state.config.priority_us, v.seq)
)


@mutant
def a_caller_who_was_offered_goes_to_the_end(patcher: pytest.MonkeyPatch) -> None:
    real = acd.carry._release_visit

    def release(state: State, offer: Any) -> None:
        if visit := state.visits.get(offer.visit):
            visit.since = state.t
            state._move(visit, None, kept=False)
            state.place(visit)
        real(state, offer)

    patcher.setattr(acd.carry, "_release_visit", release)


def _since(change: Any) -> Any:
    def patch(patcher: pytest.MonkeyPatch) -> None:
        real = acd.absorb._since
        patcher.setattr(acd.absorb, "_since", lambda state, fact: real(state, change(state, fact)))

    return patch


MUTANTS["everybody keeps the time waited elsewhere"] = _since(lambda state, fact: replace(fact, keeps=True))
MUTANTS["nobody keeps the time waited elsewhere"] = _since(lambda state, fact: replace(fact, keeps=False))
MUTANTS["nobody regains a place"] = _since(lambda state, fact: replace(fact, caller=""))


@mutant
def a_place_is_regained_for_ever(patcher: pytest.MonkeyPatch) -> None:
    real = acd.absorb._since

    def since(state: State, fact: Any) -> int:
        for key, credit in list(state.credits.items()):
            if credit.until is not None:
                state.credits[key] = replace(credit, until=1 << 60)
        return real(state, fact)

    patcher.setattr(acd.absorb, "_since", since)


@mutant
def a_place_is_regained_twice(patcher: pytest.MonkeyPatch) -> None:
    real = acd.absorb._since

    def since(state: State, fact: Any) -> int:
        kept = {key: credit for key, credit in state.credits.items() if credit.until is not None}
        found = real(state, fact)
        state.credits.update(kept)
        return found

    patcher.setattr(acd.absorb, "_since", since)


@mutant
def who_has_talked_keeps_the_time_from_before(patcher: pytest.MonkeyPatch) -> None:
    real = acd.carry._credit

    def credit(state: State, visit: Visit, ended: EndVisit) -> None:
        answered = ended.outcome is VisitOutcome.ANSWERED
        real(state, visit, replace(ended, outcome=VisitOutcome.LEFT) if answered else ended)

    patcher.setattr(acd.carry, "_credit", credit)


MUTANTS["the wait counts from the credit"] = decided(
    lambda state, d: (
        replace(d, wait_us=state.t - state.visits[d.visit].since)
        if isinstance(d, EndVisit) and d.visit in state.visits
        else d
    )
)

# -- exits


def _why(was: str, now: str) -> Any:
    return decided(lambda state, d: replace(d, why=now) if isinstance(d, EndVisit) and d.why == was else d)


MUTANTS["full is told as nobody there"] = _why("full", "nobody there")
MUTANTS["an emergency is told as closed"] = _why("emergency", "closed")
MUTANTS["nobody logged in is told as nobody there"] = _why("nobody logged in", "nobody there")
MUTANTS["the last one left is told as nobody there"] = _why("the last one left", "nobody there")


def _way_in(change: Any) -> Any:
    def patch(patcher: pytest.MonkeyPatch) -> None:
        real = acd.rules._no_way_in
        patcher.setattr(acd.rules, "_no_way_in", lambda queue: change(queue, real(queue)))

    return patch


MUTANTS["one more than the queue takes"] = _way_in(
    lambda queue, why: "" if why == "full" and len(queue.living) == queue.config.most_callers + 1 else why
)
MUTANTS["one less than the queue takes"] = _way_in(
    lambda queue, why: (
        why or ("full" if queue.config.most_callers and len(queue.living) == queue.config.most_callers else "")
    )
)
MUTANTS["everybody is let in"] = _way_in(lambda queue, why: "")


@mutant
def waits_for_ever(patcher: pytest.MonkeyPatch) -> None:
    patcher.setattr(acd.state.State, "_sent_away", lambda self, visit, queue: 1 << 60)


@mutant
def the_longest_wait_counts_from_the_credit(patcher: pytest.MonkeyPatch) -> None:
    real = State._sent_away

    def sent_away(self: State, visit: Visit, queue: Queue | None) -> int:
        return real(self, visit, queue) - (visit.joined - visit.since)

    patcher.setattr(State, "_sent_away", sent_away)
    patcher.setattr(acd.rules, "visit_is_due", _due_from_credit(acd.rules.visit_is_due))


def _due_from_credit(real: Any) -> Any:
    def due(state: State, visit: Visit) -> Iterator[Any]:
        joined, visit.joined = visit.joined, visit.since
        decisions = list(real(state, visit))
        visit.joined = joined
        yield from (replace(d, wait_us=state.t - joined) if isinstance(d, EndVisit) else d for d in decisions)

    return due


@mutant
def another_phone_for_who_has_to_leave(patcher: pytest.MonkeyPatch) -> None:
    real = State._offerable

    def offerable(self: State, visit: Visit, queue: Queue, kept: bool) -> bool:
        with pytest.MonkeyPatch.context() as patience:
            patience.setattr(State, "_sent_away", lambda *_: 1 << 60)
            return real(self, visit, queue, kept)

    patcher.setattr(State, "_offerable", offerable)


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
    patcher.setattr(acd.rules, "_no_way_in", lambda queue: reasons.NOBODY_THERE if not queue.idle else "")


@mutant
def who_is_offered_is_put_out_when_the_doors_close(patcher: pytest.MonkeyPatch) -> None:
    real = acd.rules.what_is_due

    def due(state: State) -> Iterator[Any]:
        for visit in list(state.visits.values()):
            queue = state.queues.get(visit.queue)
            if state.linked and queue is not None and queue.doors.value != "open" and visit.only is None:
                yield from acd.rules.end(state, visit, VisitOutcome.OVERFLOWED, why=queue.doors.value)
        yield from real(state)

    patcher.setattr(acd.rules, "what_is_due", due)


# -- steps


@mutant
def circles_never_widen(patcher: pytest.MonkeyPatch) -> None:
    patcher.setattr(acd.rules, "_open_step", lambda state, queue: 0)


def _holds(change: Any) -> Any:
    def patch(patcher: pytest.MonkeyPatch) -> None:
        real = Queue.holds
        patcher.setattr(Queue, "holds", lambda self, condition, t: change(self, condition, t, real))

    return patch


def _other_way(queue: Queue, condition: Condition, t: int, real: Any) -> bool:
    return bool(real(queue, replace(condition, most=not condition.most), t))


def _ignored(what: str) -> Any:
    return _holds(lambda queue, condition, t, real: condition.what == what or real(queue, condition, t))


MUTANTS["at most is at least"] = _holds(_other_way)
for _what in ("waiting", "longest wait", "idle", "service level"):
    MUTANTS[f"the condition {_what} is ignored"] = _ignored(_what)


@mutant
def parked_callers_are_counted(patcher: pytest.MonkeyPatch) -> None:
    patcher.setattr(Queue, "waiting", property(lambda queue: len(queue.living)))


@mutant
def abandoned_callers_do_not_count_for_the_service_level(patcher: pytest.MonkeyPatch) -> None:
    level = property(lambda q: 100 * q.in_time // q.answered if q.answered else 100)
    patcher.setattr(Queue, "service_level", level)


@mutant
def a_step_counts_from_joining(patcher: pytest.MonkeyPatch) -> None:
    real = State._next_step

    def next_step(self: State, visit: Visit, queue: Queue) -> None:
        since, visit.since = visit.since, visit.joined
        real(self, visit, queue)
        visit.since = since

    patcher.setattr(State, "_next_step", next_step)


@mutant
def a_step_is_taken_back(patcher: pytest.MonkeyPatch) -> None:
    real = State.index

    def index(self: State) -> None:
        for visit in self.visits.values():
            visit.step = 0
        real(self)

    patcher.setattr(State, "index", index)


@mutant
def no_deadline_for_a_step(patcher: pytest.MonkeyPatch) -> None:
    real = State._visit_due

    def due(self: State, visit: Visit) -> int | None:
        counted, visit.counted = visit.counted, False
        found = real(self, visit)
        visit.counted = counted
        return found

    patcher.setattr(State, "_visit_due", due)
