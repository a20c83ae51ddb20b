"""Mutants of who gets whom: the strategies, the order of the offers, the reasons."""

from collections.abc import Container, Iterator
from dataclasses import replace
from typing import Any

import pytest

import acd.config
import acd.matching
import acd.pools
import acd.reasons
import acd.rules
import acd.state
from acd.circles import Queue
from acd.decisions import MakeOffer
from acd.living import Visit
from acd.model import AgentId
from acd.pools import Pool
from acd.state import State
from tests.property.mutants import MUTANTS, Patch, decided, mutant


def _key(name: str, change: Any) -> Patch:
    """The agents of one strategy stand in another order."""

    def patch(patcher: pytest.MonkeyPatch) -> None:
        real = acd.pools.key_of

        def key_of(seat: Any, agent: Any) -> Any:
            return change(seat, agent) if seat.queue.config.strategy == name else real(seat, agent)

        patcher.setattr(acd.state, "key_of", key_of)

    return patch


def _ready(seat: Any, agent: Any) -> Any:
    return (agent.ready or 0,)


for _name in ("fewest calls", "least talk time", "linear", "round robin", "best skill", "weighted"):
    MUTANTS[f"{_name} is longest idle"] = _key(_name, _ready)
MUTANTS["the last idle agent first"] = _key("longest idle", lambda seat, agent: (-(agent.ready or 0),))
MUTANTS["the worst skill"] = _key("best skill", lambda seat, agent: (seat.level, agent.ready or 0))
MUTANTS["the most calls"] = _key("fewest calls", lambda seat, agent: (-agent.calls, agent.ready or 0))
MUTANTS["weights are ignored"] = _key("weighted", lambda seat, agent: (agent.calls, agent.ready or 0))
MUTANTS["ties go to the first of the configuration"] = _key(
    "fewest calls", lambda seat, agent: (agent.calls, seat.position)
)
MUTANTS["ties of skill go to the first of the configuration"] = _key(
    "best skill", lambda seat, agent: (-seat.level, seat.position)
)


def _start(strategy: str, change: Any) -> Patch:
    def patch(patcher: pytest.MonkeyPatch) -> None:
        real = Pool._start

        def start(self: Pool, queue: Queue) -> int:
            found = real(self, queue)
            return change(found, len(self.items)) if queue.config.strategy == strategy else found

        patcher.setattr(Pool, "_start", start)

    return patch


MUTANTS["chance begins one further"] = _start("random", lambda start, count: (start + 1) % count)
MUTANTS["no chance at all"] = _start("random", lambda start, count: 0)
MUTANTS["round robin begins at the first"] = _start("round robin", lambda start, count: 0)
MUTANTS["round robin leaves one out"] = _start("round robin", lambda start, count: (start + 1) % count)


@mutant
def who_refused_may_be_asked_again(patcher: pytest.MonkeyPatch) -> None:
    real = Pool.pick

    def pick(self: Pool, queue: Queue, tried: Container[AgentId]) -> AgentId | None:
        return real(self, queue, tried) or self.items[0][1]

    patcher.setattr(Pool, "pick", pick)


@mutant
def the_outer_ring_first(patcher: pytest.MonkeyPatch) -> None:
    def pick(queue: Queue, visit: Visit) -> AgentId | None:
        for pool in reversed(queue.pools[: visit.step + 1]):
            if pool.items and (agent := pool.pick(queue, visit.tried)) is not None:
                return agent
        return None

    patcher.setattr(acd.matching, "_pick", pick)


@mutant
def every_ring_from_the_start(patcher: pytest.MonkeyPatch) -> None:
    def pick(queue: Queue, visit: Visit) -> AgentId | None:
        for pool in queue.pools:
            if pool.items and (agent := pool.pick(queue, visit.tried)) is not None:
                return agent
        return None

    def pair(queue: Queue) -> Any:
        for _, visit in sorted(item for lane in queue.lanes for item in lane.items):
            if (agent := pick(queue, visit)) is not None:
                return visit, agent
        return None

    patcher.setattr(acd.matching, "_pick", pick)
    patcher.setattr(acd.matching, "first_pair", pair)


@mutant
def only_the_inner_ring_for_ever(patcher: pytest.MonkeyPatch) -> None:
    def pick(queue: Queue, visit: Visit) -> AgentId | None:
        return queue.pools[0].pick(queue, visit.tried) if queue.pools[0].items else None

    patcher.setattr(acd.matching, "_pick", pick)


def _rings(change: Any) -> Patch:
    def patch(patcher: pytest.MonkeyPatch) -> None:
        real = State._offerable

        def offerable(self: State, visit: Visit, queue: Queue, kept: bool) -> bool:
            return bool(change(self, visit, queue, real(self, visit, queue, kept)))

        patcher.setattr(State, "_offerable", offerable)

    return patch


MUTANTS["ring all rings one"] = _rings(
    lambda state, visit, queue, found: found and not (visit.offers and queue.config.strategy == "ring all")
)
MUTANTS["ring progressively rings one"] = _rings(
    lambda state, visit, queue, found: found and not (visit.offers and queue.config.strategy == "ring progressively")
)
MUTANTS["everybody rings all"] = _rings(
    lambda state, visit, queue, found: (
        found or (bool(visit.offers) and not (visit.parked or visit.gone or visit.doubt is not None))
    )
)


@mutant
def all_at_once_instead_of_one_after_the_other(patcher: pytest.MonkeyPatch) -> None:
    real = State.settle_visit

    def settle(self: State, visit: Visit) -> None:
        visit.ring_next = 0
        real(self, visit)

    patcher.setattr(State, "settle_visit", settle)


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
def queues_in_the_order_of_the_configuration(patcher: pytest.MonkeyPatch) -> None:
    """Not the earliest caller first: all of a queue, then the next."""

    def match(state: State) -> Iterator[MakeOffer]:
        for queue in state.queues.values() if state.linked else ():
            while (pair := acd.matching.first_pair(queue)) is not None:
                yield acd.matching.offer(state, *pair, last=False)
        for agent in list(state.kept) if state.linked else ():
            while (pair := acd.matching.kept_pair(state, agent)) is not None:
                yield acd.matching.offer(state, *pair, last=True)

    patcher.setattr(acd.rules, "match", match)


@mutant
def the_order_of_a_hash(patcher: pytest.MonkeyPatch) -> None:
    """Stands for everything that depends on more than the facts."""
    counter = iter(range(10**9))

    def start(self: Pool, queue: Queue) -> int:
        return next(counter) % len(self.items)

    patcher.setattr(Pool, "_start", start)
    patcher.setattr(acd.pools, "CYCLIC", frozenset(acd.config.STRATEGIES))


# -- reasons


@mutant
def no_reasons(patcher: pytest.MonkeyPatch) -> None:
    patcher.setattr(acd.matching.reasons, "others", lambda *_: ((), 0))


@mutant
def no_word_about_the_overtaken(patcher: pytest.MonkeyPatch) -> None:
    patcher.setattr(acd.matching.reasons, "overtaken", lambda *_: ())


@mutant
def one_reason_for_everybody(patcher: pytest.MonkeyPatch) -> None:
    patcher.setattr(acd.reasons, "_other", lambda state, queue, visit, name: state.why_not[name])


@mutant
def one_reason_for_every_overtaken(patcher: pytest.MonkeyPatch) -> None:
    patcher.setattr(acd.reasons, "_why_not", lambda *_: acd.reasons.TRIED)


MUTANTS["an offer does not tell its step"] = decided(
    lambda state, d: replace(d, step=0) if isinstance(d, MakeOffer) else d
)
