"""What is claimed of a caller's wait is lived again, in another world, under the changed configuration or facts."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.config import SECOND, AgentConfig, EngineConfig, Need, OfferRule, QueueConfig, Step
from acd.decisions import MakeOffer
from acd.facts import AgentLoggedIn, AgentLoggedOut, AgentPaused, AgentReady, Fact
from acd.living import AgentStatus
from acd.model import AgentId, CallId, QueueId, SkillId, VisitId
from acd.views import AgentView
from acd.what_if import Change, Record, Window, lived
from acd.what_if.changes import (
    LOGGED_IN,
    LOGGED_OUT,
    NEWCOMER,
    NO_HEAD_START,
    NO_WRAP_UP,
    NOT_PAUSED,
    ONE_MORE,
    WIDENED,
    possible,
)
from tests.property.days import START, Caller, Day, Habit, Script, other_config, play, revealed, with_deeds

AGENTS = ("101", "102", "103", "104")
QUEUES = ("servicio", "cartera")
BASIC, FINE = SkillId("basic"), SkillId("fine")
WARM = 40 * SECOND
"""Everybody has answered, or not, by then."""


def config(weight: int, strategy: str, widen: int) -> EngineConfig:
    """No two times are alike to the microsecond: which of two things comes first at one moment is chance."""
    return EngineConfig(
        queues=(
            QueueConfig(
                id=QueueId("servicio"),
                needs=((Need(skill=BASIC, least=3),),),
                steps=(Step(after_us=widen * SECOND + 401, needs=((Need(skill=BASIC),),)),),
                strategy=strategy,
                ring_us=15 * SECOND + 101,
                longest_wait_us=240 * SECOND + 503,
                wrap_up_us=20 * SECOND + 211,
            ),
            QueueConfig(
                id=QueueId("cartera"),
                agents=(AgentId("103"), AgentId("104")),
                weight=weight,
                ring_us=15 * SECOND + 103,
                wrap_up_us=30 * SECOND + 307,
            ),
        ),
        agents=tuple(
            AgentConfig(id=AgentId(name), skills={BASIC: level})
            for name, level in zip(AGENTS, (5, 3, 1, 2), strict=True)
        ),
        no_answer=OfferRule(again_us=5 * SECOND + 701, pause_after=2, pause_us=60 * SECOND + 601),
    )


DEEDS = {"ready": AgentReady, "login": AgentLoggedIn, "logout": AgentLoggedOut}


def deed(kind: str, agent: str, t: int) -> tuple[int, Fact]:
    at = START + timedelta(microseconds=t)
    if kind == "pause":
        return t, AgentPaused(at=at, t=t, agent=AgentId(agent), reason="Almuerzo")
    return t, DEEDS[kind](at=at, t=t, agent=AgentId(agent))


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """A morning in which every agent is rung once, then callers and deeds at moments that are all different."""
    weight = draw(st.sampled_from([0, 0, 1]))
    strategy = draw(st.sampled_from(["longest idle", "fewest calls", "linear", "round robin", "ring all"]))
    made = config(weight, strategy, draw(st.sampled_from([15, 40])))
    moments = draw(st.lists(st.integers(WARM // 1000, 400_000), min_size=4, max_size=26, unique=True))
    callers = [Caller(call=f"w{n}", t=SECOND + n, queue=QUEUES[n // 3], patience=None) for n in range(6)]
    deeds = []
    for n, moment in enumerate(moments):
        t = 1000 * moment + 7 * n
        if draw(st.integers(0, 3)) or n < 2:
            callers.append(
                Caller(
                    call=f"c{n}",
                    t=t,
                    queue=draw(st.sampled_from(QUEUES)),
                    priority=draw(st.sampled_from([0, 0, 0, 1])),
                    patience=draw(st.sampled_from([None, 25 * SECOND + 3, 70 * SECOND + 3])),
                )
            )
        else:
            deeds.append(
                deed(
                    draw(st.sampled_from(["pause", "pause", "ready", "login", "logout"])),
                    draw(st.sampled_from(AGENTS)),
                    t,
                )
            )
    return Script(
        config=made,
        callers=tuple(callers),
        deeds=tuple(sorted(deeds, key=lambda one: one[0])),
        silent=frozenset(draw(st.sampled_from([(), (), ("102",), ("103",)]))),
        answer=draw(st.sampled_from([3, 8])) * SECOND + 11,
        slow={name: 700_001 * n for n, name in enumerate(AGENTS)},
        talk=draw(st.sampled_from([20, 90])) * SECOND + 13,
        crashes=draw(st.sampled_from([(), (), (150 * SECOND + 17,), (90 * SECOND + 17, 260 * SECOND + 19)])),
        end=700 * SECOND,
    )


def read(day: Day, call: str) -> tuple[Record, Window]:
    record = Record(CallId(call))
    for fact, decisions in day.journal:
        record.take(fact, decisions)
    return record, record.windows[VisitId(f"{call}/1")]


HABITS: dict[str, tuple[Callable[[AgentView], bool], Any]] = {
    NOT_PAUSED: (lambda view: view.status is AgentStatus.PAUSED, AgentReady),
    NO_WRAP_UP: (lambda view: view.status is AgentStatus.WRAP_UP and not view.reason, AgentReady),
    LOGGED_IN: (lambda view: not view.logged_in, AgentLoggedIn),
    LOGGED_OUT: (lambda view: view.logged_in, AgentLoggedOut),
}


def under(change: Change, script: Script, t: int, caller: Caller) -> Script:
    """The script of the same day with the change from `t` on."""
    if change.kind in HABITS:
        return replace(script, habit=Habit(str(change.agent), t, *HABITS[change.kind]))
    before = script.config
    if change.kind == ONE_MORE:
        return with_deeds(script, [other_config(_newcomer(before, caller.queue), t, str(NEWCOMER))])
    if change.kind == WIDENED:
        first = replace(before.queues[0], steps=tuple(replace(step, after_us=0) for step in before.queues[0].steps))
        return with_deeds(script, [other_config(replace(before, queues=(first, before.queues[1])), t)])
    assert change.kind == NO_HEAD_START
    return none_before(script, t, caller)


def none_before(script: Script, t: int, caller: Caller) -> Script:
    """Nobody has more head start than this caller, who has `own` steps. The day begins so: until `t` that must not
    have made a difference, which the caller of this function sees."""
    weights = {q.id: q.weight for q in script.config.queues}
    own = caller.priority + weights[QueueId(caller.queue)]
    less = replace(script.config, queues=tuple(replace(q, weight=min(q.weight, own)) for q in script.config.queues))
    now = {q.id: q.weight for q in less.queues}
    callers = tuple(
        replace(c, priority=max(0, min(c.priority, own - now[QueueId(c.queue)]))) if c is not caller else c
        for c in script.callers
    )
    return replace(script, config=less, callers=callers)


def _newcomer(before: EngineConfig, queue: str) -> EngineConfig:
    queues = tuple(replace(q, agents=(*q.agents, NEWCOMER)) if q.id == queue else q for q in before.queues)
    return replace(before, queues=queues, agents=(*before.agents, AgentConfig(id=NEWCOMER)))


@settings(max_examples=25, deadline=None)
@given(scripts())
def test_every_claim_is_true_in_another_world(script: Script) -> None:
    claims_are_true(script)


def claims_are_true(script: Script) -> None:
    first = play(script)
    script = revealed(script, first)
    day = play(script)
    assert {v: end for v, end in day.ended.items() if first.ended.get(v) != end} == {}
    for caller in script.callers[6:]:
        record, window = read(day, caller.call)
        again = lived(window, record.trails, None)
        told = day.answered.get(caller.visit)
        assert (again.answered, again.agent) == (told or (None, None)), "without a change something else comes out"
        for change in possible(window, script.config, [AgentId(x) for x in script.silent]):
            check(change, script, window, record, caller)


def check(change: Change, script: Script, window: Window, record: Record, caller: Caller) -> None:
    if change.kind == ONE_MORE:
        script = replace(script, slow={**script.slow, NEWCOMER: usual(record, caller.queue) - script.answer})
    truth = play(under(change, script, window.t, caller))
    if change.kind == NO_HEAD_START and not same_until(window.t, truth, record):
        return
    one = lived(window, record.trails, change)
    really = truth.answered.get(caller.visit)
    if really is not None and really[0] > window.end_t:
        really = None
    claimed = (one.answered, str(one.agent)) if one.answered is not None and one.answered <= window.end_t else None
    assert claimed == really, (change, window.visit)


def usual(record: Record, queue: str) -> int:
    """How long the phones of a queue ring until they are answered: the middle one."""
    rang = [
        trail.answered - trail.made
        for trail in record.trails._all.values()
        if trail.queue == queue and trail.bridged is not None and trail.answered is not None
    ]
    return sorted(rang)[(len(rang) - 1) // 2] if rang else 5 * SECOND


def same_until(t: int, day: Day, record: Record) -> bool:
    """Whether the offers of before `t` are the same ones."""
    offers = [d.offer for fact, made in day.journal if fact.t < t for d in made if isinstance(d, MakeOffer)]
    found = [record.trails.of(offer) for offer in offers]
    return all(
        trail is not None and trail.made == fact.t and trail.agent == d.agent and trail.visit == d.visit
        for trail, (fact, d) in zip(
            found,
            ((fact, d) for fact, made in day.journal if fact.t < t for d in made if isinstance(d, MakeOffer)),
            strict=True,
        )
    )


@pytest.mark.soak
def test_every_claim_is_true_on_many_days() -> None:
    settings(max_examples=1000, deadline=None, database=None)(given(scripts())(claims_are_true))()
