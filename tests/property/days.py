"""Days of a small company, made from numbers: callers, phones and agents that do as they are scripted, and the engine.

It shares nothing with `acd.what_if` but the engine, so that what is claimed there can be lived here.
"""

import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from acd.config import EngineConfig
from acd.decisions import CancelOffer, Decision, EndVisit, MakeOffer
from acd.engine import Engine
from acd.facts import (
    AgentLoggedIn,
    AgentLoggedOut,
    AgentReady,
    CallerGone,
    CallerJoined,
    CallerSeen,
    DeviceChanged,
    DeviceSeen,
    EngineStarted,
    Fact,
    LegSeen,
    OfferAnswered,
    OfferBridged,
    OfferFailed,
    Reconfigured,
    Resynchronised,
    TalkEnded,
    Tick,
)
from acd.living import Phase
from acd.model import AgentId, CallId, DeviceState, LegState, OfferId, OfferResult, QueueId, VisitId, VisitOutcome
from acd.views import AgentView

START = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
BACK_AFTER = 250_000
"""Microseconds that a crashed server is away."""

LEGS = {
    Phase.RESERVED: LegState.RINGING,
    Phase.RINGING: LegState.RINGING,
    Phase.ANSWERED: LegState.ANSWERED,
    Phase.TALKING: LegState.BRIDGED,
}

STOPPED_AFTER = 5_000
"""Microseconds from the decision to stop a phone to the end of its leg."""

Entry = tuple[Fact, tuple[Decision, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Joins at `t`; leaves after `patience` unless answered; talks for the day's time. Microseconds."""

    call: str
    t: int
    queue: str
    priority: int = 0
    patience: int | None = None

    @property
    def visit(self) -> VisitId:
        return VisitId(f"{self.call}/1")


@dataclass(frozen=True, slots=True)
class Habit:
    """From `since` on this agent does it at once, whenever it is so."""

    agent: str
    since: int
    when: Callable[[AgentView], bool]
    deed: type[AgentReady] | type[AgentLoggedIn] | type[AgentLoggedOut]


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A day. A phone is answered after `answer` and the agent's own `slow`; those of `silent` ring out."""

    config: EngineConfig
    callers: tuple[Caller, ...]
    deeds: tuple[tuple[int, Fact], ...] = ()  # agents' own, in order
    silent: frozenset[str] = frozenset()
    answer: int = 5_000_000
    slow: Mapping[str, int] = field(default_factory=dict)
    bridge: int = 1_000_000
    talk: int = 60_000_000
    crashes: tuple[int, ...] = ()  # the server dies, and is back after a quarter of a second
    habit: Habit | None = None
    end: int = 0


@dataclass(slots=True)
class Day:
    """What came out: the journal, and when and by whom each caller was answered."""

    journal: list[Entry] = field(default_factory=list)
    answered: dict[str, tuple[int, str]] = field(default_factory=dict)
    ended: dict[str, tuple[int, VisitOutcome]] = field(default_factory=dict)


class _Running:
    def __init__(self, script: Script) -> None:
        self.script, self.day, self.engine = script, Day(), Engine(script.config)
        self.queue: list[tuple[int, int, Fact]] = []
        self.count = 0
        self.stopped: set[OfferId] = set()

    def later(self, t: int, kind: type[Fact], **fields: Any) -> None:
        self.put(t, kind(at=START + timedelta(microseconds=t), t=t, **fields))

    def put(self, t: int, fact: Fact) -> None:
        self.count += 1
        heapq.heappush(self.queue, (t, self.count, fact))

    def run(self) -> Day:
        script = self.script
        self.later(
            0, EngineStarted, engine_version=2, config_hash="x", prefix="p" * 13, node="n1", config=script.config.text
        )
        free = tuple(DeviceSeen(agent=a.id, state=DeviceState.FREE) for a in script.config.agents)
        self.later(1, Resynchronised, callers=(), legs=(), devices=free)
        for t, fact in script.deeds:
            self.put(t, fact)
        for number, t in enumerate(script.crashes, 1):
            self.later(
                t,
                EngineStarted,
                engine_version=2,
                config_hash="x",
                prefix=f"{number:013x}",
                node="n1",
                config=script.config.text,
            )
            self.later(t + BACK_AFTER, Resynchronised, callers=(), legs=(), devices=())
        for caller in script.callers:
            fields = {"visit": caller.visit, "call": CallId(caller.call), "queue": QueueId(caller.queue)}
            self.later(caller.t, CallerJoined, **fields, priority=caller.priority)
            if caller.patience is not None:
                self.later(caller.t + caller.patience, CallerGone, visit=caller.visit, hung_up=True)
        while True:
            due, first = self.engine.next_deadline(), self.queue[0][0] if self.queue else None
            if due is not None and (first is None or due < first):
                if due > script.end:
                    break
                self.tell(Tick(at=START + timedelta(microseconds=due), t=due))
            elif first is None or first > script.end:
                break
            else:
                self.by_habit(first)
                self.tell(heapq.heappop(self.queue)[2])
        return self.day

    def tell(self, fact: Fact) -> None:
        if isinstance(fact, OfferAnswered | OfferBridged | TalkEnded) and getattr(fact, "offer", "") in self.stopped:
            return
        if isinstance(fact, OfferAnswered | OfferBridged | TalkEnded | OfferFailed) and not self.engine.offer(
            fact.offer
        ):
            return
        if isinstance(fact, CallerGone) and self.engine.ended(fact.visit) is not None:
            return
        if isinstance(fact, Resynchronised) and not fact.devices:
            fact = self.seen(fact)
        elif isinstance(fact, EngineStarted) and fact.t:
            fact = replace(fact, config=self.engine.config.text)
        phone = self.phone_of(fact)
        if phone is not None:
            self.enter(DeviceChanged(at=fact.at, t=fact.t, agent=phone[0], state=phone[1]))
        self.enter(fact)

    def seen(self, fact: Resynchronised) -> Resynchronised:
        """What Asterisk says after a crash."""
        offers, config = self.engine.offers(), self.engine.config
        busy = {view.agent for view in offers}
        callers = [
            CallerSeen(
                visit=view.visit,
                call=view.call,
                queue=view.queue,
                priority=view.priority,
                joined_at=START + timedelta(microseconds=view.joined_us),
                parked=False,
            )
            for queue in config.queues
            for view in self.engine.in_queue(queue.id)
        ]
        legs = [LegSeen(offer=view.offer, state=LEGS[view.phase]) for view in offers if view.phase in LEGS]
        devices = [
            DeviceSeen(agent=a.id, state=DeviceState.BUSY if a.id in busy else DeviceState.FREE) for a in config.agents
        ]
        return replace(fact, callers=tuple(callers), legs=tuple(legs), devices=tuple(devices))

    def phone_of(self, fact: Fact) -> tuple[AgentId, DeviceState] | None:
        """The state of the agent's own phone, told just before."""
        if not isinstance(fact, OfferAnswered | OfferFailed | TalkEnded):
            return None
        view = self.engine.offer(fact.offer)
        assert view is not None
        return view.agent, DeviceState.BUSY if isinstance(fact, OfferAnswered) else DeviceState.FREE

    def enter(self, fact: Fact) -> None:
        decisions = self.engine.apply(fact)
        self.day.journal.append((fact, decisions))
        for decision in decisions:
            self.follow(decision, fact.t)
        self.by_habit(fact.t)

    def follow(self, decision: Decision, t: int) -> None:
        script = self.script
        match decision:
            case MakeOffer(offer=offer, agent=agent, ring_us=ring_us):
                self.later(t + 1_000, DeviceChanged, agent=agent, state=DeviceState.RINGING)
                if agent in script.silent:
                    self.later(t + ring_us, OfferFailed, offer=offer, result=OfferResult.NO_ANSWER)
                else:
                    answered = t + script.answer + script.slow.get(agent, 0)
                    self.later(answered, OfferAnswered, offer=offer)
                    self.later(answered + script.bridge, OfferBridged, offer=offer)
                    self.later(answered + script.bridge + script.talk, TalkEnded, offer=offer)
            case CancelOffer(offer=offer):
                self.stopped.add(offer)
                self.later(t + STOPPED_AFTER, OfferFailed, offer=offer, result=OfferResult.CANCELLED)
            case EndVisit(visit=visit, outcome=outcome, agent=agent):
                self.day.ended[visit] = (t, outcome)
                if outcome is VisitOutcome.ANSWERED:
                    self.day.answered[visit] = (t, str(agent))

    def by_habit(self, t: int) -> None:
        habit = self.script.habit
        if habit is None or t < habit.since:
            return
        for view in self.engine.agents():
            if view.agent == habit.agent and habit.when(view):
                self.enter(habit.deed(at=START + timedelta(microseconds=t), t=t, agent=view.agent))


def play(script: Script) -> Day:
    """Live the day to its end."""
    return _Running(script).run()


def revealed(script: Script, day: Day) -> Script:
    """The same day of callers of whom one knows only what they did: who was answered would have waited on."""
    callers = tuple(
        replace(c, patience=day.ended[c.visit][0] - c.t)
        if day.ended.get(c.visit, (0, None))[1] is VisitOutcome.ABANDONED
        else replace(c, patience=None)
        for c in script.callers
    )
    return replace(script, callers=callers)


def with_deeds(script: Script, deeds: Iterable[tuple[int, Fact]]) -> Script:
    """More deeds, told before what else happens at the same moment."""
    return replace(script, deeds=tuple(sorted((*script.deeds, *deeds), key=lambda deed: deed[0])))


def other_config(config: EngineConfig, t: int, new: str = "") -> tuple[int, Fact]:
    """Other settings from now on; `new`: an agent with a free phone."""
    devices = (DeviceSeen(agent=AgentId(new), state=DeviceState.FREE),) if new else ()
    return t, Reconfigured(at=START + timedelta(microseconds=t), t=t, config=config.text, devices=devices)
